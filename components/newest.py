"""Newest: the first few of some rows, as rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

from components.excerpt import Excerpt
from state.sync.rows import Row, Rows


class Newest(Excerpt[Row]):
    """The first `most` of `rows` that `shows` lets through; never asks for more."""

    def __init__(self, rows: Rows[Row], most: int, shows: Callable[[Row], bool] = lambda _: True) -> None:
        super().__init__(rows)
        self._most, self._shows = most, shows

    @property
    def rows(self) -> Sequence[Row]:
        return list(islice(filter(self._shows, self._behind.rows), self._most))

    @property
    def complete(self) -> bool:
        return True

    async def load_more(self) -> None:
        """Nothing: the rest is not wanted."""
