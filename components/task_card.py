"""A task on the board: its title, what is being made of it, whose it is, and who has it in their hands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nicegui import ui

from components.avatar import Avatar
from components.icon_button import IconButton
from components.island import Island
from components.signed_image import SignedImage
from components.tag import Tag
from components.task_words import describe, due
from components.theme import ICON
from state.generation import first_name

if TYPE_CHECKING:
    from state.board import Board
    from state.models import Profile, Task
    from state.sync.mutation import Pending
    from state.sync.rows import Rows

MOST_LABELS = 3


@dataclass(frozen=True)
class CardHost:
    """What a card needs of the board it is on. `menu` opens beside the element."""

    board: Board
    people: Rows[Profile]
    open: Callable[[Task], None]
    menu: Callable[[Task, ui.element], None]


class TaskCard:
    """One card of a column."""

    def __init__(self, task: Task, pending: Pending | None, *, host: CardHost) -> None:
        self.task, self._pending, self._host = task, pending, host
        self._holder = ""
        self._picture: SignedImage | None = None
        self._labels: list[str] = []
        with Island("li").classes("task") as self.element:
            self.element.props["data-item"] = str(task.id)
            self.element.props["data-kind"] = "task"
            self._thumb = ui.element("div").classes("task__thumb")
            self._marks = ui.element("div").classes("task__labels")
            self._open = Tag("button", task.title, "task__open").props("type=button data-open")
            self._open.on("click", lambda: host.open(self.task), args=[])
            with ui.element("div").classes("task__state") as self._state:
                self._badge = Tag("span", "", "badge")
                self._text = Tag("span", "", "meta")
            with (
                ui.element("div")
                .classes("bar")
                .props('role=progressbar aria-label="Progress" aria-valuemin=0 aria-valuemax=100') as self._bar
            ):
                ui.element("div").classes("bar__fill")
            with ui.element("div").classes("task__foot"):
                with ui.element("span").classes("task__fact meta") as self._shot:
                    ui.icon(f"{ICON}movie").props("aria-hidden=true")
                    self._shot_name = Tag("span", "", "truncate-1")
                self._due = Tag("span", "", "task__due meta num")
                self._run = IconButton("play_arrow", "Run", self._on_run, "task__act").props("data-still")
                self._stop = IconButton("stop", "Cancel", self._on_stop, "task__act").props("data-still")
                self._avatar = Avatar()
                self._whose = Tag("span", "", "sr-only")
            self._more = IconButton("more_horiz", "More", self._on_menu, "task__act task__more")
            self._more.props("data-still aria-haspopup=menu")
            self._held = Tag("span", "", "task__held")
        self.update(task, pending)

    def update(self, task: Task, pending: Pending | None) -> None:
        """As `Item` says."""
        self.task, self._pending = task, pending
        self.show()

    def show(self) -> None:
        """Show this state; only what became different is sent."""
        task, board = self.task, self._host.board
        running = board.running(task)
        words = describe(task, self._pending, running=running)
        self._open.text = task.title
        self._badge.text = words.badge
        self._badge.classes(
            remove="badge--wait badge--fail badge--live", add=f"badge--{words.tone}" if words.tone else ""
        )
        self._badge.set_visibility(bool(words.badge))
        self._text.text = words.text
        self._state.set_visibility(bool(words.badge or words.text))
        active = task.type == "render" and task.status == "in_progress"
        if active:
            self._bar.style(f"--done:{task.progress / 100:.2f}").props["aria-valuenow"] = task.progress
        self._bar.set_visibility(active)
        self._show_picture()
        self._show_labels()
        shot = board.shots.get(task.shot_id) if task.shot_id else None
        self._shot_name.text = shot.name if shot else ""
        self._shot.set_visibility(shot is not None)
        self._show_due()
        profile = self._host.people.get(task.assignee) if task.assignee else None
        self._avatar.set_visibility(task.assignee is not None)
        self._avatar.show(profile)
        self._whose.text = f"For {profile.display_name}" if profile else ""
        render = task.type == "render" and board.may_edit
        self._run.set_visibility(render and not running)
        again = "Run again" if task.job_id else "Run"
        if self._run.props.get("aria-label") != again:
            self._run.rename(again)
            self._run.text = "replay" if task.job_id else "play_arrow"
        self._stop.set_visibility(render and running)
        self._more.set_visibility(board.may_edit)
        if board.may_edit:
            self.element.props["data-movable"] = ""
        else:
            self.element.props.pop("data-movable", None)
        self._show_holder()

    def _show_holder(self) -> None:
        who = self._host.board.holding.held.get(self.task.id)
        name = f"{first_name(self._host.people.get(who))} is moving this" if who else ""
        if name != self._holder:
            self._holder = name
            self._held.text = name
            self.element.classes(add="task--held" if name else "", remove="" if name else "task--held")
        self._held.set_visibility(bool(name))

    def _show_picture(self) -> None:
        made = self._host.board.made_of(self.task) if self.task.status == "completed" else []
        path = made[0].poster_path if made else self.task.preview_path
        if path is None:
            self._thumb.clear()
            self._picture = None
        elif self._picture is None:
            with self._thumb:
                self._picture = SignedImage(self._host.board.member.media, path, "task__picture")
        else:
            self._picture.show(path)
        self._thumb.set_visibility(path is not None)

    def _show_labels(self) -> None:
        labels = list(self.task.labels)
        if labels != self._labels:
            self._labels = labels
            self._marks.clear()
            with self._marks:
                for label in labels[:MOST_LABELS]:
                    Tag("span", label, "label truncate-1")
                if len(labels) > MOST_LABELS:
                    Tag("span", f"+{len(labels) - MOST_LABELS}", "label num").props["title"] = ", ".join(labels)
        self._marks.set_visibility(bool(labels))

    def _show_due(self) -> None:
        self._due.text, late = due(self.task, datetime.now(UTC).date())
        self._due.set_visibility(bool(self._due.text))
        self._due.classes(add="tone-wait" if late else "", remove="" if late else "tone-wait")

    def _on_run(self) -> None:
        self._host.board.run(self.task.id)

    def _on_stop(self) -> None:
        self._host.board.cancel(self.task.id)

    def _on_menu(self) -> None:
        self._host.menu(self.task, self._more)
