"""The menus of contacts, one for each page: their stage, and who looks after them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from nicegui import ui

from components.avatar import Avatar
from components.tag import Tag
from components.theme import ICON
from state.contact_fields import STAGES

if TYPE_CHECKING:
    from state.contacts import Contacts
    from state.models import Profile
    from state.sync.rows import Rows

TONES = {"lead": "", "qualified": "info", "proposal": "wait", "won": "live", "lost": "fail"}


class StageBadge(Tag):
    """A stage as a word on its colour."""

    def __init__(self, stage: str = "lead") -> None:
        super().__init__("span", "", "badge contact-stage")
        self._stage: str | None = None
        self.show(stage)

    def show(self, stage: str) -> None:
        """It is this one now."""
        if stage != self._stage:
            self._stage = stage
            tones = {f"badge--{tone}" for tone in TONES.values() if tone}
            mine = f"badge--{TONES[stage]}" if TONES[stage] else ""
            self.classes(add=mine, remove=" ".join(tones - {mine}))
            self.text = STAGES[stage]


class ContactMenu(ui.menu):
    """Opens at whatever is asked about."""

    def __init__(self, desk: Contacts, people: Rows[Profile]) -> None:
        super().__init__()
        self._desk, self._people = desk, people
        self.props('role=menu no-parent-event anchor="bottom left" self="top left" :offset="[0, 6]"')

    def ask_stage(self, beside: ui.element, now: str | None, choose: Callable[[str], object]) -> None:
        """`choose` is called with another stage."""
        self.clear()
        with self:
            for stage in STAGES:
                with ui.menu_item(on_click=partial(choose, stage)).props("role=menuitemradio") as item:
                    item.props["aria-checked"] = str(stage == now).lower()
                    StageBadge(stage)
                    self._check()
        self._open_at(beside)

    def ask_owner(self, beside: ui.element, now: UUID | None, choose: Callable[[UUID | None], object]) -> None:
        """`choose` is called with somebody of the team, or with nobody."""
        self.clear()
        with self:
            for place in self._desk.members.rows:
                profile = self._people.get(place.member_id)
                with ui.menu_item(on_click=partial(choose, place.member_id)).props("role=menuitemradio") as item:
                    item.props["aria-checked"] = str(place.member_id == now).lower()
                    Avatar(profile)
                    ui.label(profile.display_name if profile else "Somebody new").classes("truncate-1")
                    self._check()
            ui.separator()
            with ui.menu_item(on_click=partial(choose, None)).props("role=menuitemradio") as item:
                item.props["aria-checked"] = str(now is None).lower()
                ui.icon(f"{ICON}person_off").props("aria-hidden=true")
                ui.label("Nobody")
                self._check()
        self._open_at(beside)

    def ask(self, beside: ui.element, items: list[tuple[str, str, Callable[[], object]]]) -> None:
        """`items`: icon, title and what each does."""
        self.clear()
        with self:
            for icon, title, act in items:
                with ui.menu_item(on_click=act).props("role=menuitem"):
                    ui.icon(ICON + icon).props("aria-hidden=true")
                    ui.label(title).classes("truncate-1")
        self._open_at(beside)

    def _check(self) -> None:
        ui.icon(f"{ICON}check").classes("person-menu__check").props("aria-hidden=true")

    def _open_at(self, beside: ui.element) -> None:
        self.props["target"] = f"#{beside.html_id}"
        self.open()
