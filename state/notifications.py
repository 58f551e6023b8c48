"""Notifications: what one member is told of, and what they have read.

N1  `unread` is the number that the database has: what is held, plus what it counts behind the last row held. It is right
    as soon as something is marked, before the database has answered.
N2  Whoever looks at the page on which a thing happens by itself needs no word of it: it is read as it arrives, and counted
    nowhere.
N3  `arrived` tells of each notification that came, or was joined by more, while the member is open; not of those found
    when it opened, loaded from further behind, or read already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from state.areas import Area
from state.gallery import Behind
from state.models import Notification, NotificationKind, NotificationPreference
from state.signal import Signal, Unsubscribe, leave_all
from state.sync.cached_query import CachedQuery
from state.sync.live_table import LiveTable
from state.sync.query import Order, Query, Where
from state.sync.rows import Batch

if TYPE_CHECKING:
    from state.member import Member

WINDOW = 60
BEHIND = ("notifications", "unread")  # the key of what is counted behind the window
WATCHED = {  # N2: the page that shows it, by kind
    "generation_finished": "/studio",
    "generation_failed": "/studio",
    "training_finished": "/training",
    "training_failed": "/training",
}


@dataclass(frozen=True)
class Arrival:
    """`more`: how often it happened since one was told last."""

    notification: Notification
    more: int


class Shared:
    """One request for several rows that are written together; one that failed is made again."""

    def __init__(self, ask: Callable[[], Awaitable[list[dict[str, Any]]]]) -> None:
        self._ask = ask
        self._lock = asyncio.Lock()
        self._answer: dict[str, dict[str, Any]] | None = None

    async def row(self, id: UUID) -> dict[str, Any] | None:
        """What the answer says of one of them."""
        async with self._lock:
            if self._answer is None:
                self._answer = {row["id"]: row for row in await self._ask()}
        return self._answer.get(str(id))


class Notifications:
    """`table` holds the newest; `changed` tells of every other `unread` or row."""

    def __init__(self, member: Member) -> None:
        self.unread = 0
        self.arrived: Signal[Arrival] = Signal()
        self.changed: Signal[None] = Signal()
        self._member = member
        self._mine = Where("owner_id", "eq", member.id)
        newest = (Order("happened_at", descending=True),)
        self.table: LiveTable[Notification] = member.table(
            Query("notifications", (self._mine,), newest), Notification, limit=WINDOW
        )
        self._unread_query = Query("notifications", (self._mine, Where("read_at", "is", None)), newest)
        self._known: dict[UUID, int] = {}  # how often each had happened when it was looked at last
        self._floor: datetime | None = None  # of the last row held then; None: all were
        self._ready = False
        self._counting: Unsubscribe | None = None
        self._unsubscribe: list[Unsubscribe] = []

    def open(self) -> None:
        """Starts to follow; the table is the member's to open."""
        self._unsubscribe = [self.table.subscribe(self._on_batch)]

    def close(self) -> None:
        """Stops following."""
        leave_all(self._unsubscribe)
        if self._counting is not None:
            self._counting()
            self._counting = None

    # What one does -------------------------------------------------------------------------------------------------

    def read(self, *ids: UUID) -> None:
        """Marks these as read."""
        fresh = [id for id in ids if (row := self.table.get(id)) is not None and row.read_at is None]
        if fresh:
            self._mark(fresh, {"ids": [str(id) for id in fresh]})

    def read_all(self) -> None:
        """Marks all as read, those that are not loaded among them."""
        behind = self._behind()
        fresh = [row.id for row in self.table.rows if row.read_at is None]
        if behind is not None and behind.count:
            self._behind_query().set_data(Behind(0, behind.end))
            if not fresh:  # no row to write to, whose write would carry it
                fresh = [self.table.rows[-1].id] if self.table.rows else []
        if fresh:
            self._mark(fresh, {})

    def _mark(self, ids: Iterable[UUID], args: dict[str, Any]) -> None:
        shared, now = Shared(partial(self._member.api.rpc, "read_notifications", args)), datetime.now(UTC)
        for id in ids:
            self.table.mutations.update(id, {"read_at": now}, partial(shared.row, id))
        self.table.flush()

    # What happens --------------------------------------------------------------------------------------------------

    def _on_batch(self, batch: Batch[Notification]) -> None:
        if self.table.phase == "loading":
            return
        arrivals: list[Arrival] = []
        if self._ready:
            arrivals = list(self._arrivals([*batch.inserted, *batch.updated]))
        seen = [arrival.notification.id for arrival in arrivals if self._watched(arrival.notification)]
        self._ready = self._ready or self.table.phase == "ready"
        self._known = {row.id: row.times for row in self.table.rows}
        rows = self.table.rows
        self._floor = None if self.table.complete or not rows else rows[-1].happened_at
        self._count(hushed=seen)
        if seen:
            shared = Shared(
                partial(self._member.api.rpc, "read_notifications", {"ids": [str(id) for id in seen]})
            )  # not flushed: this is called while the table tells
            for id in seen:
                self.table.mutations.update(id, {"read_at": datetime.now(UTC)}, partial(shared.row, id))
        for arrival in arrivals:
            if arrival.notification.id not in seen:
                self.arrived.emit(arrival)

    def _arrivals(self, rows: Sequence[Notification]) -> Iterable[Arrival]:
        for row in sorted(rows, key=lambda row: row.happened_at):
            known = self._known.get(row.id)
            behind = known is None and self._floor is not None and row.happened_at < self._floor
            more = row.times - (known or 0)
            if row.read_at is None and more > 0 and not behind:  # N3
                yield Arrival(row, more)

    def _watched(self, notification: Notification) -> bool:
        return self._member.audience.shows(WATCHED.get(notification.kind))

    # How many ------------------------------------------------------------------------------------------------------

    def _count(self, hushed: Sequence[UUID] = ()) -> None:
        if self.table.complete and self._counting is not None:
            self._counting()
            self._counting = None
        elif not self.table.complete and self._counting is None and self.table.last is not None:
            self._counting = self._behind_query().observe(lambda _: self._count())
        behind = self._behind()
        held = sum(row.read_at is None and row.id not in hushed for row in self.table.rows)
        self.unread = held + (behind.count if behind else 0)
        self.changed.emit(None)

    def _behind_query(self) -> CachedQuery[Behind]:
        return self._member.queries.query(BEHIND, self._count_behind)

    def _behind(self) -> Behind | None:
        """What lies behind the window; None: that is not known (any more)."""
        if self.table.complete:
            return Behind(0, None)
        query = self._behind_query()
        behind = query.value
        if (
            behind is not None
            and behind.end is not None
            and self.table.end is not None
            and self.table.end != behind.end
        ):
            query.invalidate()  # the window has become longer or shorter: about as many for a moment
        return behind

    async def _count_behind(self) -> Behind:
        last = self.table.last
        end = () if last is None else self.table.query.sort_key(last)
        return Behind(await self._member.api.count(self._unread_query, after=last), end)


