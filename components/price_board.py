"""Prices on a page: cards with the last hour's line, or a strip of one line each. All of them are one element.

Invariants, cited by the tests
B1  A tick is one message to a browser, whatever the number of cards, and carries only what is shown and moved.
B2  The browser has what was shown last, whether it came with the page or by a tick.
B3  What moves slowly is sent when it is different, not by tick.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeAlias

from nicegui.element import Element

from components.time_zone import local, zone_of
from components.turns import TURNS
from state.market import Market, Price

Layout: TypeAlias = Literal["cards", "strip"]
POINTS = 60  # of a line


class PriceBoard(Element, component="static/vue/price_board.js"):
    """`name` is what screen readers call it. `choose` hears of the symbol of a card that was pressed, `watch` of one
    whose star was (None: there are no stars)."""

    def __init__(
        self,
        market: Market,
        name: str,
        symbols: Iterable[str] = (),
        *,
        layout: Layout = "cards",
        choose: Callable[[str], Any] | None = None,
        watch: Callable[[str], Any] | None = None,
        move: Callable[[str, int], Any] | None = None,
    ) -> None:
        super().__init__()
        self._market = market
        self._symbols = list(symbols)
        self._moved: dict[str, Price] = {}  # what this browser has not been told
        self._props.update(
            {
                "name": name,
                "layout": layout,
                "stars": watch is not None,
                "movable": False,
                "still": "",
                "chosen": "",
                "watched": [],
                "rows": [],
            }
        )
        if choose is not None:
            self.on("choose", lambda event: choose(str(event.args)))
        if watch is not None:
            self.on("watch", lambda event: watch(str(event.args)))
        if move is not None:
            self.on("move", lambda event: move(str(event.args.get("symbol")), int(event.args.get("place", 0))))
        self.client.on_delete(market.subscribe(self._ticked))
        self.client.on_delete(market.changed.subscribe(lambda _: self.draw()))
        self.client.on_delete(lambda: TURNS.leave(self._send))
        self.draw()

    @property
    def rows(self) -> list[dict[str, Any]]:
        """As the browser has them. B2"""
        return self._props["rows"]

    @property
    def symbols(self) -> list[str]:
        """Those that are shown, in order."""
        return self._symbols

    def show(self, symbols: Iterable[str]) -> None:
        """These, in this order."""
        symbols = list(symbols)
        if symbols != self._symbols:
            self._symbols = symbols
            self.draw()

    def point_out(
        self, *, chosen: str | None = None, watched: Sequence[str] | None = None, movable: bool | None = None
    ) -> None:
        """Which card is the chosen one, which have a full star, and whether the order is one's own."""
        for name, value in (("chosen", chosen), ("watched", watched), ("movable", movable)):
            if value is not None and self._props[name] != value:
                self._props[name] = value

    def draw(self) -> None:
        """All of it, if anything but prices is different. B3"""
        since = self._market.still_since
        still = f"Standing still since {local(since, zone_of(self.client))}" if since else ""
        if still != self._props["still"]:
            self._props["still"] = still
        rows = [row for symbol in self._symbols if (row := self._row(symbol)) is not None]
        if _slow(rows) != _slow(self.rows):
            self._moved.clear()
            self._props["rows"] = rows

    def _row(self, symbol: str) -> dict[str, Any] | None:
        price, facts, status = self._market.get_price(symbol), self._market.facts(symbol), self._market.status
        if price is None:
            return None
        return {
            "symbol": symbol,
            "name": facts.name if facts else "",
            "cap": facts.market_cap if facts else None,
            "volume": facts.volume_24h if facts else None,
            "simulated": facts is not None and facts.simulated and status is not None and status.source == "live",
            "line": self._market.line(symbol)[-POINTS:] if self._props["layout"] == "cards" else [],
            "price": price.price,
            "change": price.change_24h,
            "percent": price.change_percentage_24h,
        }

    def _ticked(self, moved: Sequence[Price]) -> None:
        self._moved.update((price.symbol, price) for price in moved)
        TURNS.ask(self._send)

    def _send(self) -> None:
        """B1"""
        moved, self._moved = self._moved, {}
        if self.is_deleted:
            return
        if len(self.rows) < len(self._symbols):
            self.draw()  # one that was not known before
        told: list[tuple[str, float, float, float]] = []
        with self._props.suspend_updates():  # these are for a browser that comes back
            for row in self.rows:
                price = moved.get(row["symbol"])
                if price is not None and (row["price"], row["percent"]) != (price.price, price.change_percentage_24h):
                    row["price"], row["change"] = price.price, price.change_24h
                    row["percent"] = price.change_percentage_24h
                    told.append((price.symbol, price.price, price.change_24h, price.change_percentage_24h))
        if told:
            self.run_method("tick", told)


def _slow(rows: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(row["symbol"], row["name"], row["cap"], row["volume"], row["simulated"], row["line"]) for row in rows]
