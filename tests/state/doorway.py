"""Doorway: a TCP port in front of a server, that can be shut: what is under way ends, and what comes is refused. Or it is
hushed, as a cut cable is: nothing ends, nothing is refused, and nothing comes through."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import asyncpg

    from state.member import Member
    from state.starling import Starling


class Doorway:
    """`url` leads to `target` while it is open."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._open = True
        self._hushed = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Doorway:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.shut()
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    def shut(self) -> None:
        """From now on nobody is served."""
        self._open = False
        for writer in list(self._writers):
            writer.transport.abort()

    def hush(self) -> None:
        """From now on nothing comes through, either way, and nobody is told."""
        self._hushed = True

    def open(self) -> None:
        """As at the beginning. Connections from which something was lost end."""
        if self._hushed:
            self._hushed = False
            self.shut()
        self._open = True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._open:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
        self._writers |= {writer, far_writer}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass(reader, far_writer))
                group.create_task(self._pass(far_reader, writer))
        finally:
            self._writers -= {writer, far_writer}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if not self._hushed:
                    writer.write(data)
                    await writer.drain()
        writer.close()


@dataclass
class Studio:
    """An app with a door on its way to Supabase, and somebody who is signed in."""

    starling: Starling
    door: Doorway
    member: Member
    db: asyncpg.Connection

    def reopen(self) -> None:
        """The door is open, and nobody waits for the next attempt."""
        self.door.open()
        for connection in (self.starling.world.connection, self.member.connection):
            connection.reconnect()
