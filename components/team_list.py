"""The teams one is in, making another one, and the invitations that wait for an answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from nicegui import ui

from components.field import Field
from components.island import Island
from components.line import Line
from components.live_list import LiveList
from components.tag import Tag
from components.team_region import show_team, team_of_page
from components.theme import ICON
from components.toasts import Toast
from state.errors import StateError
from state.teams import MAX_NAME, Teams

if TYPE_CHECKING:
    from components.toasts import Toasts
    from state.models import Profile, Team, TeamInvitation
    from state.sync.mutation import Pending
    from state.sync.rows import Rows


class TeamList(Island):
    """The region "Your teams"."""

    def __init__(self, teams: Teams) -> None:
        super().__init__("section")
        self.props('aria-label="Your teams" role=region')
        self._teams = teams
        self._said: list[tuple[str, ...]] = []
        self._here: Team | None = None  # whichever one turns to in another tab
        with self:
            with ui.element("h2").classes("section-title"):
                Tag("span", "Your teams")
            with ui.element("div").classes("card card--flush"):
                self._rows = ui.element("ul").classes("divided")
                with ui.element("div").classes("team-new"):
                    self._name = Field("New team", name="new-team", autocomplete="off")
                    self._name.props(f'placeholder="What it is called" maxlength={MAX_NAME}')
                    self._make = ui.button("Create", color=None)
                    self.line = Line(self._name, self._create, self._make)
        teams.changed.subscribe(self._show)
        self._show()

    def _show(self) -> None:
        with self:
            self._here = here = self._here or team_of_page(self._teams)
        entries = [
            (team, self._teams.place(team.id), here is not None and team.id == here.id) for team in self._teams.all
        ]
        said = [(str(team.id), team.name, place.role if place else "", str(here)) for team, place, here in entries]
        if said == self._said:
            return
        self._said = said
        self._rows.clear()
        with self._rows:
            for team, place, here in entries:
                with ui.element("li"), ui.element("button").classes("team-choice").props("type=button") as choice:
                    choice.on("click", partial(show_team, self._teams, team.id), args=[])
                    choice.props(f"aria-current={'true' if here else 'false'}")
                    own = team.personal_of == self._teams.member.id
                    ui.icon(f"{ICON}{'person' if own else 'groups'}").props("aria-hidden=true")
                    Tag("span", team.name, "truncate-1")
                    Tag("span", place.role if place else "", "meta team-choice__role")
                    ui.icon(f"{ICON}check").classes("team-choice__check").props("aria-hidden=true")

    async def _create(self, name: str) -> str | None:
        if not name:
            return "Give it a name"
        self._make.props("loading")
        try:
            show_team(self._teams, (await self._teams.create(name)).id)
        except StateError as error:
            return str(error)
        finally:
            self._make.props(remove="loading")
        return None


class Invitations(Island):
    """The region "Invitations"; it is there while any wait."""

    def __init__(self, teams: Teams, people: Rows[Profile], toasts: Toasts) -> None:
        super().__init__("section")
        self.props("aria-label=Invitations role=region")
        self._teams, self._people, self._toasts = teams, people, toasts
        with self:
            rows = ui.element("ul").classes("team-invited")
            LiveList(teams.invitations, self._row, rows, changed=self._changed)
        self._changed()

    def _row(self, invitation: TeamInvitation, pending: Pending | None) -> InvitedRow:
        return InvitedRow(invitation, self._people, self._accept, self._teams.decline)

    def _changed(self) -> None:
        self.set_visibility(bool(self._teams.invitations.rows))

    async def _accept(self, invitation: TeamInvitation) -> None:
        try:
            team = await self._teams.accept(invitation)
        except StateError as error:
            self._toasts.failed(str(error))
        else:
            look = ("Show", partial(show_team, self._teams, team.id))
            self._toasts.show(
                Toast(f"You are in {team.name} now", icon=f"{ICON}groups", tone="live", action=look, urgent=True)
            )


class InvitedRow:
    """One invitation, with its two answers."""

    def __init__(
        self,
        invitation: TeamInvitation,
        people: Rows[Profile],
        accept: Callable[[TeamInvitation], object],
        decline: Callable[[TeamInvitation], object],
    ) -> None:
        self._inviter = people.get(invitation.inviter_id) if invitation.inviter_id else None
        with Island("li").classes("card team-invitation") as self.element:
            ui.icon(f"{ICON}mail").props("aria-hidden=true")
            with ui.element("div").classes("team-row__who"):
                self._title = Tag("div", "", "strong")
                self._below = Tag("div", "", "meta")
            with ui.element("div").classes("team-invitation__answers"):
                ui.button("Decline", color=None, on_click=lambda: decline(invitation)).props("flat")
                ui.button("Join", color=None, on_click=lambda: accept(invitation)).classes("btn--primary")
        self.update(invitation, None)

    def update(self, invitation: TeamInvitation, pending: Pending | None) -> None:
        """As `Item` says."""
        who = self._inviter.display_name if self._inviter else "Somebody"
        self._title.text = f"{who} invites you to {invitation.team_name}"
        self._below.text = f"as {invitation.role}"
