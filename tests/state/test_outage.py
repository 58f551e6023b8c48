"""An outage with writes in it: they show, say that they wait, and are made in order when Supabase is there again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import pytest

from state import member as member_module
from state.generation import Draft
from state.models import Generation
from state.starling import Starling
from state.sync.rows import Batch
from tests.state.doorway import Doorway, Studio
from tests.state.support import AURORA, PASSWORD, Account, add_generations, hasten, settings_of, until

if TYPE_CHECKING:
    from embedded.stack import Address


@pytest.fixture
async def studio(
    supabase: Address,
    tmp_path: Path,
    db: asyncpg.Connection,
    account: Callable[[], Awaitable[Account]],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Studio]:
    """Its every way goes through the door."""
    hasten(monkeypatch, poll_s=0.1)
    someone = await account()
    async with Doorway(supabase.api_url) as door:
        starling = Starling(settings_of(replace(supabase, api_url=door.url), tmp_path))
        starling.open()
        member = starling.members.of(await starling.sessions.sign_in(someone.email, PASSWORD))
        assert member is not None
        await until(lambda: member.connection.status.state == "live")
        await until(lambda: all(table.phase == "ready" for table in member.tables))
        yield Studio(starling, door, member, db)
        door.open()
        await starling.close()


async def test_writes_of_an_outage_are_replayed_in_order_and_nothing_flickers(studio: Studio):  # M1, M4, M6
    member, room = studio.member, studio.member.studio
    tab = member.audience.enter()
    mine, other = await add_generations(studio.db, member.id, 2)
    await until(lambda: member.generations.get(mine) and member.generations.get(other))
    before = member.generations.get(other)

    studio.door.shut()
    jobs = [room.generate(Draft(prompt=f"number {n}", model_id=AURORA)) for n in range(4)]
    room.favourite(mine, True)
    room.share(mine, "public")
    room.favourite(mine, False)
    await until(lambda: all((p := member.jobs.pending(id)) and p.waiting for id in jobs))
    await until(lambda: (p := member.generations.pending(mine)) and p.waiting)
    await until(lambda: [row.prompt for row in room.queue.rows if row.id in jobs] == [f"number {n}" for n in range(4)])
    await until(lambda: (row := room.gallery.get(mine)) and row.visibility == "public")
    await studio.db.execute("update public.generations set prompt = 'by somebody else' where id = $1", mine)
    assert await studio.db.fetchval("select count(*) from public.generation_jobs where id = any($1)", jobs) == 0

    shown: list[Generation] = []
    vanished: list[UUID] = []

    def keep(batch: Batch[Generation]) -> None:
        shown.extend(batch.updated)
        vanished.extend(row.id for row in batch.deleted)

    leave = room.gallery.subscribe(keep)
    studio.reopen()
    await until(lambda: not any(table.mutations.unconfirmed for table in member.tables))
    await until(lambda: (row := room.gallery.get(mine)) and row.prompt == "by somebody else")
    rows = await studio.db.fetch("select id from public.generation_jobs where id = any($1) order by created_at", jobs)
    assert [row["id"] for row in rows] == jobs
    row = await studio.db.fetchrow("select favourite, visibility, prompt from public.generations where id = $1", mine)
    assert row is not None
    assert tuple(row) == (False, "public", "by somebody else")
    assert {(state.visibility, state.favourite) for state in shown if state.id == mine} == {("public", False)}
    assert other not in {state.id for state in shown}
    assert vanished == []
    assert member.generations.get(other) is before
    leave()
    tab.leave()


async def test_what_waits_is_sent_when_an_answer_comes_though_realtime_does_not(studio: Studio):  # M4
    member = studio.member
    tab = member.audience.enter()
    studio.door.shut()
    member.connection.pause()
    (id,) = [member.studio.generate(Draft(prompt="alone", model_id=AURORA))]
    await until(lambda: (p := member.jobs.pending(id)) and p.waiting and member.jobs.error)
    studio.door.open()
    await until(lambda: member.jobs.pending(id) is None)
    assert await studio.db.fetchval("select prompt from public.generation_jobs where id = $1", id) == "alone"
    tab.leave()


async def test_a_waiting_job_that_is_cancelled_is_never_made(studio: Studio):  # M4
    member = studio.member
    studio.door.shut()
    id = member.studio.generate(Draft(prompt="never", model_id=AURORA))
    await until(lambda: (p := member.jobs.pending(id)) and p.waiting)
    member.studio.cancel(id)
    await until(lambda: member.jobs.get(id) is None)
    studio.reopen()
    await member.jobs.mutations.flush()
    assert await studio.db.fetchval("select count(*) from public.generation_jobs where id = $1", id) == 0


async def test_a_member_whose_writes_wait_stays_until_they_are_sent(studio: Studio, monkeypatch: pytest.MonkeyPatch):
    member = studio.member
    tab = member.audience.enter()
    studio.door.shut()
    id = member.studio.generate(Draft(prompt="left behind", model_id=AURORA))
    await until(lambda: member.unsent)
    tab.leave()
    monkeypatch.setattr(member_module, "LINGER_S", 0.0)
    studio.starling.members._close_idle()
    assert list(studio.starling.members) == [member]
    studio.reopen()
    await until(lambda: len(studio.starling.members) == 0)
    assert await studio.db.fetchval("select prompt from public.generation_jobs where id = $1", id) == "left behind"
