"""Socket: one disposable AsyncRealtimeClient, from its connection to its end.

realtime-py's own reconnecting is switched off, and what it does behind one's back (a callback that raises kills its
reader, retries that end, heartbeats whose replies nobody looks at, channels that vanish on `phx_close`) cannot hurt a
client that is thrown away at the first doubt. `broken` is done when that moment has come.

K1  Library callbacks run inside the library's reader: they only `put` an event, and never raise.
K2  A socket is broken when its reader has ended, a channel was closed or errored unasked, or a probe got no answer for
    `PROBE_LOST_S`; a channel that is refused breaks nothing.
K3  After `close` nothing of it is left: no task, no timer, no callback; not even when the server never answers, or when
    the close itself is cancelled.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

from realtime import AsyncRealtimeChannel, AsyncRealtimeClient, RealtimeSubscribeStates
from realtime._async.push import AsyncPush
from realtime.types import (
    ChannelEvents,
    PostgresChangesPayload,
    RealtimeAcknowledgementStatus,
    RealtimePostgresChangesListenEvent,
)
from websockets.asyncio.client import ClientConnection

from state.realtime.binding import Binding
from state.realtime.channel import Channel
from state.realtime.pace import Pace
from state.realtime.roster import Roster
from state.tasks import Tasks, within

log = logging.getLogger("starling.realtime")
# It logs lost sockets as errors; here they are expected, and said by us.
logging.getLogger("realtime").setLevel(logging.CRITICAL)

CONNECT_S = 10.0
LATE_S = 5.0  # a probe that takes longer is late
PROBE_EVERY_S = 15.0  # the server closes a socket that is silent for 60 s
PROBE_LOST_S = 12.0
TRIPS = 5  # round trips remembered
MAX_FRAME = 4 * 2**20  # servers carry payloads up to 3,000 KB: one that anybody may send should cost nobody a socket
CLOSE_S = 2.0  # for the server to answer a close
SETTLE_S = 0.05  # phx_close follows the reply to a leave, and does not say which join it is about

LOST = "The connection was lost"
TOKEN_REASONS = (
    "InvalidJWTToken", "MalformedJWT", "JwtSignatureError", "Token has expired", "The token provided", ":signature_error", "Fields `role`",
)  # fmt: skip
ROW_REFUSALS = ("Unable to subscribe", "Error parsing", "No subscription params", "Column selection")
REFUSALS = ("Unauthorized", "ChannelRateLimitReached", "You do not have permissions", "You no longer have permission")

Event: TypeAlias = Callable[[], None]
Put: TypeAlias = Callable[[Event, Channel | None], None]
Received: TypeAlias = Callable[[int], None]


class Broken(Exception):
    """The socket is to be replaced; the message says why, `token` that the token is to be looked at first, `asked` that
    somebody wanted it."""

    def __init__(self, reason: str, *, token: bool = False, asked: bool = False) -> None:
        super().__init__(reason)
        self.token = token
        self.asked = asked


class Socket:
    """Made by `open`. `put` takes an event, and the channel whose broadcast it is if a fetch could make it good;
    `assess` is called when `late`, `trips_ms` or the stage of a channel changed, and once a second."""

    def __init__(self, client: AsyncRealtimeClient, name: str, pace: Pace, put: Put, assess: Event) -> None:
        self.broken: asyncio.Future[Broken] = asyncio.get_running_loop().create_future()
        self.late: str | None = None
        self.trips_ms: deque[float] = deque(maxlen=TRIPS)
        self._client = client
        self._name = name
        self._pace = pace
        self._put = put
        self._assess = assess
        self._remotes: dict[
            AsyncRealtimeChannel, Channel
        ] = {}  # the client forgets those that are closed, timers and all
        self._tasks = Tasks(f"socket of {name}")
        self._joins: dict[Channel, asyncio.Task[None]] = {}
        self._leaving: dict[str, asyncio.Task[None]] = {}  # by topic
        self._refused: set[Channel] = set()  # those whose bindings were refused, and which are joined no more

    @classmethod
    async def open(
        cls, url: str, key: str, token: str, *, name: str, pace: Pace, put: Put, assess: Event, received: Received
    ) -> Socket:
        """Connects; `received` is told how many bytes come in. Raises Broken."""
        client = AsyncRealtimeClient(url, token=key, auto_reconnect=False, max_retries=1, hb_interval=86_400)
        client.access_token = token  # before anything joins: a channel's first token is the socket's
        try:
            async with asyncio.timeout(CONNECT_S):
                await client.connect()
        except asyncio.CancelledError:
            await client.close()
            raise
        except (TimeoutError, OSError) as error:
            raise Broken("Supabase does not answer") from error
        except Exception as error:  # websockets.InvalidStatus and its kin: an HTTP answer instead of a socket
            raise Broken("Supabase refused the connection") from error
        socket = cls(client, name, pace, put, assess)
        if client._listen_task is None or client._ws_connection is None:
            await client.close()
            raise Broken(LOST)
        client._ws_connection.protocol.max_size = MAX_FRAME  # it is left at 1 MiB, and no setting is handed through
        client._listen_task.add_done_callback(lambda _: socket.end(Broken(LOST)))
        _count(client._ws_connection, received)
        socket._tasks.start(socket._probe(), "probe")
        return socket

    @property
    def round_trip_ms(self) -> float | None:
        """The last probe's."""
        return self.trips_ms[-1] if self.trips_ms else None

    def end(self, broken: Broken) -> None:
        """Says that it is to be replaced; the first reason counts."""
        if not self.broken.done():
            self.broken.set_result(broken)

    def cut(self) -> bool:
        """Cuts the wire without a word; False when there is none."""
        websocket = self._client._ws_connection
        if websocket is not None:
            websocket.transport.abort()
        return websocket is not None

    async def close(self) -> None:
        """K3."""
        client = self._client
        websocket, reader, heart = client._ws_connection, client._listen_task, client._heartbeat_task
        try:
            await self._tasks.close()
            with suppress(Exception):
                async with asyncio.timeout(CLOSE_S):
                    await client.close()
        finally:
            for remote in [*client.channels.values(), *self._remotes]:
                _end_timers(remote)
            if websocket is not None:
                websocket.transport.abort()
            running = [task for task in (reader, heart) if task is not None]
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    # Channels ------------------------------------------------------------------------------------------------------

    def join(self, channel: Channel) -> None:
        """Starts to join when it is its turn; `channel` moves through its stages."""
        channel.joined_at = math.inf
        channel.go("joining")
        self._joins[channel] = self._tasks.start(self._join(channel), f"join {channel.topic}")

    def leave(self, channel: Channel) -> None:
        """Leaves its topic."""
        self._refused.discard(channel)
        if join := self._joins.pop(channel, None):
            join.cancel()
        remote, channel.remote = channel.remote, None
        if remote is not None and not remote.is_closed:
            leaving = self._tasks.start(self._leave(remote, channel.topic), f"leave {channel.topic}")
            self._leaving[channel.topic] = leaving

    async def push_token(self, token: str) -> None:
        """Hands a renewed token to the channels, without a gap."""
        # Not client.set_auth: it walks the channels across awaits and breaks when one is added meanwhile.
        self._client.access_token = token
        for remote in list(self._client.channels.values()):
            remote.join_push.update_payload({"access_token": token})
            if remote.is_joined or remote.is_joining:  # a join on its way still carries the old one
                await remote.push(ChannelEvents.access_token, {"access_token": token})
            elif remote.is_errored and (channel := self._remotes.get(remote)):  # it was refused; this token may do
                channel.joined_at = asyncio.get_running_loop().time()
                channel.go("joining")
                await remote._rejoin()
        for channel in list(self._refused):
            self._refused.discard(channel)
            self.join(channel)

    async def _join(self, channel: Channel) -> None:
        if leaving := self._leaving.get(channel.topic):
            await asyncio.wait([leaving])
        await self._pace.joins.take()
        channel.joined_at = asyncio.get_running_loop().time()
        remote = self._client.channel(channel.topic, channel.options)
        remote.join_push.timeout = 86_400  # whoever supervises says what takes too long
        channel.remote = remote
        self._remotes[remote] = channel
        remote.on_broadcast(
            "*", lambda message: self._put(lambda: channel.receive(message["event"], message.get("payload")), channel)
        )
        remote.on_system(lambda payload: self._put(lambda: self._on_system(channel, remote, payload.message), None))
        channel.asked = channel.bindings
        for binding in channel.asked:
            self._bind(channel, remote, binding)
        if channel.presence_key is not None:
            remote.presence = Roster()
            remote.on_presence_sync(lambda: self._put(lambda: self._on_presence(channel, remote), None))
        try:
            await remote.subscribe(
                lambda state, error: self._put(lambda: self._on_subscribe(channel, remote, state, error), None)
            )
        except Exception as error:
            self.end(Broken(f"{channel.topic} could not be joined: {error}"))

    def _bind(self, channel: Channel, remote: AsyncRealtimeChannel, binding: Binding) -> None:
        def receive(payload: PostgresChangesPayload) -> None:
            channel.receive_row(binding, {**payload["data"], "type": payload["data"]["type"].value})

        remote.on_postgres_changes(
            RealtimePostgresChangesListenEvent(binding.event),
            lambda payload: self._put(lambda: receive(payload), channel),
            table=binding.table,
            schema=binding.schema,
            filter=binding.filter,
        )

    async def _leave(self, remote: AsyncRealtimeChannel, topic: str) -> None:
        # Not client.remove_channel: it forgets the channel before the server has, whose late phx_close would then close
        # the next one of this name. `is_leaving` proves nothing: a late reply to the join makes it joined again.
        try:
            await remote.unsubscribe()
            while not remote.is_closed:  # noqa: ASYNC110
                await asyncio.sleep(SETTLE_S)
            await asyncio.sleep(SETTLE_S)
        finally:
            _end_timers(remote)
            self._remotes.pop(remote, None)
            self._leaving.pop(topic, None)

    # What the server says, applied in order by whoever owns the queue ----------------------------------------------

    def _on_subscribe(
        self, channel: Channel, remote: AsyncRealtimeChannel, state: RealtimeSubscribeStates, error: Exception | None
    ) -> None:
        if channel.remote is not remote:
            return
        reason = _reason(error)
        if state == RealtimeSubscribeStates.SUBSCRIBED:
            channel.joined()
        elif state == RealtimeSubscribeStates.CHANNEL_ERROR and reason.startswith(REFUSALS):
            remote.rejoin_timer.reset()  # else the library would ask again by itself
            channel.go("refused", reason)
            log.warning("%s: %s", self._name, reason)
        elif state == RealtimeSubscribeStates.CHANNEL_ERROR and reason.startswith(ROW_REFUSALS):
            # The topic itself is joined. The library would join it once more, and the server close the first join: a
            # close that names neither. So it is left, until there is a new token (C3).
            self.leave(channel)
            self._refused.add(channel)
            channel.go("refused", reason)
            log.warning("%s: %s", self._name, reason)
        else:
            self.end(Broken(reason or f"{channel.topic} was closed", token=reason.startswith(TOKEN_REASONS)))
        self._assess()

    def _on_system(self, channel: Channel, remote: AsyncRealtimeChannel, message: str) -> None:
        if channel.remote is remote:
            channel.confirm(message)
            self._assess()

    def _on_presence(self, channel: Channel, remote: AsyncRealtimeChannel) -> None:
        if channel.remote is remote:
            channel.sync_presence({key: list(metas) for key, metas in remote.presence_state().items()})  # type: ignore[arg-type]

    # The probe -----------------------------------------------------------------------------------------------------

    async def _probe(self) -> None:
        """Heartbeats whose replies are looked at."""
        loop = asyncio.get_running_loop()
        # Replies find their push by topic; joining is not needed for this one.
        heart = self._client.channels["phoenix"] = AsyncRealtimeChannel(self._client, "phoenix")
        while True:
            answered = asyncio.Event()
            push = AsyncPush(heart, ChannelEvents.heartbeat, {}, timeout=int(PROBE_LOST_S) + 1)
            push.receive(RealtimeAcknowledgementStatus.Ok, lambda _, done=answered: done.set())
            sent = loop.time()
            await push.send()
            if not await within(LATE_S, answered):
                self.late = "Supabase is slow to answer"
                self._assess()
                if not await within(PROBE_LOST_S - LATE_S, answered):
                    self.end(Broken("Supabase stopped answering"))
                    return
            self.late = None
            self.trips_ms.append((loop.time() - sent) * 1000)
            while loop.time() < sent + PROBE_EVERY_S:
                self._assess()
                await asyncio.sleep(min(1.0, PROBE_EVERY_S))


def _count(websocket: ClientConnection, received: Received) -> None:
    """The library hands on parsed messages only. This looks at what the socket reads, once per read and not per message."""
    receive = websocket.protocol.receive_data

    def counted(data: bytes) -> None:
        received(len(data))
        receive(data)

    websocket.protocol.receive_data = counted


def _end_timers(remote: AsyncRealtimeChannel) -> None:
    """Of the library: each push has one until it is answered, and broadcasts never are."""
    remote.rejoin_timer.reset()
    remote.join_push.destroy()
    for push in [*remote.messages_waiting_for_ack.values(), *remote._push_buffer]:
        push.destroy()
    for task in list(remote._background_tasks):
        task.cancel()


def _reason(error: Exception | None) -> str:
    """The server's words, out of the JSON that the library wraps them in; else it is the websocket that failed."""
    if error is None:
        return ""
    with suppress(ValueError, AttributeError):
        payload = json.loads(str(error))
        return str(payload.get("reason") or payload.get("message") or error)
    return LOST
