"""A language model's endpoint that says what it is told to: pieces, a status, silence (`...`), or the end of the line (None)."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from types import EllipsisType
from typing import Any, TypeAlias

Piece: TypeAlias = str | EllipsisType | None
SILENCE_S = 5.0


class ModelServer:
    """Plays its turns one after the other."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.url = ""
        self._turns: list[int | list[Piece]] = []

    def will(self, *turns: int | list[Piece]) -> None:
        """What it does next."""
        self._turns = list(turns)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._answer(reader, writer)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split(" ", 2)[1]
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head.split("\r\n")[1:])}
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        self.asked.append({"path": path, "body": body, "authorization": headers.get("authorization")})
        turn = self._turns.pop(0)
        if isinstance(turn, int):
            writer.write(f"HTTP/1.1 {turn} No\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode())
            await writer.drain()
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n: hello\n\n")
        for piece in turn:
            if piece is None:
                await writer.drain()
                return
            if piece is ...:
                await writer.drain()
                await asyncio.sleep(SILENCE_S)
                continue
            event = {"choices": [{"delta": {"content": piece}}]}
            writer.write(f"data: {json.dumps(event)}\n\n".encode())
            await writer.drain()
        writer.write(b"data: [DONE]\n\n")
        await writer.drain()


@contextlib.asynccontextmanager
async def model_server() -> AsyncIterator[ModelServer]:
    """Listens on a free port, with a path of its own before the endpoint's."""
    made = ModelServer()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield made
    finally:
        server.close()
