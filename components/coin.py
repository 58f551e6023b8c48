"""One symbol in full: its price, its last hour as candles, what it is worth, and what one can do about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nicegui import ui

from components.candle_chart import CandleChart
from components.island import Island
from components.price_words import dollars, percent
from components.tag import Tag
from components.theme import ICON, Mode
from state.market import Market, Price

NARROW = 1100  # pixels, as in market.css
SCROLL = "getHtmlElement(%d).scrollIntoView({behavior: starling.pace})"
UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))


class Coin(Island):
    """The region that is named by its symbol. `watch` and `alert` are what its two buttons do."""

    def __init__(
        self, market: Market, mode: Mode, *, watch: Callable[[str], None], alert: Callable[[str], None], guest: bool
    ) -> None:
        super().__init__("section")
        self.classes("card coin").props("role=region")
        self._market = market
        self.symbol = ""
        with self:
            with ui.element("h2").classes("coin__head"):
                self._symbol = Tag("b", "", "title")
                self._name = Tag("span", "", "secondary")
                self._simulated = Tag("span", "simulated", "badge")
            with Island("p").classes("coin__head num"):
                self._now = Tag("span", "–", "coin__now")
                self._change = Tag("span", "")
                Tag("span", "in 24 hours", "meta")
            self.chart = CandleChart(market, mode)
            with ui.element("dl").classes("coin__facts"):
                self._cap = _fact("Market cap")
                self._volume = _fact("Volume, 24 h")
                self._range = _fact("Last hour")
            with ui.element("div").classes("coin__actions"):
                self._watch = ui.button("Watch", icon=f"{ICON}star", color=None, on_click=lambda: watch(self.symbol))
                self._watch.props("flat")
                bell = "Sign in to set an alert" if guest else "Set an alert"
                ui.button(bell, icon=f"{ICON}add_alert", color=None, on_click=lambda: alert(self.symbol)).props("flat")
        self.client.on_delete(market.subscribe(self._ticked))
        self.client.on_delete(market.changed.subscribe(lambda _: self._draw()))

    def show(self, symbol: str) -> None:
        """This one."""
        self.symbol = symbol
        self.props["aria-label"] = symbol
        self.chart.show(symbol)
        self._draw()

    def come_into_view(self) -> None:
        """Where it stands above the list, it may have been scrolled away."""
        if not self.is_deleted:
            self.client.run_javascript(f"innerWidth > {NARROW} || {SCROLL % self.id}")

    def say_watched(self, watched: bool) -> None:
        """Whether it is on the list."""
        self._watch.text = "Watched" if watched else "Watch"
        self._watch.props["aria-pressed"] = str(watched).lower()

    def _draw(self) -> None:
        if self.is_deleted:
            return
        facts, line = self._market.facts(self.symbol), self._market.line(self.symbol)
        self._symbol.text = self.symbol
        self._name.text = facts.name if facts else ""
        live = self._market.status is not None and self._market.status.source == "live"
        self._simulated.set_visibility(live and facts is not None and facts.simulated)
        self._cap.text = compact(facts.market_cap) if facts else "–"
        self._volume.text = compact(facts.volume_24h) if facts else "–"
        self._range.text = f"{dollars(min(line))} – {dollars(max(line))}" if line else "–"
        if price := self._market.get_price(self.symbol):
            self._say(price)

    def _ticked(self, moved: Sequence[Price]) -> None:
        for price in moved:
            if price.symbol == self.symbol and not self.is_deleted:
                self._say(price)

    def _say(self, price: Price) -> None:
        self._now.text = dollars(price.price)
        self._change.text = percent(price.change_percentage_24h)
        way = "coin__down" if round(price.change_percentage_24h, 2) < 0 else "coin__up"
        if way not in self._change.classes:
            self._change.classes(replace=way)


def _fact(title: str) -> Tag:
    with ui.element("div"):
        Tag("dt", title)
        return Tag("dd", "–")


def compact(number: float) -> str:
    """$1.92T."""
    for size, unit in UNITS:
        if number >= size:
            return f"${number / size:.3g}{unit}" if number < 1000 * size else f"${number / size:,.0f}{unit}"
    return f"${number:,.0f}"
