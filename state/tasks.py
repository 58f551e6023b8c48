"""Background tasks that are named, referenced, reported when they fail, and ended with their owner.

Waits with a limit use `asyncio.timeout`: before Python 3.12 `wait_for` swallows a cancellation that comes at the moment
in which what it waits for is done, and a task that swallows its cancellation is never ended.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger("starling.tasks")


async def within(seconds: float | None, event: asyncio.Event) -> bool:
    """Waits until `event` is set, at most so long (None: as long as it takes); whether it was."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


class Tasks:
    """The tasks of one owner. `close` ends them all."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, coroutine: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Runs `coroutine`; an exception it dies of is logged with the owner's name."""
        task = asyncio.create_task(coroutine, name=f"{self._owner}: {name}")
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("Task %s died", task.get_name(), exc_info=error)

    async def wait(self) -> None:
        """Waits until all tasks, those they start included, have ended by themselves."""
        while running := [task for task in self._tasks if task is not asyncio.current_task()]:
            await asyncio.wait(running)

    def cancel(self) -> None:
        """Asks what still runs to end, without waiting for it."""
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        """Cancels what still runs and waits for its end."""
        current = asyncio.current_task()
        running = [task for task in self._tasks if task is not current]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
