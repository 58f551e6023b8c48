"""What waits to be written to one socket. Bounded: a reader too slow for it is cut off, and nobody else waits for it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from embedded.realtime.serializer import Wire

Send = Callable[[Any], Awaitable[None]]

FRAME_COST = 64  # what a waiting frame weighs besides its bytes


class Outbox:
    """Frames are put in at any time and written by `run`, many of them in one turn of the event loop."""

    def __init__(self, send: Send, max_bytes: int) -> None:
        self._send = send
        self._max_bytes = max_bytes
        self._frames: deque[Wire] = deque()
        self._size = 0
        self._close_code: int | None = None
        self._wake = asyncio.Event()
        self.overflown = asyncio.Event()

    def put(self, frame: Wire) -> None:
        """Adds a frame; after the end, or when the box has overflown, it goes nowhere."""
        if self._close_code is not None or self.overflown.is_set():
            return
        self._size += len(frame) + FRAME_COST
        if self._size > self._max_bytes:
            self._frames.clear()
            self.overflown.set()
            return
        self._frames.append(frame)
        self._wake.set()

    def end(self, code: int) -> None:
        """Closes the socket once everything before has been written."""
        if self._close_code is None:
            self._close_code = code
            self._wake.set()

    async def run(self) -> None:
        """Writes until `end` was called, or the socket is gone."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                while self._frames:
                    frame = self._frames.popleft()
                    await self._send({"type": "websocket.send", "text" if isinstance(frame, str) else "bytes": frame})
                    self._size -= len(frame) + FRAME_COST
                if self._close_code is not None:
                    return await self._send({"type": "websocket.close", "code": self._close_code})
            except OSError:  # the client has gone; the reader hears of it too
                return None
