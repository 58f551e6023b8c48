"""Excerpt: some of the rows of a table, as rows. What it does not say of itself, the rows behind it say."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Generic

from state.signal import Unsubscribe
from state.sync.mutation import Pending
from state.sync.rows import Batch, Phase, Row, Rows


class Excerpt(Generic[Row]):
    """`_behind` are the rows that it shows some of: which ones is for each kind to say."""

    def __init__(self, behind: Rows[Row]) -> None:
        self._behind = behind

    @property
    def rows(self) -> Sequence[Row]:
        """Those that are shown, in order."""
        raise NotImplementedError

    @property
    def phase(self) -> Phase:
        return self._behind.phase

    @property
    def error(self) -> str | None:
        return self._behind.error

    @property
    def complete(self) -> bool:
        return self._behind.complete

    def get(self, key: Hashable) -> Row | None:
        """One of them, shown or not."""
        return self._behind.get(key)

    def pending(self, key: Hashable) -> Pending | None:
        return self._behind.pending(key)

    def subscribe(self, listener: Callable[[Batch[Row]], None]) -> Unsubscribe:
        return self._behind.subscribe(listener)

    async def load_more(self) -> None:
        await self._behind.load_more()
