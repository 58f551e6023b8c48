"""The curve of a training: every point that was measured, thin, and what they come to, smoothed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nicegui import ui

from components.theme import DARK, LIGHT, Mode
from state.models import TrainingMetric

SMOOTHING = 0.22  # how much a point counts against those before it


def smoothed(losses: Sequence[float], share: float = SMOOTHING) -> list[float]:
    """A running mean: each point counts for `share`, so that noise goes and the way down stays."""
    line: list[float] = []
    for i, loss in enumerate(losses):
        weight = max(share, 1 / (i + 1) ** 0.5)  # the first few weigh more, or the line would lag
        line.append(loss if not line else line[-1] + weight * (loss - line[-1]))
    return line


class LossChart(ui.element):
    """`show` draws points; only their numbers travel, and the chart itself is never made again."""

    def __init__(self, total_steps: int, mode: Mode) -> None:
        super().__init__("div")
        self.classes("loss-chart").props('role=img aria-label="Loss by step"')
        self._total = total_steps
        self._drawn: tuple[int, int] | None = None
        with self:
            self._chart = ui.echart(self._options(mode.dark), renderer="svg").classes("loss-chart__canvas")
        mode.on_change(self._paint)

    @property
    def series(self) -> list[dict[str, Any]]:
        """The measured and the smoothed line, as they are drawn."""
        return self._chart.options["series"]

    def show(self, points: Sequence[TrainingMetric]) -> None:
        """Draw these points, in order."""
        state = (len(points), points[-1].version if points else 0)
        if state == self._drawn:
            return
        self._drawn = state
        steps = [point.step for point in points]
        line = smoothed([point.loss for point in points])
        series = [
            {"data": [[point.step, round(point.loss, 4)] for point in points]},
            {"data": [[step, round(loss, 4)] for step, loss in zip(steps, line, strict=True)]},
        ]
        with self._chart.props.suspend_updates():  # these are for a browser that comes back
            for one, new in zip(self.series, series, strict=True):
                one["data"] = new["data"]
        self._chart.run_chart_method("setOption", {"series": series})

    def _paint(self, dark: bool) -> None:
        options = self._options(dark)
        for one, new in zip(self.series, options["series"], strict=True):
            one.update({key: new[key] for key in ("lineStyle", "itemStyle")})
        for axis in ("xAxis", "yAxis"):
            self._chart.options[axis] = options[axis]
        for part in ("tooltip", "legend"):
            self._chart.options[part] = options[part]

    def _options(self, dark: bool) -> dict[str, Any]:
        palette = DARK if dark else LIGHT
        label = {"color": palette.faint, "fontSize": 11}
        quiet = {"axisTick": {"show": False}, "axisLabel": label, "splitNumber": 4}
        measured = {"color": palette.faint, "width": 1, "opacity": 0.55}
        common = {"type": "line", "showSymbol": False, "data": []}
        return {
            "animation": False,
            "grid": {"left": 44, "right": 14, "top": 28, "bottom": 28},
            "legend": {
                "right": 14, "top": 0, "icon": "roundRect", "itemWidth": 14, "itemHeight": 3, "selectedMode": False,
                "textStyle": {"color": palette.muted, "fontFamily": "Inter, system-ui, sans-serif", "fontSize": 12},
            },
            "tooltip": {
                "trigger": "axis",
                "confine": True,
                "backgroundColor": palette.raised,
                "borderColor": palette.line_strong,
                "textStyle": {"color": palette.text, "fontSize": 12},
            },
            "xAxis": {
                "type": "value", "min": 0, "max": self._total, "splitLine": {"show": False},
                "axisPointer": {"label": {"formatter": "Step {value}"}},
                "axisLine": {"lineStyle": {"color": palette.line_strong}}, **quiet,
            },
            "yAxis": {
                "type": "value", "min": 0, "splitLine": {"lineStyle": {"color": palette.line}},
                "axisLine": {"show": False}, **quiet,
            },
            "series": [
                {"name": "Loss", "lineStyle": measured, "itemStyle": {"color": palette.faint}, **common},
                {
                    "name": "Smoothed", "lineStyle": {"color": palette.brand, "width": 2},
                    "itemStyle": {"color": palette.brand}, **common,
                },
            ],
        }  # fmt: skip
