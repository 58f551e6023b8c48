"""Which team a page of the section Work shows: its name in the header, and behind it the others."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from nicegui import ui

from components.island import Island
from components.tag import Tag
from components.team_region import show_team, team_of_page
from components.theme import ICON
from state.teams import use_teams

if TYPE_CHECKING:
    from state.member import Member
    from state.models import Team

TEAM_PATH = "/team"


class TeamSwitcher(Island):
    """Follows the names of the teams; the page stays with its own."""

    def __init__(self, member: Member) -> None:
        super().__init__("button")
        self.classes("pill team-switcher").props("type=button aria-haspopup=menu")
        self._me = member.id
        self._shown: Team | None = None
        self._teams, leave = use_teams(member)
        self.client.on_delete(leave)
        with self:
            ui.icon(f"{ICON}groups").props("aria-hidden=true")
            self._name = Tag("span", "", "truncate-1")
            ui.icon(f"{ICON}unfold_more").classes("faint").props("aria-hidden=true")
            with ui.menu().props('role=menu anchor="bottom left" self="top left" :offset="[0, 10]"') as self._menu:
                self._items = ui.element("div")
        self._teams.changed.subscribe(self._show)
        self._show()

    def _show(self) -> None:
        all_ = self._teams.all
        if self._shown is None:
            self._shown = team_of_page(self._teams)
        shown = self._shown = next((team for team in all_ if self._shown and team.id == self._shown.id), self._shown)
        self.set_visibility(shown is not None)
        if shown is None:
            return
        self._name.text = shown.name
        self.props["aria-label"] = f"Team: {shown.name}. Switch"
        self._items.clear()
        with self._items:
            ui.label("Teams").classes("menu__title")
            for team in all_:
                with ui.menu_item(on_click=partial(show_team, self._teams, team.id)).props(
                    "role=menuitemradio"
                ) as item:
                    item.props["aria-checked"] = str(team.id == shown.id).lower()
                    ui.icon(f"{ICON}{'person' if team.personal_of == self._me else 'groups'}").props("aria-hidden=true")
                    ui.label(team.name).classes("truncate-1")
                    ui.icon(f"{ICON}check").classes("person-menu__check").props("aria-hidden=true")
            ui.separator()
            invited = len(self._teams.invitations.rows)
            with ui.menu_item(on_click=lambda: ui.navigate.to(TEAM_PATH)).props("role=menuitem"):
                ui.icon(f"{ICON}settings").props("aria-hidden=true")
                ui.label("Members and teams")
                if invited:
                    Tag("span", f"{invited} {'invitation' if invited == 1 else 'invitations'}", "badge badge--brand")
