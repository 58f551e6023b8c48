"""Attendance: what others see of one member, from their tabs and from what they chose.

A1  What was chosen by hand counts first; else one is online while any tab is visible and had input lately, and away
    otherwise. Without a tab one is not there.
A2  Who chose to appear offline is withdrawn from the room, and goes on seeing who is there.
A3  The database keeps what was chosen. Nobody is shown before it has said what that is, and each of its answers may
    bring what was chosen in another process.
A4  The database is told when the status changed, when the last tab is gone, and every `TOUCH_EVERY_S` in between; what
    changes within `PACE_S` is one call. One that fails is made again after `RETRY_S`, and nothing waits for it but the
    last word: a call that is given up may still be carried out, and then the last word would not be the last.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias, cast
from uuid import UUID

from state.api import Api
from state.errors import StateError
from state.models import UserPresence
from state.realtime.presence import METADATA_BYTES, Presence, fits
from state.signal import Signal, Unsubscribe
from state.sync.audience import Audience
from state.sync.query import Order, Query, Where
from state.tasks import Tasks, within

TOUCH_EVERY_S = 60.0  # the worker takes whoever was not heard of for 120 s for offline
PACE_S = 2.0
RETRY_S = 10.0
LAST_WORD_S = 1.0  # an app that ends does not wait longer
RECENT = 8

Status: TypeAlias = Literal["online", "away", "offline"]
STATUSES: tuple[Status, ...] = ("online", "away", "offline")

log = logging.getLogger("starling.member")


def derive(chosen: Status | None, *, tabs: int, active: bool) -> Status:
    """A1, pure."""
    if not tabs:
        return "offline"
    return chosen or ("online" if active else "away")


@dataclass(frozen=True)
class LastSeen:
    """Somebody who is not here. `ago` is by the database's clock."""

    id: UUID
    ago: timedelta


