"""Makes a fresh Postgres look like a Supabase project: runs bootstrap.sql once per data folder and once per change."""

from __future__ import annotations

import hashlib
from pathlib import Path

import asyncpg

from embedded.keys import Keys
from embedded.postgres import Postgres

SCRIPT = Path(__file__).with_name("bootstrap.sql")

APPLIED = "select to_regclass('_embedded.bootstrap') is not null"
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
        async with connection.transaction():
            if applied != digest:
                await connection.execute(script)
                for role, password in (
                    ("postgres", keys.postgres_password),
                    ("authenticator", keys.authenticator_password),
                ):
                    statement = await connection.fetchval(
                        "select format('alter role %I password %L', $1::text, $2::text)", role, password
                    )
                    await connection.execute(statement)
                await connection.execute(RECORD.format(hash=digest))
            await connection.execute("select _embedded.keep_message_partitions()")
    finally:
        await connection.close()


def requests_dsn(postgres: Postgres, keys: Keys) -> str:
    """The URL of the role that acts for API requests."""
    return postgres.dsn("authenticator", keys.authenticator_password)


def owner_dsn(postgres: Postgres, keys: Keys) -> str:
    """The URL of `postgres`, which runs migrations and is what a project's owner is given."""
    return postgres.dsn("postgres", keys.postgres_password)
