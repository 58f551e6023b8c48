"""Makes a fresh Postgres look like a Supabase project: runs bootstrap.sql once per data folder and once per change."""

from __future__ import annotations

import hashlib
from pathlib import Path

import asyncpg

from embedded.keys import Keys
from embedded.postgres import Postgres

SCRIPT = Path(__file__).with_name("bootstrap.sql")

APPLIED = "select to_regclass('_embedded.bootstrap') is not null"
SET_PASSWORD = "select format('alter role %I password %L', $1::text, $2::text)"
RECORD = """
create table if not exists _embedded.bootstrap (id int primary key default 1 check (id = 1), hash text not null);
insert into _embedded.bootstrap (hash) values ('{hash}') on conflict (id) do update set hash = excluded.hash;
"""


async def bootstrap(postgres: Postgres, keys: Keys) -> None:
    """Brings the running server up to bootstrap.sql and sees to the day partitions of realtime.messages."""
    script = SCRIPT.read_text()
    # The passwords belong to the hash: a data folder whose keys were made anew gets them again.
    digest = hashlib.sha256(f"{script}{keys.postgres_password}{keys.authenticator_password}".encode()).hexdigest()
    connection = await asyncpg.connect(postgres.dsn())
    try:
        applied = await connection.fetchval(APPLIED) and await connection.fetchval(
            "select hash from _embedded.bootstrap"
        )
        if applied != digest:
            await _apply(connection, script, keys, digest)
        await connection.execute("select _embedded.keep_message_partitions()")
    finally:
        await connection.close()


async def _apply(connection: asyncpg.Connection, script: str, keys: Keys, digest: str) -> None:
    async with connection.transaction():
        await connection.execute(script)
        for role, password in (("postgres", keys.postgres_password), ("authenticator", keys.authenticator_password)):
            await connection.execute(str(await connection.fetchval(SET_PASSWORD, role, password)))
        await connection.execute(RECORD.format(hash=digest))


def requests_dsn(postgres: Postgres, keys: Keys) -> str:
    """The URL of the role that acts for API requests."""
    return postgres.dsn("authenticator", keys.authenticator_password)


def owner_dsn(postgres: Postgres, keys: Keys) -> str:
    """The URL of `postgres`, which runs migrations and is what a project's owner is given."""
    return postgres.dsn("postgres", keys.postgres_password)
