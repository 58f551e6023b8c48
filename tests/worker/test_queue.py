"""The queue as workers meet it: fair, each job once, fenced by lease and attempt."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from tests.worker.studio import Studio

RESULT = {
    "ordinal": 0, "seed": 1, "media_type": "image/webp", "bytes": 10, "width": 256, "height": 256, "duration": None, "colour": "#102030",
}  # fmt: skip


def result(name: str) -> list[dict[str, Any]]:
    return [RESULT | {"media_path": f"{name}.webp", "poster_path": f"{name}.poster.webp"}]


async def claim(studio: Studio, worker: str, n: int = 1, lease_s: int = 30) -> list[dict[str, Any]]:
    return await studio.api.call("claim_generation_jobs", worker=worker, n=n, lease_s=lease_s)


async def report(studio: Studio, worker: str, *jobs: dict[str, Any], progress: int = 10) -> set[str]:
    reports = [
        {"id": job["id"], "attempt": job["attempt"], "progress": progress, "stage": "Refining", "eta_s": 3}
        for job in jobs
    ]
    return set(await studio.api.call("report_progress", worker=worker, reports=reports, lease_s=30))


async def let_leases_run_out(studio: Studio) -> None:
    await studio.database.execute("update private.job_leases set expires_at = now() - interval '1 second'")
    await studio.api.call("release_expired_leases")


async def test_a_member_with_many_jobs_does_not_hold_up_the_others(studio: Studio) -> None:
    await studio.enqueue(0, 20)
    await studio.enqueue(1, 2)
    await studio.enqueue(2, 1)
    owners = [str(member) for member in studio.members]
    first = await claim(studio, "w", 4)
    assert Counter(job["owner_id"] for job in first) == {owners[0]: 2, owners[1]: 1, owners[2]: 1}
    # what already runs counts: whoever has the least at work is next
    (fifth,) = await claim(studio, "w", 1)
    assert fifth["owner_id"] == owners[1]


async def test_with_a_single_place_members_take_turns(studio: Studio) -> None:
    await studio.enqueue(0, 5)
    await studio.enqueue(1, 2)
    await studio.enqueue(2, 3)
    owners = [str(member) for member in studio.members]
    served: list[int] = []
    while rows := await claim(studio, "w"):
        served.append(owners.index(rows[0]["owner_id"]))
        await studio.api.call(
            "fail_generation", worker="w", job_id=rows[0]["id"], attempt=rows[0]["attempt"], error="enough", final=True
        )
    assert served == [0, 1, 2, 0, 1, 2, 0, 2, 0, 0]


async def test_two_workers_never_take_one_job_twice(studio: Studio) -> None:
    jobs = await studio.enqueue(0, 50)
    barrier = asyncio.Barrier(2)

    async def take(worker: str) -> list[str]:
        taken: list[str] = []
        await barrier.wait()
        while len(taken) < 50 and (rows := await claim(studio, worker, 3)):
            taken += [row["id"] for row in rows]
        return taken

    one, other = await asyncio.gather(take("one"), take("other"))
    # skipped locks may leave a round empty-handed: what is left is taken by asking again
    rest = [row["id"] for row in await claim(studio, "one", 50)]
    assert Counter(one + other + rest) == Counter(jobs)


async def test_a_report_says_what_is_still_ours(studio: Studio) -> None:
    await studio.enqueue(0, 3)
    mine = await claim(studio, "w", 3)
    await studio.as_member(0, "select public.cancel_generation($1::uuid)", mine[0]["id"])
    assert await report(studio, "w", *mine, progress=42) == {mine[1]["id"], mine[2]["id"]}
    assert await report(studio, "another", *mine) == set()
    assert (await studio.job(mine[1]["id"]))["progress"] == 42


async def test_a_late_result_is_refused(studio: Studio) -> None:
    await studio.enqueue(0)
    (lost,) = await claim(studio, "slow")
    await let_leases_run_out(studio)
    (taken,) = await claim(studio, "quick")
    assert (taken["id"], taken["attempt"]) == (lost["id"], lost["attempt"] + 1)
    ours = {"worker": "slow", "job_id": lost["id"], "attempt": lost["attempt"]}
    assert await studio.api.call("complete_generation", **ours, results=result("late")) is False
    assert await studio.api.call("fail_generation", **ours, error="late", final=True) is False
    theirs = {"worker": "quick", "job_id": taken["id"], "attempt": taken["attempt"]}
    assert await studio.api.call("complete_generation", **theirs, results=result("good")) is True
    assert await studio.api.call("complete_generation", **theirs, results=result("again")) is False
    assert await studio.count("public.generations") == 1


async def test_the_third_failure_is_final_and_says_why(studio: Studio) -> None:
    (job,) = await studio.enqueue(0)
    for failures in (1, 2, 3):
        (row,) = await claim(studio, "w")
        await studio.api.call(
            "fail_generation", worker="w", job_id=job, attempt=row["attempt"], error="The sampler diverged"
        )
        now = await studio.job(job)
        assert (now["failures"], now["error"]) == (failures, "The sampler diverged")
        assert now["status"] == ("failed" if failures == 3 else "waiting")
    assert await claim(studio, "w") == []


async def test_a_job_whose_workers_die_fails_at_the_third_lease(studio: Studio) -> None:
    (job,) = await studio.enqueue(0)
    for _ in range(3):
        await claim(studio, "w")
        await let_leases_run_out(studio)
    now = await studio.job(job)
    assert (now["status"], now["error"]) == ("failed", "The renderer stopped answering")


async def test_giving_back_is_no_failure(studio: Studio) -> None:
    await studio.enqueue(0, 2)
    await claim(studio, "w", 2)
    assert await studio.api.call("release_generation_jobs", worker="w") == 2
    assert await studio.count("public.generation_jobs where status = 'waiting' and failures = 0 and progress = 0") == 2
    assert await studio.count("private.job_leases") == 0
