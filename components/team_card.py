"""What a team is called, and how one gets out of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from nicegui import ui

from components.confirm import confirm
from components.field import Field
from components.island import Island
from components.tag import Tag
from state.errors import StateError
from state.teams import MAX_NAME, TeamSpace

if TYPE_CHECKING:
    from components.toasts import Toasts

OWN = "It is your own team, from the start. Whoever you invite works with you on what is in it."
HINTS = {
    "owner": "You are an owner: you invite, give roles and remove.",
    "editor": "You are an editor: you add and change everything that is in it.",
    "viewer": "You are a viewer: you see everything that is in it.",
}


class TeamCard(Island):
    """The region "This team". `gone` is called after one has left or deleted it."""

    def __init__(self, space: TeamSpace, toasts: Toasts, gone: Callable[[], None]) -> None:
        super().__init__("section")
        self.props('aria-label="This team" role=region')
        self._space, self._toasts, self._gone = space, toasts, gone
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
                    self._leave = ui.button("Leave the team", color=None, on_click=self._ask_to_leave).props("flat")
                    self._delete = ui.button("Delete the team", color=None, on_click=self._ask_to_delete).props("flat")
                    self._delete.classes("btn--danger")
        self._shown = ""
        self.client.on_delete(space.named.subscribe(lambda _: self._show()))
        self.client.on_delete(space.member.circles.on_change(self._show))
        self._show()

    def _show(self) -> None:
        team, role = self._space.team, self._space.role
        own = team is not None and team.personal_of == self._space.member.id
        self._what.text = OWN if own else HINTS.get(role or "", "")
        self._naming.set_visibility(self._space.may_manage)
        self._ways.set_visibility(not own)
        self._leave.set_visibility(role is not None and not own)
        self._delete.set_visibility(self._space.may_manage and not self._space.personal)
        if team is not None and team.name != self._shown:
            self._shown = self._name.value = team.name

    async def _rename(self) -> None:
        name = str(self._name.value or "").strip()
        if not name:
            self._name.say("Give it a name")
        elif self._space.team is not None and name != self._space.team.name:
            await self._try(self._space.rename(name))

    async def _ask_to_leave(self) -> None:
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
