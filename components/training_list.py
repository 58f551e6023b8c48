"""The trainings, the datasets and the models of a member, each a list of links to the one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from components.freshness_note import FreshnessNote
from components.island import Island
from components.live_list import LiveList
from components.model_list import ModelRow
from components.region_state import RegionState
from components.signed_image import SignedImage
from components.tag import Tag
from components.theme import ICON
from components.training_words import describe
from state.media import Media
from state.models import Dataset, Model, TrainingJob
from state.sync.mutation import Pending
from state.sync.rows import Rows
from state.sync.view import View
from state.training import MAX_IMAGES, MIN_IMAGES, Training

PATH = "/training"


def run_path(job_id: object) -> str:
    """The page of one training."""
    return f"{PATH}?run={job_id}"


def dataset_path(dataset_id: object) -> str:
    """The page of one dataset."""
    return f"{PATH}?dataset={dataset_id}"


class _Link:
    """A row that leads somewhere; `chosen` marks the one that is shown."""

    def __init__(self, path: str, chosen: bool) -> None:
        with Island("li").classes("training__row") as self.element:
            self.link = ui.link(target=path).classes("training__link")
            if chosen:
                self.link.props("aria-current=true")


class RunRow(_Link):
    """A training: its name, what it does, how far it is."""

    def __init__(self, job: TrainingJob, pending: Pending | None, chosen: object) -> None:
        super().__init__(run_path(job.id), str(job.id) == chosen)
        with self.link, ui.element("div").classes("training__words"):
            Tag("span", job.name, "truncate-1 strong")
            with ui.element("div").classes("training__state"):
                self._badge = Tag("span", "", "badge")
                self._text = Tag("span", "", "meta truncate-1")
            with ui.element("div").classes("bar").props("aria-hidden=true") as self._bar:
                ui.element("div").classes("bar__fill")
        self._tone = ""
        self.update(job, pending)

    def update(self, job: TrainingJob, pending: Pending | None) -> None:
        """Show this state."""
        words = describe(job, pending)
        self._badge.text, self._text.text = words.badge, words.text
        if words.tone != self._tone:
            self._badge.classes(remove=f"badge--{self._tone}", add=f"badge--{words.tone}" if words.tone else "")
            self._tone = words.tone
        self._bar.set_visibility(job.status == "active")
        self._bar.style(f"--done:{job.progress / 100:.2f}")


class DatasetRow(_Link):
    """A dataset: its first image, its name, how many there are."""

    def __init__(self, dataset: Dataset, pending: Pending | None, chosen: object, pictures: Media) -> None:
        super().__init__(dataset_path(dataset.id), str(dataset.id) == chosen)
        self._pictures = pictures
        with self.link:
            with ui.element("div").classes("training__cover") as self._cover:
                ui.icon(f"{ICON}photo_library").props("aria-hidden=true")
            with ui.element("div").classes("training__words"):
                self._name = Tag("span", "", "truncate-1 strong")
                self._count = Tag("span", "", "meta")
        self._image: SignedImage | None = None
        self.update(dataset, pending)

    def update(self, dataset: Dataset, pending: Pending | None) -> None:
        """Show this state."""
        self._name.text = dataset.name
        self._count.text = pending.failed if pending and pending.failed else images(dataset.image_count)
        if dataset.cover_path is None:
            if self._image is not None:
                self._image.delete()
                self._image = None
        elif self._image is None:
            with self._cover:
                self._image = SignedImage(self._pictures, dataset.cover_path, "training__thumb")
        else:
            self._image.show(dataset.cover_path)


def images(count: int) -> str:
    """No images yet, 1 image, 12 images."""
    return "No images yet" if not count else "1 image" if count == 1 else f"{count} images"


class TrainingLists(ui.element):
    """The lists, one above the other. `chosen` is the id of what is shown beside them; `create` and `begin` make new ones,
    `delete` deletes a model."""

    def __init__(
        self, training: Training, chosen: str, *, create: Callable[[], Any], begin: Callable[[], Any],
        delete: Callable[[Model], Any],
    ) -> None:  # fmt: skip
        super().__init__("aside")
        self.classes("training__lists").props('aria-label="Trainings, datasets and models"')
        jobs, datasets = training.jobs, training.datasets
        with self:
            self._region(
                "Trainings", "New training", begin, jobs, training.jobs_view,
                lambda job, pending: RunRow(job, pending, chosen),
                "No trainings yet. Collect some images in a dataset, then train a model on it.",
            )  # fmt: skip
            self._region(
                "Datasets", "New dataset", create, datasets, training.datasets_view,
                lambda dataset, pending: DatasetRow(dataset, pending, chosen, training.pictures),
                f"No datasets yet. One holds {MIN_IMAGES} to {MAX_IMAGES} images of what a model shall learn.",
            )  # fmt: skip
            self._region(
                "Models", "", begin, training.models, training.models_view,
                lambda model, pending: ModelRow(model, pending, training=training, delete=delete), "",
            )  # fmt: skip

    def _region(
        self, title: str, new: str, make: Callable[[], Any], rows: Rows[Any], view: View,
        build: Callable[[Any, Pending | None], Any], empty: str,
    ) -> None:  # fmt: skip
        with Island("section").props(f"aria-label={title} role=region") as section:
            with ui.element("h2").classes("section-title"):
                Tag("span", title)
                count = Tag("b", "", "num")
                FreshnessNote(lambda: view.freshness)
                if new:
                    end = ui.element("span").classes("end")
                    with end:
                        ui.button(new, icon=f"{ICON}add", color=None, on_click=make).props("flat").classes("btn--bare")
            with ui.element("div").classes("card card--flush"):
                box = ui.element("ul").classes("divided training__rows")
                state = RegionState(rows, skeleton=_skeleton, empty=empty)

            def changed() -> None:
                shown = len(rows.rows)
                count.text = f"{shown:,}" if rows.phase == "ready" else ""
                box.set_visibility(shown > 0)
                state.show(shown)
                section.set_visibility(bool(new or shown))  # what one cannot make here is not missed

            LiveList(rows, build, box, changed=changed)
            changed()


def _skeleton() -> None:
    for _ in range(2):
        with ui.element("div").classes("training__link"), ui.element("div").classes("training__words"):
            ui.element("div").classes("skeleton skeleton--line")
            ui.element("div").classes("skeleton skeleton--short")
