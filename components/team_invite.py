"""Inviting somebody to a team by their user name, and who has not answered yet."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from nicegui import ui

from components.avatar import Avatar
from components.field import Field
from components.icon_button import IconButton
from components.island import Island
from components.line import Line
from components.live_list import LiveList
from components.tag import Tag
from components.team_roles import RoleMenu
from state.errors import StateError
from state.teams import ROLES, Role, TeamSpace

if TYPE_CHECKING:
    from state.models import Profile, TeamInvitation
    from state.sync.mutation import Pending
    from state.sync.rows import Rows

SUGGESTIONS = 5


def matching(people: Rows[Profile], words: str, left_out: set[UUID]) -> list[Profile]:
    """Whose user name or name begins with what was typed, or has it in it: the former first."""
    typed = words.strip().lstrip("@").casefold()
    if not typed:
        return []
    found = [
        (not (p.username.startswith(typed) or p.display_name.casefold().startswith(typed)), p.username, p)
        for p in people.rows
        if p.id not in left_out and (typed in p.username or typed in p.display_name.casefold())
    ]
    return [profile for _, _, profile in sorted(found, key=lambda entry: entry[:2])[:SUGGESTIONS]]


class TeamInvite(Island):
    """The region "Invite"; it is there for owners only."""

    def __init__(self, space: TeamSpace, people: Rows[Profile]) -> None:
        super().__init__("section")
        self.props("aria-label=Invite role=region")
        self._space, self._people = space, people
        with self:
            with ui.element("h2").classes("section-title"):
                Tag("span", "Invite")
            with ui.element("div").classes("card team-invite"):
                with ui.element("div").classes("team-invite__form"):
                    self._name = Field("User name", name="invitee", autocomplete="off")
                    self._name.props('placeholder="grace" maxlength=60 spellcheck=false autocapitalize=none')
                    self._name.on_value_change(self._suggest)
                    with self._name, ui.menu().props("no-parent-event no-focus no-refocus fit") as self._menu:
                        self._found = ui.element("div").props('role=listbox aria-label="People"')
                    self._role = RoleMenu("editor", self._choose, of="the invited", roles=ROLES[1:])
                    self._send = ui.button("Invite", color=None).classes("btn--primary")
                    self.line = Line(self._name, self._invite, self._send)
                self._waiting = ui.element("ul").classes("divided team-invite__waiting")
                LiveList(space.invitations, self._row, self._waiting, changed=self._changed)
        self.client.on_delete(space.member.circles.on_change(self._changed))
        self._changed()

    def _row(self, invitation: TeamInvitation, pending: Pending | None) -> InvitationRow:
        return InvitationRow(invitation, self._space, self._people)

    def _changed(self) -> None:
        self._waiting.set_visibility(bool(self._space.invitations.rows))
        self.set_visibility(self._space.may_manage)

    def _choose(self, role: Role) -> None:
        self._role.show(role)

    def _suggest(self) -> None:
        inside = {row.member_id for row in self._space.members.rows}
        invited = {row.invitee_id for row in self._space.invitations.rows}
        typed = str(self._name.value or "")
        found = matching(self._people, typed, inside | invited)
        if [profile.username for profile in found] == [typed.strip().lstrip("@").casefold()]:
            found = []  # it is all there
        self._found.clear()
        with self._found:
            for profile in found:
                with ui.menu_item(on_click=partial(self._take, profile)).props("role=option"):
                    Avatar(profile)
                    ui.label(profile.display_name).classes("truncate-1")
                    Tag("span", f"@{profile.username}", "meta person-menu__hint")
        (self._menu.open if found else self._menu.close)()

    def _take(self, profile: Profile) -> None:
        self._name.value = profile.username
        self._menu.close()
        self._name.run_method("focus")

    async def _invite(self, name: str) -> str | None:
        self._menu.close()
        if not name:
            return "Whom? Write their user name."
        self._send.props("loading")
        try:
            await self._space.invite(name, self._role.role)
        except StateError as error:
            return str(error)
        finally:
            self._send.props(remove="loading")
        return None


class InvitationRow:
    """Somebody who has not answered yet."""

    def __init__(self, invitation: TeamInvitation, space: TeamSpace, people: Rows[Profile]) -> None:
        profile = people.get(invitation.invitee_id)
        name = profile.display_name if profile else "Somebody new"
        with Island("li").classes("team-row") as self.element:
            Avatar(profile)
            with ui.element("div").classes("team-row__who"):
                Tag("div", name, "strong truncate-1")
                self._below = Tag("div", "", "meta truncate-1")
            IconButton("close", f"Withdraw the invitation of {name}", lambda: space.withdraw(invitation))
        self.update(invitation, None)

    def update(self, invitation: TeamInvitation, pending: Pending | None) -> None:
        """As `Item` says."""
        self._below.text = f"invited as {invitation.role}, has not answered yet"
