"""Presence: who is in a room.

P1  One meta per member and process, with the number of tabs; tracked again after every rejoin, and otherwise only when
    it changed.
P2  At most `CALLS` calls in `PER_S`: the server closes the channel of those who call more often. Changes that have to
    wait are sent as one. The last of them is kept for who comes back, or is here in another way.
P3  What a room says of a person is a claim: only the id counts, and only ids that look like one; metas per key, persons
    and the size of metadata are capped. Names come from the database.
P4  After a gap, whoever the server has not confirmed for `CONFIRM_S` is dropped.
P5  Who goes and is back within `FLAP_S` was never away. What one does oneself shows at once.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Literal
from uuid import UUID

from nicegui import Event

from state.realtime.channel import Channel
from state.realtime.connection import Connection
from state.signal import Unsubscribe, leave_all
from state.tasks import Tasks, within

CALLS = 4  # of the server's 5, one in reserve for a withdrawal
MINOR = 3  # of these, for tabs and metadata alone: whether one is here, and how, must not wait for where
PER_S = 30.0
CONFIRM_S = 30.0  # reference 1: inactive users are cleaned up after 30 seconds
FLAP_S = 2.0  # a socket that is replaced is back by then, as a rule
MAX_METAS = 16
MAX_PEOPLE = 1000
METADATA_BYTES = 1024  # as JSON; everybody in the room gets it each time it changes


@dataclass(frozen=True)
class Person:
    """Somebody who is here, over all their tabs, devices and processes. `metadata` is what they say of themselves."""

    id: UUID
    status: Literal["online", "away"]
    tabs: int
    since: datetime
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)


def people_of(state: dict[str, list[dict[str, Any]]]) -> dict[UUID, Person]:
    """The persons a room's presence state speaks of; what makes no sense is left out. Pure."""
    people: dict[UUID, Person] = {}
    for key, metas in islice(state.items(), MAX_PEOPLE):
        try:
            who = UUID(key)
        except ValueError:
            continue  # P3
        metas = [meta for meta in metas[:MAX_METAS] if isinstance(meta, dict)]
        if not metas:
            continue
        tabs = sum(min(meta["tabs"], 99) for meta in metas if isinstance(meta.get("tabs"), int) and meta["tabs"] > 0)
        online = [meta for meta in metas if meta.get("status") == "online"]
        people[who] = Person(
            who,
            "online" if online else "away",
            max(1, tabs),
            min(_time(meta.get("since")) for meta in metas),
            _metadata((online or metas)[-1].get("metadata")),  # of the process that spoke last, as far as one can tell
        )
    return people


def fits(metadata: Any) -> bool:
    """Whether it is a JSON object of at most `METADATA_BYTES`, which is what one may say of oneself."""
    if not isinstance(metadata, dict) or not all(isinstance(key, str) for key in metadata):
        return False
    try:
        return len(json.dumps(metadata, allow_nan=False)) <= METADATA_BYTES
    except (TypeError, ValueError, RecursionError):
        return False


def _metadata(value: Any) -> dict[str, Any]:
    return value if fits(value) else {}


def _time(value: Any) -> datetime:
    with suppress(TypeError, ValueError):
        time = datetime.fromisoformat(value)
        if time.tzinfo is not None:
            return time
    return datetime.now(UTC)


