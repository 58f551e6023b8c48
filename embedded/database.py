"""Connections to Postgres: a pool per login role, and transactions that take on a request's role.

REST, Storage and Realtime all ask Postgres *as somebody*: `Database.acting` is the one place where a token's
claims become a role and `request.…` settings, as PostgREST documents it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg
import orjson

from embedded.keys import Claims

Connection: TypeAlias = asyncpg.pool.PoolConnectionProxy

ROLES = frozenset({"anon", "authenticated", "service_role"})

# Postgres is away, or is going: no fault of the request. Services let these pass; the gateway answers 503.
UNAVAILABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)

# What asyncpg raises for a connection that cannot be made, or that ends while it is used.
CUT_OFF = (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError)

ACT_AS = """
select set_config('role', $1, true), set_config('request.jwt.claims', $2, true),
       set_config('request.jwt.claim.sub', $3, true), set_config('request.jwt.claim.role', $1, true),
       set_config('request.headers', $4, true), set_config('request.method', $5, true), set_config('request.path', $6, true),
       set_config('search_path', $7, true)
"""


class Database:
    """Two pools on one server: `authenticator` for requests, `supabase_admin` for the platform's own tables."""

    def __init__(self, requests: asyncpg.Pool, admin: asyncpg.Pool) -> None:
        self.requests = requests
        self.admin = admin

    @classmethod
    async def connect(cls, requests_dsn: str, admin_dsn: str, size: int = 10) -> Database:
        """Opens both pools; `size` is the most connections each may hold."""
        requests = await asyncpg.create_pool(requests_dsn, min_size=1, max_size=size, reset=_keep)
        admin = await asyncpg.create_pool(admin_dsn, min_size=1, max_size=max(2, size // 2))
        return cls(requests, admin)

    async def close(self) -> None:
        """Closes both pools, waiting for what is running."""
        await self.requests.close()
        await self.admin.close()

    @asynccontextmanager
    async def acting(
        self, claims: Claims, *, readonly: bool = False, keep: bool = True, **request: Any
    ) -> AsyncIterator[Connection]:
        """One transaction as the role that `claims` name (see `act`). It is rolled back by an exception inside, or at its
        end if it is not to `keep` anything."""
        async with (
            self.requests.acquire() as connection,
            connection.transaction(readonly=readonly) if keep else rolled_back(connection, readonly=readonly),
        ):
            await act(connection, claims, **request)
            try:
                yield connection
            except (asyncpg.PostgresWarning, asyncpg.NoData) as told:  # an error under the SQLSTATE of no error
                raise _as_error(told) from None


@asynccontextmanager
async def rolled_back(connection: Connection, *, readonly: bool = False) -> AsyncIterator[None]:
    """A transaction that only shows what would be."""
    transaction = connection.transaction(readonly=readonly)
    await transaction.start()
    try:
        yield
    finally:
        if not connection.is_closed():
            await transaction.rollback()


def _as_error(told: asyncpg.PostgresWarning | asyncpg.NoData) -> asyncpg.PostgresError:
    """The same as an error: asyncpg's classes for warnings are immutable, so that no context manager can pass them on."""
    error = asyncpg.UnknownPostgresError(*told.args)
    vars(error).update(told.as_dict())
    return error


async def _keep(connection: Connection) -> None:
    """Leaves a connection as it is: what `act` sets ends with its transaction, so a reset would be a trip for nothing."""


async def act(
    connection: Connection, claims: Claims, *, headers: Mapping[str, str] | None = None, method: str = "", path: str = "",
    search_path: str = "public, extensions",
) -> None:  # fmt: skip
    """Takes on the role that `claims` name, with the settings that policies read, until the transaction ends."""
    await connection.execute(
        ACT_AS, claims["role"], orjson.dumps(claims).decode(), str(claims.get("sub", "")),
        orjson.dumps(dict(headers or {})).decode(), method, path, search_path,
    )  # fmt: skip
