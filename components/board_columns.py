"""The columns of a board: tasks by status, moved by hand or by keys, and a line in each to add one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast
from uuid import UUID

from nicegui import ui
from nicegui.events import GenericEventArguments

from components.counter import Counter
from components.island import Island
from components.line import Line
from components.live_list import ARRIVE, LiveList
from components.region_state import RegionState
from components.tag import Tag
from components.task_card import CardHost, TaskCard
from components.task_menu import TaskMenu
from components.task_words import ICONS, TITLES
from components.theme import ICON
from state.board import MAX_TITLE, STATUSES, Board, Status
from state.errors import StateError
from state.task_filter import TaskFilter

if TYPE_CHECKING:
    from components.toasts import Toasts
    from state.models import Profile, Task
    from state.sync.mutation import Pending
    from state.sync.rows import Rows

DRAG = "(event) => starling.dragCard(event, (said) => emit(said))"
STEP = "(event) => starling.stepCard(event, (said) => emit(said))"
EMPTY: dict[Status, str] = {
    "queued": "Nothing is queued.",
    "in_progress": "Nobody is at work on anything.",
    "completed": "Nothing is completed yet.",
    "failed": "Nothing failed.",
    "cancelled": "Nothing was cancelled.",
}


class BoardColumns(ui.element):
    """The region "Tasks". `open_task` shows one in full."""

    def __init__(self, board: Board, people: Rows[Profile], toasts: Toasts, open_task: Callable[[Task], None]) -> None:
        super().__init__("section")
        self.classes("board-columns").props("aria-label=Tasks role=region")
        self._board, self._toasts = board, toasts
        self.filter = TaskFilter()
        with self:
            menu = TaskMenu(board, self._tell)
            host = CardHost(board, people, open_task, menu.show)
            with ui.element("div").classes("lanes").props("data-scroll") as columns:
                self.columns = {status: Column(board, status, host, toasts) for status in STATUSES}
            self._said = Tag("div", "", "sr-only").props("aria-live=polite")
        columns.on("keydown", self._on_said, js_handler=STEP)
        self.on("pointerdown", self._on_said, js_handler=DRAG)
        board.holding.changed.subscribe(self._again)
        for rows in (people, board.shots, board.results):
            self.client.on_delete(rows.subscribe(lambda _: self._again()))
        self.client.on_delete(board.member.circles.on_change(self._again))

    def narrow(self, filter: TaskFilter) -> None:
        """Show only what passes."""
        self.filter = filter
        for column in self.columns.values():
            column.narrow(filter)

    def settle(self) -> None:
        """What was new is so no longer: it does not arrive again when it is shown again."""
        for column in self.columns.values():
            for card in column.cards:
                card.element.classes(remove=ARRIVE)

    def _again(self) -> None:
        for column in self.columns.values():
            column.again()

    def _on_said(self, event: GenericEventArguments) -> None:
        said = event.args
        task = _uuid(said.get("item"))
        if task is None:
            return
        match said.get("does"):
            case "take":
                self._board.holding.take(task)
            case "release":
                self._board.holding.release(task)
            case "drop" if said.get("zone") in STATUSES:
                self._move(task, cast("Status", said["zone"]), _uuid(said.get("before")))
            case "step" if said.get("x") in (-1, 0, 1) and said.get("y") in (-1, 0, 1):
                if self._board.step(task, by=said["y"], columns=said["x"]):
                    self._tell(task)
            case _:
                pass

    def _move(self, id: UUID, status: Status, before: UUID | None) -> None:
        task = self._board.task(id)
        if task is not None and self._board.may_edit and not self._board.may_move(task, status):
            running = self._board.running(task)
            self._toasts.failed(
                "It is being rendered: cancel it first" if running else "Run it, and it goes there by itself"
            )
        elif self._board.move(id, status, before):
            self._tell(id)

    def _tell(self, id: UUID) -> None:
        """For those who do not see it move."""
        if (task := self._board.task(id)) is not None:
            line = [other.id for other in self._board.column(task.status)]
            self._said.text = f"{TITLES[cast('Status', task.status)]}, {line.index(id) + 1} of {len(line)}"


class Column(Island):
    """One of them: its name, how many there are, its cards, and a line for a new one."""

    def __init__(self, board: Board, status: Status, host: CardHost, toasts: Toasts) -> None:
        super().__init__("div")
        self.classes(f"lane lane--{status.replace('_', '-')}").props(f'role=group aria-label="{TITLES[status]}"')
        self._board, self._host, self._toasts = board, host, toasts
        self._status: Status = status
        self._filter = TaskFilter()
        self._in_all = board.count.status_counts(board.project_id)
        with self:
            with ui.element("h3").classes("lane__head"):
                ui.icon(ICON + ICONS[status]).props("aria-hidden=true")
                Tag("span", TITLES[status])
                self._count = Counter()
            with ui.element("div").classes("lane__body"):
                cards = ui.element("ul").classes("lane__cards")
                cards.props(f"data-drop={status} data-takes=task")
                self._state = RegionState(board.tasks, skeleton=_skeleton, empty=EMPTY[status])
                self._more = ui.button("Show more", color=None, on_click=self._load).props("flat")
                self._more.classes("lane__more")
            self._new = ui.input(placeholder="Add a task").classes("lane__new")
            self._new.props(f'borderless dense maxlength={MAX_TITLE} aria-label="Add a task to {TITLES[status]}"')
            self.new = Line(self._new, self._create)
        self._list: LiveList[Task, TaskCard] = LiveList(
            board.tasks, self._card, cards, shows=self._shows, changed=self._changed
        )
        self.client.on_delete(self._in_all.observe(lambda _: self._changed()))
        self._changed()

    @property
    def cards(self) -> list[TaskCard]:
        """In order."""
        return list(self._list.items.values())

    def narrow(self, filter: TaskFilter) -> None:
        """Show only what passes."""
        self._filter = filter
        self._list.filter(self._shows)

    def again(self) -> None:
        """Something around the tasks is different."""
        for card in self._list.items.values():
            card.show()
        self._changed()

    def _card(self, task: Task, pending: Pending | None) -> TaskCard:
        return TaskCard(task, pending, host=self._host)

    def _shows(self, task: Task) -> bool:
        return task.status == self._status and self._filter.shows(task)

    def _changed(self) -> None:
        shown = len(self._list.items)
        held = sum(task.status == self._status for task in self._board.tasks.rows)
        complete = self._board.tasks.complete
        # What is held is counted as it looks, what lies behind by the database.
        in_all = held if complete else max(held, (self._in_all.value or {}).get(self._status, 0))
        if self._board.tasks.phase == "ready":
            narrowed = self._filter != TaskFilter()
            self._count.set(shown if narrowed else in_all, f" of {in_all:,}" if narrowed else "")
        self._state.show(shown, empty="Nothing here passes the filter." if held else EMPTY[self._status])
        self._more.set_visibility(not complete and in_all > held)
        self._new.set_visibility(self._board.may_edit)

    async def _load(self) -> None:
        self._more.props("loading")
        try:
            await self._list.load_more()
        except StateError as error:
            self._toasts.failed(str(error))
        finally:
            self._more.props(remove="loading")

    def _create(self, title: str) -> None:
        if title:
            self._board.create(title[:MAX_TITLE], self._status)


def _skeleton() -> None:
    for _ in range(2):
        with ui.element("div").classes("task"):
            ui.element("div").classes("skeleton skeleton--line")
            ui.element("div").classes("skeleton skeleton--short")


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None
