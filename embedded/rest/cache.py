"""Keeps the schema cache in step with the database."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

import asyncpg

from embedded.database import CUT_OFF, Connection, Database
from embedded.rest.catalog import read_schema
from embedded.rest.schema import Schema
from embedded.tasks import ended

CHANNEL = "pgrst"  # `notify pgrst, 'reload schema'`
MISS_INTERVAL_S = 1.0  # at most one reload in this time for names that are not known
RETRY_S = 1.0  # between attempts to listen again after the connection was lost

log = logging.getLogger(__name__)


class SchemaCache:
    """The current Schema: read at the start, on every notification, and when a name is missing."""

    def __init__(self, database: Database, schemas: Sequence[str], clock: Callable[[], float] = time.monotonic) -> None:
        self.schema = Schema()
        self._database = database
        self._schemas = schemas
        self._clock = clock
        self._lock = asyncio.Lock()
        self._stale = asyncio.Event()
        self._read_at = 0.0
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Reads the schema and follows its changes."""
        await self.reload()
        listening = asyncio.Event()
        self._watching = asyncio.create_task(self._watch(listening), name="rest: schema cache")
        await listening.wait()

    async def stop(self) -> None:
        await ended(self._watching)

    async def reload(self) -> None:
        """Reads the schema anew; those who ask meanwhile wait their turn."""
        async with self._lock:
            self._read_at = self._clock()
            async with self._database.admin.acquire() as connection:
                self.schema = await read_schema(connection, self._schemas)

    async def reload_after_miss(self, seen: Schema) -> bool:
        """Reads the schema anew because a name is not in `seen`. False if there is nothing newer to look at."""
        if self.schema is not seen:
            return True
        if self._clock() - self._read_at < MISS_INTERVAL_S:
            return False
        await self.reload()
        return True

    async def _watch(self, listening: asyncio.Event) -> None:
        while True:
            try:
                async with self._database.admin.acquire() as connection:
                    connection.add_termination_listener(self._announced)
                    await connection.add_listener(CHANNEL, self._announced)
                    if listening.is_set():
                        self._stale.set()  # what was announced while nobody listened is not known
                    listening.set()
                    try:
                        await self._follow(connection)
                    finally:
                        if not connection.is_closed():
                            await connection.remove_listener(CHANNEL, self._announced)
            except (*CUT_OFF, asyncpg.PostgresError) as error:
                log.warning("schema cache: %s; listening again in %s s", error, RETRY_S)
            except Exception:
                log.exception("schema cache: listening again in %s s", RETRY_S)
            await asyncio.sleep(RETRY_S)

    def _announced(self, *_: object) -> None:
        self._stale.set()

    async def _follow(self, connection: Connection) -> None:
        while not connection.is_closed():
            await self._stale.wait()
            self._stale.clear()
            if not connection.is_closed():
                await self.reload()
