"""The candles of one symbol, live: only numbers travel, and only when they differ."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from components.price_words import places
from components.theme import DARK, LIGHT, Mode
from components.turns import TURNS
from state.market import Candle, Market
from state.signal import Unsubscribe

SHOWN = 60  # minutes
CLOCK = "(iso) => starling.clock(iso)"


class CandleChart(ui.echart):
    """`show` takes a symbol; the former one is let go."""

    def __init__(self, market: Market, mode: Mode) -> None:
        self._rows: list[Candle] = []
        self._mode = mode
        super().__init__(self._options_of(mode.dark), renderer="canvas")
        self.classes("coin__chart").props("role=img")
        self._market = market
        self._leave: Unsubscribe = lambda: None
        self.symbol = ""
        mode.on_change(self._paint)
        self.client.on_delete(self._close)

    @property
    def candles(self) -> list[Candle]:
        """What is drawn, the oldest first."""
        return self._rows

    def show(self, symbol: str) -> None:
        """Draws another symbol's."""
        if symbol == self.symbol:
            return
        self._close()
        self.symbol = symbol
        self.props["aria-label"] = f"{symbol} by the minute, the last hour"
        candles = self._market.candles(symbol)
        self._rows = []
        self._work = lambda: self._draw(candles.rows[-SHOWN:])
        unsubscribe = candles.changed.subscribe(lambda _: TURNS.ask(self._work))
        close = candles.open()

        def leave() -> None:
            unsubscribe()
            close()
            TURNS.leave(self._work)

        self._leave = leave

    def _close(self) -> None:
        self._leave()
        self._leave = lambda: None

    def _draw(self, rows: list[Candle]) -> None:
        if self.is_deleted or rows == self._rows:
            return
        begun = [candle.minute for candle in rows] != [candle.minute for candle in self._rows]
        self._rows = rows
        change: dict[str, Any] = {"series": [{"data": self._numbers()}]}
        if begun:
            change["xAxis"] = {"data": self._minutes()}
        label = _label(self._rows)
        same = label.items() <= self.options["yAxis"]["axisLabel"].items()
        with self.props.suspend_updates():  # for a browser that comes back
            self.options["series"][0]["data"] = change["series"][0]["data"]
            self.options["xAxis"]["data"] = self._minutes()
            self.options["yAxis"]["axisLabel"].update(label)
        if same:
            self.run_chart_method("setOption", change)
        else:
            self.update()  # a formatter is a function, which only whole options carry

    def _numbers(self) -> list[list[float]]:
        return [[candle.open, candle.close, candle.low, candle.high] for candle in self._rows]

    def _minutes(self) -> list[str]:
        return [candle.minute.isoformat() for candle in self._rows]

    def _paint(self, dark: bool) -> None:
        fresh = self._options_of(dark)
        for part in ("xAxis", "yAxis", "tooltip"):
            self.options[part].update(fresh[part])
        self.options["series"][0]["itemStyle"] = fresh["series"][0]["itemStyle"]

    def _options_of(self, dark: bool) -> dict[str, Any]:
        palette = DARK if dark else LIGHT
        words = {"color": palette.muted, "fontSize": 11}
        return {
            "animation": False,
            "grid": {"left": 4, "right": 0, "top": 8, "bottom": 8, "containLabel": True},
            "tooltip": {
                "trigger": "axis", "confine": True, "backgroundColor": palette.raised, "borderColor": palette.line_strong,
                "textStyle": {"color": palette.text, "fontSize": 12}, "axisPointer": {"type": "line"},
            },
            "xAxis": {
                "type": "category", "data": self._minutes(), "axisTick": {"show": False},
                "axisLine": {"lineStyle": {"color": palette.line}}, "axisLabel": {**words, ":formatter": CLOCK, "showMinLabel": False, "hideOverlap": True},
                "axisPointer": {"label": {"show": False}},
            },
            "yAxis": {
                "type": "value", "scale": True, "position": "right", "splitNumber": 4,
                "splitLine": {"lineStyle": {"color": palette.line}}, "axisLabel": {**words, **_label(self._rows)},
            },
            "series": [
                {
                    "type": "candlestick", "data": self._numbers(), "barMaxWidth": 8,
                    "itemStyle": {
                        "color": palette.live, "borderColor": palette.live, "color0": palette.fail, "borderColor0": palette.fail,
                    },
                }
            ],
        }  # fmt: skip


def _label(rows: list[Candle]) -> dict[str, Any]:
    """The same number of digits for all, so that the chart does not change its width."""
    digits = places(rows[-1].close) if rows else 2
    return {
        ":formatter": f"(n) => n.toLocaleString('en-US', {{minimumFractionDigits: {digits}, maximumFractionDigits: {digits}}})"
    }
