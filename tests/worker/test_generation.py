"""Whole workers against the whole stack: jobs end once, whatever happens on the way."""

from __future__ import annotations

import asyncio
import io
import signal
from typing import Any

import pytest
from PIL import Image

from tests.worker.studio import Studio
from tests.worker.wire import wire
from worker.housekeeping import Housekeeping

pytestmark = pytest.mark.timeout(300)  # whole workers, each of which starts anew

SLOW = {"STARLING_RENDER_SECONDS": "1000"}
EXPIRE = "update private.job_leases set expires_at = now() - interval '1 second'"


async def empty_trash_now(studio: Studio) -> None:
    await studio.database.execute("update private.media_trash set due_at = now()")
    await Housekeeping(studio.api).empty_trash()


async def test_a_picture_comes_into_focus_and_is_stored(studio: Studio) -> None:
    (job,) = await studio.enqueue(0, width=512, height=384, seed=77)
    async with studio.worker(STARLING_RENDER_SECONDS="4"):
        seen = await studio.until_status(job, "active")
        folder = f"{seen['owner_id']}/{job}/1"
        previewed = await studio.until(lambda: preview(studio, job))
        assert previewed["preview_path"].startswith(f"{folder}/previews/")
        assert 20 < previewed["progress"] < 100
        assert previewed["stage"] in ("Sketching", "Refining", "Detailing", "Encoding")
        assert previewed["eta_s"] >= 1
        ended = await studio.until_status(job, "completed")
    assert (ended["progress"], ended["attempt"], ended["failures"]) == (100, 1, 0)
    row = await studio.database.fetchrow("select * from public.generations where job_id = $1::uuid", job)
    assert row is not None
    assert (row["media_path"], row["poster_path"]) == (f"{folder}/0.webp", f"{folder}/0.poster.webp")
    assert (row["width"], row["height"], row["seed"], row["kind"]) == (512, 384, 77, "image")
    stored = await studio.api._http.get(f"/storage/v1/object/media/{row['media_path']}")
    assert len(stored.content) == row["bytes"]
    assert Image.open(io.BytesIO(stored.content)).size == (512, 384)
    await empty_trash_now(studio)
    assert await studio.files(folder) == [f"{folder}/0.poster.webp", f"{folder}/0.webp"], "the previews are gone"


async def preview(studio: Studio, job: str) -> dict[str, Any] | None:
    row = await studio.job(job)
    return row if row["preview_path"] else None


async def test_several_pictures_and_a_clip(studio: Studio) -> None:
    (pictures,) = await studio.enqueue(0, pictures=3, seed=5)
    (clip,) = await studio.enqueue(1, kind="video")
    async with studio.worker():
        await studio.until_status(pictures, "completed")
        await studio.until_status(clip, "completed")
    rows = await studio.database.fetch(
        "select seed, ordinal from public.generations where job_id = $1::uuid order by ordinal", pictures
    )
    assert [(row["ordinal"], row["seed"]) for row in rows] == [(0, 5), (1, 6), (2, 7)]
    row = await studio.database.fetchrow("select * from public.generations where job_id = $1::uuid", clip)
    assert row is not None
    assert (row["kind"], row["media_type"], row["duration"], row["width"]) == ("video", "video/mp4", 1.0, 256)


async def test_cancelled_while_it_is_drawn_it_stops_and_leaves_no_file(studio: Studio) -> None:
    (job,) = await studio.enqueue(0)
    async with studio.worker(STARLING_RENDER_SECONDS="4"):
        row = await studio.until(lambda: preview(studio, job))
        await studio.as_member(0, "select public.cancel_generation($1::uuid)", job)
        # the place is free at once: another job is taken and finished while the first one would still be drawn
        (other,) = await studio.enqueue(0)
        await studio.until_status(other, "completed")
    assert (await studio.job(job))["status"] == "cancelled"
    assert await studio.count("public.generations where job_id = $1::uuid", job) == 0
    folder = f"{row['owner_id']}/{job}/"
    assert await studio.files(folder)
    await empty_trash_now(studio)
    assert await studio.files(folder) == []


