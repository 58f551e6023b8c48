"""The self-test on a page: a button, and a table that fills row by row, the same for everybody who looks."""

from __future__ import annotations

from uuid import UUID

from nicegui import ui

from components.island import Island
from components.tag import Tag
from state.selftest.desk import Desk
from state.selftest.result import Outcome, Result, summary
from state.selftest.runner import NAMES

WORDS: dict[Outcome, tuple[str, str]] = {  # what a badge says, and its colour
    "passed": ("passed", "badge--live"),
    "failed": ("failed", "badge--fail"),
    "skipped": ("skipped", "badge--wait"),
}
INTRODUCTION = "Two throw-away members try everything that Starling counts on, and are removed again."
TICK_S = 1.0  # how often the button looks whether it may be pressed again


class SelftestPanel(Island):
    """The region "Self-test". For members: `me` is None for a guest, who neither runs it nor reads what it found."""

    def __init__(self, desk: Desk, me: UUID | None) -> None:
        super().__init__("section")
        self.classes("selftest").props('aria-label="Self-test" role=region')
        self._desk, self._me = desk, me
        self._rows: list[_Row] = []
        with self:
            with ui.element("h2").classes("section-title"):
                Tag("span", "Self-test")
                self._sum = Tag("span", "", "num").props("aria-live=polite")
                with ui.element("span").classes("end"):
                    self._button = ui.button("Run the self-test", color=None, on_click=self._ask).props("flat")
            self._sentence = Tag("p", "", "secondary selftest__sentence")
            self._table = ui.element("ol").classes("card card--flush divided selftest__rows")
            self._timer = ui.timer(TICK_S, self._tell, active=False)
        self.client.on_delete(desk.changed.subscribe(lambda _: self._refresh()))
        self._refresh()

    @property
    def _results(self) -> list[Result]:
        return self._desk.results if self._me is not None else []

    def _ask(self) -> None:
        if self._me is not None:
            self._desk.ask(self._me)
            self._tell()

    def _refresh(self) -> None:
        if self.is_deleted:
            return
        results = self._results
        if len(results) < len(self._rows):  # another run
            self._table.clear()
            self._rows.clear()
        with self._table:
            while len(self._rows) < len(results):
                self._rows.append(_Row(results[len(self._rows)]))
        self._table.set_visibility(bool(results))
        self._tell()

    def _tell(self) -> None:
        """What the button and the two sentences say."""
        results, running = self._results, self._desk.running and self._me is not None
        refusal = self._desk.refusal(self._me) if self._me is not None else "Sign in to run it"
        self._button.set_enabled(refusal is None)
        if running and len(results) < len(NAMES):
            self._sum.text = f"{len(results)} of {len(NAMES)}"
            self._sentence.text = f"Trying: {NAMES[len(results)]}"
        else:
            self._sum.text = summary(results) if results else ""
            self._sentence.text = f"{refusal}." if refusal and not running else INTRODUCTION
        self._timer.active = self._me is not None and refusal is not None and not running


class _Row:
    """A check that is done; results do not change any more."""

    def __init__(self, result: Result) -> None:
        word, colour = WORDS[result.outcome]
        with ui.element("li").classes("selftest__row"):
            Tag("b", result.name, "strong")
            Tag("span", word, f"badge {colour}")
            Tag("span", f"{result.ms:.0f} ms", "meta selftest__ms")
            with ui.element("div").classes("secondary selftest__detail"):
                Tag("p", result.detail)
                if result.listing:
                    with ui.element("details"):
                        Tag("summary", "Show them")
                        for line in result.listing:
                            Tag("p", line, "meta")
