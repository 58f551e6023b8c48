"""Postgres Changes in a channel: C2, C3 and C5 with a scripted server, and a LiveTable of a table that is not announced."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from pydantic import BaseModel
from websockets.asyncio.server import ServerConnection

from state.api import Api, Project
from state.realtime.binding import Binding, RowFeed
from state.realtime.channel import REPLICATED, SUBSCRIBED
from state.realtime.connection import Connection
from state.sync.change import GONE, Change
from state.sync.live_table import LiveTable
from state.sync.query import Order, Query
from tests.state.peer import Peer
from tests.state.support import Account, Someone, until

NOTES = Binding("notes")
COLUMNS = [{"name": "id", "type": "int8"}, {"name": "body", "type": "text"}]
REFUSED = "Unable to subscribe to changes with given parameters. Please check Realtime is enabled"


class RowPeer(Peer):
    """`rows`: whether who asked for row changes is told that they are subscribed, or the reason of a refusal."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: bool | str = True

    def asked(self, topic: str) -> list[dict[str, Any]]:
        """The bindings of the last join."""
        return self.got("phx_join", topic)[-1]["payload"]["config"]["postgres_changes"]

    async def row(self, topic: str, **data: Any) -> None:
        """A row change, for all bindings of the last join."""
        change = {"schema": "public", "errors": None, "commit_timestamp": "2026-11-26T12:00:00.123Z", **data}
        await self.send(topic, "postgres_changes", {"data": change, "ids": list(range(1, len(self.asked(topic)) + 1))})

    async def told(self, topic: str, message: str, status: str = "ok") -> None:
        """What the server says of row changes."""
        payload = {"message": message, "status": status, "extension": "postgres_changes", "channel": topic}
        await self.send(topic, "system", payload)

    async def _answer(self, socket: ServerConnection, frame: dict[str, Any]) -> None:
        config = frame["payload"].get("config", {})
        if frame["event"] != "phx_join" or not config["postgres_changes"]:
            return await super()._answer(socket, frame)
        topic = frame["topic"].removeprefix("realtime:")
        bindings = [{"id": number, **binding} for number, binding in enumerate(config["postgres_changes"], 1)]
        reply = {"status": "ok", "response": {"postgres_changes": bindings}}
        await self.send(topic, "phx_reply", reply, frame["ref"])
        if self.ready and config["broadcast"].get("replication_ready"):
            await self.system(topic, REPLICATED)
        if isinstance(self.rows, str):
            await self.told(topic, self.rows, "error")
        elif self.rows:
            await self.told(topic, SUBSCRIBED)
        return None


@pytest.fixture
async def peer() -> AsyncIterator[RowPeer]:
    scripted = RowPeer()
    async with scripted:
        yield scripted


@pytest.fixture
async def connection(peer: RowPeer) -> AsyncIterator[Connection]:
    made = Connection(peer.url, "key", Someone(tokens=["a token", "another"]), uniform=lambda low, _: low / 100)
    made.open()
    yield made
    await made.close()


# C2, C3, C5 ----------------------------------------------------------------------------------------------------------


async def test_bindings_are_part_of_the_join_and_live_when_the_server_says_so(connection: Connection, peer: RowPeer):
    # C2, trap 6: a reply to the join is not enough.
    peer.rows = False
    heard: list[Change] = []
    channel = connection.channel("rows:notes")
    unbind = channel.on_postgres_changes(Binding("notes", filter="id=gt.1"), heard.append)
    await until(lambda: channel.stage == "joined")
    join = peer.got("phx_join", "rows:notes")[-1]["payload"]["config"]
    assert join["postgres_changes"] == [{"event": "*", "schema": "public", "table": "notes", "filter": "id=gt.1"}]
    assert join["private"] is False
    await peer.told("rows:notes", SUBSCRIBED)
    await until(lambda: channel.live)
    await peer.row("rows:notes", table="notes", type="INSERT", columns=COLUMNS, record={"id": 7, "body": "b"})
    await until(lambda: heard)
    at = datetime(2026, 11, 26, 12, 0, 0, 123000, UTC)
    assert heard == [Change("notes", "INSERT", records=[{"id": 7, "body": "b"}], at=at)]
    unbind()
    await peer.heard("phx_leave", "rows:notes")  # C1


