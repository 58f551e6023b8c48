"""OnePicture: a picture or clip that is asked for by its id, however far behind the loaded gallery it lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from state.models import Generation
from state.signal import Unsubscribe
from state.sync.live_table import LiveTable
from state.sync.query import Query, Where
from state.sync.rows import Rows
from state.sync.union import Union

if TYPE_CHECKING:
    from state.member import Member
    from state.world import World


class OnePicture:
    """An area of a member, or of the world for guests. `rows` holds the picture, if this visitor may see it."""

    def __init__(self, world: World, member: Member | None, id: UUID) -> None:
        same, public = Where("id", "eq", id), Where("visibility", "eq", "public")
        self._tables: list[LiveTable[Generation]] = [world.table(Query("generations", (public, same)), Generation)]
        if member is not None:
            mine = Where("owner_id", "eq", member.id)
            self._tables.append(member.table(Query("generations", (mine, same)), Generation))
        self._rows: Union[Generation] = Union(self._tables, sort_key=world.generations.query.sort_key)

    @classmethod
    def use(cls, world: World, member: Member | None, id: UUID) -> tuple[OnePicture, Unsubscribe]:
        """The area of this picture, and the function that leaves it."""
        return (member or world).areas.use(("picture", id), lambda: cls(world, member, id))

    @property
    def rows(self) -> Rows[Generation]:
        """One at most."""
        return self._rows

    @property
    def tables(self) -> Sequence[LiveTable[Any]]:
        """Everybody's, and a member's own."""
        return self._tables

    def open(self) -> None:
        """Starts to follow."""
        self._rows.open()
        for table in self._tables:
            table.open()

    async def close(self) -> None:
        """Stops."""
        self._rows.close()
        for table in self._tables:
            await table.close()
