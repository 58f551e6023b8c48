"""Training: learns what a dataset looks like, simulates the steps that would take, and makes a model that draws so.

The steps are a function of time; what the model has learned is real: the palette and the texture of the images
(`worker.render.learning`). Every job is worked at under a lease (`worker.leased`).
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from typing import Any

from worker.curve import Curve
from worker.errors import JobFailed, Refused
from worker.leased import LeasedJob, LeasedWork, Verbs
from worker.render import NothingLearned, Request, Sketch, blend, learn, make_image, study
from worker.simulation import TRAINING, mishap

BUCKET = "datasets"
STUDIED = 48  # images that are looked at; of a larger dataset every so many
PREVIEW_PX = 512
_FETCHING = 4  # images that are fetched at a time
_SEED = 20_260
_LEARNED = 97  # percent; the rest is storing


@dataclass
class _Job(LeasedJob):
    curve: Curve
    seconds: float
    began: float | None = None  # when the steps began
    told_step: int = -1  # up to here the curve is written down
    previews: list[dict[str, Any]] = field(default_factory=list)
    last: bool = False  # all steps are made
    whole: asyncio.Event = field(default_factory=asyncio.Event)  # and the curve of them is written down

    def step(self, now: float) -> int:
        """How many steps have been made."""
        if self.began is None:
            return 0
        if self.last or not self.seconds:
            return self.curve.total
        return min(self.curve.total, int(self.curve.total * (now - self.began) / self.seconds))

    def report(self, now: float) -> dict[str, Any]:
        step = self.step(now)
        left = self.seconds if self.began is None else self.seconds - (now - self.began)
        return {
            "id": self.id,
            "attempt": self.attempt,
            "progress": _LEARNED * step // self.curve.total,
            "stage": "Looking at the images" if self.began is None else "Training" if not self.last else "Storing",
            "eta_s": max(1, math.ceil(left)),
            "current_step": step,
            "loss": self.curve.loss(step) if step else None,
            "previews": self.previews,
            "metrics": self.points(step),
        }

    def points(self, step: int) -> list[dict[str, Any]]:
        """Those of the curve that the database has not been told."""
        stride = self.curve.stride
        first = (self.told_step // stride + 1) * stride
        steps = range(first, step + 1, stride) if self.began is not None else range(0)
        return [{"step": s, "loss": self.curve.loss(s), "learning_rate": self.curve.rate(s)} for s in steps]

    def told(self, report: dict[str, Any], asked: float) -> None:
        super().told(report, asked)
        if report["metrics"]:
            self.told_step = report["metrics"][-1]["step"]
        if self.last and not self.points(self.curve.total):
            self.whole.set()


class Training(LeasedWork[_Job]):
    """Models out of datasets."""

    verbs = Verbs(
        claim="claim_training_jobs",
        report="report_training",
        complete="complete_training",
        fail="fail_training",
        release="release_training_jobs",
    )
    stumbled = "The trainer failed"
    unstored = "The model could not be stored"

    def _job(self, row: dict[str, Any], asked: float) -> _Job:
        curve = Curve(f"{row['id']} {row['attempt']}", row["total_steps"], row["learning_rate"])
        return _Job(
            row["id"], row["attempt"], row, self._clock(), asked, self._pool.flag(), curve, curve.seconds(self._speed)
        )

    async def _work(self, job: _Job) -> None:
        accident = mishap(job.id, job.attempt, self._failure_rate, TRAINING)
        base = await self._base(job)
        try:
            learned = await self._pool.run(learn, await self._images(job))
        except NothingLearned as error:
            raise JobFailed(str(error), final=True) from None
        job.began = self._clock()
        for checkpoint in job.curve.checkpoints():
            part = checkpoint / job.curve.total
            if accident and accident.at <= part:
                await self._until(job, accident.at)
                raise JobFailed(accident.reason, final=accident.final)
            await self._until(job, part)
            await self._checkpoint(job, checkpoint, blend(base, learned, part))
        job.last = True
        await job.whole.wait()
        await self._complete(
            job, loss=job.curve.loss(job.curve.total), previews=job.previews, style=blend(base, learned, 1.0)
        )

    async def _until(self, job: _Job, part: float) -> None:
        assert job.began is not None
        await self._sleep_until(job.began + job.seconds * part)

    async def _base(self, job: _Job) -> dict[str, Any]:
        """How the model draws that this one begins with."""
        rows = await self._api.select("models", select="style", id=f"eq.{job.row['base_model_id']}")
        if not rows:
            raise JobFailed("The model to begin with is gone", final=True)
        return rows[0]["style"]

    async def _images(self, job: _Job) -> list[Sketch]:
        rows = await self._api.select(
            "dataset_images",
            select="path",
            dataset_id=f"eq.{job.row['dataset_id']}",
            ready="is.true",
            order="created_at,id",
            limit="200",
        )
        if len(rows) < 2:
            raise JobFailed("The dataset is gone, or has fewer than two images", final=True)
        chosen = rows[:: max(1, math.ceil(len(rows) / STUDIED))]
        turns = asyncio.Semaphore(_FETCHING)  # files are large, what is learned from is small

        async def sketch(path: str) -> Sketch | None:
            async with turns:
                try:
                    content = await self._api.download(path, BUCKET)
                except Refused:
                    return None  # it is said to be there and is not: one image fewer
                return await self._pool.run(study, content)

        sketches = await asyncio.gather(*(sketch(row["path"]) for row in chosen))
        return [made for made in sketches if made is not None]

    async def _checkpoint(self, job: _Job, step: int, style: dict[str, Any]) -> None:
        request = Request(job.row["sample_prompt"], "", style, _SEED, PREVIEW_PX, PREVIEW_PX)
        path = f"{job.folder}/checkpoints/{step}.webp"
        if await self._preview(job, path, (await self._pool.run(make_image, request)).content):
            job.previews = [*job.previews, {"step": step, "path": path}]
