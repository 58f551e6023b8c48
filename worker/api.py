"""Supabase as the worker sees it: functions by RPC, files by Storage, all with the secret key."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from worker.errors import NotAllowed, Refused, Unavailable

T = TypeVar("T")

BUCKET = "media"
_TIMEOUT = httpx.Timeout(10.0, connect=5.0)  # well below a lease
_LIMITS = httpx.Limits(max_connections=16, max_keepalive_connections=8)
_YEAR = "max-age=31536000"  # a path is never written with anything else
_PAGE = 100  # what Storage lists and removes at a time
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0


class Api:
    """One connection pool for the whole worker. Raises Unavailable or Refused, nothing of httpx."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str, key: str) -> AsyncIterator[Api]:
        headers = {"apikey": key, "Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=_TIMEOUT, limits=_LIMITS) as http:
            yield cls(http)

    async def call(self, function: str, **arguments: Any) -> Any:
        """Calls a function of the database; its answer as JSON, None when it returns nothing."""
        return await self._send("POST", f"/rest/v1/rpc/{function}", json=arguments)

    async def select(self, table: str, **query: str) -> list[dict[str, Any]]:
        """Rows by PostgREST's query parameters."""
        return await self._send("GET", f"/rest/v1/{table}", params=query)

    async def upload(self, path: str, content: bytes, media_type: str) -> None:
        """Writes a file; writing it twice is the same as once."""
        headers = {"Content-Type": media_type, "Cache-Control": _YEAR, "x-upsert": "true"}
        await self._send("POST", f"/storage/v1/object/{BUCKET}/{quote(path)}", content=content, headers=headers)

    async def download(self, path: str, bucket: str) -> bytes:
        """A whole file."""
        return await self._send("GET", f"/storage/v1/object/{bucket}/{quote(path)}", raw=True)

    async def copy(self, path: str, bucket: str, target: str) -> None:
        """Copies a file of the bucket media into another; copying it twice is the same as once."""
        body = {"bucketId": BUCKET, "sourceKey": path, "destinationBucket": bucket, "destinationKey": target}
        await self._send("POST", "/storage/v1/object/copy", json=body, headers={"x-upsert": "true"})

    async def files_below(self, folder: str, bucket: str = BUCKET) -> list[str]:
        """Paths of all files below a folder, however deep. `folder` ends without a slash."""
        files: list[str] = []
        folders = [folder]
        while folders:
            prefix = folders.pop()
            offset = 0
            while True:
                body = {
                    "prefix": prefix,
                    "limit": _PAGE,
                    "offset": offset,
                    "sortBy": {"column": "name", "order": "asc"},
                }
                entries = await self._send("POST", f"/storage/v1/object/list/{bucket}", json=body)
                for entry in entries:
                    # a folder is an entry without an id
                    (files if entry.get("id") else folders).append(f"{prefix}/{entry['name']}")
                if len(entries) < _PAGE:
                    break
                offset += _PAGE
        return files

    async def remove(self, paths: Sequence[str], bucket: str = BUCKET) -> None:
        """Removes files; those that are not there are no error."""
        for start in range(0, len(paths), _PAGE):
            body = {"prefixes": list(paths[start : start + _PAGE])}
            await self._send("DELETE", f"/storage/v1/object/{bucket}", json=body)

    async def remove_account(self, member: str) -> None:
        """Removes an account with all its rows; one that is not there is no error."""
        try:
            await self._send("DELETE", f"/auth/v1/admin/users/{member}")
        except Refused as error:
            if error.status != 404:
                raise

    async def _send(self, method: str, path: str, *, raw: bool = False, **options: Any) -> Any:
        try:
            answer = await self._http.request(method, path, **options)
        except httpx.TransportError as error:
            raise Unavailable(f"{type(error).__name__}: {error}".rstrip(": ")) from error
        if answer.is_success and raw:
            return answer.content
        if answer.is_success:
            return answer.json() if answer.content else None
        code, message = _complaint(answer)
        if answer.status_code >= 500 or answer.status_code in (408, 429):
            raise Unavailable(f"{message} ({answer.status_code})")
        kind = NotAllowed if answer.status_code in (401, 403) else Refused
        raise kind(answer.status_code, code, message)


def _complaint(answer: httpx.Response) -> tuple[str, str]:
    """Code and message of PostgREST's or Storage's error."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return "", answer.reason_phrase
    return str(body.get("code") or body.get("error") or ""), str(
        body.get("message") or body.get("msg") or answer.reason_phrase
    )


async def persist(attempt: Callable[[], Awaitable[T]], *, seconds: float, dice: random.Random | None = None) -> T:
    """Repeats what was Unavailable, with pauses that double and jitter, for at most `seconds`; then raises it."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    pause = _FIRST_PAUSE_S
    dice = dice or random.Random()
    while True:
        try:
            return await attempt()
        except Unavailable:
            wait = pause * dice.uniform(0.5, 1.0)
            if loop.time() + wait > end:
                raise
            await asyncio.sleep(wait)
            pause = min(pause * 2, _LONGEST_PAUSE_S)
