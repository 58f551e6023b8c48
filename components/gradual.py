"""Rows a few at a time: what comes all at once (a campaign of 500, the first page of a list) is drawn over some turns of the
event loop, so that nobody else waits for it. What is there already stays; what is gone goes at once.

G1  At most `STEP` rows that were not shown before are added in one turn; the rest follow, in order, `PAUSE_S` apart.
G2  Rows that are shown are as new as those behind them.
G3  `load_more` returns when all of its rows are shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence

from nicegui import Client

from components.excerpt import Excerpt
from state.signal import Signal, Unsubscribe
from state.sync.rows import Batch, Row, Rows

STEP = 4  # rows of a dozen elements: some milliseconds each
PAUSE_S = 0.01


class Gradual(Excerpt[Row]):
    """`rows` as a page draws them. Ends with `client`."""

    def __init__(self, rows: Rows[Row], client: Client, *, key: str = "id") -> None:
        super().__init__(rows)
        self._key = key
        self._listeners: Signal[Batch[Row]] = Signal()
        self._shown: dict[Hashable, Row] = {}
        self._whole = asyncio.Event()
        self._next: asyncio.TimerHandle | None = None
        self._leave = rows.subscribe(self._on_batch)
        client.on_delete(self._end)
        self._step()

    @property
    def settled(self) -> bool:
        """Whether all are shown."""
        return self._whole.is_set()

    @property
    def rows(self) -> Sequence[Row]:
        return list(self._shown.values())

    def subscribe(self, listener: Callable[[Batch[Row]], None]) -> Unsubscribe:
        """As LiveTable does; what follows later comes with an empty batch."""
        return self._listeners.subscribe(listener)

    async def load_more(self) -> None:
        """The next page. Raises StateError. G3"""
        await self._behind.load_more()
        self._step()
        await self._whole.wait()

    def _on_batch(self, batch: Batch[Row]) -> None:
        self._step()
        self._listeners.emit(batch)

    def _step(self) -> None:
        added, left = 0, 0
        shown: dict[Hashable, Row] = {}
        for row in self._behind.rows:
            key = getattr(row, self._key)
            if key in self._shown:
                shown[key] = row  # G2
            elif added < STEP:
                shown[key] = row
                added += 1
            else:
                left += 1
        self._shown = shown
        if not left:
            self._whole.set()
            return
        self._whole.clear()
        if self._next is None:
            self._next = asyncio.get_running_loop().call_later(PAUSE_S, self._go_on)

    def _go_on(self) -> None:
        self._next = None
        self._step()
        self._listeners.emit(Batch())

    def _end(self) -> None:
        self._leave()
        if self._next is not None:
            self._next.cancel()
        self._whole.set()
