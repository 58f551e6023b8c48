"""The history of credits: every movement, newest first, narrowed down by kind, and to be taken along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from nicegui import ui

from components.credit_words import Words, describe
from components.freshness_note import FreshnessNote
from components.island import Island
from components.live_list import LiveList
from components.region_state import RegionState
from components.sentinel import MoreBelow
from components.tag import Tag
from components.theme import ICON
from state.credit_history import Filter, Kind, Ledger, export
from state.errors import StateError
from state.member import Member
from state.models import CreditTransaction
from state.sync.mutation import Pending

NAMES: dict[Kind, str] = {"everything": "Everything", "spent": "Spent", "returned": "Given back", "added": "Added"}
NOTHING: dict[Kind, str] = {
    "everything": "Nothing has moved in this time.",
    "spent": "Nothing was spent in this time.",
    "returned": "Nothing was given back in this time.",
    "added": "Nothing was added in this time.",
}
SKELETONS = 5


class CreditHistory(Island):
    """The region "History". `filter` is where it begins."""

    def __init__(self, member: Member, filter: Filter, *, failed: Callable[[str], None]) -> None:
        super().__init__("section")
        self.classes("credits__history").props("aria-label=History role=region")
        self._member, self._failed = member, failed
        self._exporting = False
        self._ledger = Ledger(member, filter)
        self.client.on_delete(self._ledger.close)
        with self:
            with ui.element("h2").classes("section-title"):
                Tag("span", "History")
                self._time = Tag("span", "", "meta")
                FreshnessNote(lambda: self._ledger.view.freshness)
                with ui.element("span").classes("end credits__kinds").props('role=group aria-label="Show"'):
                    self._chips = {kind: self._chip(kind, name) for kind, name in NAMES.items()}
                export_ = ui.button("Export", icon=f"{ICON}download", color=None, on_click=self.export)
                export_.props('flat aria-label="Export as CSV"').classes("credits__export")
            with ui.element("div").classes("card card--flush"):
                rows = ui.element("ul").classes("movements divided")
                self._state = RegionState(self._ledger, skeleton=_draw_skeleton, empty=NOTHING["everything"])
            self._list: LiveList[CreditTransaction, MovementRow] = LiveList(
                self._ledger, self._row, rows, changed=self._changed
            )
            MoreBelow(self._list.load_more, failed)
        self._changed()

    def narrow(self, *, days: int | None, zone: str, title: str) -> None:
        """Show the movements of another time, which is called `title`."""
        self._time.text = title
        self._choose(replace(self._ledger.filter, days=days, zone=zone))

    async def export(self) -> None:
        """Hand the browser all that the filter lets through, as a file."""
        if self._exporting:
            return
        self._exporting = True
        try:
            text = await export(self._member, self._ledger.filter)
        except StateError as error:
            self._failed(f"The file could not be made: {error}")
        else:
            ui.download.content(text.encode("utf-8-sig"), "starling-credits.csv", "text/csv")
        finally:
            self._exporting = False

    def _choose(self, filter: Filter) -> None:
        if filter == self._ledger.filter:
            return
        self._list.quiet = True  # what is shown next is not news
        self._ledger.choose(filter)
        self._changed()

    def _chip(self, kind: Kind, name: str) -> ui.button:
        chip = ui.button(name, color=None, on_click=lambda: self._choose(replace(self._ledger.filter, kind=kind)))
        return chip.props("flat")

    def _row(self, row: CreditTransaction, _: Pending | None) -> MovementRow:
        return MovementRow(row, self._ledger.filter.zone)

    def _changed(self) -> None:
        zone = self._ledger.filter.zone
        for row in self._list.items.values():
            row.tell(zone)
        if self._ledger.settled:
            self._list.quiet = False
        for kind, chip in self._chips.items():
            chip.props["aria-pressed"] = str(kind == self._ledger.filter.kind).lower()
        self._state.show(len(self._list.items), empty=NOTHING[self._ledger.filter.kind])


class MovementRow:
    """One movement. Only the time at which it was is said differently elsewhere."""

    def __init__(self, row: CreditTransaction, zone: str) -> None:
        self._row, self._zone = row, zone
        words = self._words()
        with Island("li").classes("movement") as self.element:
            ui.icon(ICON + words.icon).props("aria-hidden=true")
            with ui.element("div").classes("movement__words"):
                Tag("p", words.title, "truncate-1 movement__title").props["title"] = words.title
                self._meta = Tag("p", words.meta, "meta truncate-1")
            with ui.element("div").classes("movement__numbers"):
                Tag("p", words.amount, "num movement__amount" + (" movement__amount--up" if row.amount > 0 else ""))
                Tag("p", f"balance {row.balance_after:,}", "meta num")

    def tell(self, zone: str) -> None:
        """Say the time as it was in this zone."""
        if zone != self._zone:
            self._zone = zone
            self._meta.text = self._words().meta

    def update(self, row: CreditTransaction, pending: Pending | None) -> None:
        """Nothing else of it can be different."""

    def _words(self) -> Words:
        return describe(self._row, self._zone, datetime.now(UTC))


def _draw_skeleton() -> None:
    for _ in range(SKELETONS):
        with ui.element("div").classes("movement"):
            ui.element("div").classes("skeleton movement__blank")
            with ui.element("div").classes("movement__words"):
                ui.element("div").classes("skeleton skeleton--line")
                ui.element("div").classes("skeleton skeleton--short")
