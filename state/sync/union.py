"""Union: several Rows shown as one, each row once, in an order of its own.

A row that stands in several (one's own public picture is in the member's table and in the world's) is shown in its
newest state. `keep` may leave rows out; call `refilter` when its answer changes by itself. With `paged`, all sources
have the union's order, and nothing is shown behind the last row of one that has more to come: else rows would later
appear in the midst of others.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic

from state.signal import Signal, Unsubscribe, leave_all
from state.sync.mutation import Pending
from state.sync.ordered import Ordered
from state.sync.query import SortKey
from state.sync.rows import Batch, Phase, Row, Rows


class Union(Generic[Row]):
    """`sources`: the first one that knows a pending write answers for it."""

    def __init__(
        self,
        sources: Sequence[Rows[Row]],
        *,
        sort_key: Callable[[Row], tuple[Any, ...]],
        keep: Callable[[Row], bool] = lambda _: True,
        paged: bool = False,
        key: str = "id",
    ) -> None:
        self._sources = sources
        self._sort_key = sort_key
        self._keep = keep
        self._paged = paged
        self._horizon: tuple[Any, ...] | None = None
        self._key = key
        self._unsettled: set[Hashable] = set()  # rows that were last seen with an unconfirmed write
        self._shown: Ordered[Row] = Ordered(sort_key)
        self._listeners: Signal[Batch[Row]] = Signal()
        self._unsubscribe: list[Unsubscribe] = []
        self._show(self._all_keys())

    def open(self) -> None:
        """Follows its sources until `close`."""
        self._unsubscribe = [source.subscribe(self._on_batch) for source in self._sources]
        self.refilter()

    def close(self) -> None:
        """Stops following."""
        leave_all(self._unsubscribe)

    @property
    def rows(self) -> Sequence[Row]:
        """All rows that are kept, in order."""
        return self._shown.rows

    @property
    def phase(self) -> Phase:
        """Failed if one failed; loading until all are there."""
        phases = {source.phase for source in self._sources}
        return "failed" if "failed" in phases else "loading" if "loading" in phases else "ready"

    @property
    def error(self) -> str | None:
        """The first source's that has one."""
        return next((source.error for source in self._sources if source.error), None)

    @property
    def complete(self) -> bool:
        """Whether all of them are."""
        return all(source.complete for source in self._sources)

    @property
    def horizon(self) -> SortKey | None:
        """With `paged`: nothing behind this is shown; None: there is no more."""
        return self._horizon

    def get(self, key: Hashable) -> Row | None:
        """The row with this key, if it is shown."""
        return self._shown.get(key)

    def pending(self, key: Hashable) -> Pending | None:
        """The unconfirmed write to a row, if any."""
        return next((pending for source in self._sources if (pending := source.pending(key))), None)

    def subscribe(self, listener: Callable[[Batch[Row]], None]) -> Unsubscribe:
        """`listener` gets a Batch after every change."""
        return self._listeners.subscribe(listener)

    async def load_more(self) -> None:
        """Makes every source's window a page longer. Raises StateError."""
        for source in self._sources:
            if not source.complete:
                await source.load_more()

    def refilter(self) -> None:
        """Looks at every row again."""
        self._listeners.emit(self._show(self._all_keys()))

    def look(self, key: Hashable) -> None:
        """Looks at one row again: a write was made to it in a source that may not hold it yet, and so will not tell."""
        self._listeners.emit(self._show({key}))

    def _on_batch(self, batch: Batch[Row]) -> None:
        keys = {getattr(row, self._key) for row in [*batch.inserted, *batch.updated, *batch.deleted]}
        # A write may be made and taken back between two batches of its source: those never name its row.
        self._listeners.emit(self._show(keys | self._unsettled))

    def _all_keys(self) -> set[Hashable]:
        shown = {getattr(row, self._key) for row in self._shown.rows}
        return shown | {getattr(row, self._key) for source in self._sources for row in source.rows}

    def _find_horizon(self) -> tuple[Any, ...] | None:
        if not self._paged:
            return None
        ends = [self._sort_key(source.rows[-1]) for source in self._sources if source.rows and not source.complete]
        return min(ends, default=None)

    def _show(self, keys: set[Hashable]) -> Batch[Row]:
        horizon = self._find_horizon()
        if horizon != self._horizon:
            self._horizon = horizon
            keys = self._all_keys()
        batch: Batch[Row] = Batch()
        for key in keys:
            before = self._shown.get(key)
            now = self._newest(key)
            if now is before:
                continue
            if now is None:
                self._shown.remove(key)
                batch.deleted.append(before)  # type: ignore[arg-type]
                continue
            self._shown.put(key, now)
            (batch.inserted if before is None else batch.updated).append(now)
        return batch

    def _newest(self, key: Hashable) -> Row | None:
        writes = [write for source in self._sources if (write := source.pending(key)) is not None]
        (self._unsettled.add if writes else self._unsettled.discard)(key)
        found = [(source.pending(key), row) for source in self._sources if (row := source.get(key)) is not None]
        if not found or any(write.kind == "delete" for write in writes):
            return None
        unconfirmed = next((row for pending, row in found if pending), None)
        newest = unconfirmed or max((row for _, row in found), key=lambda row: row.version)  # type: ignore[attr-defined]
        if not self._keep(newest) or (self._horizon is not None and self._sort_key(newest) > self._horizon):
            return None
        return newest
