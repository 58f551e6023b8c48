"""How an object is sent: headers, ranges, and nothing when the client has it already."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import BinaryIO
from urllib.parse import quote

import asyncpg
import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from embedded.storage.errors import StorageError
from embedded.storage.files import Files

BLOCK = 256 * 1024  # bytes read at once
HEADER = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
RANGE = re.compile(r"bytes=(?:(?P<start>\d{1,18})-(?P<end>\d{0,18})|-(?P<last>\d{1,18}))", re.ASCII)


async def sent(request: Request, files: Files, row: asyncpg.Record) -> Response:
    """The object of `row`, or the part that the request asks for.

    Raises StorageError for a range beyond its end, FileNotFoundError when its file was replaced or removed meanwhile.
    """
    metadata = orjson.loads(row["metadata"] or "{}")
    modified: datetime = row["updated_at"].replace(microsecond=0)
    headers = {
        "etag": _header(metadata.get("eTag"), ""),
        "last-modified": format_datetime(modified, usegmt=True),
        "cache-control": _header(metadata.get("cacheControl"), "no-cache"),
        "accept-ranges": "bytes",
        **_disposition(request.query_params.get("download")),
    }
    if _unchanged(request, headers["etag"], modified):
        return Response(status_code=304, headers=headers)
    # Opened before the answer begins: a file that is removed while it is sent stays readable to the end.
    file = await asyncio.to_thread(files.path(row["version"]).open, "rb")
    try:
        size = os.fstat(file.fileno()).st_size
        part = _part(request, headers["etag"], size)
    except BaseException:
        file.close()
        raise
    start, end = part or (0, size)
    headers["content-length"] = str(end - start)
    headers["content-type"] = _served_type(_header(metadata.get("mimetype"), "application/octet-stream"))
    if part:
        headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
    if request.method == "HEAD":
        file.close()
        return Response(status_code=200, headers=headers)
    return StreamingResponse(_read(file, start, end), 206 if part else 200, headers)


async def _read(file: BinaryIO, start: int, end: int) -> AsyncIterator[bytes]:
    with file:
        await asyncio.to_thread(file.seek, start)
        while start < end and (block := await asyncio.to_thread(file.read, min(BLOCK, end - start))):
            start += len(block)
            yield block


def _part(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    """The first byte that is asked for and the one after the last; None for all. What is no single range is ignored,
    as S3 does. Raises StorageError for a range that begins beyond the end."""
    wanted = RANGE.fullmatch(request.headers.get("range", ""))
    if wanted is None or request.headers.get("if-range", etag) != etag:
        return None
    if wanted["last"]:
        start, end = max(0, size - int(wanted["last"])), size
    else:
        start, end = int(wanted["start"]), min(size, int(wanted["end"] or size) + 1)
        if wanted["end"] and int(wanted["end"]) < start:
            return None
    if start >= size:
        raise StorageError(416, "InvalidRange", "The requested range is not satisfiable")
    return start, end


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
    return "text/plain" if "text/html" in mime_type.lower() else mime_type


def _header(told: object, otherwise: str) -> str:
    """What an uploader told, where it can stand in a header: no line breaks, nothing beyond ASCII."""
    return told if isinstance(told, str) and HEADER.fullmatch(told) else otherwise
