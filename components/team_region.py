"""The part of a page that shows one team, and which team that is.

A page shows the team that its member had turned to when it was opened (or `?team=` names), to its end: who turns to another
in another tab goes on working here. What is drawn follows a space of the team; when it ends, one sentence takes its place.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar
from uuid import UUID

from nicegui import ui

from components.navigation import place_of
from components.tag import Tag
from components.theme import ICON
from state.space import Space
from state.teams import KIND, Teams, use_teams

if TYPE_CHECKING:
    from state.member import Member
    from state.models import Team

S = TypeVar("S", bound=Space)


def team_of_page(teams: Teams) -> Team | None:
    """Which team this page is about; None while it is not known."""
    if not teams.ready:
        return None
    with suppress(ValueError):
        asked = UUID(ui.context.client.request.query_params.get("team", ""))
        if teams.place(asked) is not None or teams.awaits(asked):
            return next((team for team in teams.all if team.id == asked), None)  # one has only just joined it
    return teams.current


def show_team(teams: Teams, team: UUID) -> None:
    """Turns to another team, and opens this page for it."""
    teams.choose(team)
    ui.navigate.to(place_of(ui.context.client.request.url.path))  # what is below a place is of one team alone


class TeamRegion(ui.element, Generic[S]):
    """Draws, once it is known which team it is, by `draw(space)`; until then by `skeleton`.

    `name` and `make` say which space of the team it is, as for `Circles.use`: `TeamRegion(member, "contacts", Contacts, …)`.
    """

    def __init__(
        self,
        member: Member,
        name: str,
        make: Callable[[Member, UUID], S],
        draw: Callable[[S], None],
        skeleton: Callable[[], None],
    ) -> None:
        super().__init__("div")
        self.classes("team-region")
        self.space: S | None = None
        self._member, self._name, self._make, self._draw = member, name, make, draw
        self._team: Team | None = None
        self._teams, leave = use_teams(member)
        self.client.on_delete(leave)
        with self:
            self._content = ui.element("div")
            self._over = ui.element("div").classes("card team-over").props("role=alert")
            self._over.set_visibility(False)
            with self._content:
                self._skeleton = ui.element("div").props("aria-hidden=true")
                with self._skeleton:
                    skeleton()
        self._teams.changed.subscribe(self._look)
        self._look()

    def _look(self) -> None:
        if self.space is not None:
            self._team = next((team for team in self._teams.all if team.id == self.space.id), self._team)
            return
        with self:
            self._team = team_of_page(self._teams)
        if self._team is None:
            return
        id = self._team.id
        space, leave = self._member.circles.use(self._name, KIND, id, lambda: self._make(self._member, id))
        self.space = space
        self.client.on_delete(leave)
        self.client.on_delete(space.ended.subscribe(lambda _: self._end()))
        self._skeleton.delete()
        with self._content:
            self._draw(space)

    def _end(self) -> None:
        """At once: what hangs in dialogs as well. The tables are empty by now."""
        for element in list(self._content.descendants()):
            if isinstance(element, ui.dialog):
                element.close()
        self._content.set_visibility(False)
        with self._over:
            ui.icon(f"{ICON}group_off").props("aria-hidden=true")
            Tag("p", f"You are no longer in {self._team.name if self._team else 'this team'}.", "title")
            Tag("p", "Its owner removed you, or the team is gone. What you had open of it is closed.", "secondary")
            if (other := self._teams.current) is not None:
                ui.button(f"Show {other.name}", color=None, on_click=lambda: show_team(self._teams, other.id)).props(
                    "flat"
                )
        self._over.set_visibility(True)
