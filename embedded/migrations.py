"""Brings the database up to `supabase/migrations`, and records it as the Supabase CLI records it.

Everything runs as `postgres`, who owns the project but not the platform's tables, each file in a transaction of its
own. `supabase migration list` and `supabase db push` then agree with what was done here.
"""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from embedded.errors import MigrationFailed
from embedded.statements import split

log = logging.getLogger(__name__)

FILE_NAME = re.compile(r"(?P<version>\d+)_(?P<name>.*)\.sql")
SEED = "supabase/seed.sql"  # the path as the CLI records it, relative to the project

HISTORY = """
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (version text not null primary key);
alter table supabase_migrations.schema_migrations add column if not exists statements text[];
alter table supabase_migrations.schema_migrations add column if not exists name text;
create table if not exists supabase_migrations.seed_files (path text not null primary key, hash text not null);
"""
HAS_HISTORY = "select to_regclass('supabase_migrations.seed_files') is not null"
RECORD = "insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3)"
RECORD_SEED = """
insert into supabase_migrations.seed_files (path, hash) values ($1, $2)
on conflict (path) do update set hash = excluded.hash
"""


@dataclass(frozen=True)
class Migration:
    """One file of `supabase/migrations`."""

    version: str
    name: str
    file: Path


def find(folder: Path) -> list[Migration]:
    """The migrations below `folder` (a project's `supabase`), in the order in which they apply."""
    found = []
    for file in sorted((folder / "migrations").glob("*.sql")):
        if match := FILE_NAME.fullmatch(file.name):
            found.append(Migration(match["version"], match["name"], file))
        else:
            log.warning("Skipped %s: a migration is called <timestamp>_name.sql.", file)
    return found


async def migrate(dsn: str, folder: Path) -> list[str]:
    """Applies what is missing, then the seed if it never ran; returns the names of the files applied.

    Raises MigrationFailed; the files before the failed one stay applied.
    """
    connection = await asyncpg.connect(dsn)
    try:
        if not await connection.fetchval(HAS_HISTORY):
            await connection.execute(HISTORY)
        applied = {
            row["version"]: row["statements"]
            for row in await connection.fetch("select version, statements from supabase_migrations.schema_migrations")
        }
        done: list[str] = []
        for migration in find(folder):
            script = migration.file.read_text(encoding="utf-8")
            statements = split(script)
            if migration.version not in applied:
                await _run(connection, migration.file, script, RECORD, migration.version, migration.name, statements)
                done.append(migration.file.name)
            elif applied[migration.version] != statements:
                log.warning("%s changed after it was applied; --reset applies it anew.", migration.file.name)
        if (seed := folder / "seed.sql").exists() and await _seed(connection, seed):
            done.append(seed.name)
        return done
    finally:
        await connection.close()


async def _seed(connection: asyncpg.Connection, file: Path) -> bool:
    """Runs the seed once per database; a changed one is only recorded, as the CLI does."""
    script = file.read_text(encoding="utf-8")
    digest = hashlib.sha256(script.encode()).hexdigest()
    recorded = await connection.fetchval("select hash from supabase_migrations.seed_files where path = $1", SEED)
    if recorded is None:
        await _run(connection, file, script, RECORD_SEED, SEED, digest)
    elif recorded != digest:
        await connection.execute(RECORD_SEED, SEED, digest)
    return recorded is None


async def _run(connection: asyncpg.Connection, file: Path, script: str, record: str, *values: object) -> None:
    """One file and its record, or nothing of either."""
    try:
        async with connection.transaction():
            await connection.execute(script)
            await connection.execute("reset all")  # what a file sets is for that file
            await connection.execute(record, *values)
    except asyncpg.PostgresError as error:
        fields = error.as_dict()
        position = int(fields.get("position") or 0)
        line = f":{script.count(chr(10), 0, position) + 1}" if position else ""
        context = f" ({more})" if (more := fields.get("detail") or fields.get("hint")) else ""
        raise MigrationFailed(
            f"{file.name}{line} was refused: {error.args[0]}{context} [{fields.get('sqlstate')}]"
        ) from error
