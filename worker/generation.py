"""Generation: draws waiting jobs under a lease (`worker.leased`), and stores the results."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from worker.errors import ApiError, JobFailed
from worker.leased import LeasedJob, LeasedWork, Verbs
from worker.pace import PREVIEWS, Pace
from worker.render import Media, Request, make_clip, make_image, make_preview
from worker.simulation import mishap

log = logging.getLogger("worker.generation")

SHOWN_S = 0.4  # a preview that would be replaced sooner is not made
SUFFIX = {"image/webp": "webp", "video/mp4": "mp4"}


@dataclass
class _Job(LeasedJob):
    requests: list[Request]
    pace: Pace
    preview_path: str | None = None
    drawn: bool = False
    stored: bool = False

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


class Generation(LeasedWork[_Job]):
    """Pictures and clips."""

    verbs = Verbs(
        claim="claim_generation_jobs",
        report="report_progress",
        complete="complete_generation",
        fail="fail_generation",
        release="release_generation_jobs",
    )
    stumbled = "The renderer failed"
    unstored = "The result could not be stored"

    @functools.cached_property
    def _styles(self) -> dict[str, dict[str, Any]]:
        """By model. Models are few and their styles do not change, so they are kept."""
        return {}

    async def _prepare(self, rows: Sequence[dict[str, Any]]) -> None:
        """Looks up how the models draw."""
        unknown = sorted({row["model_id"] for row in rows if row["model_id"]} - self._styles.keys())
        if unknown:
            try:
                models = await self._api.select("models", select="id,style", id=f"in.({','.join(unknown)})")
            except ApiError as error:
                log.warning("models not read, drawn with the default style: %s", error)
            else:
                self._styles.update({model["id"]: model["style"] for model in models})

    def _job(self, row: dict[str, Any], asked: float) -> _Job:
        params, style = row["params"], self._styles.get(row["model_id"] or "", {})
        requests = [
            Request(row["prompt"], row["negative_prompt"], style, seed % 2**32, params["width"], params["height"])
            for seed in range(params["seed"], params["seed"] + params["count"])
        ]
        return _Job(
            row["id"], row["attempt"], row, self._clock(), asked, self._pool.flag(),
            requests, Pace.of(row["kind"], params, self._speed),
        )  # fmt: skip

    async def _work(self, job: _Job) -> None:
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
                    await self._show(job, percent)
            results = [await task for task in drawing]
        finally:
            for task in drawing:
                task.cancel()
            await asyncio.gather(*drawing, return_exceptions=True)
        job.drawn = True
        await self._until(job, 97)
        rows = [await self._store(job, i, media) for i, media in enumerate(results)]
        job.stored = True
        await self._complete(job, results=rows)

    async def _until(self, job: _Job, percent: float) -> None:
        await self._sleep_until(job.started + job.pace.when(percent))

    async def _draw(self, job: _Job, request: Request) -> Media:
        if job.row["kind"] == "video":
            return await self._pool.run(make_clip, request, job.row["params"]["duration"], job.stopped)
        return await self._pool.run(make_image, request)

    async def _show(self, job: _Job, percent: int) -> None:
        content = await self._pool.run(make_preview, job.requests[0], percent / 100)
        path = f"{job.folder}/previews/{percent}.webp"
        if await self._preview(job, path, content):
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
