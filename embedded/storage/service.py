"""Storage's endpoints: objects in buckets."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from embedded.answers import json_response
from embedded.database import Database
from embedded.keys import Claims, InvalidToken, Keys
from embedded.storage import downloads, signing, uploads
from embedded.storage.buckets import Buckets
from embedded.storage.errors import (
    WRONG_TOKEN,
    StorageError,
    invalid,
    json_body,
    no_such_bucket,
    no_such_object,
    route,
    text,
    texts,
    whole,
)
from embedded.storage.files import LARGEST, Files
from embedded.storage.names import bucket_name, object_name
from embedded.storage.objects import COLUMNS, Description, Objects

LONGEST_LIST = 1500  # entries in one answer, as storage-api's search caps it
OF_OBJECT = "/{bucket}/{name:path}"


class Storage:
    """Objects in buckets: bytes below `folder`, rows and policies in Postgres."""

    def __init__(self, database: Database, keys: Keys, folder: Path) -> None:
        self._keys = keys
        self._files = Files(folder)
        self._objects = Objects(database)
        self.routes: list[BaseRoute] = [
            route("GET", "/status", self._status),
            *Buckets(database, self._files, self._claims).routes,
            route("POST", "/object/list/{bucket}", self._list),
            route("POST", "/object/list-v2/{bucket}", _not_supported),
            route("POST", "/object/move", self._move),
            route("POST", "/object/copy", self._copy),
            route("POST", "/object/sign/{bucket}", self._sign_many),
            route("POST", "/object/sign" + OF_OBJECT, self._sign),
            route("GET", "/object/sign" + OF_OBJECT, self._download_signed),
            route("POST", "/object/upload/sign" + OF_OBJECT, self._sign_upload),
            route("PUT", "/object/upload/sign" + OF_OBJECT, self._upload_signed),
            route("GET", "/object/info/public" + OF_OBJECT, self._info_public),
            route("GET", "/object/info/authenticated" + OF_OBJECT, self._info),
            route("GET", "/object/info" + OF_OBJECT, self._info),
            route("GET", "/object/public" + OF_OBJECT, self._download_public),
            route("GET", "/object/authenticated" + OF_OBJECT, self._download),
            route("DELETE", "/object/{bucket}", self._remove_many),
            route("POST", "/object" + OF_OBJECT, self._upload),
            route("PUT", "/object" + OF_OBJECT, self._upload),
            route("DELETE", "/object" + OF_OBJECT, self._remove),
            route("GET", "/object" + OF_OBJECT, self._download),
            route(["GET", "POST", "PUT", "PATCH", "DELETE"], "/{rest:path}", _not_supported),
        ]

    async def start(self) -> None:
        """Makes the folder."""
        await self._files.prepare()

    async def _status(self, request: Request) -> Response:
        return Response()

    # Reading

    async def _download(self, request: Request) -> Response:
        bucket, name = _object(request)
        return await self._sent(request, await self._reader(request, bucket), bucket, name)

    async def _download_public(self, request: Request) -> Response:
        return await self._sent(request, None, *await self._public_object(request))

    async def _download_signed(self, request: Request) -> Response:
        bucket, name = _object(request)
        token = request.query_params.get("token")
        if token is None:
            raise invalid("querystring must have required property 'token'")
        signing.opened(self._keys, token, f"{bucket}/{name}", upload=False)
        return await self._sent(request, None, bucket, name)

    async def _sent(self, request: Request, claims: Claims | None, bucket: str, name: str) -> Response:
        for _ in range(2):  # a file that is not there was replaced after its row was read: the row knows the new one
            row = await self._objects.find(claims, bucket, name)
            with suppress(FileNotFoundError):
                return await downloads.sent(request, self._files, row)
        raise no_such_object()

    async def _info(self, request: Request) -> Response:
        bucket, name = _object(request)
        return await self._described(await self._reader(request, bucket), bucket, name)

    async def _info_public(self, request: Request) -> Response:
        return await self._described(None, *await self._public_object(request))

    async def _described(self, claims: Claims | None, bucket: str, name: str) -> Response:
        row = await self._objects.find(claims, bucket, name)
        metadata = orjson.loads(row["metadata"] or "{}")
        return json_response(
            {
                "id": row["id"],
                "name": row["name"],
                "version": row["version"],
                "bucket_id": row["bucket_id"],
                "size": metadata.get("size"),
                "content_type": metadata.get("mimetype"),
                "cache_control": metadata.get("cacheControl"),
                "etag": metadata.get("eTag"),
                "metadata": orjson.loads(row["user_metadata"]) if row["user_metadata"] else None,
                "last_modified": row["updated_at"],
                "created_at": row["created_at"],
            }
        )

    async def _list(self, request: Request) -> Response:
        claims, body = self._claims(request), await json_body(request)
        order = body.get("sortBy") or {}
        column = order.get("column") or "name" if isinstance(order, dict) else None
        if column not in COLUMNS:
            raise invalid("body/sortBy/column must be equal to one of the allowed values")
        entries = await self._objects.entries(
            claims, request.path_params["bucket"], text(body, "prefix"), text(body, "search", ""),
            min(whole(body, "limit", 100, 1), LONGEST_LIST), whole(body, "offset", 0, 0), column, order.get("order") == "desc",
        )  # fmt: skip
        return json_response(entries)

    # Signed URLs

    async def _sign(self, request: Request) -> Response:
        claims, body = self._claims(request), await json_body(request)
        if body.get("transform"):
            raise _missing("image transformation")
        bucket, name = _object(request)
        lifetime_s = whole(body, "expiresIn", None, 1)
        await self._objects.find(claims, bucket, name)
        return json_response({"signedURL": self._signed(f"{bucket}/{name}", lifetime_s)})

    async def _sign_many(self, request: Request) -> Response:
        claims, body = self._claims(request), await json_body(request)
        bucket, paths = request.path_params["bucket"], texts(body, "paths")
        lifetime_s = whole(body, "expiresIn", None, 1)
        readable = await self._objects.readable(claims, bucket, paths)
        refusal = "Either the object does not exist or you do not have access to it"
        return json_response(
            [
                {"error": None, "path": path, "signedURL": self._signed(f"{bucket}/{path}", lifetime_s)}
                if path in readable
                else {"error": refusal, "path": path, "signedURL": None}
                for path in paths
            ]
        )

    async def _sign_upload(self, request: Request) -> Response:
        claims, (bucket, name) = self._claims(request), _object(request)
        upsert = _upsert(request)
        await self._objects.may_write(claims, bucket, name, upsert=upsert)
        token = signing.upload_token(self._keys, f"{bucket}/{name}", claims.get("sub"), upsert)
        return json_response({"url": f"/object/upload/sign/{bucket}/{name}?token={token}", "token": token})

    async def _upload_signed(self, request: Request) -> Response:
        bucket, name = _object(request)
        token = request.query_params.get("token", "")
        grant = signing.opened(self._keys, token, f"{bucket}/{name}", upload=True)
        claims: Claims = {"role": "service_role"}  # the right to write was checked when the URL was signed
        if grant["owner"]:
            claims["sub"] = grant["owner"]
        return await self._store(request, claims, bucket, name, upsert=grant["upsert"])

    # Writing

    async def _upload(self, request: Request) -> Response:
        claims, (bucket, name) = self._claims(request), _object(request)
        upsert = request.method == "PUT" or _upsert(request)
        return await self._store(request, claims, bucket, name, upsert=upsert)

    async def _store(self, request: Request, claims: Claims, bucket: str, name: str, *, upsert: bool) -> Response:
        """Asks whether the row may be, takes the bytes, writes the row. A row that fails after all leaves no file."""
        settings = await self._objects.bucket(bucket)
        if settings is None:
            raise no_such_bucket()
        await self._objects.may_write(claims, bucket, name, upsert=upsert)
        limit = settings["file_size_limit"]
        largest = LARGEST if limit is None else min(limit, LARGEST)
        async with uploads.received(request, largest) as upload:
            uploads.check_type(upload.mime_type, settings["allowed_mime_types"])
            stored = await self._files.write(upload.chunks, largest)
        metadata = {
            "eTag": stored.etag,
            "size": stored.size,
            "mimetype": upload.mime_type,
            "cacheControl": upload.cache_control,
            "lastModified": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "contentLength": stored.size,
            "httpStatusCode": 200,
        }
        description = Description(stored.version, metadata, upload.user_metadata)
        object_id = await self._put_row(claims, bucket, name, description, upsert=upsert)
        return json_response({"Id": object_id, "Key": f"{bucket}/{name}"})

    async def _copy(self, request: Request) -> Response:
        claims, body = self._claims(request), await json_body(request)
        bucket, name = text(body, "bucketId"), text(body, "sourceKey")
        target_bucket, target = text(body, "destinationBucket", bucket), object_name(text(body, "destinationKey"))
        upsert = _upsert(request)
        source = await self._objects.find(claims, bucket, name)
        await self._objects.may_write(claims, target_bucket, target, upsert=upsert)
        try:
            version = await self._files.copy(source["version"])
        except FileNotFoundError:
            raise no_such_object() from None  # removed a moment ago
        metadata = {**orjson.loads(source["metadata"] or "{}"), **_given(body)}
        told = orjson.loads(source["user_metadata"]) if source["user_metadata"] else None
        description = Description(version, metadata, told)
        object_id = await self._put_row(claims, target_bucket, target, description, upsert=upsert)
        answer = {
            "Id": object_id,
            "Key": f"{target_bucket}/{target}",
            "id": object_id,
            "name": target,
            "bucket_id": target_bucket,
        }
        return json_response({**answer, "version": version, "metadata": metadata})

    async def _put_row(self, claims: Claims, bucket: str, name: str, file: Description, *, upsert: bool) -> UUID:
        try:
            object_id, replaced = await self._objects.write(claims, bucket, name, file, upsert=upsert)
        except BaseException:
            await self._files.remove(file.version)
            raise
        await self._files.remove(replaced)
        return object_id

    async def _move(self, request: Request) -> Response:
        claims, body = self._claims(request), await json_body(request)
        bucket, name = text(body, "bucketId"), text(body, "sourceKey")
        target_bucket, target = text(body, "destinationBucket", bucket), object_name(text(body, "destinationKey"))
        object_id = await self._objects.move(claims, (bucket, name), (target_bucket, target))
        return json_response({"message": "Successfully moved", "Id": object_id, "Key": target})

    async def _remove(self, request: Request) -> Response:
        claims, (bucket, name) = self._claims(request), _object(request)
        deleted, versions = await self._objects.delete(claims, bucket, [name])
        if not deleted:
            raise no_such_object()
        await self._files.remove(*versions)
        return json_response({"message": "Successfully deleted"})

    async def _remove_many(self, request: Request) -> Response:
        claims, names = self._claims(request), texts(await json_body(request), "prefixes")
        deleted, versions = await self._objects.delete(claims, request.path_params["bucket"], names)
        await self._files.remove(*versions)
        return json_response(deleted)

    # Who asks

    def _claims(self, request: Request) -> Claims:
        """What the request's token says. Raises StorageError (Unauthorized)."""
        token = getattr(request.state, "token", "")
        if not token:
            raise invalid("headers must have required property 'authorization'")
        try:
            return self._keys.verify(token)
        except InvalidToken as error:
            raise StorageError(403, "Unauthorized", WRONG_TOKEN[error.reason]) from error

    async def _reader(self, request: Request, bucket: str) -> Claims | None:
        """Whose rights count on reading from `bucket`: in a public one nobody's need to. Raises StorageError."""
        settings = await self._objects.bucket(bucket)
        if settings and settings["public"]:
            return None
        if settings is None or not getattr(request.state, "token", ""):
            raise no_such_bucket()
        return self._claims(request)

    async def _public_object(self, request: Request) -> tuple[str, str]:
        bucket, name = _object(request)
        settings = await self._objects.bucket(bucket)
        if settings is None or not settings["public"]:
            raise no_such_bucket()
        return bucket, name

    def _signed(self, path: str, lifetime_s: int) -> str:
        return f"/object/sign/{path}?token={signing.download_token(self._keys, path, lifetime_s)}"


def _object(request: Request) -> tuple[str, str]:
    return bucket_name(request.path_params["bucket"]), object_name(request.path_params["name"])


def _upsert(request: Request) -> bool:
    return request.headers.get("x-upsert") == "true"


def _given(body: dict[str, Any]) -> dict[str, str]:
    """What a copy is told to say of itself instead of its source."""
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        return {}
    return {key: str(metadata[key]) for key in ("cacheControl", "mimetype") if metadata.get(key)}


def _missing(feature: str) -> StorageError:
    return StorageError(409, "FeatureNotEnabled", f"The feature {feature} is not enabled for this resource")


async def _not_supported(request: Request) -> Response:
    raise _missing(f"{request.method} {request.scope['path'].removeprefix(request.scope.get('root_path', ''))[:100]}")
