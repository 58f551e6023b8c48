"""The line: in which order workers take what waits. `places` says it as `claim_generation_jobs` does it."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from state.models import Job


def order(job: Job) -> tuple[Any, ...]:
    """Where a waiting job stands among its owner's."""
    return (-job.priority, job.position, job.created_at, job.id.int)


def places(jobs: Iterable[Job], *, held: Callable[[Job], bool] = lambda job: job.held) -> dict[UUID, int]:
    """The places of the waiting jobs, from 1, if they are taken one by one: in turns between their owners, what already
    runs counted; between equals whoever was served longest ago, as far as one sees it. What is held has none.

    How many of a member's may be at work changes no place: those past it have had more turns than anybody who is served.
    """
    running: defaultdict[UUID, int] = defaultdict(int)
    served: defaultdict[UUID, tuple[int, float]] = defaultdict(lambda: (0, 0.0))
    waiting: defaultdict[UUID, list[Job]] = defaultdict(list)
    for job in jobs:
        if job.status == "active":
            running[job.owner_id] += 1
            if job.started_at is not None:
                served[job.owner_id] = max(served[job.owner_id], (1, job.started_at.timestamp()))
        elif job.status == "waiting" and not held(job):
            waiting[job.owner_id].append(job)
    for own in waiting.values():
        own.sort(key=order, reverse=True)

    def head(owner: UUID) -> tuple[Any, ...]:
        first = waiting[owner][-1]
        return running[owner] + 1, served[owner], -first.priority, first.created_at, first.id.int, owner

    line = [head(owner) for owner in waiting]
    heapq.heapify(line)
    found: dict[UUID, int] = {}
    while line:
        owner: UUID = heapq.heappop(line)[-1]
        found[waiting[owner].pop().id] = len(found) + 1
        running[owner] += 1
        served[owner] = (2, float(len(found)))
        if waiting[owner]:
            heapq.heappush(line, head(owner))
    return found