class Attendance:
    """`status` is what others see; `chosen` is None while it follows from what one does."""

    def __init__(
        self,
        id: UUID,
        audience: Audience,
        presence: Presence,
        api: Api,
        *,
        session: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.status: Status = "offline"
        self.chosen: Status | None = None
        self.touches = 0
        self.failures = 0
        self._id = id
        self._audience = audience
        self._presence = presence
        self._also: list[Presence] = []
        self._api = api
        self._session = session or secrets.token_hex(8)
        self._now = now
        self._ahead = timedelta()  # of the database's clock
        self._since = now()
        self._known = False  # A3
        self._saying: str | None = None  # a choice that the database does not know yet
        self._metadata: dict[str, Any] = {}
        self._told: tuple[Status, dict[str, Any]] | None = None
        self._told_at = 0.0  # loop time
        self._wake = asyncio.Event()
        self._answered = asyncio.Event()  # set: no call is on its way
        self._answered.set()
        self._changed: Signal[None] = Signal()
        self._tasks = Tasks(f"attendance of {id}")
        self._unsubscribe: Unsubscribe | None = None

    def open(self) -> None:
        """Starts to follow the tabs, and to tell the database."""
        self._unsubscribe = self._audience.on_change(self._look)
        self._look()
        self._tasks.start(self._keep(), "keep")

    async def close(self) -> None:
        """Is seen no longer; the last word is said if there is time. Can be done twice."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        for presence in self._rooms:
            presence.withdraw()
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORD_S):
                await self._answered.wait()
                await self._tasks.close()
                if self.touches and (self._told is None or self._told[0] != "offline"):
                    await self._touch("offline", {})
        await self._tasks.close()

    def on_change(self, listener: Callable[[], None]) -> Unsubscribe:
        """`listener` is called when `status` or `chosen` did."""
        return self._changed.subscribe(lambda _: listener())

    # What one does ---------------------------------------------------------------------------------------------------

    def choose(self, status: Status | None) -> None:
        """Be seen as that, whatever one does, until something else is chosen; None follows what one does again."""
        before, self.chosen = self.chosen, status
        self._saying = status or "automatic"
        self._look()
        if before != status:
            self._changed.emit(None)

    def update(self, metadata: dict[str, Any]) -> None:
        """Says more of oneself; None takes a key back. Raises ValueError for what is too large or no JSON."""
        merged = {key: value for key, value in {**self._metadata, **metadata}.items() if value is not None}
        if not fits(merged | {"page": self._audience.page or ""}):
            raise ValueError(f"Metadata is a JSON object of at most {METADATA_BYTES:,} bytes")
        self._metadata = merged
        self._look()

    def _look(self) -> None:
        if self._unsubscribe is None:
            return  # it is over, whatever an answer says now
        tabs, before = len(self._audience), self.status
        self.status = derive(self.chosen, tabs=tabs, active=self._audience.active)
        if before == "offline":
            self._since = self._now()
        for presence in self._rooms:
            self._show_in(presence)
        if before != self.status:
            self._changed.emit(None)
        self._wake.set()

    def also_in(self, presence: Presence) -> Unsubscribe:
        """Is seen in this room as well, in the same way, until the returned function is called."""
        self._also.append(presence)
        self._show_in(presence)

        def leave() -> None:
            if presence in self._also:
                self._also.remove(presence)
                presence.withdraw()

        return leave

    @property
    def _rooms(self) -> list[Presence]:
        return [self._presence, *self._also]

    def _show_in(self, presence: Presence) -> None:
        if self.status == "offline":
            presence.withdraw()  # A2
        elif self._known or self._saying:  # A3
            presence.show(self.status, len(self._audience), self._since, self._said)

    @property
    def _said(self) -> dict[str, Any]:
        page = self._audience.page
        said = self._metadata if page is None else {"page": page, **self._metadata}
        return said if fits(said) else self._metadata

    @property
    def _wanted(self) -> tuple[Status, dict[str, Any]]:
        return self.status, {} if self.status == "offline" else self._said

    # What the database is told ---------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            again_s = self._told_at + TOUCH_EVERY_S - loop.time() if self._told and len(self._audience) else None
            if self._news or (again_s is not None and again_s <= 0):
                await asyncio.sleep(PACE_S if await self._touch(*self._wanted) else RETRY_S)
                continue
            self._wake.clear()
            await within(again_s, self._wake)

    @property
    def _news(self) -> bool:
        asks = not self._known and len(self._audience) > 0
        return asks or self._saying is not None or self._wanted != (self._told or ("offline", {}))

    async def _touch(self, status: Status, said: dict[str, Any]) -> bool:
        """Tells it, and takes the answer in; whether there was one."""
        saying = self._saying
        args = {"status": status, "by_hand": saying, "metadata": said, "session": self._session}
        self.touches += 1
        self._answered.clear()
        try:
            (answer,) = await self._api.rpc("touch_presence", args)
            at = datetime.fromisoformat(answer["at"])
        except (StateError, TypeError, ValueError, KeyError) as error:
            self.failures += 1
            log.info("member %s: the database was not told that they are %s: %s", self._id, status, error)
            return False
        finally:
            self._answered.set()
        self._told = (status, said)
        self._told_at = asyncio.get_running_loop().time()
        self._ahead = at - self._now()
        if self._saying == saying:
            self._saying = None
            self._learn(answer.get("chosen"))
        return True

    def _learn(self, chosen: Any) -> None:
        """What the database says was chosen."""
        before, self.chosen = self.chosen, cast("Status", chosen) if chosen in STATUSES else None
        self._known = True
        self._look()
        if before != self.chosen:
            self._changed.emit(None)

    # Others ----------------------------------------------------------------------------------------------------------

    async def recently_here(self, most: int = RECENT) -> list[LastSeen]:
        """Who is not here, but was; the last one first. Raises as `Api` does."""
        here = {self._id, *self._presence.people}
        query = Query("user_presence", order=(Order("last_seen", descending=True),))
        rows = [UserPresence.model_validate(row) for row in await self._api.select(query, min(1000, most + len(here)))]
        now = self._now() + self._ahead
        return [LastSeen(row.id, max(now - row.last_seen, timedelta())) for row in rows if row.id not in here][:most]

    async def last_seen(self, id: UUID) -> timedelta | None:
        """How long ago somebody was here; None: that is not known. Raises as `Api` does."""
        rows = await self._api.select(Query("user_presence", (Where("id", "eq", id),)), 1)
        seen = UserPresence.model_validate(rows[0]).last_seen if rows else None
        return None if seen is None else max(self._now() + self._ahead - seen, timedelta())
