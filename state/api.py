"""Api: REST and Storage of one Supabase project, as one identity. Rows come and go as JSON objects.

Every call raises Unreachable, RateLimited, Refused or SessionEnded (see `state.errors`), and nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
from postgrest import AsyncPostgrestClient, CountMethod
from postgrest.exceptions import APIError
from storage3 import AsyncStorageClient
from storage3.exceptions import StorageApiError

from state.errors import RateLimited, Refused, Unreachable
from state.realtime.connection import Identity
from state.realtime.pace import Pace
from state.sync.query import Query

# In each request httpcore tries a dozen times to import sniffio. Where that is not installed, Python looks for it everywhere
# each time (measured: 3 ms a request); told that there is none, it does not.
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]

TIMEOUT_S = 15.0
UPLOAD_S = 60.0  # between two signs of life of a file on its way
PART_BYTES = 65_536


@dataclass(frozen=True)
class Project:
    """Where Supabase is, its publishable key, and what everything in this process shares: one HTTP pool, and the pace at
    which sockets and channels are opened."""

    url: str
    key: str
    http: httpx.AsyncClient
    pace: Pace = field(default_factory=Pace)

    @classmethod
    def connect(cls, url: str, key: str) -> Project:
        """`close` it at the end."""
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=20)
        return cls(url, key, httpx.AsyncClient(timeout=TIMEOUT_S, limits=limits))

    async def close(self) -> None:
        """Closes the pool."""
        await self.http.aclose()

    @property
    def realtime_url(self) -> str:
        """Where the socket is."""
        return f"{self.url}/realtime/v1"

    def public_url(self, bucket: str, path: str) -> str:
        """Where a file of a public bucket is."""
        return f"{self.url}/storage/v1/object/public/{bucket}/{quote(path)}"


class Api:
    """Asks with the identity's current token; a token that was refused is renewed once."""

    def __init__(self, project: Project, identity: Identity) -> None:
        self._project = project
        self._identity = identity

    async def select(
        self, query: Query, limit: int, after: Any | None = None, columns: tuple[str, ...] = ()
    ) -> list[dict[str, Any]]:
        """The first `limit` rows of a query, or those behind the row `after`; whole, or these columns. At most 1,000."""

        async def ask(token: str) -> list[dict[str, Any]]:
            request = self._rest(token).from_(query.table).select(*columns or "*").limit(limit)
            for name, value in query.params(after=after).items():
                if name != "select":
                    request.request.params = request.request.params.set(name, value)
            return list((await request.execute()).data)  # type: ignore[arg-type]

        return await self._asking(ask)

    async def count(self, query: Query, after: Any | None = None) -> int:
        """How many rows a query has, as this identity sees them; with `after`, how many lie behind that row."""

        async def ask(token: str) -> int:
            request = (
                self._rest(token).from_(query.table).select(query.key, count=CountMethod.exact, head=True).limit(1)
            )
            if conditions := query.params(after=after).get("and"):
                request.request.params = request.request.params.set("and", conditions)
            return int((await request.execute()).count or 0)

        return await self._asking(ask)

    async def rpc(self, function: str, args: dict[str, Any]) -> Any:
        """Calls a function; its answer, decoded."""

        async def ask(token: str) -> Any:
            return (await self._rest(token).rpc(function, args).execute()).data

        return await self._asking(ask)

    async def who(self) -> UUID:
        """The member whose token this is, as Auth says. Raises Refused for a token that is not good."""

        async def ask(token: str) -> UUID:
            answer = await self._project.http.get(f"{self._project.url}/auth/v1/user", headers=self._headers(token))
            if answer.status_code == 429:
                raise RateLimited("Too many requests at the moment")
            if answer.status_code >= 500:
                raise Unreachable("Supabase is not ready")
            if answer.status_code != 200:
                raise Refused("This token is not good", f"auth {answer.status_code}")
            return UUID(answer.json()["id"])

        return await self._asking(ask)

    async def update(self, table: str, key: Any, changes: dict[str, Any]) -> dict[str, Any]:
        """Sets columns of one row; the row as it is then. Refused when it is not there, or not ours to change."""

        async def ask(token: str) -> dict[str, Any]:
            request = self._rest(token).from_(table).update(changes).eq("id", str(key))
            rows = (await request.execute()).data
            if not rows:
                raise Refused("It is no longer there", "PGRST116")
            return rows[0]  # type: ignore[return-value]

        return await self._asking(ask)

    async def delete(self, table: str, key: Any) -> None:
        """Deletes one row; one that is gone already is no error."""

        async def ask(token: str) -> None:
            await self._rest(token).from_(table).delete().eq("id", str(key)).execute()

        await self._asking(ask)

    async def sign(self, bucket: str, paths: list[str], seconds: int) -> dict[str, str]:
        """Addresses that are good for `seconds`, by path; paths that may not be read are left out."""

        async def ask(token: str) -> dict[str, str]:
            answers = await self._storage(token).from_(bucket).create_signed_urls(paths, seconds)
            return {str(a["path"]): str(a["signedURL"]) for a in answers if not a.get("error") and a.get("signedURL")}

        return await self._asking(ask)

    async def download(self, bucket: str, path: str) -> bytes:
        """A whole file."""

        async def ask(token: str) -> bytes:
            return await self._storage(token).from_(bucket).download(path)

        return await self._asking(ask)

    async def upload(
        self,
        bucket: str,
        path: str,
        content: bytes,
        media_type: str,
        progress: Callable[[float], None] = lambda _: None,
    ) -> None:
        """Writes a file, over one that is there; `progress` hears which part of it has been sent, up to 1."""

        async def parts() -> AsyncIterator[bytes]:
            for start in range(0, len(content), PART_BYTES):
                yield content[start : start + PART_BYTES]
                progress(min(1.0, (start + PART_BYTES) / len(content)))

        async def ask(token: str) -> None:
            headers = {"content-type": media_type, "content-length": str(len(content)), "x-upsert": "true"}
            answer = await self._project.http.post(
                f"{self._project.url}/storage/v1/object/{bucket}/{quote(path)}",
                headers=self._headers(token) | headers,
                content=parts(),
                timeout=UPLOAD_S,
            )
            if not answer.is_success:
                raise _complaint(answer)

        await self._asking(ask)

    async def remove(self, bucket: str, paths: list[str]) -> None:
        """Removes files; those that are not there, or not ours to remove, are left out without a word."""

        async def ask(token: str) -> None:
            await self._storage(token).from_(bucket).remove(paths)

        await self._asking(ask)

    def _headers(self, token: str) -> dict[str, str]:
        headers = {"apikey": self._project.key}
        if token != self._project.key:
            headers["Authorization"] = f"Bearer {token}"
        return headers

    def _rest(self, token: str) -> AsyncPostgrestClient:
        return AsyncPostgrestClient(
            f"{self._project.url}/rest/v1",
            headers=self._headers(token),
            http_client=self._project.http,
            retry_enabled=False,  # whoever calls knows better whether and when
        )

    def _storage(self, token: str) -> AsyncStorageClient:
        return AsyncStorageClient(
            f"{self._project.url}/storage/v1/", self._headers(token), http_client=self._project.http
        )

    async def _asking(self, ask: Callable[[str], Awaitable[Any]]) -> Any:
        for again in (True, False):
            try:
                async with translated():
                    return await ask(await self._identity.token())
            except Refused as error:
                if not again or error.code not in ("PGRST301", "PGRST303", "401"):
                    raise
                await self._identity.token(renew=True)
        raise AssertionError("unreachable")


def _complaint(answer: httpx.Response) -> StorageApiError:
    """Storage's error, as its library has it."""
    try:
        said = answer.json()
    except ValueError:
        said = {}
    status = str(said.get("statusCode") or answer.status_code)
    return StorageApiError(str(said.get("message") or answer.reason_phrase), str(said.get("error") or ""), status)


# SQLSTATE classes and PGRST codes that say "not now" rather than "no": connection, resources, shutdown, conflict.
PASSING = ("08", "40", "53", "57", "58", "PGRST00")


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """The libraries' exceptions as those of `state.errors`."""
    try:
        yield
    except APIError as error:
        code = str(error.code or "")
        if code == "429":
            raise RateLimited("Too many requests at the moment") from error
        http = len(code) == 3  # an answer to HEAD has no body, and so no code but its status
        if code.startswith("5" if http else PASSING):
            raise Unreachable("Supabase is not ready") from error
        raise Refused(error.message or "The database refused this", code, error.hint or "") from error
    except StorageApiError as error:
        if str(error.status).startswith("5"):
            raise Unreachable("Storage does not answer") from error
        raise Refused(error.message, str(error.status)) from error
    except httpx.HTTPError as error:
        raise Unreachable("Supabase does not answer") from error
