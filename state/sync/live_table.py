"""LiveTable: the rows of one query, kept equal to the database, whatever the network does.

Invariants (those about data alone are `Window`'s, W1 to W6; about when it asks `Pulse`'s, P1 to P4; about writes
`Mutations`', M1 to M7)

L1  Join first, buffer; then fetch the snapshot; then apply the buffer: nothing falls in between. A table whose channel
    is not live fetches all the same, and once more as soon as it is.
L2  After any gap (a rejoin, an overflow, a message too large) it fetches again, and as often as `Freshness` says while
    anybody looks, gap or none. What it asks for then is only what is different (`fetching`), and only that is told.
L3  After quiescence it equals the same query run fresh, whatever was dropped, doubled or reordered.
L4  Rows keep their identity. Listeners get batches: the first change at once, what follows within `cadence_s`
    together.
L5  A table listens to one topic; a row that leaves that topic leaves this table only.
L6  A fetch that fails changes no row: it is said in `error` and tried again.
L7  What was forgotten stays so: answers that were on their way reach a window that nobody looks at.
L8  A table of some rows of another one's is written through that one (`outbox`): what is unconfirmed there shows here, on
    rows that are held, and does not end with this table. New rows show there alone until the database has them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from state.errors import StateError
from state.signal import Signal, Unsubscribe, leave_all
from state.sync.audience import Audience
from state.sync.change import Change
from state.sync.fetching import Source, fetch, fetch_news
from state.sync.freshness import Freshness
from state.sync.mutation import Mutations, Pending
from state.sync.ordered import Ordered
from state.sync.pulse import Pulse
from state.sync.query import Query, SortKey
from state.sync.rows import Batch, Phase
from state.sync.window import Window
from state.tasks import Tasks

Row = TypeVar("Row", bound=BaseModel)

REFILL_S = 0.2  # a full window that lost rows waits this long for more of the kind
CADENCE_S = 0.05
MAX_BUFFER = 10_000  # changes held until the first snapshot; past that it is simply fetched again

log = logging.getLogger("starling.sync")


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
    """`freshness` is that of the feed's connection; `audience` are those who look (None: somebody always does).

    `outbox`: L8. `refused` hears, as a sentence, of writes to this table that were given up. `fetches` counts answers, `resyncs`
    those among them that brought only what is different, `failures` those that did not come, `changes` what the feed
    brought.
    """

    def __init__(
        self,
        query: Query,
        row_type: type[Row],
        source: Source,
        feed: Feed,
        *,
        freshness: Freshness,
        audience: Audience | None = None,
        limit: int = 200,
        outbox: LiveTable[Row] | None = None,
        cadence_s: float = CADENCE_S,
        refused: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.query = query
        self.phase: Phase = "loading"
        self.error: str | None = None
        self.fetches = 0
        self.resyncs = 0
        self.failures = 0
        self.changes = 0
        self.last_fetch_at: datetime | None = None
        self.last_change_at: datetime | None = None
        self.mutations: Mutations[Row] = Mutations(
            touch=self._touch, confirm=self._confirm, gone=self._gone, refused=refused
        )
        self._outbox = outbox
        self._parts: list[LiveTable[Row]] = []  # tables that are written through this one
        if outbox is not None:
            self.mutations = outbox.mutations
        self._source = source
        self._feed = feed
        self._freshness = freshness
        self._pulse = Pulse(query.table, freshness, audience, lambda: feed.live)
        self._window: Window[Any] = Window(query, row_type.model_validate, limit)
        self._page = limit
        self._shown: Ordered[Row] = Ordered(query.sort_key, query.same_place)
        self._listeners: Signal[Batch[Row]] = Signal()
        self._settled = False  # the last answer was of use: the next need only bring what is different
        self._buffer: list[Change] = []
        self._cadence_s = cadence_s
        self._dirty: set[Hashable] = set()
        self._flush_handle: asyncio.Handle | None = None
        self._last_flush = 0.0
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

    @property
    def interval_s(self) -> float:
        """The seconds between two fetches, as things are now."""
        return self._pulse.interval_s

    @property
    def age_s(self) -> float | None:
        """Seconds since the rows were last fetched; None: never yet."""
        return None if self.last_fetch_at is None else (datetime.now(UTC) - self.last_fetch_at).total_seconds()

    @property
    def last(self) -> Row | None:
        """The last row that the database has confirmed: the next page begins behind it, whatever is shown."""
        return self._window.last

    @property
    def end(self) -> SortKey | None:
        """Rows that sort behind this are not known; None: all are, or none yet."""
        return self._window.end

    def left(self, key: Hashable, version: int) -> bool:
        """Whether the row is known to have left the table, in this state or a later one."""
        return self._window.left(key, version)

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
        different, window = None, self._window
        while different is None:  # a snapshot may overtake the page, which is then of no use
            last = window.last
            if self.complete or last is None:
                return
            asked = window.ask()
            try:
                records = await self._source.select(self.query, self._page, last)
                different = window.page(records, asked, self._page)
            except BaseException:
                window.abandon(asked)
                raise
        if window.overtaken:
            self._pulse.ask()
        self._changed(different)
        self.flush()

    # Life ----------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Starts to listen and to fetch; the rows arrive by themselves."""
        self._unsubscribe = [
            self._feed.on_change(self.query.table, self._on_change),
            self._feed.on_live(self._pulse.ask),
            self._feed.on_lost(self._pulse.reckon),
            self._freshness.on_change(lambda live: self.mutations.wake() if live else None),
        ]
        if self._outbox is not None:
            self._outbox._parts.append(self)
            self._unsubscribe.append(partial(self._outbox._parts.remove, self))
        self._pulse.open()
        self._tasks.start(self._keep(), "keep")

    async def close(self) -> None:
        """Sends what waits, stops, and forgets nothing that is shown."""
        leave_all(self._unsubscribe)
        self._pulse.close()
        if self._outbox is None:
            await self.mutations.close()
        await self._tasks.close()
        if self._flush_handle is not None:
            self._flush_handle.cancel()

    def forget(self) -> None:
        """Stops at once and holds nothing any more: whoever could see these rows has signed out. L7"""
        leave_all(self._unsubscribe)
        self._pulse.close()
        self._tasks.cancel()
        if self._outbox is None:
            self.mutations.forget()
        self._window = Window(self.query, self._window.parse, self._page)
        self._window.complete = True
        self._buffer.clear()
        self._dirty |= {getattr(row, self.query.key) for row in self._shown.rows}
        self.phase, self.error = "ready", None
        self.flush()

    def refresh(self) -> None:
        """Fetches soon, whatever the time."""
        self._pulse.ask()

    # How it stays right --------------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        while True:
            self._pulse.begin()
            await self._fetch()
            failed = self.error is not None
            soon = not failed and (self._window.wants_refill or self._window.overtaken)
            await self._pulse.rest(failed=failed, needed=self.phase != "ready", at_most_s=REFILL_S if soon else None)

    async def _fetch(self) -> None:
        window = self._window
        asked = window.ask()
        try:
            different = await self._ask(window, asked)
        except Exception as error:
            window.abandon(asked)
            self.failures += 1
            if not isinstance(error, StateError):
                self._settled = False
                log.error("What was fetched of %s could not be read", self.query.table, exc_info=error)
            self.error = str(error) if isinstance(error, StateError) else "What the database sent could not be read"
            self.phase = "failed" if self.phase == "loading" else self.phase
            self._tell_soon()
            return
        except BaseException:
            window.abandon(asked)
            raise
        self.fetches += 1
        self.last_fetch_at = datetime.now(UTC)
        if different is None:
            self._pulse.ask()
            return
        news = self.phase != "ready" or self.error is not None
        self.phase, self.error = "ready", None
        buffered, self._buffer = self._buffer, []
        for change in buffered:
            different |= window.apply(change)
        self._changed(different)
        if news:
            self.mutations.wake()
            self.flush()  # whoever sees that it is ready sees the rows

    async def _ask(self, window: Window[Any], asked: int) -> set[Hashable] | None:
        """Asks for what is different, once there is something that it can differ from."""
        news = await fetch_news(self._source, window, asked) if self._settled else None
        if news is None:
            records = await fetch(self._source, self.query, window.limit)
            different = window.snapshot(records, asked)
        else:
            self.resyncs += 1
            different = window.resync(news.records, news.keys, asked)
        self._settled = different is not None
        return different

    def _on_change(self, change: Change) -> None:
        self.changes += 1
        self.last_change_at = datetime.now(UTC)
        self._freshness.heard(self.query.table)
        if change.refetch:
            self._pulse.ask()
        elif self.phase != "ready":
            if len(self._buffer) >= MAX_BUFFER:
                self._buffer.clear()
                self._pulse.ask()
            self._buffer.append(change)
        else:
            full = not self._window.wants_refill
            self._changed(self._window.apply(change))
            if full and self._window.wants_refill:
                self._pulse.ask()

    def _confirm(self, record: dict[str, Any]) -> None:
        for table in (self, *self._parts):
            table._changed(table._window.apply(Change(self.query.table, "UPDATE", records=[record])))

    def _gone(self, key: Hashable) -> None:
        for table in (self, *self._parts):
            if table._window.forget(key):
                table._changed({key})

    # How it is told ------------------------------------------------------------------------------------------------

    def _touch(self, key: Hashable) -> None:
        for table in (self, *self._parts):
            table._dirty.add(key)
            table._tell_soon()

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
            held = self._window.get(key)
            now = held if held is None and self._outbox is not None else self.mutations.fold(key, held)
            if now is before:
                continue
            if now is None:
                self._shown.remove(key)
                batch.deleted.append(before)  # type: ignore[arg-type]
            elif before is None:
                self._shown.put(key, now)
                batch.inserted.append(now)
            elif now.version != before.version or now != before:  # type: ignore[attr-defined]  # the first is cheap
                self._shown.put(key, now)
                batch.updated.append(now)
        self._dirty.clear()
        self._listeners.emit(batch)
