"""Holding: who of a room has something in their hands, so that others see it before it is let go.

H1  It is said when one takes it, again every `SAY_EVERY_S` while one holds it, and when one lets go; others forget it
    after `EXPIRE_S`, and at once when whoever holds it leaves the room.
H2  What a room says is a claim: only known people are believed, one thing each, and nothing depends on it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

from nicegui import Event

from state.realtime.typing import Later, Timer, on_the_loop
from state.tasks import Tasks

if TYPE_CHECKING:
    from state.room import Room

EVENT = "hold"
SAY_EVERY_S = 2.0
EXPIRE_S = 5.0
MOST = 50


class Holding:
    """`held` is what the others hold, by the id of the thing. `changed` fires when it is something else."""

    def __init__(self, room: Room, me: UUID, *, later: Later = on_the_loop) -> None:
        self.held: dict[UUID, UUID] = {}  # the thing → who
        self.changed: Event[[]] = Event()
        self._room = room
        self._me = me
        self._later = later
        self._expiry: dict[UUID, Timer] = {}  # by person
        self._mine: UUID | None = None
        self._again: Timer | None = None
        self._tasks = Tasks("room holding")

    def open(self) -> None:
        """Begins to listen."""
        self._unlisten = self._room.on_broadcast(EVENT, self._hear)
        self._room.presence.changed.subscribe(self._on_people, unsubscribe_on_delete=False)

    async def close(self) -> None:
        """Lets go, and listens no more."""
        self._unlisten()
        self._room.presence.changed.unsubscribe(self._on_people)
        for timer in self._expiry.values():
            timer.cancel()
        self._expiry.clear()
        self.held.clear()
        self._stop()
        await self._tasks.close()

    def take(self, thing: UUID) -> None:
        """One has this in one's hands, until `release`."""
        self._mine = thing
        self._say()

    def release(self, thing: UUID) -> None:
        """One has let go of it."""
        if self._mine == thing:
            self._stop()
            self._mine = None
            self._tasks.start(self._room.send(EVENT, {"who": str(self._me), "what": None}), "let go")

    def _stop(self) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None

    def _say(self) -> None:
        self._stop()
        if self._mine is not None:
            self._tasks.start(self._room.send(EVENT, {"who": str(self._me), "what": str(self._mine)}), "hold")
            self._again = self._later(SAY_EVERY_S, self._say)

    def _hear(self, said: dict[str, Any]) -> None:
        with suppress(ValueError, TypeError, KeyError, AttributeError):
            who, what = UUID(said["who"]), UUID(said["what"]) if said["what"] is not None else None
            if who == self._me or who not in self._room.presence.people or len(self._expiry) >= MOST:
                return  # H2
            self._set(who, what)

    def _set(self, who: UUID, what: UUID | None) -> None:
        before = dict(self.held)
        self.held = {thing: holder for thing, holder in self.held.items() if holder != who}
        if (timer := self._expiry.pop(who, None)) is not None:
            timer.cancel()
        if what is not None:
            self.held[what] = who
            self._expiry[who] = self._later(EXPIRE_S, lambda: self._set(who, None))
        if self.held != before:
            self.changed.emit()

    def _on_people(self) -> None:
        for who in [who for who in self._expiry if who not in self._room.presence.people]:
            self._set(who, None)
