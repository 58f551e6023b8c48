"""The endpoints under /bucket. Policies on storage.buckets decide who may; the service role always may."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from embedded.answers import json_response
from embedded.database import Database
from embedded.keys import Claims
from embedded.storage.errors import (
    StorageError,
    invalid,
    json_body,
    no_such_bucket,
    route,
    text,
    too_large,
    whole,
)
from embedded.storage.files import LARGEST, Files
from embedded.storage.names import bucket_name
from embedded.storage.objects import ALLOW_DELETE, Objects, like, owner_of

SIZE = re.compile(r"(\d+(?:\.\d+)?)(gb|mb|kb|b)", re.IGNORECASE)
UNIT_BYTES = {"gb": 10**9, "mb": 10**6, "kb": 10**3, "b": 1}
SORTABLE = ("id", "name", "created_at", "updated_at")
ALL = 2**31 - 1

# An owner that is not set is told as an empty text, as storage-api's schema makes of it.
SHOWN = """
jsonb_build_object('id', id, 'name', name, 'owner', coalesce(owner::text, ''), 'public', public, 'type', type,
  'file_size_limit', file_size_limit, 'allowed_mime_types', allowed_mime_types,
  'created_at', created_at, 'updated_at', updated_at)
"""
LIST = f"""
select coalesce(jsonb_agg({SHOWN}), '[]')::text from (
  select * from storage.buckets where name ilike '%' || $1 || '%' order by {{column}} {{order}}, id limit $2 offset $3) as page
"""
GET = f"select {SHOWN}::text from storage.buckets where id = $1"
INSERT = """
insert into storage.buckets (id, name, owner, owner_id, public, file_size_limit, allowed_mime_types)
values ($1, $2, $3, $4, $5, $6, $7)
"""
UPDATE = """
update storage.buckets set
  public             = coalesce($2, public),
  file_size_limit    = case when $3 then $4 else file_size_limit end,
  allowed_mime_types = case when $5 then $6::text[] else allowed_mime_types end,
  updated_at         = now()
where id = $1
returning id
"""
NAMES = "select name from storage.objects where bucket_id = $1 limit 1000"


class Buckets:
    """Creates, shows, changes, empties and deletes buckets. `claims_of` reads the request's token."""

    def __init__(self, database: Database, files: Files, claims_of: Callable[[Request], Claims]) -> None:
        self._database = database
        self._objects = Objects(database)
        self._files = files
        self._claims_of = claims_of
        self.routes = [
            route("GET", "/bucket", self._list),
            route("POST", "/bucket", self._create),
            route("GET", "/bucket/{bucket}", self._get),
            route("PUT", "/bucket/{bucket}", self._update),
            route("DELETE", "/bucket/{bucket}", self._delete),
            route("POST", "/bucket/{bucket}/empty", self._empty),
        ]

    async def _list(self, request: Request) -> Response:
        asked = dict(request.query_params)
        column, order = asked.get("sortColumn", "name"), asked.get("sortOrder", "asc")
        if column not in SORTABLE or order not in ("asc", "desc"):
            raise invalid(f"querystring/sortColumn and sortOrder must be among {', '.join(SORTABLE)} and asc, desc")
        pattern = like(asked.get("search", "").replace("\0", ""))
        page = whole(asked, "limit", ALL, 1), whole(asked, "offset", 0, 0)
        async with self._database.acting(self._claims_of(request), readonly=True) as connection:
            query = LIST.format(column=column, order=order)
            return json_response((await connection.fetchval(query, pattern, *page)).encode())

    async def _get(self, request: Request) -> Response:
        async with self._database.acting(self._claims_of(request), readonly=True) as connection:
            shown = await connection.fetchval(GET, request.path_params["bucket"])
        if shown is None:
            raise no_such_bucket()
        return json_response(shown.encode())

    async def _create(self, request: Request) -> Response:
        claims, body = self._claims_of(request), await json_body(request)
        name = bucket_name(text(body, "name"))
        bucket = bucket_name(text(body, "id", name))
        limit, types = _limit(body), _types(body)
        async with self._database.acting(claims) as connection:
            await connection.execute(
                INSERT, bucket, name, *owner_of(claims),  body.get("public") is True, limit, types
            )  # fmt: skip
        return json_response({"name": name})

    async def _update(self, request: Request) -> Response:
        claims, body = self._claims_of(request), await json_body(request)
        public = body.get("public") if isinstance(body.get("public"), bool) else None
        limit, types = _limit(body), _types(body)
        async with self._database.acting(claims) as connection:
            changed = await connection.fetchval(
                UPDATE, request.path_params["bucket"], public,
                "file_size_limit" in body, limit, "allowed_mime_types" in body, types,
            )  # fmt: skip
        if changed is None:
            raise no_such_bucket()
        return json_response({"message": "Successfully updated"})

    async def _delete(self, request: Request) -> Response:
        claims, bucket = self._claims_of(request), request.path_params["bucket"]
        async with self._database.acting(claims) as connection:
            if not await connection.fetchval("select true from storage.buckets where id = $1", bucket):
                raise no_such_bucket()
            count = "select exists (select from storage.objects where bucket_id = $1)"
            if await self._database.admin.fetchval(count, bucket):
                raise StorageError(409, "ResourceNotEmpty", "The bucket you tried to delete is not empty")
            await connection.execute(ALLOW_DELETE)
            if not await connection.fetchval("delete from storage.buckets where id = $1 returning true", bucket):
                raise StorageError(403, "Unauthorized", "new row violates row-level security policy")
        return json_response({"message": "Successfully deleted"})

    async def _empty(self, request: Request) -> Response:
        claims, bucket = self._claims_of(request), request.path_params["bucket"]
        async with self._database.acting(claims, readonly=True) as connection:
            if not await connection.fetchval("select true from storage.buckets where id = $1", bucket):
                raise no_such_bucket()
        while names := await self._names(claims, bucket):
            _, versions = await self._objects.delete(claims, bucket, names)
            await self._files.remove(*versions)
            if len(versions) < len(names):
                raise StorageError(
                    409, "InvalidRequest", "Cannot delete: you may have SELECT but not DELETE permissions"
                )
        return json_response({"message": "Successfully emptied"})

    async def _names(self, claims: Claims, bucket: str) -> list[str]:
        async with self._database.acting(claims, readonly=True) as connection:
            return [row["name"] for row in await connection.fetch(NAMES, bucket)]


def _limit(body: dict[str, Any]) -> int | None:
    """The bytes a file may have, given as a number or as `20MB`. Raises StorageError."""
    given = body.get("file_size_limit")
    if given is None:
        return None
    if isinstance(given, str) and (size := SIZE.fullmatch(given)):
        limit = int(float(size[1]) * UNIT_BYTES[size[2].lower()])
    elif str(given).isdecimal():
        limit = int(given)
    else:
        raise invalid("Invalid file size format, hint: use 20GB / 20MB / 30KB / 3B")
    if limit > LARGEST:
        raise too_large()
    return limit


def _types(body: dict[str, Any]) -> list[str] | None:
    given = body.get("allowed_mime_types")
    if given is None:
        return None
    if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
        raise invalid("body/allowed_mime_types must be an array of strings")
    for item in given:
        if not re.fullmatch(r"[\w.+*-]+/[\w.+*-]+", item):
            raise StorageError(415, "invalid_mime_type", f"mime type {item} is not supported")
    return given
