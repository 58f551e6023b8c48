"""What a gallery can be narrowed to, and how many pictures there are in all, those that nobody has loaded included.

A number is made of the rows one holds and of what the database counts behind them:

N1  Rows that are held are counted from what is shown: what one deletes or marks counts at once, what others make or
    delete as soon as it is there, and nothing of that waits for a query.
N2  What lies behind is asked for only when there is something behind. A count remembers the row behind which it counted,
    so that it stays right when more rows are loaded. When fewer are held than it took for granted, the number stays
    as it was until the count has been made anew.
N3  What everybody sees is counted once per process, whoever looks; what is a member's own with their own token.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from state.api import Api
from state.models import Generation
from state.signal import Signal, Unsubscribe
from state.sync.live_table import LiveTable
from state.sync.query import SortKey, Where
from state.sync.query_cache import QueryCache
from state.sync.union import Union

if TYPE_CHECKING:
    from state.generation import Studio

FAMILY = "unified-generations"


@dataclass(frozen=True)
class Filter:
    """`own`: only what is the visitor's."""

    name: str
    where: tuple[Where, ...] = ()
    own: bool = False

    def matches(self, picture: Generation) -> bool:
        """Whether it is of the kind, whoever made it."""
        return all(where.matches(picture) for where in self.where)


FILTERS = (
    Filter("All"),
    Filter("Mine", own=True),
    Filter("Favourites", (Where("favourite", "is", True),), own=True),
    Filter("Images", (Where("kind", "eq", "image"),)),
    Filter("Videos", (Where("kind", "eq", "video"),)),
)


@dataclass(frozen=True)
class Behind:
    """`count` rows sort behind `end`. None as an end: nothing does; an empty one: all do."""

    count: int
    end: SortKey | None


class Part:
    """The rows of one table that a filter shows; `name` tells the parts of a filter apart."""

    def __init__(
        self,
        name: str,
        filter: Filter,
        where: tuple[Where, ...],
        table: LiveTable[Generation],
        api: Api,
        cache: QueryCache,
    ) -> None:
        self.table = table
        self._query = replace(table.query, where=(*table.query.where, *where, *filter.where))
        self._api = api
        self._cache = cache
        self._key = (FAMILY, "count", name, filter.name)
        self._leave: Unsubscribe | None = None

    def watch(self, listener: Callable[[], None]) -> None:
        """Asks for what lies behind, while anything does. N2."""
        if self.table.complete:
            self.leave()
        elif self._leave is None and self.table.end is not None:
            self._leave = self._cache.query(self._key, self._count).observe(lambda _: listener())

    def leave(self) -> None:
        """Asks no longer."""
        if self._leave is not None:
            self._leave()
            self._leave = None

    @property
    def behind(self) -> Behind | None:
        """What lies behind the rows one holds; None: that is not known (any more)."""
        if self.table.complete:
            return Behind(0, None)
        query = self._cache.get(self._key)
        behind: Behind | None = query.value if query is not None else None
        if query is None or behind is None or behind.end is None or self.table.end is None:
            return None
        if self.table.end < behind.end:  # what lay between has been let go
            if not (query.stale or query.fetching):
                query.invalidate()
            return None
        return behind

    def among(self, pictures: Sequence[Generation], behind: Behind) -> int:
        """How many of these, which are in order, are of this part and not behind."""
        held = len(pictures)
        if behind.end is not None:
            held = bisect_right(pictures, behind.end, key=self._query.sort_key)
        return sum(self._query.matches(picture) for picture in islice(pictures, held))

    async def _count(self) -> Behind:
        last = self.table.last
        end = () if last is None else self._query.sort_key(last)
        return Behind(await self._api.count(self._query, after=last), end)


class GalleryCount:
    """How many pictures a filter shows in all. It is kept right while anybody observes it; None: not known yet."""

    def __init__(self, studio: Studio, gallery: Union[Generation], filter: Filter) -> None:
        self.number: int | None = None
        self._gallery = gallery
        self._changed: Signal[None] = Signal()
        self._unsubscribe: Unsubscribe | None = None
        self._parts: list[Part] = []
        world, member = studio.world, studio.member
        if not filter.own:
            self._parts.append(Part("public", filter, (), world.generations, world.api, world.queries))
        if member is not None:
            name, where = ("own", ()) if filter.own else ("private", (Where("visibility", "eq", "private"),))
            self._parts.append(Part(name, filter, where, member.generations, member.api, member.queries))

    def observe(self, listener: Callable[[], None]) -> Unsubscribe:
        """`listener` is called whenever `number` is another, until the returned function is called."""
        leave = self._changed.subscribe(lambda _: listener())
        if self._unsubscribe is None:
            self._unsubscribe = self._gallery.subscribe(lambda _: self._look())
            self._look()

        def unobserve() -> None:
            leave()
            if not self._changed and self._unsubscribe is not None:
                self._unsubscribe()
                self._unsubscribe = None
                self.number = None
                for part in self._parts:
                    part.leave()

        return unobserve

    def _look(self) -> None:
        for part in self._parts:
            part.watch(self._look)
        number = self._sum()
        if number is not None and number != self.number:
            self.number = number
            self._changed.emit(None)

    def _sum(self) -> int | None:
        if self._gallery.phase == "loading":
            return None
        total, horizon = 0, self._gallery.horizon
        for part in self._parts:
            behind = part.behind
            if behind is None:
                return None
            total += behind.count + part.among(self._gallery.rows, behind)
            if horizon is not None:  # one table may hold more than the gallery shows
                rows = part.table.rows
                hidden = rows[bisect_right(rows, horizon, key=part.table.query.sort_key) :]
                total += part.among(hidden, behind)
        return total
