"""Studio: what one visitor sees of the queue and the gallery, and what they do to them.

A guest's shows what is public and does nothing. A member's joins their own rows with everybody's public ones; each
action shows at once and is then sent.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from uuid import UUID, uuid4

from nicegui import Event
from pydantic import BaseModel, Field, ValidationError, field_validator

from state.enqueue import enqueue, last_position, refused_with
from state.gallery import FILTERS, Filter, GalleryCount
from state.line import places
from state.models import Generation, Job, Model, Profile
from state.signal import Unsubscribe, leave_all
from state.sync.change import Change
from state.sync.mutation import Pending
from state.sync.rows import Rows
from state.sync.union import Union
from state.sync.view import View

if TYPE_CHECKING:
    from state.member import Member
    from state.world import World

UNDO_S = 6.0
MAX_SEED = 2**32 - 1
MAX_PROMPT = 1000
MAX_VARIATIONS = 8

Kind: TypeAlias = Literal["image", "video"]
Visibility: TypeAlias = Literal["public", "private"]


@dataclass(frozen=True)
class Aspect:
    """A preset: pixels are for pictures; a clip of the same shape is rendered smaller."""

    name: str
    label: str
    width: int
    height: int


ASPECTS = (
    Aspect("1:1", "Square", 1024, 1024),
    Aspect("3:2", "Landscape", 1216, 816),
    Aspect("2:3", "Portrait", 816, 1216),
    Aspect("16:9", "Wide", 1344, 768),
    Aspect("9:16", "Tall", 768, 1344),
)

EXAMPLES = (
    "a lighthouse in a violet storm, oil on canvas",
    "salt flats at noon, wide and quiet",
    "tidal garden at dusk, macro",
    "paper cranes over Kyoto in spring rain",
    "basalt cathedral, long exposure, fog",
    "two moons above a winter orchard, gouache",
    "slow river of amber light through a pine forest",
    "glass octopus in deep blue water, studio light",
)


class Draft(BaseModel):
    """A prompt as it is sent. The limits are those of the database; `check` says them in words."""

    kind: Kind = "image"
    prompt: str = Field(min_length=1, max_length=MAX_PROMPT)
    negative_prompt: str = Field(default="", max_length=MAX_PROMPT)
    model_id: UUID
    width: int = Field(default=1024, ge=256, le=1536, multiple_of=16)
    height: int = Field(default=1024, ge=256, le=1536, multiple_of=16)
    count: int = Field(default=1, ge=1, le=4)
    seed: int | None = Field(default=None, ge=0, le=MAX_SEED)
    duration: int = Field(default=4, ge=1, le=8)
    visibility: Visibility = "public"
    variations: int = Field(default=1, ge=1, le=MAX_VARIATIONS)

    @field_validator("prompt", "negative_prompt", mode="before")
    @classmethod
    def strip(cls, text: Any) -> Any:
        """White space around a prompt says nothing."""
        return text.strip() if isinstance(text, str) else text

    @classmethod
    def check(cls, **values: Any) -> Draft | dict[str, str]:
        """A draft, or a sentence for each field that is wrong."""
        try:
            return cls(**values)
        except ValidationError as error:
            wrong = {str(problem["loc"][0]): problem["type"] for problem in error.errors()}
            return {field: _sentence(field, type_) for field, type_ in wrong.items()}

    @property
    def params(self) -> dict[str, Any]:
        """The job's `params`; a seed is drawn here, so that it is known at once."""
        seed = random.randint(0, MAX_SEED) if self.seed is None else self.seed
        count = self.count if self.kind == "image" else 1
        return {"width": self.width, "height": self.height, "count": count, "seed": seed, "duration": self.duration}

    def seed_of(self, variation: int, params: dict[str, Any]) -> int:
        """Each variation's own: behind those of the one before when a seed was chosen, else any."""
        if variation and self.seed is None:
            return random.randint(0, MAX_SEED)
        return (params["seed"] + variation * params["count"]) % (MAX_SEED + 1)


def _sentence(field: str, type_: str) -> str:
    match field, type_:
        case "prompt", "string_too_short" | "missing":
            return "Describe what you would like to see"
        case "prompt" | "negative_prompt", "string_too_long":
            return f"At most {MAX_PROMPT:,} characters, please"
        case (("width" | "height"), _):
            return "From 256 to 1,536 pixels, in steps of 16"
        case "seed", _:
            return f"A whole number from 0 to {MAX_SEED:,}, or nothing"
        case "count", _:
            return "From 1 to 4 pictures"
        case "variations", _:
            return f"From 1 to {MAX_VARIATIONS} variations"
        case "duration", _:
            return "From 1 to 8 seconds"
        case "model_id", _:
            return "Choose a model"
        case _:
            return "This does not make sense here"


