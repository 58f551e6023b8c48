"""Which commits others can see.

The log tells of a commit a moment before it ends for everybody else: on a busy machine tens of milliseconds, in which
who asks because of the news reads what was before it.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import asyncpg

SNAPSHOT = "select pg_current_snapshot()::text"
PATIENCE_S = 2  # then a commit is told all the same: it may be waiting for who is told
FIRST_PAUSE_S, LAST_PAUSE_S = 0.001, 0.02


class Snapshot(NamedTuple):
    """Which transactions everybody could see the effects of at some moment, as Postgres tells it."""

    next: int
    running: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> Snapshot:
        """From the text of a `pg_snapshot`."""
        _oldest, next_, running = text.split(":")
        return cls(int(next_), frozenset(map(int, running.split(",") if running else ())))

    def shows(self, transaction: int) -> bool:
        """Whether it had committed; the stream gives the lower half of its number, the upper half is the nearest one's."""
        number = self.next + (transaction - self.next + 2**31) % 2**32 - 2**31
        return number < self.next and number not in self.running


class Sight:
    """A connection of its own that looks, made when it is needed. One look answers for all that was over by then."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: asyncpg.Connection | None = None
        self._seen: Snapshot | None = None

    def close(self) -> None:
        """Forgets what it has seen: after a crash Postgres may use a number again."""
        if self._connection:
            self._connection.terminate()
        self._connection = self._seen = None

    def shows(self, transaction: int) -> bool:
        """Whether the last look showed it."""
        return self._seen is not None and self._seen.shows(transaction)

    async def wait(self, transaction: int) -> None:
        """Returns when others can see it. Raises what asyncpg raises, and TimeoutError."""
        connection = self._connection = self._connection or await asyncpg.connect(self._dsn, timeout=PATIENCE_S)
        clock = asyncio.get_running_loop().time
        until, pause_s = clock() + PATIENCE_S, FIRST_PAUSE_S
        while True:
            self._seen = Snapshot.parse(str(await connection.fetchval(SNAPSHOT, timeout=PATIENCE_S)))
            if self.shows(transaction) or clock() > until:
                return
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LAST_PAUSE_S)
