"""A small live chart: a number, what it counts, and its last minute as a line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nicegui import ui

from components.island import Island
from components.tag import Tag
from components.theme import DARK, LIGHT, Mode

NO_EDGE = {"left": 0, "right": 0, "top": 4, "bottom": 1}


class LiveChart(Island):
    """`say` writes a number with its unit. Only the numbers travel, and only when they differ."""

    def __init__(self, title: str, say: Callable[[float], str], mode: Mode) -> None:
        super().__init__("section")
        self.classes("card live-chart").props(f'aria-label="{title}"')
        self._say = say
        self._numbers: list[float] = []
        with self:
            Tag("h3", title, "live-chart__title")
            with ui.element("p").classes("live-chart__numbers"):
                self._now = Tag("b", "–", "live-chart__now num")
                self._most = Tag("span", "", "meta")
            self._chart = ui.echart(self._options(mode.dark), renderer="svg").classes("live-chart__line")
            self._chart.props("aria-hidden=true")
        mode.on_change(self._paint)

    def show(self, numbers: Sequence[float], now: float) -> None:
        """`numbers`: of the last seconds, the oldest first; `now`: what to say of the present."""
        self._now.text = self._say(now)
        most = max(numbers, default=0)
        self._most.text = f"peak {self._say(most)}" if most else ""
        rounded = [round(number, 2) for number in numbers]
        if rounded == self._numbers:
            return
        self._numbers = rounded
        with self._chart.props.suspend_updates():  # these are for a browser that comes back
            self._chart.options["series"][0]["data"] = rounded
        self._chart.run_chart_method("setOption", {"series": [{"data": rounded}]})

    def _paint(self, dark: bool) -> None:
        options = self._options(dark)
        self._chart.options["series"][0].update({key: options["series"][0][key] for key in ("lineStyle", "areaStyle")})

    def _options(self, dark: bool) -> dict:
        palette = DARK if dark else LIGHT
        return {
            "animation": False,
            "grid": NO_EDGE,
            "xAxis": {"type": "category", "show": False, "boundaryGap": False},
            "yAxis": {"type": "value", "show": False, "min": 0},
            "series": [
                {
                    "type": "line",
                    "data": self._numbers,
                    "showSymbol": False,
                    "silent": True,
                    "lineStyle": {"width": 1.5, "color": palette.brand},
                    "areaStyle": {"color": palette.brand_soft},
                }
            ],
        }
