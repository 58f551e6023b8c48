"""Ordered: rows by key, and in order. What LiveTable and Union show."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")


class Ordered(Generic[Row]):
    """Keeps rows sorted by `sort_key`, which must be total and end with something unique.

    `same_place` may tell sooner that two states of a row have the same one.
    """

    def __init__(
        self,
        sort_key: Callable[[Row], tuple[Any, ...]],
        same_place: Callable[[Row, Row], bool] = lambda one, other: False,
    ) -> None:
        self._sort_key = sort_key
        self._same_place = same_place
        self._rows: dict[Hashable, Row] = {}
        self._places: dict[Hashable, tuple[Any, ...]] = {}
        self._order: list[tuple[tuple[Any, ...], Hashable]] = []
        self._list: list[Row] | None = []

    def get(self, key: Hashable) -> Row | None:
        """The row with this key."""
        return self._rows.get(key)

    def put(self, key: Hashable, row: Row) -> None:
        """Adds or replaces a row, and moves it to its place."""
        held = self._rows.get(key)
        if held is not None and self._same_place(held, row):
            self._rows[key] = row
            self._list = None
            return
        place = self._sort_key(row)
        before = self._places.get(key)
        if before is not None and before != place:
            self._take_out(key, before)
        if before != place:
            insort(self._order, (place, key), key=lambda entry: entry[0])
            self._places[key] = place
        self._rows[key] = row
        self._list = None

    def remove(self, key: Hashable) -> Row | None:
        """Takes a row out; None if it was not there."""
        place = self._places.pop(key, None)
        if place is None:
            return None
        self._take_out(key, place)
        self._list = None
        return self._rows.pop(key)

    @property
    def rows(self) -> list[Row]:
        """All rows in order. The list is a fresh one after a change and must not be altered."""
        if self._list is None:
            self._list = [self._rows[key] for _, key in self._order]
        return self._list

    def __len__(self) -> int:
        return len(self._rows)

    def _take_out(self, key: Hashable, place: tuple[Any, ...]) -> None:
        index = bisect_left(self._order, place, key=lambda entry: entry[0])
        while self._order[index][1] != key:
            index += 1
        del self._order[index]
