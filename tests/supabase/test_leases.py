"""The queue as workers use it: who is served when, that only the holder of a lease changes anything, and what is said."""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import uuid4

import asyncpg

from embedded.stack import Address
from tests.supabase.people import Person, refused
from tests.supabase.queue import Queue
from tests.supabase.studio import result

SENT = "select id, topic, payload -> 'records' as records from realtime.messages where event = 'change' and payload ->> 'table' = 'generation_jobs'"


# Turns --------------------------------------------------------------------------------------------------------------


async def test_members_take_turns(queue: Queue, owner: Person, stranger: Person, third: Person):
    """A hundred jobs of three members, the busiest first in line: nobody waits behind all of another's."""
    waiting = {owner.id: 60, stranger.id: 30, third.id: 10}
    for member in (owner, stranger, third):
        await queue.fill(member, waiting[member.id])
    taken: Counter[str] = Counter()
    for n in (3, 1, 2, 4, 7, 13, 20, 50):
        jobs = await queue.claim(n)
        assert len(jobs) == n
        taken.update(job["owner_id"] for job in jobs)
        most = max(taken.values())
        assert all(taken[member] in (most - 1, most, waiting[member]) for member in waiting), taken
    assert taken == waiting
    assert await queue.claim(5) == []


async def test_who_has_nothing_running_comes_before_who_has(queue: Queue, owner: Person, stranger: Person):
    await queue.fill(owner, 5)
    assert len(await queue.claim(3)) == 3
    await queue.fill(stranger, 5)
    assert [job["owner_id"] for job in await queue.claim(3)] == [stranger.id] * 3
    assert sorted(job["owner_id"] for job in await queue.claim(2)) == sorted([owner.id, stranger.id])


async def test_a_single_place_serves_one_after_the_other(queue: Queue, owner: Person, stranger: Person, third: Person):
    """Nothing else runs when it claims, so that it is the turn of whoever was served longest ago."""
    for member, n in ((owner, 6), (stranger, 3), (third, 2)):
        await queue.fill(member, n)
    order: list[str] = []
    for _ in range(11):
        (job,) = await queue.claim()
        assert await queue.fail(job, final=True)
        order.append({owner.id: "o", stranger.id: "s", third.id: "t"}[job["owner_id"]])
    assert [set(order[:3]), set(order[3:6]), set(order[6:8])] == [set("ost"), set("ost"), set("os")]
    assert order[8:] == ["o"] * 3


async def test_a_members_own_go_by_priority_then_age(queue: Queue, owner: Person):
    jobs = [await owner.enqueue(prompt=f"{n}") for n in range(4)]
    await queue.sql.execute("update public.generation_jobs set priority = 5 where id = $1", jobs[2]["id"])
    assert [(await queue.claim())[0]["prompt"] for _ in jobs] == ["2", "0", "1", "3"]


async def test_workers_that_claim_at_once_never_get_the_same_job(
    supabase: Address, queue: Queue, owner: Person, stranger: Person
):
    await queue.fill(owner, 30)
    await queue.fill(stranger, 20)
    workers = [await asyncpg.connect(supabase.db_url) for _ in range(8)]
    barrier = asyncio.Barrier(len(workers))
    claims: list[tuple[str, int]] = []

    async def work(name: str, connection: asyncpg.Connection) -> None:
        await barrier.wait()
        while len(claims) < 50:
            rows = await connection.fetch("select id::text, attempt from public.claim_generation_jobs($1, 2)", name)
            claims.extend((row["id"], row["attempt"]) for row in rows)

    async with asyncio.timeout(30):
        await asyncio.gather(*(work(f"w{n}", connection) for n, connection in enumerate(workers)))
    for connection in workers:
        await connection.close()
    assert len(claims) == len(dict(claims)) == 50
    assert {attempt for _, attempt in claims} == {1}
    assert await queue.sql.fetchval("select count(*) from private.job_leases") == 50


async def test_odd_numbers_claim_nothing(queue: Queue, owner: Person):
    await queue.fill(owner, 1)
    for n in (0, -1, None):
        assert await queue.service.call("claim_generation_jobs", worker="w1", n=n) == []
    assert len(await queue.claim(10)) == 1


# Leases -------------------------------------------------------------------------------------------------------------


async def test_a_claim_starts_an_attempt_under_a_lease(queue: Queue, owner: Person):
    await owner.enqueue()
    (job,) = await queue.claim(lease_s=60)
    assert (job["status"], job["attempt"], job["progress"], job["stage"]) == ("active", 1, 0, "Preparing")
    left = (
        "select extract(epoch from expires_at - now()) between $2 and $2 + 11 from private.job_leases where job_id = $1"
    )
    assert await queue.sql.fetchval(left, job["id"], 50)
    assert await queue.report(job, 10, preview_path=f"{job['id']}/25.webp") == [job["id"]]  # renews it, for 30 s
    assert await queue.sql.fetchval(left, job["id"], 20)
    assert await queue.report(job, 20) == [job["id"]]
    row = await queue.row(job)
    assert (row["progress"], row["stage"], row["eta_s"], row["preview_path"]) == (
        20,
        "Drawing",
        5,
        f"{job['id']}/25.webp",
    )


