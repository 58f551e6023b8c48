"""The tasks of a board as a list, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from nicegui import ui

from components.avatar import Avatar
from components.paged_list import ALL, PagedList
from components.tag import Tag
from components.task_words import ICONS, TITLES, due
from components.theme import ICON
from state.board import Board, Status
from state.board_queries import PAGE
from state.task_filter import TaskFilter

if TYPE_CHECKING:
    from state.models import Profile, Task
    from state.sync.cached_query import CachedQuery
    from state.sync.rows import Rows


class TaskList(PagedList):
    """The region "List": of one column, or of all."""

    def __init__(self, board: Board, people: Rows[Profile], open_task: Callable[[Task], None]) -> None:
        super().__init__("List", {ALL: "All columns", **TITLES}, "Column")
        self._board, self._people, self._open = board, people, open_task
        self._filter = TaskFilter()
        self._query: CachedQuery[list[Task]] | None = None
        self._counts = board.count.status_counts(board.project_id)
        with self, ui.element("div").classes("card card--flush"):
            self._rows = ui.element("ul").classes("divided")
            self._nothing = Tag("p", "", "empty")

    def narrow(self, filter: TaskFilter) -> None:
        """Show only what passes, from the first page on."""
        self._filter = filter
        self._turn_to_first()

    @property
    def titles(self) -> list[str]:
        """Of the tasks on this page."""
        return [task.title for task in (self._query.value if self._query else None) or []]

    def _ask(self) -> Iterable[CachedQuery[Any]]:
        count, project = self._board.count, self._board.project_id
        self._counts = count.status_counts(project, self._filter)
        self._query = count.tasks(project, self._page, PAGE, self._chosen or None, self._filter)
        return self._query, self._counts

    def _show(self) -> None:
        query, counts, status = self._query, self._counts.value or {}, self._chosen
        if query is None:
            return
        in_all = counts.get(status, 0) if status else sum(counts.values())
        self._say(f"{in_all:,} {'task' if in_all == 1 else 'tasks'}", max(1, -(-in_all // PAGE)))
        tasks = query.value or []
        self._rows.clear()  # at most a page, and only when something in it is different
        with self._rows:
            for task in tasks:
                self._row(task)
        self._nothing.set_visibility(not tasks)
        nothing = "Nothing here passes the filter." if self._filter.asked else "There is nothing on this page."
        self._nothing.text = "Loading" if query.phase == "loading" else query.error or nothing

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
