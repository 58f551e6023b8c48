"""Connection: one supervised socket for one identity.

It owns a *disposable* AsyncRealtimeClient, whose own reconnecting is switched off, and replaces it whenever it is not
demonstrably alive. What realtime-py does behind one's back (a callback that raises kills its reader, retries that end,
heartbeats nobody checks, channels that are removed on `phx_close`) cannot hurt a client that is thrown away.

R1  States and transitions are `Status`'s; an illegal one raises.
R2  The socket is replaced when its reader has ended, a channel was closed or errored unasked, a join takes longer than
    `JOIN_S`, or a probe is unanswered for `PROBE_LOST_S`.
R3  Attempts never end: full jitter between nothing and min(30 s, 1 s x 2^n).
R4  The token is looked at first: before a socket is opened, and after a channel was refused because of it.
R5  Library callbacks only put into a bounded queue; one consumer applies events in order. When it is full, it is
    dropped whole and everybody who keeps rows fetches again.
R6  A pause, a reconnect and a close take effect wherever it is.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from nicegui import Event
from realtime import AsyncRealtimeChannel, AsyncRealtimeClient, RealtimeSubscribeStates
from realtime._async.push import (
    AsyncPush,
)  # the probe is a push whose reply is looked at, which heartbeats of the library aren't
from realtime.types import ChannelEvents, RealtimeAcknowledgementStatus

from state.errors import SessionEnded, Unreachable
from state.realtime.channel import Channel
from state.realtime.status import State, Status
from state.tasks import Tasks

log = logging.getLogger("starling.realtime")
logging.getLogger("realtime").setLevel(
    logging.CRITICAL
)  # it logs lost sockets as errors; here they are expected, and said by us

CONNECT_S = 10.0
JOIN_S = 30.0
LATE_S = 5.0  # a channel or a probe that takes longer makes the connection degraded
PROBE_EVERY_S = 15.0
PROBE_LOST_S = 12.0
FIRST_BACKOFF_S = 1.0
LAST_BACKOFF_S = 30.0
QUEUE = 10_000  # events that wait for the consumer

SWITCHED_OFF = "Switched off"
LOST = "The connection was lost"
TOKEN_REASONS = (
    "InvalidJWTToken", "MalformedJWT", "JwtSignatureError", "Token has expired", "The token provided", ":signature_error", "Fields `role`",
)  # fmt: skip
REFUSALS = ("Unauthorized", "ChannelRateLimitReached", "You do not have permissions", "You no longer have permission")


class Identity(Protocol):
    """Whose connection it is."""

    @property
    def name(self) -> str: ...

    async def token(self, *, renew: bool = False) -> str:
        """A token that is good for a while. Raises SessionEnded or Unreachable."""
        ...


class Broken(Exception):
    """The socket is to be replaced; the message says why, `token` that the token is to be looked at first, `asked` that
    somebody wanted it."""

    def __init__(self, reason: str, *, token: bool = False, asked: bool = False) -> None:
        super().__init__(reason)
        self.token = token
        self.asked = asked


class Connection:
    """`url` is the project's Realtime address, `key` its publishable key. `random` and `sleep` are for tests."""

    def __init__(
        self,
        url: str,
        key: str,
        identity: Identity,
        *,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.status = Status()
        self.changed: Event[[]] = Event()
        self.overflows = 0
        self.events = 0
        self.sockets = 0
        self._url = url
        self._key = key
        self._identity = identity
        self._uniform = uniform
        self._channels: dict[str, Channel] = {}
        self._client: AsyncRealtimeClient | None = None
        self._probe_channel: AsyncRealtimeChannel | None = None
        self._late: str | None = None  # the probe is
        self._queue: asyncio.Queue[tuple[int, Channel | None, Callable[[], None]]] = asyncio.Queue(QUEUE)
        self._broken: asyncio.Future[Broken] | None = None
        self._nudge = asyncio.Event()
        self._tasks = Tasks(f"connection of {identity.name}")
        self._joins = Tasks(f"channels of {identity.name}")

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
        """Throws the socket away, or ends the wait for the next attempt. Many calls are one."""
        self.status.paused = False
        self._nudge.set()
        self._break(Broken("Reconnecting", asked=True))

    def pause(self) -> None:
        """Goes offline until `reconnect`."""
        self.status.paused = True
        self._nudge.set()
        self._break(Broken(SWITCHED_OFF, asked=True))

    def channel(self, topic: str, *, presence_key: str | None = None) -> Channel:
        """The channel of a topic: always the same one. It is joined while anybody listens to it."""
        channel = self._channels.get(topic)
        if channel is None:
            feed = not topic.startswith("room:")
            channel = Channel(topic, feed=feed, presence_key=presence_key, used=self._on_used)
            self._channels[topic] = channel
        return channel

    @property
    def channels(self) -> list[Channel]:
        """Those in use."""
        return [channel for channel in self._channels.values() if channel._uses]

    async def push_token(self, token: str) -> None:
        """Hands a renewed token to the channels, without a gap."""
        client = self._client
        if client is None:
            return
        # Not client.set_auth: it walks the channels across awaits and breaks when one is added meanwhile.
        client.access_token = token
        for remote in list(client.channels.values()):
            remote.join_push.update_payload({"access_token": token})
            if remote.is_joined:
                await remote.push(ChannelEvents.access_token, {"access_token": token})

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
                await self._session()
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

    async def _wait(self, reason: str) -> None:
        self.status.attempts += 1
        ceiling = min(LAST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** (self.status.attempts - 1))
        delay = self._uniform(0.1 * ceiling, ceiling)
        log.info("%s: %s; next attempt in %.1f s", self._identity.name, reason, delay)
        self._go("offline", error=reason, retry_at=datetime.now(UTC) + timedelta(seconds=delay))
        with suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._nudge.wait()

    async def _session(self) -> None:
        token = await self._identity.token()  # R4
        client = AsyncRealtimeClient(
            self._url, token=self._key, auto_reconnect=False, max_retries=1, hb_interval=86_400
        )
        client.access_token = token
        try:
            async with asyncio.timeout(CONNECT_S):
                await client.connect()
        except (TimeoutError, OSError) as error:
            raise Broken("Supabase does not answer") from error
        except Exception as error:  # websockets.InvalidStatus and its kin: an HTTP answer instead of a socket
            raise Broken("Supabase refused the connection") from error
        self.sockets += 1
        self._client = client
        self._broken = asyncio.get_running_loop().create_future()
        if self.status.paused:  # R6
            raise Broken(SWITCHED_OFF, asked=True)
        if client._listen_task is None:
            raise Broken(LOST)
        client._listen_task.add_done_callback(lambda _: client is self._client and self._break(Broken(LOST)))
        self._probe_channel = AsyncRealtimeChannel(client, "phoenix")
        client.channels["phoenix"] = self._probe_channel
        for channel in self.channels:
            self._start_join(channel)
        probe = self._joins.start(self._probe(client), "probe")
        try:
            broken = await self._broken
        finally:
            probe.cancel()
        if broken.token:
            await self._identity.token(renew=True)
        raise broken

    async def _drop_socket(self) -> None:
        client, self._client = self._client, None
        self._broken = None
        self._probe_channel = None
        self._late = None
        self.status.round_trip_ms = None
        await self._joins.close()
        for channel in self._channels.values():
            channel.remote = None
            channel.go("idle")
        if client is not None:
            for remote in list(client.channels.values()):
                remote.rejoin_timer.reset()
                remote.join_push.destroy()
                for push in remote.messages_waiting_for_ack.values():
                    push.destroy()
            with suppress(Exception):
                async with asyncio.timeout(2):
                    await client.close()

    def _break(self, broken: Broken) -> None:
        if self._broken is not None and not self._broken.done():
            self._broken.set_result(broken)

    # The probe -----------------------------------------------------------------------------------------------------

    async def _probe(self, client: AsyncRealtimeClient) -> None:
        """Heartbeats whose replies are looked at, and an eye on channels that are late."""
        loop = asyncio.get_running_loop()
        assert self._probe_channel is not None
        while True:
            answered = asyncio.Event()
            # A push whose reply is looked at; nobody looks at those to the library's own heartbeats.
            push = AsyncPush(self._probe_channel, ChannelEvents.heartbeat, {}, timeout=int(PROBE_LOST_S))
            push.receive(RealtimeAcknowledgementStatus.Ok, lambda _, done=answered: done.set())
            sent = loop.time()
            await push.send()
            try:
                async with asyncio.timeout(LATE_S):
                    await answered.wait()
            except TimeoutError:
                self._late = "Supabase is slow to answer"
                self._assess()
                try:
                    async with asyncio.timeout(PROBE_LOST_S - LATE_S):
                        await answered.wait()
                except TimeoutError:
                    self._break(Broken("Supabase stopped answering"))
                    return
            self._late = None
            self.status.round_trip_ms = (loop.time() - sent) * 1000
            self._assess()
            self.changed.emit()
            for _ in range(int(PROBE_EVERY_S)):
                await asyncio.sleep(1)
                self._assess()

    def _assess(self) -> None:
        """Live, degraded, or broken: from what the channels are."""
        if self._client is None or self._broken is None or self._broken.done():
            return
        now = asyncio.get_running_loop().time()
        waiting = [channel for channel in self.channels if channel.stage not in ("live", "refused")]
        if any(now - channel.joined_at > JOIN_S for channel in waiting):
            self._break(Broken("A channel did not open"))
        elif self._late or any(now - channel.joined_at > LATE_S for channel in waiting):
            self._go("degraded", error=self._late or f"{waiting[0].topic} is slow to open")
        elif not waiting:
            self._go("live")

    def _go(self, state: State, *, error: str | None = None, retry_at: datetime | None = None) -> None:
        before = (self.status.state, self.status.error, self.status.retry_at)
        self.status.go(state, error=error, retry_at=retry_at)
        if before != (self.status.state, self.status.error, self.status.retry_at):
            self.changed.emit()

    # Channels ------------------------------------------------------------------------------------------------------

    def _on_used(self, channel: Channel, used: bool) -> None:
        client = self._client
        if used:
            if client is not None:
                self._start_join(channel)
        else:
            self._channels.pop(channel.topic, None)
            remote, channel.remote = channel.remote, None
            channel.go("idle")
            if client is not None and remote is not None:
                self._joins.start(self._leave(remote), f"leave {channel.topic}")

    async def _leave(self, remote: AsyncRealtimeChannel) -> None:
        # Not client.remove_channel: it forgets the channel before the server has, whose late phx_close would then close
        # the next one of this name.
        with suppress(Exception):
            await remote.unsubscribe()

    def _start_join(self, channel: Channel) -> None:
        channel.joined_at = asyncio.get_running_loop().time()
        self._joins.start(self._join(channel), f"join {channel.topic}")

    async def _join(self, channel: Channel) -> None:
        client = self._client
        if client is None:
            return
        # A channel that is leaving keeps its name until the reply; phx_close follows that at once.
        while (former := client.channels.get(f"realtime:{channel.topic}")) is not None and former.is_leaving:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        remote = client.channel(channel.topic, channel.options)
        if channel.remote is remote:
            return
        channel.remote = remote
        channel.go("joining")
        # R5: these run inside the library's reader.
        remote.on_broadcast(
            "*", lambda message: self._put(lambda: channel.receive(message["event"], message.get("payload")), channel)
        )
        remote.on_system(lambda payload: self._put(lambda: self._on_system(channel, remote, payload.message)))
        if channel.presence_key is not None:
            remote.on_presence_sync(lambda: self._put(lambda: self._on_presence(channel, remote)))
        try:
            await remote.subscribe(
                lambda state, error: self._put(lambda: self._on_subscribe(channel, remote, state, error))
            )
        except Exception as error:
            self._break(Broken(f"{channel.topic} could not be joined: {error}"))

    def _on_subscribe(
        self, channel: Channel, remote: AsyncRealtimeChannel, state: RealtimeSubscribeStates, error: Exception | None
    ) -> None:
        if channel.remote is not remote:
            return
        reason = _reason(error)
        if state == RealtimeSubscribeStates.SUBSCRIBED:
            channel.go("joined" if channel.feed else "live")
        elif state == RealtimeSubscribeStates.CHANNEL_ERROR and reason.startswith(REFUSALS):
            remote.rejoin_timer.reset()  # else the library would ask again by itself
            channel.go("refused", reason)  # C3
            log.warning("%s: %s", self._identity.name, reason)
        else:
            self._break(Broken(reason or f"{channel.topic} was closed", token=reason.startswith(TOKEN_REASONS)))
        self._assess()

    def _on_system(self, channel: Channel, remote: AsyncRealtimeChannel, message: str) -> None:
        if channel.remote is remote and message == "Replication connection established":
            channel.go("live")
            self._assess()

    def _on_presence(self, channel: Channel, remote: AsyncRealtimeChannel) -> None:
        if channel.remote is remote:
            channel.sync_presence({key: list(metas) for key, metas in remote.presence_state().items()})  # type: ignore[arg-type]

    # The queue -----------------------------------------------------------------------------------------------------

    def _put(self, event: Callable[[], None], droppable: Channel | None = None) -> None:
        """`droppable`: the channel whose broadcast it is, which a fetch can make good."""
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
            if socket != self.sockets or self._client is None:
                continue
            self.events += 1
            try:
                event()
            except Exception:
                log.exception("An event could not be applied")
            if self.events % 100 == 0:
                await asyncio.sleep(0)


def _reason(error: Exception | None) -> str:
    """The server's words, out of the JSON that the library wraps them in."""
    if error is None:
        return ""
    with suppress(ValueError, AttributeError):
        payload = json.loads(str(error))
        return str(payload.get("reason") or payload.get("message") or error)
    return str(error)
