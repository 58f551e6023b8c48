"""Window: the rows of one query, kept equal to the database by snapshots and changes that may come in any order.

Pure: no socket, no clock, no task. The invariants of `LiveTable` that are about data are enforced here:

W1  A change older than the row held (by `version`) changes nothing.
W2  A removed row stays removed, whatever was doubled or came late: `_floors` remembers the version it left with.
W3  A snapshot never undoes a change that was applied after the snapshot was asked for; one that was asked for before
    another was applied is of no use, and refused.
W4  At most `limit` rows (and a little slack) are held. Rows behind the last known one are not kept unless the end of
    the table is known, and a full window that lost a row says that it wants to be refilled.
W5  A row whose state did not change stays the same object.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, Protocol, TypeAlias, TypeVar
from uuid import UUID

from state.sync.change import Change
from state.sync.query import Query, SortKey

Key: TypeAlias = Hashable

MAX_FLOORS = 5_000  # versions of rows that left, kept beyond the fetches in flight
SLACK = 50  # rows that may be held over the limit before the window is cut


class Versioned(Protocol):
    """What a row must have: a key (`id` by default) and the version its state has in the database."""

    @property
    def version(self) -> int: ...


Row = TypeVar("Row", bound=Versioned)


class Window(Generic[Row]):
    """`parse` makes a row of a record (a dict as Postgres' to_jsonb writes it); `parse_key` a key of its JSON form."""

    def __init__(
        self, query: Query, parse: Callable[[dict[str, Any]], Row], limit: int, parse_key: Callable[[Any], Key] = UUID
    ) -> None:
        self.query = query
        self.limit = limit
        self.complete = False  # True: nothing of the table lies behind the last row
        self.parse = parse
        self._parse_key = parse_key
        self._held: dict[Key, Row] = {}
        self._floors: OrderedDict[Key, int] = OrderedDict()  # versions below these are refused
        self._touched: dict[Key, int] = {}  # at which moment a change was last applied to a row
        self._moment = 0  # rises with every question and every answer
        self._applied = 0  # the moment of the last snapshot or page
        self._asked: list[int] = []  # moments at which the snapshots in flight were asked for
        self._end: SortKey | None = None  # the last known row; None: the end is known, or nothing is

    def get(self, key: Key) -> Row | None:
        """The row as the database has it."""
        return self._held.get(key)

    def __len__(self) -> int:
        return len(self._held)

    @property
    def wants_refill(self) -> bool:
        """W4: a full window lost a row."""
        return self._end is not None and len(self._held) < self.limit

    @property
    def last(self) -> Row | None:
        """The row behind which the next page begins. What is held behind the end came by itself: others lie between."""
        place = self.query.sort_key
        known = (row for row in self._held.values() if self._end is None or place(row) <= self._end)
        return max(known, key=place, default=None)

    @property
    def end(self) -> SortKey | None:
        """What lies behind this is not known; None: all is, or nothing yet."""
        return self._end

    def left(self, key: Key, version: int) -> bool:
        """Whether the row is known to have left, in this state or a later one."""
        return version < self._floors.get(key, 0)

    def apply(self, change: Change) -> set[Key]:
        """Takes a change in; returns the keys of the rows that are different now."""
        self._moment += 1
        different: set[Key] = set()
        for record in change.records:
            row = self.parse(record)
            key = getattr(row, self.query.key)
            if self._take(key, row):
                different.add(key)
        for old in change.old_keys:
            key = self._parse_key(old[self.query.key])
            version = int(old["version"])
            held = self._held.get(key)
            if (held is None or held.version <= version) and self._forget(key, version + 1):  # W1, W2
                different.add(key)
        self._cut(different)
        return different

    def ask(self) -> int:
        """Call when a snapshot is asked for, before it is; hand the result to `snapshot`, `page` or `abandon`."""
        self._moment += 1
        self._asked.append(self._moment)
        return self._moment

    def abandon(self, asked: int) -> None:
        """The snapshot will not come."""
        self._asked.remove(asked)
        self._prune()

    def snapshot(self, records: list[dict[str, Any]], asked: int) -> set[Key] | None:
        """The first `limit` rows of the query, as it was at some time after `asked`.

        Returns what is different, or None when it came too late to be of use.
        """
        if asked < self._applied:
            return self.abandon(asked)
        different = self._add(records, full=len(records) >= self.limit)
        present = {self._parse_key(record[self.query.key]) for record in records}
        for key in [key for key in self._held if key not in present and self._touched.get(key, 0) <= asked]:  # W3
            held = self._held[key]
            behind = self._end is not None and self.query.sort_key(held) > self._end
            self._forget(key, held.version if behind else held.version + 1)
            different.add(key)
        self._cut(different)
        self.abandon(asked)
        return different

    def page(self, records: list[dict[str, Any]], asked: int, size: int) -> set[Key] | None:
        """The `size` rows behind `last`; the window grows by them. Returns as `snapshot` does."""
        if asked < self._applied:
            return self.abandon(asked)
        self.limit += size
        different = self._add(records, full=len(records) >= size)
        self._cut(different)
        self.abandon(asked)
        return different

    def _add(self, records: list[dict[str, Any]], *, full: bool) -> set[Key]:
        """Takes the rows of an answer in. `full`: there may be more behind them."""
        self._moment += 1
        self._applied = self._moment
        rows = [self.parse(record) for record in records]
        self._end = self.query.sort_key(rows[-1]) if full else None
        self.complete = not full
        return {key for row in rows if self._take(key := getattr(row, self.query.key), row, touch=False)}

    def _take(self, key: Key, row: Row, *, touch: bool = True) -> bool:
        held = self._held.get(key)
        if row.version < self._floors.get(key, 0) or (held is not None and row.version <= held.version):  # W1, W2
            return False
        if touch:
            self._touched[key] = self._moment
        if not self.query.matches(row):
            return self._forget(key, row.version + 1)
        if self._end is not None and self.query.sort_key(row) > self._end:  # W4
            return self._forget(key, row.version)
        self._floors.pop(key, None)
        self._held[key] = row
        return True

    def _forget(self, key: Key, floor: int) -> bool:
        if floor > self._floors.get(key, 0):
            self._floors[key] = floor
            self._floors.move_to_end(key)
        self._prune()
        return self._held.pop(key, None) is not None

    def _cut(self, different: set[Key]) -> None:
        if len(self._held) <= self.limit + SLACK:
            return
        ordered = sorted(self._held.items(), key=lambda item: self.query.sort_key(item[1]))
        self._end = self.query.sort_key(ordered[self.limit - 1][1])
        self.complete = False
        for key, row in ordered[self.limit :]:
            self._forget(key, row.version)
            different.add(key)

    def _prune(self) -> None:
        """Floors and touches outlive every fetch in flight, and are bounded otherwise."""
        if self._asked:
            return
        self._touched.clear()
        while len(self._floors) > MAX_FLOORS:
            self._floors.popitem(last=False)
