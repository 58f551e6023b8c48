"""Uploads: files on their way into a dataset. Each is looked at, entered, stored, and said to be there.

U1  A file is stored under an image that was entered for it, and counts once all of it is there.
U2  What failed stays, with a sentence, until it is tried again or given up; trying again does not enter it twice.
U3  A few go at a time, and no more than `MAX_FILES` wait: what is over that is turned away with a sentence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, Literal, TypeAlias
from uuid import UUID, uuid4

from state.api import Api
from state.errors import StateError
from state.images import MAX_BYTES, NotAnImage, inspect
from state.signal import Signal
from state.tasks import Tasks

BUCKET = "datasets"
AT_A_TIME = 2
MAX_FILES = 200
_STORED = 96  # percent when the file is there, and its thumbnail is not yet

Stage: TypeAlias = Literal["waiting", "checking", "storing", "failed"]
Read: TypeAlias = Callable[[], Awaitable[bytes]]

_looking = asyncio.Semaphore(1)  # decoding takes memory: one at a time in this process


class Upload:
    """One file. `percent` is of its way from here to Storage."""

    def __init__(self, name: str, read: Read) -> None:
        self.id: UUID = uuid4()  # of the image that it becomes
        self.name = name
        self.stage: Stage = "waiting"
        self.percent = 0
        self.error = ""
        self.hopeless = False  # trying again would not help
        self.entered = False
        self._read = read

    async def content(self) -> bytes:
        """What was chosen."""
        return await self._read()


class Uploads:
    """Those of one dataset. `changed` hears of every step of one."""

    def __init__(self, api: Api, dataset_id: UUID) -> None:
        self.changed: Signal[Upload] = Signal()
        self._api, self._dataset_id = api, dataset_id
        self._uploads: dict[UUID, Upload] = {}
        self._turns = asyncio.Semaphore(AT_A_TIME)
        self._tasks = Tasks(f"uploads of {dataset_id}")

    def __iter__(self):
        return iter(list(self._uploads.values()))

    def __len__(self) -> int:
        return len(self._uploads)

    @property
    def busy(self) -> bool:
        """Whether any is on its way."""
        return any(upload.stage != "failed" for upload in self._uploads.values())

    def add(self, name: str, size: int, read: Read, *, room: int) -> Upload:
        """Takes a file, if there is `room` for one more image. U3"""
        upload = Upload(name[:120] or "image", read)
        going = sum(1 for other in self if other.stage != "failed")
        if size > MAX_BYTES:
            self._fail(upload, f"Larger than {MAX_BYTES // 2**20} MB", hopeless=True)
        elif going >= room or len(self) >= MAX_FILES:
            self._fail(upload, "The dataset is full: two hundred images at most", hopeless=True)
        if len(self) < MAX_FILES:
            self._uploads[upload.id] = upload
        self.changed.emit(upload)
        if upload.stage == "waiting":
            self._start(upload)
        return upload

    def retry(self, upload: Upload) -> None:
        """Tries again what failed. U2"""
        if upload.id in self._uploads and upload.stage == "failed" and not upload.hopeless:
            upload.stage, upload.error, upload.percent = "waiting", "", 0
            self.changed.emit(upload)
            self._start(upload)

    def discard(self, upload: Upload) -> None:
        """Gives up what failed."""
        if self._uploads.pop(upload.id, None) is not None:
            self.changed.emit(upload)
            if upload.entered:
                self._tasks.start(self._withdraw(upload), f"withdraw {upload.id}")

    async def close(self) -> None:
        """Stops; what was not whole is not counted."""
        await self._tasks.close()

    def _start(self, upload: Upload) -> None:
        self._tasks.start(self._send(upload), f"upload {upload.id}")

    async def _send(self, upload: Upload) -> None:
        async with self._turns:
            try:
                await self._carry(upload)
            except NotAnImage as error:
                self._fail(upload, str(error), hopeless=True)
            except StateError as error:
                self._fail(upload, str(error), hopeless=False)
            except Exception:
                self._fail(upload, "Something unexpected happened", hopeless=False)
                raise
            else:
                del self._uploads[upload.id]
            self.changed.emit(upload)

    async def _carry(self, upload: Upload) -> None:
        self._step(upload, "checking")
        content = await upload.content()
        async with _looking:
            seen = await asyncio.to_thread(inspect, content)
        self._step(upload, "storing")
        image: dict[str, Any] = await self._api.rpc(
            "add_dataset_image",
            {
                "image_id": str(upload.id), "dataset_id": str(self._dataset_id), "name": upload.name,
                "media_type": seen.media_type, "bytes": len(content), "width": seen.width, "height": seen.height,
                "colour": seen.colour,
            },
        )  # fmt: skip
        upload.entered = True
        progress = partial(self._progress, upload)
        await self._api.upload(BUCKET, image["path"], content, seen.media_type, progress)
        await self._api.upload(BUCKET, image["thumb_path"], seen.thumb, "image/webp")
        await self._api.update("dataset_images", upload.id, {"ready": True})  # U1

    async def _withdraw(self, upload: Upload) -> None:
        with suppress(StateError):  # it does not count, and makes room after an hour
            await self._api.delete("dataset_images", upload.id)

    def _step(self, upload: Upload, stage: Stage) -> None:
        upload.stage = stage
        self.changed.emit(upload)

    def _progress(self, upload: Upload, part: float) -> None:
        percent = round(_STORED * part)
        if percent != upload.percent:
            upload.percent = percent
            self.changed.emit(upload)

    def _fail(self, upload: Upload, reason: str, *, hopeless: bool) -> None:
        upload.stage, upload.error, upload.hopeless = "failed", reason, hopeless
