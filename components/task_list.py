"""The tasks of a board as a list that one turns over page by page, of one column or of all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, cast

from nicegui import ui

from components.avatar import Avatar
from components.island import Island
from components.tag import Tag
from components.task_words import ICONS, TITLES, due
from components.theme import ICON
from state.board import Board, Status
from state.board_queries import PAGE
from state.task_filter import TaskFilter

if TYPE_CHECKING:
    from state.models import Profile, Task
    from state.signal import Unsubscribe
    from state.sync.cached_query import CachedQuery
    from state.sync.rows import Rows

ALL = ""


class TaskList(Island):
    """The region "List". It asks only while it is shown."""

    def __init__(self, board: Board, people: Rows[Profile], open_task: Callable[[Task], None]) -> None:
        super().__init__("section")
        self.classes("task-list").props("aria-label=List role=region")
        self._board, self._people, self._open = board, people, open_task
        self._page = 1
        self._filter = TaskFilter()
        self._query: CachedQuery[list[Task]] | None = None
        self._leave: list[Unsubscribe] = []
        self._counts = board.count.status_counts(board.project_id)
        with self:
            with ui.element("div").classes("task-list__head"):
                self._status = ui.select({ALL: "All columns", **TITLES}, value=ALL, on_change=self._turn_to_first)
                self._status.props('outlined dense options-dense aria-label="Column"')
                self._words = Tag("span", "", "meta num")
                with ui.element("span").classes("end") as self._turns:
                    self._back = ui.button("Previous", color=None, on_click=partial(self._turn, -1)).props("flat")
                    self._on = ui.button("Next", color=None, on_click=partial(self._turn, 1)).props("flat")
            with ui.element("div").classes("card card--flush"):
                self._rows = ui.element("ul").classes("divided")
                self._nothing = Tag("p", "", "empty")
        self.client.on_delete(self.rest)

    def watch(self) -> None:
        """Asks, from now on."""
        self.rest()
        status, board = str(self._status.value or "") or None, self._board
        self._counts = board.count.status_counts(board.project_id, self._filter)
        self._query = board.count.tasks(board.project_id, self._page, PAGE, status, self._filter)
        self._leave = [query.observe(lambda _: self._show()) for query in (self._query, self._counts)]
        self._show()

    def rest(self) -> None:
        """Asks no more."""
        while self._leave:
            self._leave.pop()()

    def narrow(self, filter: TaskFilter) -> None:
        """Show only what passes, from the first page on."""
        self._filter = filter
        self._turn_to_first()

    @property
    def titles(self) -> list[str]:
        """Of the tasks on this page."""
        return [task.title for task in (self._query.value if self._query else None) or []]

    def _turn(self, by: int) -> None:
        self._page = max(1, self._page + by)
        self.watch()

    def _turn_to_first(self) -> None:
        self._page = 1
        if self._leave:
            self.watch()

    def _show(self) -> None:
        query = self._query
        if query is None or self.is_deleted:
            return
        status = str(self._status.value or "")
        counts = self._counts.value or {}
        in_all = counts.get(status, 0) if status else sum(counts.values())
        pages = max(1, -(-in_all // PAGE))
        page = f" · page {self._page} of {pages}" if pages > 1 else ""
        self._words.text = f"{in_all:,} {'task' if in_all == 1 else 'tasks'}{page}"
        self._turns.set_visibility(pages > 1 or self._page > 1)
        self._back.set_enabled(self._page > 1)
        self._on.set_enabled(self._page < pages)
        tasks = query.value or []
        self._rows.clear()  # at most a page, and only when something in it is different
        with self._rows:
            for task in tasks:
                self._row(task)
        self._nothing.set_visibility(not tasks)
        nothing = "Nothing here passes the filter." if self._filter.asked else "There is nothing on this page."
        waits = "Loading" if query.phase == "loading" else query.error or nothing
        self._nothing.text = waits

    def _row(self, task: Task) -> None:
        with ui.element("li"), ui.element("button").classes("task-list__row").props("type=button") as row:
            row.on("click", partial(self._open, task), args=[])
            status = cast("Status", task.status)
            ui.icon(ICON + ICONS[status]).classes(f"status--{status.replace('_', '-')}").props("aria-hidden=true")
            Tag("span", task.title, "truncate-1 task-list__title")
            for label in task.labels[:3]:
                Tag("span", label, "label truncate-1")
            words, late = due(task, datetime.now(UTC).date())
            Tag("span", words, f"meta num task-list__due {'tone-wait' if late else ''}")
            Tag("span", TITLES[status], "meta task-list__status")
            with ui.element("span").classes("task-list__who"):
                if task.assignee:
                    Avatar(self._people.get(task.assignee))
