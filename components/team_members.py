"""Who is in a team, who of them is here, and what each may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nicegui import ui

from components.avatar import Avatar
from components.confirm import confirm
from components.counter import Counter
from components.freshness_note import FreshnessNote
from components.icon_button import IconButton
from components.island import Island
from components.live_list import LiveList
from components.navigation import whereabouts
from components.region_state import RegionState
from components.tag import Tag
from components.team_roles import RoleMenu
from state.sync.view import View
from state.teams import Role, TeamSpace, role_of

if TYPE_CHECKING:
    from state.models import Profile, TeamMember
    from state.sync.mutation import Pending
    from state.sync.rows import Rows

SKELETONS = 3


class TeamMembers(Island):
    """The region "Members"."""

    def __init__(self, space: TeamSpace, people: Rows[Profile]) -> None:
        super().__init__("section")
        self.props("aria-label=Members role=region")
        self._space, self._people = space, people
        view = View((space.members, space.member.connection.freshness))
        with self:
            with ui.element("h2").classes("section-title"):
                Tag("span", "Members")
                self._count = Counter()
                FreshnessNote(lambda: view.freshness)
            with ui.element("div").classes("card card--flush"):
                rows = ui.element("ul").classes("divided")
                self._state = RegionState(space.members, skeleton=skeleton, empty="Nobody is in this team.")
            self._list: LiveList[TeamMember, MemberRow] = LiveList(
                space.members, self._row, rows, changed=self._changed
            )
        space.here.presence.changed.subscribe(self._again)
        self.client.on_delete(people.subscribe(lambda _: self._again()))
        self.client.on_delete(space.member.circles.on_change(self._again))
        self.client.on_delete(space.named.subscribe(lambda _: self._again()))
        self._changed()

    def _row(self, place: TeamMember, pending: Pending | None) -> MemberRow:
        return MemberRow(place, pending, space=self._space, people=self._people)

    def _changed(self) -> None:
        if self._space.members.phase == "ready":
            self._count.set(len(self._space.members.rows))
        self._state.show(len(self._space.members.rows))

    def _again(self) -> None:
        for row in self._list.items.values():
            row.show()


class MemberRow:
    """One of them. Owners have a menu for the role, and a button to remove."""

    def __init__(self, place: TeamMember, pending: Pending | None, *, space: TeamSpace, people: Rows[Profile]) -> None:
        self._place, self._space, self._people = place, space, people
        self._me = place.member_id == space.member.id
        with Island("li").classes("team-row") as self.element:
            self._avatar = Avatar()
            with ui.element("div").classes("team-row__who"):
                with ui.element("div").classes("person__name"):
                    self._name = Tag("span", "", "strong truncate-1")
                    if self._me:
                        Tag("span", "you", "badge")
                self._below = Tag("div", "", "meta truncate-1")
            self._role = Tag("span", "", "meta")
            self._menu = RoleMenu(role_of(place), self._choose, of=self.name)
            self._remove = IconButton("person_remove", f"Remove {self.name}", self._ask_to_remove)
        self.show()

    @property
    def name(self) -> str:
        """As everybody may know it."""
        profile = self._people.get(self._place.member_id)
        return profile.display_name if profile else "Somebody new"

    def update(self, place: TeamMember, pending: Pending | None) -> None:
        """As `Item` says."""
        self._place = place
        self.show()

    def show(self) -> None:
        """Name, presence, and what one may do here."""
        profile = self._people.get(self._place.member_id)
        here = self._space.here.presence.people.get(self._place.member_id)
        self._avatar.show(profile, away=here is not None and here.status == "away")
        self._name.text = self.name
        words = [f"@{profile.username}" if profile else "", here.status if here else ""]
        words.append(whereabouts(here.metadata.get("page")) if here and not self._me else "")
        self._below.text = " · ".join(word for word in words if word)
        role = role_of(self._place)
        team = self._space.team
        fixed = team is not None and team.personal_of == self._place.member_id
        managed = self._space.may_manage and not fixed
        self._role.text = role.capitalize()
        self._role.set_visibility(not managed)
        self._menu.show(role)
        self._menu.offer("owner", offered=not self._space.personal)
        self._menu.set_visibility(managed)
        self._remove.set_visibility(managed and not self._me)

    def _choose(self, role: Role) -> None:
        if role != role_of(self._place):
            self._space.set_role(self._place, role)

    async def _ask_to_remove(self) -> None:
        with self.element.client.content:
            sure = await confirm(
                f"Remove {self.name} from the team?",
                "What they have open of it closes at once. What they made stays.",
                "Remove",
            )
        if sure:
            self._space.remove(self._place)


def skeleton() -> None:
    """Rows that are coming."""
    for _ in range(SKELETONS):
        with ui.element("div").classes("team-row"):
            ui.element("div").classes("avatar skeleton")
            with ui.element("div").classes("team-row__who"):
                ui.element("div").classes("skeleton skeleton--line")
