"""Circle: the feed of people who may see the same rows. Its topic ends when one of them is removed; the others move on.

E1  Which epoch it is, the database says; a circle moves to higher ones only. Before the first it has no topic, and
    whoever listens already hears of everything from then on.
E2  It listens to the topic it had until the one it has is live: what is said on the old one still arrives. What comes by
    both is told twice, which changes nothing. It is live when the new one is, and that is a gap for whoever keeps rows.
E3  The more there are, the less at once they move; none waits longer than `SPREAD_S`.
E4  Once it is over for one, it leaves all topics at once, says why, and stays over. Whoever is let in again gets another.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from uuid import UUID

from state.realtime.channel import Channel
from state.realtime.connection import Connection
from state.realtime.typing import Later, Timer, on_the_loop
from state.signal import Signal, Unsubscribe, leave_all
from state.sync.change import Change

SPREAD_S = 5.0
PER_MEMBER_S = 0.01  # a hundred people move within a second


class Listening:
    """One listener, on as many channels as there are at the moment."""

    def __init__(self, attach: Callable[[Channel], Unsubscribe]) -> None:
        self._attach = attach
        self._held: dict[Channel, Unsubscribe] = {}

    def hear(self, channel: Channel) -> None:
        """On this one as well."""
        if channel not in self._held:
            self._held[channel] = self._attach(channel)

    def only(self, channel: Channel | None) -> None:
        """On this one, and no other."""
        for other in [other for other in self._held if other is not channel]:
            self._held.pop(other)()


class Circle:
    """A feed for LiveTables and a QueryCache, as a Channel is one. Made by `Circles`, which says what it becomes."""

    def __init__(
        self,
        connection: Connection,
        kind: str,
        id: UUID,
        *,
        uniform: Callable[[float, float], float] = random.uniform,
        later: Later = on_the_loop,
    ) -> None:
        self.kind = kind
        self.id = id
        self.epoch = 0
        self.over: str | None = None  # why, in words
        self._connection = connection
        self._uniform = uniform
        self._later = later
        self._channel: Channel | None = None
        self._of_channel: list[Unsubscribe] = []
        self._move_at: Timer | None = None
        self._listening: set[Listening] = set()
        self._live: Signal[None] = Signal()
        self._lost: Signal[None] = Signal()
        self._moved: Signal[None] = Signal()
        self._ended: Signal[str] = Signal()

    @property
    def topic(self) -> str:
        """Of the epoch it is in."""
        return f"{self.kind}:{self.id}:{self.epoch}"

    def room(self, part: str = "") -> str:
        """The topic on which its people talk; `part`: about a part of it (lower case letters, digits and hyphens)."""
        return f"room:{self.topic}:{part}" if part else f"room:{self.topic}"

    @property
    def known(self) -> bool:
        """Whether one is in it, as far as the database has said."""
        return self.epoch > 0 and self.over is None

    @property
    def live(self) -> bool:
        """E2."""
        return self._channel is not None and self._channel.topic == self.topic and self._channel.live

    @property
    def used(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listening)

    # Listening -----------------------------------------------------------------------------------------------------

    def on_change(self, table: str, listener: Callable[[Change], None]) -> Unsubscribe:
        """As `Channel.on_change`."""
        return self._listen(lambda channel: channel.on_change(table, listener))

    def on_any_change(self, listener: Callable[[Change], None]) -> Unsubscribe:
        """As `Channel.on_any_change`."""
        return self._listen(lambda channel: channel.on_any_change(listener))

    def on_broadcast(self, event: str, listener: Callable[[dict[str, Any]], None]) -> Unsubscribe:
        """As `Channel.on_broadcast`."""
        return self._listen(lambda channel: channel.on_broadcast(event, listener))

    def on_live(self, listener: Callable[[], None]) -> Unsubscribe:
        """Became live, after a gap of unknown length."""
        return self._live.subscribe(lambda _: listener())

    def on_lost(self, listener: Callable[[], None]) -> Unsubscribe:
        """Stopped being live."""
        return self._lost.subscribe(lambda _: listener())

    def on_moved(self, listener: Callable[[], None]) -> Unsubscribe:
        """There is a new epoch: rooms move at once, for nothing in them has to be caught up with."""
        return self._moved.subscribe(lambda _: listener())

    def on_end(self, listener: Callable[[str], None]) -> Unsubscribe:
        """It is over for one, and why. E4"""
        return self._ended.subscribe(listener)

    def _listen(self, attach: Callable[[Channel], Unsubscribe]) -> Unsubscribe:
        listening = Listening(attach)
        if self.over is None:
            self._listening.add(listening)
            if self._channel is not None:
                listening.hear(self._channel)

        def stop() -> None:
            self._listening.discard(listening)
            listening.only(None)

        return stop

    # What the database says ----------------------------------------------------------------------------------------

    def follow(self, epoch: int, size: int) -> None:
        """The circle is in this epoch, and so many were told. E1"""
        if self.over is not None or epoch <= self.epoch:
            return
        was_live, first, self.epoch = self.live, self._channel is None, epoch
        self._wait_no_more()
        if first:
            self._move()
        else:
            wait_s = self._uniform(0.0, min(SPREAD_S, size * PER_MEMBER_S))  # E3
            self._move_at = self._later(wait_s, self._move)
        if was_live:
            self._lost.emit(None)
        self._moved.emit(None)

    def end(self, reason: str) -> None:
        """E4."""
        if self.over is None:
            self.close()
            self.over = reason
            self._ended.emit(reason)

    def close(self) -> None:
        """Leaves all topics."""
        self._wait_no_more()
        leave_all(self._of_channel)
        for listening in self._listening:
            listening.only(None)
        self._listening.clear()

    def _wait_no_more(self) -> None:
        if self._move_at is not None:
            self._move_at.cancel()
            self._move_at = None

    def _move(self) -> None:
        self._move_at = None
        leave_all(self._of_channel)
        channel = self._channel = self._connection.channel(self.topic)
        self._of_channel = [channel.on_live(self._on_live), channel.on_lost(lambda: self._lost.emit(None))]
        for listening in list(self._listening):
            listening.hear(channel)

    def _on_live(self) -> None:
        if not self.live:
            return  # there is a newer one by now
        for listening in list(self._listening):
            listening.only(self._channel)  # E2
        self._live.emit(None)
