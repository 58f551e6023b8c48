"""The daily partitions of `realtime.messages`: made ahead of time, dropped after three days (bootstrap.sql does both)."""

from __future__ import annotations

import asyncio
import logging

from embedded.database import Database
from embedded.realtime.errors import DatabaseAway, asking

log = logging.getLogger(__name__)

EVERY_S = 3600.0
AGAIN_AFTER_ERROR_S = 30.0


async def maintain(database: Database) -> None:
    """A round every hour until it is cancelled; the first one is `bootstrap`'s.

    It never makes senders queue up behind a lock that is not to be had: the next round will do.
    """
    wait_s = EVERY_S
    while True:
        await asyncio.sleep(wait_s)
        try:
            async with asking(), database.admin.acquire() as connection, connection.transaction():
                await connection.execute("set local lock_timeout = '2s'; select _embedded.keep_message_partitions()")
            wait_s = EVERY_S
        except DatabaseAway as error:
            log.warning("partitions of realtime.messages: %s", error)
            wait_s = AGAIN_AFTER_ERROR_S
