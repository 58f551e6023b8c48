"""Subscribing to row changes, what a change looks like on the wire, and the order of changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from embedded.database import Database
from embedded.keys import Keys
from embedded.realtime import SLOT
from embedded.realtime.changes import feed
from embedded.realtime.changes.bindings import binding_id
from embedded.realtime.sight import Snapshot
from tests.embedded.changes_support import SUBSCRIBED, binding, change, record, refusal, subscribe
from tests.embedded.realtime_support import Socket, open_socket

COLUMNS = [
    {"name": "id", "type": "int8"}, {"name": "k", "type": "text"}, {"name": "n", "type": "int4"},
    {"name": "score", "type": "numeric"}, {"name": "flag", "type": "bool"}, {"name": "at", "type": "timestamptz"},
]  # fmt: skip


@pytest.fixture
async def socket(changes_url: str, keys: Keys, database: Database) -> AsyncIterator[Socket]:
    await database.admin.execute("truncate rc_items restart identity")
    async with open_socket(changes_url, keys.anon_key) as socket:
        yield socket


@pytest.fixture
async def v1(changes_url: str, keys: Keys) -> AsyncIterator[Socket]:
    async with open_socket(changes_url, keys.anon_key, 1) as socket:
        yield socket


async def test_a_join_lists_its_bindings_as_given_with_ids(socket: Socket):
    asked = [binding(filter="k=eq.zz"), None, binding("rc_full", "INSERT"), binding(filter="k=eq.zz")]
    await socket.send("realtime:jsx", "phx_join", {"config": {"postgres_changes": asked}}, "6", "6")
    join_ref, ref, topic, event, payload = await socket.receive()
    assert (join_ref, ref, topic, event, payload["status"]) == ("6", "6", "realtime:jsx", "phx_reply", "ok")
    first, second, third = payload["response"]["postgres_changes"]
    assert first == third == {"id": first["id"], **binding(filter="k=eq.zz")}
    assert second == {"id": second["id"], **binding("rc_full", "INSERT")}
    assert first["id"] != second["id"]
    assert all(0 <= one["id"] < 2**27 for one in (first, second))
    system = {"channel": "jsx", **SUBSCRIBED}
    assert await socket.receive() == ["6", None, "realtime:jsx", "system", system]


async def test_a_change_in_both_versions(socket: Socket, v1: Socket, database: Database):
    insert, everything = await subscribe(v1, binding(event="insert"), binding(event="nonsense"))
    [deletion] = await subscribe(socket, binding(event="DELETE"))
    await database.admin.execute(
        "insert into rc_items (k, n, score, flag, at) values ('héllo 😀', 1, 1.50, true, '2024-01-02 02:04:05.678901+01')"
    )
    frame = await v1.receive()
    data, ids = frame["payload"].pop("data"), frame["payload"].pop("ids")
    assert frame == {"ref": None, "event": "postgres_changes", "payload": {}, "topic": "realtime:rc"}
    assert sorted(ids) == sorted([insert, everything])
    assert data.pop("commit_timestamp").endswith("Z")
    row = {
        "id": 1, "k": "héllo 😀", "n": 1, "score": 1.5, "flag": True, "at": "2024-01-02T01:04:05.678901+00:00",
    }  # fmt: skip
    assert data == {
        "schema": "public", "table": "rc_items", "type": "INSERT", "record": row, "columns": COLUMNS, "errors": None,
    }  # fmt: skip
    await database.admin.execute("update rc_items set n = 2")
    data = await change(v1)
    assert (data["type"], data["record"], data["old_record"]) == ("UPDATE", row | {"n": 2}, {"id": 1})
    await database.admin.execute("delete from rc_items")
    join_ref, ref, topic, event, payload = await socket.receive()
    assert (join_ref, ref, topic, event) == (None, None, "realtime:rc", "postgres_changes")
    assert payload["ids"] == [deletion]
    assert payload["data"].keys() == {
        "schema", "table", "type", "old_record", "columns", "errors", "commit_timestamp",
    }  # fmt: skip
    assert payload["data"]["old_record"] == {"id": 1}


async def test_full_identity_tells_the_row_before(socket: Socket, database: Database):
    await subscribe(socket, binding("rc_full"))
    await database.admin.execute("insert into rc_full values (1, 'a', 'b'); update rc_full set body = 'c' where id = 1")
    assert "old_record" not in await change(socket)
    update = await change(socket)
    assert update["old_record"] == {"id": 1, "owner": "a", "body": "b"}
    assert update["record"] == {"id": 1, "owner": "a", "body": "c"}
    await database.admin.execute("delete from rc_full")
    deletion = await change(socket)
    assert deletion["old_record"] == {"id": 1, "owner": "a", "body": "c"}
    assert "record" not in deletion


@pytest.mark.parametrize(
    "asked",
    [
        {"schema": "public"},
        {"table": "rc_items"},
        {"schema": "*", "table": "*"},
        {"schema": "publi_", "table": "rc_item%"},
        {"event": 7, "schema": "public", "table": "rc_items", "filter": "  "},
    ],
)
async def test_names_match_by_like(socket: Socket, database: Database, asked: dict[str, Any]):
    await subscribe(socket, asked)
    await database.admin.execute("insert into rc_items (k) values ('x')")
    assert (await record(socket))["k"] == "x"


async def test_one_event_for_a_channel_and_nothing_for_others(socket: Socket, v1: Socket, database: Database):
    one, other = binding(), binding("rc_%")
    await subscribe(v1, binding("rc_full"))
    first, second, third = await subscribe(socket, one, other, one)
    assert first == third != second
    await database.admin.execute("insert into rc_items (k) values ('x')")
    assert sorted((await socket.event("postgres_changes"))["ids"]) == sorted([first, first, second])
    assert await socket.quiet()
    assert await v1.quiet()


async def test_selected_columns_and_the_key(socket: Socket, database: Database):
    n, nothing = await subscribe(socket, binding(select=["n"]), binding(select=[]))
    await database.admin.execute("insert into rc_items (k, n) values ('x', 1); update rc_items set n = 2")
    told = [await socket.event("postgres_changes") for _ in range(4)]
    records = {(one["data"]["type"], *one["ids"]): one["data"]["record"] for one in told}
    assert records == {
        ("INSERT", n): {"id": 1, "n": 1}, ("INSERT", nothing): {"id": 1},
        ("UPDATE", n): {"id": 1, "n": 2}, ("UPDATE", nothing): {"id": 1},
    }  # fmt: skip
    assert [column["name"] for column in told[0]["data"]["columns"]] in (["id"], ["id", "n"])


async def test_changes_come_in_order_and_whole(socket: Socket, database: Database):
    # F1: commit order, and statement order within a transaction; what is rolled back never was.
    await subscribe(socket, binding())
    async with database.admin.acquire() as early, database.admin.acquire() as late:
        transaction = early.transaction()
        await transaction.start()
        await early.execute("insert into rc_items (k) values ('first written, last committed')")
        await late.execute("insert into rc_items (k) select 'row ' || n from generate_series(1, 1000) n")
        await early.execute("update rc_items set n = 1 where id = 1")
        await transaction.commit()
        transaction = late.transaction()
        await transaction.start()
        await late.execute("insert into rc_items (k) values ('never')")
        await transaction.rollback()
    changes = [await change(socket) for _ in range(1002)]
    assert [one["record"]["k"] for one in changes[:1000]] == [f"row {n}" for n in range(1, 1001)]
    assert [one["type"] for one in changes[1000:]] == ["INSERT", "UPDATE"]
    assert len({one["commit_timestamp"] for one in changes[:1000]}) == 1
    assert changes[1000]["commit_timestamp"] == changes[1001]["commit_timestamp"]
    await database.admin.execute("truncate rc_items")
    await database.admin.execute("insert into rc_items (id, k) values (1, 'a') on conflict (id) do update set k = 'b'")
    await database.admin.execute("insert into rc_items (id, k) values (1, 'a') on conflict (id) do update set k = 'b'")
    assert [(await change(socket))["type"] for _ in range(2)] == ["INSERT", "UPDATE"]
    await database.admin.execute("update rc_items set k = k")
    assert (await change(socket))["type"] == "UPDATE"


async def test_a_join_without_config_is_told_in_the_old_way(socket: Socket, database: Database):
    await socket.send("realtime:public:rc_items:k=eq.x", "phx_join", {}, "1", "1")
    assert (await socket.event("system"))["message"] == "Subscribed to PostgreSQL"
    await database.admin.execute("insert into rc_items (k) values ('y'), ('x')")
    join_ref, ref, topic, event, payload = await socket.receive()
    assert (join_ref, ref, topic, event) == (None, None, "realtime:public:rc_items:k=eq.x", "INSERT")
    assert (payload["table"], payload["record"]["k"]) == ("rc_items", "x")


async def test_who_left_hears_nothing(socket: Socket, database: Database):
    await subscribe(socket, binding(), topic="left")
    await subscribe(socket, binding(), topic="stays")
    await socket.send("realtime:left", "phx_leave", {}, "2", "1")
    await socket.event("phx_close")
    await database.admin.execute("insert into rc_items (k) values ('x')")
    assert (await socket.receive())[2] == "realtime:stays"
    assert await socket.quiet()


async def test_a_table_published_later_is_there_for_new_and_old_subscriptions(
    socket: Socket, v1: Socket, database: Database
):
    await subscribe(v1, binding("rc_%"))
    assert "Please check Realtime is enabled" in await refusal(socket, binding("rc_later"))
    await database.admin.execute(
        "create table rc_later (id int primary key); grant select on rc_later to anon;"
        "alter publication supabase_realtime add table rc_later"
    )
    try:
        await subscribe(socket, binding("rc_later"), topic="later")
        await database.admin.execute("insert into rc_later values (1)")
        assert (await record(socket)) == (await record(v1)) == {"id": 1}
        await database.admin.execute("alter table rc_later add column more text default 'm'")
        await database.admin.execute("insert into rc_later values (2)")
        assert (await record(socket)) == {"id": 2, "more": "m"}
        await database.admin.execute("alter publication supabase_realtime drop table rc_later")
        await database.admin.execute("insert into rc_later values (3)")
        await database.admin.execute("insert into rc_items (k) values ('after')")
        assert (await record(v1)) == {"id": 2, "more": "m"}
        assert (await record(v1))["k"] == "after"
        assert await socket.quiet()
    finally:
        await database.admin.execute("drop table rc_later")


async def test_what_was_there_before_is_not_told(socket: Socket, database: Database):
    # However late the stream is: nothing of what could be seen already, and everything that could not.
    for number in range(20):
        async with database.admin.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute("insert into rc_items (k) values ('open')")
            await database.admin.execute("insert into rc_items (k) select 'before' from generate_series(1, 100)")
            await subscribe(socket, binding(), topic=f"late{number}")
            await transaction.commit()
            assert (await record(socket))["k"] == "open"
            await socket.send(f"realtime:late{number}", "phx_leave", {}, "2", "1")
            await socket.event("phx_close")


@pytest.mark.parametrize(
    ("binding", "number"),
    [
        ({"event": "INSERT", "schema": "public", "table": "rt_items", "filter": "k=eq.zz"}, 7828488),
        ({"event": "*", "schema": "public", "table": "rt_items", "filter": "k=eq.p2"}, 110692556),
        ({"event": "INSERT", "schema": "public", "table": "rt_items"}, 56959609),
        ({"event": "*", "schema": "public", "table": "rt_no_pk"}, 49275968),
        ({"table": "rt_full", "event": "DELETE", "schema": "public"}, 115144261),
    ],
)
def test_ids_are_those_that_the_real_server_gave(binding: dict[str, str], number: int):
    assert binding_id(binding) == number


def test_any_binding_has_an_id():
    assert 0 <= binding_id({"schema": "", "table": "é" * 5, "select": ["a"], "n": 2**40}) < 2**27


def test_a_snapshot_knows_transactions_by_half_their_number():
    snapshot = Snapshot.parse(f"{2**32 - 3}:{2**32 + 5}:{2**32 - 3},{2**32 + 2}")
    assert [snapshot.shows(number) for number in (2**32 - 4, 2**32 - 3, 2**32 - 2, 1, 2, 4, 5, 6)] == [
        True, False, True, True, False, True, False, False,
    ]  # fmt: skip
    assert Snapshot.parse("7:7:").shows(6)


async def test_a_lost_stream_loses_no_change_and_repeats_none(socket: Socket, database: Database):
    # F1, and invariant 1 of the stream
    await subscribe(socket, binding())
    end_stream = "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1"
    for number in range(0, 20, 2):
        await database.admin.execute("insert into rc_items (n) values ($1)", number)
        await database.admin.execute(end_stream, SLOT)
        await database.admin.execute("insert into rc_items (n) values ($1)", number + 1)
    assert [(await record(socket))["n"] for _ in range(20)] == list(range(20))
    assert await socket.quiet()


async def test_a_queue_that_is_full_is_said(
    socket: Socket, v1: Socket, database: Database, monkeypatch: pytest.MonkeyPatch
):
    # F3
    await subscribe(socket, binding())
    await v1.join("realtime:not subscribed")
    monkeypatch.setattr(feed, "MAX_WAITING", 3)
    await database.admin.execute("insert into rc_items (k) select n::text from generate_series(1, 300) n")
    system = await socket.event("system")
    assert system == {"message": feed.GAP, "status": "error", "extension": "system", "channel": "rc"}
    assert (await socket.receive())[3] == "phx_close"
    assert await v1.quiet()
    monkeypatch.undo()
    await subscribe(socket, binding())
    await database.admin.execute("insert into rc_items (k) values ('again')")
    assert (await record(socket))["k"] == "again"


async def test_broadcasts_pass_changes_that_wait(socket: Socket, v1: Socket, database: Database):
    # F2: here a policy takes its time, and nobody else waits for it.
    await database.admin.execute(
        "create policy slow on rc_pairs as restrictive for select to anon"
        "  using ((select pg_advisory_xact_lock_shared(77)) is not null)"
    )
    await subscribe(socket, binding("rc_pairs"), binding())
    await v1.join("realtime:aloud")
    async with database.admin.acquire() as blocker, blocker.transaction():
        await blocker.execute("select pg_advisory_xact_lock(77)")
        await database.admin.execute("insert into rc_pairs values ('a', 1, 'b')")
        await database.admin.execute("insert into rc_items (k) values ('x')")
        for _ in range(3):
            await database.admin.execute("select realtime.send('{}', 'e', 'aloud', false)")
            assert (await v1.event("broadcast"))["event"] == "e"
        assert await socket.quiet()
    assert [(await change(socket))["table"] for _ in range(2)] == ["rc_pairs", "rc_items"]  # F1
    await database.admin.execute("drop policy slow on rc_pairs; delete from rc_pairs")


async def test_sockets_of_a_topic_share_their_frame(changes_url: str, keys: Keys, database: Database):
    async with open_socket(changes_url, keys.anon_key) as one, open_socket(changes_url, keys.anon_key) as other:
        await subscribe(one, binding())
        await subscribe(other, binding())
        await database.admin.execute("insert into rc_items (k) values ('x')")
        frames = await asyncio.gather(one.raw.recv(), other.raw.recv())
    assert frames[0] == frames[1]
    assert orjson.loads(frames[0])[4]["data"]["record"]["k"] == "x"
