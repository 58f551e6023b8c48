"""Newest: the first few of some rows, as rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Generic

from state.signal import Unsubscribe
from state.sync.mutation import Pending
from state.sync.rows import Batch, Phase, Row, Rows


class Newest(Generic[Row]):
    """The first `most` of `rows` that `shows` lets through; never asks for more."""

    complete = True

    def __init__(self, rows: Rows[Row], most: int, shows: Callable[[Row], bool] = lambda _: True) -> None:
        self._rows, self._most, self._shows = rows, most, shows

    @property
    def rows(self) -> Sequence[Row]:
        found: list[Row] = []
        for row in self._rows.rows:
            if len(found) == self._most:
                break
            if self._shows(row):
                found.append(row)
        return found

    @property
    def phase(self) -> Phase:
        return self._rows.phase

    @property
    def error(self) -> str | None:
        return self._rows.error

    def get(self, key: Hashable) -> Row | None:
        return self._rows.get(key)

    def subscribe(self, listener: Callable[[Batch[Row]], None]) -> Unsubscribe:
        return self._rows.subscribe(listener)

    async def load_more(self) -> None:
        """Nothing: the rest is not wanted."""

    def pending(self, key: Hashable) -> Pending | None:
        return self._rows.pending(key)
