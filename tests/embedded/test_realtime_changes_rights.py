"""Who is told of which rows: row level security, column privileges, roles and the tokens that change them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from embedded.database import Database
from embedded.keys import Keys
from embedded.realtime.changes import feed, visibility
from tests.embedded.changes_support import SUBSCRIBED, binding, change, record, refusal, subscribe
from tests.embedded.realtime_support import Socket, open_socket, token

OWNER, STRANGER = str(uuid4()), str(uuid4())
ASKED = "select exists (select from pg_locks where locktype = 'advisory' and objid = 78 and not granted)"


@pytest.fixture
async def socket(changes_url: str, keys: Keys, database: Database) -> AsyncIterator[Socket]:
    await database.admin.execute("truncate rc_notes, rc_full_notes, rc_pairs, rc_items restart identity")
    async with open_socket(changes_url, keys.anon_key) as socket:
        yield socket


async def everybody(socket: Socket, keys: Keys, *bindings: dict[str, Any]) -> None:
    """One channel each, of one socket. What was committed just before may still be told to them."""
    await subscribe(socket, *bindings, topic="anon")
    await subscribe(socket, *bindings, topic="owner", access_token=token(keys, sub=OWNER))
    await subscribe(socket, *bindings, topic="stranger", access_token=token(keys, sub=STRANGER))
    await subscribe(socket, *bindings, topic="service", access_token=keys.service_role_key)


async def told(socket: Socket, database: Database) -> dict[str, list[dict[str, object]]]:
    """What each channel was told until now: the data."""
    await database.admin.execute("insert into rc_items (k) values ('end')")
    heard: dict[str, list[dict[str, object]]] = {}
    while (frame := await socket.receive())[2] != "realtime:end":
        heard.setdefault(frame[2].removeprefix("realtime:"), []).append(frame[4]["data"])
    return heard


async def test_rows_are_told_to_those_who_may_see_them(socket: Socket, keys: Keys, database: Database):
    await everybody(socket, keys, binding("rc_notes"))
    await subscribe(socket, binding("rc_items"), topic="end")
    await database.admin.execute("insert into rc_notes values (1, $1, 'mine', 'h')", OWNER)
    await database.admin.execute("insert into rc_notes values (2, null, 'public', 'h')")
    heard = await told(socket, database)
    rows = {who: [one["record"] for one in some] for who, some in heard.items()}
    assert rows == {
        "owner": [{"id": 1, "owner": OWNER, "body": "mine"}],
        "anon": [{"id": 2, "owner": None, "body": "public"}],
        "service": [
            {"id": 1, "owner": OWNER, "body": "mine", "hidden": "h"},
            {"id": 2, "owner": None, "body": "public", "hidden": "h"},
        ],
    }
    assert [column["name"] for column in heard["owner"][0]["columns"]] == ["id", "owner", "body"]  # type: ignore[union-attr]


async def test_an_update_is_told_to_those_who_see_the_row_after_it(socket: Socket, keys: Keys, database: Database):
    await database.admin.execute("insert into rc_notes values (1, $1, 'a')", OWNER)
    await everybody(socket, keys, binding("rc_notes", "UPDATE"))
    await subscribe(socket, binding("rc_items"), topic="end")
    await database.admin.execute("update rc_notes set owner = $1", STRANGER)
    heard = await told(socket, database)
    assert heard.keys() == {"stranger", "service"}
    assert heard["stranger"][0]["old_record"] == {"id": 1}


async def test_a_deletion_is_told_to_all_and_of_the_key_alone(socket: Socket, keys: Keys, database: Database):
    await database.admin.execute("insert into rc_full_notes values (1, $1, 'a')", OWNER)
    await everybody(socket, keys, binding("rc_full_notes", "UPDATE"), binding("rc_full_notes", "DELETE"))
    await subscribe(socket, binding("rc_items"), topic="end")
    await database.admin.execute("update rc_full_notes set body = 'b'")
    await database.admin.execute("delete from rc_full_notes")
    heard = await told(socket, database)
    kinds = {who: [one["type"] for one in some] for who, some in heard.items()}
    assert kinds["anon"] == kinds["stranger"] == kinds["owner"][-1:] == ["DELETE"]
    assert kinds["service"] == ["UPDATE", "DELETE"]
    assert all(some[-1]["old_record"] == {"id": 1} for some in heard.values())


async def test_a_key_of_two_columns(socket: Socket, database: Database):
    await subscribe(socket, binding("rc_pairs"))
    await database.admin.execute(
        "insert into rc_pairs values ('a''\"', 1.50, 'private'), ('a''\"', 1.5000001, 'x'), ('b', 12345678901234567890.5, 'y')"
    )
    assert [(await record(socket))["body"] for _ in range(2)] == ["x", "y"]
    await database.admin.execute("delete from rc_pairs where a = 'b'")
    assert (await change(socket))["old_record"].keys() == {"a", "b"}


async def test_a_privilege_that_is_taken_away_is_noticed(socket: Socket, database: Database):
    await subscribe(socket, binding("rc_notes"))
    await database.admin.execute("insert into rc_notes values (1, null, 'public')")
    assert (await record(socket)).keys() == {"id", "owner", "body"}
    await database.admin.execute("revoke select on rc_notes from anon; grant select (id, body) on rc_notes to anon")
    await database.admin.execute("insert into rc_notes values (2, null, 'public')")
    assert await record(socket) == {"id": 2, "body": "public"}
    await database.admin.execute("grant select (id, owner, body) on rc_notes to anon")
    await database.admin.execute("alter table rc_notes disable row level security")
    await database.admin.execute("insert into rc_notes values (3, null, 'now seen by all')")
    assert (await record(socket))["body"] == "now seen by all"
    await database.admin.execute("alter table rc_notes enable row level security")
    await database.admin.execute("insert into rc_notes values (4, null, 'private'), (5, null, 'public')")
    assert (await record(socket))["id"] == 5


async def test_a_filter_needs_a_column_that_may_be_read(socket: Socket, keys: Keys):
    assert "invalid column for filter hidden" in await refusal(socket, binding("rc_notes", filter="hidden=eq.h"))
    await subscribe(socket, binding("rc_notes", filter="hidden=eq.h"), access_token=keys.service_role_key)


async def test_a_role_that_is_none_is_refused(socket: Socket, keys: Keys):
    message = await refusal(socket, binding(), access_token=token(keys, "nobody at all"))
    assert 'Exception: ERROR 42704 (undefined_object) role "nobody at all" does not exist' in message


async def test_a_policy_that_fails_shows_nothing(socket: Socket, keys: Keys, database: Database):
    await database.admin.execute("create policy fails on rc_notes for select to anon using (1 / (id - 1) > 0)")
    try:
        await subscribe(socket, binding("rc_notes"), topic="anon")
        await subscribe(socket, binding("rc_notes"), topic="owner", access_token=token(keys, sub=OWNER))
        await database.admin.execute("insert into rc_notes values (1, $1, 'x')", OWNER)
        assert (await socket.receive())[2] == "realtime:owner"
        assert await socket.quiet()
    finally:
        await database.admin.execute("drop policy fails on rc_notes")


async def test_a_new_token_changes_whose_rows_are_told(socket: Socket, keys: Keys, database: Database):
    # N2, N3
    await subscribe(socket, binding("rc_notes"), access_token=token(keys, sub=OWNER))
    await database.admin.execute("insert into rc_notes values (1, $1, 'before'), (2, $2, 'before')", OWNER, STRANGER)
    assert (await record(socket))["id"] == 1
    await socket.send("realtime:rc", "access_token", {"access_token": token(keys, sub=STRANGER)})
    assert await socket.event("system") == SUBSCRIBED | {"channel": "rc"}
    await database.admin.execute("insert into rc_notes values (3, $1, 'after'), (4, $2, 'after')", OWNER, STRANGER)
    assert (await record(socket))["id"] == 4
    assert await socket.quiet()


async def test_a_new_token_that_may_not_ends_what_was(socket: Socket, keys: Keys, database: Database):
    # N1
    await subscribe(socket, binding("rc_notes", filter="hidden=eq.h"), access_token=keys.service_role_key)
    await socket.send("realtime:rc", "access_token", {"access_token": token(keys, sub=OWNER)})
    system = await socket.event("system")
    assert (system["status"], system["extension"]) == ("error", "postgres_changes")
    assert "invalid column for filter hidden" in system["message"]
    await subscribe(socket, binding("rc_items"), topic="end")
    await database.admin.execute("insert into rc_notes values (1, $1, 'x', 'h')", OWNER)
    assert await told(socket, database) == {}


async def test_nothing_is_lost_or_doubled_while_tokens_change(socket: Socket, keys: Keys, database: Database):
    # N3
    await subscribe(socket, binding("rc_notes"), access_token=token(keys, sub=OWNER))
    for number in range(30):
        await database.admin.execute("insert into rc_notes values ($1, $2, 'x')", number, OWNER)
        if number % 3 == 0:
            renewed = token(keys, sub=OWNER, seconds=600 + number)
            await socket.send("realtime:rc", "access_token", {"access_token": renewed})
    assert [(await record(socket))["id"] for _ in range(30)] == list(range(30))
    await database.admin.execute("insert into rc_notes values (99, $1, 'x')", OWNER)
    assert (await record(socket))["id"] == 99


async def test_what_waits_is_told_to_a_new_token(socket: Socket, keys: Keys, database: Database):
    # N3: one change is being asked about and one is behind it when the token comes.
    await database.admin.execute(
        "create policy slow on rc_notes as restrictive for select"
        "  using ((select pg_advisory_xact_lock_shared(78)) is not null)"
    )
    try:
        await subscribe(socket, binding("rc_notes"), access_token=token(keys, sub=OWNER))
        async with database.admin.acquire() as blocker, blocker.transaction():
            await blocker.execute("select pg_advisory_xact_lock(78)")
            for number in range(3):
                await database.admin.execute("insert into rc_notes values ($1, $2, 'x')", number, OWNER)
            async with asyncio.timeout(30):
                while not await database.admin.fetchval(ASKED):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            renewed = token(keys, sub=OWNER, seconds=700)
            await socket.send("realtime:rc", "access_token", {"access_token": renewed})
            for number in range(3):  # by then the new subscription has been asked for
                await subscribe(socket, binding("rc_items"), topic=f"later{number}")
        assert [(await record(socket))["id"] for _ in range(3)] == [0, 1, 2]
    finally:
        await database.admin.execute("drop policy slow on rc_notes")


async def test_people_who_are_the_same_are_asked_about_once(
    changes_url: str, keys: Keys, database: Database, monkeypatch: pytest.MonkeyPatch
):
    # F4: one round trip for the rows of a commit and everybody.
    asked: list[dict[visibility.Question, list[visibility.Key]]] = []

    async def counting(*arguments: object) -> dict[visibility.Question, set[visibility.Key]]:
        asked.append(dict(arguments[1]))  # type: ignore[call-overload]
        return await visibility.visible(*arguments)  # type: ignore[arg-type]

    await database.admin.execute("truncate rc_notes")
    mine = token(keys, sub=OWNER)
    async with open_socket(changes_url, keys.anon_key) as one, open_socket(changes_url, keys.anon_key) as other:
        for socket in (one, other):
            for number in range(3):
                await subscribe(socket, binding("rc_notes"), topic=f"anon{number}")
                await subscribe(socket, binding("rc_notes"), topic=f"mine{number}", access_token=mine)
        monkeypatch.setattr(feed, "visible", counting)
        await database.admin.execute("insert into rc_notes select n, null, 'public' from generate_series(1, 5) n")
        for socket in (one, other):
            assert len([await record(socket) for _ in range(15)]) == 15
    assert sum(len(some) for some in asked) == 2 * len(asked)
    assert sum(len(keys) for some in asked for keys in some.values()) == 10


async def test_a_row_is_seen_however_soon_it_is_told(socket: Socket, database: Database):
    # The stream tells of a commit before snapshots show it: not one row of many quick commits is missed.
    await subscribe(socket, binding("rc_notes"))
    async with database.admin.acquire() as connection:
        for number in range(200):
            await connection.execute("insert into rc_notes values ($1, null, 'public')", number)
    assert [(await record(socket))["id"] for _ in range(200)] == list(range(200))


async def test_a_database_that_is_away_for_a_moment_costs_nothing(
    socket: Socket, database: Database, monkeypatch: pytest.MonkeyPatch
):
    # F5
    tries = 0

    async def failing(*arguments: object) -> dict[visibility.Question, set[visibility.Key]]:
        nonlocal tries
        tries += 1
        if tries < 5:
            raise asyncpg.CannotConnectNowError("the database system is starting up")
        return await visibility.visible(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(feed, "visible", failing)
    await subscribe(socket, binding("rc_notes"))
    await database.admin.execute("insert into rc_notes values (1, null, 'public')")
    assert (await record(socket))["id"] == 1
    assert tries == 5


async def test_who_cannot_be_asked_about_is_told_so(
    socket: Socket, database: Database, monkeypatch: pytest.MonkeyPatch
):
    # F3
    async def failing(*_: object) -> None:
        raise asyncpg.QueryCanceledError("canceling statement due to statement timeout")

    monkeypatch.setattr(feed, "visible", failing)
    await subscribe(socket, binding("rc_notes"))
    await database.admin.execute("insert into rc_notes values (1, null, 'public')")
    assert (await socket.event("system"))["message"] == feed.GAP
    assert (await socket.receive())[3] == "phx_close"
