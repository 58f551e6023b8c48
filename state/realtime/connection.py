"""Connection: one supervised socket for one identity.

R1  States and transitions are `Status`'s; an illegal one raises.
R2  The socket is replaced whenever it is not demonstrably alive: see `Socket`, and no channel may take longer than
    `JOIN_S` to become live.
R3  Attempts never end: backoff with jitter, up to min(30 s, 1 s x 2^n), and after a loss, too. All connections of a
    process take turns (`Pace`).
R4  The token is looked at first: before a socket is opened, and after a channel was refused because of it. One that is
    renewed meanwhile is the one that channels join with.
R5  Events are applied in order (`Inbox`). When more come than can be taken in, everybody who keeps rows fetches again, or
    the socket is replaced.
R6  A pause, a reconnect and a close take effect wherever it is. Many requests to reconnect are one.
R7  Suspected of losing messages, it is degraded at best, and each suspicion is a gap in every feed. Rooms carry nothing
    that a fetch could make good.
R8  Sleep of the machine is a gap: the socket is replaced at once, whatever it looks like.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

from nicegui import Event

from state.errors import SessionEnded, Unreachable
from state.realtime.channel import Channel
from state.realtime.inbox import Inbox
from state.realtime.metrics import Meter
from state.realtime.pace import Pace
from state.realtime.slumber import TICK_S, Slumber
from state.realtime.socket import Broken, Socket
from state.realtime.status import PATIENCE, PATIENCE_S, State, Status, quality_of
from state.sync.freshness import AGEING_S, POLL_S, RELAXED_S, Freshness
from state.tasks import Tasks, within

T = TypeVar("T")

log = logging.getLogger("starling.realtime")
log_reconnect = logging.getLogger("starling.reconnect")
log_freshness = logging.getLogger("starling.freshness")

JOIN_S = 30.0
LATE_S = 5.0  # a channel that takes longer makes the connection degraded
FIRST_BACKOFF_S = 1.0
LAST_BACKOFF_S = 30.0

SWITCHED_OFF = "Switched off"
RECONNECTING = "Reconnecting"
SLEPT = "This machine was asleep"
SILENT = "Supabase does not answer"


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
        self,
        url: str,
        key: str,
        identity: Identity,
        *,
        pace: Pace | None = None,
        slumber: Slumber | None = None,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.status = Status()
        self.changed: Event[[]] = Event()
        self.name = identity.name
        self.meter = Meter(identity.name)
        self.freshness = Freshness(lambda: self.status.state == "live", name=identity.name)
        self.freshness.on_change(self._on_freshness)
        self.sockets = 0
        self._url = url
        self._key = key
        self._identity = identity
        self._pace = pace or Pace()
        self._slumber = slumber or Slumber()
        self._uniform = uniform
        self._channels: dict[str, Channel] = {}
        self._socket: Socket | None = None
        self._step: asyncio.Task[Any] | None = None  # what the supervisor waits for, if it can be cut off
        self._renewed: str | None = None  # a token that came while a socket was being opened
        self._arrived = False  # this socket's channels were all live at some time
        self._patience: asyncio.TimerHandle | None = None  # runs from the loss until it is live again
        self._patient = True
        self._inbox = Inbox(
            identity.name, lambda: self.sockets if self._socket is not None else None,
            overflowed=self._on_overflow, overwhelmed=self._on_flood, failed=self.meter.failed,
        )  # fmt: skip
        self._nudge = asyncio.Event()
        self._suspicion: str | None = None
        self._tasks = Tasks(f"connection of {identity.name}")

    # What others call ----------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Starts; it goes on until `close`."""
        if self.status.state != "closed":
            return
        self._calm()
        self._go("connecting")
        self._tasks.start(self._inbox.apply(), "apply")
        self._tasks.start(self._supervise(), "supervise")
        self._tasks.start(self._watch(), "watch for sleep")

    async def close(self) -> None:
        """Ends everything; can be opened again."""
        if self.status.state == "closed":
            return
        try:
            await self._tasks.close()
            await self._drop_socket()
        finally:
            self._calm()
            self._go("closed")

    def reconnect(self) -> None:
        """Throws the socket away, or ends the wait for the next attempt, or a pause."""
        self.status.paused = False
        self._interrupt(RECONNECTING)

    def pause(self) -> None:
        """Goes offline until `reconnect`."""
        self.status.paused = True
        self._interrupt(SWITCHED_OFF)

    def suspect(self, reason: str | None) -> None:
        """R7: evidence from outside that messages are being lost, or, with None, that they no longer are."""
        self._suspicion = reason
        if reason is not None:
            for channel in self.channels:
                if channel.feed:
                    channel.gap()
        self._assess()

    def _interrupt(self, reason: str) -> None:
        merged = self._nudge.is_set() or (self._socket is not None and self._socket.broken.done())
        log_reconnect.debug("%s: asked for: %s%s", self.name, reason, ", as before" if merged else "")
        self._nudge.set()
        if self._socket is not None:
            self._socket.end(Broken(reason, asked=True))
        elif self._step is not None:
            self._step.cancel()

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
        self._renewed = token
        if self._socket is not None:
            await self._socket.push_token(token)

    # The supervisor ------------------------------------------------------------------------------------------------

    async def _supervise(self) -> None:
        while True:
            self._nudge.clear()
            try:
                if self.status.paused:
                    await self._rest()
                else:
                    await self._live_and_die()
            except SessionEnded as error:
                self._calm()
                self._go("unauthorized", error=str(error))
                await self._nudge.wait()
                self.status.error = None
            except Broken as error:
                if not error.asked:
                    await self._wait(str(error))
            except Unreachable as error:
                await self._wait(str(error))
            except Exception:
                log.exception("%s: the connection stumbled", self._identity.name)
                await self._drop_socket()
                await self._wait("Something unexpected happened")

    async def _rest(self) -> None:
        """Until it is switched on again."""
        self._calm()
        self._go("offline", error=SWITCHED_OFF)
        await self._nudge.wait()
        self.status.error = None

    async def _live_and_die(self) -> None:
        """One socket, from its opening to its end. Always raises."""
        self._arrived = False
        self._away(self.status.error)
        socket = await self._interruptible(self._open_socket(), "open")
        broken = await socket.broken
        await self._drop_socket(str(broken))
        if broken.token:
            await self._interruptible(self._identity.token(renew=True), "renew the token")  # R4
        raise broken

    async def _open_socket(self) -> Socket:
        await self._pace.sockets.take()  # R3
        self._renewed = None
        token = await self._identity.token()  # R4
        self.sockets += 1
        socket = await Socket.open(
            self._url, self._key, token,
            name=self.name, pace=self._pace, put=self._put, assess=self._assess, received=self.meter.received,
        )  # fmt: skip
        if self._renewed is not None:
            await socket.push_token(self._renewed)  # nothing has joined: it only has to be remembered
        # From here on nothing waits: `_interrupt` ends the socket instead of this step, and who comes to use a channel joins.
        self._socket = socket
        for channel in self.channels:
            socket.join(channel)
        self._go("connecting")
        return socket

    async def _interruptible(self, coroutine: Coroutine[Any, Any, T], name: str) -> T:
        """R6: a pause or a reconnect cuts it off, which raises Broken."""
        step = self._step = asyncio.create_task(coroutine, name=f"connection of {self._identity.name}: {name}")
        try:
            return await step
        except asyncio.CancelledError:
            me = asyncio.current_task()
            if me is None or me.cancelling() or not step.cancelled():
                raise
            raise Broken(SWITCHED_OFF if self.status.paused else RECONNECTING, asked=True) from None
        finally:
            self._step = None

    async def _drop_socket(self, reason: str | None = None) -> None:
        """With a reason: says so before the server has answered the close, which may take its time."""
        socket, self._socket = self._socket, None
        for channel in self._channels.values():
            channel.remote = None
            channel.go("idle")
        if reason is not None:
            self._away(reason)
        if socket is not None:
            await socket.close()

    async def _wait(self, reason: str) -> None:
        if not self._arrived:
            self.status.attempts += 1
        ceiling = min(LAST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** min(max(self.status.attempts - 1, 0), 10))
        delay = self._uniform(0.1 * ceiling, ceiling)
        self.meter.failed(reason)
        log.info("%s: %s; next attempt in %.1f s", self._identity.name, reason, delay)
        self._away(reason, retry_at=datetime.now(UTC) + timedelta(seconds=delay))
        await within(delay, self._nudge)

    async def _watch(self) -> None:
        self._slumber.slept()  # what was before it was opened is no sleep
        while True:
            await asyncio.sleep(TICK_S)
            if self._slumber.slept() and not self.status.paused and self.status.state != "unauthorized":
                log.info("%s: %s", self._identity.name, SLEPT)
                self._interrupt(SLEPT)  # R8

    # What is said of it --------------------------------------------------------------------------------------------

    def _away(self, error: str | None, retry_at: datetime | None = None) -> None:
        """There is no socket: `connecting` as long as there is patience, then `offline`."""
        if self._patience is None:
            self._patience = asyncio.get_running_loop().call_later(PATIENCE_S, self._lose_patience)
        if self.status.attempts >= PATIENCE:
            self._patient = False
        waiting = self._patient and not self.status.paused
        self._go("connecting" if waiting else "offline", error=error, retry_at=retry_at)

    def _lose_patience(self) -> None:
        self._patient = False
        if self.status.state == "connecting" and self._socket is None:
            self._go("offline", error=self.status.error or SILENT, retry_at=self.status.retry_at)

    def _calm(self) -> None:
        """It is where it is meant to be: the next loss is the first one."""
        self.status.attempts = 0
        self._patient = True
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

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
        elif waiting and self.status.state != "live":
            pass  # not yet, and nobody is late
        else:
            if not waiting:
                self._arrived = True
                self._calm()
            if self._suspicion is None:
                self._go("live")
            else:
                self._go("degraded", error=self._suspicion)

    def _go(self, state: State, *, error: str | None = None, retry_at: datetime | None = None) -> None:
        before, socket = self.status.said, self._socket
        self.status.go(state, error=error, retry_at=retry_at)
        self.status.round_trip_ms = socket.round_trip_ms if socket else None
        self.status.quality = quality_of(socket.trips_ms, late=socket.late is not None) if socket else None
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

    # The inbox -----------------------------------------------------------------------------------------------------

    @property
    def events(self) -> int:
        """How many were applied."""
        return self._inbox.events

    @property
    def overflows(self) -> int:
        """How often more came than could be taken in. R5"""
        return self._inbox.overflows

    def _put(self, event: Callable[[], None], droppable: Channel | None) -> None:
        self._inbox.put(event, droppable=droppable is not None)

    def _on_overflow(self) -> None:
        for channel in self.channels:
            self._inbox.put(channel.gap)

    def _on_flood(self) -> None:
        if self._socket is not None:
            self._socket.end(Broken("More came than could be taken in"))
