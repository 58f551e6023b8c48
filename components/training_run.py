"""One training: its curve, its numbers, what the model draws at each checkpoint, and the model when it is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from nicegui import ui

from components.freshness_note import FreshnessNote
from components.island import Island
from components.loss_chart import LossChart
from components.prompt_chips import stripes
from components.signed_image import SignedImage
from components.tag import Tag
from components.theme import ICON, Mode
from components.training_list import dataset_path
from components.training_words import describe, loss, rate, time_left, time_taken
from state.credits import credits
from state.media import Media
from state.models import Model, TrainingJob
from state.sync.mutation import Pending
from state.sync.rows import Rows
from state.training import OPEN, Run, Training, checkpoints

TICK_S = 1.0


class TrainingRun(ui.element):
    """The region of one training. `gone` is called when it is deleted here, `go` leads to another page."""

    def __init__(
        self, training: Training, run: Run, job: TrainingJob, *, models: Rows[Model], media: Media, mode: Mode,
        delete: Callable[[TrainingJob], Any], go: Callable[[UUID], Any],
    ) -> None:  # fmt: skip
        super().__init__("section")
        self.classes("run").props('aria-label="Training" role=region')
        self._training, self._run, self._models, self._media = training, run, models, media
        self._id, self._delete, self._go = job.id, delete, go
        self._job = job
        self._told = time.monotonic()
        self._shown_steps: list[tuple[int, str]] | None = None
        with self:
            self._head()
            with Island("div").classes("card run__card"):
                self._numbers = self._figures()
                with ui.element("div").classes("run__stage"):
                    self._chart = LossChart(job.total_steps, mode)
                    self._no_curve = Tag("p", "", "secondary run__nothing")
                with (
                    ui.element("div")
                    .classes("bar run__bar")
                    .props('role=progressbar aria-label="Progress" aria-valuemin=0 aria-valuemax=100') as self._bar
                ):
                    ui.element("div").classes("bar__fill")
            with Island("div").classes("run__made"):
                self._model = ui.element("div").classes("card run__model")
                with ui.element("div").classes("run__checkpoints"):
                    with ui.element("h3").classes("section-title"):
                        Tag("span", "Checkpoints")
                        Tag("span", f"“{job.sample_prompt}”", "meta truncate-1 run__sample")
                    self._strip = ui.element("ul").classes("run__strip")
                    self._no_checkpoint = Tag("p", "", "secondary")
            self._facts()
        self._timer = ui.timer(TICK_S, self._tick, active=False)
        for rows, follow in ((training.jobs, self._follow), (run.metrics, self._draw), (models, self._follow)):
            self.client.on_delete(rows.subscribe(partial(self._hear, follow)))
        self._known_model: Model | None = None
        self._follow()
        self._draw()

    # Its parts ---------------------------------------------------------------------------------------------------------

    def _head(self) -> None:
        with Island("div").classes("run__head"):
            with ui.element("div").classes("run__title"):
                Tag("h2", self._job.name, "run__name truncate-1")
                with ui.element("div").classes("training__state").props("role=status"):
                    self._badge = Tag("span", "", "badge")
                    self._said = Tag("span", "", "secondary run__text")
                    FreshnessNote(lambda: self._run.view.freshness)
            with ui.element("div").classes("run__actions"):
                self._retry = ui.button("Retry", icon=f"{ICON}refresh", color=None, on_click=self._on_retry).props(
                    "flat"
                )
                self._cancel = ui.button("Cancel", icon=f"{ICON}close", color=None, on_click=self._on_cancel).props(
                    "flat"
                )
                self._remove = ui.button(icon=f"{ICON}delete", color=None, on_click=lambda: self._delete(self._job))
                self._remove.props('flat aria-label="Delete this training"').classes("btn--icon")

    def _figures(self) -> dict[str, Tag]:
        figures: dict[str, Tag] = {}
        with ui.element("dl").classes("run__figures"):
            for name in ("Loss", "Step", "Learning rate", "Time left"):
                with ui.element("div"):
                    self._time = Tag("dt", name, "meta")  # the last one is called something else in the end
                    figures[name] = Tag("dd", "–", "run__figure num")
        return figures

    def _facts(self) -> None:
        job = self._job
        with ui.element("dl").classes("run__facts"):
            for name, value in (
                ("Steps", f"{job.total_steps:,}"),
                ("Peak learning rate", rate(job.learning_rate)),
                ("Model", "Everybody may use it" if job.visibility == "public" else "Only you may use it"),
                ("Cost", credits(job.cost)),
            ):
                Tag("dt", name)
                Tag("dd", value, "num")
            if job.dataset_id is not None:
                Tag("dt", "Dataset")
                with ui.element("dd"):
                    dataset = self._training.datasets.get(job.dataset_id)
                    ui.link(dataset.name if dataset else "Open", dataset_path(job.dataset_id)).classes("link")

    def _hear(self, follow: Callable[[], None], _: object) -> None:
        if not self.is_deleted:
            follow()

    # What it shows -----------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        job = self._training.jobs.get(self._id)
        self.set_visibility(job is not None)
        if job is None:
            return
        if (job.progress, job.eta_s) != (self._job.progress, self._job.eta_s):
            self._told = time.monotonic()
        self._job = job
        pending = self._training.jobs.pending(self._id)
        self._tick(pending)
        failed = bool(pending and pending.failed)
        self._cancel.set_visibility(job.status in OPEN)
        self._cancel.text = "Discard" if failed else "Cancel"
        self._retry.set_visibility(failed or job.status in ("failed", "cancelled"))
        self._remove.set_visibility(job.status not in OPEN)
        self._numbers["Loss"].text = loss(job.loss)
        self._numbers["Step"].text = f"{job.current_step:,} / {job.total_steps:,}"
        self._bar.set_visibility(job.status == "active")
        self._bar.style(f"--done:{job.progress / 100:.2f}").props["aria-valuenow"] = job.progress
        self._timer.active = job.status == "active" and job.eta_s is not None
        self._show_checkpoints(job)
        self._show_model(job)

    def _tick(self, pending: Pending | None = None) -> None:
        elapsed = time.monotonic() - self._told
        words = describe(self._job, pending or self._training.jobs.pending(self._id), elapsed_s=elapsed)
        if self._badge.text != words.badge:
            self._badge.classes(
                remove="badge--live badge--fail badge--wait badge--brand",
                add=f"badge--{words.tone}" if words.tone else "",
            )
        self._badge.text = words.badge
        self._said.text = words.text
        took = time_taken(self._job)
        self._time.text = "Took" if took else "Time left"
        self._numbers["Time left"].text = took or time_left(self._job, elapsed).removesuffix(" left") or "–"

    def _draw(self) -> None:
        points = self._run.metrics.rows
        self._chart.show(points)
        # It has its place all the while: one that had none would be drawn a hundred pixels wide at first.
        self._chart.style(f"visibility:{'visible' if points else 'hidden'}")
        self._no_curve.set_visibility(not points)
        if points:
            self._numbers["Learning rate"].text = rate(points[-1].learning_rate)
        elif self._run.metrics.phase == "failed":
            self._no_curve.text = f"{self._run.metrics.error} Starling keeps trying."
        else:
            self._no_curve.text = "The curve begins with the first steps."

    def _show_checkpoints(self, job: TrainingJob) -> None:
        made = checkpoints(job)
        shown = [(checkpoint.step, checkpoint.path) for checkpoint in made]
        self._no_checkpoint.set_visibility(not made)
        self._no_checkpoint.text = (
            "What the model draws appears here, four times on the way." if job.status in OPEN else "There are none."
        )
        if shown == self._shown_steps:
            return
        known = self._shown_steps or []
        if shown[: len(known)] != known:  # another attempt
            self._strip.clear()
            known = []
        new = " arrive" if self._shown_steps is not None else ""  # what was there when the page was made is no news
        with self._strip:
            for step, path in shown[len(known) :]:
                with ui.element("li").classes("run__checkpoint" + new):
                    SignedImage(self._media, path, "run__picture", alt=f"{job.sample_prompt}, after {step:,} steps")
                    Tag("span", f"Step {step:,}", "meta num")
        self._shown_steps = shown

    def _show_model(self, job: TrainingJob) -> None:
        model = next((m for m in self._models.rows if m.id == job.model_id), None) if job.model_id else None
        self._model.set_visibility(model is not None)
        if model is None or model == self._known_model:
            return
        self._known_model = model
        self._model.clear()
        with self._model:
            ui.element("i").classes("run__palette").props("aria-hidden=true").style(
                f"background:{stripes(model.style)}"
            )
            with ui.element("div").classes("training__words"):
                Tag("span", model.name, "strong truncate-1")
                Tag("span", f"{model.description}. It draws in the palette and texture of your images.", "meta")
            with ui.link(target=f"/studio?model={model.slug}").classes("action run__use"):
                Tag("span", "Use in the studio")

    # What one does -----------------------------------------------------------------------------------------------------

    def _on_retry(self) -> None:
        again = self._training.retry(self._id)
        if again != self._id:
            self._go(again)

    def _on_cancel(self) -> None:
        self._training.cancel(self._id)
