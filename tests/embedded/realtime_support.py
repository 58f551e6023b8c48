"""A Realtime server on a free port, and sockets that speak the wire format by hand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from websockets.asyncio.client import ClientConnection, connect

from embedded.database import Database
from embedded.keys import Keys
from embedded.realtime import MAX_FRAME_BYTES, Limits, Realtime, WebSocketProtocol

# Topics of these tests begin with `rt.`; who may do what is in the topic's name.
POLICIES = """
create policy "rt read broadcast" on realtime.messages for select to authenticated
  using (realtime.topic() like 'rt.%rb%' and extension = 'broadcast');
create policy "rt read presence" on realtime.messages for select to authenticated
  using (realtime.topic() like 'rt.%rp%' and extension = 'presence');
create policy "rt write broadcast" on realtime.messages for insert to authenticated
  with check (realtime.topic() like 'rt.%wb%' and extension = 'broadcast');
create policy "rt write presence" on realtime.messages for insert to authenticated
  with check (realtime.topic() like 'rt.%wp%' and extension = 'presence');
create policy "rt read half" on realtime.messages for select to authenticated
  using (realtime.topic() = 'rt.half' and auth.jwt() ->> 'half' in ('all', extension));
create policy "rt read own" on realtime.messages for select to authenticated
  using (realtime.topic() = 'rt.member:' || coalesce((select auth.uid())::text, ''));
"""


@asynccontextmanager
async def serve(database: Database, keys: Keys, dsn: str, limits: Limits | None = None) -> AsyncIterator[str]:
    """Runs Realtime on uvicorn as the gateway does; gives `http://host:port/realtime/v1`."""
    realtime = Realtime(database, keys, dsn, limits)
    app = Starlette(routes=[Mount("/realtime/v1", routes=realtime.routes)])
    config = uvicorn.Config(
        app, port=0, log_config=None, lifespan="off", ws=WebSocketProtocol, ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False, ws_ping_interval=None,
    )  # fmt: skip
    server = uvicorn.Server(config)
    await realtime.start()
    serving = asyncio.create_task(server.serve())
    try:
        await until(lambda: server.started)
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}/realtime/v1"
    finally:
        await realtime.stop()
        server.should_exit = True
        await serving


async def until(true: Callable[[], bool | Awaitable[bool]]) -> None:
    """Waits for what can only be asked, not heard of; at most 10 s."""
    async with asyncio.timeout(30):
        while not (await answer if isinstance(answer := true(), Awaitable) else answer):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def token(keys: Keys, role: str = "authenticated", *, seconds: float = 600, **claims: Any) -> str:
    """A good token, or one that has expired."""
    return keys.sign({"role": role, "exp": int(time.time() + seconds), **claims})


class Socket:
    """A websocket whose frames are compared as they are."""

    def __init__(self, raw: ClientConnection, version: int) -> None:
        self.raw = raw
        self.version = version

    async def send(self, topic: Any, event: Any, payload: Any, ref: Any = "1", join_ref: Any = "1") -> None:
        """Sends one message in the socket's version."""
        fields = {"topic": topic, "event": event, "payload": payload, "ref": ref, "join_ref": join_ref}
        await self.raw.send(
            orjson.dumps(fields if self.version == 1 else [join_ref, ref, topic, event, payload]).decode()
        )

    async def receive(self) -> Any:
        """The next frame: JSON parsed, or bytes."""
        frame = await asyncio.wait_for(self.raw.recv(), 30)
        return frame if isinstance(frame, bytes) else orjson.loads(frame)

    async def event(self, name: str) -> Any:
        """The payload of the next frame of this event; others are passed over."""
        while True:
            frame = await self.receive()
            if isinstance(frame, bytes):
                continue
            event, payload = (frame["event"], frame["payload"]) if self.version == 1 else frame[3:]
            if event == name:
                return payload

    async def join(self, topic: str, ref: str = "1", access_token: str | None = None, **config: Any) -> Any:
        """Joins and returns the reply's payload."""
        payload: dict[str, Any] = {"config": config}
        if access_token is not None:
            payload["access_token"] = access_token
        await self.send(topic, "phx_join", payload, ref, ref)
        return await self.event("phx_reply")

    async def quiet(self) -> bool:
        """Whether nothing waits: the next frame is the reply to a heartbeat."""
        await self.send("phoenix", "heartbeat", {}, "quiet", None)
        frame = await self.receive()
        return not isinstance(frame, bytes) and "quiet" in (frame.values() if isinstance(frame, dict) else frame)


@asynccontextmanager
async def open_socket(url: str, key: str, version: int = 2) -> AsyncIterator[Socket]:
    """Opens a websocket of serializer version 1 or 2."""
    address = f"{url.replace('http', 'ws')}/websocket?apikey={key}&vsn={version}.0.0"
    async with connect(address, ping_interval=None, max_size=None) as raw:
        yield Socket(raw, version)
