"""Pulse: when a table asks again.

P1  The pause after an answer is `freshness.interval_s`, jittered by a fifth, so that tables which began together do not
    ask together; `POLL_S` while the table's own feed is not live, or the last answer did not come.
P2  When the connection's state or the feed's changes, or the audience, the pause is reckoned anew from the last answer:
    what is overdue by then is asked for at once.
P3  While nobody looks there is no polling. What is `needed` (nothing has come yet) is asked for all the same.
P4  `ask` ends any pause, whoever looks.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from state.signal import Unsubscribe, leave_all
from state.sync import freshness as intervals
from state.sync.audience import Audience
from state.sync.freshness import Freshness
from state.tasks import within

JITTER = (0.8, 1.2)


class Pulse:
    """`live` says whether the feed is; `audience` None: somebody always looks. `interval_s` is what holds now."""

    def __init__(
        self,
        family: str,
        freshness: Freshness,
        audience: Audience | None,
        live: Callable[[], bool],
        *,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.interval_s = intervals.POLL_S
        self._family = family
        self._freshness = freshness
        self._audience = audience
        self._live = live
        self._uniform = uniform
        self._asked = False
        self._turned = asyncio.Event()
        self._unsubscribe: list[Unsubscribe] = []

    @property
    def looking(self) -> bool:
        """Whether anybody looks."""
        return self._audience is None or self._audience.looking

    def open(self) -> None:
        """Follows the connection and the audience until `close`."""
        self._unsubscribe = [self._freshness.on_change(lambda _: self.reckon())]
        if self._audience is not None:
            self._unsubscribe.append(self._audience.on_change(self.reckon))

    def close(self) -> None:
        """Stops following."""
        leave_all(self._unsubscribe)

    def ask(self) -> None:
        """P4."""
        self._asked = True
        self._turned.set()

    def reckon(self) -> None:
        """P2."""
        self._turned.set()

    def begin(self) -> None:
        """What was asked for until now is on its way."""
        self._asked = False

    async def rest(self, *, failed: bool, needed: bool, at_most_s: float | None = None) -> None:
        """Returns when it is time. `at_most_s`: a shorter pause, whoever looks."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        jitter = self._uniform(*JITTER)
        while not self._asked:
            self._turned.clear()
            slow = failed or not self._live()
            self.interval_s = intervals.POLL_S if slow else self._freshness.interval_s(self._family)
            pause = self.interval_s * jitter if needed or self.looking else None
            if at_most_s is not None:
                pause = at_most_s if pause is None else min(pause, at_most_s)
            left = None if pause is None else begun + pause - loop.time()
            if left is not None and left <= 0:
                return
            await within(left, self._turned)
