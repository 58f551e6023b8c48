"""The menu of a task: every way to move it, for those who do not drag. One of them per board."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from nicegui import ui

from components.confirm import confirm
from components.task_words import ICONS, TITLES
from components.theme import ICON
from state.board import STATUSES, Board, Status

if TYPE_CHECKING:
    from state.models import Task

FAR = 10_000  # places: further than any column is long


class TaskMenu(ui.menu):
    """`moved` is told which task was."""

    def __init__(self, board: Board, moved: Callable[[UUID], None]) -> None:
        super().__init__()
        self._board, self._moved = board, moved
        self.props('no-parent-event anchor="bottom right" self="top right" :offset="[0, 6]"')

    def show(self, task: Task, beside: ui.element) -> None:
        """Open it at `beside`."""
        line = [other.id for other in self._board.column(task.status)]
        first, last = bool(line) and line[0] == task.id, bool(line) and line[-1] == task.id
        self.clear()
        with self:
            self._item("Move to the top", "vertical_align_top", partial(self._step, task.id, -FAR), enabled=not first)
            self._item("Move up", "arrow_upward", partial(self._step, task.id, -1), enabled=not first)
            self._item("Move down", "arrow_downward", partial(self._step, task.id, 1), enabled=not last)
            ui.separator()
            for status in STATUSES:
                if status != task.status and self._board.may_move(task, status):
                    self._item(f"To {TITLES[status].lower()}", ICONS[status], partial(self._to, task.id, status))
            ui.separator()
            self._item("Delete", "delete", partial(self._delete, task), danger=True)
        self.props["target"] = f"#{beside.html_id}"
        self.open()

    def _item(
        self, title: str, icon: str, act: Callable[[], object], *, enabled: bool = True, danger: bool = False
    ) -> None:
        with ui.menu_item(on_click=act).classes("menu__item--danger" if danger else "") as item:
            ui.icon(ICON + icon).props("aria-hidden=true")
            ui.label(title)
        item.props["disable"] = not enabled

    def _step(self, task: UUID, by: int) -> None:
        if self._board.step(task, by=by):
            self._moved(task)

    def _to(self, task: UUID, status: Status) -> None:
        if self._board.move(task, status):
            self._moved(task)

    async def _delete(self, task: Task) -> None:
        with self.client.content:
            sure = await confirm(
                f"Delete “{task.title}”?", "What was said of it goes with it. What it made stays.", "Delete"
            )
        if sure:
            self._board.delete(task.id)
