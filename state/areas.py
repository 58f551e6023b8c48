"""Areas: live state that only some pages need. Each opens with the first page that uses it, and closes a while after the last.

A1  All pages that use one key share one area; it is open for as long as any of them is, and `linger_s` longer.
A2  An area with writes that wait for the connection stays until they are sent.
A3  Once closed it is dropped: the next page gets a new one, which fetches afresh.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol, TypeVar, cast

from state.signal import Unsubscribe
from state.sync.live_table import LiveTable
from state.tasks import Tasks

LINGER_S = 60.0


class Area(Protocol):
    """What can be opened and closed as one; who inherits opens and closes its tables."""

    @property
    def tables(self) -> Sequence[LiveTable[Any]]:
        """All tables in it, for the diagnostics, and so that they are forgotten with their member."""
        ...

    def open(self) -> None:
        """Starts to follow."""
        for table in self.tables:
            table.open()

    async def close(self) -> None:
        """Sends what waits, and stops."""
        for table in self.tables:
            await table.close()


A = TypeVar("A", bound=Area)


class Areas:
    """The open areas of one owner, by key."""

    def __init__(self, owner: str, *, linger_s: float = LINGER_S) -> None:
        self._linger_s = linger_s
        self._areas: dict[Hashable, Area] = {}
        self._users: dict[Hashable, int] = {}
        self._leaving: dict[Hashable, asyncio.TimerHandle] = {}
        self._tasks = Tasks(f"areas of {owner}")

    def __len__(self) -> int:
        return len(self._areas)

    @property
    def tables(self) -> tuple[LiveTable[Any], ...]:
        """Those of all open areas."""
        return tuple(table for area in self._areas.values() for table in area.tables)

    def use(self, key: Hashable, make: Callable[[], A]) -> tuple[A, Unsubscribe]:
        """The area under `key`, made and opened if need be, until the returned function is called. A1"""
        if (leaving := self._leaving.pop(key, None)) is not None:
            leaving.cancel()
        if key not in self._areas:
            self._areas[key] = area = make()
            area.open()
        self._users[key] = self._users.get(key, 0) + 1
        used = True

        def leave() -> None:
            nonlocal used
            if used:
                used = False
                self._left(key)

        return cast("A", self._areas[key]), leave

    def _left(self, key: Hashable) -> None:
        if key not in self._areas:
            return
        self._users[key] -= 1
        if not self._users[key]:
            self._close_later(key)

    def _close_later(self, key: Hashable) -> None:
        self._leaving[key] = asyncio.get_running_loop().call_later(self._linger_s, self._close, key)

    def _close(self, key: Hashable) -> None:
        del self._leaving[key]
        area = self._areas[key]
        if any(table.mutations.waiting for table in area.tables):
            self._close_later(key)  # A2
            return
        del self._areas[key], self._users[key]  # A3
        self._tasks.start(area.close(), f"close {key}")

    async def close(self) -> None:
        """Closes them all, whoever uses them."""
        for leaving in self._leaving.values():
            leaving.cancel()
        self._leaving.clear()
        areas, self._areas = list(self._areas.values()), {}
        self._users.clear()
        await self._tasks.wait()
        await asyncio.gather(*(area.close() for area in areas))
