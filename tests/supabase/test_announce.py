"""`live.announce`: one message per statement and topic, for tables of the tests' own that are rolled back afterwards."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest

from embedded.stack import Address
from tests.embedded.realtime_support import open_socket
from tests.supabase.people import Person

TABLES = """
create schema stage;

create table stage.circles (id uuid primary key default gen_random_uuid(), name text unique);

-- One topic or none.
create table stage.notes (
  id uuid primary key default gen_random_uuid(), circle text, body text default '', owner uuid references stage.circles on delete cascade,
  reader uuid references stage.circles on delete set null,
  created_at timestamptz, updated_at timestamptz, version bigint);
create trigger stamp before insert or update on stage.notes for each row execute function live.stamp();
select live.announce('stage.notes', $$'stage:' || circle$$);

-- Several topics.
create table stage.shared (
  id int primary key, circles text[], body text, secret text default 'hush',
  created_at timestamptz, updated_at timestamptz, version bigint);
create trigger stamp before insert or update on stage.shared for each row execute function live.stamp();
select live.announce('stage.shared', $$(select array_agg('stage:' || c) from unnest(circles) c)$$, array['body']);

-- Names that need quoting, and a key of two columns.
create table stage."Odd ""one"" too" (
  "select" int, n int, "Circle" text, "from" text, created_at timestamptz, updated_at timestamptz, version bigint,
  primary key ("select", n));
