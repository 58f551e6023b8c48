"""Member: what one signed-in person sees. One per person and process, shared by all their tabs and browsers.

It opens with the first tab and closes a minute after the last, or when what it wrote is sent; presence is withdrawn as
soon as the last is gone. It speaks with the token of any of the person's sign-ins here, and ends with the last of them.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

from nicegui import Event

from state.api import Api, Project
from state.areas import Areas
from state.attendance import Attendance, Status
from state.circles import Circles
from state.credits import Credits
from state.errors import SessionEnded, Unreachable
from state.generation import Studio
from state.media import Media
from state.models import Generation, Job, Model, Profile
from state.notifications import Notifications
from state.realtime.connection import Connection
from state.realtime.presence import Presence
from state.realtime.typing import Typing
from state.sign_in import Sessions, TokenFamily
from state.signal import Signal, Unsubscribe
from state.sync.audience import Audience
from state.sync.live_table import LiveTable
from state.sync.query import Order, Query, Where
from state.sync.query_cache import QueryCache
from state.tasks import Tasks
from state.world import NEWEST, World

ROOM = "room:studio"
SIGNED_OUT = "You have signed out"
LINGER_S = 60.0
UNSENT_S = 3600.0  # a member whose writes wait for the connection lingers longer
FLUSH_S = 3.0
RENEW_EARLY_S = (60.0, 120.0)  # spread, so that members who signed in together do not renew together
RENEW_SHARE = 0.25  # of a token's life, where that is shorter
RENEW_RETRY_S = 10.0

log = logging.getLogger("starling.member")


class Member:
    """Made by `Members`. `released` fires with its id and a sentence when a browser's sign-in is over, `ended` with the
    sentence when it was the last one here."""

    def __init__(self, project: Project, world: World, sessions: Sessions, id: UUID) -> None:
        self.id = id
        self.name = f"member {id}"
        self.world = world
        self.released: Event[[str, str]] = Event()
        self.ended: Event[[str]] = Event()
        self._sessions = sessions
        self._families: dict[str, TokenFamily] = {}
        self.audience = Audience()  # the tabs
        self._tasks = Tasks(self.name)
        self._own_profile: Profile | None = None
        self._over = False
        self._unfollow: Unsubscribe = lambda: None
        self.idle_since: float | None = time.monotonic()

        self.connection = Connection(project.realtime_url, project.key, self, pace=project.pace)
        self.api = Api(project, self)
        self.media = Media(self.api)
        self.presence = Presence(self.connection, ROOM, id)
        self.attendance = Attendance(id, self.audience, self.presence, self.api)
        self.typing = Typing(self.connection, ROOM, id, known=lambda who: who in self.presence.people)
        self.feed = self.connection.channel(f"member:{id}")
        self.queries = QueryCache(  # what others do comes by the world's connection
            self.connection.freshness, world.connection.freshness,
            audience=self.audience, name=f"queries of {self.name}",
        )  # fmt: skip
        self.table = table = partial(  # of rows that `member:{id}` tells of
            LiveTable, source=self.api, feed=self.feed, freshness=self.connection.freshness, audience=self.audience,
            refused=self._refused,
        )  # fmt: skip
        mine = Where("owner_id", "eq", id)
        queued = Where("status", "in", ("waiting", "active", "failed"))
        self.jobs: LiveTable[Job] = table(Query("generation_jobs", (mine, queued), NEWEST), Job)
        self.generations: LiveTable[Generation] = table(Query("generations", (mine,), NEWEST), Generation)
        self.models: LiveTable[Model] = table(Query("models", (mine,), (Order("position"),)), Model)
        self.circles = Circles(self)
        self.credits = Credits(self)
        self.notifications = Notifications(self)
        self._tables = (  # always open
            self.jobs,
            self.generations,
            self.models,
            self.circles.table,
            self.credits.accounts,
            self.notifications.table,
        )
        self.studio = Studio(world, self)
        self.areas = Areas(self.name)
        self.audience.on_change(self._tabs_changed)

    @property
    def tables(self) -> tuple[LiveTable, ...]:
        """All that are open."""
        return (*self._tables, *self.areas.tables)

    @property
    def profile(self) -> Profile | None:
        """What everybody may know of them; None until it has been fetched for the first time."""
        of_all, own = self.world.people.get(self.id), self._own_profile
        return own if of_all is None or (own is not None and own.version > of_all.version) else of_all

    def learn(self, profile: Profile) -> None:
        """They have changed it: it counts for them from now on, whether or not the world has heard of it."""
        self._own_profile = profile

    # Identity ------------------------------------------------------------------------------------------------------

    async def token(self, *, renew: bool = False) -> str:
        """Of any sign-in that is still good. Raises SessionEnded when none is left, or Unreachable."""
        for family in list(self._families.values()):
            try:
                return await self._sessions.token(family, renew=renew)
            except SessionEnded as error:
                self.release(family.id, str(error))
        raise SessionEnded("Your session has ended: please sign in again")

    def adopt(self, family: TokenFamily) -> None:
        """A browser has signed in as this person."""
        if family.id not in self._families:
            self._families[family.id] = family
            family.renewed.subscribe(self.connection.push_token, unsubscribe_on_delete=False)

    def release(self, family_id: str, reason: str) -> None:
        """A browser's sign-in is over; with the last one, the member is: it forgets what only they could see."""
        family = self._families.pop(family_id, None)
        if family is None:
            return
        family.renewed.unsubscribe(self.connection.push_token)
        self._over = not self._families
        self.released.emit(family_id, reason)
        if self._over:
            self.idle_since = 0.0
            for table in self.tables:
                table.forget()
            self.ended.emit(reason)

    @property
    def over(self) -> bool:
        """No sign-in is left."""
        return self._over

    @property
    def unsent(self) -> bool:
        """Whether anything written waits for the connection."""
        return any(table.mutations.waiting for table in self.tables)

    # Life ----------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Connects and starts to follow."""
        self.connection.open()
        self._unfollow = self.world.beats.follow(self.connection)
        for table in self._tables:
            table.open()
        self.queries.follow(self.feed, self.connection.freshness)
        self.queries.follow(self.world.feed)
        self.queries.open()
        self.presence.open()
        self.attendance.open()
        self.typing.open()
        self.studio.open()
        self.notifications.open()
        self._tasks.start(self._renew(), "renew")
        self._tasks.start(self._fetch_profile(), "profile")

    async def close(self) -> None:
        """Sends what waits, then ends the connection."""
        await self._tasks.close()
        if not self._over:
            await self.flush(FLUSH_S)
        self.studio.close()
        self.notifications.close()
        await self.areas.close()
        self.circles.close()
        await self.queries.close()
        await self.attendance.close()
        await self.typing.close()
        await self.presence.close()
        for table in self._tables:
            await table.close()
        await self.media.close()
        self._unfollow()
        await self.connection.close()
        for family in self._families.values():  # which may go on, with another member
            family.renewed.unsubscribe(self.connection.push_token)

    async def flush(self, within_s: float) -> None:
        """Sends what waits, deletions that could still be undone among it, as far as there is time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await asyncio.gather(*(table.mutations.flush() for table in self.tables))

    # Being seen ----------------------------------------------------------------------------------------------------

    def set_status(self, chosen: Status | None) -> None:
        """Be seen as online, away or offline, whatever one does; None follows what one does."""
        self.attendance.choose(chosen)

    def update_presence(self, metadata: dict[str, Any]) -> None:
        """Says more of oneself to those in the room; None takes a key back. Raises ValueError for what is too large."""
        self.attendance.update(metadata)

    def _tabs_changed(self) -> None:
        self.idle_since = None if len(self.audience) else time.monotonic()

    # Behind the scenes ---------------------------------------------------------------------------------------------

    def _refused(self, sentence: str) -> None:
        self.studio.failures.emit(sentence)

    async def _renew(self) -> None:
        """Looks at the wall clock: a machine that slept has not counted the seconds."""
        lead = random.uniform(*RENEW_EARLY_S)
        lives: dict[str, tuple[float, float]] = {}
        while True:
            await asyncio.sleep(1)
            for family in list(self._families.values()):
                expires, life = lives.get(family.id, (0.0, 0.0))
                if expires != family.expires_at:
                    life = family.expires_at - time.time()
                    lives[family.id] = (family.expires_at, life)
                if family.expires_at - time.time() > min(lead, RENEW_SHARE * life):
                    continue
                try:
                    await self._sessions.token(family, renew=True)
                except SessionEnded as error:
                    self.release(family.id, str(error))
                except Unreachable as error:
                    log.info("%s: the token could not be renewed yet: %s", self.name, error)
                    await asyncio.sleep(RENEW_RETRY_S)

    async def _fetch_profile(self) -> None:
        query = Query("profiles", (Where("id", "eq", self.id),))
        while self.profile is None:
            with suppress(Unreachable):
                rows = await self.api.select(query, 1)
                self._own_profile = Profile.model_validate(rows[0]) if rows else None
            await asyncio.sleep(1)


class Members:
    """The members of this process, by id."""

    def __init__(self, project: Project, world: World, sessions: Sessions) -> None:
        self._project = project
        self._world = world
        self._sessions = sessions
        self._members: dict[UUID, Member] = {}
        self.left: Signal[Member] = Signal()  # told in the moment in which one is no longer among them
        self._tasks = Tasks("members")
        self._sweeping: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self):
        return iter(list(self._members.values()))

    def open(self) -> None:
        """Starts to look after those who have gone."""
        self._sweeping = self._tasks.start(self._sweep(), "sweep")

    async def close(self) -> None:
        """Closes them all, and waits for those that are being closed."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        await self._tasks.wait()
        members, self._members = list(self._members.values()), {}
        for member in members:
            self.left.emit(member)
        await asyncio.gather(*(member.close() for member in members))

    def of(self, session_id: str | None) -> Member | None:
        """The member behind a browser's session, opened if need be; None when there is no such session."""
        family = self._sessions.get(session_id)
        if family is None:
            return None
        member = self._members.get(family.member_id)
        if member is None or member.over:
            if member is not None:
                self.left.emit(member)
                self._tasks.start(member.close(), f"close {member.name}")
            member = Member(self._project, self._world, self._sessions, family.member_id)
            self._members[family.member_id] = member
            member.connection.meter.offset = self._world.connection.meter.offset
            member.adopt(family)
            member.open()
        member.adopt(family)
        return member

    async def sign_out(self, session_id: str, reason: str = SIGNED_OUT) -> None:
        """Ends one browser's sign-in; what was sent before still arrives. Its other tabs say the reason."""
        family = self._sessions.get(session_id)
        if family is None:
            return
        member = self._members.get(family.member_id)
        if member is not None and len(member._families) == 1:
            await member.flush(FLUSH_S)
            await member.attendance.close()
        if member is not None:
            member.release(session_id, reason)
            if member.over:
                self._members.pop(member.id, None)
                self._tasks.start(member.close(), f"close {member.name}")
        await self._sessions.sign_out(session_id)

    def end_others(self, session_id: str, reason: str) -> int:
        """Auth has ended all other sign-ins of this one's account: those of this process are over at once; how many."""
        family = self._sessions.get(session_id)
        if family is None:
            return 0
        others = self._sessions.others(family)
        for other in others:
            self._sessions.end(other, reason)
            if (member := self._members.get(other.member_id)) is not None:
                member.release(other.id, reason)
        return len(others)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._close_idle()

    def _close_idle(self) -> None:
        for id, member in list(self._members.items()):
            patience_s = UNSENT_S if member.unsent and not member.over else LINGER_S
            if member.idle_since is not None and time.monotonic() - member.idle_since > patience_s:
                del self._members[id]
                self.left.emit(member)
                self._tasks.start(member.close(), f"close {member.name}")
