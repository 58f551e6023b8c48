"""Trials: T1 to T3, on the real stack."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from state.member import Member
from state.starling import Starling
from state.trials import MAX_A_SECOND, MAX_S, STEPS, CannotTry, NotInDevelopment, Trials
from tests.state.support import PASSWORD, Account, add_generations, settings_of, until

if TYPE_CHECKING:
    from embedded.stack import Address

NewAccount = Callable[[], Awaitable[Account]]
ACTIONS = ("queue_job", "add_contact", "log_activity", "drop_socket", "expire_token", "pause", "resume")


@pytest.fixture
async def dev(supabase: Address, tmp_path: Path) -> AsyncIterator[Starling]:
    root = Starling(settings_of(supabase, tmp_path).model_copy(update={"dev": True}))
    root.open()
    yield root
    await root.close()


async def sign_in(starling: Starling, account: Account) -> Member:
    member = starling.members.of(await starling.sessions.sign_in(account.email, PASSWORD))
    assert member is not None
    await until(lambda: member.connection.status.state == "live" and member.generations.phase == "ready")
    await until(lambda: starling.world.models.rows and starling.world.connection.status.state == "live")
    return member


@pytest.fixture
async def member(dev: Starling, account: NewAccount) -> Member:
    return await sign_in(dev, await account())


@pytest.fixture
async def trials(dev: Starling, member: Member) -> AsyncIterator[Trials]:
    made = Trials(dev, member)
    made.open()
    yield made
    await made.close()


async def test_nothing_happens_outside_development_mode(starling: Starling, account: NewAccount) -> None:  # T1
    member = await sign_in(starling, await account())
    trials = Trials(starling, member)
    trials.open()
    for action in ACTIONS:
        with pytest.raises(NotInDevelopment):
            getattr(trials, action)()
    with pytest.raises(NotInDevelopment):
        trials.flood(1, 1)
    assert member.connection.status.state == "live"
    assert member.connection.sockets == 1
    assert not member.jobs.rows
    assert not trials.steps
    await trials.close()


async def test_a_dropped_socket_is_polled_for_and_comes_back(trials: Trials, member: Member) -> None:  # T3
    trials.drop_socket()
    await until(lambda: member.connection.sockets >= 2 and member.connection.status.state == "live")
    await until(lambda: trials.steps[-1].text.startswith("live, generations asked for every "))
    said = [step.text for step in trials.steps]
    assert said[0].startswith("Dropped the socket; live")
    assert any("generations asked for every 5 s: " in text for text in said)  # while it is away
    assert [step.after_s for step in trials.steps] == sorted(step.after_s for step in trials.steps)
    assert len(trials.steps) <= STEPS


async def test_an_expired_token_is_renewed_before_the_next_socket(
    trials: Trials, dev: Starling, member: Member
) -> None:
    (family,) = dev.sessions._families.values()
    trials.expire_token()
    await until(lambda: member.connection.sockets >= 2 and member.connection.status.state == "live")
    assert family.renewals == 1
    assert member.connection.meter.last_error == "Token has expired"


async def test_realtime_can_be_switched_off_and_on(trials: Trials, member: Member) -> None:
    trials.pause()
    await until(lambda: member.connection.status.state == "offline")
    assert member.connection.freshness.interval_s("generations") == 5
    with pytest.raises(CannotTry, match="no socket"):
        trials.drop_socket()
    trials.resume()
    await until(lambda: member.connection.status.state == "live")
    assert member.connection.freshness.interval_s("generations") > 5


async def test_a_job_is_the_members_own_and_private(trials: Trials, member: Member, db: asyncpg.Connection) -> None:
    trials.queue_job()
    await until(lambda: member.jobs.rows)
    (job,) = member.jobs.rows
    await until(lambda: member.jobs.pending(job.id) is None)
    row = await db.fetchrow("select owner_id, visibility from public.generation_jobs where id = $1", job.id)
    assert row is not None
    assert (row["owner_id"], row["visibility"]) == (member.id, "private")


async def test_a_flood_arrives_and_leaves_the_picture_as_it_was(  # T2
    trials: Trials, member: Member, db: asyncpg.Connection
) -> None:
    (picture,) = await add_generations(db, member.id)
    await until(lambda: member.generations.rows)
    before = member.connection.meter.changes
    trials.flood(40, 1)
    with pytest.raises(CannotTry, match="already"):
        trials.flood(1, 1)
    await until(lambda: not trials.flooding)
    assert "changes were written" in trials.steps[-1].text
    assert await db.fetchval("select favourite from public.generations where id = $1", picture) is False
    await until(lambda: member.connection.meter.changes > before + 5)
    await until(lambda: member.generations.rows[0].favourite is False)


async def test_a_flood_that_is_cut_short_leaves_the_picture_as_it_was(  # T2
    dev: Starling, member: Member, db: asyncpg.Connection
) -> None:
    (picture,) = await add_generations(db, member.id)
    await until(lambda: member.generations.rows)
    trials = Trials(dev, member)
    trials.open()
    trials.flood(20, MAX_S)
    await until(lambda: member.generations.rows[0].favourite)
    await trials.close()
    assert await db.fetchval("select favourite from public.generations where id = $1", picture) is False
    assert not trials.flooding


@pytest.mark.parametrize(("a_second", "seconds"), [(0, 1), (MAX_A_SECOND + 1, 1), (1, 0), (1, MAX_S + 1)])
async def test_a_flood_has_limits(trials: Trials, a_second: int, seconds: int) -> None:  # T2
    with pytest.raises(CannotTry, match="From 1 to"):
        trials.flood(a_second, seconds)
    assert not trials.flooding


async def test_a_flood_needs_a_picture_and_a_member(trials: Trials, dev: Starling) -> None:  # T2
    with pytest.raises(CannotTry, match="Make a picture first"):
        trials.flood(1, 1)
    with pytest.raises(CannotTry, match="Sign in first"):
        Trials(dev, None).flood(1, 1)


async def test_a_contact_and_an_activity_are_written_into_ones_team(
    trials: Trials, member: Member, db: asyncpg.Connection
) -> None:
    await until(lambda: member.circles.of("team"))
    for act, done in ((trials.add_contact, "The contact is written"), (trials.log_activity, "The activity is written")):
        act()
        await until(lambda done=done: any(step.text.startswith(done) for step in trials.steps))
    team = member.circles.of("team")[0].circle_id
    rows = await db.fetch("select kind from public.member_activities where team_id = $1 order by created_at", team)
    assert [row["kind"] for row in rows] == ["contact_added", "note"]