async def test_who_lost_the_lease_changes_nothing(queue: Queue, owner: Person):
    await owner.enqueue()
    (first,) = await queue.claim(worker="w1")
    assert await queue.expire_leases() == 1
    (second,) = await queue.claim(worker="w2")
    assert (second["id"], second["attempt"], second["failures"]) == (first["id"], 2, 1)
    assert await queue.report(second, 40, "w2") == [second["id"]]
    before = await queue.row(second)
    for job, worker in ((first, "w1"), (first, "w2"), (second, "w1"), ({**second, "attempt": 3}, "w2")):
        assert await queue.report(job, 90, worker) == []
        assert await queue.complete(job, worker) is False
        assert await queue.fail(job, worker=worker) is False
        assert await queue.fail(job, worker=worker, final=True) is False
    assert await queue.service.call("release_generation_jobs", worker="w1") == 0
    assert await queue.row(second) == before
    assert await queue.generations(second) == []
    assert await queue.complete(second, "w2") is True


async def test_one_worker_is_fenced_from_its_own_earlier_attempt(queue: Queue, owner: Person):
    await owner.enqueue()
    (first,) = await queue.claim()
    await queue.expire_leases()
    (second,) = await queue.claim()
    assert await queue.report(first, 90) == []
    assert await queue.complete(first) is False
    assert await queue.report(second, 10) == [second["id"]]


async def test_a_report_tells_which_jobs_are_still_held(queue: Queue, owner: Person):
    for _ in range(3):
        await owner.enqueue()
    kept, cancelled, lost = await queue.claim(3)
    await owner.call("cancel_generation", job_id=cancelled["id"])
    await queue.sql.execute("delete from private.job_leases where job_id = $1", lost["id"])
    reports = [
        {"id": id, "attempt": 1, "progress": 50, "stage": "Drawing", "eta_s": 1}
        for id in (kept["id"], cancelled["id"], lost["id"], str(uuid4()))
    ]
    assert await queue.service.call("report_progress", worker="w1", reports=reports) == [kept["id"]]
    assert [(await queue.row(job))["progress"] for job in (kept, cancelled, lost)] == [50, 0, 0]


async def test_the_third_failure_is_final(queue: Queue, owner: Person):
    job = await owner.enqueue()
    for failure in (1, 2):
        (job,) = await queue.claim()
        await queue.report(job, 60, preview_path=f"{job['id']}/{failure}.webp")
        assert await queue.fail(job, "x" * 600)
        row = await queue.row(job)
        assert (row["status"], row["failures"], row["progress"], row["error"]) == ("waiting", failure, 0, "x" * 500)
        assert (row["preview_path"], row["finished_at"]) == (None, None)
    (job,) = await queue.claim()
    assert job["error"] is None
    assert await queue.fail(job)
    row = await queue.row(job)
    assert (row["status"], row["failures"], row["error"], row["attempt"]) == ("failed", 3, "Out of paint", 3)
    assert row["finished_at"]
    assert await queue.claim() == []
    assert await queue.trash(job) == {"1/": False, "2/": False, "3/": False}


async def test_a_hopeless_job_fails_at_once(queue: Queue, owner: Person):
    await owner.enqueue()
    (job,) = await queue.claim()
    assert await queue.fail(job, "No such style", final=True)
    assert ((await queue.row(job))["status"], (await queue.row(job))["failures"]) == ("failed", 1)


async def test_a_dead_workers_jobs_are_rescued_twice_and_then_given_up(queue: Queue, owner: Person):
    job = await owner.enqueue()
    for status in ("waiting", "waiting", "failed"):
        (job,) = await queue.claim()
        assert await queue.service.call("release_expired_leases") == 0  # not yet
        assert await queue.expire_leases() == 1
        row = await queue.row(job)
        assert (row["status"], row["error"]) == (status, "The renderer stopped answering")
        assert await queue.leases(job) == 0
    assert await queue.expire_leases() == 0


async def test_rescuers_that_meet_count_a_failure_once(supabase: Address, queue: Queue, owner: Person):
    await queue.fill(owner, 10)
    jobs = await queue.claim(10)
    await queue.sql.execute("update private.job_leases set expires_at = now() - interval '1 second'")
    rescued = await asyncio.gather(*(queue.service.call("release_expired_leases") for _ in range(4)))
    assert sum(rescued) == 10
    assert {(await queue.row(job))["failures"] for job in jobs} == {1}


async def test_a_worker_that_stops_gives_its_jobs_back(queue: Queue, owner: Person):
    await queue.fill(owner, 3)
    mine, (others,) = await queue.claim(2, "w1"), await queue.claim(1, "w2")
    await queue.report(mine[0], 70)
    assert await queue.service.call("release_generation_jobs", worker="w1") == 2
    for job in mine:
        row = await queue.row(job)
        assert (row["status"], row["progress"], row["failures"], row["started_at"]) == ("waiting", 0, 0, None)
        assert await queue.trash(job) == {"1/": False}
        assert await queue.complete(job) is False
    assert (await queue.row(others))["status"] == "active"
    assert {job["attempt"] for job in await queue.claim(2, "w1")} == {2}


