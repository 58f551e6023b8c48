"""The queue: what members may wish for, who is served when, and that only the holder of a lease changes anything."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from embedded.stack import Address
from tests.supabase.people import AURORA, GOUACHE, Person, join, leave, refused
from tests.supabase.studio import clear_queue, result

INSERT = """
insert into public.generation_jobs (owner_id, kind, prompt, model_id, params, priority, visibility)
select $1, 'image', format('wren %s', n), $2, '{"width": 512, "height": 512, "count": 1, "steps": 8, "seed": 1, "duration": 4}', $4, $5
from generate_series(1, $3::int) n
"""
SENT = "select id, topic, payload -> 'records' as records from realtime.messages where event = 'change' and payload ->> 'table' = 'generation_jobs'"


class Queue:
    """The queue as a worker and the database's owner see it."""

    def __init__(self, service: Person, sql: asyncpg.Connection) -> None:
        self.service = service
        self.sql = sql

    async def fill(self, member: Person, n: int, *, priority: int = 0, visibility: str = "public") -> None:
        """Queues n jobs at once."""
        await self.sql.execute(INSERT, member.id, AURORA, n, priority, visibility)

    async def claim(self, n: int = 1, worker: str = "w1", lease_s: int = 30) -> list[dict[str, Any]]:
        return await self.service.call("claim_generation_jobs", worker=worker, n=n, lease_s=lease_s)

    async def report(self, job: dict[str, Any], progress: int, worker: str = "w1", **more: Any) -> list[str]:
        entry = {
            "id": job["id"],
            "attempt": job["attempt"],
            "progress": progress,
            "stage": "Drawing",
            "eta_s": 5,
            **more,
        }
        return await self.service.call("report_progress", worker=worker, reports=[entry])

    async def complete(self, job: dict[str, Any], worker: str = "w1", results: list[Any] | None = None) -> bool:
        folder = f"{job['owner_id']}/{job['id']}/{job['attempt']}"
        done = [result(f"{folder}/0.webp", f"{folder}/0.poster.webp")] if results is None else results
        return await self.service.call(
            "complete_generation", worker=worker, job_id=job["id"], attempt=job["attempt"], results=done
        )

    async def fail(self, job: dict[str, Any], error: str = "Out of paint", worker: str = "w1", **more: Any) -> bool:
        return await self.service.call(
            "fail_generation", worker=worker, job_id=job["id"], attempt=job["attempt"], error=error, **more
        )

    async def row(self, job: dict[str, Any]) -> dict[str, Any]:
        (row,) = await self.service.rows(f"generation_jobs?id=eq.{job['id']}")
        return row

    async def generations(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        return await self.service.rows(f"generations?job_id=eq.{job['id']}&order=ordinal")

    async def expire_leases(self) -> int:
        """Lets all leases run out, and rescues their jobs."""
        await self.sql.execute("update private.job_leases set expires_at = now() - interval '1 second'")
        return await self.service.call("release_expired_leases")

    async def trash(self, job: dict[str, Any]) -> dict[str, bool]:
        """The job's paths in the trash, and whether they are to be removed already."""
        rows = await self.sql.fetch(
            "select path, due_at <= now() as due from private.media_trash where path like '%' || $1 || '%'", job["id"]
        )
        return {row["path"].partition(f"{job['id']}/")[2]: row["due"] for row in rows}

    async def leases(self, job: dict[str, Any]) -> int:
        return len(await self.sql.fetch("select 1 from private.job_leases where job_id = $1", job["id"]))


@pytest.fixture
async def queue(service: Person, sql: asyncpg.Connection) -> AsyncIterator[Queue]:
    """An empty queue."""
    await clear_queue(sql)
    yield Queue(service, sql)
    await clear_queue(sql)


@pytest.fixture
async def third(supabase: Address, service: Person) -> AsyncIterator[Person]:
    member = await join(supabase, "third")
    yield member
    await leave(member, service)
    await member.http.aclose()


# Wishes -------------------------------------------------------------------------------------------------------------


async def test_a_job_is_what_was_wished_for_and_else_the_usual(queue: Queue, owner: Person):
    job = await owner.enqueue(prompt="  a wren  ", params={"seed": None, "colour": "red"})
    assert job["params"].pop("seed") in range(2**32)
    assert job["params"] == {"width": 1024, "height": 1024, "count": 1, "steps": 28, "duration": 4}
    wanted = {
        "prompt": "a wren",
        "status": "waiting",
        "visibility": "public",
        "attempt": 0,
        "cost": 2,
        "owner_id": owner.id,
    }
    assert job.items() >= wanted.items()
    clip = await owner.enqueue(kind="video", visibility="private", negative_prompt=" fog ", params=None)
    assert (clip["cost"], clip["negative_prompt"], clip["params"]["count"]) == (8, "fog", 1)
    pictures = await owner.enqueue(
        params={"count": 4, "width": 256, "height": 1536, "steps": 60, "seed": 2**32 - 1, "duration": 8}
    )
    assert pictures["cost"] == 8


async def test_params_are_numbers_however_they_were_sent(queue: Queue, owner: Person):
    """Everybody's page computes with them."""
    job = await owner.enqueue(params={"width": "512", "height": " 768 ", "count": 2, "seed": "7"})
    assert job["params"] == {"width": 512, "height": 768, "count": 2, "steps": 28, "duration": 4, "seed": 7}


OUT_OF_RANGE = 'new row for relation "generation_jobs" violates check constraint "generation_jobs_{}_check"'


@pytest.mark.parametrize(
    ("wish", "status", "code", "message"),
    [
        *(({"prompt": p}, 400, "23514", OUT_OF_RANGE.format("prompt")) for p in ("", "   ", "\n\t", "x" * 1001)),
        ({"negative_prompt": "x" * 1001}, 400, "23514", OUT_OF_RANGE.format("negative_prompt")),
        ({"visibility": "friends"}, 400, "23514", OUT_OF_RANGE.format("visibility")),
        ({"prompt": None}, 400, "23502", 'null value in column "prompt"'),
        ({"visibility": None}, 400, "23502", 'null value in column "visibility"'),
        ({"kind": None}, 400, "23502", 'null value in column "kind"'),
        ({"job_id": None}, 400, "23502", 'null value in column "id"'),
        ({"job_id": "one"}, 400, "22P02", "invalid input syntax for type uuid"),
        ({"kind": "audio"}, 400, "22023", "Aurora does not make this kind"),
        ({"kind": "video", "model_id": GOUACHE}, 400, "22023", "Gouache does not make this kind"),
        ({"model_id": str(uuid4())}, 400, "22023", "There is no such model"),
        ({"model_id": None}, 400, "22023", "There is no such model"),
        ({"retried_from": str(uuid4())}, 404, "PT404", "There is no such job"),
        *(
            ({"params": {name: value}}, 400, "23514", OUT_OF_RANGE.format("params"))
            for name, values in {
                "width": (0, -512, 240, 1552, 1000), "height": (248, 1544), "count": (0, 5), "steps": (3, 61),
                "seed": (-1, 2**32), "duration": (0, 9),
            }.items()
            for value in values
        ),
        *(({"params": {"count": odd}}, 400, "22P02", "invalid input syntax for type integer") for odd in ("many", "", 1.5, True, [1], {})),
        ({"params": {"width": 1e30}}, 400, "22", ""),
        ({"params": {"seed": 2**70}}, 400, "22003", "out of range for type bigint"),
        ({"params": [1]}, 400, "22023", "cannot call"),
        ({"params": "wide"}, 400, "22023", "cannot call"),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_refused_with_a_reason(
    queue: Queue, owner: Person, wish: dict[str, Any], status: int, code: str, message: str
):
    wanted = {"job_id": str(uuid4()), "kind": "image", "prompt": "a wren", "model_id": AURORA, **wish}
    answer = await owner.ask("enqueue_generation", **wanted)
    said = answer.json()
    assert answer.status_code == status, said
    assert said["code"].startswith(code), said
    assert message in said["message"]
    assert await owner.rows(f"generation_jobs?owner_id=eq.{owner.id}&status=eq.waiting") == []


async def test_visitors_cannot_queue(queue: Queue, anon: Person):
    answer = await anon.ask("enqueue_generation", job_id=str(uuid4()), kind="image", prompt="a wren", model_id=AURORA)
    refused(answer, 401, "42501")


async def test_one_id_is_one_job_however_often_and_fast_it_is_sent(queue: Queue, owner: Person):
    job_id = str(uuid4())
    answers = await asyncio.gather(*(owner.enqueue(job_id=job_id, prompt=f"wren {n}") for n in range(6)))
    assert len({answer["prompt"] for answer in answers}) == 1
    assert len(await owner.rows(f"generation_jobs?owner_id=eq.{owner.id}&status=eq.waiting")) == 1
    assert await owner.enqueue(job_id=job_id, prompt="", kind="audio") == answers[0]  # it is only looked up


async def test_a_hundred_may_wait(queue: Queue, owner: Person, stranger: Person):
    await queue.fill(owner, 97)
    wish = {"kind": "image", "prompt": "one more", "model_id": AURORA}
    answers = await asyncio.gather(*(owner.ask("enqueue_generation", job_id=str(uuid4()), **wish) for _ in range(8)))
    assert Counter(answer.status_code for answer in answers) == {200: 3, 429: 5}
    full = next(answer.json() for answer in answers if answer.status_code == 429)
    assert full == {
        "code": "PT429", "message": "A hundred jobs are waiting already", "details": None,
        "hint": "Wait for some to finish, or cancel some.",
    }  # fmt: skip
    assert (await stranger.enqueue())["status"] == "waiting"
    job = next(answer.json() for answer in answers if answer.is_success)
    await owner.call("cancel_generation", job_id=job["id"])
    assert (await owner.enqueue())["status"] == "waiting"


# Second thoughts ----------------------------------------------------------------------------------------------------


async def test_cancelling_ends_what_waits_or_runs_and_nothing_else(queue: Queue, owner: Person):
    job = await owner.enqueue()
    assert (await owner.call("cancel_generation", job_id=job["id"]))["status"] == "cancelled"
    again = await owner.call("cancel_generation", job_id=job["id"])
    assert again == await queue.row(job)  # it stays as it is

    running = await owner.enqueue()
    (running,) = await queue.claim()
    ended = await owner.call("cancel_generation", job_id=running["id"])
    assert (ended["status"], ended["stage"], ended["eta_s"]) == ("cancelled", "", None)
    assert ended["finished_at"]
    assert await queue.leases(running) == 0
    assert await queue.trash(running) == {"1/": False}  # a moment later: its worker may still be writing

    done = await owner.enqueue()
    (done,) = await queue.claim()
    assert await queue.complete(done)
    assert (await owner.call("cancel_generation", job_id=done["id"]))["status"] == "completed"
    refused(await owner.ask("cancel_generation", job_id=str(uuid4())), 404, "PT404")


async def test_retrying_queues_an_ended_job_anew(queue: Queue, owner: Person):
    job = await owner.enqueue(
        prompt="a wren again", params={"seed": 5, "count": 2}, visibility="private", negative_prompt="fog"
    )
    new_id = str(uuid4())
    refused(await owner.ask("retry_generation", job_id=job["id"], new_id=new_id), 409, "PT409")
    (job,) = await queue.claim()
    refused(await owner.ask("retry_generation", job_id=job["id"], new_id=new_id), 409, "PT409")
    assert await queue.fail(job, final=True)
    new = await owner.call("retry_generation", job_id=job["id"], new_id=new_id)
    assert await owner.call("retry_generation", job_id=job["id"], new_id=new_id) == new
    same = ("prompt", "params", "visibility", "negative_prompt", "model_id", "kind", "cost")
    assert {name: new[name] for name in same} == {name: job[name] for name in same}
    assert (new["id"], new["status"], new["retried_from"], new["failures"]) == (new_id, "waiting", job["id"], 0)
    assert (await queue.row(job))["dismissed"] is True
    (new,) = await queue.claim()
    assert await queue.complete(new)
    refused(await owner.ask("retry_generation", job_id=new_id, new_id=str(uuid4())), 409, "PT409")
    refused(await owner.ask("retry_generation", job_id=str(uuid4()), new_id=str(uuid4())), 404, "PT404")


async def test_a_retry_that_is_refused_leaves_the_old_job_in_sight(queue: Queue, owner: Person):
    job = await owner.enqueue()
    await owner.call("cancel_generation", job_id=job["id"])
    await queue.fill(owner, 100)
    refused(await owner.ask("retry_generation", job_id=job["id"], new_id=str(uuid4())), 429, "PT429")
    assert (await queue.row(job))["dismissed"] is False


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
