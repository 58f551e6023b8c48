"""Training: a member's datasets, the images of one, the trainings on them, and the curve of one.

Three areas, so that a page follows no more than it shows: `Training` is the datasets and the trainings, `Album` the images
of one dataset, `Run` the curve of one training. The model that comes of it is among `Member.models`, as every other, and theirs to rename and
to delete.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from pydantic import BaseModel, Field, ValidationError, field_validator

from state.areas import Area
from state.generation import UNDO_S, Deletion, Visibility
from state.media import Media
from state.models import Dataset, DatasetImage, Model, TrainingJob, TrainingMetric
from state.signal import Unsubscribe
from state.sync.live_table import LiveTable
from state.sync.query import Order, Query, Where
from state.sync.view import View
from state.uploads import BUCKET, Read, Upload, Uploads

if TYPE_CHECKING:
    from state.member import Member

KEY = "training"
MIN_IMAGES, MAX_IMAGES = 2, 200
MAX_NAME, MAX_SAMPLE = 60, 200
MAX_POINTS = 251  # of a curve: the database thins it
MIN_STEPS, MAX_STEPS = 100, 4000
MIN_RATE, MAX_RATE = 1e-6, 1e-2
STEPS_A_CREDIT = 20
CURVE_S = 0.25  # how often a curve may be drawn

NEWEST = (Order("created_at", descending=True),)
OPEN = ("waiting", "active")


class TrainingDraft(BaseModel):
    """A training as it is sent. The limits are those of the database; `check` says them in words."""

    name: str = Field(min_length=1, max_length=MAX_NAME)
    dataset_id: UUID
    base_model_id: UUID
    total_steps: int = Field(default=800, ge=MIN_STEPS, le=MAX_STEPS)
    learning_rate: float = Field(default=4e-4, ge=MIN_RATE, le=MAX_RATE)
    sample_prompt: str = Field(default="A quiet harbour at dusk", min_length=1, max_length=MAX_SAMPLE)
    visibility: Visibility = "private"

    @field_validator("name", "sample_prompt", mode="before")
    @classmethod
    def strip(cls, text: Any) -> Any:
        """White space around a name says nothing."""
        return text.strip() if isinstance(text, str) else text

    @classmethod
    def check(cls, **values: Any) -> TrainingDraft | dict[str, str]:
        """A draft, or a sentence for each field that is wrong."""
        try:
            return cls(**values)
        except ValidationError as error:
            wrong = {str(problem["loc"][0]) for problem in error.errors()}
            return {field: SENTENCES.get(field, "This does not make sense here") for field in wrong}


SENTENCES: dict[str, str] = {
    "name": f"A name of 1 to {MAX_NAME} characters, please",
    "dataset_id": "Choose a dataset",
    "base_model_id": "Choose a model to begin with",
    "total_steps": f"A whole number from {MIN_STEPS} to {MAX_STEPS:,}",
    "learning_rate": "From 0.000001 to 0.01",
    "sample_prompt": f"From 1 to {MAX_SAMPLE} characters, please",
}


def cost(total_steps: int) -> int:
    """What a training costs, in credits."""
    return -(-total_steps // STEPS_A_CREDIT)


@dataclass(frozen=True)
class Checkpoint:
    """What the model drew at a step; `path` is in the bucket of all media."""

    step: int
    path: str


def checkpoints(job: TrainingJob) -> list[Checkpoint]:
    """Those of a training, the earliest first."""
    written: Any = job.previews
    return [Checkpoint(entry["step"], entry["path"]) for entry in written]


class Training(Area):
    """All datasets and trainings of a member, newest first."""

    def __init__(self, member: Member) -> None:
        self.member = member
        mine = Where("owner_id", "eq", member.id)
        self.datasets: LiveTable[Dataset] = member.table(Query("datasets", (mine,), NEWEST), Dataset)
        self.jobs: LiveTable[TrainingJob] = member.table(Query("training_jobs", (mine,), NEWEST), TrainingJob)
        self.pictures = Media(member.api, BUCKET)
        self.models: LiveTable[Model] = member.models  # as long as the member is here
        freshness = member.connection.freshness
        self.datasets_view, self.jobs_view, self.models_view = (
            View((table, freshness)) for table in (self.datasets, self.jobs, self.models)
        )

    @property
    def tables(self) -> Sequence[LiveTable[Any]]:
        """Both."""
        return (self.datasets, self.jobs)

    async def close(self) -> None:
        """See Area."""
        await super().close()
        await self.pictures.close()

    # Datasets ------------------------------------------------------------------------------------------------------

    def create_dataset(self, name: str) -> UUID:
        """Makes an empty one; it shows at once. Its id."""
        id, now = uuid4(), datetime.now(UTC)
        row = Dataset(
            id=id, owner_id=self.member.id, name=name.strip(), image_count=0, cover_path=None, created_at=now,
            updated_at=now, version=0,
        )  # fmt: skip
        send = partial(self.member.api.rpc, "create_dataset", {"dataset_id": str(id), "name": row.name})
        self.datasets.mutations.insert(row, id, send)
        return id

    def rename_dataset(self, dataset_id: UUID, name: str) -> None:
        """Calls it something else."""
        changes = {"name": name.strip()}
        send = partial(self.member.api.update, "datasets", dataset_id, changes)
        self.datasets.mutations.update(dataset_id, changes, send)

    def delete_dataset(self, dataset_id: UUID) -> Deletion:
        """Hides it at once, and deletes it with all its images unless that is undone."""
        return _delete(self.datasets, self.member, dataset_id)

    # Trainings -----------------------------------------------------------------------------------------------------

    def start(self, draft: TrainingDraft) -> UUID:
        """Queues a training; it shows at once. Its id."""
        id, now = uuid4(), datetime.now(UTC)
        row = TrainingJob(
            id=id, owner_id=self.member.id, name=draft.name, dataset_id=draft.dataset_id,
            base_model_id=draft.base_model_id, model_id=None, sample_prompt=draft.sample_prompt,
            visibility=draft.visibility, total_steps=draft.total_steps, learning_rate=draft.learning_rate, current_step=0,
            loss=None, status="waiting", progress=0, stage="", eta_s=None, previews=[], error=None,
            cost=cost(draft.total_steps), attempt=0, failures=0, retried_from=None, started_at=None, finished_at=None,
            created_at=now, updated_at=now, version=0,
        )  # fmt: skip
        args = {"job_id": str(id), **draft.model_dump(mode="json")}
        self.jobs.mutations.insert(row, id, partial(self.member.api.rpc, "start_training", args))
        return id

    def cancel(self, job_id: UUID) -> None:
        """Ends a waiting or active training; one that was refused, or waits for the connection, is discarded."""
        pending = self.jobs.pending(job_id)
        if pending is not None and (pending.failed or (pending.waiting and pending.kind == "insert")):
            pending.discard()
            return
        send = partial(self.member.api.rpc, "cancel_training", {"job_id": str(job_id)})
        self.jobs.mutations.update(job_id, {"status": "cancelled", "stage": "", "eta_s": None}, send)

    def retry(self, job_id: UUID) -> UUID:
        """Queues a failed or cancelled training anew; the id of the new one."""
        pending = self.jobs.pending(job_id)
        if pending is not None and pending.failed:
            pending.retry()
            return job_id
        old = self.jobs.get(job_id)
        if old is None:
            return job_id
        new_id, now = uuid4(), datetime.now(UTC)
        row = old.model_copy(
            update={
                "id": new_id, "status": "waiting", "retried_from": job_id, "created_at": now, "updated_at": now, "version": 0,
                "progress": 0, "stage": "", "error": None, "previews": [], "failures": 0, "attempt": 0, "current_step": 0,
                "loss": None, "finished_at": None, "started_at": None,
            }
        )  # fmt: skip
        args = {"job_id": str(job_id), "new_id": str(new_id)}
        self.jobs.mutations.insert(row, new_id, partial(self.member.api.rpc, "retry_training", args))
        return new_id

    def delete(self, job_id: UUID) -> Deletion:
        """Hides a training that has ended, and deletes it unless that is undone; its model stays."""
        return _delete(self.jobs, self.member, job_id)

    # Models --------------------------------------------------------------------------------------------------------

    def rename_model(self, model_id: UUID, name: str) -> None:
        """Calls it something else, wherever it can be chosen."""
        changes = {"name": name.strip()}
        send = partial(self.member.api.update, "models", model_id, changes)
        self.models.mutations.update(model_id, changes, send)

    def delete_model(self, model_id: UUID) -> Deletion:
        """Takes it away from whoever could choose it, and deletes it unless that is undone; what was made with it stays."""
        deletion = _delete(self.models, self.member, model_id)
        self.member.studio.look_at_model(model_id)
        return deletion


class Album:
    """The images of one dataset, the first first, and those on their way into it."""

    def __init__(self, member: Member, dataset_id: UUID) -> None:
        self.member, self.dataset_id = member, dataset_id
        of = (Where("dataset_id", "eq", dataset_id), Where("ready", "is", True))
        self.images: LiveTable[DatasetImage] = member.table(
            Query("dataset_images", of, (Order("created_at"),)), DatasetImage, limit=MAX_IMAGES
        )
        self.uploads = Uploads(member.api, dataset_id)
        self.view = View((self.images, member.connection.freshness))
        self._stay: Unsubscribe | None = None

    @classmethod
    def use(cls, member: Member, dataset_id: UUID) -> tuple[Album, Unsubscribe]:
        """The area of this dataset, and the function that leaves it."""
        return member.areas.use(("dataset", dataset_id), lambda: cls(member, dataset_id))

    @property
    def tables(self) -> Sequence[LiveTable[Any]]:
        """The images alone."""
        return (self.images,)

    def open(self) -> None:
        """Starts to follow."""
        self.images.open()
        self.uploads.changed.subscribe(lambda _: self._look())

    async def close(self) -> None:
        """Stops following, and whatever is on its way."""
        await self.uploads.close()
        await self.images.close()

    def add(self, name: str, size: int, read: Read) -> Upload:
        """Uploads a file; what becomes of it is said in `uploads`."""
        return self.uploads.add(name, size, read, room=MAX_IMAGES - len(self.images.rows))

    def remove(self, image_id: UUID) -> Deletion:
        """Hides an image at once, and deletes it unless that is undone."""
        return _delete(self.images, self.member, image_id)

    def _look(self) -> None:
        """Uploads go on when the page that began them is gone."""
        if self.uploads.busy and self._stay is None:
            self._stay = self.use(self.member, self.dataset_id)[1]
        elif not self.uploads.busy and self._stay is not None:
            stay, self._stay = self._stay, None
            stay()


class Run(Area):
    """The curve of one training."""

    def __init__(self, member: Member, job_id: UUID) -> None:
        self.metrics: LiveTable[TrainingMetric] = member.table(
            Query("training_metrics", (Where("job_id", "eq", job_id),), (Order("step"),)),
            TrainingMetric,
            limit=MAX_POINTS,
            cadence_s=CURVE_S,
        )
        self.view = View((self.metrics, member.connection.freshness))

    @classmethod
    def use(cls, member: Member, job_id: UUID) -> tuple[Run, Unsubscribe]:
        """The area of this training, and the function that leaves it."""
        return member.areas.use(("run", job_id), lambda: cls(member, job_id))

    @property
    def tables(self) -> Sequence[LiveTable[Any]]:
        """The points alone."""
        return (self.metrics,)


def training_of(member: Member) -> tuple[Training, Unsubscribe]:
    """The area that all pages of a member share, and the function that leaves it."""
    return member.areas.use(KEY, lambda: Training(member))


def _delete(table: LiveTable[Any], member: Member, key: UUID) -> Deletion:
    send = partial(member.api.delete, table.query.table, key)
    return Deletion(table.mutations.delete(key, send, hold_s=UNDO_S))