async def test_a_feed_with_bindings_waits_for_both(connection: Connection, peer: RowPeer):
    # C2
    peer.rows = peer.ready = False
    channel = connection.channel("world")
    unbind = channel.on_postgres_changes(NOTES, lambda _: None)
    await until(lambda: channel.stage == "joined")
    assert peer.got("phx_join", "world")[-1]["payload"]["config"]["private"] is True
    await peer.system("world", REPLICATED)
    await peer.broadcast("world", "after", {})
    events = connection.events
    await until(lambda: connection.events > events)
    assert channel.stage == "joined"
    await peer.told("world", SUBSCRIBED)
    await until(lambda: channel.live)
    unbind()


async def test_a_binding_added_later_makes_the_channel_join_again(connection: Connection, peer: RowPeer):
    # C5: once for all that are added together; those there already stay, and a second listener needs no join.
    channel = connection.channel("world")
    gaps: list[None] = []
    channel.on_live(lambda: gaps.append(None))
    stay = channel.on_broadcast("e", lambda _: None)
    await until(lambda: channel.live)
    heard: list[Change] = []
    done = [channel.on_postgres_changes(Binding(table), heard.append) for table in ("notes", "tasks", "notes")]
    await until(lambda: len(gaps) == 2)
    assert len(peer.got("phx_join", "world")) == 2
    assert [one["table"] for one in peer.asked("world")] == ["notes", "tasks"]
    done.append(channel.on_postgres_changes(NOTES, heard.append))
    await peer.row("world", table="notes", type="DELETE", columns=COLUMNS, old_record={"id": 1})
    await until(lambda: len(heard) >= 4)
    assert len(peer.got("phx_join", "world")) == 2
    for unbind in done:
        unbind()
        unbind()
    assert channel.bindings == ()
    assert channel.live
    await peer.socket.close()
    await until(lambda: len(gaps) == 3)
    assert peer.asked("world") == []  # left out of the next join
    assert connection.sockets == 2  # and none was lost before
    stay()


async def test_a_refused_subscription_refuses_the_channel_and_no_other(connection: Connection, peer: RowPeer):
    # C3, traps 3 and 10: no join is sent again by itself, and no socket is lost for it.
    peer.rows = REFUSED
    world, channel = connection.channel("world"), connection.channel("rows:notes")
    stay = world.on_broadcast("e", lambda _: None)
    unbind = channel.on_postgres_changes(NOTES, lambda _: None)
    await until(lambda: channel.stage == "refused")
    assert channel.error == REFUSED
    await peer.heard("phx_leave", "rows:notes")
    await until(lambda: world.live and connection.status.state == "live")
    # A new token is a new chance.
    peer.rows = True
    await connection.push_token("another")
    await until(lambda: channel.live)
    assert len(peer.got("phx_join", "rows:notes")) == 2
    assert connection.sockets == 1
    unbind()
    stay()


async def test_a_subscription_that_fails_otherwise_is_tried_with_a_new_socket(connection: Connection, peer: RowPeer):
    peer.rows = "Something broke on the way to Postgres"
    channel = connection.channel("rows:notes")
    unbind = channel.on_postgres_changes(NOTES, lambda _: None)
    await until(lambda: connection.sockets >= 2)
    peer.rows = True
    await until(lambda: channel.live)
    unbind()


async def test_a_second_subscription_is_a_gap(connection: Connection, peer: RowPeer):
    # C2: after a new token the server subscribes anew.
    channel = connection.channel("rows:notes")
    gaps: list[None] = []
    unbind = channel.on_postgres_changes(NOTES, lambda _: None)
    channel.on_live(lambda: gaps.append(None))
    await until(lambda: len(gaps) == 1)
    await peer.told("rows:notes", SUBSCRIBED)
    await until(lambda: len(gaps) == 2)
    unbind()


# What a Change is made of ----------------------------------------------------------------------------------------------


def data(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "type": kind, "table": "notes", "schema": "public", "columns": COLUMNS, "errors": None,
        "commit_timestamp": "2026-11-26T12:00:00.123Z", **more,
    }  # fmt: skip


def test_a_row_change_is_a_change_like_any_other():
    whole = {"id": 1, "body": "b"}
    update = Change.of_row(data("UPDATE", record=whole, old_record={"id": 1}), "id")
    assert (update.operation, update.records, update.old_keys, update.refetch) == ("UPDATE", [whole], [], False)
    moved = Change.of_row(data("UPDATE", record=whole, old_record={"id": 2}), "id")
    assert (moved.records, moved.old_keys) == ([whole], [{"id": 2, "version": GONE}])
    key_only = Change.of_row(data("DELETE", old_record={"id": 1}), "id")
    assert (key_only.records, key_only.old_keys) == ([], [{"id": 1, "version": GONE}])
    known = Change.of_row(data("DELETE", old_record={"id": 1, "body": "b", "version": 7}), "id")
    assert known.old_keys == [{"id": 1, "version": 7}]


