"""The queue: what is being made and what waits, first to last, with those of others that everybody may see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from nicegui import ui

from components.counter import Counter
from components.freshness_note import FreshnessNote
from components.island import Island
from components.job_row import JobRow
from components.live_list import LiveList
from components.region_state import RegionState
from components.tag import Tag
from state.generation import Studio
from state.models import Job, Profile
from state.sync.mutation import Pending
from state.sync.rows import Rows

TICK_S = 1.0  # how often the seconds that are left are said again
SKELETONS = 2


class Queue(Island):
    """The region "Queue". `begin` is what the empty queue offers: a label and what it does."""

    def __init__(self, studio: Studio, people: Rows[Profile], *, begin: tuple[str, Callable[[], Any]]) -> None:
        super().__init__("section")
        self.classes("queue").props("aria-label=Queue role=region")
        self._studio, self._people = studio, people
        self._order: list[tuple[UUID, str]] = []
        with self:
            with ui.element("h2").classes("section-title"):
                Tag("span", "Queue")
                self._count = Counter()
                FreshnessNote(lambda: studio.queue_view.freshness)
            with ui.element("div").classes("card card--flush queue__card"):
                rows = ui.element("ul").classes("queue__rows divided")
                self._state = RegionState(
                    studio.queue,
                    skeleton=self._draw_skeleton,
                    empty="Nothing is being made right now.",
                    action=begin,
                )
            self._timer = ui.timer(TICK_S, self._tick, active=False)
            self._list: LiveList[Job, JobRow] = LiveList(studio.queue, self._row, rows, changed=self._changed)
        self._changed()

    def _row(self, job: Job, pending: Pending | None) -> JobRow:
        return JobRow(job, pending, studio=self._studio, people=self._people)

    def _changed(self) -> None:
        jobs = self._studio.queue.rows
        if self._studio.queue.phase == "ready":
            waiting = sum(job.status in ("waiting", "active") for job in jobs)
            self._count.set(waiting, "" if self._studio.queue.complete else "+")
        self._state.show(len(jobs))
        order = [(job.id, job.status) for job in jobs]
        if order != self._order:  # most batches are progress, and leave everybody in their place
            self._order = order
            places = self._studio.line()
            for job, row in zip(jobs, self._list.items.values(), strict=True):
                row.stand(places.get(job.id))
        self._timer.active = any(row.counts_down for row in self._list.items.values())

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
