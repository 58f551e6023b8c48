"""Thousands of changes before twenty open pages: in the end each of them shows what the database has."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
from nicegui import Client
from nicegui.testing import User

from components.job_row import JobRow
from components.queue import Queue
from components.turns import TURNS
from tests.pages.test_counts import demo
from tests.pages.test_studio import LONG
from tests.state.support import add_job, until

if TYPE_CHECKING:
    from embedded.stack import Address

PAGES = 20
JOBS = 10
CHANGES = 3_000
WRITERS = 4


async def test_after_a_flood_every_page_equals_the_database(user: User, supabase: Address) -> None:  # L3, L4, T1, T2
    db = await asyncpg.connect(supabase.db_url)
    grace = await demo(db, "grace")
    jobs = [await add_job(db, grace, visibility="public", status="active", prompt=f"job {n}") for n in range(JOBS)]
    await user.open("/sign-in")
    user.find("Sign in as Ada").click()
    await user.should_see("Gallery", retries=LONG)
    clients = [await user.open("/studio") for _ in range(PAGES)]
    await until(lambda: all(set(rows(client)) == set(jobs) for client in clients))

    async def write(own: list[UUID]) -> None:
        writer = await asyncpg.connect(supabase.db_url)
        for number in range(CHANGES // WRITERS):
            job, stage = random.choice(own), f"stroke {number}"
            await writer.execute(
                "update public.generation_jobs set progress = $2, stage = $3 where id = $1", job, number % 101, stage
            )
        await writer.close()

    await asyncio.gather(*(write(jobs[number::WRITERS]) for number in range(WRITERS)))
    gone = jobs.pop()
    await db.execute("delete from public.generation_jobs where id = $1", gone)
    jobs.append(await add_job(db, grace, visibility="public", prompt="the last one"))
    await db.execute("update public.generation_jobs set status = 'active', started_at = now() where id = $1", jobs[-1])
    found = await db.fetch("select id, stage, progress from public.generation_jobs where status = 'active'")
    truth = {row["id"]: f"{row['stage'] or 'Preparing'} · {row['progress']} %" for row in found}
    assert set(truth) == set(jobs)
    for client in clients:
        await until(lambda c=client: {id: row._text.text for id, row in rows(c).items()} == truth, within_s=60)
    await until(lambda: not len(TURNS))
    for client in clients:
        client.delete()
    await db.close()


def rows(client: Client) -> dict[UUID, JobRow]:
    """What stands in the queue of a page."""
    queue = next(element for element in client.elements.values() if isinstance(element, Queue))
    return queue._list.items  # type: ignore[return-value]
