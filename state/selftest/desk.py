"""Desk: where members of the app ask for the self-test. One for the process.

D1  One run at a time. Everybody sees the same one, from wherever they began to look.
D2  A member may ask once a minute, and all together `BUDGET` times in `BUDGET_S`: each run signs two members up, and a
    hosted project's Auth allows 30 such requests in five minutes from the one address that the whole app has.
D3  A run goes on when the page that asked for it is closed; it ends, tidily, with the process.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable
from math import ceil
from typing import Protocol
from uuid import UUID

from state.api import Project
from state.selftest.result import Result
from state.selftest.runner import run
from state.signal import Signal
from state.tasks import Tasks

EACH_S = 60.0
BUDGET, BUDGET_S = 5, 300.0


class SelfTest(Protocol):
    """`run`, as the app uses it: without a secret key."""

    def __call__(self, project: Project, *, on_result: Callable[[Result], None]) -> Awaitable[list[Result]]: ...


class Desk:
    """`results` are those of the run that is under way, or else of the last one; `changed` says that there are more."""

    def __init__(self, project: Project, *, test: SelfTest = run, clock: Callable[[], float] = time.monotonic) -> None:
        self.results: list[Result] = []
        self.running = False
        self.changed: Signal[None] = Signal()
        self._project = project
        self._test = test
        self._clock = clock
        self._asked: dict[UUID, float] = {}  # those of the last minute
        self._starts: deque[float] = deque(maxlen=BUDGET)
        self._tasks = Tasks("self-test")

    def refusal(self, member: UUID) -> str | None:
        """Why this member cannot have it now; None when they can."""
        if self.running:
            return "The self-test is running"
        now = self._clock()
        waits = [self._asked.get(member, -EACH_S) + EACH_S - now]
        if len(self._starts) == BUDGET:
            waits.append(self._starts[0] + BUDGET_S - now)
        if (wait := max(waits)) > 0:
            return f"Please wait {ceil(wait)} s before the next self-test"
        return None

    def ask(self, member: UUID) -> str | None:
        """Starts it; or says why not."""
        if refusal := self.refusal(member):
            return refusal
        now = self._clock()
        self._asked = {one: at for one, at in self._asked.items() if now - at < EACH_S} | {member: now}
        self._starts.append(now)
        self.results, self.running = [], True
        self._tasks.start(self._run(), "run")
        self.changed.emit(None)
        return None

    async def close(self) -> None:
        """D3."""
        await self._tasks.close()

    async def _run(self) -> None:
        try:
            await self._test(self._project, on_result=self._add)
        finally:
            self.running = False
            self.changed.emit(None)

    def _add(self, result: Result) -> None:
        self.results.append(result)
        self.changed.emit(None)
