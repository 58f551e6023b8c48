"""Datasets and trainings, tried as their owner, as strangers and as workers."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from embedded.stack import Address
from tests.supabase.people import AURORA, Person, refused
from tests.supabase.rights import BUCKETS, TRAINING
from tests.supabase.studio import Studio, enter, put

OTHERS = ["anon", "stranger"]
READING = ("object", "object/authenticated", "object/info", "object/info/authenticated")
WEBP = {"content-type": "image/webp", "x-upsert": "true"}


async def filled(member: Person, images: int = 2) -> str:
    """A dataset whose images are said to be there."""
    dataset = str(uuid4())
    await member.call("create_dataset", dataset_id=dataset, name="Wrens")
    for _ in range(images):
        await enter(member, dataset, str(uuid4()))
    assert (await member.rest("PATCH", f"dataset_images?dataset_id=eq.{dataset}", {"ready": True})).is_success
    return dataset


def wish(dataset: str, **more: Any) -> dict[str, Any]:
    return {
        "job_id": str(uuid4()), "dataset_id": dataset, "base_model_id": AURORA, "name": "Wren", "total_steps": 500,
        "learning_rate": 0.0004, **more,
    }  # fmt: skip


@pytest.mark.parametrize("who", OTHERS)
async def test_nobody_else_sees_or_touches_a_dataset_or_training(people: dict[str, Person], studio: Studio, who: str):
    somebody = people[who]
    for table in TRAINING:
        one = f"{table}?id=eq.{studio.own[table]}"
        for path in (one, f"{table}?owner_id=eq.{studio.owner}", f"{table}?select=*"):
            answer = await somebody.rest("GET", path)
            assert answer.json() == [] if who == "stranger" else refused(answer, 401, "42501") is None
    for table, change in (("datasets", {"name": "Mine"}), ("dataset_images", {"ready": False})):
        one = f"{table}?id=eq.{studio.own[table]}"
        for answer in (
            await somebody.rest("PATCH", one, change, prefer="return=representation"),
            await somebody.rest("DELETE", one, prefer="return=representation"),
        ):
            assert answer.json() == [] if who == "stranger" else refused(answer, 401, "42501") is None
    if who == "stranger":
        dataset, job = studio.own["datasets"], studio.own["training_jobs"]
        refused(await somebody.ask("start_training", **wish(dataset)), 404, "PT404")
        refused(await somebody.ask("cancel_training", job_id=job), 404, "PT404")
        refused(await somebody.ask("retry_training", job_id=job, new_id=str(uuid4())), 404, "PT404")
        refused(await somebody.ask("create_dataset", dataset_id=dataset, name="Mine"), 409, "23505")
        entry = {"name": "a", "media_type": "image/png", "bytes": 1, "width": 64, "height": 64, "colour": "#000000"}
        answer = await somebody.ask("add_dataset_image", image_id=str(uuid4()), dataset_id=dataset, **entry)
        refused(answer, 404, "PT404")
    assert len(await people["owner"].rows(f"datasets?id=eq.{studio.own['datasets']}&name=eq.Wrens")) == 1


@pytest.mark.parametrize("who", OTHERS)
async def test_nobody_else_reads_or_writes_its_files(
    people: dict[str, Person], owner: Person, studio: Studio, who: str
):
    somebody = people[who]
    (image,) = await owner.rows(f"dataset_images?id=eq.{studio.own['dataset_images']}")
    (job,) = await owner.rows(f"training_jobs?id=eq.{studio.own['training_jobs']}")
    checkpoint = job["previews"][0]["path"]
    for bucket, path in (("datasets", image["path"]), ("datasets", image["thumb_path"]), ("media", checkpoint)):
        for way in READING:
            assert (await somebody.http.get(f"/storage/v1/{way}/{bucket}/{path}")).status_code == 400
            assert (await owner.http.get(f"/storage/v1/{way}/{bucket}/{path}")).is_success
        answer = await somebody.http.post(f"/storage/v1/object/sign/{bucket}", json={"paths": [path], "expiresIn": 60})
        assert [entry["signedURL"] for entry in answer.json()] == [None]
        folder = path.rpartition("/")[0]
        answer = await somebody.http.post(f"/storage/v1/object/list/{bucket}", json={"prefix": folder, "limit": 9})
        assert answer.json() == []
        for method in ("POST", "PUT"):
            answer = await somebody.http.request(
                method, f"/storage/v1/object/{bucket}/{path}", content=b"forged", headers=WEBP
            )
            assert answer.status_code == 400
        assert (await somebody.http.request("DELETE", f"/storage/v1/object/{bucket}/{path}")).status_code == 400
    assert (await owner.http.get(f"/storage/v1/object/datasets/{image['path']}")).content == image["path"].encode()


async def test_only_what_was_entered_may_be_uploaded(owner: Person, stranger: Person, studio: Studio):
    dataset = studio.own["datasets"]
    for path in (f"{owner.id}/{dataset}/{uuid4()}.webp", f"{owner.id}/a.webp", f"{stranger.id}/a.webp", "a.webp"):
        answer = await owner.http.post(f"/storage/v1/object/datasets/{path}", content=b"more", headers=WEBP)
        assert answer.status_code == 400
    image = await enter(owner, dataset, str(uuid4()))
    await put(owner, "datasets", image["path"], b"whole")
    answer = await owner.http.post(f"/storage/v1/object/datasets/{image['path']}", content=b"again", headers=WEBP)
    assert answer.is_success, "what failed is tried again"
    large = bytes(BUCKETS["datasets"].largest_bytes + 1)
    answer = await owner.http.post(f"/storage/v1/object/datasets/{image['path']}", content=large, headers=WEBP)
    assert answer.json()["statusCode"] == "413"
    svg = {"content-type": "image/svg+xml", "x-upsert": "true"}
    answer = await owner.http.post(f"/storage/v1/object/datasets/{image['path']}", content=b"<svg/>", headers=svg)
    assert answer.json()["error"] == "invalid_mime_type"
    assert (await owner.rest("DELETE", f"dataset_images?id=eq.{image['id']}")).is_success
    assert (await owner.http.get(f"/storage/v1/object/datasets/{image['path']}")).status_code == 400


async def test_images_are_counted_whatever_happens_at_once(third: Person):
    dataset = await filled(third, 0)
    images = [await enter(third, dataset, str(uuid4())) for _ in range(12)]

    async def counted() -> tuple[int, str | None]:
        (row,) = await third.rows(f"datasets?id=eq.{dataset}")
        return row["image_count"], row["cover_path"]

    assert await counted() == (0, None), "what is only entered does not count"
    await asyncio.gather(
        *(third.rest("PATCH", f"dataset_images?id=eq.{image['id']}", {"ready": True}) for image in images)
    )
    assert await counted() == (12, images[0]["thumb_path"])
    await asyncio.gather(*(third.rest("DELETE", f"dataset_images?id=eq.{image['id']}") for image in images[:5]))
    assert await counted() == (7, images[5]["thumb_path"])


async def test_there_is_a_limit_to_everything(third: Person, sql: asyncpg.Connection):
    datasets = [str(uuid4()) for _ in range(21)]
    answers = await asyncio.gather(*(third.ask("create_dataset", dataset_id=id, name="A") for id in datasets))
    assert sorted(answer.status_code for answer in answers) == [200] * 20 + [429]
    dataset = await third.rows("datasets?limit=1")
    fill = """insert into public.dataset_images (owner_id, dataset_id, name, path, thumb_path, media_type, bytes, width, height, colour)
              select $1::uuid, $2::uuid, 'a', format('%s/%s', $1, n), format('%s/t%s', $1, n), 'image/png', 1, 64, 64, '#000000' from generate_series(1, 199) n"""
    await sql.execute(fill, third.id, dataset[0]["id"])
    entry = {"name": "a", "media_type": "image/png", "bytes": 1, "width": 64, "height": 64, "colour": "#000000"}
    answers = await asyncio.gather(
        *(third.ask("add_dataset_image", image_id=str(uuid4()), dataset_id=dataset[0]["id"], **entry) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 429, 429, 429]


async def test_a_training_needs_two_images_and_at_most_three_are_under_way(third: Person):
    refused(await third.ask("start_training", **wish(await filled(third, 1))), 400, "22023")
    dataset = await filled(third)
    for wrong in (
        {"total_steps": 99},
        {"total_steps": 4001},
        {"learning_rate": 0.1},
        {"name": " "},
        {"sample_prompt": ""},
    ):
        refused(await third.ask("start_training", **wish(dataset, **wrong)), 400, "23514")
    refused(await third.ask("start_training", **wish(dataset, base_model_id=str(uuid4()))), 400, "22023")
    answers = await asyncio.gather(*(third.ask("start_training", **wish(dataset)) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 429, 429]
    one = next(answer.json() for answer in answers if answer.is_success)
    assert one["cost"] == 25
    again = await third.call("start_training", **wish(dataset, job_id=one["id"]))
    assert again == one, "sent twice it is one"
    assert (await third.call("cancel_training", job_id=one["id"]))["status"] == "cancelled"
    retried = await third.call("retry_training", job_id=one["id"], new_id=str(uuid4()))
    assert (retried["retried_from"], retried["status"]) == (one["id"], "waiting")
    refused(await third.ask("retry_training", job_id=retried["id"], new_id=str(uuid4())), 409, "PT409")
    # what is under way cannot be deleted, what has ended can
    for job, gone in ((retried, 0), (one, 1)):
        answer = await third.rest("DELETE", f"training_jobs?id=eq.{job['id']}", prefer="return=representation")
        assert len(answer.json()) == gone


async def test_the_curve_is_bounded_and_told_once(third: Person, service: Person):
    job = (await third.call("start_training", **wish(await filled(third), total_steps=4000)))["id"]
    assert job in [row["id"] for row in await service.call("claim_training_jobs", worker="w", n=100)]
    points = [{"step": step, "loss": 0.5, "learning_rate": 0.1} for step in range(4001)]
    report = {"id": job, "attempt": 1, "progress": 9, "stage": "Training", "current_step": 9, "metrics": points}
    for _ in range(2):
        assert await service.call("report_training", worker="w", reports=[report]) == [job]
    assert len(await third.rows(f"training_metrics?job_id=eq.{job}")) == 251
    assert await third.call("cancel_training", job_id=job)
    assert await service.call("report_training", worker="w", reports=[report]) == []


async def test_completion_and_cancelling_race_to_one_end(third: Person, service: Person):
    dataset = await filled(third)
    for _ in range(6):
        job = (await third.call("start_training", **wish(dataset)))["id"]
        assert job in [row["id"] for row in await service.call("claim_training_jobs", worker="w", n=100)]
        end = {"worker": "w", "job_id": job, "attempt": 1, "loss": 0.1, "previews": [], "style": {"family": "aurora"}}
        completed, cancelled = await asyncio.gather(
            service.call("complete_training", **end), third.call("cancel_training", job_id=job)
        )
        (row,) = await third.rows(f"training_jobs?id=eq.{job}")
        assert row["status"] == cancelled["status"] == ("completed" if completed else "cancelled")
        assert (row["model_id"] is not None) == completed
        assert len(await third.rows(f"models?id=eq.{row['model_id'] or uuid4()}")) == completed
        ends = await third.rows(f"credit_transactions?reference_id=eq.{job}&kind=neq.hold")
        assert [end["kind"] for end in ends] == ["settle" if completed else "refund"], "one end, and one refund at most"


async def test_workers_that_claim_at_once_never_get_the_same_training(
    supabase: Address, owner: Person, stranger: Person, third: Person, sql: asyncpg.Connection
):
    await sql.execute("update public.training_jobs set status = 'cancelled' where status in ('waiting', 'active')")
    for member in (owner, stranger, third):
        dataset = await filled(member)
        for _ in range(3):
            await member.call("start_training", **wish(dataset))
    workers = await asyncio.gather(*(asyncpg.connect(supabase.db_url) for _ in range(8)))
    barrier = asyncio.Barrier(len(workers))

    async def claim(number: int, worker: asyncpg.Connection) -> list[str]:
        await barrier.wait()
        rows = await worker.fetch("select id::text from public.claim_training_jobs($1, 3)", f"w{number}")
        return [row["id"] for row in rows]

    try:
        claimed = [id for ids in await asyncio.gather(*(claim(*one) for one in enumerate(workers))) for id in ids]
        claimed += await claim_rest(workers[0])
    finally:
        await asyncio.gather(*(worker.close() for worker in workers))
    assert len(claimed) == len(set(claimed)) == 9
    leases = "select count(*) from private.training_leases where job_id = any ($1::uuid[])"
    assert await sql.fetchval(leases, claimed) == 9
    await sql.execute("update public.training_jobs set status = 'cancelled' where status in ('waiting', 'active')")


async def claim_rest(worker: asyncpg.Connection) -> list[str]:
    """What all of them left, because others held it at that moment."""
    return [row["id"] for row in await worker.fetch("select id::text from public.claim_training_jobs('rest', 100)")]


async def test_nobody_waits_behind_anothers_trainings(
    third: Person, owner: Person, service: Person, sql: asyncpg.Connection
):
    await sql.execute("update public.training_jobs set status = 'cancelled' where status in ('waiting', 'active')")
    first, second = await filled(third), await filled(owner)
    for _ in range(3):
        await third.call("start_training", **wish(first))
    await owner.call("start_training", **wish(second))
    owners = [
        (await service.call("claim_training_jobs", worker="w", n=1))[0]["owner_id"] for _ in range(2)
    ]  # fmt: skip
    assert owners == [third.id, owner.id]
    await sql.execute("update public.training_jobs set status = 'cancelled' where status in ('waiting', 'active')")


async def test_a_training_is_paid_for_once_and_only_if_it_ends_well(third: Person, service: Person):
    dataset = await filled(third)

    async def balance() -> int:
        return (await third.rows("credit_accounts"))[0]["balance"]

    welcome = await balance()
    jobs = [(await third.call("start_training", **wish(dataset)))["id"] for _ in range(3)]
    assert await balance() == welcome - 75
    claimed = [row["id"] for row in await service.call("claim_training_jobs", worker="w", n=100)]
    assert set(jobs) <= set(claimed)
    end = {"worker": "w", "attempt": 1}
    await service.call("complete_training", **end, job_id=jobs[0], loss=0.1, previews=[], style={})
    for _ in range(2):
        await service.call("fail_training", **end, job_id=jobs[1], error="no", final=True)
        await third.call("cancel_training", job_id=jobs[2])
    assert await balance() == welcome - 25
    for job in jobs:
        assert (await third.rest("DELETE", f"training_jobs?id=eq.{job}")).is_success
    assert await balance() == welcome - 25
    job = ""
    for _ in range(3):
        job = (await third.call("start_training", **wish(dataset, total_steps=3000)))["id"]
    refused(await third.ask("start_training", **wish(dataset, total_steps=3000)), 429, "PT429")
    await third.call("cancel_training", job_id=job)
    refused(await third.ask("start_training", **wish(dataset, total_steps=4000)), 402, "PT402")
