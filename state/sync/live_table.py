"""LiveTable: the rows of one query, kept equal to the database, whatever the network does.

Invariants (those about data alone are `Window`'s, W1 to W5; those about writes are `Mutations`', M1 to M4)

L1  Join first, buffer; then fetch the snapshot; then apply the buffer: nothing falls in between. A table whose channel
    is not live fetches all the same, and once more as soon as it is.
L2  After any gap (a rejoin, an overflow, a message too large) it fetches again, and every 30 s, gap or none; every 5 s
    while the channel is not live. Only real differences are told.
L3  After quiescence it equals the same query run fresh, whatever was dropped, doubled or reordered.
L4  Rows keep their identity. Listeners get batches: the first change at once, what follows within `cadence_s`
    together.
L5  A table listens to one topic; a row that leaves that topic leaves this table only.
L6  A fetch that fails changes no row: it is said in `error` and tried again.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from state.errors import StateError
from state.signal import Signal, Unsubscribe
from state.sync.change import Change
from state.sync.mutation import Mutations, Pending
from state.sync.ordered import Ordered
from state.sync.query import Query
from state.sync.rows import Batch, Phase
from state.sync.window import Window
from state.tasks import Tasks

Row = TypeVar("Row", bound=BaseModel)

RECONCILE_S = 30.0  # while the channel is live; jittered by a fifth
POLL_S = 5.0  # while it is not
REFILL_S = 0.2  # a full window that lost rows waits this long for more of the kind
CADENCE_S = 0.05
MAX_BUFFER = 10_000  # changes held until the first snapshot; past that it is simply fetched again
PAGE = 1000  # PostgREST cuts longer answers without a word

log = logging.getLogger("starling.sync")


class Source(Protocol):
    """Where rows are asked for."""

    async def select(self, query: Query, limit: int, after: Any | None = None) -> list[dict[str, Any]]:
        """The first `limit` rows, or those behind the row `after`. Raises StateError."""
        ...


class Feed(Protocol):
    """Where changes come from: a Channel."""

    @property
    def live(self) -> bool: ...

    def on_change(self, table: str, listener: Callable[[Change], None]) -> Unsubscribe: ...

    def on_live(self, listener: Callable[[], None]) -> Unsubscribe:
        """`listener` is called whenever the feed has become live, after a gap of unknown length."""
        ...

    def on_lost(self, listener: Callable[[], None]) -> Unsubscribe:
        """`listener` is called whenever the feed stopped being live."""
        ...


class LiveTable(Generic[Row]):
    """`refused` hears, as a sentence, of writes to this table that were given up."""

    def __init__(
        self,
        query: Query,
        row_type: type[Row],
        source: Source,
        feed: Feed,
        *,
        limit: int = 200,
        cadence_s: float = CADENCE_S,
        refused: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.query = query
        self.phase: Phase = "loading"
        self.error: str | None = None
        self.fetches = 0
        self.changes = 0
        self.mutations: Mutations[Row] = Mutations(
            touch=self._touch, confirm=self._confirm, gone=self._gone, refused=refused
        )
        self._source = source
        self._feed = feed
        self._window: Window[Any] = Window(query, row_type.model_validate, limit)
        self._page = limit
        self._shown: Ordered[Row] = Ordered(query.sort_key)
        self._listeners: Signal[Batch[Row]] = Signal()
        self._buffer: list[Change] = []
        self._cadence_s = cadence_s
        self._dirty: set[Hashable] = set()
        self._flush_handle: asyncio.Handle | None = None
        self._last_flush = 0.0
        self._wake = asyncio.Event()
        self._tasks = Tasks(f"table {query.table}")
        self._unsubscribe: list[Unsubscribe] = []

    # What pages read -----------------------------------------------------------------------------------------------

    @property
    def rows(self) -> Sequence[Row]:
        """In order, with unconfirmed writes applied."""
        return self._shown.rows

    @property
    def complete(self) -> bool:
        """False: there are rows behind the last one."""
        return self._window.complete

    def get(self, key: Hashable) -> Row | None:
        """The row with this key, if it is in the window."""
        return self._shown.get(key)

    def pending(self, key: Hashable) -> Pending | None:
        """The unconfirmed write to a row, if any."""
        return self.mutations.pending(key)

    @property
    def limit(self) -> int:
        """How many rows it may hold."""
        return self._window.limit

    @property
    def listeners(self) -> int:
        """How many are told of changes."""
        return len(self._listeners)

    def subscribe(self, listener: Callable[[Batch[Row]], None]) -> Unsubscribe:
        """`listener` gets a Batch after every change of rows, phase or pending writes."""
        return self._listeners.subscribe(listener)

    async def load_more(self) -> None:
        """Makes the window a page longer. Raises StateError."""
        different = None
        while different is None:  # a snapshot may overtake the page, which is then of no use
            last = self._window.last
            if self.complete or last is None:
                return
            asked = self._window.ask()
            try:
                records = await self._source.select(self.query, self._page, last)
            except BaseException:
                self._window.abandon(asked)
                raise
            different = self._window.page(records, asked, self._page)
        self._changed(different)
        self.flush()

    # Life ----------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Starts to listen and to fetch; the rows arrive by themselves."""
        self._unsubscribe = [
            self._feed.on_change(self.query.table, self._on_change),
            self._feed.on_live(self._wake.set),
            self._feed.on_lost(self._wake.set),
        ]
        self._tasks.start(self._keep(), "keep")

    async def close(self) -> None:
        """Sends what waits, stops, and forgets nothing that is shown."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe = []
        await self.mutations.close()
        await self._tasks.close()
        if self._flush_handle is not None:
            self._flush_handle.cancel()

    def refresh(self) -> None:
        """Fetches soon, whatever the time."""
        self._wake.set()

    # How it stays right --------------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        while True:
            self._wake.clear()
            await self._fetch()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._wake.wait()

    def _pause(self) -> float:
        if self.error is not None or not self._feed.live:
            return POLL_S
        return REFILL_S if self._window.wants_refill else RECONCILE_S * random.uniform(0.8, 1.2)

    async def _fetch(self) -> None:
        asked = self._window.ask()
        try:
            records = await self._select()
            different = self._window.snapshot(records, asked)
        except (StateError, ValidationError) as error:
            self._window.abandon(asked)
            if isinstance(error, ValidationError):
                log.error("A row of %s could not be read: %s", self.query.table, error)
            self.error = str(error) if isinstance(error, StateError) else "What the database sent could not be read"
            self.phase = "failed" if self.phase == "loading" else self.phase
            self._tell_soon()
            return
        except BaseException:
            self._window.abandon(asked)
            raise
        self.fetches += 1
        if different is None:
            self._wake.set()
            return
        news = self.phase != "ready" or self.error is not None
        self.phase, self.error = "ready", None
        buffered, self._buffer = self._buffer, []
        for change in buffered:
            different |= self._window.apply(change)
        self._changed(different)
        if news:
            self.flush()  # whoever sees that it is ready sees the rows

    async def _select(self) -> list[dict[str, Any]]:
        limit = self._window.limit
        records = await self._source.select(self.query, min(limit, PAGE))
        while len(records) < limit and records and len(records) % PAGE == 0:
            last = self._window.parse(records[-1])
            more = await self._source.select(self.query, min(limit - len(records), PAGE), last)
            if not more:
                break
            records += more
        return records

    def _on_change(self, change: Change) -> None:
        self.changes += 1
        if change.refetch:
            self._wake.set()
        elif self.phase != "ready":
            if len(self._buffer) >= MAX_BUFFER:
                self._buffer.clear()
                self._wake.set()
            self._buffer.append(change)
        else:
            full = not self._window.wants_refill
            self._changed(self._window.apply(change))
            if full and self._window.wants_refill:
                self._wake.set()

    def _confirm(self, record: dict[str, Any]) -> None:
        self._changed(self._window.apply(Change(self.query.table, "UPDATE", records=[record])))

    def _gone(self, key: Hashable) -> None:
        held = self._window.get(key)
        if held is not None:
            old = {self.query.key: str(key), "version": held.version}
            self._changed(self._window.apply(Change(self.query.table, "DELETE", old_keys=[old])))

    # How it is told ------------------------------------------------------------------------------------------------

    def _touch(self, key: Hashable) -> None:
        self._dirty.add(key)
        self._tell_soon()

    def _changed(self, keys: set[Hashable]) -> None:
        if keys:
            self._dirty |= keys
            self._tell_soon()

    def _tell_soon(self) -> None:
        if self._flush_handle is None:
            loop = asyncio.get_running_loop()
            wait = self._last_flush + self._cadence_s - loop.time()
            self._flush_handle = loop.call_later(wait, self.flush) if wait > 0 else loop.call_soon(self.flush)

    def flush(self) -> None:
        """Tells the listeners now what they would be told within `cadence_s`."""
        if self._flush_handle is not None:
            self._flush_handle.cancel()
            self._flush_handle = None
        self._last_flush = asyncio.get_running_loop().time()
        batch: Batch[Row] = Batch()
        for key in self._dirty:
            before = self._shown.get(key)
            now = self.mutations.fold(key, self._window.get(key))
            if now is before:
                continue
            if now is None:
                self._shown.remove(key)
                batch.deleted.append(before)  # type: ignore[arg-type]
            elif before is None:
                self._shown.put(key, now)
                batch.inserted.append(now)
            elif now != before:
                self._shown.put(key, now)
                batch.updated.append(now)
        self._dirty.clear()
        self._listeners.emit(batch)
