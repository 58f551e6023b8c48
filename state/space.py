"""Space: what one member sees of one circle. An area's class inherits it, and makes its tables and rooms in `__init__`.

S1  Its tables and queries follow the circle's feed: to its next topic, too.
S2  When one is removed, or the circle ends, everything in it is forgotten at once, and `ended` says why. It stays so.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from pydantic import BaseModel

from state.models import CircleMember
from state.room import Room
from state.signal import Signal, Unsubscribe, leave_all
from state.sync.live_table import LiveTable
from state.sync.query import Query

if TYPE_CHECKING:
    from state.member import Member

Row = TypeVar("Row", bound=BaseModel)


class Space:
    """`kind` and `id` are the circle's. Use it by `member.circles.use`."""

    def __init__(self, member: Member, kind: str, id: UUID) -> None:
        self.id = id
        self.member = member
        self.kind = kind
        self.circle = member.circles.circle(kind, id)
        self.ended: Signal[str] = Signal()
        self._made: list[LiveTable[Any]] = []
        self._rooms: list[Room] = []
        self._unsubscribe: list[Unsubscribe] = []

    def table(self, query: Query, row_type: type[Row], **options: Any) -> LiveTable[Row]:
        """A table of rows that the circle's topic tells of."""
        made: LiveTable[Row] = self.member.table(query, row_type, **{"feed": self.circle, **options})
        self._made.append(made)
        return made

    def room(self, part: str = "", **options: float) -> Room:
        """Where its people see each other. The options are `Room`'s."""
        room = Room(self.member, self.circle, part, **options)
        self._rooms.append(room)
        return room

    async def drop(self, table: LiveTable[Any]) -> None:
        """Closes a table before the others."""
        await table.close()
        self._made.remove(table)

    @property
    def tables(self) -> tuple[LiveTable[Any], ...]:
        """As `Area` says."""
        return tuple(self._made)

    @property
    def place(self) -> CircleMember | None:
        """One's own place in it; None when one is not in it, or nothing has come yet."""
        return self.member.circles.get(self.kind, self.id)

    @property
    def role(self) -> str | None:
        """One's own: for teams owner, editor or viewer."""
        return self.place.role if self.place else None

    @property
    def may_edit(self) -> bool:
        """Whether one may change what is in it. The database asks for itself."""
        return self.role not in (None, "viewer")

    @property
    def over(self) -> str | None:
        """Why it is over for one, if it is. S2"""
        return self.circle.over

    def open(self) -> None:
        """As `Area` says."""
        self._unsubscribe = [
            self.circle.on_end(self._end),
            self.member.queries.follow(self.circle, self.member.connection.freshness),
        ]
        for part in (*self._made, *self._rooms):
            part.open()

    async def close(self) -> None:
        """As `Area` says."""
        leave_all(self._unsubscribe)
        await asyncio.gather(*(room.close() for room in self._rooms))
        for table in self._made:
            await table.close()

    def _end(self, reason: str) -> None:
        for table in self._made:
            table.forget()
        self.ended.emit(reason)
