"""Training by whole workers: a dataset becomes a model that draws by it, once, whatever happens on the way."""

from __future__ import annotations

import io
import json
import uuid
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.worker.studio import AURORA, Studio
from worker.housekeeping import Housekeeping

pytestmark = pytest.mark.timeout(300)  # whole workers, each of which starts anew

SLOW = {"STARLING_TRAINING_SECONDS": "1000"}
QUICK = {"STARLING_TRAINING_SECONDS": "0", "STARLING_TRAINING_FAILURE_RATE": "0"}


def picture(seed: int, colour: tuple[int, int, int] = (200, 60, 40)) -> bytes:
    """Noise around a colour."""
    noise = np.random.default_rng(seed).normal(0, 30, (96, 128, 3)) + np.array(colour)
    file = io.BytesIO()
    Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


@dataclass
class School:
    """Datasets and trainings of the first member, as a member makes them."""

    studio: Studio

    async def dataset(self, *files: bytes) -> str:
        """One with these files, all said to be there."""
        dataset = str(uuid.uuid4())
        await self.studio.as_member(0, "select public.create_dataset($1::uuid, 'Embers')", dataset)
        for content in files:
            image = str(uuid.uuid4())
            await self.studio.as_member(
                0,
                "select public.add_dataset_image($1::uuid, $2::uuid, 'a.png', 'image/png', $3, 128, 96, '#c83c28')",
                image, dataset, max(1, len(content)),
            )  # fmt: skip
            path = f"{self.studio.members[0]}/{dataset}/{image}.png"
            if content:
                await self.studio.api._send(
                    "POST",
                    f"/storage/v1/object/datasets/{path}",
                    content=content,
                    headers={"Content-Type": "image/png"},
                )
            await self.studio.as_member(0, "update public.dataset_images set ready = true where id = $1::uuid", image)
        return dataset

    async def train(self, dataset: str, steps: int = 500) -> str:
        job = str(uuid.uuid4())
        await self.studio.as_member(
            0,
            "select public.start_training($1::uuid, $2::uuid, $3::uuid, 'Ember No. 7', $4, 0.0004)",
            job, dataset, AURORA, steps,
        )  # fmt: skip
        return job

    async def row(self, job: str) -> dict[str, Any]:
        row = await self.studio.database.fetchrow("select * from public.training_jobs where id = $1::uuid", job)
        assert row is not None
        return dict(row)

    async def until(self, job: str, *statuses: str) -> dict[str, Any]:
        async def reached() -> dict[str, Any] | None:
            row = await self.row(job)
            return row if row["status"] in statuses else None

        return await self.studio.until(reached)

    async def models(self) -> list[dict[str, Any]]:
        rows = await self.studio.database.fetch("select * from public.models where kind = 'trained'")
        return [dict(row) for row in rows]

    async def files(self, bucket: str, folder: str) -> list[str]:
        return await self.studio.api.files_below(folder, bucket)


@pytest.fixture
async def school(studio: Studio) -> School:
    await studio.database.execute(
        "delete from public.training_jobs; delete from public.datasets; delete from public.models where kind = 'trained';"
        "delete from public.notifications"
    )
    return School(studio)


async def test_a_dataset_becomes_a_model_that_draws_by_it(studio: Studio, school: School):
    job = await school.train(await school.dataset(*(picture(i) for i in range(3))), steps=700)
    async with studio.worker(**QUICK):
        ended = await school.until(job, "completed")
        (model,) = await school.models()
        assert (ended["model_id"], ended["current_step"], ended["progress"]) == (model["id"], 700, 100)
        (drawn,) = await studio.enqueue(0, model=str(model["id"]), width=256, height=256)
        await studio.until_status(drawn, "completed")
    assert (model["name"], model["owner_id"], model["visibility"]) == ("Ember No. 7", ended["owner_id"], "private")
    assert model["slug"].startswith("ember-no-7-")
    style = json.loads(model["style"])
    assert style["family"] == "aurora", "it composes as the model that it began with"
    reds = [int(colour[1:3], 16) - int(colour[5:7], 16) for colour in style["palette"]]
    assert all(red > 20 for red in reds[1:]), f"it paints in the colours of its images: {style['palette']}"
    assert style["texture"]["grain"] > 0.5, "they are noise"
    # a curve of few points that falls
    points = await studio.database.fetch(
        "select step, loss, learning_rate from public.training_metrics where job_id = $1::uuid order by step", job
    )
    assert [point["step"] for point in points] == list(range(0, 701, 3))
    assert sum(p["loss"] for p in points[:20]) > 3 * sum(p["loss"] for p in points[-20:])
    assert max(p["learning_rate"] for p in points) <= 0.0004
    # a preview at every checkpoint, and a word to the member
    previews = json.loads(ended["previews"])
    assert [preview["step"] for preview in previews] == [175, 350, 525, 700]
    folder = f"{ended['owner_id']}/{job}/1"
    assert {preview["path"] for preview in previews} == set(await school.files("media", folder))
    told = await studio.database.fetchrow("select * from public.notifications where kind = 'training_finished'")
    assert told is not None
    assert (told["title"], told["path"]) == ("Ember No. 7", f"/training?run={job}")
    media = await studio.database.fetchval("select media_path from public.generations where job_id = $1::uuid", drawn)
    pixels = np.asarray(Image.open(io.BytesIO(await studio.api.download(media, "media"))).convert("RGB"), np.float32)
    red, _, blue = pixels.reshape(-1, 3).mean(0)
    assert red > blue + 15, "the picture has the colours of the dataset"


