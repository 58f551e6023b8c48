"""Circles: who joins their topics, and that whoever is removed from one hears nothing more, whatever is written meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from embedded.stack import Address
from tests.supabase.people import Person
from tests.supabase.teams import Team, make_team
from tests.supabase.test_rights_realtime import PRESENCE, socket_of

WAITS = "select wait_event_type = 'Lock' from pg_stat_activity where pid = $1"
NOTES = """
create schema stage;
create table stage.notes (
  id uuid primary key default gen_random_uuid(), team_id uuid references public.teams on delete cascade, body text,
  created_at timestamptz, updated_at timestamptz, version bigint);
create trigger stamp before insert or update on stage.notes for each row execute function live.stamp();
select live.announce('stage.notes', $$live.topic('team', team_id)$$);
"""
WRITE = "insert into stage.notes (team_id, body) values ($1, $2)"
SENT = """
select topic, payload from realtime.messages where payload ->> 'table' = 'notes' and payload::text like '%' || $1 || '%'
order by (payload ->> 'at')::timestamptz
"""


@pytest.fixture(scope="module")
async def notes(sql: asyncpg.Connection) -> AsyncIterator[None]:
    """A table that is announced to teams."""
    await sql.execute(NOTES)
    yield
    await sql.execute(
        """
        drop schema stage cascade;
        drop function live.announce_notes_insert, live.announce_notes_update, live.announce_notes_delete;
        """
    )


@pytest.fixture
async def team(owner: Person, stranger: Person, sql: asyncpg.Connection) -> AsyncIterator[Team]:
    """Of the owner, with the stranger as an editor."""
    made = await make_team(owner, sql, editor=stranger)
    yield made
    await sql.execute("delete from public.teams where id = $1", made.id)


@pytest.fixture
async def other(supabase: Address) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(supabase.db_url)
    yield connection
    await connection.close()


async def joins(supabase: Address, somebody: Person, topic: str, *, presence: bool = False) -> bool:
    async with socket_of(supabase, somebody) as socket:
        wished = PRESENCE if presence else {"enabled": False}
        return (await socket.join(f"realtime:{topic}", private=True, presence=wished))["status"] == "ok"


# Who joins ----------------------------------------------------------------------------------------------------------


async def test_a_circles_topic_and_rooms_are_for_who_is_in_it(
    supabase: Address, team: Team, owner: Person, stranger: Person, third: Person, anon: Person
):
    feed = f"team:{team.id}:1"
    rooms = [f"room:{feed}", f"room:{feed}:board", f"room:{feed}:{uuid4()}"]
    for somebody, may in ((owner, True), (stranger, True), (third, False), (anon, False)):
        assert await joins(supabase, somebody, feed) == may
        for room in rooms:
            assert await joins(supabase, somebody, room, presence=True) == may
    # Nobody writes to a feed, and only members to a room.
    for topic, somebody, may in (
        (feed, owner, False), (rooms[0], owner, True), (rooms[1], stranger, True), (rooms[0], third, False),
    ):  # fmt: skip
        path = f"/realtime/v1/api/broadcast/{topic}/events/change?private=true"
        assert (await somebody.http.post(path, json={})).is_success == may


async def test_no_other_spelling_is_a_topic(team: Team, owner: Person, sql: asyncpg.Connection):
    odd = [
        f"team:{team.id}", f"team:{team.id}:0", f"team:{team.id}:2", f"team:{team.id}:01", f"team:{team.id}:1:board",
        f"team:{team.id}:1 ", f"team:{team.id}:1\n", f"team:{team.id.upper()}:1", f"Team:{team.id}:1", f"chat:{team.id}:1",
        f"team:{team.id}:{'9' * 30}", f"team:{team.id[:-1]}:1", "team::1", "team:x:1", f"team:{team.id}:-1", f"team:{team.id}:1:",
        f"room:{team.id}:1", f"room:team:{team.id}", f"room:team:{team.id}:2", f"room:team:{team.id}:1:", f"room:room:team:{team.id}:1",
        f"room:team:{team.id}:1:A", f"room:team:{team.id}:1:{'a' * 65}", f"room:team:{team.id}:1:a:b", "room:team:x", f"members:{team.id}:1",
    ]  # fmt: skip
    async with sql.transaction():
        await sql.execute("select set_config('request.jwt.claims', $1, true)", json.dumps({"sub": owner.id}))
        for topic in odd:
            for extension in ("broadcast", "presence"):
                assert not await sql.fetchval("select live.may_read($1, $2)", topic, extension), topic
                assert not await sql.fetchval("select live.may_write($1, $2)", topic, extension), topic
        assert await sql.fetchval("select live.may_read($1, 'broadcast')", f"team:{team.id}:1")
        assert not await sql.fetchval("select live.may_read($1, 'presence')", f"team:{team.id}:1")


# Removing -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("notes")
async def test_whoever_is_removed_hears_nothing_more_where_they_sit(
    supabase: Address, team: Team, owner: Person, stranger: Person, sql: asyncpg.Connection
):
    async with socket_of(supabase, stranger) as removed, socket_of(supabase, owner) as left:
        for socket, who in ((removed, stranger), (left, owner)):
            assert (await socket.join(f"realtime:team:{team.id}:1", private=True))["status"] == "ok"
            assert (await socket.join(f"realtime:member:{who.id}", "2", private=True))["status"] == "ok"
        await sql.execute(WRITE, team.id, "before")
        for socket in (removed, left):
            assert (await socket.event("broadcast"))["payload"]["records"][0]["body"] == "before"

        await team.remove(stranger)
        assert await team.topic() == f"team:{team.id}:2"
        told = (await left.event("broadcast"), await left.event("broadcast"))
        moved = next(m["payload"] for m in told if m["payload"]["table"] == "circle_members")
        assert (moved["records"][0]["epoch"], moved["records"][0]["size"]) == (2, 1)
        assert (await left.join(f"realtime:team:{team.id}:2", "3", private=True))["status"] == "ok"
        assert not await joins(supabase, stranger, f"team:{team.id}:2")
        assert not await joins(supabase, stranger, f"team:{team.id}:1")

        # The one removed hears that they are, and of nothing that is written from here on.
        told = (await removed.event("broadcast"), await removed.event("broadcast"))
        assert {(m["payload"]["table"], m["payload"]["operation"]) for m in told} == {
            ("team_members", "DELETE"), ("circle_members", "DELETE"),
        }  # fmt: skip
        await sql.execute(WRITE, team.id, "after")
        assert (await left.event("broadcast"))["payload"]["records"][0]["body"] == "after"
        assert await removed.quiet()


@pytest.mark.usefixtures("notes")
async def test_a_removal_waits_for_writes_in_flight_and_they_for_it(
    team: Team, stranger: Person, sql: asyncpg.Connection, other: asyncpg.Connection
):
    mark = uuid4().hex
    async with other.transaction():
        await other.execute(WRITE, team.id, f"first {mark}")
        removal = asyncio.create_task(team.remove(stranger))
        await waiting_for_a_lock(sql)
        assert not removal.done()
    await removal
    async with other.transaction():
        await other.execute("delete from public.team_members where team_id = $1 and role <> 'owner'", team.id)
        await other.execute("select private.lock_circle('team', $1)", team.id)
        writing = asyncio.create_task(sql.execute(WRITE, team.id, f"second {mark}"))
        while not await other.fetchval(WAITS, sql.get_server_pid()):  # noqa: ASYNC110 - Postgres tells nobody
            await asyncio.sleep(0.01)
        await other.execute("update live.circles set epoch = epoch + 1 where id = $1", team.id)
    await writing
    topics = [row["topic"] for row in await sql.fetch(SENT, mark)]
    assert topics == [f"team:{team.id}:1", f"team:{team.id}:3"]


async def waiting_for_a_lock(sql: asyncpg.Connection) -> None:
    asked = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%remove_from_team%'"
    while not await sql.fetchval(asked):  # noqa: ASYNC110 - Postgres tells nobody
        await asyncio.sleep(0.01)


@pytest.mark.usefixtures("notes")
async def test_nothing_leaks_however_writes_and_removals_race(
    supabase: Address, team: Team, owner: Person, stranger: Person, sql: asyncpg.Connection
):
    """No write that began after the removal was answered is announced where the one removed still sits."""
    mark, writers = uuid4().hex, [await asyncpg.connect(supabase.db_url) for _ in range(4)]
    removed = asyncio.Event()
    written: list[str] = []
    late: list[str] = []

    async def write(connection: asyncpg.Connection) -> None:
        while len(late) < 40 and len(written) < 5_000:  # for as long as the removal takes, and a little longer
            written.append(body := f"{mark} {len(written)}")
            if removed.is_set():
                late.append(body)
            await connection.execute(WRITE, team.id, body)

    async def remove() -> None:
        await asyncio.sleep(0.02)
        await team.remove(stranger)
        removed.set()

    await asyncio.gather(remove(), *(write(connection) for connection in writers))
    for connection in writers:
        await connection.close()
    sent = {json.loads(row["payload"])["records"][0]["body"]: row["topic"] for row in await sql.fetch(SENT, mark)}
    assert set(sent) == set(written)
    assert late, "the removal came too late for this to show anything"
    assert {sent[body] for body in late} == {f"team:{team.id}:2"}


async def test_two_removals_at_once_both_happen(
    team: Team, owner: Person, stranger: Person, third: Person, sql: asyncpg.Connection
):
    await team.add(third, "viewer")
    await asyncio.gather(team.remove(stranger), third.call("leave_team", team_id=team.id))
    assert await team.roles() == {owner.id: "owner"}
    assert await team.topic() == f"team:{team.id}:3"


async def test_joining_raises_no_epoch(team: Team, third: Person):
    await team.add(third)
    assert await team.topic() == f"team:{team.id}:1"


# Ending -------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("notes")
async def test_a_circle_announces_its_end_and_nothing_of_what_goes_with_it(
    team: Team, owner: Person, stranger: Person, sql: asyncpg.Connection
):
    mark = uuid4().hex
    await sql.execute(WRITE, team.id, mark)
    begun = await sql.fetchval("select clock_timestamp()")
    await owner.call("delete_team", team_id=team.id)
    said = await sql.fetch(
        "select topic, payload ->> 'table' as source, payload ->> 'operation' as operation from realtime.messages "
        "where (payload ->> 'at')::timestamptz > $1 and (topic = any ($2) or topic like $3)",
        begun, [f"member:{owner.id}", f"member:{stranger.id}"], f"team:{team.id}%",
    )  # fmt: skip
    assert {tuple(row) for row in said} == {
        (f"member:{owner.id}", "circle_members", "DELETE"), (f"member:{stranger.id}", "circle_members", "DELETE"),
    }  # fmt: skip
    assert await team.topic() is None
    assert not await sql.fetchval("select exists (select from stage.notes where body = $1)", mark)


@pytest.mark.usefixtures("notes")
async def test_a_write_to_a_circle_that_ends_meanwhile_is_refused_and_neither_is_stuck(
    team: Team, owner: Person, sql: asyncpg.Connection, other: asyncpg.Connection
):
    async with other.transaction():
        await other.execute(WRITE, team.id, "last")
        ending = asyncio.create_task(owner.call("delete_team", team_id=team.id))
        asked = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%delete_team%'"
        while not await sql.fetchval(asked):  # noqa: ASYNC110 - Postgres tells nobody
            await asyncio.sleep(0.01)
        await other.execute(WRITE, team.id, "very last")
    await ending
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await sql.execute(WRITE, team.id, "too late")


@pytest.mark.usefixtures("notes")
async def test_an_import_of_thousands_is_one_message_and_quick(team: Team, sql: asyncpg.Connection):
    await sql.execute("insert into stage.notes (team_id) select $1 from generate_series(1, 10000)", team.id)
    said = await sql.fetch(
        "select payload from realtime.messages where topic = $1 and payload ->> 'table' = 'notes'", f"team:{team.id}:1"
    )
    assert [json.loads(row["payload"]).get("refetch") for row in said] == [True]


# Asking -------------------------------------------------------------------------------------------------------------


async def test_functions_for_policies_say_what_is_the_callers(
    team: Team, owner: Person, stranger: Person, third: Person, sql: asyncpg.Connection
):
    await team.add(third, "viewer")
    for somebody, member, edits in ((owner, True, True), (stranger, True, True), (third, True, False)):
        async with sql.transaction():
            await sql.execute("select set_config('request.jwt.claims', $1, true)", json.dumps({"sub": somebody.id}))
            asked = await sql.fetchrow(
                """
                select live.is_member('team', $1), live.may_edit('team', $1), $1 = any (live.mine('team')),
                       $1 = any (live.mine_to_edit('team')), live.is_member('nest', $1), live.mine('nest') = '{}'
                """,
                team.id,
            )
        assert asked is not None
        assert tuple(asked) == (member, edits, member, edits, False, True)
    assert await third.rows(f"circle_members?circle_id=eq.{team.id}&member_id=neq.{third.id}") == []


async def test_what_one_turns_to_is_remembered(team: Team, owner: Person, third: Person):
    turned = await owner.call("turn_to_circle", kind="team", circle_id=team.id)
    assert turned["turned_at"]
    answer = await third.ask("turn_to_circle", kind="team", circle_id=team.id)
    assert answer.json()["code"] == "PT404"
