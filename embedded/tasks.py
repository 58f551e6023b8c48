"""Background tasks: how they end."""

from __future__ import annotations

import asyncio
import contextlib


async def ended(*tasks: asyncio.Task[None] | None) -> None:
    """Cancels what still runs, one after the other, and returns when it is over."""
    for task in tasks:
        if task:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
