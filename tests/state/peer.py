"""Peer: a Realtime server (serializer 1.0.0) that answers as a test tells it to, over a real socket."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tests.state.support import until

READY = "Replication connection established"


class Peer:
    """Healthy until told otherwise.

    `handshake`: True, an HTTP status to refuse with, or None to say nothing; `handshakes` while they wait. `joins`: per topic "ok", "never", or the
    reason of a refusal. `ready`: whether feeds are told that replication is up. `heartbeats` and `leaves`: whether
    they are answered, `heartbeat_delay_s` how late; `open_gate` answers what waited.
    """

    def __init__(self) -> None:
        self.handshake: bool | int | None = True
        self.handshakes = asyncio.Event()
        self.handshakes.set()
        self.joins: dict[str, str] = {}
        self.ready = True
        self.heartbeats = True
        self.heartbeat_delay_s = 0.0
        self.leaves = True
        self.frames: list[dict[str, Any]] = []
        self.attempts = 0
        self.opened: list[ServerConnection] = []
        self.joined: list[tuple[ServerConnection, str]] = []  # which socket asked for which topic
        self.joined_at: list[float] = []  # loop times
        self.topics: dict[ServerConnection, set[str]] = {}  # what each socket has joined and not left
        self.doubled = 0  # joins of what was joined already
        self.confirmed: dict[str, str] = {}  # by topic: the ref of the last join that was told to be all there
        self._unready: list[tuple[ServerConnection, dict[str, Any]]] = []  # joins that wait for replication
        self._held: list[tuple[ServerConnection, dict[str, Any]]] = []
        self._over = asyncio.Event()
        self._server: Server | None = None

    async def __aenter__(self) -> Peer:
        self._server = await serve(
            self._serve, "127.0.0.1", 0, process_request=self._shake, ping_interval=None, close_timeout=0.2
        )
        port = next(iter(self._server.sockets)).getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/realtime/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over.set()
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    @property
    def socket(self) -> ServerConnection:
        """The last one opened."""
        return self.opened[-1]

    @property
    def open_sockets(self) -> int:
        """How many are open."""
        return sum(socket.close_code is None for socket in self.opened)

    def got(self, event: str, topic: str | None = None) -> list[dict[str, Any]]:
        """Frames of this event that came in."""
        return [f for f in self.frames if f["event"] == event and topic in (None, f["topic"].removeprefix("realtime:"))]

    async def heard(self, event: str, topic: str | None = None, times: int = 1) -> dict[str, Any]:
        """Waits for such a frame; the last of them."""
        await until(lambda: len(self.got(event, topic)) >= times, f"{event} of {topic}")
        return self.got(event, topic)[-1]

    async def send(self, topic: str, event: str, payload: Any, ref: str | None = None) -> None:
        """One frame."""
        name = topic if topic == "phoenix" else f"realtime:{topic}"
        await self.socket.send(json.dumps({"topic": name, "event": event, "payload": payload, "ref": ref}))

    async def send_to(self, topic: str, event: str, payload: Any) -> None:
        """One frame to every open socket that has joined the topic."""
        name = f"realtime:{topic}"
        joined = {id(socket) for socket, frame in self.joined if frame == name}
        for socket in self.opened:
            if id(socket) in joined and socket.close_code is None:
                await socket.send(json.dumps({"topic": name, "event": event, "payload": payload, "ref": None}))

    async def change(self, topic: str, table: str, *records: dict[str, Any]) -> None:
        """A database change."""
        message = {"table": table, "operation": "INSERT", "records": list(records), "old_keys": [], "at": None}
        await self.broadcast(topic, "change", message)

    async def broadcast(self, topic: str, event: str, payload: Any) -> None:
        """What anybody may send."""
        await self.send(topic, "broadcast", {"type": "broadcast", "event": event, "payload": payload, "meta": {}})

    async def system(self, topic: str, message: str, status: str = "ok") -> None:
        """A system message."""
        await self.send(topic, "system", _system(topic, message, status))

    async def expire(self, topic: str) -> None:
        """What the server does to a channel whose token has expired."""
        await self.system(topic, "Token has expired 0 seconds ago", "error")
        await self.close_channel(topic)

    async def close_channel(self, topic: str) -> None:
        """phx_close, with the ref of its join."""
        self.topics.get(self.socket, set()).discard(topic)
        await self.send(topic, "phx_close", {}, self.got("phx_join", topic)[-1]["ref"])

    async def open_gate(self) -> None:
        """Answers everything that was left unanswered, and says that replication is up."""
        held, self._held = self._held, []
        for socket, frame in held:
            with suppress(ConnectionClosed):
                await self._answer(socket, frame)
        unready, self._unready = self._unready, []
        for socket, frame in unready:
            with suppress(ConnectionClosed):
                await self._tell_ready(socket, frame)

    async def _shake(self, connection: ServerConnection, request: Request) -> Response | None:
        self.attempts += 1
        await self.handshakes.wait()
        if self.handshake is None:
            await self._over.wait()
        if self.handshake is True:
            return None
        return connection.respond(HTTPStatus(self.handshake or 503), "no\n")

    async def _serve(self, socket: ServerConnection) -> None:
        self.opened.append(socket)
        with suppress(ConnectionClosed):
            async for message in socket:
                frame = json.loads(message)
                self.frames.append(frame)
                if frame["event"] == "phx_join":
                    self.joined.append((socket, frame["topic"]))
                    self.joined_at.append(asyncio.get_running_loop().time())
                await self._hear(socket, frame)

    async def _hear(self, socket: ServerConnection, frame: dict[str, Any]) -> None:
        topic = frame["topic"].removeprefix("realtime:")
        answered = {
            "heartbeat": self.heartbeats,
            "phx_leave": self.leaves,
            "phx_join": self.joins.get(topic, "ok") != "never",
        }
        if not answered.get(frame["event"], True):
            self._held.append((socket, frame))
            return
        await self._answer(socket, frame)

    async def _answer(self, socket: ServerConnection, frame: dict[str, Any]) -> None:
        topic = frame["topic"].removeprefix("realtime:")

        async def tell(event: str, payload: Any, ref: str | None) -> None:
            await socket.send(json.dumps({"topic": frame["topic"], "event": event, "payload": payload, "ref": ref}))

        match frame["event"]:
            case "heartbeat":
                await asyncio.sleep(self.heartbeat_delay_s)
                await tell("phx_reply", {"status": "ok", "response": {}}, frame["ref"])
            case "phx_join":
                reason = self.joins.get(topic, "ok")
                self.confirmed.pop(topic, None)
                if reason not in ("ok", "never"):
                    await tell("phx_reply", {"status": "error", "response": {"reason": reason}}, frame["ref"])
                    return
                joined = self.topics.setdefault(socket, set())
                self.doubled += topic in joined
                joined.add(topic)
                feed = frame["payload"]["config"]["broadcast"].get("replication_ready")
                if not feed:
                    self.confirmed[topic] = frame["ref"]
                await tell("phx_reply", {"status": "ok", "response": {"postgres_changes": []}}, frame["ref"])
                if feed and self.ready:
                    await self._tell_ready(socket, frame)
                elif feed:
                    self._unready.append((socket, frame))
            case "phx_leave":
                self.topics.get(socket, set()).discard(topic)
                await tell("phx_reply", {"status": "ok", "response": {}}, frame["ref"])
                join = next(
                    (
                        f["ref"]
                        for f in reversed(self.frames)
                        if f["event"] == "phx_join" and f["topic"] == frame["topic"]
                    ),
                    None,
                )
                await tell("phx_close", {}, join)

    async def _tell_ready(self, socket: ServerConnection, join: dict[str, Any]) -> None:
        topic = join["topic"].removeprefix("realtime:")
        self.confirmed[topic] = join["ref"]
        frame = {"topic": join["topic"], "event": "system", "payload": _system(topic, READY, "ok"), "ref": None}
        await socket.send(json.dumps(frame))


def _system(topic: str, message: str, status: str) -> dict[str, str]:
    return {"message": message, "status": status, "extension": "system", "channel": topic}
