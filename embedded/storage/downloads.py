"""How an object is sent: headers, ranges, and nothing when the client has it already."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import quote

import asyncpg
import orjson
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from embedded.storage.errors import StorageError, no_such_object
from embedded.storage.files import Files

RANGE = re.compile(r"bytes=(?:(?P<start>\d+)-(?P<end>\d*)|-(?P<last>\d+))")


async def sent(request: Request, files: Files, row: asyncpg.Record) -> Response:
    """The object of `row`, or the part that the request asks for. Raises StorageError."""
    metadata = orjson.loads(row["metadata"] or "{}")
    modified: datetime = row["updated_at"].replace(microsecond=0)
    headers = {
        "etag": metadata.get("eTag", ""),
        "last-modified": format_datetime(modified, usegmt=True),
        "cache-control": metadata.get("cacheControl", "no-cache"),
        "accept-ranges": "bytes",
        **_disposition(request.query_params.get("download")),
    }
    if _unchanged(request, headers["etag"], modified):
        return Response(status_code=304, headers=headers)
    try:
        path = files.path(row["version"])
        status = await asyncio.to_thread(path.stat)
    except FileNotFoundError:
        raise no_such_object() from None  # replaced or removed a moment ago
    _check_range(request, status.st_size)
    return FileResponse(
        path, headers=headers, media_type=_served_type(metadata.get("mimetype", "")), stat_result=status
    )


def _check_range(request: Request, size: int) -> None:
    """Raises StorageError for a range beyond the end; what is no single range is ignored, as S3 does."""
    wanted = RANGE.fullmatch(request.headers.get("range", ""))
    if wanted is None or (wanted["end"] and int(wanted["end"]) < int(wanted["start"])):
        request.scope["headers"] = [pair for pair in request.scope["headers"] if pair[0] != b"range"]
    elif wanted["last"] == "0" or (wanted["start"] and int(wanted["start"]) >= size):
        raise StorageError(416, "InvalidRange", "The requested range is not satisfiable")


def _unchanged(request: Request, etag: str, modified: datetime) -> bool:
    if known := request.headers.get("if-none-match"):
        tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        return "*" in tags or etag in tags
    try:
        return modified <= parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except (ValueError, TypeError):
        return False


def _disposition(download: str | None) -> dict[str, str]:
    if download is None:
        return {}
    if not download:
        return {"content-disposition": "attachment;"}
    name = quote(download, safe="")
    return {"content-disposition": f"attachment; filename={name}; filename*=UTF-8''{name};"}


def _served_type(mime_type: str) -> str:
    """HTML goes out as plain text, as from hosted projects: nobody's upload runs as a page of ours."""
    if "text/html" in mime_type.lower():
        return "text/plain"
    return mime_type or "application/octet-stream"
