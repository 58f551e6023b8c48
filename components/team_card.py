"""What a team is called, and how one gets out of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from nicegui import ui

from components.avatar import Avatar
from components.confirm import confirm
from components.field import Field
from components.island import Island
from components.tag import Tag
from state.errors import StateError
from state.teams import MAX_NAME, TeamSpace

if TYPE_CHECKING:
    from components.toasts import Toasts
    from state.models import Profile, TeamMember
    from state.sync.rows import Rows

OWN = "It is your own team, from the start. Whoever you invite works with you on what is in it."
HINTS = {
    "owner": "You are an owner: you invite, give roles and remove.",
    "editor": "You are an editor: you add and change everything that is in it.",
    "viewer": "You are a viewer: you see everything that is in it.",
}


class TeamCard(Island):
    """The region "This team". `gone` is called after one has left or deleted it."""

    def __init__(self, space: TeamSpace, people: Rows[Profile], toasts: Toasts, gone: Callable[[], None]) -> None:
        super().__init__("section")
        self.props('aria-label="This team" role=region')
        self._space, self._people, self._toasts, self._gone = space, people, toasts, gone
        with self:
            with ui.element("h2").classes("section-title"):
                Tag("span", "This team")
            with ui.element("div").classes("card team-card"):
                self._what = Tag("p", "", "secondary")
                with ui.element("div").classes("team-card__name") as self._naming:
                    self._name = Field("Name", name="team-name", autocomplete="off")
                    self._name.props(f"maxlength={MAX_NAME}")
                    self._name.on("keydown.enter", self._rename)
                    ui.button("Rename", color=None, on_click=self._rename)
                with ui.element("div").classes("team-card__ways") as self._ways:
                    self._hand = ui.button("Hand over", color=None, on_click=self._show_heirs).props(
                        "flat aria-haspopup=menu"
                    )
                    with self._hand:
                        self._heirs = ui.menu().props('role=menu no-parent-event :offset="[0, 6]"')
                    self._leave = ui.button("Leave the team", color=None, on_click=self._ask_to_leave).props("flat")
                    self._delete = ui.button("Delete the team", color=None, on_click=self._ask_to_delete).props("flat")
                    self._delete.classes("btn--danger")
        self._shown = ""
        self.client.on_delete(space.named.subscribe(lambda _: self._show()))
        self.client.on_delete(space.members.subscribe(lambda _: self._show()))
        self.client.on_delete(space.member.circles.on_change(self._show))
        self._show()

    def _show(self) -> None:
        team, role = self._space.team, self._space.role
        own = team is not None and team.personal_of == self._space.member.id
        self._what.text = OWN if own else HINTS.get(role or "", "")
        self._naming.set_visibility(self._space.may_manage)
        self._ways.set_visibility(not own)
        self._leave.set_visibility(role is not None and not own)
        mine = self._space.may_manage and not self._space.personal
        self._hand.set_visibility(mine and bool(self._others()))
        self._delete.set_visibility(mine)
        if team is not None and team.name != self._shown:
            self._shown = self._name.value = team.name

    async def _rename(self) -> None:
        name = str(self._name.value or "").strip()
        if not name:
            self._name.say("Give it a name")
        elif self._space.team is not None and name != self._space.team.name:
            await self._try(self._space.rename(name))

    def _others(self) -> list[TeamMember]:
        return [place for place in self._space.members.rows if place.member_id != self._space.member.id]

    def _called(self, place: TeamMember) -> str:
        profile = self._people.get(place.member_id)
        return profile.display_name if profile else "Somebody new"

    def _show_heirs(self) -> None:
        self._heirs.clear()
        with self._heirs:
            for place in sorted(self._others(), key=lambda place: self._called(place).casefold()):
                with ui.menu_item(on_click=partial(self._ask_to_hand_over, place)).props("role=menuitem"):
                    Avatar(self._people.get(place.member_id), card=False)
                    ui.label(self._called(place)).classes("truncate-1")
                    Tag("span", place.role, "meta person-menu__hint")
        self._heirs.open()

    async def _ask_to_hand_over(self, place: TeamMember) -> None:
        name, heir = self._space.team.name if self._space.team else "the team", self._called(place)
        with self.client.content:
            sure = await confirm(
                f"Hand {name} over to {heir}?",
                f"{heir} owns it in your place. You stay in it as an editor: you no longer invite, remove or give roles, "
                "and only an owner can change that.",
                "Hand over",
            )
        if sure:
            await self._try(self._space.transfer(place))

    async def _ask_to_leave(self) -> None:
        others = self._others()
        if self._space.may_manage and self._space.members.phase == "ready" and all(p.role != "owner" for p in others):
            last = "You are its only owner. Hand the team over first, or delete it."
            self._toasts.failed(last if others else "You are alone in it. Delete the team instead.")
            return
        name = self._space.team.name if self._space.team else "the team"
        if await confirm(
            f"Leave {name}?", "You see nothing of it any more, until somebody invites you again.", "Leave"
        ):
            await self._try(self._space.leave(), self._gone)

    async def _ask_to_delete(self) -> None:
        name = self._space.team.name if self._space.team else "the team"
        if await confirm(f"Delete {name}?", "Everything in it goes with it, for everybody and for good.", "Delete"):
            await self._try(self._space.delete(), self._gone)

    async def _try(self, deed: Awaitable[None], then: Callable[[], None] = lambda: None) -> None:
        try:
            await deed
        except StateError as error:
            hint = getattr(error, "hint", "")
            self._toasts.failed(f"{error}. {hint}" if hint else str(error))
        else:
            then()
