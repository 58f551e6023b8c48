"""One task in full, at the side of its board: what it is, whose, until when, what is rendered, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode
from uuid import UUID

from nicegui import ui

from components.icon_button import IconButton
from components.signed_image import SignedImage
from components.tag import Tag
from components.task_comments import TaskComments
from components.task_words import TITLES, describe
from components.theme import ICON
from state.board import MAX_TITLE, Board, Status

if TYPE_CHECKING:
    from state.models import Profile, Task
    from state.signal import Unsubscribe
    from state.sync.rows import Rows

QUERY = "task"  # /board/{project}?task=<id> opens it
NOBODY = ""


class TaskPanel(ui.dialog):
    """`show` opens it. It follows the task; when that is deleted, it closes. `lost`: it was not even there."""

    def __init__(self, board: Board, people: Rows[Profile], path: str, lost: Callable[[], None]) -> None:
        super().__init__()
        self._board, self._people, self._path, self._lost = board, people, path, lost
        self._rest: Unsubscribe | None = None
        self._id: UUID | None = None
        self._known: Task | None = None
        self._talk: TaskComments | None = None
        self._paths: list[str] = []
        self._loading = False  # what is written into the fields now was not typed
        self.props('position=right full-height transition-duration=120 aria-label="Task"').classes("task-panel")
        self.on("hide", self._closed, args=[])
        with self, ui.element("aside").classes("task-panel__sheet"):
            with ui.element("div").classes("task-panel__head"):
                self._status = ui.select(dict(TITLES), on_change=self._move).props(
                    'outlined dense options-dense aria-label="Status"'
                )
                self._status.classes("task-panel__status")
                self._holder = Tag("span", "", "meta truncate-1")
                IconButton("close", "Close", self.close, "task-panel__close")
            with ui.element("div").classes("task-panel__body"):
                self._title = ui.input().props(f'borderless autogrow maxlength={MAX_TITLE} aria-label="Title"')
                self._title.classes("task-panel__title").on("blur", partial(self._save, "title"), args=[])
                self._title.on("keydown.enter", lambda: self._title.run_method("blur"), args=[])
                self._description = ui.textarea(placeholder="Say more").props(
                    'borderless autogrow rows=1 maxlength=4000 aria-label="Description"'
                )
                self._description.classes("task-panel__text").on("blur", partial(self._save, "description"), args=[])
                with ui.element("div").classes("task-panel__render") as self._render:
                    self._pictures = ui.element("div").classes("task-panel__pictures")
                    self._prompt = Tag("p", "", "secondary")
                    with ui.element("div").classes("task-panel__run"):
                        self._badge = Tag("span", "", "badge")
                        self._said = Tag("span", "", "meta")
                        self._cancel = ui.button("Cancel", color=None, on_click=self._on_cancel).props("flat")
                        self._run = ui.button("Run", color=None, on_click=self._on_run).classes("btn--primary")
                with ui.element("dl").classes("task-panel__facts"):
                    self._assignee = self._fact("person", "For", ui.select({}, on_change=self._assign))
                    self._shot = self._fact("movie", "Shot", ui.select({}, on_change=self._set_shot))
                    self._due = self._fact("event", "Due", ui.input(on_change=self._set_due).props("type=date"))
                    self._labels = self._fact(
                        "sell",
                        "Labels",
                        ui.select([], multiple=True, new_value_mode="add-unique", on_change=self._set_labels),
                    )
                    self._labels.props(
                        'use-chips input-debounce=0 hide-dropdown-icon placeholder="Type one, then Enter"'
                    )
                self._comments = ui.element("div")
        for rows in (board.tasks, board.results, board.shots, board.people, people):
            self.client.on_delete(rows.subscribe(lambda _: self._follow()))
        board.holding.changed.subscribe(self._follow)
        self.client.on_delete(board.member.circles.on_change(self._follow))
        self.client.on_delete(self._end_talk)

    def show(self, task: Task) -> None:
        """Open it at this task."""
        self.show_one(task.id)

    def show_one(self, id: UUID) -> None:
        """Open it at the task of this id, which may be behind those that are loaded."""
        self._end_talk()
        self._id, self._known = id, None
        with self._comments:
            self._talk = TaskComments(self._board, self._people, id)
        self._rest = self._board.look_up(id, self._follow)
        self._follow()
        if self._id is None:
            return
        self.open()
        query = {"team": str(self._board.id), QUERY: str(id)}
        with self.client:  # nobody may have clicked: the address asked for it
            ui.navigate.history.replace(f"{self._path}?{urlencode(query)}")

    @property
    def task(self) -> Task | None:
        """The one that is shown."""
        return self._board.task(self._id) if self._id is not None else None

    def _fact(self, icon: str, name: str, field: Any) -> Any:
        with ui.element("div").classes("task-panel__fact") as fact:
            with ui.element("dt").classes("secondary"):
                ui.icon(ICON + icon).props("aria-hidden=true")
                Tag("span", name)
            value = ui.element("dd")
        field.props(f'outlined dense options-dense aria-label="{name}"')
        field.move(value)
        del fact
        return field

    # Following -----------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        if self._id is None or self.is_deleted:
            return
        task = self.task
        if task is None:
            if self._board.lost(self._id):
                if self._known is None:
                    self._lost()
                self.close()
            return
        before, self._known = self._known, task
        self._loading = True
        edit = self._board.may_edit
        self._status.set_options(
            {s: t for s, t in TITLES.items() if s == task.status or self._board.may_move(task, s)}, value=task.status
        )
        for field, value, was in (
            (self._title, task.title, before.title if before else None),
            (self._description, task.description, before.description if before else None),
        ):
            if before is None or field.value == was:  # what one is writing stays
                field.value = value
        people = {str(row.member_id): self._name(row.member_id) for row in self._board.people.rows}
        if task.assignee:
            people.setdefault(str(task.assignee), self._name(task.assignee))
        self._assignee.set_options({NOBODY: "Nobody", **people}, value=str(task.assignee or NOBODY))
        shots = {str(shot.id): shot.name for shot in self._board.shots.rows}
        shot = str(task.shot_id) if str(task.shot_id) in shots else NOBODY
        self._shot.set_options({NOBODY: "None", **shots}, value=shot)
        self._due.value = task.due_date.isoformat() if task.due_date else ""
        self._labels.set_options(sorted({*self._board.labels, *task.labels}), value=list(task.labels))
        for field in (
            self._status,
            self._title,
            self._description,
            self._assignee,
            self._shot,
            self._due,
            self._labels,
        ):
            field.set_enabled(edit)
        who = self._board.holding.held.get(task.id)
        self._holder.text = f"{self._name(who)} is moving this" if who else ""
        self._loading = False
        self._show_render(task)

    def _show_render(self, task: Task) -> None:
        self._render.set_visibility(task.type == "render")
        if task.type != "render":
            return
        board, running = self._board, self._board.running(task)
        words = describe(task, board.tasks.pending(task.id), running=running)
        wish = cast("dict[str, Any]", task.render or {})
        paths = [picture.poster_path for picture in board.made_of(task)] if task.status == "completed" else []
        if not paths and task.preview_path:
            paths = [task.preview_path]
        if paths != self._paths:
            self._paths = paths
            self._pictures.clear()
            with self._pictures:
                for path in paths:
                    SignedImage(board.member.media, path, "task__picture", alt=str(wish.get("prompt", "")), lazy=False)
        self._prompt.text = str(wish.get("prompt", ""))
        self._badge.text = words.badge
        self._badge.classes(remove="badge--wait badge--fail", add=f"badge--{words.tone}" if words.tone else "")
        self._badge.set_visibility(bool(words.badge))
        self._said.text = words.text
        self._cancel.set_visibility(board.may_edit and running)
        self._run.set_visibility(board.may_edit and not running)
        self._run.text = "Run again" if task.job_id else "Run"

    def _on_run(self) -> None:
        if self._id is not None:
            self._board.run(self._id)

    def _on_cancel(self) -> None:
        if self._id is not None:
            self._board.cancel(self._id)

    def _name(self, who: UUID) -> str:
        profile = self._people.get(who)
        return profile.display_name if profile else "Somebody new"

    # Editing -------------------------------------------------------------------------------------------------------

    def _move(self) -> None:
        task = self.task
        if not self._loading and task is not None and self._status.value not in (None, task.status):
            self._board.move(task.id, cast("Status", self._status.value))

    def _save(self, name: str) -> None:
        task = self.task
        field = self._title if name == "title" else self._description
        value = str(field.value or "").strip()
        if task is None or value == getattr(task, name) or not self._board.may_edit:
            return
        if name == "title" and not value:
            field.value = task.title
            return
        self._edit(**{name: value})

    def _assign(self) -> None:
        self._choose("assignee", self._assignee.value)

    def _set_shot(self) -> None:
        self._choose("shot_id", self._shot.value)

    def _choose(self, name: str, value: object) -> None:
        if not self._loading and self.task is not None:
            chosen = UUID(str(value)) if value else None
            if chosen != getattr(self.task, name):
                self._edit(**{name: chosen})

    def _set_due(self) -> None:
        if self._loading or self.task is None:
            return
        try:
            day = date.fromisoformat(str(self._due.value)) if self._due.value else None
        except ValueError:
            return  # it is being typed
        if day != self.task.due_date:
            self._edit(due_date=day)

    def _set_labels(self) -> None:
        if self._loading or self.task is None:
            return
        labels = [str(label).strip()[:30] for label in self._labels.value or [] if str(label).strip()][:10]
        if labels != list(self.task.labels):
            self._edit(labels=labels)

    def _edit(self, **changes: Any) -> None:
        if self._id is not None:
            self._board.edit(self._id, **changes)

    def _end_talk(self) -> None:
        if self._rest is not None:
            self._rest()
            self._rest = None
        if self._talk is not None:
            self._talk.end()
            self._talk = None
        if not self.is_deleted:
            self._comments.clear()

    def _closed(self) -> None:
        self._id = self._known = None
        self._end_talk()
        ui.navigate.history.replace(f"{self._path}?{urlencode({'team': str(self._board.id)})}")
