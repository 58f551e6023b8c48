"""Training as one member sees it: datasets, uploads into them, trainings and their curves."""

from __future__ import annotations

import io
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from PIL import Image

from embedded.stack import Address
from state import uploads as uploads_module
from state.errors import Refused, Unreachable
from state.images import MAX_BYTES, NotAnImage, inspect
from state.member import Member
from state.starling import Starling
from state.training import Album, Run, Training, TrainingDraft, checkpoints, cost, training_of
from state.uploads import Upload
from tests.state.support import AURORA, PASSWORD, as_admin, make_account, remove_account, settings_of, until


def picture(width: int = 320, height: int = 200, form: str = "PNG", colour: str = "#c83c28") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, form)
    return file.getvalue()


@dataclass
class School:
    """A member, what they see, and the database behind it."""

    member: Member
    training: Training
    db: asyncpg.Connection
    supabase: Address
    http: httpx.AsyncClient
    leaving: list[Callable[[], None]] = field(default_factory=list)

    async def dataset(self) -> UUID:
        id = self.training.create_dataset("Embers")
        await until(lambda: (row := self.training.datasets.get(id)) and row.version)
        return id

    def album(self, dataset: UUID) -> Album:
        album, leave = Album.use(self.member, dataset)
        self.leaving.append(leave)
        return album

    async def filled(self, count: int = 2) -> UUID:
        """A dataset with images."""
        id = await self.dataset()
        album = self.album(id)
        for n in range(count):
            album.add(f"{n}.png", 9, reading(picture(colour=f"#20{n:02x}40")))
        await until(lambda: len(album.images.rows) == count)
        return id

    def draft(self, dataset: UUID, **values: Any) -> TrainingDraft:
        draft = TrainingDraft.check(name="Ember", dataset_id=dataset, base_model_id=AURORA, **values)
        assert isinstance(draft, TrainingDraft), draft
        return draft

    async def worker(self, function: str, **arguments: Any) -> Any:
        """Plays the worker."""
        answer = await self.http.post(
            f"{self.supabase.api_url}/rest/v1/rpc/{function}",
            headers=as_admin(self.supabase),
            json={"worker": "hand", **arguments},
        )
        answer.raise_for_status()
        return answer.json()


def reading(content: bytes):
    async def read() -> bytes:
        return content

    return read


@pytest.fixture(scope="module")
async def school(
    supabase: Address, db: asyncpg.Connection, http: httpx.AsyncClient, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[School]:
    starling = Starling(settings_of(supabase, tmp_path_factory.mktemp("training")))
    starling.open()
    account = await make_account(supabase, http)
    member = starling.members.of(await starling.sessions.sign_in(account.email, PASSWORD))
    assert member is not None
    member.areas._linger_s = 0.01
    training, _ = training_of(member)
    await until(lambda: all(table.phase == "ready" for table in member.tables))
    await until(lambda: member.connection.status.state == "live")
    yield School(member, training, db, supabase, http)
    await starling.close()
    await remove_account(supabase, http, account)


@pytest.fixture(autouse=True)
async def nothing_under_way(school: School) -> AsyncIterator[None]:
    yield
    for leave in school.leaving:
        leave()
    school.leaving.clear()
    await until(lambda: len(school.member.areas) == 1, "only the datasets and trainings are followed")
    await school.db.execute("delete from public.training_jobs; delete from public.datasets")


# Images --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_an_image_is_known_by_its_content(form: str):
    seen = inspect(picture(form=form))
    assert (seen.media_type, seen.width, seen.height) == (f"image/{form.lower()}", 320, 200)
    assert Image.open(io.BytesIO(seen.thumb)).size == (320, 200)
    assert seen.colour[1:3] > "a0"


def bomb() -> bytes:
    """A PNG that says it is 60,000 pixels wide and high."""
    png = bytearray(picture())
    png[16:24] = (60_000).to_bytes(4, "big") * 2
    png[29:33] = zlib.crc32(png[12:29]).to_bytes(4, "big")
    return bytes(png)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<svg/>", "Not a PNG"),
        (b"", "Not a PNG"),
        (picture(form="GIF"), "Not a PNG"),
        (picture()[:200], "Not a PNG"),
        (picture(form="JPEG")[:700], "Not a PNG"),
        (picture(40, 300), "From 64 to 8,192"),
        (picture(8200, 64), "From 64 to 8,192"),
        (bomb(), "Too many pixels"),
        (bytes(MAX_BYTES + 1), "Larger than 8 MB"),
    ],
    ids=["svg", "empty", "gif", "half a png", "half a jpeg", "narrow", "long", "bomb", "large"],
)
def test_what_is_no_sound_image_is_turned_away(content: bytes, reason: str):
    with pytest.raises(NotAnImage, match=reason):
        inspect(content)


