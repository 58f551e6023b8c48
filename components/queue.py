"""The queue: what is being made and what waits, first to last, with those of others that everybody may see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from nicegui import ui
from nicegui.events import GenericEventArguments

from components.counter import Counter
from components.freshness_note import FreshnessNote
from components.island import Island
from components.job_menu import JobMenu
from components.job_row import JobRow
from components.live_list import LiveList
from components.naming import follow_names
from components.queue_controls import PausedNote, QueueButtons
from components.region_state import RegionState
from components.tag import Tag
from state.generation import Studio
from state.models import Job, Profile
from state.queue import OwnQueue
from state.sync.mutation import Pending
from state.sync.rows import Rows

TICK_S = 1.0  # how often the seconds that are left are said again
SKELETONS = 2
DRAG = "(event) => starling.dragJob(event, (move) => emit(move))"
STEP = "(event) => starling.stepJob(event, (move) => emit(move))"


class Queue(Island):
    """The region "Queue". `begin` is what the empty queue offers: a label and what it does; `own` is a member's, who may
    pause it and put it in order; `buttons` does what its head offers."""

    def __init__(
        self,
        studio: Studio,
        people: Rows[Profile],
        *,
        begin: tuple[str, Callable[[], Any]],
        own: OwnQueue | None = None,
    ) -> None:
        super().__init__("section")
        self.classes("queue").props("aria-label=Queue role=region")
        self._studio, self._people = studio, people
        self._own = own
        self._order: tuple[Any, ...] = ()
        self.buttons: QueueButtons | None = None
        self._note: PausedNote | None = None
        self._menu: JobMenu | None = None
        with self:
            with ui.element("h2").classes("section-title"):
                Tag("span", "Queue")
                self._count = Counter()
                FreshnessNote(lambda: studio.queue_view.freshness)
                if own is not None:
                    self.buttons = QueueButtons(own)
            with ui.element("div").classes("card card--flush queue__card"):
                if own is not None:
                    self._note = PausedNote(own)
                    self._menu = JobMenu(own, self._step, studio.cancel)
                rows = ui.element("ul").classes("queue__rows divided")
                if own is not None:
                    rows.on("pointerdown", self._on_drop, js_handler=DRAG)
                    rows.on("keydown", self._on_step, js_handler=STEP)
                self._state = RegionState(
                    studio.queue,
                    skeleton=self._draw_skeleton,
                    empty="Nothing is being made right now.",
                    action=begin,
                )
            self._said = Tag("div", "", "sr-only").props("aria-live=polite")
            self._timer = ui.timer(TICK_S, self._tick, active=False)
            self._list: LiveList[Job, JobRow] = LiveList(studio.queue, self._row, rows, changed=self._changed)
        if own is not None:
            self.client.on_delete(own.rows.subscribe(lambda _: self._changed()))
        follow_names(people, lambda: self._list.items.values(), self)
        self._changed()

    def _row(self, job: Job, pending: Pending | None) -> JobRow:
        return JobRow(job, pending, studio=self._studio, people=self._people, menu=self._menu)

    def _changed(self) -> None:
        jobs = self._studio.queue.rows
        if self._studio.queue.phase == "ready":
            waiting = sum(job.status in ("waiting", "active") for job in jobs)
            self._count.set(waiting, "" if self._studio.queue.complete else "+")
        self._state.show(len(jobs))
        if self.buttons and self._note:
            self.buttons.show()
            self._note.show()
        paused = self._own is not None and self._own.paused
        order = (paused, *((job.id, job.status, job.held) for job in jobs))
        if order != self._order:  # most batches are progress, and leave everybody in their place
            self._order = order
            places = self._own.line() if self._own is not None else self._studio.line()
            for job, row in zip(jobs, self._list.items.values(), strict=True):
                held = paused if self._studio.mine(job) else job.held
                row.stand(places.get(job.id), held=held)
        self._timer.active = any(row.counts_down for row in self._list.items.values())

    def _on_drop(self, event: GenericEventArguments) -> None:
        job_id, before = _uuid(event.args.get("job")), _uuid(event.args.get("before"))
        if self._own is not None and job_id is not None and self._own.move(job_id, before):
            self._tell(job_id)

    def _on_step(self, event: GenericEventArguments) -> None:
        job_id, by = _uuid(event.args.get("job")), event.args.get("by")
        if job_id is not None and isinstance(by, int):
            self._step(job_id, by)

    def _step(self, job_id: UUID, by: int) -> None:
        if self._own is not None and self._own.step(job_id, by):
            self._tell(job_id)

    def _tell(self, job_id: UUID) -> None:
        """For those who do not see it move."""
        assert self._own is not None
        line = [job.id for job in self._own.waiting]
        self._said.text = f"Now {line.index(job_id) + 1} of your {len(line)} that wait" if job_id in line else ""

    def _tick(self) -> None:
        for row in self._list.items.values():
            row.tick()

    def _draw_skeleton(self) -> None:
        for _ in range(SKELETONS):
            with ui.element("div").classes("job"):
                ui.element("div").classes("job__thumb skeleton")
                with ui.element("div").classes("job__words"):
                    ui.element("div").classes("skeleton skeleton--line")
                    ui.element("div").classes("skeleton skeleton--short")


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None
