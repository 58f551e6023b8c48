"""Trials: what a bad network, an old token and a busy database do, on purpose, to watch what follows. For one open page.

T1  Outside development mode none of it happens: every action raises NotInDevelopment.
T2  A flood changes one picture of the member's own, through REST like anybody, at most `MAX_A_SECOND` times a second for
    at most `MAX_S`, and leaves it as it was, also when it is cut short. One at a time.
T3  `steps` tells what happened since the last action, and how often the database is asked at each step; at most `STEPS`.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from state.activities import log as log_activity
from state.errors import StateError
from state.generation import EXAMPLES, Draft
from state.models import Generation
from state.signal import Signal, Unsubscribe, leave_all
from state.tasks import Tasks

if TYPE_CHECKING:
    from state.member import Member
    from state.realtime.connection import Connection
    from state.starling import Starling

MAX_A_SECOND = 100
MAX_S = 30
IN_FLIGHT = 16  # requests of a flood at once: more would only wait elsewhere
SETTLE_S = 3.0
STEPS = 12
WATCHED = "generations"  # the family whose polling is told

FIRST_NAMES = ("Anna", "Jonas", "Mira", "Tomas", "Ines", "Noor")
LAST_NAMES = ("Bell", "Reed", "Okafor", "Lind", "Costa", "Haddad")

log = logging.getLogger("starling.trials")


class NotInDevelopment(PermissionError):
    """Trials are for `STARLING_DEV=1` only."""

    def __init__(self) -> None:
        super().__init__("This is for development mode only: set STARLING_DEV=1")


class CannotTry(StateError):
    """Something that the trial needs is not there; the message says what."""


@dataclass(frozen=True)
class Step:
    """`after_s`: since the action."""

    after_s: float
    text: str


class Trials:
    """`member` is None for a guest, who can try the connection that everybody shares, and nothing that writes."""

    def __init__(
        self, starling: Starling, member: Member | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.steps: deque[Step] = deque(maxlen=STEPS)
        self.changed: Signal[None] = Signal()
        self._dev = starling.settings.dev
        self._world = starling.world
        self._member = member
        self._clock = clock
        self._began = clock()
        self._flood: asyncio.Task[None] | None = None
        self._tasks = Tasks("trials")
        self._unsubscribe: list[Unsubscribe] = []
        self._told = ""

    @property
    def connection(self) -> Connection:
        """The one that is tried: the member's own, or a guest's only one."""
        return (self._member or self._world).connection

    @property
    def flooding(self) -> bool:
        """Whether one is on its way."""
        return self._flood is not None and not self._flood.done()

    def open(self) -> None:
        """Begins to watch."""
        connection = self.connection
        connection.changed.subscribe(self._look, unsubscribe_on_delete=False)
        self._unsubscribe = [lambda: connection.changed.unsubscribe(self._look)]

    async def close(self) -> None:
        """Ends a flood, and watches no longer."""
        leave_all(self._unsubscribe)
        await self._tasks.close()

    # What can be done ----------------------------------------------------------------------------------------------

    def queue_job(self) -> None:
        """One of the member's own, private. Raises CannotTry."""
        member = self._needs_member()
        model = next(iter(self._world.models.rows), None)
        if model is None:
            raise CannotTry("There is no model yet")
        self._begin("Queued a job")
        member.studio.generate(Draft(prompt=random.choice(EXAMPLES), model_id=model.id, visibility="private"))

    def add_contact(self) -> None:
        """Somebody made up, in the team that the member turned to last. Raises CannotTry."""
        member, team = self._needs_team()
        name = f"{random.choice(FIRST_NAMES)} {random.choice(LAST_NAMES)}"
        self._begin(f"Added the contact {name}")
        new = {"contact_id": str(uuid4()), "team_id": str(team), "fields": {"name": name, "tags": ["trial"]}}
        self._tasks.start(self._write(member.api.rpc("add_contact", new), "The contact is written"), "contact")

    def log_activity(self) -> None:
        """A note, in the team that the member turned to last. Raises CannotTry."""
        member, team = self._needs_team()
        self._begin("Logged an activity")
        self._tasks.start(
            self._write(log_activity(member, team, "note", "Tried it out"), "The activity is written"), "log"
        )

    def drop_socket(self) -> None:
        """As a bad network does. Raises CannotTry."""
        self._begin("Dropped the socket")
        if not self.connection.drop_socket():
            raise CannotTry("There is no socket to drop")

    def expire_token(self) -> None:
        """As if the server had refused it. Raises CannotTry."""
        self._needs_member()
        self._begin("Said that the token has expired")
        if not self.connection.doubt_token():
            raise CannotTry("There is no socket whose token could expire")

    def pause(self) -> None:
        """Realtime is off until `resume`."""
        self._begin("Switched Realtime off")
        self.connection.pause()

    def resume(self) -> None:
        """And on again."""
        self._begin("Switched Realtime on")
        self.connection.reconnect()

    def flood(self, a_second: int, seconds: int) -> None:
        """T2. Raises CannotTry."""
        member = self._needs_member()
        if not (1 <= a_second <= MAX_A_SECOND and 1 <= seconds <= MAX_S):
            raise CannotTry(f"From 1 to {MAX_A_SECOND} changes a second, for 1 to {MAX_S} seconds")
        if self.flooding:
            raise CannotTry("There is a flood already")
        picture = next((row for row in member.generations.rows if member.generations.pending(row.id) is None), None)
        if picture is None:
            raise CannotTry("Make a picture first: a flood needs one of your own to change")
        self._begin(f"Flooding with {a_second} changes a second for {seconds} s")
        self._flood = self._tasks.start(self._pour(member, picture, a_second, seconds), "flood")

    # How -----------------------------------------------------------------------------------------------------------

    def _check(self) -> None:
        if not self._dev:
            raise NotInDevelopment  # T1

    def _needs_member(self) -> Member:
        self._check()
        if self._member is None:
            raise CannotTry("Sign in first: this changes rows, and a guest has none")
        return self._member

    def _needs_team(self) -> tuple[Member, UUID]:
        member = self._needs_member()
        places = member.circles.of("team")
        if not places:
            raise CannotTry("Your teams are not known yet")
        start = datetime.min.replace(tzinfo=UTC)
        return member, max(places, key=lambda place: place.turned_at or start).circle_id

    async def _write(self, writing: Awaitable[object], done: str) -> None:
        try:
            await writing
        except StateError as error:
            self._tell(f"Refused: {error}")
        else:
            self._tell(f"{done}; {self._state()}")

    def _begin(self, what: str) -> None:
        """The moment from which steps count."""
        self._check()
        self.steps.clear()
        self._began = self._clock()
        self._told = ""
        log.info("%s: %s", self.connection.name, what)
        self._tell(f"{what}; {self._state()}")

    async def _pour(self, member: Member, picture: Generation, a_second: int, seconds: int) -> None:
        gate = asyncio.Semaphore(IN_FLIGHT)
        before = self.connection.meter.changes
        sent = failed = 0

        async def change(favourite: bool) -> None:
            nonlocal sent, failed
            try:
                await member.api.update("generations", picture.id, {"favourite": favourite})
                sent += 1
            except StateError:
                failed += 1
            finally:
                gate.release()

        loop = asyncio.get_running_loop()
        start = loop.time()
        tasks = Tasks("trials: flood")
        try:
            for number in range(a_second * seconds):
                await asyncio.sleep(max(0.0, start + number / a_second - loop.time()))
                if loop.time() - start > seconds:
                    break
                await gate.acquire()
                tasks.start(change(favourite=(number % 2 == 0) != picture.favourite), "change")
            await tasks.wait()
            took = loop.time() - start
            arrived = self.connection.meter.changes - before
            self._tell(
                f"{sent} changes were written, {sent / took:.0f} a second{f', {failed} failed' if failed else ''}; "
                f"{arrived} arrived over Realtime; {self._state()}"
            )
        finally:
            with suppress(TimeoutError):  # what is under way would overtake the last word
                async with asyncio.timeout(SETTLE_S):
                    await tasks.wait()
            await tasks.close()
            await self._put_back(member, picture)

    async def _put_back(self, member: Member, picture: Generation) -> None:
        try:
            await member.api.update("generations", picture.id, {"favourite": picture.favourite})
        except StateError as error:
            log.info("%s: the flooded picture could not be put back: %s", self.connection.name, error)

    # What follows --------------------------------------------------------------------------------------------------

    def _state(self) -> str:
        status, freshness = self.connection.status, self.connection.freshness
        return f"{status.state}, {WATCHED} asked for every {freshness.interval_s(WATCHED):.0f} s"

    def _look(self) -> None:
        """T3: something of the connection has changed."""
        if self.steps:
            status = self.connection.status
            reason = f": {status.error}" if status.error and status.state != "live" else ""
            self._tell(f"{self._state()}{reason}")

    def _tell(self, text: str) -> None:
        if text == self._told:
            return
        self._told = text
        self.steps.append(Step(self._clock() - self._began, text))
        self.changed.emit(None)
