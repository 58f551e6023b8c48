"""REST on a real socket over the tables of rest.sql, for the tests of embedded/rest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson

from embedded.bootstrap import requests_dsn
from embedded.database import Database
from embedded.keys import Keys
from embedded.postgres import Postgres
from embedded.rest import Rest
from tests.embedded.serving import served

TABLES = Path(__file__).with_name("rest.sql")
SCHEMAS = ("shop", "public")
UNA = "00000000-0000-0000-0000-000000000001"


@dataclass
class Api:
    """A client of REST. Changes are rolled back after their answer unless a test says `commit`."""

    url: str  # of the project: REST is below /rest/v1
    http: httpx.AsyncClient
    keys: Keys
    rest: Rest
    dsn: str
    requests_dsn: str  # of the role that acts for requests

    def token(self, role: str) -> str:
        """A token of anon, service_role or of a member."""
        if role == "authenticated":
            return self.keys.sign({"role": role, "sub": UNA, "exp": 4_000_000_000})
        return self.keys.as_jwt(self.keys.secret_key if role == "service_role" else self.keys.publishable_key)

    async def __call__(
        self, method: str, path: str, body: Any = None, *, prefer: str = "", role: str = "service_role", commit: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:  # fmt: skip
        sent = {"Authorization": f"Bearer {self.token(role)}", **(headers or {})}
        sent["Prefer"] = (
            prefer if commit or method in ("GET", "HEAD") else ", ".join(filter(None, (prefer, "tx=rollback")))
        )
        content = body if isinstance(body, str | bytes) or body is None else orjson.dumps(body)
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        return await self.http.request(method, f"/rest/v1{path}", headers=sent, content=content)

    async def get(self, path: str, **options: Any) -> Any:
        """The JSON of a GET that succeeds."""
        response = await self("GET", path, **options)
        assert response.is_success, response.text
        return response.json()

    async def sql(self, statement: str) -> None:
        """Runs SQL as the database's superuser."""
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@asynccontextmanager
async def serve_rest(postgres: Postgres, database: Database, keys: Keys) -> AsyncIterator[Api]:
    """REST over a fresh copy of the tables."""
    rest = Rest(database, keys, schemas=SCHEMAS, tx_allowed=True)
    async with served({"/rest/v1": rest.routes}, keys) as url, httpx.AsyncClient(base_url=url) as http:
        api = Api(url, http, keys, rest, postgres.dsn(), requests_dsn(postgres, keys))
        await api.sql(TABLES.read_text())
        await rest.start()
        yield api
        await rest.stop()
        await api.sql("drop schema shop cascade")
