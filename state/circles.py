"""Circles: those a member is in, of whatever kind, as the database says; and the feed of each.

The table `circle_members` has a row for each, which is told on `member:{id}`: a new one when one is let in, a higher
epoch when somebody else was removed, and its end when one was oneself. It is fetched again after gaps like any other, so
whoever was removed while they were away learns it when they are back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from state.areas import Area
from state.models import CircleMember
from state.realtime.circle import Circle
from state.signal import Signal, Unsubscribe
from state.sync.live_table import LiveTable
from state.sync.query import Order, Query, Where
from state.sync.rows import Batch

if TYPE_CHECKING:
    from state.member import Member

A = TypeVar("A", bound=Area)


class Circles:
    """`table` is open as long as the member is."""

    def __init__(self, member: Member) -> None:
        mine = Query("circle_members", (Where("member_id", "eq", member.id),), (Order("created_at"),))
        self.table: LiveTable[CircleMember] = member.table(mine, CircleMember, limit=1000)
        self.table.subscribe(self._on_batch)
        self._member = member
        self._rows: dict[tuple[str, UUID], CircleMember] = {}
        self._circles: dict[tuple[str, UUID], Circle] = {}
        self._changed: Signal[None] = Signal()

    def get(self, kind: str, id: UUID) -> CircleMember | None:
        """One's place in a circle; None when one is not in it, or nothing has come yet (`table.phase`)."""
        return self._rows.get((kind, id))

    def of(self, kind: str) -> list[CircleMember]:
        """One's places in all circles of a kind."""
        return [row for row in self._rows.values() if row.kind == kind]

    def on_change(self, listener: Callable[[], None]) -> Unsubscribe:
        """`listener` is called when any of them is another one."""
        return self._changed.subscribe(lambda _: listener())

    def circle(self, kind: str, id: UUID) -> Circle:
        """The feed of a circle: always the same one while one is in it. It has no topic before one is known to be."""
        key = (kind, id)
        if key not in self._circles:
            for other in [o for o, c in self._circles.items() if not c.known and not c.used]:
                del self._circles[other]  # asked for, and not theirs
            circle = self._circles[key] = Circle(self._member.connection, kind, id)
            if (row := self._rows.get(key)) is not None:
                circle.follow(row.epoch, row.size)
        return self._circles[key]

    def use(self, name: str, kind: str, id: UUID, make: Callable[[], A]) -> tuple[A, Unsubscribe]:
        """An area of one circle, as `Areas.use` gives it; whoever was removed and is let in again gets a new one."""
        row = self.get(kind, id)
        return self._member.areas.use((name, id, row and row.id), make)

    def close(self) -> None:
        """Leaves all topics."""
        for circle in self._circles.values():
            circle.close()

    def _on_batch(self, batch: Batch[CircleMember]) -> None:
        for row in batch.deleted:
            key = (row.kind, row.circle_id)
            if (held := self._rows.get(key)) is not None and held.id == row.id:
                del self._rows[key]
                if (circle := self._circles.pop(key, None)) is not None and not self._member.over:
                    circle.end(f"You are no longer in this {row.kind}")
        for row in (*batch.inserted, *batch.updated):
            key = (row.kind, row.circle_id)
            self._rows[key] = row
            if (circle := self._circles.get(key)) is not None:
                circle.follow(row.epoch, row.size)
        self._changed.emit(None)
