"""Circles, spaces and rooms as members live in them: over real sockets, with a real removal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID, uuid4

import asyncpg
import pytest

from state.member import Member
from state.starling import Starling
from state.teams import TeamSpace, use_team
from tests.state.support import PASSWORD, Account, hasten, until

Join = Callable[..., Awaitable[Member]]


@pytest.fixture
async def team(db: asyncpg.Connection) -> AsyncIterator[UUID]:
    """A team that nobody is in."""
    id = uuid4()
    await db.execute("insert into public.teams (id, name) values ($1, 'Wrens')", id)
    yield id
    await db.execute("delete from public.teams where id = $1", id)


@pytest.fixture
def joins(starling: Starling, account: Callable[[], Awaitable[Account]], db: asyncpg.Connection, team: UUID) -> Join:
    """`await joins("editor")`: somebody who is in the team, with a page open."""

    async def join(role: str = "editor") -> Member:
        someone = await account()
        await let_in(db, team, someone.id, role)
        member = starling.members.of(await starling.sessions.sign_in(someone.email, PASSWORD))
        assert member is not None
        member.audience.enter()
        return member

    return join


async def let_in(db: asyncpg.Connection, team: UUID, who: UUID, role: str = "editor") -> None:
    await db.execute("insert into public.team_members (team_id, member_id, role) values ($1, $2, $3)", team, who, role)


async def put_out(db: asyncpg.Connection, team: UUID, *who: UUID) -> None:
    await db.execute("delete from public.team_members where team_id = $1 and member_id = any ($2)", team, list(who))


async def ready(*spaces: TeamSpace) -> None:
    await until(lambda: all(s.circle.live and s.members.phase == "ready" for s in spaces), "all are live")


def topics(member: Member) -> set[str]:
    """Of the team, as the socket has them."""
    return {channel.topic for channel in member.connection.channels if "team:" in channel.topic}


async def test_whoever_is_removed_holds_nothing_and_hears_nothing_and_the_others_move_on(
    joins: Join, db: asyncpg.Connection, team: UUID, monkeypatch: pytest.MonkeyPatch
):  # S1, S2
    hasten(monkeypatch, relaxed_s=60, poll_s=60)
    owner, removed = await joins("owner"), await joins("editor")
    (stays, _), (goes, _) = use_team(owner, team), use_team(removed, team)
    await ready(stays, goes)
    await until(lambda: {owner.id, removed.id} <= stays.here.presence.people.keys())
    said: list[str] = []
    goes.ended.subscribe(said.append)

    await put_out(db, team, removed.id)
    await until(lambda: said)
    assert said == [goes.over] == ["You are no longer in this team"]
    assert [len(table.rows) for table in goes.tables] == [0, 0, 0]
    await until(lambda: not topics(removed), "the last of its topics is left")
    assert goes.role is None
    await until(lambda: topics(owner) == {f"team:{team}:2", f"room:team:{team}:2"})
    await ready(stays)
    await until(lambda: set(stays.here.presence.people) == {owner.id})
    await until(lambda: [row.member_id for row in stays.members.rows] == [owner.id])
    assert removed.connection.status.state == owner.connection.status.state == "live"


async def test_no_change_is_lost_on_the_way_to_the_next_topic(
    joins: Join,
    db: asyncpg.Connection,
    team: UUID,
    monkeypatch: pytest.MonkeyPatch,
    account: Callable[[], Awaitable[Account]],
):  # E2, S1
    hasten(monkeypatch, relaxed_s=60, poll_s=60)
    member = await joins("owner")
    space, _ = use_team(member, team)
    others = [await account() for _ in range(3)]
    for other in others:
        await let_in(db, team, other.id)
    await ready(space)
    for other in others[:2]:
        for n in range(20):
            role = "viewer" if n % 2 else "editor"
            await db.execute(
                "update public.team_members set role = $3 where team_id = $1 and member_id = $2",
                team,
                others[2].id,
                role,
            )
            if n == 10:
                await put_out(db, team, other.id)
    await until(lambda: space.circle.live and space.circle.epoch == 3)
    rows = await db.fetch("select member_id, role, version from public.team_members where team_id = $1", team)
    expected = {tuple(row) for row in rows}
    await until(lambda: {(r.member_id, r.role, r.version) for r in space.members.rows} == expected)


async def test_whoever_was_away_when_they_were_removed_learns_it_when_they_are_back(
    joins: Join, db: asyncpg.Connection, team: UUID
):
    member, other = await joins("owner"), await joins("viewer")
    (space, _), (others, _) = use_team(member, team), use_team(other, team)
    await ready(space, others)
    for one in (member, other):
        one.connection.pause()
    await put_out(db, team, other.id)
    for one in (member, other):
        one.connection.reconnect()
    await until(lambda: others.over)
    await until(lambda: space.circle.live and space.circle.epoch == 2)
    await until(lambda: topics(other) == set())
    assert other.connection.status.state in ("live", "connecting")


async def test_whoever_is_let_in_again_gets_a_new_space(joins: Join, db: asyncpg.Connection, team: UUID):
    await joins("owner")
    member = await joins("editor")
    first, leave = use_team(member, team)
    await ready(first)
    await put_out(db, team, member.id)
    await until(lambda: first.over)
    await let_in(db, team, member.id, "viewer")
    await until(lambda: member.circles.get("team", team))
    second, _ = use_team(member, team)
    await ready(second)
    assert second is not first
    assert (second.role, second.may_edit, first.over) == ("viewer", False, "You are no longer in this team")
    leave()


async def test_a_role_is_another_one_at_once_and_raises_no_epoch(joins: Join, db: asyncpg.Connection, team: UUID):
    await joins("owner")
    member = await joins("viewer")
    space, _ = use_team(member, team)
    await ready(space)
    await db.execute(
        "update public.team_members set role = 'editor' where team_id = $1 and member_id = $2", team, member.id
    )
    await until(lambda: space.may_edit)
    assert space.circle.epoch == 1


async def test_people_talk_in_a_room_and_go_on_in_the_next(joins: Join, db: asyncpg.Connection, team: UUID):
    one, other, removed = await joins("owner"), await joins("editor"), await joins("viewer")
    spaces = [use_team(member, team)[0] for member in (one, other, removed)]
    await ready(*spaces)
    rooms = [space.here for space in spaces]
    everybody = {one.id, other.id, removed.id}
    await until(lambda: all(set(room.presence.people) == everybody for room in rooms))
    heard: list[int] = []
    rooms[1].on_broadcast("word", lambda payload: heard.append(payload["n"]))
    await rooms[0].send("word", {"n": 1})
    rooms[0].typing.typing()
    await until(lambda: heard == [1] and rooms[1].typing.typists == {one.id})

    await put_out(db, team, removed.id)
    await until(lambda: all(set(room.presence.people) == {one.id, other.id} for room in rooms[:2]))
    assert not await rooms[2].send("word", {"n": 0})
    next_room = f"room:team:{team}:2"
    await until(lambda: all(member.connection.channel(next_room).live for member in (one, other)))
    await until(lambda: all(topics(member) == {f"team:{team}:2", next_room} for member in (one, other)))
    await rooms[0].send("word", {"n": 2})
    await until(lambda: heard == [1, 2])


async def test_signing_out_ends_no_circle_with_a_sentence(joins: Join, team: UUID, starling: Starling):
    member = await joins("owner")
    space, _ = use_team(member, team)
    await ready(space)
    said: list[str] = []
    space.ended.subscribe(said.append)
    for family in list(member._families):
        await starling.members.sign_out(family)
    await asyncio.sleep(0)
    assert said == []
    assert [len(table.rows) for table in space.tables] == [0, 0, 0]
