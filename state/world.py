"""World: what everybody may see. One per process: one anonymous connection, however many browsers are open."""

from __future__ import annotations

from functools import partial

from state.api import Api, Project
from state.areas import Areas
from state.generation import Studio
from state.media import Media
from state.models import Generation, Job, Model, Profile
from state.realtime.beats import Beats
from state.realtime.clock import ClockOffset
from state.realtime.connection import Connection
from state.signal import Unsubscribe
from state.sync.audience import Audience
from state.sync.live_table import LiveTable
from state.sync.query import Order, Query, Where
from state.sync.query_cache import QueryCache

PUBLIC = Where("visibility", "eq", "public")
NEWEST = (Order("created_at", descending=True),)


class Anonymous:
    """The identity of nobody in particular: the publishable key."""

    name = "world"

    def __init__(self, key: str) -> None:
        self._key = key

    async def token(self, *, renew: bool = False) -> str:
        """The key itself; there is nothing to renew."""
        return self._key


class World:
    """Public rows, live. `studio` is what a guest sees of it."""

    def __init__(self, project: Project) -> None:
        identity = Anonymous(project.key)
        self.connection = Connection(project.realtime_url, project.key, identity, pace=project.pace)
        self.api = Api(project, identity)
        self.media = Media(self.api)
        self.audience = Audience()  # all pages of this process, guests' and members'
        self.feed = self.connection.channel("world")
        self.queries = QueryCache(self.connection.freshness, audience=self.audience, name="queries of world")
        self.beats = Beats(self.feed)
        self.clock = ClockOffset(partial(self.api.rpc, "clock", {}))
        self.feed.on_lost(self.clock.again)  # after a sleep, for one
        self.table = table = partial(  # of rows that `world` tells of
            LiveTable, source=self.api, feed=self.feed, freshness=self.connection.freshness, audience=self.audience
        )
        self.people: LiveTable[Profile] = table(Query("profiles", order=(Order("username"),)), Profile, limit=1000)
        self.models: LiveTable[Model] = table(Query("models", (PUBLIC,), (Order("position"),)), Model)
        running = Where("status", "in", ("waiting", "active"))
        self.jobs: LiveTable[Job] = table(Query("generation_jobs", (PUBLIC, running), (Order("created_at"),)), Job)
        self.generations: LiveTable[Generation] = table(Query("generations", (PUBLIC,), NEWEST), Generation)
        self._tables = (self.people, self.models, self.jobs, self.generations)  # always open
        self.studio = Studio(self, None)
        self.areas = Areas("world")
        self._unfollow: Unsubscribe = lambda: None

    @property
    def tables(self) -> tuple[LiveTable, ...]:
        """All that are open."""
        return (*self._tables, *self.areas.tables)

    def open(self) -> None:
        """Connects and starts to follow."""
        self.connection.open()
        self.beats.open()
        self._unfollow = self.beats.follow(self.connection)
        self.clock.open()
        for table in self._tables:
            table.open()
        self.queries.follow(self.feed, self.connection.freshness)
        self.queries.open()
        self.studio.open()

    async def close(self) -> None:
        """Ends the connection."""
        self.studio.close()
        await self.areas.close()
        await self.queries.close()
        self._unfollow()
        await self.clock.close()
        await self.beats.close()
        for table in self._tables:
            await table.close()
        await self.media.close()
        await self.connection.close()
