"""The worker as a whole: one scheduler, one connection pool, one set of render processes."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from settings import WorkerSettings
from worker.api import Api, persist
from worker.demo import Demo
from worker.errors import ApiError, Unavailable
from worker.generation import Generation
from worker.housekeeping import LEASES_EVERY_S, TRASH_EVERY_S, Housekeeping
from worker.pool import RenderPool

log = logging.getLogger("worker")

CLAIM_EVERY_S = 0.5
DEMO_EVERY_S = 2
CONNECT_S = 60.0  # how long to wait for Supabase at the start
LATE_S = 30  # a tick that is later than that is left out


async def run(settings: WorkerSettings, *, demo: bool, ready: Callable[[str], None], stop: asyncio.Event) -> None:
    """Works until `stop` is set, then gives its jobs back. `ready` gets the worker's name once Supabase answers.

    Raises SettingsError, NotAllowed (the key is wrong) and Unavailable (Supabase does not answer).
    """
    url, key = settings.secret_project
    name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
    async with Api.connect(url, key) as api:
        housekeeping = Housekeeping(api)
        await persist(housekeeping.rescue, seconds=CONNECT_S)
        pool = RenderPool()
        scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": LATE_S, "replace_existing": True},
        )
        generation = Generation(
            api, pool, name,
            places=settings.jobs, lease_s=settings.lease_s, speed=settings.render_seconds, failure_rate=settings.failure_rate,
            freed=lambda: _now(scheduler, "claim"),
        )  # fmt: skip
        quietly = functools.partial(_quietly, Outage())
        every = functools.partial(scheduler.add_job, trigger="interval")
        every(quietly(generation.claim), seconds=CLAIM_EVERY_S, id="claim")
        every(quietly(generation.report), seconds=settings.pace_s, id="progress")
        every(quietly(housekeeping.rescue), seconds=LEASES_EVERY_S, id="leases")
        every(quietly(housekeeping.empty_trash), seconds=TRASH_EVERY_S, id="trash")
        if demo:
            every(
                quietly(_until_done(Demo(api).fill, scheduler, "demo")),
                seconds=DEMO_EVERY_S,
                id="demo",
                next_run_time=datetime.now(UTC),
            )
        scheduler.add_listener(_report_error, EVENT_JOB_ERROR)
        scheduler.start()
        warming = asyncio.create_task(pool.warm(), name="warm the render processes")
        try:
            ready(name)
            await stop.wait()
        finally:
            warming.cancel()
            # the scheduler does not wait for coroutines: no new ticks, end what runs, then away with it
            scheduler.pause()
            await generation.close()
            scheduler.shutdown(wait=False)
            await pool.close()


class Outage:
    """Says once that Supabase is away, and once that it is back."""

    def __init__(self) -> None:
        self._since: datetime | None = None

    def begin(self, error: Unavailable) -> None:
        if self._since is None:
            self._since = datetime.now(UTC)
            log.warning("Supabase does not answer: %s", error)

    def end(self) -> None:
        if self._since is not None:
            log.info("Supabase answers again after %.0f s", (datetime.now(UTC) - self._since).total_seconds())
            self._since = None


def _quietly(outage: Outage, tick: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
    """A tick that survives a lost connection: the next tick tries again."""

    async def guarded() -> None:
        try:
            await tick()
        except Unavailable as error:
            outage.begin(error)
        except ApiError as error:
            log.error("refused: %s", error)
        else:
            outage.end()

    return guarded


def _until_done(
    tick: Callable[[], Awaitable[bool]], scheduler: AsyncIOScheduler, job: str
) -> Callable[[], Awaitable[None]]:
    async def repeated() -> None:
        if await tick():
            scheduler.remove_job(job)

    return repeated


def _now(scheduler: AsyncIOScheduler, job: str) -> None:
    """Runs a tick without waiting for its time."""
    scheduler.modify_job(job, next_run_time=datetime.now(UTC))


def _report_error(event: JobExecutionEvent) -> None:
    log.error("%s failed", event.job_id, exc_info=event.exception)
