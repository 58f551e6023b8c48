"""A member's own queue: paused and resumed, put in order, filled and emptied at once, and no larger than it may be."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from embedded.stack import Address
from tests.supabase.people import AURORA, Person, refused
from tests.supabase.queue import Queue


async def batch(member: Person, n: int, **wishes: Any) -> Any:
    """Asks for n variations of a wren."""
    wanted = {
        "job_ids": [str(uuid4()) for _ in range(n)],
        "batch": str(uuid4()),
        "kind": "image",
        "prompt": "a wren",
        "model_id": AURORA,
    }
    return await member.ask("enqueue_generations", **wanted | wishes)


async def waiting(member: Person) -> list[dict[str, Any]]:
    return await member.rows(
        f"generation_jobs?owner_id=eq.{member.id}&status=eq.waiting&order=priority.desc,position,created_at,id"
    )


async def allow(queue: Queue, member: Person, **limits: int) -> None:
    for name, value in limits.items():
        await queue.sql.execute(f"update public.generation_queues set {name} = $2 where id = $1", member.id, value)


@pytest.fixture(autouse=True)
async def as_usual(queue: Queue, owner: Person, stranger: Person):
    """Every test begins with queues that nobody has touched."""
    reset = "update public.generation_queues set paused = false, max_active = 8, max_waiting = 100"
    for statement in (reset, "delete from private.allowances"):
        await queue.sql.execute(statement)
    yield
    await queue.sql.execute(reset)
    await queue.sql.execute("delete from private.allowances")


# Pausing ------------------------------------------------------------------------------------------------------------


async def test_nothing_of_a_paused_queue_is_begun_and_what_is_at_work_goes_on(
    queue: Queue, owner: Person, stranger: Person
):
    running = await owner.enqueue()
    (running,) = await queue.claim()
    rest = [await owner.enqueue(prompt=f"{n}") for n in range(3)]
    other = await stranger.enqueue()
    assert (await owner.call("pause_queue"))["paused"] is True
    late = await owner.enqueue(prompt="late")
    assert late["held"] is True
    assert [job["id"] for job in await queue.claim(10)] == [other["id"]]
    assert await queue.report(running, 50) == [running["id"]]
    assert await queue.fail(running)  # and is in line again: held, like the rest
    assert (await queue.row(running))["held"] is True
    assert await queue.claim(10) == []
    assert (await owner.call("resume_queue"))["paused"] is False
    assert [job["id"] for job in await queue.claim(10)] == [running["id"], *(job["id"] for job in rest), late["id"]]


async def test_others_see_of_a_pause_what_they_see_of_jobs(queue: Queue, owner: Person, stranger: Person, anon: Person):
    public = await owner.enqueue(visibility="public")
    private = await owner.enqueue(visibility="private")
    await owner.call("pause_queue")
    for viewer in (stranger, anon):
        (seen,) = await viewer.rows(f"generation_jobs?id=in.({public['id']},{private['id']})")
        assert (seen["id"], seen["held"]) == (public["id"], True)
    assert await stranger.rows(f"generation_queues?id=eq.{owner.id}") == []
    refused(await anon.rest("GET", "generation_queues"), 401, "42501")
    (mine,) = await owner.rows("generation_queues")
    assert (mine["id"], mine["paused"]) == (owner.id, True)
    refused(await owner.rest("PATCH", f"generation_queues?id=eq.{owner.id}", {"max_active": 1000}), 403, "42501")


async def test_a_pause_is_told_to_its_member_alone_and_its_public_jobs_to_everybody(queue: Queue, owner: Person):
    await owner.enqueue(visibility="public")
    await owner.enqueue(visibility="private")
    before = await queue.sql.fetchval("select coalesce(max(inserted_at), 'epoch') from realtime.messages")
    await owner.call("pause_queue")
    rows = await queue.sql.fetch(
        "select topic, payload ->> 'table' as table, jsonb_array_length(payload -> 'records') as records, "
        "payload -> 'records' -> 0 -> 'held' as held from realtime.messages where inserted_at > $1", before,
    )  # fmt: skip
    told = {(row["topic"], row["table"]): (row["records"], row["held"]) for row in rows}
    assert told == {
        (f"member:{owner.id}", "generation_queues"): (1, None),
        (f"member:{owner.id}", "generation_jobs"): (2, "true"),
        ("world", "generation_jobs"): (1, "true"),
    }


async def test_however_many_tabs_pause_and_resume_jobs_are_held_as_the_queue_says(queue: Queue, owner: Person):
    async def queueing() -> None:
        for _ in range(6):
            await owner.enqueue()

    async def failing() -> None:
        for _ in range(6):
            for job in await queue.claim(1):
                await queue.fail(job)

    await queue.fill(owner, 5)
    tabs = [owner.call(word) for _ in range(8) for word in ("pause_queue", "resume_queue")]
    await asyncio.gather(*tabs, queueing(), failing())
    (mine,) = await owner.rows("generation_queues")
    assert {job["held"] for job in await waiting(owner)} <= {mine["paused"]}
    await owner.call("pause_queue")
    assert await queue.claim(100) == []
    assert all(job["held"] for job in await waiting(owner))


# Order --------------------------------------------------------------------------------------------------------------


async def test_a_job_is_put_before_another_or_behind_all_and_taken_there(queue: Queue, owner: Person):
    a, b, c, d = [(await owner.enqueue(prompt=name))["id"] for name in "abcd"]
    moved = await owner.call("move_generation", job_id=d, before=b)
    assert moved["id"] == d
    assert (await queue.row({"id": b}))["version"] < moved["version"]
    assert [job["id"] for job in await waiting(owner)] == [a, d, b, c]
    await owner.call("move_generation", job_id=c, before=a)
    await owner.call("move_generation", job_id=a)
    await owner.call("move_generation", job_id=a, before=a)
    last = await owner.enqueue(prompt="e")
    assert [(await queue.claim())[0]["id"] for _ in range(5)] == [c, d, b, a, last["id"]]
    assert (await owner.call("move_generation", job_id=c, before=a))["status"] == "active"


async def test_there_is_room_between_two_jobs_however_often_one_is_put_there(queue: Queue, owner: Person):
    await queue.fill(owner, 6)
    line = [job["id"] for job in await waiting(owner)]
    for n in range(36):  # the numbers between two that are a second apart end after some twenty
        line.insert(1, line.pop())
        await owner.call("move_generation", job_id=line[1], before=line[2])
        assert n % 6 or [job["id"] for job in await waiting(owner)] == line
    assert [job["id"] for job in await waiting(owner)] == line


async def test_a_job_that_was_just_taken_still_says_where_another_was_to_go(queue: Queue, owner: Person):
    a, b, c = [(await owner.enqueue(prompt=name))["id"] for name in "abc"]
    assert [job["id"] for job in await queue.claim(1)] == [a]
    await owner.call("move_generation", job_id=c, before=a)
    assert [job["id"] for job in await waiting(owner)] == [c, b]


async def test_a_moved_job_stands_with_those_it_was_put_among_whatever_their_priority(queue: Queue, owner: Person):
    await queue.fill(owner, 2, priority=5)
    late = await owner.enqueue()
    first, second, _ = await waiting(owner)
    await owner.call("move_generation", job_id=late["id"], before=second["id"])
    await owner.call("move_generation", job_id=first["id"])
    assert [job["id"] for job in await waiting(owner)] == [late["id"], second["id"], first["id"]]


async def test_only_ones_own_jobs_can_be_moved_and_only_among_them(
    queue: Queue, owner: Person, stranger: Person, anon: Person
):
    mine, theirs = await owner.enqueue(), await stranger.enqueue()
    refused(await stranger.ask("move_generation", job_id=mine["id"]), 404, "PT404")
    refused(await owner.ask("move_generation", job_id=mine["id"], before=theirs["id"]), 404, "PT404")
    refused(await owner.ask("move_generation", job_id=str(uuid4())), 404, "PT404")
    refused(await anon.ask("move_generation", job_id=mine["id"]), 401, "42501")
    assert (await waiting(owner)) == [mine]


async def test_moves_and_claims_at_once_take_each_job_once_and_lose_none(queue: Queue, owner: Person):
    await queue.fill(owner, 24)
    ids = [job["id"] for job in await waiting(owner)]
    taken: list[str] = []

    async def moving(step: int) -> None:
        for n in range(20):
            job, before = ids[(n * step) % 24], ids[(n * step + 7) % 24]
            assert (await owner.ask("move_generation", job_id=job, before=before)).status_code == 200

    async def claiming(worker: str) -> None:
        while len(taken) < 24:
            taken.extend(job["id"] for job in await queue.claim(1, worker))

    async with asyncio.timeout(30):
        await asyncio.gather(moving(5), moving(11), claiming("w1"), claiming("w2"))
    assert Counter(taken) == Counter(ids)


# Many at once -------------------------------------------------------------------------------------------------------


async def test_a_batch_is_queued_once_in_order_each_job_with_its_seed(queue: Queue, owner: Person):
    await owner.enqueue()
    ids, name = [str(uuid4()) for _ in range(4)], str(uuid4())
    wish: dict[str, Any] = {"job_ids": ids, "batch": name, "seeds": [4, 3, 2, 1], "params": {"count": 2}}
    answers = await asyncio.gather(*(batch(owner, 4, **wish) for _ in range(5)))
    jobs = answers[0].json()
    assert all(answer.json() == jobs for answer in answers)
    assert [(job["id"], job["batch"], job["params"]["seed"], job["cost"]) for job in jobs] == [
        (id, name, seed, 4) for id, seed in zip(ids, (4, 3, 2, 1), strict=True)
    ]
    assert [job["id"] for job in (await waiting(owner))[1:]] == ids


async def test_variations_of_a_seed_go_on_behind_each_other(queue: Queue, owner: Person):
    jobs = (await batch(owner, 3, params={"seed": 2**32 - 2, "count": 2})).json()
    assert [job["params"]["seed"] for job in jobs] == [2**32 - 2, 0, 2]


async def test_a_batch_is_queued_as_a_whole_or_not_at_all(queue: Queue, owner: Person, stranger: Person):
    refused(await batch(owner, 3, seeds=[1, 2, -1]), 400, "23514")
    await queue.fill(owner, 97)
    answer = await batch(owner, 4)
    refused(answer, 429, "PT429")
    assert answer.json()["message"] == "Only 3 more can wait"
    assert len(await waiting(owner)) == 97
    known = (await waiting(owner))[0]["id"]
    refused(await batch(owner, 2, job_ids=[known, str(uuid4())]), 409, "23505")
    refused(await batch(stranger, 2, job_ids=[known, str(uuid4())]), 409, "23505")
    assert (await batch(owner, 3)).status_code == 200


async def test_a_batch_that_can_be_paid_only_in_part_is_not_queued(queue: Queue, third: Person):
    for _ in range(7):
        assert (await batch(third, 8, params={"count": 4})).status_code == 200
    refused(await batch(third, 8, params={"count": 4}), 402, "PT402")
    assert len(await waiting(third)) == 56
    assert (await batch(third, 6, params={"count": 4})).status_code == 200
    (account,) = await third.rows("credit_accounts")
    assert account["balance"] == 500 - 62 * 8
    await third.call("cancel_generations")
    (account,) = await third.rows("credit_accounts")
    assert account["balance"] == 500


@pytest.mark.parametrize("ids", [[], None, [str(uuid4())] * 2, [str(uuid4()) for _ in range(9)], [None, str(uuid4())]])
async def test_a_batch_has_one_to_eight_jobs(queue: Queue, owner: Person, ids: Any):
    refused(await batch(owner, 1, job_ids=ids), 400, "22023")


async def test_all_or_some_are_cancelled_and_nobody_elses(queue: Queue, owner: Person, stranger: Person, anon: Person):
    running = await owner.enqueue()
    (running,) = await queue.claim()
    a, b, c = [await owner.enqueue(prompt=name) for name in "abc"]
    theirs = await stranger.enqueue()
    ended = await owner.call("cancel_generations", ids=[a["id"], theirs["id"], str(uuid4())])
    assert [(job["id"], job["status"]) for job in ended] == [(a["id"], "cancelled")]
    assert await owner.call("cancel_generations", ids=[a["id"]]) == ended  # it stays as it is
    assert await owner.call("cancel_generations") == []
    assert {(await queue.row(job))["status"] for job in (running, b, c)} == {"cancelled"}
    assert await queue.leases(running) == 0
    assert await queue.report(running, 60) == []
    assert (await queue.row(theirs))["status"] == "waiting"
    refused(await anon.ask("cancel_generations"), 401, "42501")


async def test_a_retry_knows_the_how_manieth_it_is_and_its_batch(queue: Queue, owner: Person):
    job = (await batch(owner, 1)).json()[0]
    for tries in (2, 3):
        (taken,) = await queue.claim()
        assert await queue.fail(taken, final=True)
        again = await owner.call("retry_generation", job_id=job["id"], new_id=str(uuid4()))
        assert (again["tries"], again["retried_from"], again["batch"]) == (tries, job["id"], job["batch"])
        job = again


# How much -----------------------------------------------------------------------------------------------------------


async def test_no_more_of_a_members_jobs_are_at_work_than_may_be(
    supabase: Address, queue: Queue, owner: Person, stranger: Person
):
    await queue.fill(owner, 20)
    await queue.fill(stranger, 2)
    await allow(queue, owner, max_active=3)
    workers = [await asyncpg.connect(supabase.db_url) for _ in range(8)]
    barrier = asyncio.Barrier(len(workers))

    async def claim(connection: asyncpg.Connection) -> list[str]:
        await barrier.wait()
        rows = await connection.fetch("select owner_id::text from public.claim_generation_jobs('w1', 2)")
        return [row["owner_id"] for row in rows]

    try:
        taken = Counter(owner for part in await asyncio.gather(*map(claim, workers)) for owner in part)
        assert taken == {owner.id: 3, stranger.id: 2}
    finally:
        for connection in workers:
            await connection.close()
    assert await queue.claim(5) == []
    active = await owner.rows(f"generation_jobs?owner_id=eq.{owner.id}&status=eq.active&limit=1")
    assert await queue.complete(active[0])
    assert [job["owner_id"] for job in await queue.claim(5)] == [owner.id]


async def test_a_claim_under_way_counts_though_the_order_has_changed(supabase: Address, queue: Queue, owner: Person):
    await queue.fill(owner, 3)
    await allow(queue, owner, max_active=1)
    first, _, last = await waiting(owner)
    worker = await asyncpg.connect(supabase.db_url)
    transaction = worker.transaction()
    await transaction.start()
    try:
        assert await worker.fetchval("select id::text from public.claim_generation_jobs('w1', 1)") == first["id"]
        await owner.call("move_generation", job_id=last["id"], before=first["id"])
        other = asyncio.create_task(queue.claim(1, "w2"))
        waits = "select exists (select 1 from pg_locks where locktype = 'advisory' and not granted)"
        async with asyncio.timeout(30):
            while not other.done() and not await queue.sql.fetchval(waits):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        await transaction.commit()
        await worker.close()
    assert await other == []


async def test_what_a_member_asks_of_the_queue_is_limited(queue: Queue, owner: Person, stranger: Person):
    spent = "update private.allowances set remaining = 0, at = now() + interval '1 hour' where member_id = $1"
    job, last = await owner.enqueue(), await owner.enqueue()
    await queue.sql.execute(spent, owner.id)
    refused(await batch(owner, 2), 429, "PT429")
    for function, arguments in (
        ("pause_queue", {}),
        ("move_generation", {"job_id": last["id"], "before": job["id"]}),
        ("enqueue_generation", {"job_id": str(uuid4()), "kind": "image", "prompt": "a wren", "model_id": AURORA}),
    ):
        refused(await owner.ask(function, **arguments), 429, "PT429")
    assert await owner.enqueue(job_id=last["id"]) == last  # what was sent before is still answered
    assert await owner.call("cancel_generation", job_id=last["id"])
    assert await stranger.enqueue()
    await queue.sql.execute("update private.allowances set remaining = 240, at = now()")
    assert await owner.enqueue()
