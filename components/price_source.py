"""Where the prices come from, so that nobody takes made-up ones for real."""

from __future__ import annotations

from datetime import datetime

from nicegui import ui

from components.island import Island
from components.tag import Tag
from components.time_zone import local, zone_of
from state.market import Market
from state.models import MarketStatus


class PriceSource(Island):
    """A dot and a few words; the longer story when one points at them."""

    def __init__(self, market: Market) -> None:
        super().__init__("span")
        self.classes("market__source secondary").props("role=status")
        self._market = market
        with self:
            self._dot = ui.element("i").props("aria-hidden=true")
            self._words = Tag("span", "")
        self.client.on_delete(market.changed.subscribe(lambda _: self.show()))
        self.show()

    def show(self) -> None:
        """How it is now, in the words of who looks."""
        if self.is_deleted:
            return
        words, tone, note = source_of(self._market.status, self._market.still_since, zone_of(self.client))
        if words != self._words.text or note != self.props.get("title"):
            self._words.text = words
            self._dot.classes(replace=f"dot {tone}")
            self.props["title"] = note
        self.set_visibility(bool(words))


def source_of(
    status: MarketStatus | None, still_since: datetime | None = None, zone: str = "UTC"
) -> tuple[str, str, str]:
    """Where the prices come from, or that they do not: in words, as a colour, and the longer story."""
    if still_since is not None:
        return f"Prices stand still since {local(still_since, zone)}", "tone-wait", source_of(status, None, zone)[0]
    match status.source if status else "":
        case "live":
            assert status is not None
            return f"Live from {status.provider}", "tone-live", status.note
        case "fallback":
            assert status is not None
            said = f"{status.provider} does not answer: simulated since {local(status.since, zone)}"
            return said, "tone-wait", status.note
        case "simulated":
            return "Simulated prices", "tone-info", "A random walk: no real money moves like this"
        case _:
            return "", "", ""
