"""Beats: the numbers that the worker sends through the database, and what follows when they stop or one is missing.

Broadcasts can be lost without a word: when the server's replication connection drops, or a plan's limit is passed. The
beats go the same way, so that what happens to them says what happens to changes.

B1  A process that never heard a beat judges nothing by it: there may be no worker that sends any.
B2  A number left out, or `SILENCE_S` without one, makes every connection that follows suspicious, and their tables fetch
    again. Each gap does so once more, that at the end of a silence among them; in between, what is suspicious is polled.
B3  Silence counts only while the feed is live, and a number only after one of the same join: what came before is made
    good by the join itself.
B4  It is over after `GOOD` numbers in a row: while a limit drops messages, single ones get through.
B5  Several workers share one sequence. An old number changes nothing; but after silence it is a beginning, for the
    database may have been set up anew.
B6  Whoever follows later finds what the others found.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from state.realtime.channel import Channel
from state.signal import Unsubscribe, leave_all
from state.tasks import Tasks

if TYPE_CHECKING:
    from state.realtime.connection import Connection

SILENCE_S = 12.0  # two beats and a little
GOOD = 3
LOOK_S = 1.0

MISSED = "Some changes may not have arrived"
SILENT = "Nothing has been heard of the database for a while"


class Beats:
    """Listens on `feed`. `clock` counts seconds. `reason` says why those who follow are suspicious, if they are."""

    def __init__(self, feed: Channel, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.reason: str | None = None
        self.last: int | None = None  # the number heard last, of this join
        self.heard = 0
        self.missed = 0  # numbers left out
        self.silences = 0
        self._feed = feed
        self._clock = clock
        self._heard_at: float | None = None  # or when the feed became live, if that was later
        self._silent = False
        self._rejoining = False
        self._good = 0
        self._followers: list[Connection] = []
        self._unsubscribe: list[Unsubscribe] = []
        self._tasks = Tasks("beats")

    def open(self) -> None:
        """Starts to listen."""
        self._unsubscribe = [
            self._feed.on_broadcast("beat", self._on_beat),
            self._feed.on_lost(self._on_lost),
            self._feed.on_live(self._on_live),
        ]
        self._tasks.start(self._watch(), "watch")

    async def close(self) -> None:
        """Stops listening."""
        leave_all(self._unsubscribe)
        await self._tasks.close()

    def follow(self, connection: Connection) -> Unsubscribe:
        """`connection` is told what the beats say of the way that its messages go, too."""
        self._followers.append(connection)
        if self.reason is not None:
            connection.suspect(self.reason)  # B6

        def leave() -> None:
            if connection in self._followers:
                self._followers.remove(connection)
                connection.suspect(None)

        return leave

    def look(self) -> None:
        """Whether it has been silent for too long. Called every `LOOK_S`."""
        if self._heard_at is None or self._silent or not self._feed.live:  # B1, B3
            return
        if self._clock() - self._heard_at > SILENCE_S:
            self._silent = True
            self.silences += 1
            self._suspect(SILENT)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()

    def _on_lost(self) -> None:
        self.last, self._good, self._rejoining = None, 0, True  # B3

    def _on_live(self) -> None:
        if self._rejoining:  # not only told of a gap
            self._rejoining, self._silent = False, False
            self._heard_at = None if self._heard_at is None else self._clock()

    def _on_beat(self, payload: dict[str, Any]) -> None:
        number = payload.get("n") if isinstance(payload, dict) else None
        if not isinstance(number, int):
            return
        last = self.last
        if last is not None and number <= last and not self._silent:  # B5
            return
        self.heard += 1
        self.last, self._heard_at, self._silent = number, self._clock(), False
        if last is not None and number != last + 1:
            self.missed += max(0, number - last - 1)
            self._suspect(MISSED)
            return
        self._good += 1
        for connection in self._followers:
            connection.freshness.beat()
        if self.reason is not None and self._good >= GOOD:  # B4
            self.reason = None
            for connection in list(self._followers):
                connection.suspect(None)

    def _suspect(self, reason: str) -> None:
        self.reason, self._good = reason, 0
        for connection in list(self._followers):
            connection.suspect(reason)
