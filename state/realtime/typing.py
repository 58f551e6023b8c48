"""Typing: who is writing in a room. Broadcasts that expire by themselves: nothing is stored, and nothing depends on them.

Y1  While one types there is one word every `SAY_EVERY_S`, and a last one, `REST_S` after the last key, that it is over.
Y2  Others are forgotten `EXPIRE_S` after their last word, when they say that it is over, and after any gap.
Y3  Only ids count, and only those that `known` knows; oneself is never listed. At most `MOST` at a time.
Y4  Whoever is not seen in the room (`known` does not know oneself) does not say that they type.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Set
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from state.realtime.connection import Connection
from state.signal import Signal, Unsubscribe, leave_all
from state.tasks import Tasks

EVENT = "typing"
SAY_EVERY_S = 2.0  # well below the expiry, so that a word that is late does not blink
REST_S = 2.5  # above the first, so that slow typing does not blink either
EXPIRE_S = 3.0  # reference 3: typingTimeout
MOST = 20


class Timer(Protocol):
    """Something that will happen unless it is cancelled."""

    def cancel(self) -> None: ...


Later: TypeAlias = Callable[[float, Callable[[], None]], Timer]


def on_the_loop(seconds: float, action: Callable[[], None]) -> Timer:
    """Calls `action` in so many seconds."""
    return asyncio.get_running_loop().call_later(seconds, action)


class Typing:
    """`typists` are the others who are writing now. `known` says whose word is believed: those one sees in the room."""

    def __init__(
        self,
        connection: Connection,
        topic: str,
        me: UUID,
        *,
        known: Callable[[UUID], bool],
        later: Later = on_the_loop,
        expire_s: float = EXPIRE_S,
    ) -> None:
        self._connection = connection
        self._channel = connection.channel(topic, presence_key=str(me))
        self._me = me
        self._known = known
        self._later = later
        self._expire_s = expire_s
        self._expiry: dict[UUID, Timer] = {}
        self._changed: Signal[None] = Signal()
        self._pause: Timer | None = None  # runs after a word: no other one before its end
        self._rest: Timer | None = None  # runs while one types
        self._again = False  # one has typed since the last word
        self._tasks = Tasks(f"typing in {topic}")
        self._unsubscribe: list[Unsubscribe] = []

    @property
    def typists(self) -> Set[UUID]:
        """Who is writing, oneself left out."""
        return self._expiry.keys()

    def on_change(self, listener: Callable[[], None]) -> Unsubscribe:
        """`listener` is called whenever somebody begins or ends."""
        return self._changed.subscribe(lambda _: listener())

    def open(self) -> None:
        """Starts to listen."""
        self._unsubscribe = [
            self._channel.on_broadcast(EVENT, self._heard),
            self._channel.on_live(self._forget),
            self._channel.on_lost(self._forget),
        ]

    def move(self, topic: str) -> None:
        """Goes on in another room, where who writes says so again."""
        if topic != self._channel.topic:
            opened = bool(self._unsubscribe)
            leave_all(self._unsubscribe)
            self._channel = self._connection.channel(topic, presence_key=str(self._me))
            self._forget()
            if opened:
                self.open()

    async def close(self) -> None:
        """Stops listening."""
        self._end()
        await self._tasks.close()
        leave_all(self._unsubscribe)
        self._forget()

    # Oneself ---------------------------------------------------------------------------------------------------------

    def typing(self) -> None:
        """One types: call it as often as one likes."""
        if not self._known(self._me):
            return  # Y4
        if self._rest is not None:
            self._rest.cancel()
        self._rest = self._later(REST_S, self.stop)
        if self._pause is None:
            self._say()
        else:
            self._again = True

    def stop(self) -> None:
        """What was written is sent, or deleted; or one rests."""
        if self._end():
            self._send(False)

    def _say(self) -> None:
        self._again = False
        self._send(True)
        self._pause = self._later(SAY_EVERY_S, self._paused)

    def _paused(self) -> None:
        self._pause = None
        if self._again and self._known(self._me):
            self._say()  # Y1

    def _end(self) -> bool:
        """Whether one was typing."""
        timers = [timer for timer in (self._pause, self._rest) if timer is not None]
        typed, self._pause, self._rest, self._again = self._rest is not None, None, None, False
        for timer in timers:
            timer.cancel()
        return typed

    def _send(self, typing: bool) -> None:
        payload = {"id": str(self._me), "typing": typing}
        self._tasks.start(self._channel.send(EVENT, payload), "say")

    # The others ------------------------------------------------------------------------------------------------------

    def _heard(self, payload: Any) -> None:
        try:
            id = UUID(payload["id"])
        except (KeyError, TypeError, ValueError, AttributeError):
            return  # Y3
        timer = self._expiry.pop(id, None)
        if timer is not None:
            timer.cancel()
        types = payload.get("typing") is True and id != self._me and self._known(id)
        if types and len(self._expiry) < MOST:
            self._expiry[id] = self._later(self._expire_s, lambda: self._expired(id))  # Y2
        if (timer is not None) != (id in self._expiry):
            self._changed.emit(None)

    def _expired(self, id: UUID) -> None:
        if self._expiry.pop(id, None) is not None:
            self._changed.emit(None)

    def _forget(self) -> None:  # Y2
        if self._expiry:
            for timer in self._expiry.values():
                timer.cancel()
            self._expiry.clear()
            self._changed.emit(None)
