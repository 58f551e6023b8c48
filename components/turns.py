"""Turns: what one change means for many open pages is done a few pages at a time, and the event loop breathes between.

Invariants, cited by the tests
T1  Who asks is served at once while this turn of the loop has time left (`BUDGET_S`) and nobody waits; else in one of the
    next turns, in the order of asking.
T2  Who waits already waits once: what is done then is what has to be done then.
T3  Whoever has left is not served any more. One who raises is logged; the others are served.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

BUDGET_S = 0.008  # a page with a full queue takes about one millisecond
log = logging.getLogger("starling.pages")

Work = Callable[[], None]


class Turns:
    """`clock` counts seconds."""

    def __init__(self, budget_s: float = BUDGET_S, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._budget_s = budget_s
        self._clock = clock
        self._spent_s = 0.0
        self._waiting: dict[Work, None] = {}
        self._next: asyncio.AbstractEventLoop | None = None  # that which has been asked for another turn

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def ask(self, work: Work) -> None:
        """Does `work` as soon as it is its turn. T1, T2"""
        if self._waiting or self._spent_s >= self._budget_s:
            self._waiting[work] = None
        else:
            self._serve(work)
        self._go_on()

    def leave(self, work: Work) -> None:
        """It need not be done any more. T3"""
        self._waiting.pop(work, None)

    def _go_on(self) -> None:
        loop = asyncio.get_running_loop()
        if self._next is not loop:
            self._next = loop
            loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._next = None
        self._spent_s = 0.0
        while self._waiting and self._spent_s < self._budget_s:
            work = next(iter(self._waiting))
            del self._waiting[work]
            self._serve(work)
        if self._spent_s:
            self._go_on()

    def _serve(self, work: Work) -> None:
        begun = self._clock()
        try:
            work()
        except Exception:
            log.exception("A page could not show a change")
        self._spent_s += self._clock() - begun


TURNS = Turns()  # of this process
