"""Channel: one topic of a connection, shared by all who listen to it.

C1  Every subscribe returns its unsubscribe; the last one out leaves the topic.
C2  A channel is live only when the server says so: after its join reply, and for a feed after the `system` ok that its
    replication is up. What was committed before that may be missing: `on_live` means "there was a gap".
C3  A refused topic stays refused until there is a new socket or a new token; it takes no other channel with it.
C4  A listener that raises is logged; the others, and the next event, are served.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from realtime import AsyncRealtimeChannel
from realtime.types import RealtimeChannelOptions

from state.realtime.metrics import Meter
from state.signal import Signal, Unsubscribe
from state.sync.change import Change

log = logging.getLogger("starling.realtime")

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
        self.feed = feed
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
        self._live: Signal[None] = Signal()
        self._lost: Signal[None] = Signal()
        self._presence: Signal[dict[str, list[dict[str, Any]]]] = Signal()

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
        """What the join asks for. All of Starling's topics are private."""
        return {
            "config": {
                "broadcast": {"ack": False, "self": False, "replication_ready": self.feed},
                "presence": {"key": self.presence_key or "", "enabled": self.presence_key is not None},
                "private": True,
            }
        }

    # Listening -----------------------------------------------------------------------------------------------------

    def on_change(self, table: str, listener: Callable[[Change], None]) -> Unsubscribe:
        """Database changes of one table."""
        return self._use(self._changes.setdefault(table, Signal()).subscribe(listener))

    def on_broadcast(self, event: str, listener: Callable[[dict[str, Any]], None]) -> Unsubscribe:
        """Broadcasts with this event name; the listener gets their payload."""
        return self._use(self._events.setdefault(event, Signal()).subscribe(listener))

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
            self._meter.change(change)
            return
        self._meter.broadcasts += 1
        if signal := self._events.get(event):
            signal.emit(payload)

    def sync_presence(self, state: dict[str, list[dict[str, Any]]]) -> None:
        """The server's view of who is here has changed."""
        self._presence.emit(state)
