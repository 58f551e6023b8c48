"""One client's socket: frames in and out, the channels it has joined, and its end.

Frames of one socket are handled one after the other, so what a client sends after a join finds the channel joined.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from embedded.realtime.channel import PREFIX, Channel, join
from embedded.realtime.errors import JoinRefused
from embedded.realtime.outbox import Outbox
from embedded.realtime.serializer import MalformedFrame, Message, Outgoing, Version, decode, encode, pack
from embedded.realtime.server import Server

log = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

NORMAL, GOING_AWAY, POLICY_VIOLATION = 1000, 1001, 1008  # close codes
TOO_SLOW = "Too many messages are unread"
GOODBYE_S = 5.0  # how long a client may take to read what was sent before the close


class Client:
    """A connected socket; `run` serves it until it ends."""

    def __init__(
        self, server: Server, receive: Receive, send: Send, transport: asyncio.Transport, version: Version, token: str,
        socket_id: str = "",
    ) -> None:  # fmt: skip
        self.id = socket_id  # of its handshake, for the log
        self.version = version
        self.token = token
        self.channels: dict[str, Channel] = {}
        self._server = server
        self._receive = receive
        self._send = send
        self._outbox = Outbox(server.postman, transport, server.limits.max_outgoing_bytes, self._read_too_slowly)
        self._closing: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
        self._heard_at = 0.0
        self._idle: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Serves the socket; returns when either side has closed it or the client reads too slowly."""
        self._server.clients.add(self)
        self._server.counts.sockets_opened += 1
        log.info("socket %s: opened, version %s", self.id, self.version.value)
        self._heard_at = asyncio.get_running_loop().time()
        self._check_idle()
        reader = asyncio.create_task(self._read(), name="realtime reader")
        try:
            await asyncio.wait({reader, self._closing}, return_when=asyncio.FIRST_COMPLETED)
            if reader.done() and (error := reader.exception()):
                log.error("socket %s: failed", self.id, exc_info=error)
        finally:
            self._server.clients.discard(self)
            if self._idle:
                self._idle.cancel()
            for channel in list(self.channels.values()):
                channel.leave()
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
            code, reason = self._closing.result() if self._closing.done() else (None, "by its client")
            log.info("socket %s: closed %s", self.id, reason if code is None else f"with code {code} {reason}".rstrip())
        if self._closing.done():
            await self._say_goodbye(*self._closing.result())

    def send(self, message: Message) -> None:
        """Sends a message to this client alone."""
        self._outbox.put(pack(encode(self.version, message)))

    def send_shared(self, message: Outgoing) -> None:
        """Sends a message that others get, too, if this client's version can carry it."""
        if packet := message.packet(self.version):
            self._outbox.put(packet)

    def close(self, code: int, reason: str = "") -> None:
        """Closes the socket after what was sent before."""
        if not self._closing.done():
            self._closing.set_result((code, reason))

    def _read_too_slowly(self) -> None:
        self._server.counts.slow_readers += 1
        log.warning("socket %s: reads too slowly", self.id)
        self.close(POLICY_VIOLATION, TOO_SLOW)

    async def _say_goodbye(self, code: int, reason: str) -> None:
        """A slow reader is told as well, if it comes round to reading what was sent before."""
        self._outbox.flush()
        try:
            async with asyncio.timeout(GOODBYE_S):
                await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except TimeoutError:
            self._outbox.abort()
        except OSError:
            pass  # the client has gone already

    def _check_idle(self) -> None:
        loop = asyncio.get_running_loop()
        left_s = self._heard_at + self._server.limits.idle_s - loop.time()
        if left_s <= 0:
            self.close(NORMAL)
        else:
            self._idle = loop.call_later(left_s, self._check_idle)

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        while (received := await self._receive())["type"] == "websocket.receive":
            self._heard_at = loop.time()
            self._server.counts.frames_received += 1
            text = received.get("text")
            try:
                await self._handle(decode(self.version, received["bytes"] if text is None else text))
            except MalformedFrame as error:
                self._server.counts.frames_ignored += 1
                log.debug("socket %s: ignored a frame: %s", self.id, error)

    async def _handle(self, message: Message) -> None:
        topic, event = message.topic, message.event
        if topic == "phoenix" and event == "heartbeat":
            return self._reply(message, None, "ok", {})
        if not isinstance(topic, str) or topic == "phoenix":
            return self._unmatched(message)
        if event == "phx_join":
            return await self._join(message)
        if channel := self.channels.get(topic):
            return await channel.handle(message)
        if event == "phx_leave":
            return self._reply(message, None, "ok", {})
        return self._unmatched(message)

    async def _join(self, message: Message) -> None:
        if not message.topic.startswith(PREFIX):
            return self._unmatched(message)
        if not self._server.joins.add():
            self._refuse(message, "ClientJoinRateLimitReached: Too many joins per second")
            return self.close(NORMAL)
        try:
            channel = await join(self, self._server, message)
        except JoinRefused as refusal:
            return self._refuse(message, str(refusal))
        before = self.channels.get(message.topic)
        if before:
            before.leave()
        self.channels[message.topic] = channel
        channel.enter()
        self._server.counts.joins += 1
        if before:
            before.close()
        return await channel.welcome()

    def _refuse(self, message: Message, reason: str) -> None:
        self._server.counts.joins_refused += 1
        log.info("socket %s: may not join %a: %a", self.id, message.topic, reason)
        self._reply(message, message.join_ref, "error", {"reason": reason})

    def _unmatched(self, message: Message) -> None:
        self._reply(message, None, "error", {"reason": "unmatched topic"})

    def _reply(self, message: Message, join_ref: Any, status: str, response: Any) -> None:
        payload = {"status": status, "response": response}
        self.send(Message(join_ref, message.ref, message.topic, "phx_reply", payload))
