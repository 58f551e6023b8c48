"""Line: Realtime's protocol by hand (serializer 1.0.0), as a program that knows nothing of Starling might speak it."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from state.api import Project
from state.errors import Unreachable

Frame: TypeAlias = dict[str, Any]

KEPT = 1000  # frames that nobody has asked for yet; the oldest go first


class Line:
    """One socket. Frames that come while another is waited for are kept in `frames`."""

    def __init__(self, socket: ClientConnection) -> None:
        self.frames: deque[Frame] = deque(maxlen=KEPT)
        self._socket = socket
        self._ref = 0

    async def ask(self, topic: str, event: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Sends a frame; the payload of the reply to it."""
        self._ref += 1
        ref = str(self._ref)
        await self._socket.send(json.dumps({"topic": topic, "event": event, "payload": payload, "ref": ref}))
        frame = await self.wait(lambda frame: frame["event"] == "phx_reply" and frame["ref"] == ref)
        return frame["payload"]

    async def wait(self, wanted: Callable[[Frame], bool]) -> Frame:
        """The first frame that is wanted, of those kept or of those to come."""
        for frame in self.frames:
            if wanted(frame):
                self.frames.remove(frame)
                return frame
        while True:
            frame = json.loads(await self._socket.recv())
            if wanted(frame):
                return frame
            self.frames.append(frame)


@asynccontextmanager
async def line(project: Project) -> AsyncIterator[Line]:
    """A socket with the publishable key, closed at the end. Raises Unreachable."""
    address = project.realtime_url.replace("http", "ws", 1)
    try:
        async with connect(
            f"{address}/websocket?{urlencode({'apikey': project.key, 'vsn': '1.0.0'})}", proxy=None, close_timeout=1
        ) as socket:
            yield Line(socket)
    except (OSError, WebSocketException) as error:
        if isinstance(error, TimeoutError):
            raise
        raise Unreachable(f"Realtime does not answer: {error}") from error
