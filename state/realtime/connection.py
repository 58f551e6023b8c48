"""Connection: one supervised socket for one identity.

R1  States and transitions are `Status`'s; an illegal one raises.
R2  The socket is replaced whenever it is not demonstrably alive: see `Socket`, and no channel may take longer than
    `JOIN_S` to become live.
R3  Attempts never end: backoff with jitter, up to min(30 s, 1 s x 2^n).
R4  The token is looked at first: before a socket is opened, and after a channel was refused because of it.
R5  Events wait in a bounded queue; one consumer applies them in order. When it is full, the broadcasts in it are dropped
    and everybody who keeps rows fetches again.
R6  A pause, a reconnect and a close take effect wherever it is. Many requests to reconnect are one.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from nicegui import Event

from state.errors import SessionEnded, Unreachable
from state.realtime.channel import Channel
from state.realtime.metrics import Meter
from state.realtime.socket import Broken, Socket
from state.realtime.status import State, Status
from state.sync.freshness import AGEING_S, POLL_S, RELAXED_S, Freshness
from state.tasks import Tasks

log = logging.getLogger("starling.realtime")
log_reconnect = logging.getLogger("starling.reconnect")
log_freshness = logging.getLogger("starling.freshness")

JOIN_S = 30.0
LATE_S = 5.0  # a channel that takes longer makes the connection degraded
FIRST_BACKOFF_S = 1.0
LAST_BACKOFF_S = 30.0
QUEUE = 10_000  # events that wait for the consumer
BREATH = 100  # events applied before others get a turn on the loop

SWITCHED_OFF = "Switched off"


class Identity(Protocol):
    """Whose connection it is."""

    @property
    def name(self) -> str: ...

    async def token(self, *, renew: bool = False) -> str:
        """A token that is good for a while. Raises SessionEnded or Unreachable."""
        ...


class Connection:
    """`url` is the project's Realtime address, `key` its publishable key; `uniform` draws the jitter."""

    def __init__(
        self, url: str, key: str, identity: Identity, *, uniform: Callable[[float, float], float] = random.uniform
    ) -> None:
        self.status = Status()
        self.changed: Event[[]] = Event()
        self.name = identity.name
        self.meter = Meter(identity.name)
        self.freshness = Freshness(lambda: self.status.state == "live", name=identity.name)
        self.freshness.on_change(self._on_freshness)
        self.overflows = 0
        self.events = 0
        self.sockets = 0
        self._url = url
        self._key = key
        self._identity = identity
        self._uniform = uniform
        self._channels: dict[str, Channel] = {}
        self._socket: Socket | None = None
        self._opening: asyncio.Task[Socket] | None = None
        self._queue: asyncio.Queue[tuple[int, Channel | None, Callable[[], None]]] = asyncio.Queue(QUEUE)
        self._nudge = asyncio.Event()
        self._tasks = Tasks(f"connection of {identity.name}")

    # What others call ----------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Starts; it goes on until `close`."""
        if self.status.state != "closed":
            return
        self._go("connecting")
        self._tasks.start(self._consume(), "consume")
        self._tasks.start(self._supervise(), "supervise")

    async def close(self) -> None:
        """Ends everything; can be opened again."""
        if self.status.state == "closed":
            return
        await self._tasks.close()
        await self._drop_socket()
        self._go("closed")

    def reconnect(self) -> None:
        """Throws the socket away, or ends the wait for the next attempt, or a pause."""
        self.status.paused = False
        self._interrupt("Reconnecting")

    def pause(self) -> None:
        """Goes offline until `reconnect`."""
        self.status.paused = True
        self._interrupt(SWITCHED_OFF)

    def _interrupt(self, reason: str) -> None:
        merged = self._nudge.is_set() or (self._socket is not None and self._socket.broken.done())
        log_reconnect.debug("%s: asked for: %s%s", self.name, reason, ", as before" if merged else "")
        self._nudge.set()
        if self._socket is not None:
            self._socket.end(Broken(reason, asked=True))
        elif self._opening is not None:
            self._opening.cancel()

    def channel(self, topic: str, *, presence_key: str | None = None) -> Channel:
        """The channel of a topic: always the same one. It is joined while anybody listens to it."""
        channel = self._channels.get(topic)
        if channel is None:
            feed = not topic.startswith("room:")
            channel = Channel(topic, feed=feed, presence_key=presence_key, used=self._on_used, meter=self.meter)
            self._channels[topic] = channel
        return channel

    @property
    def channels(self) -> list[Channel]:
        """Those in use."""
        return [channel for channel in self._channels.values() if channel.used]

    async def push_token(self, token: str) -> None:
        """Hands a renewed token to the channels, without a gap."""
        if self._socket is not None:
            await self._socket.push_token(token)

    async def send(self, channel: Channel, event: str, payload: dict[str, Any]) -> bool:
        """A broadcast to a room; False when the channel is not live."""
        if not channel.live or channel.remote is None:
            return False
        await channel.remote.send_broadcast(event, payload)
        return True

    async def track(self, channel: Channel, meta: dict[str, Any] | None) -> bool:
        """Shows (or, with None, withdraws) oneself in a room; False when the channel is not live."""
        if not channel.live or channel.remote is None:
            return False
        await (channel.remote.untrack() if meta is None else channel.remote.track(meta))
        return True

    # The supervisor ------------------------------------------------------------------------------------------------

    async def _supervise(self) -> None:
        while True:
            self._nudge.clear()
            if self.status.paused:
                self._go("offline", error=SWITCHED_OFF)
                await self._nudge.wait()
                continue
            try:
                self._go("connecting", error=self.status.error)
                await self._live_and_die()
            except SessionEnded as error:
                await self._drop_socket()
                self._go("unauthorized", error=str(error))
                await self._nudge.wait()
            except (Broken, Unreachable) as error:
                await self._drop_socket()
                self._go("offline", error=str(error))
                if not (isinstance(error, Broken) and error.asked):
                    await self._wait(str(error))
            except Exception:
                log.exception("%s: the connection stumbled", self._identity.name)
                await self._drop_socket()
                await self._wait("Something unexpected happened")

    async def _live_and_die(self) -> None:
        """One socket, from its opening to its end. Always raises."""
        opening = self._opening = asyncio.create_task(
            self._open_socket(), name=f"socket of {self._identity.name}: open"
        )
        try:
            self._socket = await opening
        except asyncio.CancelledError:
            me = asyncio.current_task()
            if me is None or me.cancelling() or not opening.cancelled():
                raise
            raise Broken(SWITCHED_OFF if self.status.paused else "Reconnecting", asked=True) from None  # R6
        finally:
            self._opening = None
        for channel in self.channels:
            self._socket.join(channel)
        broken = await self._socket.broken
        if broken.token:
            await self._identity.token(renew=True)
        raise broken

    async def _open_socket(self) -> Socket:
        token = await self._identity.token()  # R4
        self.sockets += 1
        return await Socket.open(
            self._url,
            self._key,
            token,
            name=self.name,
            put=self._put,
            assess=self._assess,
            received=self.meter.received,
        )

    async def _drop_socket(self) -> None:
        socket, self._socket = self._socket, None
        self.status.round_trip_ms = None
        for channel in self._channels.values():
            channel.remote = None
            channel.go("idle")
        if socket is not None:
            await socket.close()

    async def _wait(self, reason: str) -> None:
        self.status.attempts += 1
        ceiling = min(LAST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** min(self.status.attempts - 1, 10))
        delay = self._uniform(0.1 * ceiling, ceiling)
        self.meter.failed(reason)
        log.info("%s: %s; next attempt in %.1f s", self._identity.name, reason, delay)
        self._go("offline", error=reason, retry_at=datetime.now(UTC) + timedelta(seconds=delay))
        with suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._nudge.wait()

    def _assess(self) -> None:
        """Live, degraded, or broken: from what the socket and its channels are."""
        socket = self._socket
        if socket is None or socket.broken.done():
            return
        now = asyncio.get_running_loop().time()
        waiting = [channel for channel in self.channels if channel.stage not in ("live", "refused")]
        if any(now - channel.joined_at > JOIN_S for channel in waiting):
            socket.end(Broken("A channel did not open"))
        elif socket.late or any(now - channel.joined_at > LATE_S for channel in waiting):
            self._go("degraded", error=socket.late or f"{waiting[0].topic} is slow to open")
        elif not waiting:
            self._go("live")

    def _go(self, state: State, *, error: str | None = None, retry_at: datetime | None = None) -> None:
        before = self.status.said
        self.status.go(state, error=error, retry_at=retry_at)
        self.status.round_trip_ms = self._socket.round_trip_ms if self._socket else None
        if before != self.status.said:
            self.freshness.look()
            if before[0] != state:
                self._say_state()
            self.changed.emit()

    def _say_state(self) -> None:
        status = self.status
        log.info("%s: %s%s", self.name, status.state, f": {status.error}" if status.error else "")
        if status.state == "unauthorized" and status.error:
            self.meter.failed(status.error)

    def _on_freshness(self, live: bool) -> None:
        asked = f"every {AGEING_S[1]:.0f} to {RELAXED_S:.0f} s" if live else f"every {POLL_S:.0f} s"
        log_freshness.info("%s: what is watched is asked for %s", self.name, asked)

    # Trials: what a bad network and an old token do, on purpose -----------------------------------------------------

    def drop_socket(self) -> bool:
        """Cuts the wire without a word, as a bad network does; False when there is none."""
        return self._socket is not None and self._socket.cut()

    def doubt_token(self) -> bool:
        """Behaves as if the server had refused the token: it is renewed, then a new socket opened. False: no socket."""
        if self._socket is None:
            return False
        self._socket.end(Broken("Token has expired", token=True))
        return True

    def _on_used(self, channel: Channel, used: bool) -> None:
        if used:
            self._channels[channel.topic] = channel
            if self._socket is not None:
                self._socket.join(channel)
        else:
            self._channels.pop(channel.topic, None)
            if self._socket is not None:
                self._socket.leave(channel)
            channel.go("idle")

    # The queue -----------------------------------------------------------------------------------------------------

    def _put(self, event: Callable[[], None], droppable: Channel | None) -> None:
        try:
            self._queue.put_nowait((self.sockets, droppable, event))
        except asyncio.QueueFull:
            self.overflows += 1
            waiting = [self._queue.get_nowait() for _ in range(self._queue.qsize())]
            for item in [*waiting, (self.sockets, droppable, event)]:
                if item[1] is None:
                    self._queue.put_nowait(item)
            for channel in self.channels:
                self._queue.put_nowait((self.sockets, None, channel.gap))

    async def _consume(self) -> None:
        while True:
            socket, _, event = await self._queue.get()
            if socket != self.sockets or self._socket is None:
                continue
            self.events += 1
            try:
                event()
            except Exception:
                self.meter.failed("An event could not be applied")
                log.exception("%s: an event could not be applied", self.name)
            if self.events % BREATH == 0:
                await asyncio.sleep(0)
