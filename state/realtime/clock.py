"""ClockOffset: how far this machine's clock is from the database's, so that times told by the two can be compared.

O1  The database is asked several times in a row. The quickest answer counts: half its round trip is the most that it
    can be wrong by.
O2  It is measured again every `AGAIN_S`, and when `again` says that a clock may have been set meanwhile; what could not be
    measured leaves what was known, and is tried again sooner.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from state.errors import StateError
from state.tasks import Tasks, within

ROUNDS = 5
AGAIN_S = 300.0
RETRY_S = 10.0

log = logging.getLogger("starling.realtime")


class ClockOffset:
    """`ask` gives the database's time as it writes it; `clock` is this machine's, in unix seconds.

    `offset_s` is what to add to this machine's clock to get the database's; `error_s` by how much that may be wrong, None
    while it was never measured.
    """

    def __init__(self, ask: Callable[[], Awaitable[Any]], *, clock: Callable[[], float] = time.time) -> None:
        self.offset_s = 0.0
        self.error_s: float | None = None
        self._ask = ask
        self._clock = clock
        self._wake = asyncio.Event()
        self._tasks = Tasks("clock")

    def open(self) -> None:
        """Starts to measure."""
        self._tasks.start(self._keep(), "measure")

    async def close(self) -> None:
        """Stops measuring."""
        await self._tasks.close()

    def again(self) -> None:
        """Measures soon."""
        self._wake.set()

    def now(self) -> datetime:
        """The database's time, as far as it is known."""
        return datetime.fromtimestamp(self._clock(), UTC) + timedelta(seconds=self.offset_s)

    async def measure(self) -> None:
        """O1. Raises StateError."""
        best: tuple[float, float] | None = None
        for _ in range(ROUNDS):
            asked = self._clock()
            told = datetime.fromisoformat(str(await self._ask())).timestamp()
            trip = self._clock() - asked
            if trip >= 0 and (best is None or trip < best[0]):  # less: the clock was set meanwhile
                best = (trip, told - (asked + trip / 2))
        if best is not None:
            self.error_s, self.offset_s = best[0] / 2, best[1]

    async def _keep(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self.measure()
                wait = AGAIN_S
            except (StateError, ValueError) as error:  # O2
                log.debug("The database's clock could not be read: %s", error)
                wait = RETRY_S
            await within(wait, self._wake)
