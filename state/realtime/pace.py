"""Pace: how many sockets and channels of this process may be opened at a time.

Servers limit the joins per second, and after a restart everybody comes back at once. Whoever comes alone does not wait.
Between processes only the jitter of their attempts spreads them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

PER_S = 60.0  # with the burst, under the 100 joins a second of a hosted project
BURST = 20


class Turns:
    """`burst` at once, then `per_s` a second, in the order in which they are asked for."""

    def __init__(
        self,
        per_s: float = PER_S,
        burst: int = BURST,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._every_s = 1 / per_s
        self._slack_s = burst / per_s
        self._clock = clock
        self._sleep = sleep
        self._last = float("-inf")  # when the turn given last is

    async def take(self) -> None:
        """Waits for one's turn. Who goes away meanwhile leaves a gap."""
        now = self._clock()
        self._last = max(self._last, now - self._slack_s) + self._every_s
        if self._last > now:
            await self._sleep(self._last - now)


class Pace:
    """One per project and process. Sockets and joins take turns apart: a socket that is open is no reason to wait."""

    def __init__(self, per_s: float = PER_S, burst: int = BURST) -> None:
        self.sockets = Turns(per_s, burst)
        self.joins = Turns(per_s, burst)
