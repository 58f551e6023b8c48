"""Activities, tried as everybody: who sees them, what writes them, and that they stay bounded."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.supabase.people import Person, refused
from tests.supabase.teams import Team, make_team
from tests.supabase.test_plans import steps

THINGS = """
create table public.things (
  id uuid primary key default gen_random_uuid(), team_id uuid references public.teams (id) on delete cascade, name text, size integer);
select private.log_changes('public.things', 'thing', 'team_id', 'name', array['name', 'size']);
"""


@pytest.fixture
async def team(owner: Person, stranger: Person, sql: asyncpg.Connection) -> AsyncIterator[Team]:
    """Of the owner, with the stranger as an editor."""
    made = await make_team(owner, sql, editor=stranger)
    yield made
    await sql.execute("delete from public.teams where id = $1", made.id)


def note(team: Team | None, **others: Any) -> dict[str, Any]:
    told = {"activity_id": str(uuid4()), "team_id": team and team.id, "kind": "call", "title": "Called about wrens"}
    return told | others


async def seen(somebody: Person, team: Team) -> list[str]:
    return [
        row["kind"] for row in await somebody.rows(f"member_activities?team_id=eq.{team.id}&order=created_at.desc,id")
    ]


async def test_a_team_sees_what_is_logged_in_it_and_nobody_else_does(
    team: Team, owner: Person, stranger: Person, third: Person, service: Person
):
    made = await owner.call("log_activity", **note(team))
    assert (made["member_id"], made["title"]) == (owner.id, "Called about wrens")
    path = f"member_activities?id=eq.{made['id']}"
    assert [len(await p.rows(path)) for p in (owner, stranger, service, third)] == [1, 1, 1, 0]
    mine = await owner.call("log_activity", **note(None))
    assert [len(await p.rows(f"member_activities?id=eq.{mine['id']}")) for p in (owner, stranger)] == [1, 0]


async def test_whoever_has_left_sees_nothing_more_not_even_their_own(
    team: Team, stranger: Person, sql: asyncpg.Connection
):
    made = await stranger.call("log_activity", **note(team))
    before = await team.topic()
    await team.remove(stranger)
    assert await stranger.rows(f"member_activities?id=eq.{made['id']}") == []
    assert await seen(team.owner, team) == ["team_removed", "call", "team_joined", "team_invited", "team_created"]
    told = await sql.fetch(
        "select topic from realtime.messages where payload ->> 'table' = 'member_activities' "
        "and payload -> 'records' -> 0 ->> 'kind' = 'team_removed' and payload -> 'records' -> 0 ->> 'team_id' = $1",
        team.id,
    )
    assert sorted(row["topic"] for row in told) == sorted([f"member:{team.owner.id}", str(await team.topic())])
    assert before != await team.topic()


async def test_viewers_and_strangers_log_nothing_in_a_team(team: Team, third: Person, anon: Person):
    refused(await third.ask("log_activity", **note(team)), 404, "PT404")
    await team.add(third, "viewer")
    refused(await third.ask("log_activity", **note(team)), 403, "42501")
    refused(await anon.ask("log_activity", **note(None)), 401, "42501")


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("kind", "contact_added"), ("kind", None), ("title", " "), ("title", "x" * 201), ("entity_type", "A b")],
)
async def test_what_is_wrong_is_said_by_its_field(owner: Person, field: str, wrong: str | None):
    answer = await owner.ask("log_activity", **note(None, **{field: wrong}))
    refused(answer, 400, "22023")
    assert answer.json()["hint"] == field


async def test_sent_twice_it_is_logged_once_and_an_id_of_another_is_taken(team: Team, owner: Person, stranger: Person):
    told = note(team)
    assert await owner.call("log_activity", **told) == await owner.call("log_activity", **told)
    refused(await stranger.ask("log_activity", **told), 409, "23505")


async def test_a_member_logs_so_much_at_once(third: Person, sql: asyncpg.Connection):
    await sql.execute("select private.allow($1, 'activity', 60, 1, 59)", third.id)
    told = note(None)
    await third.call("log_activity", **told)
    await sql.execute(
        "update private.allowances set remaining = 0, at = now() + interval '1 hour' where member_id = $1", third.id
    )
    refused(await third.ask("log_activity", **note(None)), 429, "PT429")
    await third.call("log_activity", **told)  # sent twice: it costs nothing


# What writes them ----------------------------------------------------------------------------------------------------


@pytest.fixture
async def acting(team: Team, owner: Person, sql: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:
    """The database with a table that an area has attached, written to as if by the owner."""
    transaction = sql.transaction()
    await transaction.start()
    await sql.execute(THINGS)
    await sql.execute("select set_config('request.jwt.claims', $1, true)", json.dumps({"sub": owner.id}))
    yield sql
    await transaction.rollback()


async def logged(sql: asyncpg.Connection, team: Team) -> list[tuple[str, str, dict[str, Any]]]:
    rows = await sql.fetch(
        "select kind, title, params from public.member_activities where team_id = $1 and entity_type = 'things' order by created_at, kind",
        team.id,
    )
    return [(row["kind"], row["title"], json.loads(row["params"])) for row in rows]


async def test_a_statement_is_one_activity_however_many_rows_it_touches(acting: asyncpg.Connection, team: Team):
    await acting.execute("insert into public.things (team_id, name) values ($1, 'Hammer')", team.id)
    async with acting.transaction():  # else what follows would complete this import
        await acting.execute(
            "insert into public.things (team_id, name) select $1, n::text from generate_series(1, 5000) n", team.id
        )
    await acting.execute("update public.things set size = 2 where team_id = $1 and name < '2'", team.id)
    await acting.execute("delete from public.things where team_id = $1 and name <> 'Hammer'", team.id)
    await acting.execute("delete from public.things where team_id = $1", team.id)
    kinds = [(kind, params.get("count")) for kind, _, params in await logged(acting, team)]
    assert kinds == [
        ("thing_added", None),
        ("thing_imported", 5000),
        ("thing_edited", 1111),
        ("thing_deleted", 5000),
        ("thing_deleted", None),
    ]


async def test_an_import_that_completes_those_that_are_there_is_one_as_well(acting: asyncpg.Connection, team: Team):
    await acting.execute(
        "insert into public.things (team_id, name) select $1, n::text from generate_series(1, 9) n", team.id
    )
    await acting.execute("update public.things set size = 2 where team_id = $1", team.id)
    assert await logged(acting, team) == [("thing_imported", "", {"count": 9})]


async def test_field_after_field_is_one_edit_and_what_is_not_followed_is_none(acting: asyncpg.Connection, team: Team):
    await acting.execute("insert into public.things (team_id, name) values ($1, 'Hammer')", team.id)
    for change in ("name = 'Nail'", "name = name", "size = 3", "size = 4"):
        await acting.execute(f"update public.things set {change} where team_id = $1", team.id)
    assert await logged(acting, team) == [
        ("thing_added", "Hammer", {}),
        ("thing_edited", "Nail", {"fields": ["name", "size"]}),
    ]


async def test_what_goes_with_its_team_is_not_told(acting: asyncpg.Connection, team: Team):
    await acting.execute("insert into public.things (team_id, name) values ($1, 'Hammer')", team.id)
    await acting.execute("delete from public.teams where id = $1", team.id)
    assert await logged(acting, team) == []


async def test_what_is_bought_and_what_is_finished_is_the_members_own(owner: Person, stranger: Person, studio: Any):
    await owner.call("top_up", amount=100, idempotency_key=str(uuid4()))
    (added,) = await owner.rows("member_activities?kind=eq.credits_added&order=created_at.desc&limit=1")
    assert (added["team_id"], added["title"], added["params"]) == (None, "100 credits", {"amount": 100})
    (finished,) = await owner.rows(f"member_activities?entity_id=eq.{studio.private.job}")
    assert (finished["kind"], finished["title"]) == ("generation_finished", "a private wren")
    assert await stranger.rows(f"member_activities?member_id=eq.{owner.id}&team_id=is.null") == []


# Bounded -------------------------------------------------------------------------------------------------------------


async def test_the_newest_of_each_team_and_member_stay(
    team: Team, third: Person, service: Person, sql: asyncpg.Connection
):
    many = "insert into public.member_activities (team_id, member_id, kind, title) select $1, $2, 'note', n::text from generate_series(1, 30) n"
    await sql.execute(many, team.id, team.owner.id)
    await sql.execute(many, None, third.id)
    async with sql.transaction():
        await sql.fetchval("select public.prune_activities(10, 10000)")
        left = await sql.fetch(
            "select title from public.member_activities where team_id = $1 or member_id = $2", team.id, third.id
        )
        assert sorted(int(row["title"]) for row in left) == sorted([*range(21, 31)] * 2)
    refused(await third.ask("prune_activities"), 403, "42501")


async def test_days_are_counted_where_somebody_lives(team: Team, owner: Person, third: Person):
    await owner.call("log_activity", **note(team))
    days = await owner.call("activity_days", team_id=team.id, days=3, zone="Europe/Berlin")
    assert [day["activities"] for day in days] == [0, 0, len(await seen(owner, team))]
    assert sum(day["activities"] for day in await third.call("activity_days", team_id=team.id)) == 0


async def test_a_feed_reads_an_index(team: Team, owner: Person, sql: asyncpg.Connection):
    async with sql.transaction():
        await sql.execute(
            "set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_sort = off"
        )
        plan = await steps(
            sql,
            owner,
            f"select * from public.member_activities where team_id = '{team.id}' order by created_at desc, id limit 10",
        )
    assert "member_activities_team" in [step.get("Index Name") for step in plan]


# The dashboard -------------------------------------------------------------------------------------------------------


async def test_everybody_arranges_their_own_dashboard(owner: Person, stranger: Person, anon: Person):
    arranged = await owner.call("arrange_dashboard", cards=["credits", "activity"], hidden=["prices"])
    (mine,) = await owner.rows("dashboards")
    assert mine == arranged
    assert (mine["cards"], mine["hidden"]) == (["credits", "activity"], ["prices"])
    assert await stranger.rows(f"dashboards?id=eq.{owner.id}") == []
    for wrong in (["Bad name"], ["a" * 41], [None], ["card"] * 81):
        refused(await owner.ask("arrange_dashboard", cards=wrong, hidden=[]), 400, "22023")
    refused(await anon.ask("arrange_dashboard", cards=[], hidden=[]), 401, "42501")


# Contacts ------------------------------------------------------------------------------------------------------------


async def test_what_is_done_to_contacts_is_told_and_an_import_is_one(team: Team, owner: Person):
    id = str(uuid4())
    await owner.call("add_contact", contact_id=id, team_id=team.id, fields={"name": "Anna Bell"})
    await owner.call("edit_contact", contact_id=id, changes={"stage": "won", "email": "anna@bell.example"})
    await owner.call("comment_on_contact", comment_id=str(uuid4()), contact_id=id, body="Met at the tide pools")
    rows = [{"name": f"Person {n}", "email": f"p{n}@bell.example"} for n in range(1200)]
    known = {"name": "Anna", "email": "anna@bell.example", "phone": "1"}
    await owner.call(
        "import_contacts", import_id=str(uuid4()), team_id=team.id, rows=[*rows, known], on_duplicate="fill"
    )
    await owner.call("remove_contacts", team_id=team.id, ids=[id])
    told = await owner.rows(f"member_activities?team_id=eq.{team.id}&kind=like.contact*&order=created_at,id")
    assert [(row["kind"], row["title"], row["params"]) for row in told] == [
        ("contact_added", "Anna Bell", {}),
        ("contact_edited", "Anna Bell", {"fields": ["email", "stage"]}),
        ("contact_commented", "Anna Bell", {}),
        ("contact_imported", "", {"count": 1200}),
        ("contact_deleted", "Anna Bell", {}),
    ]
    assert {row["entity_id"] for row in told} == {id, None}
    (news,) = await owner.rows("notifications?kind=eq.import_finished&order=happened_at.desc&limit=1")
    assert news["body"] == "1,200 added, 1 filled"
