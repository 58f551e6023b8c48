"""A list that one turns over page by page, or narrows to one choice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from nicegui import ui

from components.island import Island
from components.tag import Tag

if TYPE_CHECKING:
    from state.signal import Unsubscribe
    from state.sync.cached_query import CachedQuery

ALL = ""  # the choice that narrows nothing


class PagedList(Island):
    """The region `name`; one of its `choices` is ALL. It asks only between `watch` and `rest`: what to ask, and how to show it, is for each list."""

    def __init__(self, name: str, choices: Mapping[str, str], label: str) -> None:
        super().__init__("section")
        self.classes("task-list").props(f"aria-label={name} role=region")
        self._page = 1
        self._leave: list[Unsubscribe] = []
        with self, ui.element("div").classes("task-list__head"):
            self._choice = ui.select(dict(choices), value=ALL, on_change=self._turn_to_first)
            self._choice.props(f'outlined dense options-dense aria-label="{label}"')
            self._words = Tag("span", "", "meta num")
            with ui.element("span").classes("end") as self._turns:
                self._back = ui.button("Previous", color=None, on_click=partial(self._turn, -1)).props("flat")
                self._on = ui.button("Next", color=None, on_click=partial(self._turn, 1)).props("flat")
        self.client.on_delete(self.rest)

    def watch(self) -> None:
        """Asks, from now on."""
        self.rest()
        self._leave = [query.observe(lambda _: self._on_answer()) for query in self._ask()]
        self._on_answer()

    def rest(self) -> None:
        """Asks no more."""
        while self._leave:
            self._leave.pop()()

    @property
    def _chosen(self) -> str:
        return str(self._choice.value or ALL)

    def _ask(self) -> Iterable[CachedQuery[Any]]:
        """What this page of this choice shows."""
        raise NotImplementedError

    def _show(self) -> None:
        """Draws the answers as they are now."""
        raise NotImplementedError

    def _on_answer(self) -> None:
        if not self.is_deleted:
            self._show()

    def _say(self, words: str, pages: int) -> None:
        """How many there are, and of how many pages this is one."""
        self._words.text = f"{words} · page {self._page} of {pages}" if pages > 1 else words
        self._turns.set_visibility(pages > 1 or self._page > 1)
        self._back.set_enabled(self._page > 1)
        self._on.set_enabled(self._page < pages)

    def _turn(self, by: int) -> None:
        self._page = max(1, self._page + by)
        self.watch()

    def _turn_to_first(self) -> None:
        self._page = 1
        if self._leave:
            self.watch()
