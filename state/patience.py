"""Impatience: a connection that is away tries again no later than a given interval, while somebody waits for it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime

from state.realtime.connection import Connection
from state.signal import Unsubscribe
from state.tasks import Tasks

LEAST_S = 1.0


class Impatience:
    """Looks once per interval, jittered; several of one connection are no more impatient than the most impatient."""

    def __init__(
        self, connection: Connection, interval_s: float, uniform: Callable[[float, float], float] = random.uniform
    ) -> None:
        self._connection = connection
        self._interval_s = max(LEAST_S, interval_s)
        self._uniform = uniform
        self._tasks = Tasks("impatience")

    def begin(self) -> Unsubscribe:
        """Until the returned function is called."""
        self._tasks.start(self._watch(), "watch")
        return self._tasks.cancel

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._uniform(0.8, 1.0) * self._interval_s)
            status = self._connection.status
            if status.paused or status.retry_at is None or status.state not in ("connecting", "offline"):
                continue
            if (status.retry_at - datetime.now(UTC)).total_seconds() > LEAST_S:
                self._connection.reconnect()
