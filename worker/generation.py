"""Generation: claims waiting jobs, draws them, tells how far they are, stores the results.

Invariants
1. A job is drawn only under a lease. Whatever a report does not give back (cancelled, taken over) is stopped at once
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
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from worker.api import Api, persist
from worker.errors import ApiError, JobFailed, RendererLost
from worker.pace import PREVIEWS, Pace
from worker.pool import Flag, RenderPool
from worker.render import Media, RenderError, Request, make_clip, make_image, make_preview
from worker.simulation import mishap

log = logging.getLogger("worker.generation")

T = TypeVar("T")

_END_S = 1.0  # what each step of the end may take
SHOWN_S = 0.4  # a preview that would be replaced sooner is not made
SUFFIX = {"image/webp": "webp", "video/mp4": "mp4"}


@dataclass
class _Job:
    """A claimed job. Times are of the monotonic clock."""

    id: str
    attempt: int
    row: dict[str, Any]
    requests: list[Request]
    pace: Pace
    started: float
    renewed: float
    stopped: Flag
    task: asyncio.Task[None] | None = None
    preview_path: str | None = None
    drawn: bool = False
    stored: bool = False
    settling: bool = False  # its end is on the way: a report without it means nothing

    @property
    def folder(self) -> str:
        return f"{self.row['owner_id']}/{self.id}/{self.attempt}"

    def report(self, now: float) -> dict[str, Any]:
        elapsed = now - self.started
        progress = self.pace.progress(elapsed, drawn=self.drawn, stored=self.stored)
        return {
            "id": self.id,
            "attempt": self.attempt,
            "progress": progress,
            "stage": self.pace.stage(progress),
            "eta_s": self.pace.eta_s(elapsed),
            "preview_path": self.preview_path,
        }


class Generation:
    """`claim` and `report` are called by the scheduler. `freed` is called whenever a place becomes free."""

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
        self._jobs: dict[str, _Job] = {}
        self._styles: dict[str, dict[str, Any]] = {}
        self._claiming = asyncio.Lock()
        self._closed = False

    async def claim(self) -> None:
        """Takes as many jobs as there are places."""
        async with self._claiming:
            free = self._places - len(self._jobs)
            if free <= 0 or self._closed:
                return
            asked = self._clock()
            rows = await self._api.call("claim_generation_jobs", worker=self._worker, n=free, lease_s=self._lease_s)
            if not rows or self._closed:
                return
            styles = await self._look_up([row["model_id"] for row in rows if row["model_id"]])
            for row in rows:
                self._begin(row, styles.get(row["model_id"] or "", {}), asked)

    async def report(self) -> None:
        """Tells how far all jobs are, and stops those that are not ours any more."""
        jobs = [job for job in self._jobs.values() if not job.settling]
        if not jobs:
            return
        asked = self._clock()
        reports = [job.report(asked) for job in jobs]
        try:
            held = set(
                await self._api.call("report_progress", worker=self._worker, reports=reports, lease_s=self._lease_s)
            )
        except ApiError:
            for job in jobs:
                if self._clock() - job.renewed > self._lease_s and self._jobs.get(job.id) is job:
                    self._drop(job, "its lease could not be renewed")
            raise
        for job in jobs:
            if job.id in held:
                job.renewed = asked
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
                functools.partial(self._api.call, "release_generation_jobs", worker=self._worker), seconds=_END_S
            )
        except ApiError as error:
            log.warning("jobs not given back, their leases will run out: %s", error)
        else:
            log.info("gave back %s jobs", given_back)

    async def _look_up(self, models: list[str]) -> dict[str, dict[str, Any]]:
        """How the models draw. Models are few and their styles do not change, so they are kept."""
        unknown = sorted(set(models) - self._styles.keys())
        if unknown:
            try:
                rows = await self._api.select("models", select="id,style", id=f"in.({','.join(unknown)})")
            except ApiError as error:
                log.warning("models not read, drawn with the default style: %s", error)
            else:
                self._styles.update({row["id"]: row["style"] for row in rows})
        return self._styles

    def _begin(self, row: dict[str, Any], style: dict[str, Any], asked: float) -> None:
        if ours := self._jobs.get(row["id"]):
            self._drop(ours, "its lease ran out unnoticed, it begins anew")
        params = row["params"]
        requests = [
            Request(row["prompt"], row["negative_prompt"], style, seed % 2**32, params["width"], params["height"])
            for seed in range(params["seed"], params["seed"] + params["count"])
        ]
        job = _Job(
            row["id"], row["attempt"], row, requests, Pace.of(row["kind"], params, self._speed),
            started=self._clock(), renewed=asked, stopped=self._pool.flag(),
        )  # fmt: skip
        self._jobs[job.id] = job
        job.task = asyncio.create_task(self._run(job), name=f"job {job.id}")
        log.info("job %s attempt %s: %s", job.id, job.attempt, row["kind"])

    def _drop(self, job: _Job, why: str) -> None:
        """Forgets a job: it is not ours any more, or will not be in a moment."""
        log.info("job %s attempt %s stopped: %s", job.id, job.attempt, why)
        self._jobs.pop(job.id, None)
        job.stopped.raise_()
        if job.task:
            job.task.cancel()

    async def _run(self, job: _Job) -> None:
        try:
            await self._draw_and_store(job)
        except asyncio.CancelledError:
            pass  # dropped; nobody waits for this task
        except JobFailed as failure:
            await self._fail(job, str(failure), final=failure.final)
        except (RenderError, RendererLost) as error:
            await self._fail(job, str(error), final=False)
        except ApiError as error:
            log.warning("job %s: %s", job.id, error)
            await self._fail(job, "The result could not be stored", final=False)
        except Exception:
            log.exception("job %s attempt %s", job.id, job.attempt)
            await self._fail(job, "The renderer failed", final=False)
        finally:
            if self._jobs.get(job.id) is job:
                del self._jobs[job.id]
            if not self._closed:
                self._freed()

    async def _draw_and_store(self, job: _Job) -> None:
        accident = mishap(job.id, job.attempt, self._failure_rate)
        drawing: list[asyncio.Task[Media]] = []
        try:
            for percent in PREVIEWS:
                await self._until(job, percent)
                if accident and accident.at * 100 <= percent:
                    raise JobFailed(accident.reason, final=accident.final)
                if percent == PREVIEWS[1]:
                    # half-way the real work begins, so that it is done when its time is over
                    drawing = [asyncio.create_task(self._draw(job, r), name=f"draw {job.id}") for r in job.requests]
                if job.pace.when(25) > SHOWN_S:
                    await self._preview(job, percent)
            results = [await task for task in drawing]
        finally:
            for task in drawing:
                task.cancel()
            await asyncio.gather(*drawing, return_exceptions=True)
        job.drawn = True
        await self._until(job, 97)
        rows = [await self._store(job, i, media) for i, media in enumerate(results)]
        job.stored = True
        job.settling = True
        kept = await self._insist(job, "complete_generation", results=rows)
        log.info(
            "job %s attempt %s %s", job.id, job.attempt, "completed" if kept else "was lost before it was completed"
        )

    async def _until(self, job: _Job, percent: float) -> None:
        await asyncio.sleep(max(0.0, job.started + job.pace.when(percent) - self._clock()))

    async def _draw(self, job: _Job, request: Request) -> Media:
        if job.row["kind"] == "video":
            return await self._pool.run(make_clip, request, job.row["params"]["duration"], job.stopped)
        return await self._pool.run(make_image, request)

    async def _preview(self, job: _Job, percent: int) -> None:
        content = await self._pool.run(make_preview, job.requests[0], percent / 100)
        path = f"{job.folder}/previews/{percent}.webp"
        try:
            await self._api.upload(path, content, "image/webp")
        except ApiError as error:
            log.warning("job %s without its preview at %s %%: %s", job.id, percent, error)
        else:
            job.preview_path = path

    async def _store(self, job: _Job, ordinal: int, media: Media) -> dict[str, Any]:
        """Uploads a result; what `complete_generation` shall know of it."""
        path = f"{job.folder}/{ordinal}.{SUFFIX[media.media_type]}"
        poster = f"{job.folder}/{ordinal}.poster.webp"
        for target, content, kind in ((path, media.content, media.media_type), (poster, media.poster, "image/webp")):
            await self._while_leased(functools.partial(self._api.upload, target, content, kind))
        return {
            "ordinal": ordinal,
            "seed": job.requests[ordinal].seed,
            "media_path": path,
            "poster_path": poster,
            "media_type": media.media_type,
            "bytes": len(media.content),
            "width": media.width,
            "height": media.height,
            "duration": media.duration,
            "colour": media.colour,
        }

    async def _fail(self, job: _Job, reason: str, *, final: bool) -> None:
        job.settling = True
        try:
            await self._insist(job, "fail_generation", error=reason, final=final)
        except ApiError as error:
            log.warning("job %s: its failure was not recorded, its lease will run out: %s", job.id, error)
        else:
            log.info("job %s attempt %s failed%s: %s", job.id, job.attempt, " for good" if final else "", reason)

    async def _insist(self, job: _Job, function: str, **arguments: Any) -> bool:
        call = functools.partial(
            self._api.call, function, worker=self._worker, job_id=job.id, attempt=job.attempt, **arguments
        )
        return bool(await self._while_leased(call))

    async def _while_leased(self, attempt: Callable[[], Awaitable[T]]) -> T:
        return await persist(attempt, seconds=self._lease_s)
