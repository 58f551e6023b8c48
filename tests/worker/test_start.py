"""How a worker starts, what it needs, and what it finds in an empty studio."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import asyncpg

from tests.worker.studio import PROJECT, Studio


async def started_with(**settings: str) -> tuple[int | None, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SUPABASE_", "STARLING_"))}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "worker", cwd=PROJECT, env=environment | settings, stdout=PIPE, stderr=PIPE
    )
    _, said = await asyncio.wait_for(process.communicate(), 90)
    return process.returncode, said.decode().strip()


async def test_what_is_missing_is_named_in_one_line(tmp_path: Path) -> None:
    code, said = await started_with(STARLING_DATA=str(tmp_path))
    assert (code, said.count("\n")) == (1, 0)
    assert "SUPABASE_URL" in said
    code, said = await started_with(SUPABASE_URL="http://127.0.0.1:9")
    assert (code, said.count("\n")) == (1, 0)
    assert "SUPABASE_SECRET_KEY" in said
    code, said = await started_with(STARLING_DATA=str(tmp_path), STARLING_JOBS="many")
    assert (code, said.count("\n")) == (1, 0)
    assert "STARLING_JOBS" in said


async def test_a_key_that_opens_nothing_is_said(studio: Studio) -> None:
    code, said = await started_with(
        SUPABASE_URL=studio.address.api_url, SUPABASE_SECRET_KEY=studio.address.publishable_key
    )
    assert code == 1
    assert "SUPABASE_SECRET_KEY" in said
    assert studio.address.publishable_key not in said


async def test_an_empty_studio_gets_its_first_pictures_once(studio: Studio) -> None:
    jobs = "public.generation_jobs j join public.profiles p on p.id = j.owner_id where p.is_demo and j.visibility = 'public'"
    assert await studio.api.call("seed_demo_generations") == 13
    assert await studio.api.call("seed_demo_generations") == 0
    assert await studio.count(jobs) == 13
    assert await studio.count(f"{jobs} and j.kind = 'video'") == 1
    assert await studio.database.fetchval(f"select count(distinct owner_id) from {jobs}") == 4


async def test_the_first_pictures_and_their_posts_are_of_the_last_days(studio: Studio) -> None:
    await studio.api.call("seed_demo_generations")
    pictures = await studio.database.fetch(
        """
        insert into public.generations (owner_id, job_id, kind, prompt, seed, media_path, poster_path, media_type, bytes,
                                        width, height, colour, visibility)
        select j.owner_id, j.id, 'image', j.prompt, 1, j.id::text, j.id || '.webp', 'image/png', 1, 64, 64, '#102030', 'public'
        from public.generation_jobs j
        returning id, owner_id, extract(epoch from now() - created_at)::float / 3600 as hours
        """
    )
    pictures.sort(key=lambda picture: picture["hours"])
    assert 0 < pictures[0]["hours"] < 1
    assert 60 < pictures[-1]["hours"] < 80
    assert max(older["hours"] - newer["hours"] for newer, older in pairwise(pictures)) < 12

    async def publish(picture: asyncpg.Record) -> timedelta:
        call = "select public.crowd_publish($1, $2, '')"
        post = await studio.database.fetchval(call, picture["owner_id"], picture["id"])
        return await studio.database.fetchval("select now() - created_at from public.posts where id = $1", post)

    assert timedelta(hours=60) < await publish(pictures[-1]) < timedelta(hours=80)
    await studio.database.execute(
        """
        alter table public.generation_jobs disable trigger stamp;
        update public.generation_jobs set created_at = now() - interval '1 hour';
        alter table public.generation_jobs enable trigger stamp
        """
    )
    assert await publish(pictures[-2]) < timedelta(minutes=1), "then it is news"


async def test_a_studio_with_pictures_is_left_alone(studio: Studio) -> None:
    await studio.enqueue(0)
    assert await studio.api.call("seed_demo_generations") == 0
    assert await studio.count("public.generation_jobs") == 1


async def test_without_demo_members_it_waits_for_them(studio: Studio) -> None:
    async with studio.database.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("update public.profiles set is_demo = false")
        assert await connection.fetchval("select public.seed_demo_generations()") is None
        await transaction.rollback()


async def test_demo_fills_the_studio(studio: Studio) -> None:
    async with studio.worker("--demo", STARLING_RENDER_SECONDS="1000"):
        await studio.until(lambda: studio.count("public.generation_jobs where status = 'active'"))
    assert await studio.count("public.generation_jobs") == 13


async def test_a_worker_sends_its_beats_from_the_start(studio: Studio) -> None:
    before = await studio.api.call("beat")
    async with studio.worker():
        await studio.until(lambda: studio.database.fetchval("select last_value > $1 from live.beats", before))
