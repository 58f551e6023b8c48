"""Teams, tried as everybody: who may do what in which role, and that there is always an owner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from embedded.stack import Address
from tests.supabase.people import Person, join, leave, refused
from tests.supabase.teams import Team, make_team
from tests.supabase.test_plans import steps

ROLES = ("owner", "editor", "viewer")


@pytest.fixture
async def team(owner: Person, stranger: Person, sql: asyncpg.Connection) -> AsyncIterator[Team]:
    """Of the owner, with the stranger as an editor."""
    made = await make_team(owner, sql, editor=stranger)
    yield made
    await sql.execute("delete from public.teams where id = $1", made.id)


@pytest.fixture
async def viewer(team: Team, third: Person) -> Person:
    await team.add(third, "viewer")
    return third


async def personal(somebody: Person) -> dict[str, Any]:
    (team,) = await somebody.rows(f"teams?personal_of=eq.{somebody.id}")
    return team


async def test_everybody_has_a_team_of_their_own(owner: Person, sql: asyncpg.Connection):
    team = Team((await personal(owner))["id"], owner, sql)
    assert await team.roles() == {owner.id: "owner"}
    assert (await personal(owner))["name"].endswith("’s team")


async def test_demo_accounts_share_a_team(sql: asyncpg.Connection):
    roles = await sql.fetch(
        "select m.role from public.team_members m join public.profiles p on p.id = m.member_id "
        "where m.team_id = '5d3c1e0a-7000-4000-8000-000000000001' and p.is_demo"
    )
    assert [row["role"] for row in roles].count("owner") == 1
    assert len(roles) == await sql.fetchval("select count(*) from public.profiles where is_demo")


async def test_a_team_is_seen_by_who_is_in_it(
    team: Team, owner: Person, stranger: Person, third: Person, service: Person
):
    for path in (f"teams?id=eq.{team.id}", f"team_members?team_id=eq.{team.id}&limit=1"):
        assert [len(await p.rows(path)) for p in (owner, stranger, service, third)] == [1, 1, 1, 0]
    invitation = await team.invite(third)
    path = f"team_invitations?id=eq.{invitation['id']}"
    assert [len(await p.rows(path)) for p in (owner, stranger, third)] == [1, 1, 1]
    assert await third.rows(f"teams?id=eq.{team.id}") == []
    assert invitation["team_name"] == "Wrens"


async def test_sent_twice_a_team_is_made_once(owner: Person, stranger: Person, team: Team):
    again = await owner.call("create_team", team_id=team.id, name="Other")
    assert (again["id"], again["name"]) == (team.id, "Wrens")
    refused(await stranger.ask("create_team", team_id=team.id, name="Mine"), 409, "23505")
    for name in ("", "   ", "x" * 61):
        refused(await owner.ask("create_team", team_id=str(uuid4()), name=name), 400, "23514")


# Who may do what -----------------------------------------------------------------------------------------------------


def deeds(team: Team, invitation: dict[str, Any], somebody: Person) -> list[tuple[str, dict[str, Any]]]:
    """Everything that only owners do."""
    return [
        ("rename_team", {"team_id": team.id, "name": "Mallory's"}),
        ("invite_to_team", {"invitation_id": str(uuid4()), "team_id": team.id, "username": "ada", "role": "viewer"}),
        ("withdraw_invitation", {"invitation_id": invitation["id"]}),
        ("set_team_role", {"team_id": team.id, "member_id": somebody.id, "role": "owner"}),
        ("transfer_team", {"team_id": team.id, "member_id": somebody.id}),
        ("remove_from_team", {"team_id": team.id, "member_id": team.owner.id}),
        ("delete_team", {"team_id": team.id}),
    ]


async def test_only_owners_manage_and_to_others_there_is_no_such_team(
    supabase: Address, team: Team, stranger: Person, viewer: Person, service: Person
):
    outsider = await join(supabase, "outsider")
    invitation = await team.invite(outsider)
    before = await team.roles()
    for somebody, status, code in ((stranger, 403, "42501"), (viewer, 403, "42501"), (outsider, 404, "PT404")):
        for function, arguments in deeds(team, invitation, somebody):
            refused(await somebody.ask(function, **arguments), status, code)
    for function, arguments in deeds(team, invitation, outsider):
        nowhere = {
            key: str(uuid4()) if key in ("team_id", "invitation_id") else value for key, value in arguments.items()
        }
        said, unsaid = await outsider.ask(function, **arguments), await outsider.ask(function, **nowhere)
        assert said.json() == unsaid.json()
    assert await team.roles() == before
    assert (await team.owner.rows(f"teams?id=eq.{team.id}"))[0]["name"] == "Wrens"
    await leave(outsider, service)
    await outsider.http.aclose()


async def test_owners_manage(team: Team, owner: Person, stranger: Person, viewer: Person):
    assert (await owner.call("rename_team", team_id=team.id, name="  Finches "))["name"] == "Finches"
    changed = await owner.call("set_team_role", team_id=team.id, member_id=viewer.id, role="editor")
    assert changed["role"] == "editor"
    await owner.call("transfer_team", team_id=team.id, member_id=stranger.id)
    assert await team.roles() == {owner.id: "editor", stranger.id: "owner", viewer.id: "editor"}
    await stranger.call("remove_from_team", team_id=team.id, member_id=owner.id)
    await stranger.call("remove_from_team", team_id=team.id, member_id=owner.id)
    assert await team.roles() == {stranger.id: "owner", viewer.id: "editor"}
    await stranger.call("delete_team", team_id=team.id)
    assert await team.roles() == {}


async def test_there_is_always_an_owner(team: Team, owner: Person, stranger: Person):
    for function, arguments in (
        ("leave_team", {}), ("remove_from_team", {"member_id": owner.id}), ("set_team_role", {"member_id": owner.id, "role": "viewer"}),
    ):  # fmt: skip
        refused(await owner.ask(function, team_id=team.id, **arguments), 409, "PT409")
    # Two owners who leave at once: one of them stays.
    await owner.call("set_team_role", team_id=team.id, member_id=stranger.id, role="owner")
    answers = await asyncio.gather(*(p.ask("leave_team", team_id=team.id) for p in (owner, stranger)))
    assert sorted(answer.status_code for answer in answers) == [204, 409]
    assert list((await team.roles()).values()) == ["owner"]


async def test_a_team_whose_owner_is_gone_belongs_to_who_is_left(
    supabase: Address, service: Person, sql: asyncpg.Connection, stranger: Person, third: Person
):
    founder = await join(supabase, "founder")
    team = await make_team(founder, sql, viewer=stranger, editor=third)
    alone = await make_team(founder, sql)
    await leave(founder, service)
    assert await team.roles() == {stranger.id: "viewer", third.id: "owner"}
    assert await team.topic() == f"team:{team.id}:2"
    assert await alone.topic() is None
    await third.call("delete_team", team_id=team.id)
    await founder.http.aclose()


async def test_ones_own_team_stays_ones_own(owner: Person, stranger: Person, sql: asyncpg.Connection):
    team = Team((await personal(owner))["id"], owner, sql)
    await team.add(stranger, "editor")
    for function, arguments in (
        ("delete_team", {}), ("leave_team", {}), ("transfer_team", {"member_id": stranger.id}),
        ("set_team_role", {"member_id": stranger.id, "role": "owner"}), ("set_team_role", {"member_id": owner.id, "role": "viewer"}),
    ):  # fmt: skip
        refused(await owner.ask(function, team_id=team.id, **arguments), 409, "PT409")
    await owner.call("set_team_role", team_id=team.id, member_id=stranger.id, role="viewer")
    await stranger.call("leave_team", team_id=team.id)
    assert await team.roles() == {owner.id: "owner"}


# Invitations ---------------------------------------------------------------------------------------------------------


async def test_an_invitation_is_told_and_answered_once(team: Team, third: Person, owner: Person, stranger: Person):
    invitation = await team.invite(third, "viewer")
    (told,) = await third.rows("notifications?kind=eq.invitation")
    assert (told["title"], told["path"], told["actor_ids"]) == ("Wrens", "/team", [owner.id])
    again = await team.invite(third, "editor")
    assert (again["id"], again["role"]) == (invitation["id"], "editor")
    assert (await third.rows("notifications?kind=eq.invitation"))[0]["times"] == 1

    refused(await stranger.ask("accept_invitation", invitation_id=invitation["id"]), 404, "PT404")
    await stranger.call("decline_invitation", invitation_id=invitation["id"])
    answers = await asyncio.gather(*(third.ask("accept_invitation", invitation_id=invitation["id"]) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 404]
    assert (await team.roles())[third.id] == "editor"
    assert await owner.rows(f"team_invitations?team_id=eq.{team.id}") == []


async def test_an_invitation_can_be_declined_and_withdrawn(team: Team, third: Person, owner: Person):
    invitation = await team.invite(third)
    await third.call("decline_invitation", invitation_id=invitation["id"])
    refused(await third.ask("accept_invitation", invitation_id=invitation["id"]), 404, "PT404")
    invitation = await team.invite(third)
    await owner.call("withdraw_invitation", invitation_id=invitation["id"])
    refused(await third.ask("accept_invitation", invitation_id=invitation["id"]), 404, "PT404")
    assert third.id not in await team.roles()


async def test_who_cannot_be_invited_is_said(team: Team, owner: Person, stranger: Person, sql: asyncpg.Connection):
    for somebody in (owner, stranger):
        name = str(await sql.fetchval("select username from public.profiles where id = $1", somebody.id))
        answer = await owner.ask(
            "invite_to_team", invitation_id=str(uuid4()), team_id=team.id, username=f" @{name.upper()}", role="viewer"
        )
        refused(answer, 400, "22023")
        assert answer.json()["hint"] == "username"
    answer = await owner.ask(
        "invite_to_team", invitation_id=str(uuid4()), team_id=team.id, username="no-such-name", role="viewer"
    )
    assert (answer.json()["message"], answer.json()["hint"]) == ("Nobody has this user name", "username")
    answer = await owner.ask(
        "invite_to_team", invitation_id=str(uuid4()), team_id=team.id, username="ada", role="owner"
    )
    refused(answer, 400, "23514")


async def test_nobody_is_in_more_than_fifty_teams(third: Person, sql: asyncpg.Connection):
    await sql.execute(
        """
        with made as (insert into public.teams (name) select 'Many' from generate_series(1, 49) returning id)
        insert into public.team_members (team_id, member_id, role) select id, $1, 'owner' from made
        """,
        third.id,
    )
    refused(await third.ask("create_team", team_id=str(uuid4()), name="One more"), 409, "PT409")
    await sql.execute(
        "delete from public.teams t using public.team_members m where m.team_id = t.id and m.member_id = $1 and t.personal_of is null",
        third.id,
    )


# Plans ---------------------------------------------------------------------------------------------------------------


async def test_what_is_asked_of_a_team_reads_no_table_through(supabase: Address, owner: Person, team: Team):
    """Policies ask once per statement for the caller's teams, and the index answers."""
    connection = await asyncpg.connect(supabase.db_url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(
        """
        insert into public.teams (id, name) select gen_random_uuid(), 'Many' from generate_series(1, 3000);
        insert into public.team_members (team_id, member_id, role)
        select t.id, p.id, 'viewer' from public.teams t cross join lateral (select id from public.profiles where is_demo limit 3) p
        where t.name = 'Many';
        analyze public.teams; analyze public.team_members; analyze public.circle_members;
        """
    )
    for query in (
        "select * from public.teams order by created_at, id limit 200",
        f"select * from public.team_members where team_id = '{team.id}' order by created_at, id limit 200",
        f"select * from public.circle_members where member_id = '{owner.id}' order by created_at, id limit 1000",
    ):
        through = [s["Relation Name"] for s in await steps(connection, owner, query) if s["Node Type"] == "Seq Scan"]
        assert through == [], query
    await transaction.rollback()
    await connection.close()
