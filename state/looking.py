"""Looking: who looks at which contact, and at which of its fields they write. Broadcasts that expire by themselves.

K1  What one looks at is said when it changes, when somebody comes who cannot know it, and every `SAY_EVERY_S`.
K2  Others are forgotten `EXPIRE_S` after their last word, and with their leaving the room.
K3  Only those count who are seen in the room; oneself is never listed, and of everybody `MOST` places at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from state.contact_fields import TITLES
from state.room import Room
from state.signal import Signal, Unsubscribe, leave_all
from state.tasks import Tasks

EVENT = "looking"
SAY_EVERY_S = 20.0
EXPIRE_S = 45.0
SETTLE_S = 0.15  # what changes within this is one word
MOST = 8
MOST_PEOPLE = 200


@dataclass(frozen=True)
class Spot:
    """A contact that is open, and the field that is being written, if one is."""

    contact: UUID
    field: str | None = None


class Looking:
    """`at(contact)` says who else is there. Pages say where they are by `look`."""

    def __init__(self, room: Room, me: UUID) -> None:
        self._room = room
        self._me = me
        self._mine: dict[object, Spot] = {}
        self._others: dict[UUID, tuple[tuple[Spot, ...], asyncio.TimerHandle]] = {}
        self._known: set[UUID] = set()
        self._changed: Signal[None] = Signal()
        self._later: asyncio.TimerHandle | None = None
        self._tasks = Tasks("looking at contacts")
        self._unsubscribe: list[Unsubscribe] = []

    def on_change(self, listener: Callable[[], None]) -> Unsubscribe:
        """`listener` is called whenever somebody else looks at something else."""
        return self._changed.subscribe(lambda _: listener())

    def at(self, contact: UUID) -> dict[UUID, str | None]:
        """Who else has this contact open, and which field they write."""
        found: dict[UUID, str | None] = {}
        for who, (spots, _) in self._others.items():
            fields = [spot.field for spot in spots if spot.contact == contact]
            if fields:
                found[who] = next((field for field in fields if field), None)
        return found

    def look(self, page: object, spot: Spot | None) -> None:
        """A page (any object that stands for it) looks here now; None: at nothing any more."""
        if self._mine.get(page) == spot:
            return
        if spot is None:
            del self._mine[page]
        else:
            self._mine[page] = spot
        self._say_in(SETTLE_S)

    def open(self) -> None:
        """Starts to listen."""
        self._room.presence.changed.subscribe(self._on_people, unsubscribe_on_delete=False)
        self._unsubscribe = [
            self._room.on_broadcast(EVENT, self._heard),
            lambda: self._room.presence.changed.unsubscribe(self._on_people),
        ]

    async def close(self) -> None:
        """Stops, and forgets the others."""
        leave_all(self._unsubscribe)
        if self._later is not None:
            self._later.cancel()
            self._later = None
        for _, timer in self._others.values():
            timer.cancel()
        self._others.clear()
        await self._tasks.close()

    def _say_in(self, seconds: float) -> None:
        if self._later is not None:
            self._later.cancel()
        self._later = asyncio.get_running_loop().call_later(seconds, self._say)

    def _say(self) -> None:
        self._later = None
        spots = [{"contact": str(spot.contact), "field": spot.field} for spot in list(self._mine.values())[:MOST]]
        self._tasks.start(self._room.send(EVENT, {"id": str(self._me), "at": spots}), "say")
        if self._mine:
            self._say_in(SAY_EVERY_S)  # K1

    def _on_people(self) -> None:
        people = set(self._room.presence.people)
        for gone in self._others.keys() - people:
            self._forget(gone)  # K2
        if people - self._known - {self._me} and self._mine:
            self._say_in(SETTLE_S)  # K1
        self._known = people

    def _heard(self, payload: Any) -> None:
        try:
            who = UUID(payload["id"])
            spots = tuple(
                Spot(UUID(spot["contact"]), field if (field := spot.get("field")) in TITLES else None)
                for spot in payload["at"][:MOST]
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            return
        if who == self._me or who not in self._room.presence.people:
            return  # K3
        before = self._others.pop(who, None)
        if before is not None:
            before[1].cancel()
        if spots and len(self._others) < MOST_PEOPLE:
            timer = asyncio.get_running_loop().call_later(EXPIRE_S, self._forget, who)
            self._others[who] = spots, timer
        if (before[0] if before else ()) != spots:
            self._changed.emit(None)

    def _forget(self, who: UUID) -> None:
        held = self._others.pop(who, None)
        if held is not None:
            held[1].cancel()
            self._changed.emit(None)
