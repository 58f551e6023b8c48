"""Channel: one topic of a connection, shared by all who listen to it.

C1  Every subscribe returns its unsubscribe; the last one out leaves the topic.
C2  A channel is live only when the server says so: after its join reply, and for a feed after the `system` ok that its
    replication is up, and with bindings after the one that they are subscribed. What was committed before that may be
    missing: `on_live` means "there was a gap".
C3  A refused topic stays refused until there is a new socket or a new token; it takes no other channel with it.
C4  A listener that raises is logged; the others, and the next event, are served.
C5  Bindings are part of the join: a new one makes the channel join again, and all of them are live or none. One that
    nobody listens to any more is left out of the next join.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from realtime import AsyncRealtimeChannel
from realtime.types import RealtimeChannelOptions

from state.realtime.binding import Binding
from state.realtime.metrics import Meter
from state.signal import Signal, Unsubscribe
from state.sync.change import Change

log = logging.getLogger("starling.realtime")

ROWS = "rows:"  # topics for row changes alone, which need no right of their own
REPLICATED = "Replication connection established"
SUBSCRIBED = "Subscribed to PostgreSQL"

Stage: TypeAlias = Literal["idle", "joining", "joined", "live", "refused"]


class Channel:
    """Made by `Connection.channel`. `feed`: only the database writes to it, and it is live when replication is."""

    def __init__(
        self,
        topic: str,
        *,
        feed: bool,
        presence_key: str | None,
        used: Callable[[Channel, bool], None],
        meter: Meter,
    ) -> None:
        self.topic = topic
        self.feed = feed and not topic.startswith(ROWS)
        self.stage: Stage = "idle"
        self.error: str | None = None
        self.joined_at = 0.0  # loop time of the last join sent
        self.remote: AsyncRealtimeChannel | None = None  # of the socket that is open now
        self.presence_key = presence_key
        self._used = used
        self._meter = meter
        self._uses = 0
        self._events: dict[str, Signal[Any]] = {}
        self._changes: dict[str, Signal[Change]] = {}
        self._any_change: Signal[Change] = Signal()
        self._live: Signal[None] = Signal()
        self._lost: Signal[None] = Signal()
        self._presence: Signal[dict[str, list[dict[str, Any]]]] = Signal()
        self.asked: tuple[Binding, ...] = ()  # by the last join
        self._bindings: dict[Binding, Signal[Change]] = {}
        self._awaited: set[str] = set()  # what the server has yet to say

    @property
    def live(self) -> bool:
        """C2."""
        return self.stage == "live"

    @property
    def used(self) -> bool:
        """Whether anybody listens."""
        return self._uses > 0

    @property
    def uses(self) -> int:
        """How many listen."""
        return self._uses

    @property
    def options(self) -> RealtimeChannelOptions:
        """What the join asks for, besides the bindings. All of Starling's own topics are private."""
        return {
            "config": {
                "broadcast": {"ack": False, "self": False, "replication_ready": self.feed},
                "presence": {"key": self.presence_key or "", "enabled": self.presence_key is not None},
                "private": not self.topic.startswith(ROWS),
            }
        }

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """Those that somebody listens to."""
        return tuple(self._bindings)

    # Listening -----------------------------------------------------------------------------------------------------

    def on_change(self, table: str, listener: Callable[[Change], None]) -> Unsubscribe:
        """Database changes of one table."""
        return self._use(self._changes.setdefault(table, Signal()).subscribe(listener))

    def on_any_change(self, listener: Callable[[Change], None]) -> Unsubscribe:
        """Database changes of all tables; those who follow one table hear of them first."""
        return self._use(self._any_change.subscribe(listener))

    def on_broadcast(self, event: str, listener: Callable[[dict[str, Any]], None]) -> Unsubscribe:
        """Broadcasts with this event name; the listener gets their payload."""
        return self._use(self._events.setdefault(event, Signal()).subscribe(listener))

    def on_postgres_changes(self, binding: Binding, listener: Callable[[Change], None]) -> Unsubscribe:
        """C5. Row changes as Postgres Changes bring them: a Change for each."""
        signal = self._bindings.setdefault(binding, Signal())
        unuse = self._use(signal.subscribe(listener))
        if self._uses > 1 and binding not in self.asked:
            self._used(self, False)
            self._used(self, True)

        def unbind() -> None:
            unuse()
            if not signal and self._bindings.get(binding) is signal:
                del self._bindings[binding]

        return unbind

    def on_presence(self, listener: Callable[[dict[str, list[dict[str, Any]]]], None]) -> Unsubscribe:
        """Who is here, whole, whenever it changes: key → metas."""
        return self._use(self._presence.subscribe(listener))

    def on_live(self, listener: Callable[[], None]) -> Unsubscribe:
        """Became live, after a gap of unknown length. Does not by itself keep the channel joined."""
        return self._live.subscribe(lambda _: listener())

    def on_lost(self, listener: Callable[[], None]) -> Unsubscribe:
        """Stopped being live. Does not by itself keep the channel joined."""
        return self._lost.subscribe(lambda _: listener())

    def _use(self, unsubscribe: Unsubscribe) -> Unsubscribe:
        self._uses += 1
        if self._uses == 1:
            self._used(self, True)
        done = False

        def unuse() -> None:
            nonlocal done
            if done:
                return
            done = True
            unsubscribe()
            self._uses -= 1
            if self._uses == 0:
                self._used(self, False)  # C1

        return unuse

    # Saying --------------------------------------------------------------------------------------------------------

    async def send(self, event: str, payload: dict[str, Any]) -> bool:
        """A broadcast to a room; False when the channel is not live."""
        if not self.live or self.remote is None:
            return False
        await self.remote.send_broadcast(event, payload)
        return True

    async def track(self, meta: dict[str, Any] | None) -> bool:
        """Shows (or, with None, withdraws) oneself in a room; False when the channel is not live."""
        if not self.live or self.remote is None:
            return False
        await (self.remote.untrack() if meta is None else self.remote.track(meta))
        return True

    # Called by the connection, in order ----------------------------------------------------------------------------

    def go(self, stage: Stage, error: str | None = None) -> None:
        """Moves to `stage`, and tells those whom it concerns."""
        before, self.stage, self.error = self.stage, stage, error
        if stage != before:
            log.debug("%s: %s is %s, it was %s", self._meter.name, self.topic, stage, before)
        if stage == "live":
            self._meter.gaps += 1
            self._live.emit(None)
        elif before == "live":
            self._lost.emit(None)

    def joined(self) -> None:
        """The join was accepted. C2."""
        self._awaited = {REPLICATED} if self.feed else set()
        if self.asked:
            self._awaited.add(SUBSCRIBED)
        self.go("joined" if self._awaited else "live")

    def confirm(self, message: str) -> None:
        """The server said that something is up. C2: a second subscription, after a new token, is a gap like any other."""
        if message in self._awaited:
            self._awaited.remove(message)
            if not self._awaited:
                self.go("live")
        elif message == SUBSCRIBED:
            self.gap()

    def gap(self) -> None:
        """Events were dropped on the way: whoever keeps rows fetches again."""
        if self.live:
            log.debug("%s: events of %s were dropped, so its tables fetch again", self._meter.name, self.topic)
            self._meter.gaps += 1
            self._live.emit(None)

    def receive(self, event: str, payload: Any) -> None:
        """A broadcast has come in."""
        if event == "change" and self.feed:
            try:
                change = Change.parse(payload)
            except (KeyError, TypeError, ValueError, AttributeError):
                self._meter.failed("A change that could not be read was passed over")
                log.warning("%s: a change on %s that could not be read was passed over", self._meter.name, self.topic)
                return
            if signal := self._changes.get(change.table):
                signal.emit(change)
            self._any_change.emit(change)
            self._meter.change(change)
            return
        self._meter.broadcasts += 1
        if signal := self._events.get(event):
            signal.emit(payload)

    def receive_row(self, binding: Binding, data: dict[str, Any]) -> None:
        """A row change has come in that this binding asked for."""
        try:
            change = Change.of_row(data, binding.key)
        except (KeyError, TypeError, ValueError, AttributeError):
            log.warning("An unreadable row change on %s was passed over", self.topic)
            return
        if signal := self._bindings.get(binding):
            signal.emit(change)
        self._meter.change(change)

    def sync_presence(self, state: dict[str, list[dict[str, Any]]]) -> None:
        """The server's view of who is here has changed."""
        self._presence.emit(state)
