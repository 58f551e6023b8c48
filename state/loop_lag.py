"""LoopLag: how late the event loop is. Whatever blocks it keeps every page and every change waiting."""

from __future__ import annotations

import asyncio

from state.realtime.metrics import Ring
from state.tasks import Tasks

EVERY_S = 0.05
RECENT_S = 10
BLOCKED_S = 0.25  # from here on somebody notices


class LoopLag:
    """Asks to be woken every `EVERY_S`, and notes how much later it was. In seconds."""

    def __init__(self) -> None:
        self.ring = Ring()  # the worst of each second
        self.worst = 0.0
        self._tasks = Tasks("loop lag")

    def open(self) -> None:
        """Begins to measure."""
        self._tasks.start(self._watch(), "watch")

    async def close(self) -> None:
        """Ends it."""
        await self._tasks.close()

    @property
    def recent(self) -> float:
        """The worst of the last `RECENT_S` whole seconds."""
        return max(self.ring.series()[-RECENT_S:])

    async def _watch(self) -> None:
        time = asyncio.get_running_loop().time
        while True:
            asked = time()
            await asyncio.sleep(EVERY_S)
            late = max(0.0, time() - asked - EVERY_S)
            self.ring.most(late, time())
            self.worst = max(self.worst, late)
