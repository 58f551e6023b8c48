"""One dataset: its name, where images are dropped, those on their way, and those that are there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from components.drop_zone import DropZone
from components.freshness_note import FreshnessNote
from components.icon_button import IconButton
from components.island import Island
from components.live_list import LiveList
from components.region_state import RegionState
from components.signed_image import SignedImage
from components.tag import Tag
from components.theme import ICON
from components.training_list import images
from components.upload_rows import UploadRows
from state.media import Media
from state.models import Dataset, DatasetImage
from state.sync.mutation import Pending
from state.training import MAX_IMAGES, MAX_NAME, MIN_IMAGES, Album, Training
from state.uploads import Read


class _Image:
    """One image of the grid."""

    def __init__(self, image: DatasetImage, pictures: Media, remove: Callable[[DatasetImage], Any]) -> None:
        with Island("li").classes("dataset__shot") as self.element:
            self.element.style(f"--mean:{image.colour}").props["title"] = (
                f"{image.name} · {image.width} × {image.height}"
            )
            SignedImage(pictures, image.thumb_path, "dataset__picture", alt=image.name)
            IconButton("close", f"Remove {image.name}", lambda: remove(image), "dataset__remove")

    def update(self, image: DatasetImage, pending: Pending | None) -> None:
        """Images do not change."""


class DatasetEditor(ui.element):
    """The region of one dataset. `train` begins a training on it, `delete` and `remove` offer to undo, `tell` says what failed."""

    def __init__(
        self, training: Training, album: Album, dataset: Dataset, *, train: Callable[[], Any],
        delete: Callable[[Dataset], Any], remove: Callable[[DatasetImage], Any], tell: Callable[[str], Any],
    ) -> None:  # fmt: skip
        super().__init__("section")
        self.classes("dataset").props("aria-label=Dataset role=region")
        self._training, self._album, self._dataset, self._tell = training, album, dataset, tell
        with self:
            with Island("div").classes("run__head"):
                self._name = ui.input(value=dataset.name).classes("field--bare dataset__name")
                self._name.props(f'borderless dense maxlength={MAX_NAME} aria-label="Name of the dataset"')
                self._name.on("blur", self._rename, args=[])
                self._name.on("keydown.enter", lambda: self._name.run_method("blur"), args=[])
                with ui.element("div").classes("run__actions"):
                    self._train = ui.button("Train a model", icon=f"{ICON}model_training", color=None, on_click=train)
                    self._train.props("unelevated").classes("btn--primary")
                    remove_all = ui.button(icon=f"{ICON}delete", color=None, on_click=lambda: delete(self._dataset))
                    remove_all.props('flat aria-label="Delete this dataset"').classes("btn--icon")
            DropZone(self._take, tell, MAX_IMAGES).props('aria-label="Drop images here"')
            UploadRows(album.uploads)
            with Island("div").classes("dataset__images"):
                with ui.element("h3").classes("section-title"):
                    Tag("span", "Images")
                    self._count = Tag("b", "", "num")
                    self._hint = Tag("span", "", "meta")
                    FreshnessNote(lambda: album.view.freshness)
                grid = ui.element("ul").classes("dataset__grid")
                self._state = RegionState(
                    album.images,
                    skeleton=_skeleton,
                    empty=f"No images yet. Drop {MIN_IMAGES} to {MAX_IMAGES} that share a look: that is what a model learns.",
                )
                self._list: LiveList[DatasetImage, _Image] = LiveList(
                    album.images, lambda image, _: _Image(image, training.pictures, remove), grid, changed=self._changed
                )
        self.client.on_delete(training.datasets.subscribe(lambda _: None if self.is_deleted else self._follow()))
        self._changed()

    def _take(self, name: str, size: int, read: Read) -> None:
        upload = self._album.add(name, size, read)
        if upload.stage == "failed" and not any(upload is other for other in self._album.uploads):
            self._tell(f"{name}: {upload.error}")

    def _rename(self) -> None:
        name = (self._name.value or "").strip()
        if not name:
            self._name.value = self._dataset.name
        elif name != self._dataset.name:
            self._training.rename_dataset(self._dataset.id, name)

    def _follow(self) -> None:
        row = self._training.datasets.get(self._dataset.id)
        self.set_visibility(row is not None)
        if row is None:
            return
        if row.name != self._dataset.name and self._name.value == self._dataset.name:
            self._name.value = row.name  # called something else in another tab
        self._dataset = row

    def _changed(self) -> None:
        count = len(self._album.images.rows)
        self._count.text = f"{count}" if self._album.images.phase == "ready" else ""
        missing = MIN_IMAGES - count
        self._hint.text = f"{images(missing)} more to train on it" if 0 < missing < MIN_IMAGES else ""
        self._train.set_enabled(missing <= 0)
        self._state.show(count)


def _skeleton() -> None:
    with ui.element("div").classes("dataset__grid"):
        for _ in range(6):
            ui.element("div").classes("dataset__shot skeleton")
