"""Work under a lease: claims waiting jobs, tells how far they are, and ends each of them once.

Invariants
1. A job is worked at only under a lease. Whatever a report does not give back (cancelled, taken over) is stopped at once
   and forgotten; when no report got through for the length of a lease, so is everything.
2. One report per tick for all jobs, in one request.
3. Nothing is lost by dying at any point: the lease runs out and another worker starts anew. What this one still writes
   is refused (the attempt is the fence), and its files lie in a folder of the attempt, which the trash takes.
4. Every job that was claimed ends in exactly one of: completed, failed, given back, or lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from worker.api import Api, persist
from worker.errors import ApiError, JobFailed, RendererLost
from worker.pool import Flag, RenderPool
from worker.render import RenderError

T = TypeVar("T")

_END_S = 1.0  # what each step of the end may take


@dataclass(frozen=True)
class Verbs:
    """The functions of the database for one kind of job."""

    claim: str
    report: str
    complete: str
    fail: str
    release: str


@dataclass
class LeasedJob(ABC):
    """A claimed job. Times are of the monotonic clock."""

    id: str
    attempt: int
    row: dict[str, Any]
    started: float
    renewed: float
    stopped: Flag

    def __post_init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.settling = False  # its end is on the way: a report without it means nothing

    @property
    def folder(self) -> str:
        """Where in the bucket the files of this attempt lie."""
        return f"{self.row['owner_id']}/{self.id}/{self.attempt}"

    @abstractmethod
    def report(self, now: float) -> dict[str, Any]:
        """How far it is: an entry of the report."""

    def told(self, report: dict[str, Any], asked: float) -> None:
        """This report has been written down, and the lease lasts from when that was `asked`."""
        self.renewed = asked


J = TypeVar("J", bound=LeasedJob)


class LeasedWork(ABC, Generic[J]):
    """`claim` and `report` are called by the scheduler. `freed` is called whenever a place becomes free."""

    verbs: Verbs
    stumbled: str  # what a member reads when something unexpected ended an attempt
    unstored: str  # and when its results could not be written

    def __init__(
        self,
        api: Api,
        pool: RenderPool,
        worker: str,
        *,
        places: int,
        lease_s: int,
        speed: float,
        failure_rate: float,
        freed: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api, self._pool, self._worker = api, pool, worker
        self._places, self._lease_s, self._speed, self._failure_rate = places, lease_s, speed, failure_rate
        self._freed, self._clock = freed, clock
        self._jobs: dict[str, J] = {}
        self._claiming = asyncio.Lock()
        self._closed = False
        self._log = logging.getLogger(type(self).__module__)

    @abstractmethod
    def _job(self, row: dict[str, Any], asked: float) -> J:
        """A job that has just been claimed."""

    @abstractmethod
    async def _work(self, job: J) -> None:
        """Does it, and says so by `_complete`. Raises JobFailed, RenderError, RendererLost or ApiError."""

    async def _prepare(self, rows: Sequence[dict[str, Any]]) -> None:
        """What is needed before claimed jobs begin."""

    async def claim(self) -> None:
        """Takes as many jobs as there are places."""
        async with self._claiming:
            free = self._places - len(self._jobs)
            if free <= 0 or self._closed:
                return
            asked = self._clock()
            rows = await self._api.call(self.verbs.claim, worker=self._worker, n=free, lease_s=self._lease_s)
            if not rows or self._closed:
                return
            await self._prepare(rows)
            for row in rows:
                self._begin(row, asked)

    async def report(self) -> None:
        """Tells how far all jobs are, and stops those that are not ours any more."""
        jobs = [job for job in self._jobs.values() if not job.settling]
        if not jobs:
            return
        asked = self._clock()
        reports = [job.report(asked) for job in jobs]
        try:
            held = set(
                await self._api.call(self.verbs.report, worker=self._worker, reports=reports, lease_s=self._lease_s)
            )
        except ApiError:
            for job in jobs:
                if self._clock() - job.renewed > self._lease_s and self._jobs.get(job.id) is job:
                    self._drop(job, "its lease could not be renewed")
            raise
        for job, report in zip(jobs, reports, strict=True):
            if job.id in held:
                job.told(report, asked)
            elif not job.settling and self._jobs.get(job.id) is job:
                self._drop(job, "it was cancelled or taken over")

    async def close(self) -> None:
        """Stops everything and gives the jobs back. Does not raise."""
        self._closed = True
        # what a claim under way still brings is given back with the rest, or its lease runs out
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_END_S), self._claiming:
                pass
        jobs = list(self._jobs.values())
        tasks = [job.task for job in jobs if job.task]
        for job in jobs:
            self._drop(job, "the worker stops")
        if tasks:
            await asyncio.wait(tasks, timeout=_END_S)
        try:
            given_back = await persist(
                functools.partial(self._api.call, self.verbs.release, worker=self._worker), seconds=_END_S
            )
        except ApiError as error:
            self._log.warning("jobs not given back, their leases will run out: %s", error)
        else:
            self._log.info("gave back %s jobs", given_back)

    def _begin(self, row: dict[str, Any], asked: float) -> None:
        if ours := self._jobs.get(row["id"]):
            self._drop(ours, "its lease ran out unnoticed, it begins anew")
        job = self._jobs[row["id"]] = self._job(row, asked)
        job.task = asyncio.create_task(self._run(job), name=f"job {job.id}")
        self._log.info("job %s attempt %s", job.id, job.attempt)

    def _drop(self, job: J, why: str) -> None:
        """Forgets a job: it is not ours any more, or will not be in a moment."""
        self._log.info("job %s attempt %s stopped: %s", job.id, job.attempt, why)
        self._jobs.pop(job.id, None)
        job.stopped.raise_()
        if job.task:
            job.task.cancel()

    async def _run(self, job: J) -> None:
        try:
            await self._work(job)
        except asyncio.CancelledError:
            pass  # dropped; nobody waits for this task
        except JobFailed as failure:
            await self._fail(job, str(failure), final=failure.final)
        except (RenderError, RendererLost) as error:
            await self._fail(job, str(error), final=False)
        except ApiError as error:
            self._log.warning("job %s: %s", job.id, error)
            await self._fail(job, self.unstored, final=False)
        except Exception:
            self._log.exception("job %s attempt %s", job.id, job.attempt)
            await self._fail(job, self.stumbled, final=False)
        finally:
            if self._jobs.get(job.id) is job:
                del self._jobs[job.id]
            if not self._closed:
                self._freed()

    async def _sleep_until(self, moment: float) -> None:
        await asyncio.sleep(max(0.0, moment - self._clock()))

    async def _complete(self, job: J, **arguments: Any) -> None:
        job.settling = True
        kept = await self._insist(job, self.verbs.complete, **arguments)
        self._log.info(
            "job %s attempt %s %s", job.id, job.attempt, "completed" if kept else "was lost before it was completed"
        )

    async def _fail(self, job: J, reason: str, *, final: bool) -> None:
        job.settling = True
        try:
            await self._insist(job, self.verbs.fail, error=reason, final=final)
        except ApiError as error:
            self._log.warning("job %s: its failure was not recorded, its lease will run out: %s", job.id, error)
        else:
            self._log.info("job %s attempt %s failed%s: %s", job.id, job.attempt, " for good" if final else "", reason)

    async def _preview(self, job: J, path: str, content: bytes) -> bool:
        """Stores a preview; whether that went well: a job goes on without."""
        try:
            await self._api.upload(path, content, "image/webp")
        except ApiError as error:
            self._log.warning("job %s without its preview %s: %s", job.id, path, error)
            return False
        return True

    async def _insist(self, job: J, function: str, **arguments: Any) -> bool:
        call = functools.partial(
            self._api.call, function, worker=self._worker, job_id=job.id, attempt=job.attempt, **arguments
        )
        return bool(await self._while_leased(call))

    async def _while_leased(self, attempt: Callable[[], Awaitable[T]]) -> T:
        return await persist(attempt, seconds=self._lease_s)