# Uploads -------------------------------------------------------------------------------------------------------------


async def test_files_become_images_of_the_dataset(school: School):
    dataset = await school.dataset()
    album = school.album(dataset)
    percents: list[int] = []
    album.uploads.changed.subscribe(lambda upload: percents.append(upload.percent))
    content = picture(900, 900, "PNG")
    upload = album.add("ember.png", len(content), reading(content))
    album.add("another.jpg", 9, reading(picture(form="JPEG")))
    await until(lambda: len(album.images.rows) == 2 and not len(album.uploads))
    assert percents == sorted(percents) or percents.count(0) > 1
    assert max(percents) > 90
    row = album.images.get(upload.id)
    assert row is not None
    assert (row.name, row.media_type, row.width) == ("ember.png", "image/png", 900)
    assert await school.training.pictures.download(row.path) == content
    assert await school.training.pictures.url(row.thumb_path)
    await until(lambda: (seen := school.training.datasets.get(dataset)) and seen.image_count == 2)
    seen = school.training.datasets.get(dataset)
    assert seen is not None
    assert seen.cover_path in {image.thumb_path for image in album.images.rows}


async def test_what_fails_is_tried_again_and_not_entered_twice(school: School, monkeypatch: pytest.MonkeyPatch):
    dataset = await school.dataset()
    album = school.album(dataset)
    monkeypatch.setattr(uploads_module, "BUCKET", "nowhere")
    upload = album.add("a.png", 9, reading(picture()))
    await until(lambda: upload.stage == "failed")
    assert upload.error
    assert not upload.hopeless
    assert len(album.images.rows) == 0, "it does not count"
    monkeypatch.undo()
    album.uploads.retry(upload)
    await until(lambda: len(album.images.rows) == 1)
    assert await school.db.fetchval("select count(*) from dataset_images where dataset_id = $1", dataset) == 1


async def test_what_is_no_image_fails_for_good_and_is_given_up(school: School):
    album = school.album(await school.dataset())
    upload = album.add("notes.png", 9, reading(b"not a picture"))
    large = album.add("large.png", MAX_BYTES + 1, reading(b""))
    await until(lambda: upload.stage == "failed")
    assert upload.hopeless
    assert large.error == "Larger than 8 MB"
    album.uploads.retry(upload)
    assert upload.stage == "failed"
    for one in (upload, large):
        album.uploads.discard(one)
    assert len(album.uploads) == 0


async def test_a_dataset_that_is_full_takes_no_more(school: School):
    album = school.album(await school.dataset())
    added: list[Upload] = [album.uploads.add("a.png", 9, reading(picture()), room=2) for _ in range(4)]
    assert [upload.stage == "failed" for upload in added] == [False, False, True, True]
    await until(lambda: len(album.images.rows) == 2)


async def test_uploads_outlive_the_page(school: School):
    dataset = await school.dataset()
    school.member.areas._linger_s = 1.0  # its end is seen, too
    album, leave = Album.use(school.member, dataset)
    album.add("a.png", 9, reading(picture()))
    leave()
    assert school.member.areas._users[("dataset", dataset)] == 1, "the upload itself keeps it open"
    await until(lambda: len(album.images.rows) == 1)
    await until(lambda: len(school.member.areas) == 1)


async def test_refusals_of_storage_are_told_apart(school: School):
    with pytest.raises(Refused):
        await school.member.api.upload("datasets", f"{school.member.id}/mine.webp", b"x", "image/webp")
    with pytest.raises(Refused):
        await school.member.api.upload("datasets", f"{school.member.id}/mine.html", b"x", "text/html")
    assert not Refused.retry
    assert Unreachable.retry


# Datasets and trainings ----------------------------------------------------------------------------------------------