@pytest.mark.parametrize(
    "told",
    [
        data("INSERT", record={}, columns=[], errors=["Error 401: Unauthorized"]),
        data("UPDATE", record={"id": 1}, old_record={"id": 1}),  # a value that was stored apart and left alone
        data("INSERT", record={"id": 1}, errors=["Error 413: Payload Too Large"]),
    ],
)
def test_a_row_that_did_not_come_whole_is_to_be_fetched(told: dict[str, Any]):
    change = Change.of_row(told, "id")
    assert (change.refetch, change.records, change.old_keys) == (True, [], [])


# The whole way: a table that is published and not announced ------------------------------------------------------------


class Note(BaseModel):
    """A row of `foreign_notes`."""

    id: UUID
    owner: UUID
    body: str
    version: int


@pytest.fixture(scope="module")
async def foreign(db: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:
    """A table as somebody else's migration would have made it."""
    await db.execute(
        """
        create table public.foreign_notes (
          id uuid primary key default gen_random_uuid(), owner uuid not null, body text not null,
          version bigint not null generated always as identity
        );
        alter table public.foreign_notes enable row level security;
        create policy own on public.foreign_notes for select to authenticated using (owner = (select auth.uid()));
        grant select on public.foreign_notes to authenticated;
        alter publication supabase_realtime add table public.foreign_notes;
        """
    )
    yield db
    await db.execute("drop table public.foreign_notes")


async def write(db: asyncpg.Connection, owner: UUID, body: str) -> UUID:
    id = uuid4()
    await db.execute("insert into foreign_notes (id, owner, body) values ($1, $2, $3)", id, owner, body)
    return id


async def edit(db: asyncpg.Connection, id: UUID, body: str) -> None:
    await db.execute("update foreign_notes set body = $2, version = default where id = $1", id, body)


async def test_a_live_table_of_a_foreign_table(
    foreign: asyncpg.Connection, project: Project, account: Callable[[], Awaitable[Account]]
):
    owner, stranger = await account(), await account()
    connection = Connection(project.realtime_url, project.key, owner.identity, uniform=lambda low, _: low / 100)
    channel = connection.channel("rows:foreign_notes")
    feed = RowFeed(channel, Binding("foreign_notes"))
    query = Query("foreign_notes", order=(Order("body"),))
    table = LiveTable(query, Note, Api(project, owner.identity), feed, freshness=connection.freshness)
    first = await write(foreign, owner.id, "a")
    heard: list[str] = []
    feed.on_change("foreign_notes", lambda change: heard.extend(row["body"] for row in change.records))
    connection.open()
    table.open()
    try:
        await until(lambda: channel.live and table.phase == "ready" and table.fetches >= 2)
        fetches = table.fetches
        await write(foreign, stranger.id, "hidden")
        second = await write(foreign, owner.id, "b")
        await edit(foreign, first, "c")
        await until(lambda: [row.body for row in table.rows] == ["b", "c"], "told, one by one")
        await foreign.execute("delete from foreign_notes where id = $1", second)
        await until(lambda: [row.body for row in table.rows] == ["c"])
        assert {"b", "c"} <= set(heard) <= {"a", "b", "c"}  # not the stranger's
        assert table.fetches == fetches
        # An outage, and what was written in it.
        connection.pause()
        await until(lambda: connection.status.state == "offline")
        await edit(foreign, first, "d")
        await write(foreign, owner.id, "e")
        connection.reconnect()
        await until(lambda: channel.live and [row.body for row in table.rows] == ["d", "e"], "caught up")
        # What comes after it is told again.
        await edit(foreign, first, "f")
        await until(lambda: [row.body for row in table.rows] == ["e", "f"])
    finally:
        await table.close()
        await connection.close()
        await foreign.execute("delete from foreign_notes")


async def test_a_table_that_is_not_published_is_refused(project: Project, account: Callable[[], Awaitable[Account]]):
    connection = Connection(project.realtime_url, project.key, (await account()).identity)
    channel = connection.channel("rows:unpublished")
    unbind = channel.on_postgres_changes(Binding(f"t{uuid4().hex}"), lambda _: None)
    connection.open()
    await until(lambda: channel.stage == "refused")
    assert "Please check Realtime is enabled for the given connect parameters" in (channel.error or "")
    await until(lambda: connection.status.state == "live")
    assert connection.sockets == 1
    unbind()
    await connection.close()
