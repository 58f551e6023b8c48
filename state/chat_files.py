"""Files of a chat: what is sent with a message, and how far the uploads of others have come.

The words about an upload are broadcast in the room, and are claims: only of people one sees there, a few at a time, and
forgotten when nothing more is said. The file itself is in Storage, where only participants may read it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID, uuid4

from state.models import Message
from state.room import Room
from state.signal import Signal, Unsubscribe

EVENT = "upload"
MAX_FILE = 20 * 2**20  # bytes, as the bucket has it
MAX_FILES = 6
FORGET_S = 10.0
MOST = 20
IMAGES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
AUDIO = frozenset({"audio/webm", "audio/ogg", "audio/mp4", "audio/mpeg", "audio/wav"})
OTHERS = frozenset(
    {"video/mp4", "video/webm", "application/pdf", "application/zip", "text/plain", "text/csv"},
)
TYPES = IMAGES | AUDIO | OTHERS
SUFFIX = {
    "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif", "audio/webm": "webm",
    "audio/ogg": "ogg", "audio/mp4": "m4a", "audio/mpeg": "mp3", "audio/wav": "wav", "video/mp4": "mp4",
    "video/webm": "webm", "application/pdf": "pdf", "application/zip": "zip", "text/plain": "txt", "text/csv": "csv",
}  # fmt: skip


@dataclass(frozen=True)
class Attachment:
    """A file of a message. `name` is what its author called it: text, never more."""

    path: str
    name: str
    type: str
    size: int
    width: int | None = None
    height: int | None = None
    seconds: float | None = None

    @property
    def described(self) -> dict[str, Any]:
        """As a message's metadata has it."""
        return {name: value for name, value in vars(self).items() if value is not None}

    @property
    def image(self) -> bool:
        """Whether it can be shown as a picture."""
        return self.type in IMAGES

    @property
    def audio(self) -> bool:
        """Whether it can be played."""
        return self.type in AUDIO


def attachments_of(message: Message) -> list[Attachment]:
    """The files of a message; what makes no sense is left out."""
    metadata = message.metadata if isinstance(message.metadata, dict) else {}
    listed = metadata.get("attachments")
    found = [_attachment(item) for item in listed] if isinstance(listed, list) else []
    return [file for file in found if file is not None]


def _attachment(item: Any) -> Attachment | None:
    if not isinstance(item, Mapping) or not all(isinstance(item.get(key), str) for key in ("path", "name", "type")):
        return None
    numbers = {key: item[key] for key in ("width", "height", "seconds") if isinstance(item.get(key), int | float)}
    size = item.get("size")
    return Attachment(
        item["path"], item["name"], item["type"], size if isinstance(size, int) else 0,
        width=_pixels(numbers.get("width")), height=_pixels(numbers.get("height")), seconds=numbers.get("seconds"),
    )  # fmt: skip


def _pixels(value: float | None) -> int | None:
    return int(value) if value is not None and 0 < value < 20_000 else None


def place_for(session: UUID, member: UUID, type_: str) -> str:
    """Where a file of this type goes; its own name is not part of it."""
    return str(PurePosixPath(str(session), str(member), f"{uuid4()}.{SUFFIX[type_]}"))


@dataclass(frozen=True)
class Upload:
    """A file of somebody else's that is on its way."""

    id: str
    who: UUID
    name: str
    percent: int


class Uploads:
    """`others` are on their way; one's own are told of by `say`, at most `per_second` times a second."""

    def __init__(self, room: Room, me: UUID, per_second: int) -> None:
        self._room, self._me = room, me
        self._pause_s = 1 / max(1, per_second)
        self._others: dict[str, Upload] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._changed: Signal[None] = Signal()
        self._said_at = 0.0
        self._leave = room.on_broadcast(EVENT, self._heard)

    @property
    def others(self) -> list[Upload]:
        """In the order in which they began."""
        return list(self._others.values())

    def on_change(self, listener: Any) -> Unsubscribe:
        """`listener` is called whenever any of them goes on."""
        return self._changed.subscribe(lambda _: listener())

    async def say(self, id: str, name: str, percent: int) -> None:
        """One's own is so far; 100 ends it. Words too soon after the last are left out, but for the first and the end."""
        now = asyncio.get_running_loop().time()
        if 0 < percent < 100 and now - self._said_at < self._pause_s:
            return
        self._said_at = now
        await self._room.send(EVENT, {"id": id, "who": str(self._me), "name": name[:200], "percent": percent})

    def close(self) -> None:
        """Forgets all."""
        self._leave()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._others.clear()

    def _heard(self, payload: Any) -> None:
        try:
            who, id, percent = UUID(payload["who"]), str(payload["id"])[:64], int(payload["percent"])
            name = str(payload["name"])[:200]
        except (KeyError, TypeError, ValueError, AttributeError):
            return
        if who == self._me or who not in self._room.presence.people:
            return
        if not 0 <= percent < 100:
            self._forget(id)
        elif id in self._others or len(self._others) < MOST:
            if (timer := self._timers.pop(id, None)) is not None:
                timer.cancel()
            self._timers[id] = asyncio.get_running_loop().call_later(FORGET_S, self._forget, id)
            self._others[id] = Upload(id, who, name, percent)
            self._changed.emit(None)

    def _forget(self, id: str) -> None:
        if (timer := self._timers.pop(id, None)) is not None:
            timer.cancel()
        if self._others.pop(id, None) is not None:
            self._changed.emit(None)
