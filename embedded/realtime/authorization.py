"""Who may read and write a private topic: the policies on `realtime.messages`, asked as the real server asks them.

Rows are put into `realtime.messages` (to read) or tried there (to write) in a transaction that is always rolled
back, with the client's role and claims and `realtime.topic` set to the topic.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Literal

import asyncpg

from embedded.database import ROLES, Connection, Database, act, rolled_back
from embedded.keys import Claims
from embedded.realtime.errors import asking

Extension = Literal["broadcast", "presence"]

log = logging.getLogger(__name__)

TRY_ROWS = """
insert into realtime.messages (topic, extension) select $1, unnest($2::text[]) returning id, extension
"""
SEE_ROWS = "select extension from realtime.messages where id = any($1::uuid[])"
TRY_WRITE = "insert into realtime.messages (topic, extension) values ($1, $2)"
MAY_ACT_AS = "select exists (select from pg_roles where rolname = $1 and pg_has_role('authenticator', oid, 'member'))"


@dataclass(frozen=True)
class ReadAccess:
    """What a client may receive on a topic."""

    broadcast: bool
    presence: bool

    def __bool__(self) -> bool:
        return self.broadcast or self.presence


PUBLIC = ReadAccess(broadcast=True, presence=True)


class Authorizer:
    """Asks the database; remembers nothing, as policies may change between two questions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read_access(self, claims: Claims, topic: str, *, presence: bool) -> ReadAccess:
        """What SELECT policies allow; presence is only asked for when wanted. Raises DatabaseAway."""
        extensions = ["broadcast", "presence"] if presence else ["broadcast"]
        async with asking(), self._database.admin.acquire() as connection, rolled_back(connection):
            if claims["role"] not in ROLES and not await connection.fetchval(MAY_ACT_AS, claims["role"]):
                return ReadAccess(broadcast=False, presence=False)
            rows = await connection.fetch(TRY_ROWS, topic, extensions)
            await _act(connection, claims, topic)
            try:
                seen = await connection.fetch(SEE_ROWS, [row["id"] for row in rows])
            except asyncpg.PostgresError as error:
                log.info("reading %s was not permitted: %s", topic, error)
                seen = []
        allowed = {row["extension"] for row in seen}
        return ReadAccess("broadcast" in allowed, "presence" in allowed)

    async def may_write(self, claims: Claims, topic: str, extension: Extension) -> bool:
        """Whether INSERT policies allow it. Raises DatabaseAway."""
        async with asking(), self._database.requests.acquire() as connection, rolled_back(connection):
            try:
                await _act(connection, claims, topic)
                await connection.execute(TRY_WRITE, topic, extension)
            except asyncpg.InsufficientPrivilegeError:
                return False
            except asyncpg.PostgresError as error:
                if isinstance(error, asyncpg.PostgresConnectionError | asyncpg.OperatorInterventionError):
                    raise
                log.info("writing to %s was not permitted: %s", topic, error)
                return False
        return True


async def _act(connection: Connection, claims: Claims, topic: str) -> None:
    await connection.execute("select set_config('realtime.topic', $1, true)", topic)
    await act(connection, claims)
