"""Queueing what a draft wishes for: one job, or a batch of variations that are queued all or none."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from state.models import Job
from state.sync.mutation import Pending
from state.sync.together import Together

if TYPE_CHECKING:
    from state.generation import Draft
    from state.member import Member


def enqueue(member: Member, draft: Draft) -> UUID:
    """Queues what `draft` says; it shows at once. The id of the first job."""
    ids = [uuid4() for _ in range(draft.variations)]
    batch = uuid4() if len(ids) > 1 else None
    params, now, last = draft.params, datetime.now(UTC), last_position(member)
    seeds = [draft.seed_of(n, params) for n in range(len(ids))]
    shared = {
        "kind": draft.kind, "prompt": draft.prompt, "negative_prompt": draft.negative_prompt,
        "model_id": str(draft.model_id), "params": params, "visibility": draft.visibility,
    }  # fmt: skip

    def ask(keys: list[UUID]) -> Awaitable[list[dict[str, Any]]]:
        chosen = [seeds[ids.index(key)] for key in keys]
        args = {"job_ids": [str(key) for key in keys], "batch": str(batch), "seeds": chosen}
        return member.api.rpc("enqueue_generations", shared | args)

    together = Together(ids, ask, wanted=lambda id: member.jobs.pending(id) is not None)
    for n, id in enumerate(ids):
        row = Job(
            id=id, owner_id=member.id, kind=draft.kind, prompt=draft.prompt, negative_prompt=draft.negative_prompt,
            model_id=draft.model_id, params=params | {"seed": seeds[n]}, visibility=draft.visibility, status="waiting",
            progress=0, stage="", eta_s=None, preview_path=None, error=None, cost=0, attempt=0, failures=0, priority=0,
            batch=batch, dismissed=False, retried_from=None, started_at=None, finished_at=None, created_at=now,
            updated_at=now, version=0, held=False, tries=1, position=max(now.timestamp(), last + 1) + n,
        )  # fmt: skip
        alone = partial(member.api.rpc, "enqueue_generation", shared | {"job_id": str(id)})
        member.jobs.mutations.insert(row, id, alone if batch is None else partial(together.send, id))
    return ids[0]


def last_position(member: Member) -> float:
    """Of a member's jobs that wait, the last one's."""
    return max((job.position for job in member.jobs.rows if job.status == "waiting"), default=0.0)


def refused_with(member: Member, refused: Pending) -> list[Pending]:
    """A refused write, and those that were refused with it: of a batch all are queued, or none."""
    batch = refused.row.batch if refused.row else None
    if batch is None:
        return [refused]
    writes = [member.jobs.pending(key) for key in member.jobs.mutations.keys()]  # noqa: SIM118
    return [write for write in writes if write and write.failed and write.row and write.row.batch == batch]
