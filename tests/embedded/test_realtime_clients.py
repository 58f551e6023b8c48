"""The official Python client, unmodified, against the embedded Realtime."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from realtime import AsyncRealtimeClient, RealtimePostgresChangesListenEvent, RealtimeSubscribeStates

from embedded.database import Database
from embedded.keys import Keys
from embedded.postgres import Postgres
from tests.embedded.realtime_support import POLICIES, serve, token


@pytest.fixture(scope="module")
async def url(database: Database, keys: Keys, postgres: Postgres) -> AsyncIterator[str]:
    await database.admin.execute(POLICIES)
    async with serve(database, keys, postgres.dsn()) as url:
        yield url
    for statement in POLICIES.split("create policy ")[1:]:
        await database.admin.execute(f"drop policy {statement.partition(' on ')[0]} on realtime.messages")


@pytest.fixture
async def client(url: str, keys: Keys) -> AsyncIterator[AsyncRealtimeClient]:
    client = AsyncRealtimeClient(url, keys.publishable_key)
    await client.connect()
    await client.set_auth(token(keys))
    yield client
    await client.close()
    for task in asyncio.all_tasks():  # it keeps a timer for each push that nobody answered
        if task.get_coro().__qualname__.startswith("AsyncPush."):  # type: ignore[union-attr]
            task.cancel()


def channel(client: AsyncRealtimeClient, topic: str, **config: Any) -> Any:
    params: Any = {
        "config": {
            "broadcast": {"ack": False, "self": True, "replication_ready": True},
            "presence": {"key": "me", "enabled": False},
            "private": True,
            **config,
        }
    }
    return client.channel(topic, params)


async def next_of(queue: asyncio.Queue[Any]) -> Any:
    return await asyncio.wait_for(queue.get(), 30)


async def test_a_private_channel_hears_the_database(client: AsyncRealtimeClient, database: Database):
    states: list[RealtimeSubscribeStates] = []
    heard: asyncio.Queue[Any] = asyncio.Queue()
    system: asyncio.Queue[Any] = asyncio.Queue()
    room = channel(client, "rt.rb.wb.py")
    room.on_broadcast("ev", heard.put_nowait)
    room.on_system(system.put_nowait)
    await room.subscribe(lambda state, _error: states.append(state))
    assert states == [RealtimeSubscribeStates.SUBSCRIBED]
    assert (await next_of(system)).message == "Replication connection established"
    await database.admin.execute("select realtime.send('{\"q\": 1}', 'ev', 'rt.rb.wb.py')")
    message = await next_of(heard)
    assert message["payload"] == {"q": 1, "id": message["meta"]["id"]}
    await room.send_broadcast("ev", {"by": "me"})
    assert (await next_of(heard))["payload"] == {"by": "me"}
    await room.unsubscribe()


async def test_presence(client: AsyncRealtimeClient):
    synced: asyncio.Queue[Any] = asyncio.Queue()
    room = channel(client, "rt.rb.rp.wp.py", presence={"key": "me", "enabled": True})
    room.on_presence_sync(lambda: synced.put_nowait(dict(room.presence_state())))
    await room.subscribe()
    assert await next_of(synced) == {}
    await room.track({"name": "one"})
    state = await next_of(synced)
    assert state["me"][0]["name"] == "one"
    await room.untrack()
    while await next_of(synced) != {}:
        pass


async def test_a_refused_join_is_told(client: AsyncRealtimeClient):
    told: asyncio.Queue[Any] = asyncio.Queue()
    room = channel(client, "rt.none")
    await room.subscribe(lambda state, error: told.put_nowait((state, str(error))))
    state, error = await next_of(told)
    assert state == RealtimeSubscribeStates.CHANNEL_ERROR
    assert "Unauthorized: You do not have permissions to read from this Channel topic: rt.none" in error


async def test_row_changes(client: AsyncRealtimeClient, database: Database):
    await database.admin.execute(
        "create table public.rc_client (id bigint primary key, body text); grant select on rc_client to authenticated;"
        "alter publication supabase_realtime add table rc_client"
    )
    heard: asyncio.Queue[Any] = asyncio.Queue()
    system: asyncio.Queue[Any] = asyncio.Queue()
    rows = channel(client, "rt.rb.rows")
    every, inserts = RealtimePostgresChangesListenEvent.All, RealtimePostgresChangesListenEvent.Insert
    rows.on_postgres_changes(every, lambda change: heard.put_nowait(("some", change)), "rc_client", filter="id=gt.1")
    rows.on_postgres_changes(inserts, lambda change: heard.put_nowait(("inserts", change)), "rc_client", select=["id"])
    rows.on_system(system.put_nowait)
    await rows.subscribe()
    assert {(await next_of(system)).message for _ in range(2)} == {
        "Replication connection established", "Subscribed to PostgreSQL",
    }  # fmt: skip
    try:
        await database.admin.execute(
            "insert into rc_client values (1, 'a'), (2, 'b'); delete from rc_client where id = 2"
        )
        told = [await next_of(heard) for _ in range(4)]
        assert sorted((which, one["data"]["type"], str(one["data"].get("record"))) for which, one in told) == [
            ("inserts", "INSERT", "{'id': 1}"),
            ("inserts", "INSERT", "{'id': 2}"),
            ("some", "DELETE", "None"),
            ("some", "INSERT", "{'id': 2, 'body': 'b'}"),
        ]
        await rows.unsubscribe()
    finally:
        await database.admin.execute("drop table rc_client")


async def test_a_refused_subscription_is_told(client: AsyncRealtimeClient):
    told: asyncio.Queue[Any] = asyncio.Queue()
    rows = channel(client, "rt.rb.nothing")
    rows.on_postgres_changes(RealtimePostgresChangesListenEvent.All, lambda _: None, "nothing")
    await rows.subscribe(lambda state, error: told.put_nowait((state, str(error))))
    assert (await next_of(told))[0] == RealtimeSubscribeStates.SUBSCRIBED
    state, error = await next_of(told)
    assert state == RealtimeSubscribeStates.CHANNEL_ERROR
    assert "Please check Realtime is enabled for the given connect parameters" in error
    await rows.unsubscribe()
