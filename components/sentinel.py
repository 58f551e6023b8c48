"""Sentinel: says when the reader comes near it, so that a list can load what comes next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

NEAR_PX = 800


class Sentinel(ui.element, component="static/vue/sentinel.js"):
    """Calls `near` when it is less than `NEAR_PX` below the visible part, and again while that stays true."""

    def __init__(self, near: Callable[[], Awaitable[bool]]) -> None:
        """`near` returns whether there may be more to load."""
        super().__init__()
        self._near = near
        self._busy = False
        self._props["margin"] = NEAR_PX
        self.on("near", self._reached, args=[])

    def look_again(self) -> None:
        """Report once more if it is near: what is above it has become shorter."""
        self.run_method("again")

    async def _reached(self) -> None:
        if self._busy:
            return
        self._busy = True
        try:
            more = await self._near()
        finally:
            self._busy = False
        if more and not self.is_deleted:
            self.look_again()
