"""Realtime over the tables of changes.sql, and what subscribers say and hear."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from embedded.database import Database
from embedded.keys import Keys
from embedded.postgres import Postgres
from tests.embedded.realtime_support import Socket, serve

SCRIPT = Path(__file__).with_name("changes.sql")
TABLES = (
    "rc_items", "rc_full", "rc_notes", "rc_full_notes", "rc_no_key", "rc_hidden_key", "rc_pairs", "rc_types", "rc_large",
    "rc_large_full", "rc_unpublished",
)  # fmt: skip
SUBSCRIBED = {"message": "Subscribed to PostgreSQL", "status": "ok", "extension": "postgres_changes"}


@asynccontextmanager
async def serve_changes(database: Database, keys: Keys, postgres: Postgres) -> AsyncIterator[str]:
    """The URL of Realtime; the tables are gone afterwards."""
    await database.admin.execute(SCRIPT.read_text())
    try:
        async with serve(database, keys, postgres.dsn()) as url:
            yield url
    finally:
        await database.admin.execute(f"drop table {', '.join(TABLES)}; drop type rc_mood")


def binding(table: str | None = "rc_items", event: str = "*", schema: str = "public", **more: Any) -> dict[str, Any]:
    """What realtime-js sends for `channel.on("postgres_changes", …)`."""
    return {"event": event, "schema": schema, **({"table": table} if table else {}), **more}


async def subscribe(
    socket: Socket, *bindings: dict[str, Any], topic: str = "rc", access_token: str | None = None
) -> list[int]:
    """Joins, and waits until the subscription is live: the ids of the bindings."""
    reply = await socket.join(f"realtime:{topic}", access_token=access_token, postgres_changes=list(bindings))
    assert reply["status"] == "ok"
    assert await socket.event("system") == SUBSCRIBED | {"channel": topic}
    return [one["id"] for one in reply["response"]["postgres_changes"]]


async def refusal(socket: Socket, *bindings: Any, access_token: str | None = None) -> str:
    """Joins, and gives the reason why nothing is live."""
    reply = await socket.join("realtime:no", access_token=access_token, postgres_changes=list(bindings))
    assert reply["status"] == "ok"
    system = await socket.event("system")
    assert {key: system[key] for key in ("status", "extension", "channel")} == {
        "status": "error", "extension": "postgres_changes", "channel": "no",
    }  # fmt: skip
    return system["message"]


async def change(socket: Socket) -> dict[str, Any]:
    """The next change: its data."""
    return (await socket.event("postgres_changes"))["data"]


async def record(socket: Socket) -> dict[str, Any]:
    """The new row of the next change."""
    return (await change(socket))["record"]