class NotificationChoices(Area):
    """The area of a page on which a member chooses what to be told of: all kinds, and what is chosen."""

    def __init__(self, member: Member) -> None:
        self._member = member
        mine = Where("owner_id", "eq", member.id)
        self.kinds: LiveTable[NotificationKind] = member.table(
            Query("notification_kinds", order=(Order("position"),)), NotificationKind
        )
        self.preferences: LiveTable[NotificationPreference] = member.table(
            Query("notification_preferences", (mine,)), NotificationPreference
        )

    @property
    def tables(self) -> tuple[LiveTable[Any], ...]:
        """Both."""
        return (self.kinds, self.preferences)

    def of(self, kind: str) -> tuple[bool, bool]:
        """Whether one is told of it at all, and by the browser."""
        row = self._row(kind)
        return (True, True) if row is None else (row.in_app, row.browser)

    def choose(self, kind: str, *, in_app: bool, browser: bool) -> None:
        """Shows at once, then is sent."""
        row = self._row(kind)
        id = uuid5(self._member.id, kind) if row is None else row.id
        args = {"kind": kind, "in_app": in_app, "browser": browser, "preference_id": str(id)}
        send = partial(self._member.api.rpc, "prefer_notification", args)
        if row is not None:
            self.preferences.mutations.update(id, {"in_app": in_app, "browser": browser}, send)
            self.preferences.flush()
            return
        now = datetime.now(UTC)
        new = NotificationPreference(
            id=id, owner_id=self._member.id, kind=kind, in_app=in_app, browser=browser,
            created_at=now, updated_at=now, version=0,
        )  # fmt: skip
        self.preferences.mutations.insert(new, id, send)
        self.preferences.flush()

    def _row(self, kind: str) -> NotificationPreference | None:
        return next((row for row in self.preferences.rows if row.kind == kind), None)