async def test_datasets_show_at_once_and_go_with_their_images(school: School):
    id = school.training.create_dataset("  Embers ")
    row = school.training.datasets.get(id)
    assert row is None or row.name == "Embers"
    school.training.datasets.flush()
    row = school.training.datasets.get(id)
    assert row is not None
    school.training.rename_dataset(id, "Ashes")
    await until(lambda: (row := school.training.datasets.get(id)) and row.version and row.name == "Ashes")
    deletion = school.training.delete_dataset(id)
    await until(lambda: school.training.datasets.get(id) is None)
    deletion.undo()
    await until(lambda: school.training.datasets.get(id) is not None)
    school.training.delete_dataset(id)
    await school.training.datasets.mutations.flush()
    assert await school.db.fetchval("select count(*) from datasets where id = $1", id) == 0


async def test_a_training_moves_and_its_model_is_there_to_choose(school: School):
    dataset = await school.filled()
    job = school.training.start(school.draft(dataset, total_steps=500, visibility="public"))
    run, leave = Run.use(school.member, job)
    await until(lambda: (row := school.training.jobs.get(job)) and row.version)
    claimed = await school.worker("claim_training_jobs", n=9)
    assert str(job) in [row["id"] for row in claimed]
    assert next(row["cost"] for row in claimed if row["id"] == str(job)) == cost(500) == 25
    report = {"id": str(job), "attempt": 1, "progress": 20, "stage": "Training", "eta_s": 7, "current_step": 100, "loss": 0.4,
              "previews": [{"step": 100, "path": "a/b.webp"}],
              "metrics": [{"step": step, "loss": 0.4, "learning_rate": 1e-4} for step in range(0, 101, 2)]}  # fmt: skip
    await school.worker("report_training", reports=[report])
    await until(lambda: len(run.metrics.rows) == 51)
    await until(lambda: (row := school.training.jobs.get(job)) and row.current_step == 100)
    row = school.training.jobs.get(job)
    assert row is not None
    assert [(c.step, c.path) for c in checkpoints(row)] == [(100, "a/b.webp")]
    end = {"loss": 0.1, "previews": [], "style": {"family": "aurora", "palette": ["#101010", "#ffffff"]}}
    assert await school.worker("complete_training", job_id=str(job), attempt=1, **end)
    await until(lambda: (row := school.training.jobs.get(job)) and row.model_id)
    row = school.training.jobs.get(job)
    assert row is not None
    model = row.model_id
    assert model is not None
    offered = school.member.studio.models
    await until(lambda: offered.get(model))
    leave()

    school.training.rename_model(model, "Ash")
    await until(lambda: (row := offered.get(model)) and row.name == "Ash")
    deletion = school.training.delete_model(model)
    assert offered.get(model) is None, "at once, also where it is public"
    deletion.undo()
    await until(lambda: (row := offered.get(model)) and row.name == "Ash")
    await until(lambda: not school.member.models.mutations.unconfirmed)
    school.training.delete_model(model)
    await school.member.models.mutations.flush()
    assert await school.db.fetchval("select count(*) from public.models where id = $1", model) == 0
    assert offered.get(model) is None


async def test_a_training_is_cancelled_retried_and_deleted(school: School):
    job = school.training.start(school.draft(await school.filled()))
    await until(lambda: (row := school.training.jobs.get(job)) and row.version)
    school.training.cancel(job)
    await until(lambda: (row := school.training.jobs.get(job)) and row.status == "cancelled")
    await until(lambda: not school.training.jobs.pending(job), "the database has it, too")
    again = school.training.retry(job)
    await until(lambda: (row := school.training.jobs.get(again)) and row.version)
    row = school.training.jobs.get(again)
    assert row is not None
    assert (row.status, row.retried_from) == ("waiting", job)
    school.training.delete(job)
    await school.training.jobs.mutations.flush()
    assert await school.db.fetchval("select count(*) from training_jobs where id = $1", job) == 0


async def test_what_is_refused_stays_with_its_reason(school: School):
    job = school.training.start(school.draft(await school.filled(1)))
    await until(lambda: (pending := school.training.jobs.pending(job)) and pending.failed)
    pending = school.training.jobs.pending(job)
    assert pending is not None
    assert pending.failed == "A training needs a dataset of two images at least"
    school.training.cancel(job)
    await until(lambda: school.training.jobs.get(job) is None)


def test_what_is_wrong_with_a_draft_is_said_by_field():
    wrong = TrainingDraft.check(
        name=" ", dataset_id=None, base_model_id=uuid4(), total_steps=50, learning_rate=0.5, sample_prompt="x" * 201
    )
    assert isinstance(wrong, dict)
    assert wrong.keys() == {"name", "dataset_id", "total_steps", "learning_rate", "sample_prompt"}
    assert wrong["total_steps"] == "A whole number from 100 to 4,000"
