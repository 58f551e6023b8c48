"""Supabase Realtime's protocol: Broadcast, Presence, private channels, broadcasts from the database and
Postgres Changes.

A message's way: Postgres → `replication` (`pgoutput`, `sight`) → `messages` → `hub` (topics, encoded once by
`serializer`) → `channel` (may this member read it?) → `client` → `outbox` → websocket. And back: `client` → `channel` →
`hub`. `authorization` asks the policies, `presence` knows who is there, `http` takes broadcasts by POST.
Row changes (Postgres Changes) come from the same stream: `changes`.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import asdict

from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from embedded.database import Database
from embedded.keys import Keys
from embedded.realtime import changes, messages, partitions
from embedded.realtime.client import GOING_AWAY
from embedded.realtime.errors import DatabaseAway, asking
from embedded.realtime.handshake import Handshake
from embedded.realtime.http import HttpBroadcast
from embedded.realtime.limits import Limits
from embedded.realtime.outbox import WebSocketProtocol
from embedded.realtime.pgoutput import Begin, Change
from embedded.realtime.replication import ReplicationStream
from embedded.realtime.server import Server
from embedded.tasks import ended

__all__ = ["MAX_FRAME_BYTES", "Limits", "Realtime", "WebSocketProtocol"]

MAX_FRAME_BYTES = 5_000_000  # a larger frame closes its socket with code 1009
SLOT = "supabase_realtime_replication_slot"  # one per cluster, as a cluster has one Realtime
LAG = "select pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)::bigint from pg_replication_slots where slot_name = $1"
LAG_WITHIN_S = 2.0


class Realtime:
    """The service: `routes` to mount at /realtime/v1, `start` before requests come, `stop` after.

    uvicorn must run with `ws=WebSocketProtocol`, `ws_max_size=MAX_FRAME_BYTES` and `ws_per_message_deflate=False`.

    `replication_dsn` must be that of a role with replication rights. The stream repairs itself when Postgres goes away.
    """

    def __init__(self, database: Database, keys: Keys, replication_dsn: str, limits: Limits | None = None) -> None:
        self._stream = ReplicationStream(
            replication_dsn, SLOT, [messages.PUBLICATION, changes.PUBLICATION], self._changed, self._replication_is_up
        )
        self._server = Server(database, keys, limits or Limits(), lambda: self._stream.up)
        self._tasks: list[asyncio.Task[None]] = []
        self.routes: list[BaseRoute] = [
            WebSocketRoute("/websocket", Handshake(self._server)),
            *HttpBroadcast(self._server).routes,
            Route("/api/broadcast{rest:path}", Response("Not Found", 404)),  # by any other method
        ]

    async def start(self) -> None:
        """Opens the replication stream. Raises psycopg2.Error when Postgres does not allow it."""
        await self._stream.start()
        self._tasks = [
            asyncio.create_task(partitions.maintain(self._server.database), name="realtime partitions"),
            asyncio.create_task(self._server.changes.run(), name="realtime changes"),
        ]

    async def stop(self) -> None:
        """Closes every socket and the stream."""
        await ended(*self._tasks)
        for client in list(self._server.clients):
            client.close(GOING_AWAY)
        await self._stream.stop()

    @property
    def present(self) -> dict[str, int]:
        """How many there are now, by name."""
        clients = self._server.clients
        channels = sum(len(client.channels) for client in clients)
        return {"sockets": len(clients), "channels": channels, "replication_up": int(self._stream.up)}

    @property
    def counted(self) -> dict[str, int]:
        """What has happened since the start, by name."""
        return {**asdict(self._server.counts), "frames_sent": self._server.postman.frames}

    async def lag(self) -> int | None:
        """Bytes of WAL that the stream has not confirmed; None while Postgres does not say."""
        with contextlib.suppress(DatabaseAway):
            async with asking(LAG_WITHIN_S):
                return await self._server.database.admin.fetchval(LAG, SLOT)
        return None

    def _changed(self, change: Change, transaction: Begin) -> None:
        self._server.counts.changes += 1
        messages.deliver(self._server.hub, change)
        self._server.changes.changed(change, transaction)

    def _replication_is_up(self) -> None:
        for member in self._server.hub.members():
            member.replication_is_up()
