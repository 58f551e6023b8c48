"""Window: the rows of one query, kept equal to the database by snapshots and changes that may come in any order.

Pure: no socket, no clock, no task. The invariants of `LiveTable` that are about data are enforced here:

W1  A change older than the row held (by `version`) changes nothing.
W2  A removed row stays removed, whatever was doubled or came late: `_floors` remembers the version it left with. Only
    an answer that was asked for after it left may bring it back: it was there to be seen, whatever hid it before.
W3  A snapshot never undoes a change that was applied after the snapshot was asked for; one that was asked for before
    another was applied is of no use, and refused; one that may lack what was not kept meanwhile says so (`overtaken`).
W4  At most `limit` rows (and a little slack) are held. Rows behind the last known one are not kept unless the end of
    the table is known, and a full window that lost a row says that it wants to be refilled.
W5  A row whose state did not change stays the same object.
W6  A resync is worth a snapshot. Its keys alone say which rows there are; a record that is none of them is passed over,
    and a row is kept as it is only when it is held in the version that its key has, or a later one. So it does not
    matter why a record was sent, nor in which order keys and records were read.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import Any, Generic, Protocol, TypeAlias, TypeVar
from uuid import UUID

from state.sync.change import Change
from state.sync.query import Query, SortKey

Key: TypeAlias = Hashable
Keys: TypeAlias = Sequence[tuple[Key, int]]  # keys with the versions of their rows, in the order of the query

NEVER = 2**63  # above any version
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
        self.newest: datetime | None = None  # the largest `updated_at` that was ever seen
        self._held: dict[Key, Row] = {}
        self._floors: OrderedDict[Key, tuple[int, int]] = OrderedDict()  # versions refused below; since which moment
        self._touched: dict[Key, int] = {}  # at which moment a change was last applied to a row
        self._moment = 0  # rises with every question and every answer
        self._applied = 0  # the moment of the last snapshot or page
        self._asked: list[int] = []  # moments at which the snapshots in flight were asked for
        self._end: SortKey | None = None  # the last known row; None: the end is known, or nothing is
        self._passed = 0  # the moment at which a change was last left out because it was behind the end
        self.overtaken = False  # W3: the last answer moved the end past such changes, and was read before them

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
        """The row behind which the next page begins."""
        return max(self._held.values(), key=self.query.sort_key, default=None)

    @property
    def end(self) -> SortKey | None:
        """What lies behind this is not known; None: all is, or nothing yet."""
        return self._end

    def left(self, key: Key, version: int) -> bool:
        """Whether the row is known to have left, in this state or a later one."""
        return version < self._floors.get(key, (0, 0))[0]

    def apply(self, change: Change) -> set[Key]:
        """Takes a change in; returns the keys of the rows that are different now."""
        self._moment += 1
        different: set[Key] = set()
        for row in [self._read(record) for record in change.records]:
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
        different = self._add(records, asked, full=len(records) >= self.limit)
        self._leave_out({self._parse_key(record[self.query.key]) for record in records}, asked, different)
        return different

    def read_keys(self, records: list[dict[str, Any]]) -> list[tuple[Key, int]]:
        """Of records that hold the key and the version."""
        return [(self._parse_key(record[self.query.key]), int(record["version"])) for record in records]

    def missing(self, keys: Keys, asked: int, records: Sequence[dict[str, Any]] = ()) -> list[Key]:
        """Those whose rows neither the window nor `records` has in these versions."""
        sent = dict(self.read_keys(list(records)))
        return [
            key
            for key, version in keys
            if not self._holds(key, version) and sent.get(key, -1) < version and not self._refuses(key, version, asked)
        ]

    def resync(self, records: list[dict[str, Any]], keys: Keys, asked: int) -> set[Key] | None:
        """`keys`: those of the first `limit` rows of the query; `records`: rows that were `missing`. W6.

        Returns as `snapshot` does; None also when the end cannot be told, since no row is as its key says.
        """
        if asked < self._applied:
            return self.abandon(asked)
        rows = {getattr(row, self.query.key): row for row in map(self._read, records)}
        end = None
        if len(keys) >= self.limit:
            end = self._find_end(keys, rows)
            if end is None:
                return self.abandon(asked)
        self._moment += 1
        self._applied = self._moment
        self._move_end(end, asked)
        present = {key for key, version in keys if self._holds(key, version)}
        different: set[Key] = set()
        for key, version in keys:
            row = rows.get(key)
            if row is not None and row.version >= version:
                present.add(key)
                if self._take(key, row, asked):
                    different.add(key)
        self._leave_out(present, asked, different)
        return different

    def _find_end(self, keys: Keys, rows: dict[Key, Row]) -> SortKey | None:
        """Where the last row stands that is known as it was when the keys were read: all before it are among them."""
        for key, version in reversed(keys):
            for row in (self._held.get(key), rows.get(key)):
                if row is not None and row.version == version:
                    return self.query.sort_key(row)
        return None

    def page(self, records: list[dict[str, Any]], asked: int, size: int) -> set[Key] | None:
        """The `size` rows behind `last`; the window grows by them. Returns as `snapshot` does."""
        if asked < self._applied:
            return self.abandon(asked)
        self.limit += size
        different = self._add(records, asked, full=len(records) >= size)
        self._cut(different)
        self.abandon(asked)
        return different

    def _read(self, record: dict[str, Any]) -> Row:
        row = self.parse(record)
        updated_at: datetime | None = getattr(row, "updated_at", None)
        if updated_at is not None and (self.newest is None or updated_at > self.newest):
            self.newest = updated_at
        return row

    def _add(self, records: list[dict[str, Any]], asked: int, *, full: bool) -> set[Key]:
        """Takes the rows of an answer in. `full`: there may be more behind them."""
        rows = [self._read(record) for record in records]
        self._moment += 1
        self._applied = self._moment
        self._move_end(self.query.sort_key(rows[-1]) if full else None, asked)
        return {key for row in rows if self._take(key := getattr(row, self.query.key), row, asked)}

    def _move_end(self, end: SortKey | None, asked: int) -> None:
        farther = self._end is not None and (end is None or end > self._end)
        self.overtaken = farther and self._passed > asked
        self._end, self.complete = end, end is None

    def _leave_out(self, present: set[Key], asked: int, different: set[Key]) -> None:
        """What an answer lacks is gone, unless it was touched after the answer was asked for (W3)."""
        touched = {key for key, moment in self._touched.items() if moment > asked}
        for key in [key for key in self._held if key not in present or key in touched]:
            held = self._held[key]
            behind = self._end is not None and self.query.sort_key(held) > self._end  # W4
            if behind or key not in touched:
                self._forget(key, held.version if behind else held.version + 1)
                different.add(key)
        self._cut(different)
        self.abandon(asked)

    def _holds(self, key: Key, version: int) -> bool:
        held = self._held.get(key)
        return held is not None and held.version >= version

    def _refuses(self, key: Key, version: int, asked: int | None) -> bool:
        """W2. `asked`: when the answer was asked for that the row is in; None: it is in a change."""
        floor, since = self._floors.get(key, (0, 0))
        return version < floor and (asked is None or since > asked)

    def _take(self, key: Key, row: Row, asked: int | None = None) -> bool:
        if self._refuses(key, row.version, asked) or self._holds(key, row.version):  # W1, W2
            return False
        if asked is None and self._asked:  # with nothing in flight there is nothing that could undo it
            self._touched[key] = self._moment
        if not self.query.matches(row):
            return self._forget(key, row.version + 1)
        held = self._held.get(key)
        moved = held is None or not self.query.same_place(held, row)
        if moved and self._end is not None and self.query.sort_key(row) > self._end:  # W4
            self._passed = self._moment if asked is None else self._passed
            return self._forget(key, row.version)
        self._floors.pop(key, None)
        self._held[key] = row
        return True

    def forget(self, key: Key) -> bool:
        """The row was deleted, and its key will not be used again. Whether it was held."""
        self._moment += 1
        return self._forget(key, NEVER)

    def _forget(self, key: Key, floor: int) -> bool:
        self._floors[key] = (max(floor, self._floors.get(key, (0, 0))[0]), self._moment)
        self._floors.move_to_end(key)
        self._prune()
        return self._held.pop(key, None) is not None

    def _cut(self, different: set[Key]) -> None:
        if len(self._held) <= self.limit + SLACK:
            return
        ordered = sorted(self._held.items(), key=lambda item: self.query.sort_key(item[1]))
        self._end = self.query.sort_key(ordered[self.limit - 1][1])
        self.complete = False
        self._passed = self._moment
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
