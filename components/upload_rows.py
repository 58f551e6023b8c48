"""Files on their way into a dataset: how far each is, why one failed, and what one can do about it."""

from __future__ import annotations

from uuid import UUID

from nicegui import ui

from components.icon_button import IconButton
from components.island import Island
from components.tag import Tag
from state.uploads import Upload, Uploads

SAID = {"waiting": "Waiting", "checking": "Checking", "storing": "Storing"}


class UploadRow:
    """One file."""

    def __init__(self, upload: Upload, uploads: Uploads) -> None:
        self._upload = upload
        with Island("li").classes("upload") as self.element:
            with ui.element("div").classes("upload__words"):
                Tag("span", upload.name, "truncate-1")
                self._text = Tag("span", "", "meta num upload__text")
                with (
                    ui.element("div")
                    .classes("bar")
                    .props('role=progressbar aria-label="Progress" aria-valuemin=0 aria-valuemax=100') as self._bar
                ):
                    ui.element("div").classes("bar__fill")
            self._retry = IconButton("refresh", "Try again", lambda: uploads.retry(upload))
            self._drop = IconButton("close", "Dismiss", lambda: uploads.discard(upload))
        self.show()

    def show(self) -> None:
        """Say where it is now."""
        upload, failed = self._upload, self._upload.stage == "failed"
        self._text.text = upload.error if failed else f"{SAID[upload.stage]} · {upload.percent} %"
        self._text.classes(
            add="upload__text--failed" if failed else "", remove="" if failed else "upload__text--failed"
        )
        self._bar.set_visibility(not failed)
        self._bar.style(f"--done:{upload.percent / 100:.2f}").props["aria-valuenow"] = upload.percent
        self._retry.set_visibility(failed and not upload.hopeless)
        self._drop.set_visibility(failed)


class UploadRows(Island):
    """All of them; nothing while there are none."""

    def __init__(self, uploads: Uploads) -> None:
        super().__init__("ul")
        self.classes("card card--flush divided uploads").props("aria-label=Uploads")
        self._uploads = uploads
        self._rows: dict[UUID, UploadRow] = {}
        self.client.on_delete(uploads.changed.subscribe(self._follow))
        for upload in uploads:
            self._follow(upload)
        self.set_visibility(bool(self._rows))

    def _follow(self, upload: Upload) -> None:
        if self.is_deleted:
            return
        here = any(upload is other for other in self._uploads)
        if here and upload.id not in self._rows:
            with self:
                self._rows[upload.id] = UploadRow(upload, self._uploads)
        elif here:
            self._rows[upload.id].show()
        elif (row := self._rows.pop(upload.id, None)) is not None:
            row.element.delete()
        self.set_visibility(bool(self._rows))