class Presence:
    """One's own presence in a room, and everybody else's. `changed` fires when `people` did, or `confirmed`.

    `confirmed`: the server has said who is here, and no gap since was longer than `CONFIRM_S`.
    """

    def __init__(self, connection: Connection, topic: str, me: UUID, *, confirm_s: float = CONFIRM_S) -> None:
        self.people: dict[UUID, Person] = {}
        self.confirmed = False
        self.changed: Event[[]] = Event()
        self._me = me
        self._confirm_s = confirm_s
        self._connection = connection
        self._channel: Channel = connection.channel(topic, presence_key=str(me))
        self._meta: dict[str, Any] | None = None  # what is to be seen of oneself
        self._shown: dict[str, Any] | None = None  # what the server was told last on this join
        self._joins = 0
        self._calls: deque[float] = deque(maxlen=CALLS)
        self._wake = asyncio.Event()
        self._forget: asyncio.TimerHandle | None = None
        self._leaving: dict[UUID, asyncio.TimerHandle] = {}
        self._tasks = Tasks(f"presence in {topic}")
        self._unsubscribe: list[Unsubscribe] = []

    def open(self) -> None:
        """Joins the room; nobody sees one before `show`."""
        self._listen()
        self._tasks.start(self._keep(), "keep")

    def move(self, topic: str) -> None:
        """Goes on in another room, with the same people: who does not come along is dropped as after a gap. P4"""
        if topic == self._channel.topic:
            return
        opened = bool(self._unsubscribe)
        leave_all(self._unsubscribe)
        self._channel = self._connection.channel(topic, presence_key=str(self._me))
        self._shown = None
        if opened:
            self._on_lost()
            self._listen()

    def _listen(self) -> None:
        self._unsubscribe = [
            self._channel.on_presence(self._on_state),
            self._channel.on_live(self._on_live),
            self._channel.on_lost(self._on_lost),
        ]

    async def close(self) -> None:
        """Leaves the room."""
        await self._tasks.close()
        leave_all(self._unsubscribe)
        self._stop_forgetting()  # last: leaving is a loss, too
        self._stay()

    def in_order(self) -> list[Person]:
        """Who came first, first; oneself last."""
        return sorted(self.people.values(), key=lambda person: (person.id == self._me, person.since))

    def show(
        self,
        status: Literal["online", "away"],
        tabs: int,
        since: datetime,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Lets others see one; the same again costs nothing. Raises ValueError for metadata that does not fit."""
        told = dict(metadata or {})
        if not fits(told):
            raise ValueError(f"Metadata is a JSON object of at most {METADATA_BYTES:,} bytes")
        self._meta = {"status": status, "tabs": tabs, "since": since.isoformat(), "metadata": told}
        self._wake.set()

    @property
    def hidden(self) -> bool:
        """Whether one does not want to be seen."""
        return self._meta is None

    def withdraw(self) -> None:
        """Vanishes from the room, but goes on seeing who is there."""
        self._meta = None
        self._wake.set()

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            too_soon_s = self._wait_s(loop.time())
            settled = not self._channel.live or self._meta == self._shown
            if settled or too_soon_s > 0:
                await within(None if settled else too_soon_s, self._wake)
                self._wake.clear()
                continue
            meta, join = self._meta, self._joins
            if await self._channel.track(meta):
                self._calls.append(loop.time())
                if join == self._joins:  # else it went to a socket that is gone
                    self._shown = meta

    def _wait_s(self, now: float) -> float:
        """P2: how long what is to be told has to wait."""
        if self._meta is None:
            return 0.0
        minor = self._shown is not None and self._shown["status"] == self._meta["status"]
        limit = MINOR if minor else CALLS
        recent = [call for call in self._calls if call > now - PER_S]
        return recent[-limit] + PER_S - now if len(recent) >= limit else 0.0

    # What the server says --------------------------------------------------------------------------------------------

    def _on_live(self) -> None:
        self._joins += 1
        self._shown = None  # P1
        self._wake.set()

    def _on_lost(self) -> None:
        if self._forget is None:
            self._forget = asyncio.get_running_loop().call_later(self._confirm_s, self._drop_all)

    def _drop_all(self) -> None:  # P4
        self._forget = None
        self._stay()
        self._set({}, confirmed=False)

    def _on_state(self, state: dict[str, list[dict[str, Any]]]) -> None:
        self._stop_forgetting()
        here = people_of(state)
        gone = [person for id, person in self.people.items() if id not in here and id != self._me]
        for id in [id for id in self._leaving if id in here]:
            self._leaving.pop(id).cancel()
        for person in gone[: MAX_PEOPLE - len(here)]:  # P5
            here[person.id] = person
            if person.id not in self._leaving:
                leave = asyncio.get_running_loop().call_later(FLAP_S, self._leave, person.id)
                self._leaving[person.id] = leave
        self._set(here, confirmed=True)

    def _leave(self, id: UUID) -> None:
        del self._leaving[id]
        self._set({other: person for other, person in self.people.items() if other != id}, confirmed=self.confirmed)

    def _stay(self) -> None:
        while self._leaving:
            self._leaving.popitem()[1].cancel()

    def _stop_forgetting(self) -> None:
        if self._forget is not None:
            self._forget.cancel()
            self._forget = None

    def _set(self, people: dict[UUID, Person], *, confirmed: bool) -> None:
        if (people, confirmed) != (self.people, self.confirmed):
            self.people, self.confirmed = people, confirmed
            self.changed.emit()
