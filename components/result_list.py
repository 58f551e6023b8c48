"""All that has come of a project, the newest first, page by page: pictures, clips, or what a shot has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from nicegui import ui

from components.board_result import ResultThumb
from components.paged_list import ALL, PagedList
from components.tag import Tag
from state.board import Board
from state.board_queries import PAGE

if TYPE_CHECKING:
    from state.models import Generation
    from state.sync.cached_query import CachedQuery

IMAGES, VIDEOS = "image", "video"
KINDS = {ALL: "Everything", IMAGES: "Pictures", VIDEOS: "Clips"}


class ResultList(PagedList):
    """The region "Results"; `look` shows one as large as there is room."""

    def __init__(self, board: Board, look: Callable[[Generation], None]) -> None:
        super().__init__("Results", KINDS, "Which results")
        self._board, self._look = board, look
        self._query: CachedQuery[list[Generation]] | None = None
        self._in_all = board.count.in_all(board.project_id)
        self._counts = board.count.video_counts(board.project_id)
        with self:
            self._grid = ui.element("ul").classes("result-picker result-list")
            self._nothing = Tag("p", "", "empty")
        self.client.on_delete(board.shots.subscribe(lambda _: self._offer()))
        self._offer()

    @property
    def prompts(self) -> list[str]:
        """Of what is on this page."""
        return [picture.prompt for picture in (self._query.value if self._query else None) or []]

    def _offer(self) -> None:
        options = {**KINDS, **{str(shot.id): shot.name for shot in self._board.shots.rows}}
        if options != self._choice.options:
            self._choice.set_options(options, value=self._chosen if self._chosen in options else ALL)

    def _ask(self) -> Iterable[CachedQuery[Any]]:
        which, count = self._chosen, self._board.count
        if which in KINDS:
            self._query = count.results(self._board.project_id, self._page, PAGE, which or None)
        else:
            self._query = count.of_shot(UUID(which))
        return self._query, self._in_all, self._counts

    def _number(self, which: str, found: int) -> int:
        made = self._counts.value
        if which == ALL:
            return self._in_all.value or 0
        if which in KINDS:
            return (made.videos if which == VIDEOS else made.images) if made else 0
        return found

    def _show(self) -> None:
        query, which = self._query, self._chosen
        if query is None:
            return
        pictures = query.value or []
        n = self._number(which, len(pictures))
        self._say(f"{n:,} {'result' if n == 1 else 'results'}", max(1, -(-n // PAGE)) if which in KINDS else 1)
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