@dataclass(frozen=True)
class News:
    """Something others did. `person` is None when nobody is known to have done it."""

    kind: Literal["made", "deleted", "joined"]
    text: str
    person: Profile | None = None
    generation: Generation | None = None


class Deletion:
    """A picture that has vanished, but can be brought back for `seconds`."""

    seconds = UNDO_S

    def __init__(self, pending: Pending) -> None:
        self._pending = pending

    def undo(self) -> None:
        """Brings it back, if it is not too late."""
        self._pending.discard()


class Studio:
    """`queue` and `gallery` are Rows; `news` is what others did; `failures` what went wrong with what one did."""

    def __init__(self, world: World, member: Member | None) -> None:
        self.world = world
        self.member = member
        self.media = (member or world).media
        self.news: Event[[News]] = Event()
        self.failures: Event[[str]] = Event()
        jobs: list[Rows[Job]] = [member.jobs, world.jobs] if member else [world.jobs]
        generations: list[Rows[Generation]] = [member.generations, world.generations] if member else [world.generations]
        models: list[Rows[Model]] = [member.models, world.models] if member else [world.models]
        self._queue: Union[Job] = Union(jobs, sort_key=self._place, keep=self._in_queue)
        self._gallery: Union[Generation] = Union(
            generations, sort_key=world.generations.query.sort_key, keep=self._still_there, paged=True
        )
        self._models: Union[Model] = Union(models, sort_key=world.models.query.sort_key, keep=self._on_offer)
        owners = [owner for owner in (member, world) if owner is not None]
        self.queue_view = View(*((owner.jobs, owner.connection.freshness) for owner in owners))
        self.gallery_view = View(*((owner.generations, owner.connection.freshness) for owner in owners))
        self.filters = {filter.name: filter for filter in FILTERS if member or not filter.own}
        self._counts = {name: GalleryCount(self, self._gallery, filter) for name, filter in self.filters.items()}
        self._unsubscribe: list[Unsubscribe] = []

    @property
    def queue(self) -> Rows[Job]:
        """One's own first: active, waiting, failed; then what others are having made."""
        return self._queue

    @property
    def gallery(self) -> Rows[Generation]:
        """One's own and everybody's public pictures and clips, newest first."""
        return self._gallery

    @property
    def models(self) -> Rows[Model]:
        """All that can be chosen."""
        return self._models

    def open(self) -> None:
        """Starts to follow."""
        for union in (self._queue, self._gallery, self._models):
            union.open()
        self._unsubscribe = [self.world.feed.on_change("generations", self._on_generations)]
        if self.member:
            self._known = set(self.member.presence.people)
            self._complete = self.member.presence.confirmed
            self.member.presence.changed.subscribe(self._on_people, unsubscribe_on_delete=False)

    def close(self) -> None:
        """Stops following."""
        for union in (self._queue, self._gallery, self._models):
            union.close()
        leave_all(self._unsubscribe)
        if self.member:
            self.member.presence.changed.unsubscribe(self._on_people)

    def mine(self, row: Job | Generation) -> bool:
        """Whether it is this visitor's own."""
        return self.member is not None and row.owner_id == self.member.id

    # The queue -----------------------------------------------------------------------------------------------------

    def generate(self, draft: Draft) -> UUID:
        """Queues a job, or several when variations are wanted; they show at once. The id of the first."""
        return enqueue(self._member(), draft)

    def cancel(self, job_id: UUID) -> None:
        """Ends a waiting or active job; one that was refused, or waits for the connection, is discarded."""
        jobs = self._member().jobs
        pending = jobs.pending(job_id)
        if pending is not None and (pending.failed or (pending.waiting and pending.kind == "insert")):
            pending.discard()
            return
        send = partial(self._member().api.rpc, "cancel_generation", {"job_id": str(job_id)})
        jobs.mutations.update(job_id, {"status": "cancelled"}, send)

    def retry(self, job_id: UUID) -> UUID:
        """Queues a failed job anew; the id of the new one."""
        member = self._member()
        pending = member.jobs.pending(job_id)
        if pending is not None and pending.failed:
            for one in refused_with(member, pending):
                one.retry()
            return job_id
        old = member.jobs.get(job_id)
        if old is None:
            return job_id
        new_id, now = uuid4(), datetime.now(UTC)
        row = old.model_copy(
            update={
                "id": new_id, "status": "waiting", "retried_from": job_id, "created_at": now, "updated_at": now, "version": 0,
                "progress": 0, "stage": "", "error": None, "preview_path": None, "failures": 0, "attempt": 0, "priority": 0,
                "tries": old.tries + 1, "position": max(now.timestamp(), last_position(member) + 1),
            }
        )  # fmt: skip
        args = {"job_id": str(job_id), "new_id": str(new_id)}
        member.jobs.mutations.insert(row, new_id, partial(member.api.rpc, "retry_generation", args))
        return new_id

    def dismiss(self, job_id: UUID) -> None:
        """Takes a failed job out of sight."""
        member = self._member()
        pending = member.jobs.pending(job_id)
        if pending is not None and pending.failed:
            pending.discard()
            return
        changes = {"dismissed": True}
        member.jobs.mutations.update(job_id, changes, partial(member.api.update, "generation_jobs", job_id, changes))

    def line(self) -> dict[UUID, int]:
        """The places of the waiting jobs (1 is next), as `claim_generation_jobs` will take them: in turns."""
        return places(self._queue.rows)

    # The gallery ---------------------------------------------------------------------------------------------------

    def count(self, filter: str) -> GalleryCount:
        """How many pictures one of `filters` shows in all."""
        return self._counts[filter]

    def shows(self, filter: Filter, picture: Generation) -> bool:
        """Whether a filter lets a picture through."""
        return filter.matches(picture) and (self.mine(picture) or not filter.own)

    def favourite(self, generation_id: UUID, on: bool) -> None:
        """Marks one's own picture."""
        self._change(generation_id, {"favourite": on})

    def share(self, generation_id: UUID, visibility: Visibility) -> None:
        """Shows one's own picture to everybody, or to nobody else."""
        self._change(generation_id, {"visibility": visibility})

    def delete(self, generation_id: UUID) -> Deletion:
        """Hides one's own picture at once, and deletes it unless that is undone."""
        table = self._member().generations
        send = partial(self._member().api.delete, "generations", generation_id)
        pending = table.mutations.delete(generation_id, send, hold_s=UNDO_S)
        self._gallery.look(generation_id)
        return Deletion(pending)

    def look_at_model(self, model_id: UUID) -> None:
        """A member's own is about to be deleted: it is offered no longer."""
        self._models.look(model_id)

    def _change(self, generation_id: UUID, changes: dict[str, Any]) -> None:
        member = self._member()
        send = partial(member.api.update, "generations", generation_id, changes)
        member.generations.mutations.update(generation_id, changes, send)

    def _member(self) -> Member:
        if self.member is None:
            raise PermissionError("A guest can only look")
        return self.member

    # What is shown, and where --------------------------------------------------------------------------------------

    def _still_there(self, picture: Generation) -> bool:
        """What has left the table of its owner is deleted, though the world may not have heard of it yet."""
        return not (self.member and self.mine(picture) and self.member.generations.left(picture.id, picture.version))

    def _on_offer(self, model: Model) -> bool:
        """One that its owner deletes is not offered to them any more, though the world may not have heard of it yet."""
        member = self.member
        return not (member and model.owner_id == member.id and member.models.left(model.id, model.version))

    def _in_queue(self, job: Job) -> bool:
        return job.status in ("waiting", "active") or (job.status == "failed" and self.mine(job) and not job.dismissed)

    def _place(self, job: Job) -> tuple[Any, ...]:
        rank = {"active": 0, "waiting": 1, "failed": 2}.get(job.status, 3)
        age = (job.started_at or job.created_at) if job.status == "active" else job.created_at
        seconds = -age.timestamp() if job.status == "failed" else age.timestamp()
        place = job.position if job.status == "waiting" else seconds
        return (not self.mine(job), rank, -job.priority, place, job.created_at, job.id.int)

    # News ----------------------------------------------------------------------------------------------------------

    def _on_generations(self, change: Change) -> None:
        """Before the tables show it, so that what is deleted can still be looked up."""
        if change.operation == "INSERT":
            for record in change.records:
                self._report("made", Generation.model_validate(record))
        elif change.operation == "DELETE":
            for old in change.old_keys:
                if gone := self._gallery.get(UUID(old["id"])):
                    self._report("deleted", gone)

    def _report(self, kind: Literal["made", "deleted"], generation: Generation) -> None:
        if self.mine(generation):
            return
        person = self.world.people.get(generation.owner_id)
        self.news.emit(News(kind, f"{first_name(person)} {kind} “{_shortened(generation.prompt)}”", person, generation))

    def _on_people(self) -> None:
        assert self.member is not None
        people = set(self.member.presence.people)
        # Who was here before has not joined: neither before oneself came, nor before a gap.
        came = people - self._known - {self.member.id} if self._complete else set()
        self._complete = self.member.presence.confirmed
        for id in came:
            if person := self.world.people.get(id):
                self.news.emit(News("joined", f"{first_name(person)} joined", person))
        self._known = people


def first_name(profile: Profile | None) -> str:
    """What a person is called among others."""
    return profile.display_name.split()[0] if profile else "Somebody"


def _shortened(text: str, length: int = 40) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
