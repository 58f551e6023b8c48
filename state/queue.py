"""OwnQueue: what a member does to their queue as a whole: pause it, put it in order, empty it. An area of Member.

Each shows at once and is then sent; what is refused is as it was before, and is told.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from state.line import order, places
from state.models import GenerationQueue, Job
from state.sync.live_table import LiveTable
from state.sync.query import Query, Where
from state.sync.together import Together

if TYPE_CHECKING:
    from state.member import Member


class OwnQueue:
    """`rows` holds one row: the queue itself; its jobs are in `Member.jobs`."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self.rows: LiveTable[GenerationQueue] = member.table(
            Query("generation_queues", (Where("id", "eq", member.id),)), GenerationQueue
        )
        self.tables = (self.rows,)
        self._moving = asyncio.Lock()

    def open(self) -> None:
        """Starts to follow."""
        self.rows.open()

    async def close(self) -> None:
        """Stops following."""
        await self.rows.close()

    @property
    def paused(self) -> bool:
        """Nothing of theirs is begun."""
        row = self.rows.get(self._member.id)
        return row is not None and row.paused

    @property
    def waiting(self) -> list[Job]:
        """Their jobs that wait, in order, what was done in this moment included."""
        self._member.jobs.flush()
        return sorted((job for job in self._member.jobs.rows if job.status == "waiting"), key=order)

    @property
    def running(self) -> list[Job]:
        """Their jobs at work."""
        return [job for job in self._member.jobs.rows if job.status == "active"]

    def line(self) -> dict[UUID, int]:
        """As `Studio.line`, with a pause that was only just made or ended."""
        mine = self._member.id
        return places(
            self._member.studio.queue.rows,
            held=lambda job: self.paused if job.owner_id == mine else job.held,
        )

    # What they do with it -------------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Begin nothing more; what is at work goes on."""
        self._set(True)

    def resume(self) -> None:
        """Go on where it was paused."""
        self._set(False)

    def _set(self, paused: bool) -> None:
        send = partial(self._member.api.rpc, "pause_queue" if paused else "resume_queue", {})
        self.rows.mutations.update(self._member.id, {"paused": paused}, send)

    def move(self, job_id: UUID, before: UUID | None = None) -> bool:
        """Puts a waiting job before another one, or behind all; whether there was anything to do."""
        waiting = self.waiting
        job = self._member.jobs.get(job_id)
        others = [other for other in waiting if other.id != job_id]
        anchor = self._member.jobs.get(before) if before is not None else others[-1] if others else None
        if job is None or job.status != "waiting" or anchor is None or before == job_id:
            return False
        if [other.id for other in waiting] == _moved(others, job_id, before):
            return False
        changes = {"position": _between(others, anchor, last=before is None), "priority": anchor.priority}
        args = {"job_id": str(job_id), "before": str(before) if before is not None else None}
        self._member.jobs.mutations.update(job_id, changes, partial(self._send_move, args))
        return True

    async def _send_move(self, args: dict[str, Any]) -> dict[str, Any]:
        """One after the other, though they are of different rows: each was reckoned with the one before."""
        async with self._moving:
            return await self._member.api.rpc("move_generation", args)

    def step(self, job_id: UUID, by: int) -> bool:
        """Moves a waiting job so many places: down, or up when negative; as far as it goes."""
        line = [job.id for job in self.waiting]
        if job_id not in line:
            return False
        now = line.index(job_id)
        line.remove(job_id)
        place = min(max(0, now + by), len(line))
        return self.move(job_id, line[place] if place < len(line) else None)

    def cancel(self, ids: list[UUID]) -> None:
        """Ends all of these that wait or are at work, in one request."""
        studio, jobs = self._member.studio, self._member.jobs
        jobs.flush()
        sent: list[UUID] = []
        for id in ids:
            pending, job = jobs.pending(id), jobs.get(id)
            if pending is not None and (pending.failed or (pending.waiting and pending.kind == "insert")):
                studio.cancel(id)
            elif pending is not None and pending.kind == "insert":
                studio.cancel(id)  # in its turn: the database does not know it yet
            elif job is not None and job.status in ("waiting", "active"):
                sent.append(id)

        def ask(keys: list[UUID]):
            return self._member.api.rpc("cancel_generations", {"ids": [str(key) for key in keys]})

        together = Together(sent, ask, wanted=lambda id: jobs.pending(id) is not None)
        for id in sent:
            jobs.mutations.update(id, {"status": "cancelled"}, partial(together.send, id))

    def tries(self, job: Job) -> list[Job]:
        """What a job was tried as before, as far as that is known: the last first."""
        found: list[Job] = []
        while job.retried_from is not None and (before := self._member.jobs.get(job.retried_from)) is not None:
            found.append(before)
            job = before
        return found


def _moved(others: list[Job], job_id: UUID, before: UUID | None) -> list[UUID]:
    ids = [other.id for other in others]
    if before is None:
        return [*ids, job_id]
    place = ids.index(before) if before in ids else 0  # it has been taken: those behind it are all that wait
    return [*ids[:place], job_id, *ids[place:]]


def _between(others: list[Job], anchor: Job, *, last: bool) -> float:
    """As `move_generation` reckons; when no number is left between the two, its answer corrects this."""
    if last:
        return anchor.position + 1
    same = [other.position for other in others if other.priority == anchor.priority]
    above = max((position for position in same if position < anchor.position), default=None)
    return anchor.position - 1 if above is None else (above + anchor.position) / 2
