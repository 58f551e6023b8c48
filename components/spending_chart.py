"""What credits went to, day by day: a bar for each day, its parts by purpose, and what each came to."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from components.credit_words import purpose
from components.island import Island
from components.tag import Tag
from components.theme import DARK, LIGHT, Mode
from state.credits import Credits, Spending
from state.signal import Unsubscribe
from state.sync.cached_query import CachedQuery

COLOURS = {"image": "brand", "video": "info", "training": "live"}  # names of the palette, and of CSS variables
OTHER = "wait"
MOST_BARS = 100  # more days than these are drawn by the week


class SpendingChart(Island):
    """The region "Spent". `look` says which days it shows; `head` is the place for what chooses them."""

    def __init__(self, credits: Credits, mode: Mode) -> None:
        super().__init__("section")
        self.classes("card spending").props("aria-label=Spent role=region")
        self._credits, self._mode = credits, mode
        self._query: CachedQuery[Spending] | None = None
        self._leave: Unsubscribe = lambda: None
        self._drawn: tuple[Spending, bool] | None = None
        with self:
            with ui.element("div").classes("spending__head"):
                with ui.element("div"):
                    self._title = Tag("h2", "Spent", "secondary")
                    self._total = Tag("b", "–", "num spending__total")
                self.head = ui.element("div").classes("spending__periods").props('role=group aria-label="Period"')
            with ui.element("div").classes("spending__stage"):
                self._chart = (
                    ui.echart({"series": []}, renderer="svg").classes("spending__chart").props("aria-hidden=true")
                )
                self._waiting = ui.element("div").classes("skeleton spending__over").props("aria-hidden=true")
                self._nothing = Tag("p", "", "spending__over spending__nothing muted")
            self._legend = ui.element("ul").classes("spending__legend")
        mode.on_change(lambda _: self._show())
        self.client.on_delete(lambda: self._leave())

    def look(self, days: int, zone: str, title: str) -> None:
        """Show the last `days`, by the calendar of a zone."""
        self._leave()
        self._title.text = title
        self._query = self._credits.spending(days, zone)
        self._leave = self._query.observe(lambda _: self._show())
        self._show()

    def _show(self) -> None:
        if self._query is None or self.client.is_deleted:
            return
        spending = self._query.value
        self._waiting.set_visibility(spending is None and self._query.phase == "loading")
        self._nothing.set_visibility(not (self._waiting.visible or (spending and spending.total)))
        self._nothing.text = (
            "Nothing was spent in this time." if spending else f"{self._query.error or 'This did not load'}."
        )
        # It has its place all the while: one that had none would be drawn a hundred pixels wide at first.
        self._chart.style(f"visibility:{'visible' if spending and spending.total else 'hidden'}")
        self._total.text = f"{spending.total:,}" if spending else "–"
        if spending and self._drawn != (spending, self._mode.dark):
            self._drawn = spending, self._mode.dark
            self._draw(spending)

    def _draw(self, spending: Spending) -> None:
        self._chart.options.clear()
        self._chart.options.update(options(spending, dark=self._mode.dark))
        self._chart.update()
        self._legend.clear()
        with self._legend:
            for name, numbers in spending.by_purpose.items():
                with ui.element("li"):
                    ui.element("i").classes("spending__colour").style(f"background:var(--{COLOURS.get(name, OTHER)})")
                    Tag("span", purpose(name).many)
                    Tag("b", f"{sum(numbers):,}", "num")


def options(spending: Spending, *, dark: bool) -> dict[str, Any]:
    """What echarts draws."""
    weekly = len(spending.days) > MOST_BARS
    if weekly:
        spending = spending.by_week()
    palette = DARK if dark else LIGHT
    words = {"color": palette.muted, "fontFamily": "Inter, system-ui, sans-serif", "fontSize": 12}
    return {
        "animationDuration": 260,
        "grid": {"left": 4, "right": 16, "top": 12, "bottom": 8, "containLabel": True},
        "tooltip": {
            "trigger": "axis",
            "axisPointer": {
                "type": "shadow",
                "shadowStyle": {"color": palette.hover},
                "label": {"formatter": "Week from {value}" if weekly else "{value}"},
            },
            "backgroundColor": palette.raised,
            "borderColor": palette.line_strong,
            "textStyle": {**words, "color": palette.text},
            "confine": True,
        },
        "xAxis": {
            "type": "category",
            "data": [f"{day.day} {day:%b}" for day in spending.days],
            "axisLabel": {**words, "hideOverlap": True},
            "axisLine": {"lineStyle": {"color": palette.line_strong}},
            "axisTick": {"show": False},
        },
        "yAxis": {
            "type": "value",
            "minInterval": 1,
            "splitNumber": 3,
            "axisLabel": words,
            "splitLine": {"lineStyle": {"color": palette.line}},
        },
        "series": [
            {
                "name": purpose(name).many,
                "type": "bar",
                "stack": "spent",
                "barMaxWidth": 28,
                "data": list(numbers),
                "itemStyle": {"color": getattr(palette, COLOURS.get(name, OTHER))},
            }
            for name, numbers in spending.by_purpose.items()
        ],
    }