create trigger stamp before insert or update on stage."Odd ""one"" too" for each row execute function live.stamp();
select live.announce('stage."Odd ""one"" too"', $$'stage:' || "Circle"$$, array['from']);
"""

SENT = """
select id, topic, event, private, extension, payload from realtime.messages
where topic like 'stage:%' order by (payload ->> 'at')::timestamptz
"""


@dataclass
class Stage:
    """Statements, and what each of them announced."""

    sql: asyncpg.Connection
    seen: set[Any] = field(default_factory=set)

    async def run(self, statement: str, *arguments: Any) -> list[tuple[str, dict[str, Any]]]:
        """Topics (without `stage:`) and payloads of the messages that the statement sent, in their order."""
        await self.sql.execute(statement, *arguments)
        return await self.sent()

    async def sent(self) -> list[tuple[str, dict[str, Any]]]:
        messages = [row for row in await self.sql.fetch(SENT) if row["id"] not in self.seen]
        self.seen |= {row["id"] for row in messages}
        for row in messages:
            assert (row["event"], row["private"], row["extension"]) == ("change", True, "broadcast")
        return [(row["topic"].removeprefix("stage:"), json.loads(row["payload"])) for row in messages]

    async def row(self, query: str) -> dict[str, Any]:
        """One row as JSON."""
        return json.loads(str(await self.sql.fetchval(f"select to_jsonb(r) from ({query}) r")))


@pytest.fixture
async def stage(supabase: Address) -> AsyncIterator[Stage]:
    connection = await asyncpg.connect(supabase.db_url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(TABLES)
    yield Stage(connection)
    await transaction.rollback()
    await connection.close()


def brief(sent: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, str, int, int]]:
    """topic, operation, number of records, number of old keys"""
    return [(topic, m["operation"], len(m["records"]), len(m["old_keys"])) for topic, m in sent]


async def test_one_message_per_statement_and_topic(stage: Stage):
    sent = await stage.run(
        "insert into stage.notes (circle, body) values ('a', 'one'), ('b', 'two'), ('a', 'three'), (null, 'four')"
    )
    assert sorted(brief(sent)) == [("a", "INSERT", 2, 0), ("b", "INSERT", 1, 0)]
    (b,) = (message for topic, message in sent if topic == "b")
    assert b.keys() == {"id", "table", "operation", "records", "old_keys", "at"}
    assert b["table"] == "notes"
    assert b["records"] == [await stage.row("select * from stage.notes where circle = 'b'")]

    assert sorted(brief(await stage.run("update stage.notes set body = body || '!'"))) == [
        ("a", "UPDATE", 2, 0),
        ("b", "UPDATE", 1, 0),
    ]
    version = await stage.sql.fetchval("select version from stage.notes where circle = 'b'")
    sent = await stage.run("delete from stage.notes")
    assert sorted(brief(sent)) == [("a", "DELETE", 0, 2), ("b", "DELETE", 0, 1)]
    (b,) = (message for topic, message in sent if topic == "b")
    assert b["old_keys"] == [{"id": b["old_keys"][0]["id"], "version": version}]


async def test_many_rows_are_one_message(stage: Stage):
    sent = await stage.run("insert into stage.notes (circle) select 'a' from generate_series(1, 500)")
    assert brief(sent) == [("a", "INSERT", 500, 0)]


async def test_what_touches_no_row_says_nothing(stage: Stage):
    await stage.run("insert into stage.notes (circle) values ('a'), (null)")
    assert await stage.run("update stage.notes set body = 'x' where circle = 'z'") == []
    assert await stage.run("delete from stage.notes where circle = 'z'") == []
    assert await stage.run("insert into stage.notes (circle) select 'a' where false") == []


async def test_a_circle_hears_of_its_own_rows_only(stage: Stage):
    await stage.run("insert into stage.notes (circle) values ('a'), ('b'), (null)")
    assert brief(await stage.run("update stage.notes set body = 'x' where circle = 'b'")) == [("b", "UPDATE", 1, 0)]
    assert await stage.run("update stage.notes set body = 'y' where circle is null") == []
    assert await stage.run("delete from stage.notes where circle is null") == []


async def test_a_row_that_moves_leaves_the_first_circle_with_its_new_version(stage: Stage):
    await stage.run("insert into stage.notes (circle) values ('a'), ('a')")
    sent = dict(
        await stage.run(
            "update stage.notes set circle = 'b', body = 'not for a' where id = (select max(id::text)::uuid from stage.notes)"
        )
    )
    row = await stage.row("select * from stage.notes where circle = 'b'")
    assert sent.keys() == {"a", "b"}
    assert (sent["a"]["operation"], sent["a"]["records"]) == ("UPDATE", [])
    assert sent["a"]["old_keys"] == [{"id": row["id"], "version": row["version"]}]
    assert (sent["b"]["records"], sent["b"]["old_keys"]) == ([row], [])

    assert brief(await stage.run("update stage.notes set circle = null where circle = 'b'")) == [("b", "UPDATE", 0, 1)]
    assert brief(await stage.run("update stage.notes set circle = 'b' where circle is null")) == [("b", "UPDATE", 1, 0)]
    # One statement in which rows come, stay and go.
    await stage.run("insert into stage.notes (circle) values ('b'), ('c')")
    sent = await stage.run(
        "update stage.notes set circle = case circle when 'a' then 'b' when 'c' then 'a' else circle end"
    )
    assert sorted(brief(sent)) == [("a", "UPDATE", 1, 1), ("b", "UPDATE", 3, 0), ("c", "UPDATE", 0, 1)]


async def test_a_row_may_have_several_circles_and_keep_some(stage: Stage):
    sent = await stage.run(
        "insert into stage.shared values (1, '{a,b}', 'x'), (2, '{}', 'y'), (3, null, 'z'), (4, array['a', null], 'w')"
    )
    assert sorted(brief(sent)) == [("a", "INSERT", 2, 0), ("b", "INSERT", 1, 0)]
    sent = dict(await stage.run("update stage.shared set circles = '{b,c}' where id = 1"))
    assert {topic: (len(m["records"]), len(m["old_keys"])) for topic, m in sent.items()} == {
        "a": (0, 1),
        "b": (1, 0),
        "c": (1, 0),
    }
    assert sorted(brief(await stage.run("delete from stage.shared"))) == [
        ("a", "DELETE", 0, 1), ("b", "DELETE", 0, 1), ("c", "DELETE", 0, 1),
    ]  # fmt: skip


async def test_records_carry_the_columns_asked_for_with_key_and_version(stage: Stage):
    ((_, message),) = await stage.run("insert into stage.shared values (1, '{a}', 'x')")
    assert message["records"] == [{"id": 1, "body": "x", "version": message["records"][0]["version"]}]
    ((_, message),) = await stage.run("update stage.shared set secret = 'told' where id = 1")
    assert message["records"][0].keys() == {"id", "body", "version"}


async def test_names_that_need_quoting_and_keys_of_two_columns(stage: Stage):
    odd = 'stage."Odd ""one"" too"'
    sent = await stage.run(f"""insert into {odd} values (1, 1, 'a', 'x'), (1, 2, 'a', 'y')""")
    assert brief(sent) == [("a", "INSERT", 2, 0)]
    assert sent[0][1]["table"] == 'Odd "one" too'
    sent = dict(await stage.run(f"""update {odd} set "Circle" = 'b' where n = 2"""))
    version = sent["b"]["records"][0]["version"]
    assert sent["b"]["records"] == [{"select": 1, "n": 2, "from": "y", "version": version}]
    assert sent["a"]["old_keys"] == [{"select": 1, "n": 2, "version": version}]
    ((_, message),) = await stage.run(f"delete from {odd} where n = 1")
    assert [key.keys() for key in message["old_keys"]] == [{"select", "n", "version"}]


async def test_cascades_are_announced_too(stage: Stage):
    await stage.run("""
        with circle as (insert into stage.circles (name) values ('x') returning id),
             reader as (insert into stage.circles (name) values ('y') returning id)
        insert into stage.notes (circle, owner, reader) select c, circle.id, reader.id from circle, reader, unnest(array['a', 'a', 'b']) c""")
    sent = await stage.run("delete from stage.circles where name = 'y'")
    assert sorted(brief(sent)) == [("a", "UPDATE", 2, 0), ("b", "UPDATE", 1, 0)]
    assert {record["reader"] for _, message in sent for record in message["records"]} == {None}
    assert sorted(brief(await stage.run("delete from stage.circles where name = 'x'"))) == [
        ("a", "DELETE", 0, 2),
        ("b", "DELETE", 0, 1),
    ]


async def test_an_upsert_tells_what_it_changed_before_what_it_added(stage: Stage):
    await stage.run("insert into stage.shared values (1, '{a}', 'old')")
    sent = await stage.run("""
        insert into stage.shared values (2, '{a}', 'added'), (1, '{a}', 'changed')
        on conflict (id) do update set body = excluded.body""")
    assert [(message["operation"], [r["id"] for r in message["records"]]) for _, message in sent] == [
        ("UPDATE", [1]),
        ("INSERT", [2]),
    ]
    assert brief(
        await stage.run("insert into stage.shared values (1, '{a}', 'x'), (3, '{a}', 'y') on conflict do nothing")
    ) == [("a", "INSERT", 1, 0)]


async def test_what_is_rolled_back_was_never_said(stage: Stage):
    inner = stage.sql.transaction()
    await inner.start()
    assert len(await stage.run("insert into stage.notes (circle) values ('a')")) == 1
    await inner.rollback()
    stage.seen.clear()
    assert await stage.sent() == []


async def test_too_large_a_message_asks_to_fetch_again(stage: Stage):
    sent = await stage.run(
        "insert into stage.notes (circle, body) values ('a', repeat('x', 199000)), ('b', repeat('x', 200001)), ('c', repeat('é', 100001))"
    )
    shapes = {topic: message.keys() - {"id", "at"} for topic, message in sent}
    assert shapes["a"] == {"table", "operation", "records", "old_keys"}
    assert shapes["b"] == shapes["c"] == {"table", "operation", "refetch"}  # bytes count, not letters
    assert dict(sent)["b"]["refetch"] is True
    sizes = [len(json.dumps(message, ensure_ascii=False).encode()) for _, message in sent]
    assert max(sizes) < 256_000  # from there on hosted projects refuse a payload


async def test_versions_and_times_are_the_databases(stage: Stage):
    await stage.run("insert into stage.notes (circle, version, created_at) values ('a', 9e15, '2000-01-01')")
    first = await stage.row("select * from stage.notes")
    assert first["version"] < 9e15
    assert not first["created_at"].startswith("2000")
    await stage.run("update stage.notes set version = 1, created_at = null, updated_at = '2000-01-01'")
    second = await stage.row("select * from stage.notes")
    assert second["version"] > first["version"]
    assert second["created_at"] == first["created_at"]
    assert second["updated_at"] > first["updated_at"]


async def test_a_row_keeps_its_version_order_under_concurrent_writers(supabase: Address, owner: Person):
    """Two who update one row: the later state has the higher version, whoever began first."""
    one, two = [await asyncpg.connect(supabase.db_url) for _ in range(2)]
    change = "update public.profiles set bio = $2 where id = $1 returning version"
    early = one.transaction()
    await early.start()
    await one.execute("select 1")
    later = await two.fetchval(change, owner.id, "two")
    earlier = await one.fetchval(change, owner.id, "one")
    await early.commit()
    assert earlier > later
    assert await two.fetchval("select bio from public.profiles where id = $1", owner.id) == "one"
    await one.close()
    await two.close()


async def test_it_arrives_on_a_socket(supabase: Address, owner: Person, sql: asyncpg.Connection):
    """Committed, it is there; rolled back, it never was."""
    async with open_socket(f"{supabase.api_url}/realtime/v1", supabase.publishable_key, 1) as socket:
        assert (await socket.join("realtime:world", private=True, broadcast={"replication_ready": True}))[
            "status"
        ] == "ok"
        while (await socket.event("system"))["status"] != "ok":
            pass
        change = "update public.profiles set bio = $2 where id = $1"
        undone = sql.transaction()
        await undone.start()
        await sql.execute(change, owner.id, "never said")
        await undone.rollback()
        await sql.execute(change, owner.id, "said")
        frame = await socket.event("broadcast")
        assert (frame["event"], frame["type"]) == ("change", "broadcast")
        payload = frame["payload"]
        assert (payload["table"], payload["operation"], payload["old_keys"]) == ("profiles", "UPDATE", [])
        (record,) = payload["records"]
        (row,) = await owner.rows(f"profiles?id=eq.{owner.id}")
        assert record == row  # letter by letter what REST says of it
        assert record["bio"] == "said"
