"""All that has come of a project, the newest first, page by page: pictures, clips, or what a shot has."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from nicegui import ui

from components.board_result import ResultThumb
from components.island import Island
from components.tag import Tag
from state.board import Board
from state.board_queries import PAGE

if TYPE_CHECKING:
    from state.models import Generation
    from state.signal import Unsubscribe
    from state.sync.cached_query import CachedQuery

ALL, IMAGES, VIDEOS = "", "image", "video"
KINDS = {ALL: "Everything", IMAGES: "Pictures", VIDEOS: "Clips"}


class ResultList(Island):
    """The region "Results". It asks only while it is shown; `look` shows one as large as there is room."""

    def __init__(self, board: Board, look: Callable[[Generation], None]) -> None:
        super().__init__("section")
        self.classes("task-list").props("aria-label=Results role=region")
        self._board, self._look = board, look
        self._page = 1
        self._query: CachedQuery[list[Generation]] | None = None
        self._leave: list[Unsubscribe] = []
        self._in_all = board.count.in_all(board.project_id)
        self._counts = board.count.video_counts(board.project_id)
        with self:
            with ui.element("div").classes("task-list__head"):
                self._which = ui.select(dict(KINDS), value=ALL, on_change=self._turn_to_first)
                self._which.props('outlined dense options-dense aria-label="Which results"')
                self._words = Tag("span", "", "meta num")
                with ui.element("span").classes("end") as self._turns:
                    self._back = ui.button("Previous", color=None, on_click=partial(self._turn, -1)).props("flat")
                    self._on = ui.button("Next", color=None, on_click=partial(self._turn, 1)).props("flat")
            self._grid = ui.element("ul").classes("result-picker result-list")
            self._nothing = Tag("p", "", "empty")
        self.client.on_delete(self.rest)
        self.client.on_delete(board.shots.subscribe(lambda _: self._offer()))
        self._offer()

    def watch(self) -> None:
        """Asks, from now on."""
        self.rest()
        which, count = str(self._which.value or ""), self._board.count
        if which in KINDS:
            self._query = count.results(self._board.project_id, self._page, PAGE, which or None)
        else:
            self._query = count.of_shot(UUID(which))
        self._leave = [query.observe(lambda _: self._show()) for query in (self._query, self._in_all, self._counts)]
        self._show()

    def rest(self) -> None:
        """Asks no more."""
        while self._leave:
            self._leave.pop()()

    @property
    def prompts(self) -> list[str]:
        """Of what is on this page."""
        return [picture.prompt for picture in (self._query.value if self._query else None) or []]

    def _offer(self) -> None:
        options = {**KINDS, **{str(shot.id): shot.name for shot in self._board.shots.rows}}
        if options != self._which.options:
            self._which.set_options(options, value=self._which.value if self._which.value in options else ALL)

    def _turn(self, by: int) -> None:
        self._page = max(1, self._page + by)
        self.watch()

    def _turn_to_first(self) -> None:
        self._page = 1
        if self._leave:
            self.watch()

    def _number(self, which: str, found: int) -> int:
        made = self._counts.value
        if which == ALL:
            return self._in_all.value or 0
        if which in KINDS:
            return (made.videos if which == VIDEOS else made.images) if made else 0
        return found

    def _show(self) -> None:
        query = self._query
        if query is None or self.is_deleted:
            return
        which, pictures = str(self._which.value or ""), query.value or []
        n = self._number(which, len(pictures))
        pages = max(1, -(-n // PAGE)) if which in KINDS else 1
        page = f" · page {self._page} of {pages}" if pages > 1 else ""
        self._words.text = f"{n:,} {'result' if n == 1 else 'results'}{page}"
        self._turns.set_visibility(pages > 1 or self._page > 1)
        self._back.set_enabled(self._page > 1)
        self._on.set_enabled(self._page < pages)
        self._grid.clear()  # at most a page or a shot, and only when something in it is different
        with self._grid:
            for picture in pictures:
                ResultThumb(picture, board=self._board, look=self._look).allow(False)
        self._grid.set_visibility(bool(pictures))
        self._nothing.set_visibility(not pictures)
        nothing = (
            "There is nothing on this page."
            if n
            else "Nothing has come of this yet. Run a render, or attach a picture."
        )
        self._nothing.text = "Loading" if query.phase == "loading" else query.error or nothing
