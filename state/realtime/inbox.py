"""Inbox: what a socket's reader hands over, which must not wait, until it is applied, in order.

I1  It is bounded. When it is full, the broadcasts in it are dropped, since a fetch makes them good, and `overflowed` is
    called; when what cannot be made good fills half of it, `overwhelmed` is.
I2  What came of a socket that is gone is not applied.
I3  An event that raises is reported; the next one is applied.
I4  Others get their turn on the loop after `BREATH` events.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeAlias

log = logging.getLogger("starling.realtime")

SIZE = 10_000  # events that wait
BREATH = 100

Event: TypeAlias = Callable[[], None]


class Inbox:
    """`socket` says which one is open, if any; `failed` hears of I3. `events` counts those applied."""

    def __init__(
        self,
        name: str,
        socket: Callable[[], int | None],
        *,
        overflowed: Event,
        overwhelmed: Event,
        failed: Callable[[str], None],
    ) -> None:
        self.events = 0
        self.overflows = 0
        self._name = name
        self._socket = socket
        self._overflowed = overflowed
        self._overwhelmed = overwhelmed
        self._failed = failed
        self._waiting: asyncio.Queue[tuple[int | None, bool, Event]] = asyncio.Queue()

    def put(self, event: Event, *, droppable: bool = False) -> None:
        """Never waits, never raises."""
        item = (self._socket(), droppable, event)
        if self._waiting.qsize() < SIZE:
            self._waiting.put_nowait(item)
            return
        self.overflows += 1
        waiting = [self._waiting.get_nowait() for _ in range(self._waiting.qsize())]
        kept = [one for one in [*waiting, item] if not one[1]]
        if len(kept) > SIZE // 2:
            self._overwhelmed()
            return
        for one in kept:
            self._waiting.put_nowait(one)
        self._overflowed()

    async def apply(self) -> None:
        """Applies what comes, until it is cancelled."""
        while True:
            socket, _, event = await self._waiting.get()
            if socket is None or socket != self._socket():  # I2
                continue
            self.events += 1
            try:
                event()
            except Exception:
                self._failed("An event could not be applied")
                log.exception("%s: an event could not be applied", self._name)
            if self.events % BREATH == 0:
                await asyncio.sleep(0)