# Results ------------------------------------------------------------------------------------------------------------


async def test_completing_stores_the_results_once(queue: Queue, owner: Person):
    await owner.enqueue(visibility="private", params={"count": 2, "seed": 7})
    (job,) = await queue.claim()
    results = [result(f"{job['id']}/{n}.webp", f"{job['id']}/{n}.poster.webp", n) for n in range(2)]
    assert await queue.complete(job, results=results) is True
    assert await queue.complete(job, results=results) is False
    row, pictures = await queue.row(job), await queue.generations(job)
    assert (row["status"], row["progress"], row["stage"], row["eta_s"]) == ("completed", 100, "", None)
    assert [picture["ordinal"] for picture in pictures] == [0, 1]
    shared = {name: job[name] for name in ("owner_id", "kind", "prompt", "model_id", "visibility")}
    assert all(picture.items() >= shared.items() for picture in pictures)
    assert await queue.leases(job) == 0
    assert await queue.trash(job) == {"1/previews/": False}


async def test_results_that_cannot_be_leave_the_job_as_it_was(queue: Queue, owner: Person):
    await owner.enqueue()
    (job,) = await queue.claim()
    before = await queue.row(job)
    bad = {**result(f"{job['id']}/0.webp", f"{job['id']}/p.webp"), "media_type": "text/html"}
    arguments = {"worker": "w1", "job_id": job["id"], "attempt": 1}
    refused(await queue.service.ask("complete_generation", **arguments, results=[bad]), 400, "23514")
    assert await queue.row(job) == before
    assert await queue.complete(job)


async def test_cancelling_and_completing_at_once_has_one_outcome(queue: Queue, owner: Person):
    outcomes = set()
    for n in range(12):
        await owner.enqueue()
        (job,) = await queue.claim()
        calls = [owner.call("cancel_generation", job_id=job["id"]), queue.complete(job)]
        answers = await asyncio.gather(*(calls if n % 2 else reversed(calls)))
        completed = answers[1] if n % 2 else answers[0]
        cancelled = answers[0] if n % 2 else answers[1]
        row, pictures = await queue.row(job), await queue.generations(job)
        assert (row["status"], len(pictures)) == (("completed", 1) if completed else ("cancelled", 0))
        assert cancelled["status"] == row["status"]
        assert await queue.trash(job) == ({"1/previews/": False} if completed else {"1/": False})
        outcomes.add(row["status"])
    assert outcomes <= {"completed", "cancelled"}


async def test_deleted_pictures_leave_their_files_to_the_worker(queue: Queue, owner: Person):
    await owner.enqueue()
    (job,) = await queue.claim()
    await queue.complete(job)
    (picture,) = await queue.generations(job)
    await queue.sql.execute("delete from private.media_trash")
    await owner.rest("DELETE", f"generations?id=eq.{picture['id']}")
    files = {picture["media_path"], picture["poster_path"]}
    assert set(await queue.service.call("due_media_trash")) == files
    assert len(await queue.service.call("due_media_trash", n=1)) == 1
    await queue.service.call("clear_media_trash", paths=[picture["media_path"]])
    assert await queue.service.call("due_media_trash") == [picture["poster_path"]]
    await queue.service.call("clear_media_trash", paths=[picture["poster_path"], "unknown"])
    assert await queue.service.call("due_media_trash") == []


# What is said of it -------------------------------------------------------------------------------------------------


async def test_each_step_is_one_message_per_circle(queue: Queue, owner: Person, stranger: Person, third: Person):
    for member in (owner, stranger):
        await queue.fill(member, 5)
    await queue.fill(third, 3, visibility="private")
    circles = {"world": 10, f"member:{owner.id}": 5, f"member:{stranger.id}": 5, f"member:{third.id}": 3}
    seen = {row["id"] for row in await queue.sql.fetch(SENT)}

    async def said() -> list[str]:
        rows = [row for row in await queue.sql.fetch(SENT) if row["id"] not in seen]
        seen.update(row["id"] for row in rows)
        return sorted(row["topic"] for row in rows)

    jobs = await queue.claim(13)
    assert await said() == sorted(circles)
    reports = [{"id": job["id"], "attempt": 1, "progress": 50, "stage": "Drawing", "eta_s": 3} for job in jobs]
    held = await queue.service.call("report_progress", worker="w1", reports=reports)
    assert len(held) == 13
    assert await said() == sorted(circles)
    versions = [(await queue.row(job))["version"] for job in jobs]
    assert len(await queue.service.call("report_progress", worker="w1", reports=reports)) == 13
    assert await said() == []  # nothing new, nothing said
    assert [(await queue.row(job))["version"] for job in jobs] == versions
    private = [report for report in reports if report["id"] in {j["id"] for j in jobs if j["owner_id"] == third.id}]
    await queue.service.call("report_progress", worker="w1", reports=[{**report, "progress": 60} for report in private])
    assert await said() == [f"member:{third.id}"]
