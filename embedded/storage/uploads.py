"""What an upload request carries: the file's bytes, and what is said about them. As a form or as a plain body."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from embedded.storage.errors import StorageError, invalid, too_large
from embedded.storage.files import BLOCK

FORM_OVERHEAD = 1 << 20  # bytes that a form's other fields and boundaries may take
MOST_FIELDS = 10


@dataclass(frozen=True)
class Upload:
    """A file on its way in."""

    mime_type: str
    cache_control: str
    user_metadata: dict[str, Any] | None
    chunks: AsyncIterator[bytes]


@asynccontextmanager
async def received(request: Request, largest: int) -> AsyncIterator[Upload]:
    """The upload in `request`, to be read inside. Raises StorageError for no file, or when far more than `largest` comes."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > largest + FORM_OVERHEAD:
        raise too_large()
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        yield Upload(
            mime_type=request.headers.get("content-type", "application/octet-stream"),
            cache_control=request.headers.get("cache-control", "no-cache"),
            user_metadata=_header_metadata(request.headers.get("x-metadata")),
            chunks=request.stream(),
        )
        return
    stream = _bounded(request.stream(), largest + FORM_OVERHEAD)
    try:
        form = await MultiPartParser(request.headers, stream, max_files=1, max_fields=MOST_FIELDS).parse()
    except MultiPartException as error:
        raise invalid(error.message) from error
    try:
        file = next((value for value in form.values() if isinstance(value, UploadFile)), None)
        if file is None:
            raise invalid("No content provided")
        seconds, told = form.get("cacheControl"), form.get("metadata")
        yield Upload(
            mime_type=str(form.get("contentType") or file.content_type or "application/octet-stream"),
            cache_control=f"max-age={seconds}" if seconds else "no-cache",
            user_metadata=_metadata(told) if isinstance(told, str) else None,
            chunks=_pieces(file),
        )
    finally:
        await form.close()


def check_type(mime_type: str, allowed: list[str] | None) -> None:
    """Raises StorageError for a type that the bucket does not take; `image/*` allows every image, an empty list all."""
    essence = mime_type.partition(";")[0].strip().lower()
    family = essence.partition("/")[0] + "/*"
    if "/" not in essence or (allowed and essence not in allowed and family not in allowed and "*/*" not in allowed):
        raise StorageError(415, "invalid_mime_type", f"mime type {mime_type} is not supported")


async def _bounded(stream: AsyncIterator[bytes], largest: int) -> AsyncGenerator[bytes, None]:
    received = 0
    async for chunk in stream:
        received += len(chunk)
        if received > largest:
            raise too_large()
        yield chunk


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(BLOCK):
        yield piece


def _header_metadata(header: str | None) -> dict[str, Any] | None:
    try:
        return _metadata(base64.b64decode(header).decode()) if header else None
    except (binascii.Error, UnicodeDecodeError):
        return None


def _metadata(json: str) -> dict[str, Any] | None:
    """What the client says about its file; as in storage-api, what cannot be read is passed over."""
    try:
        told = orjson.loads(json)
    except orjson.JSONDecodeError:
        return None
    return told if isinstance(told, dict) and "\\u0000" not in json else None
