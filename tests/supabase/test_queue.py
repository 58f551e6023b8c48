"""The queue as members use it: what they may wish for, and their second thoughts."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest

from tests.supabase.people import AURORA, GOUACHE, Person, refused
from tests.supabase.queue import Queue

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
