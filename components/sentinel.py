"""Sentinels say where the reader is, so that a list can load what comes next, or hold back what would push it away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from state.errors import StateError

AHEAD_PX = 800


class Sentinel(ui.element, component="static/vue/sentinel.js"):
    """Calls `near` when it comes within `margin` pixels of the visible part, `past` when the reader has gone past it, and
    `before` when it is further on again."""

    def __init__(
        self,
        *,
        near: Callable[[], Any] | None = None,
        past: Callable[[], Any] | None = None,
        before: Callable[[], Any] | None = None,
        margin: int = 0,
    ) -> None:
        super().__init__()
        self._props["margin"] = margin
        for name, handler in (("near", near), ("past", past), ("before", before)):
            if handler is not None:
                self.on(name, handler, args=[])


class MoreBelow(Sentinel):
    """Stands at the end of a list. `load` brings the next page and says whether there may be another one; when it raises
    StateError, `failed` is told why."""

    def __init__(self, load: Callable[[], Awaitable[bool]], failed: Callable[[str], object]) -> None:
        super().__init__(near=self._load_page, margin=AHEAD_PX)
        self._load, self._failed = load, failed
        self._busy = False

    def look_again(self) -> None:
        """Load if it is near now: what is above it has become shorter."""
        self.run_method("again")

    async def _load_page(self) -> None:
        if self._busy:
            return
        self._busy = True
        try:
            more = await self._load()
        except StateError as error:
            more = False
            self._failed(str(error))
        finally:
            self._busy = False
        if more and not self.is_deleted:
            self.look_again()
