"""Many websockets in one process that only look at what they measure: a real client's parsing is not the subject."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

SENT = re.compile(rb'"sent":(\d+)')


def now() -> int:
    """Nanoseconds; what a message carries as `sent`."""
    return time.perf_counter_ns()


class Socket(asyncio.Protocol):
    """A websocket client of serializer 2.0.0 in one channel; `hear(seconds)` is called with the age of what arrives."""

    def __init__(self, path: str, hear: Callable[[float], None], ready: bytes) -> None:
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._path = path
        self._hear = hear
        self._ready = ready  # the text in a frame that says that it is
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(
            f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        at, data = now(), self._rest + data
        if not self.open.done():
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                self._rest = head
                return
            assert b" 101 " in head, head
            self.open.set_result(None)
        start = 0
        while len(data) >= start + 2:
            begin, size = start + 2, data[start + 1]
            if size >= 126:
                begin += 2 if size == 126 else 8
                size = int.from_bytes(data[start + 2 : begin], "big")
            if len(data) < begin + size:
                break
            start = begin + size
            if sent := SENT.search(data, begin, start):
                self._hear((at - int(sent[1])) / 1e9)
            elif not self.ready.done() and self._ready in data[begin:start]:
                self.ready.set_result(None)
        self._rest = data[start:]

    def connection_lost(self, exc: Exception | None) -> None:
        for future in (self.open, self.ready):
            future.cancel()

    def send(self, message: Any) -> None:
        """Writes a text frame, masked with zeros."""
        text = json.dumps(message, separators=(",", ":")).encode()
        size = bytes((0x80 | len(text),)) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
        self._transport.write(b"\x81" + size + bytes(4) + text)

    def close(self) -> None:
        """Ends it."""
        self._transport.close()


async def connect(url: str, hear: Callable[[float], None], ready: bytes = b"") -> Socket:
    """A socket, open to be written to."""
    address = urlsplit(url)
    _, socket = await asyncio.get_running_loop().create_connection(
        lambda: Socket(f"{address.path}?{address.query}", hear, ready), str(address.hostname), address.port or 80
    )
    await socket.open
    return socket


async def join(
    api_url: str, key: str, topic: str, hear: Callable[[float], None], *, token: str | None = None,
    ready: bytes = b'"status":"ok"', **config: Any,
) -> Socket:  # fmt: skip
    """A socket in a channel of Realtime, when the frame that holds `ready` has come."""
    socket = await connect(f"{api_url}/realtime/v1/websocket?apikey={key}&vsn=2.0.0", hear, ready)
    payload = {"config": config} | ({"access_token": token} if token else {})
    socket.send(["1", "1", f"realtime:{topic}", "phx_join", payload])
    async with asyncio.timeout(20):
        await socket.ready
    return socket


async def all_there(times: list[float], expected: int, within_s: float = 20) -> None:
    """Waits until everything has arrived, or so long that the rest never will."""
    loop = asyncio.get_running_loop()
    until = loop.time() + within_s
    while len(times) < expected and loop.time() < until:  # noqa: ASYNC110 - a list has no event
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.1)  # what came twice would show


class Pace:
    """Turns at a rate: late ones are made up for."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._turns = 0
        self._started = asyncio.get_running_loop().time()

    async def turn(self) -> None:
        """Returns when the next is due."""
        due = self._started + self._turns / self._rate
        self._turns += 1
        if (left := due - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(left)