async def test_a_worker_killed_in_the_middle_costs_nothing_but_time(studio: Studio, school: School):
    job = await school.train(await school.dataset(picture(1), picture(2)))
    async with studio.worker(**SLOW) as first:
        await studio.until(lambda: studio.count("public.training_metrics where job_id = $1::uuid", job))
        first.kill()
        await first.wait()
    await studio.database.execute("update private.training_leases set expires_at = now() - interval '1 second'")
    await Housekeeping(studio.api).rescue()
    async with studio.worker(**QUICK):
        ended = await school.until(job, "completed")
    assert (ended["attempt"], ended["failures"]) == (2, 1)
    assert len(await school.models()) == 1
    assert await studio.count("public.training_metrics where job_id = $1::uuid", job) == 251


async def test_what_a_worker_writes_after_its_lease_is_refused(studio: Studio, school: School):
    job = await school.train(await school.dataset(picture(1), picture(2)))
    (row,) = await studio.api.call("claim_training_jobs", worker="late", n=5)
    assert row["id"] == job
    await studio.database.execute("update private.training_leases set expires_at = now() - interval '1 second'")
    assert await studio.api.call("release_expired_trainings") == 1
    ours = {"id": job, "attempt": 1, "progress": 50, "stage": "Training", "eta_s": 1, "current_step": 250, "loss": 0.5,
            "metrics": [{"step": 4, "loss": 0.5, "learning_rate": 0.1}]}  # fmt: skip
    end = {"worker": "late", "job_id": job, "attempt": 1}
    assert await studio.api.call("report_training", worker="late", reports=[ours]) == []
    assert not await studio.api.call("complete_training", **end, loss=0.1, previews=[], style={})
    assert not await studio.api.call("fail_training", **end, error="too late")
    seen = await school.row(job)
    assert (seen["status"], seen["failures"], seen["current_step"]) == ("waiting", 1, 0)
    assert await school.models() == []
    assert await studio.count("public.training_metrics where job_id = $1::uuid", job) == 0
    # another holds it now: the first is not believed on the second's attempt either
    await studio.api.call("claim_training_jobs", worker="other", n=5)
    assert not await studio.api.call("complete_training", **(end | {"attempt": 2}), loss=0.1, previews=[], style={})
    assert await studio.api.call("report_training", worker="other", reports=[ours | {"attempt": 2}]) == [job]


async def test_cancelled_it_stops_and_leaves_no_file(studio: Studio, school: School):
    job = await school.train(await school.dataset(picture(1), picture(2)), steps=100)
    async with studio.worker(STARLING_TRAINING_SECONDS="2"):
        row = await studio.until(lambda: previewed(school, job))
        await studio.as_member(0, "select public.cancel_training($1::uuid)", job)
        other = await school.train(await school.dataset(picture(1), picture(2)), steps=100)
        await school.until(other, "completed")
    assert (await school.row(job))["status"] == "cancelled"
    assert [model["id"] for model in await school.models()] == [(await school.row(other))["model_id"]]
    folder = f"{row['owner_id']}/{job}"
    assert await school.files("media", folder)
    await studio.database.execute("update private.media_trash set due_at = now()")
    await Housekeeping(studio.api).empty_trash()
    assert await school.files("media", folder) == []


async def previewed(school: School, job: str) -> dict[str, Any] | None:
    row = await school.row(job)
    return row if json.loads(row["previews"]) else None


async def test_it_fails_with_a_reason(studio: Studio, school: School):
    accident = await school.train(await school.dataset(picture(1), picture(2)))
    empty = await school.train(await school.dataset(b"", b"no picture at all", picture(3)))
    async with studio.worker(**(QUICK | {"STARLING_TRAINING_FAILURE_RATE": "1"})):
        first, second = await school.until(accident, "failed"), await school.until(empty, "failed")
    assert first["failures"] == first["attempt"]
    assert first["error"].startswith(("The loss", "The trainer", "A checkpoint"))
    assert (second["error"], second["attempt"]) == ("Fewer than two images of the dataset could be read", 1)
    assert await studio.count("public.notifications where kind = 'training_failed'") == 2
    assert await school.models() == []


async def test_files_go_with_their_dataset(studio: Studio, school: School):
    kept, gone = await school.dataset(picture(1)), await school.dataset(picture(2), picture(3))
    await studio.as_member(0, "delete from public.datasets where id = $1::uuid", gone)
    await studio.database.execute("update private.media_trash set due_at = now()")
    await Housekeeping(studio.api).empty_trash()
    member = studio.members[0]
    assert await school.files("datasets", f"{member}/{gone}") == []
    assert len(await school.files("datasets", f"{member}/{kept}")) == 1


async def test_files_go_with_their_account(studio: Studio, school: School):
    http, account = (
        studio.api._http,
        {"email": f"{uuid.uuid4()}@example.com", "password": "a good password", "email_confirm": True},
    )
    member = uuid.UUID((await http.post("/auth/v1/admin/users", json=account)).json()["id"])
    somebody = School(Studio(studio.address, studio.database, studio.api, [member]))
    dataset = await somebody.dataset(picture(1), picture(2))
    job = await somebody.train(dataset)
    await studio.api.upload(f"{member}/{job}/1/checkpoints/1.webp", b"a checkpoint", "image/webp")
    assert len(await school.files("datasets", str(member))) == 2
    await studio.api.remove_account(str(member))
    await studio.database.execute("update private.media_trash set due_at = now()")
    await Housekeeping(studio.api).empty_trash()
    for bucket in ("datasets", "media"):
        assert await school.files(bucket, str(member)) == []


async def test_a_worker_that_stops_gives_its_trainings_back(studio: Studio, school: School):
    job = await school.train(await school.dataset(picture(1), picture(2)))
    async with studio.worker(**SLOW):
        await school.until(job, "active")
    seen = await school.row(job)
    assert (seen["status"], seen["failures"], seen["progress"]) == ("waiting", 0, 0)
    assert await studio.count("private.training_leases") == 0
