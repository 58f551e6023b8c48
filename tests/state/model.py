"""A database that is nothing but a model, and a network in which a test decides what happens when.

What LiveTable asks is a `Call`: it is `read` (or executed) at one moment and answered at another, or never. What is
committed is announced on a wire, from which messages are taken in any order, twice, or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel

from state.errors import Refused, StateError
from state.signal import Signal, Unsubscribe
from state.sync.change import Change
from state.sync.query import Order, Query, Where

T = TypeVar("T")
EPOCH = datetime(2026, 11, 26, tzinfo=UTC)
QUERY = Query("things", (Where("shown", "eq", True),), (Order("rank"),))


class Thing(BaseModel):
    """`mine` is written by the table's own mutations only, with ever higher numbers; `theirs` by others."""

    id: UUID
    rank: int = 0
    shown: bool = True
    theirs: int = 0
    mine: int = 0
    version: int = 0
    updated_at: datetime = EPOCH


class HandLoop(asyncio.SelectorEventLoop):
    """A loop whose clock is moved by hand."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Runs it, and then everything that can run without time passing."""
        result = self.run_until_complete(coroutine)
        self.run_until_complete(settle())
        return result

    def advance(self, seconds: float) -> None:
        """Lets time pass, and everything happen that was waiting for it."""
        self.now += seconds
        self.do(settle())


async def settle() -> None:
    for _ in range(25):
        await asyncio.sleep(0)


class Database:
    """One table. A write takes a version and a time when it begins, and is seen from its commit on."""

    def __init__(self) -> None:
        self.rows: dict[UUID, Thing] = {}
        self.versions = 0
        self.used = 0
        self.deleted: set[UUID] = set()
        self.hidden: set[UUID] = set()  # by a right that is written elsewhere: the rows themselves do not change
        self.ever_hidden: set[UUID] = set()
        self.open: dict[UUID, Thing] = {}  # rows that are locked by a transaction, and what they will be
        self.announce: Callable[[Change], None] = lambda _: None

    def new_id(self) -> UUID:
        self.used += 1
        return UUID(int=self.used)

    def begin(self, id: UUID, **columns: Any) -> Thing:
        """An insert or update that is not committed."""
        self.versions += 1
        stamp = {"version": self.versions, "updated_at": EPOCH + timedelta(seconds=self.versions)}
        row = self.rows.get(id, Thing(id=id)).model_copy(update=columns | stamp)
        self.open[id] = row
        return row

    def commit(self, id: UUID) -> Thing:
        row = self.rows[id] = self.open.pop(id)
        self.announce(Change("things", "UPDATE", records=[record(row)]))
        return row

    def delete(self, id: UUID) -> None:
        row = self.rows.pop(id)
        self.deleted.add(id)
        self.announce(Change("things", "DELETE", old_keys=[{"id": str(id), "version": row.version}]))

    def hide(self, id: UUID) -> None:
        """Or show it again. Nothing is announced."""
        self.hidden ^= {id}
        self.ever_hidden.add(id)

    def free(self) -> list[UUID]:
        """Rows that nobody has locked."""
        return [id for id in self.rows if id not in self.open]

    def select(self, query: Query = QUERY, limit: int | None = None, after: Any = None) -> list[Thing]:
        rows = sorted(filter(query.matches, self.rows.values()), key=query.sort_key)
        rows = [row for row in rows if row.id not in self.hidden]
        if after is not None:
            row = Thing(**vars(after)) if isinstance(after, SimpleNamespace) else after
            rows = [one for one in rows if query.sort_key(one) > query.sort_key(row)]
        return rows[:limit]


def record(row: Thing) -> dict[str, Any]:
    return row.model_dump(mode="json")


@dataclass(eq=False)
class Call:
    """Something that was asked of the database. `act` is what it does there."""

    act: Callable[[], Any]
    future: asyncio.Future[Any]
    write: UUID | None = None
    done: bool = False
    result: Any = None

    def read(self) -> None:
        """The database has done it; the answer is on its way. A refusal is an answer."""
        try:
            self.result = self.act()
        except Refused as error:
            self.result = error
        self.done = True

    def answer(self) -> None:
        if not self.future.done():
            refused = isinstance(self.result, Refused)
            (self.future.set_exception if refused else self.future.set_result)(self.result)

    def fail(self, error: StateError) -> None:
        if not self.future.done():
            self.future.set_exception(error)


@dataclass
class Network:
    """All that is under way: calls, and announcements on the wire. It is a Source and a Feed."""

    database: Database
    calls: list[Call] = field(default_factory=list)
    wire: list[Change] = field(default_factory=list)
    live: bool = False

    def __post_init__(self) -> None:
        self.database.announce = self._announce
        self._changes: Signal[Change] = Signal()
        self._live: Signal[None] = Signal()
        self._lost: Signal[None] = Signal()

    def _announce(self, change: Change) -> None:
        if self.live:
            self.wire.append(change)

    async def call(self, act: Callable[[], Any], write: UUID | None = None) -> Any:
        call = Call(act, asyncio.get_running_loop().create_future(), write)
        self.calls.append(call)
        try:
            return await call.future
        finally:
            self.calls.remove(call)

    async def select(
        self, query: Query, limit: int, after: Any | None = None, columns: tuple[str, ...] = ()
    ) -> list[dict[str, Any]]:
        def read() -> list[dict[str, Any]]:
            records = [record(row) for row in self.database.select(query, limit, after)]
            return [{name: one[name] for name in columns or one} for one in records]

        return await self.call(read)

    def on_change(self, table: str, listener: Callable[[Change], None]) -> Unsubscribe:
        return self._changes.subscribe(listener)

    def on_live(self, listener: Callable[[], None]) -> Unsubscribe:
        return self._live.subscribe(lambda _: listener())

    def on_lost(self, listener: Callable[[], None]) -> Unsubscribe:
        return self._lost.subscribe(lambda _: listener())

    def deliver(self, change: Change) -> None:
        self._changes.emit(change)

    def connect(self) -> None:
        """The feed is live, after a gap."""
        self.live = True
        self._live.emit(None)

    def disconnect(self) -> None:
        """What was on the wire is lost, and what is announced from now on."""
        self.live = False
        self.wire.clear()
        self._lost.emit(None)
