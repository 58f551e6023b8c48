"""Pages without Realtime: what is looked at is polled, and all is right again when Realtime returns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

import asyncpg
import pytest

from settings import Settings
from state.api import Project
from state.starling import Starling
from state.sync import freshness
from state.sync.query import Query, Where
from tests.state.doorway import Doorway, Studio
from tests.state.support import PASSWORD, Account, add_generations, add_job, hasten, until

if TYPE_CHECKING:
    from embedded.stack import Address


@pytest.fixture
async def studio(
    supabase: Address,
    config: Settings,
    db: asyncpg.Connection,
    account: Callable[[], Awaitable[Account]],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Studio]:
    """Only its sockets go through the door, which is shut at first."""
    someone = await account()
    async with Doorway(supabase.api_url) as door:
        door.shut()
        monkeypatch.setattr(Project, "realtime_url", f"{door.url}/realtime/v1")
        starling = Starling(config)
        starling.open()
        member = starling.members.of(await starling.sessions.sign_in(someone.email, PASSWORD))
        assert member is not None
        yield Studio(starling, door, member, db)
        await starling.close()


def tables(studio: Studio):
    return [*studio.starling.world.tables, *studio.member.tables]


async def equal(studio: Studio) -> None:
    """Every table shows what its query gives."""
    for owner in (studio.starling.world, studio.member):
        for table in owner.tables:
            fresh = await owner.api.select(table.query, 200)
            await until(
                lambda t=table, f=fresh: (
                    [(str(row.id), row.version) for row in t.rows[:200]] == [(row["id"], row["version"]) for row in f]
                ),
                f"equality of {table.query.table}",
            )


async def test_without_realtime_everything_polls_and_with_it_all_relaxes(studio: Studio, monkeypatch):  # L2, F1, F3
    hasten(monkeypatch, poll_s=0.05)
    seats = [owner.audience.enter() for owner in (studio.starling.world, studio.member)]
    await until(lambda: all(table.phase == "ready" for table in tables(studio)))
    made = await add_generations(studio.db, studio.member.id, 3, visibility="public")
    job = await add_job(studio.db, studio.member.id, visibility="public")
    await equal(studio)
    await studio.db.execute("update public.generations set prompt = 'changed' where id = $1", made[0])
    await studio.db.execute("delete from public.generations where id = $1", made[1])
    await studio.db.execute(
        "update public.generation_jobs set status = 'active', started_at = now() where id = $1", job
    )
    await equal(studio)
    assert studio.starling.world.connection.status.state != "live"
    assert {table.interval_s for table in tables(studio)} == {freshness.POLL_S}

    studio.reopen()
    await until(lambda: all(o.connection.status.state == "live" for o in (studio.starling.world, studio.member)))
    await until(lambda: all(table.interval_s == freshness.RELAXED_S for table in tables(studio)))
    await until(lambda: all(table.last_fetch_at for table in tables(studio)))
    fetches = [table.fetches for table in tables(studio)]
    await studio.db.execute("update public.generations set prompt = 'heard of' where id = $1", made[0])
    await equal(studio)
    assert [table.fetches - n for table, n in zip(tables(studio), fetches, strict=True)] == [0] * len(fetches)
    for seat in seats:
        seat.leave()


async def test_tables_load_though_nobody_looks_and_then_wait_until_somebody_does(studio: Studio, monkeypatch):  # P3
    hasten(monkeypatch, poll_s=0.02)
    await until(lambda: all(table.phase == "ready" for table in tables(studio)))
    await asyncio.sleep(0.1)  # five times the interval
    fetches = [table.fetches for table in tables(studio)]
    (made,) = await add_generations(studio.db, studio.member.id)
    await asyncio.sleep(0.1)
    assert [table.fetches for table in tables(studio)] == fetches
    seat = studio.member.audience.enter()
    await until(lambda: studio.member.generations.get(made))
    assert [table.fetches for table in studio.starling.world.tables] == fetches[:4], "they have their own audience"
    seat.leave()


async def test_a_change_is_heard_of_by_freshness(studio: Studio, monkeypatch):  # F1
    studio.reopen()
    await until(lambda: studio.member.connection.status.state == "live" and studio.member.generations.phase == "ready")
    assert studio.member.connection.freshness.age_s("generations") is None
    await add_generations(studio.db, studio.member.id)
    await until(lambda: studio.member.connection.freshness.mode("generations") == "relaxed")
    assert studio.member.generations.last_change_at is not None
    assert (
        len(await studio.member.api.select(Query("generations", (Where("owner_id", "eq", studio.member.id),)), 10)) == 1
    )
