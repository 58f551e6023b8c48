"""The rows of storage.objects. Each statement runs as the member who asks, so that policies decide, or on the admin
pool where storage-api asks as its superuser: buckets, public objects, signed URLs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson

from embedded.database import Database
from embedded.keys import Claims
from embedded.storage.errors import no_such_object

FIND = """
select id, name, bucket_id, version, owner_id, metadata, user_metadata, created_at, updated_at
from storage.objects where bucket_id = $1 and name = $2
"""
READABLE = "select name from storage.objects where bucket_id = $1 and name = any($2::text[])"
INSERT = """
insert into storage.objects (id, bucket_id, name, owner, owner_id, metadata, user_metadata, version)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
# Needs, as on the platform, the rights to select, insert and update. Answers with the version that was there before.
UPSERT = f"""
with before as (select version from storage.objects where bucket_id = $2 and name = $3)
{INSERT}
on conflict (bucket_id, name) do update set
  owner = excluded.owner, owner_id = excluded.owner_id, metadata = excluded.metadata,
  user_metadata = excluded.user_metadata, version = excluded.version
returning id, (select version from before) as replaced
"""
MOVE = """
update storage.objects set bucket_id = $3, name = $4, owner = $5, owner_id = $6
where bucket_id = $1 and name = $2
returning id
"""
ALLOW_DELETE = "select set_config('storage.allow_delete_query', 'true', true)"
DELETE = """
delete from storage.objects o where bucket_id = $1 and name = any($2::text[])
returning version, to_jsonb(o) - 'path_tokens' as shown
"""
# Folders first, then files; $3 counts the slashes before the level that is shown.
LIST = """
with found as (
  select o.*, path_tokens[$3 + 1] as entry, cardinality(path_tokens) = $3 + 1 as is_file
  from storage.objects o
  where bucket_id = $1 and name ilike $2 || '%'
), entries as (
  select entry, is_file, row_number() over (order by entry {order}) as place, null::uuid as id, null::timestamptz as updated_at,
         null::timestamptz as created_at, null::timestamptz as last_accessed_at, null::jsonb as metadata
  from found where not is_file group by entry, is_file
  union all
  select entry, is_file, row_number() over (order by {column} {order}, entry), id, updated_at,
         created_at, last_accessed_at, metadata
  from found where is_file
), page as (select * from entries order by is_file, place limit $4 offset $5)
select coalesce(jsonb_agg(jsonb_build_object(
         'name', entry, 'id', id, 'updated_at', updated_at, 'created_at', created_at,
         'last_accessed_at', last_accessed_at, 'metadata', metadata) order by is_file, place), '[]')::text
from page
"""
COLUMNS = {
    "name": "entry",
    "updated_at": "updated_at",
    "created_at": "created_at",
    "last_accessed_at": "last_accessed_at",
}


@dataclass(frozen=True)
class Description:
    """What a row says about its file."""

    version: str
    metadata: dict[str, Any]
    user_metadata: dict[str, Any] | None


class Objects:
    """Finds, writes and removes rows; raises asyncpg's errors where policies or constraints refuse."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def bucket(self, bucket: str) -> asyncpg.Record | None:
        """Whether the bucket is public and what it takes, for everybody."""
        query = "select id, public, file_size_limit, allowed_mime_types from storage.buckets where id = $1"
        return await self._database.admin.fetchrow(query, bucket)

    async def find(self, claims: Claims | None, bucket: str, name: str) -> asyncpg.Record:
        """The row, if these claims may read it; without claims, any row. Raises StorageError (not_found)."""
        if claims is None:
            row = await self._database.admin.fetchrow(FIND, bucket, name)
        else:
            async with self._database.acting(claims, readonly=True) as connection:
                row = await connection.fetchrow(FIND, bucket, name)
        if row is None:
            raise no_such_object()
        return row

    async def readable(self, claims: Claims, bucket: str, names: list[str]) -> set[str]:
        """Which of `names` are there and readable."""
        async with self._database.acting(claims, readonly=True) as connection:
            return {row["name"] for row in await connection.fetch(READABLE, bucket, names)}

    async def may_write(self, claims: Claims, bucket: str, name: str, *, upsert: bool) -> None:
        """Raises what writing the row would raise. Asked before the bytes are taken."""
        async with self._database.acting(claims, keep=False) as connection:
            values = (uuid4(), bucket, name, *owner_of(claims), None, None, "1")
            await connection.execute(UPSERT if upsert else INSERT, *values)

    async def write(
        self, claims: Claims, bucket: str, name: str, file: Description, *, upsert: bool
    ) -> tuple[UUID, str | None]:
        """Writes the row. Returns its id, and the version it had before."""
        metadata = orjson.dumps(file.metadata).decode()
        user_metadata = None if file.user_metadata is None else orjson.dumps(file.user_metadata).decode()
        values = (uuid4(), bucket, name, *owner_of(claims), metadata, user_metadata, file.version)
        async with self._database.acting(claims) as connection:
            if not upsert:  # without `returning`, which would need the right to read
                await connection.execute(INSERT, *values)
                return values[0], None
            row = await connection.fetchrow(UPSERT, *values)
            return (row["id"], row["replaced"]) if row else (values[0], None)

    async def move(self, claims: Claims, source: tuple[str, str], destination: tuple[str, str]) -> UUID:
        """Renames the row; its file stays where it is. Raises StorageError (not_found)."""
        async with self._database.acting(claims) as connection:
            moved = await connection.fetchval(MOVE, *source, *destination, *owner_of(claims))
        if moved is None:
            raise no_such_object()
        return moved

    async def delete(self, claims: Claims, bucket: str, names: list[str]) -> tuple[list[Any], list[str]]:
        """Deletes the rows that these claims may delete. Returns them as JSON values, and the versions of their files."""
        async with self._database.acting(claims) as connection:
            await connection.execute(ALLOW_DELETE)
            rows = await connection.fetch(DELETE, bucket, names)
        return [orjson.loads(row["shown"]) for row in rows], [row["version"] for row in rows]

    async def entries(
        self,
        claims: Claims,
        bucket: str,
        prefix: str,
        search: str,
        limit: int,
        offset: int,
        column: str,
        descending: bool,
    ) -> bytes:
        """One level of a bucket as JSON: folders, then files, whose names begin with `search`."""
        query = LIST.format(column=COLUMNS[column], order="desc" if descending else "asc")
        folder = prefix if not prefix or prefix.endswith("/") else prefix + "/"
        pattern = like(folder + search)
        async with self._database.acting(claims, readonly=True) as connection:
            return (await connection.fetchval(query, bucket, pattern, folder.count("/"), limit, offset)).encode()


def like(text: str) -> str:
    """A pattern of LIKE that only `text` itself fits."""
    return re.sub(r"([\\%_])", r"\\\1", text)


def owner_of(claims: Claims) -> tuple[UUID | None, str | None]:
    """The columns `owner` and `owner_id`: the member's id, or nothing for a key without one."""
    subject = claims.get("sub")
    try:
        return UUID(str(subject)), str(subject)
    except ValueError:
        return None, str(subject) if subject else None