async def test_a_worker_killed_in_the_middle_costs_nothing_but_time(studio: Studio) -> None:
    (job,) = await studio.enqueue(0)
    async with studio.worker(**SLOW) as first:
        await studio.until_status(job, "active")
        first.kill()
        await first.wait()
    await studio.database.execute(EXPIRE)
    async with studio.worker():
        ended = await studio.until_status(job, "completed")
    assert (ended["attempt"], ended["failures"]) == (2, 1)
    assert await studio.count("public.generations where job_id = $1::uuid", job) == 1


async def test_a_worker_that_stops_gives_its_jobs_back(studio: Studio) -> None:
    jobs = await studio.enqueue(0, 3)
    async with studio.worker(**SLOW) as worker:
        for job in jobs:
            await studio.until_status(job, "active")
        worker.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(worker.wait(), 60) == 0
    rows = [await studio.job(job) for job in jobs]
    assert [(row["status"], row["failures"], row["progress"]) for row in rows] == [("waiting", 0, 0)] * 3
    assert await studio.count("private.job_leases") == 0


async def test_a_worker_ends_with_whoever_started_it(studio: Studio) -> None:
    async with studio.worker(**SLOW) as worker:
        assert worker.stdin is not None
        worker.stdin.close()
        assert await asyncio.wait_for(worker.wait(), 60) == 0


async def test_failures_have_a_reason(studio: Studio) -> None:
    jobs = await studio.enqueue(0, 6)
    async with studio.worker(STARLING_FAILURE_RATE="1"):
        rows = [await studio.until_status(job, "failed") for job in jobs]
    for row in rows:
        assert row["error"].startswith("The ")
        assert row["failures"] == row["attempt"], "the worker asked for another attempt, or said that it would not help"
        assert 1 <= row["attempt"] <= 3
    assert len({row["error"] for row in rows}) > 1
    assert await studio.count("public.generations") == 0


async def test_a_hundred_jobs_of_three_members_all_end_in_turn(studio: Studio) -> None:
    await studio.enqueue(0, 60)
    await studio.enqueue(1, 25)
    await studio.enqueue(2, 15)
    async with studio.worker(), studio.worker():

        async def all_ended() -> bool:
            return await studio.count("public.generation_jobs where status = 'completed'") == 100

        await studio.until(all_ended, 200)
    assert await studio.count("public.generations") == 100
    started = await studio.database.fetch("select owner_id from public.generation_jobs order by started_at, created_at")
    order = [studio.members.index(row["owner_id"]) for row in started]
    # in turn while all three have some, give or take what two workers take at once: first come would be 99 and 84
    slack = 2 * 2 * 4
    assert max(i for i, member in enumerate(order) if member == 2) < 15 * 3 + slack
    assert max(i for i, member in enumerate(order) if member == 1) < 15 * 3 + 10 * 2 + slack


async def test_a_worker_outlives_the_connection(studio: Studio) -> None:
    (job,) = await studio.enqueue(0)
    async with (
        wire(studio.address.api_url) as line,
        studio.worker(SUPABASE_URL=line.url, **SLOW) as worker,
    ):
        await studio.until_status(job, "active")
        await line.cut()
        # its lease runs out while nobody hears from it; another worker may have the job

        async def released() -> bool:
            await studio.database.execute(EXPIRE)  # what was on its way when it was cut may still have renewed it
            return await studio.api.call("release_expired_leases") == 1

        await studio.until(released)
        await line.mend()
        row = await studio.until_status(job, "active")
        assert (row["attempt"], row["failures"]) == (2, 1)
        assert worker.returncode is None
        # the second attempt is reported, the first is forgotten
        await studio.until(lambda: studio.count("public.generation_jobs where eta_s > 0"))
