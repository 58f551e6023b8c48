"""What waits to be written to sockets: all frames for a socket in one turn of the event loop are one write.

A write is a system call, and that is what a fan-out to hundreds of sockets costs. So frames are packed once per
message and version, gathered, and written directly to the transports: `WebSocketProtocol` is uvicorn's own with a
door to its transport, which ASGI has not.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

EXTENSION = "websocket.transport"

log = logging.getLogger(__name__)
log.setLevel(logging.WARNING)  # uvicorn notes every handshake with its address, and a client's address holds its key


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """For uvicorn's setting `ws`: applications find the socket's transport in `scope["extensions"]`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = log

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if not self.close_sent:  # the handshake was in order, and the application starts in the loop's next turn
            extensions: Any = self.scope.get("extensions")
            extensions[EXTENSION] = self.transport


class Postman:
    """Empties the outboxes that got something in this turn of the event loop."""

    def __init__(self) -> None:
        self._filled: list[Outbox] = []
        self.frames = 0  # that were ever put into an outbox

    def notify(self, outbox: Outbox) -> None:
        """`outbox` has something from now on."""
        if not self._filled:
            asyncio.get_running_loop().call_soon(self._round)
        self._filled.append(outbox)

    def _round(self) -> None:
        filled, self._filled = self._filled, []
        for outbox in filled:
            try:
                outbox.flush()
            except Exception:
                log.exception("a socket could not be written to")
                outbox.abort()


class Outbox:
    """One socket's packets. Bounded: when `max_bytes` wait for a slow reader, `on_full` is told, once, and what comes
    after is dropped. Nobody else waits for them."""

    def __init__(
        self, postman: Postman, transport: asyncio.Transport, max_bytes: int, on_full: Callable[[], None]
    ) -> None:
        self._postman = postman
        self._transport = transport
        self._max_bytes = max_bytes
        self._on_full = on_full
        self._packets: list[bytes] = []
        self.full = False

    def put(self, packet: bytes) -> None:
        """Adds a packet; it is written within this turn of the event loop."""
        if self.full:
            return
        self._postman.frames += 1
        if not self._packets:
            self._postman.notify(self)
        self._packets.append(packet)

    def flush(self) -> None:
        """Writes what is there, now."""
        packets, self._packets = self._packets, []
        if not packets or self._transport.is_closing():
            return
        self._transport.write(packets[0] if len(packets) == 1 else b"".join(packets))
        if self._transport.get_write_buffer_size() > self._max_bytes:
            self.full = True
            self._on_full()

    def abort(self) -> None:
        """Ends the connection without waiting for the client."""
        self._transport.abort()
