"""Who is left alone: addresses that unsubscribed, bounced, or were added here. Nothing is sent there, whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nicegui import ui

from components.email_words import REASONS
from components.field import Field
from components.gradual import Gradual
from components.icon_button import IconButton
from components.island import Island
from components.line import Line
from components.live_list import LiveList
from components.region_state import RegionState
from components.tag import Tag
from state.contact_fields import EMAIL
from state.errors import StateError

if TYPE_CHECKING:
    from state.emails import Emails
    from state.models import EmailSuppression
    from state.sync.mutation import Pending


class Suppressed(Island):
    """The region "Left alone"."""

    def __init__(self, desk: Emails) -> None:
        super().__init__("section")
        self.props('aria-label="Left alone" role=region')
        self._desk = desk
        with self:
            with ui.element("h2").classes("section-title"):
                Tag("span", "Left alone")
            with ui.element("div").classes("card card--flush"):
                rows = ui.element("ul").classes("divided suppressed")
                self._state = RegionState(
                    desk.suppressions,
                    skeleton=_skeleton,
                    empty="Whoever unsubscribes or bounces is here, and gets nothing more.",
                )
                with ui.element("div").classes("team-new") as self._form:
                    self._address = Field("Leave alone", name="suppress", autocomplete="off")
                    self._address.props(
                        'placeholder="ada@example.com" maxlength=254 spellcheck=false autocapitalize=none'
                    )
                    self._button = ui.button("Add", color=None)
                    self.line = Line(self._address, self._add, self._button)
            self._list: LiveList[EmailSuppression, SuppressedRow] = LiveList(
                Gradual(desk.suppressions, self.client), self._row, rows, changed=self._changed
            )
        self.client.on_delete(desk.member.circles.on_change(self._changed))
        self._changed()

    def _row(self, row: EmailSuppression, pending: Pending | None) -> SuppressedRow:
        return SuppressedRow(row, self._desk)

    def _changed(self) -> None:
        self._form.set_visibility(self._desk.may_edit)
        self._state.show(len(self._list.items))

    async def _add(self, address: str) -> str | None:
        if not EMAIL.fullmatch(address):
            return "Not an e-mail address"
        self._button.props("loading")
        try:
            await self._desk.suppress(address)
        except StateError as error:
            return str(error)
        finally:
            self._button.props(remove="loading")
        return None


class SuppressedRow:
    """One address. Who unsubscribed stays."""

    def __init__(self, row: EmailSuppression, desk: Emails) -> None:
        with Island("li").classes("suppressed__row") as self.element:
            with ui.element("div").classes("team-row__who"):
                Tag("div", row.address, "truncate-1").props["title"] = row.address
                Tag("div", REASONS.get(row.reason, row.reason), "meta")
            if desk.may_edit and row.reason != "unsubscribed":
                IconButton("close", f"Write to {row.address} again", lambda: desk.allow(row))

    def update(self, row: EmailSuppression, pending: Pending | None) -> None:
        """Nothing of it changes that is shown."""


def _skeleton() -> None:
    with ui.element("div").classes("suppressed__row"):
        ui.element("div").classes("skeleton skeleton--line")
