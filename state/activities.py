"""Activities: what members did, as feeds. A team's, one's own, and both as one; and how many there are.

Reference 4: the ten newest, batches of 300 ms that can be flushed, and how many are new since somebody looked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from state.days import time_zone
from state.models import Activity
from state.signal import Signal, Unsubscribe, leave_all
from state.space import Space
from state.sync.cached_query import CachedQuery
from state.sync.families import families_of
from state.sync.freshness import Freshness
from state.sync.live_table import LiveTable
from state.sync.query import Order, Query, Where
from state.sync.rows import Batch, Rows
from state.sync.union import Union
from state.sync.view import View

if TYPE_CHECKING:
    from state.member import Member

TABLE = "member_activities"
SHOWN = 10  # reference 4: activity feeds are limited to the 10 newest
CADENCE_S = 0.3  # reference 4: rapid updates come together
HELD = 100  # rows of each feed, so that as many as that can be counted as new
MOST_NEW = 99
NEWEST = (Order("created_at", descending=True),)


class OwnActivities:
    """What one member did, in all their teams and beside them. Used by `use_own_activities`."""

    def __init__(self, member: Member) -> None:
        mine = Query(TABLE, (Where("member_id", "eq", member.id),), NEWEST)
        self.table: LiveTable[Activity] = member.table(mine, Activity, limit=HELD, cadence_s=CADENCE_S)
        self._circles = member.circles
        self._unsubscribe: list[Unsubscribe] = []

    @property
    def tables(self) -> tuple[LiveTable[Any], ...]:
        """As `Area` says."""
        return (self.table,)

    def open(self) -> None:
        """As `Area` says."""
        self._unsubscribe = [self._circles.on_change(self._on_circles)]
        self.table.open()

    async def close(self) -> None:
        """As `Area` says."""
        leave_all(self._unsubscribe)
        await self.table.close()

    def _on_circles(self) -> None:
        """Whoever has left a team sees nothing more of it: not what they did there either, and nothing else tells of that."""
        teams = {None, *(place.circle_id for place in self._circles.of("team"))}
        if any(row.team_id not in teams for row in self.table.rows):
            self.table.refresh()


class TeamActivities(Space):
    """What a team did; `counts` and `days` are added up by the database."""

    def __init__(self, member: Member, team: UUID) -> None:
        super().__init__(member, "team", team)
        self.feed = self.table(
            Query(TABLE, (Where("team_id", "eq", team),), NEWEST), Activity, limit=HELD, cadence_s=CADENCE_S
        )

    def count(self, table: str) -> CachedQuery[int]:
        """How many rows of the team's a table has; to be observed. Any table with a `team_id` that is announced."""
        query = Query(table, (Where("team_id", "eq", self.id),))
        key = (families_of(table)[0], "count of", table, self.id)
        return self.member.queries.query(key, partial(self.member.api.count, query))

    def days(self, days: int, zone: str) -> CachedQuery[tuple[int, ...]]:
        """How many activities each of the last days had, the oldest first."""
        fetch = partial(self._days, days, zone)
        return self.member.queries.query(("activities", "days", self.id, days, zone), fetch)

    async def log(self, kind: str, title: str) -> Activity:
        """Logs what one did. Raises StateError."""
        return await log(self.member, self.id, kind, title)

    async def _days(self, days: int, zone: str) -> tuple[int, ...]:
        asked = {"team_id": str(self.id), "days": days, "zone": zone}
        counted = {
            date.fromisoformat(row["day"]): int(row["activities"])
            for row in await self.member.api.rpc("activity_days", asked)
        }
        today = datetime.now(UTC).astimezone(time_zone(zone)).date()
        return tuple(counted.get(today - timedelta(days=back), 0) for back in range(days - 1, -1, -1))


async def log(member: Member, team: UUID | None, kind: str, title: str) -> Activity:
    """Logs a note, call, meeting, email or task, in a team or for oneself. Raises StateError."""
    new = {"activity_id": str(uuid4()), "team_id": team and str(team), "kind": kind, "title": title}
    return Activity.model_validate(await member.api.rpc("log_activity", new))


def use_own_activities(member: Member) -> tuple[OwnActivities, Unsubscribe]:
    """What a member did, until the returned function is called."""
    return member.areas.use("own activities", lambda: OwnActivities(member))


class Feed:
    """The newest of some activities as one page shows them, and which of them are new there.

    F1  `shown` are the `SHOWN` newest of all sources, each once; `HELD` of each are known.
    F2  `new` counts what came since the feed was first complete, or since `seen`; at most `MOST_NEW`. What is only known now
        because something newer went is not new.
    """

    def __init__(self, freshness: Freshness, *sources: LiveTable[Activity]) -> None:
        self.view = View(*((table, freshness) for table in sources))
        self.changed: Signal[None] = Signal()
        self._sources = sources
        self._union: Union[Activity] = Union(sources, sort_key=sources[0].query.sort_key)
        self._since: datetime | None = None  # what is younger is new; None: nothing is known yet
        self._new: set[UUID] = set()
        self._unsubscribe: list[Unsubscribe] = []

    @property
    def rows(self) -> Rows[Activity]:
        """All that are held."""
        return self._union

    @property
    def shown(self) -> Sequence[Activity]:
        """F1"""
        return self._union.rows[:SHOWN]

    @property
    def new(self) -> int:
        """F2"""
        return len(self._new)

    def is_new(self, activity: UUID) -> bool:
        """Whether it has come since."""
        return activity in self._new

    def seen(self) -> None:
        """Somebody has looked: nothing is new any more."""
        if self._since is not None:
            self._since = self._last()
        if self._new:
            self._new.clear()
            self.changed.emit(None)

    def flush(self) -> None:
        """Tells at once what would be told within `CADENCE_S`."""
        for table in self._sources:
            table.flush()

    def open(self) -> None:
        """Follows until `close`."""
        self._union.open()
        self._unsubscribe = [self._union.subscribe(self._on_batch)]
        self._on_batch(Batch())

    def close(self) -> None:
        """Stops."""
        leave_all(self._unsubscribe)
        self._union.close()

    def _last(self) -> datetime:
        rows = self._union.rows
        return rows[0].created_at if rows else datetime.min.replace(tzinfo=UTC)

    def _on_batch(self, batch: Batch[Activity]) -> None:
        if self._since is not None:
            came = [row.id for row in batch.inserted if row.created_at > self._since]
            self._new |= set(came[: MOST_NEW - len(self._new)])
            if len(self._union.rows) < HELD:  # else it may only have been pushed out
                self._new -= {row.id for row in batch.deleted}
        elif self._union.phase == "ready":
            self._since = self._last()
        self.changed.emit(None)
