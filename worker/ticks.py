"""What the worker does again and again: one scheduler, ticks that survive lost connections, an end that leaves nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from worker.errors import ApiError, Unavailable

log = logging.getLogger("worker")

LATE_S = 30  # a tick that is later than that is left out
_SETTLE_S = 0.5  # how long the end waits for ticks under way


class Ticks:
    """Coroutine functions by name, each called every so many seconds and never twice at a time."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": LATE_S}
        )
        self._scheduler.add_listener(_report_error, EVENT_JOB_ERROR)
        self._under_way: set[asyncio.Task[object]] = set()
        self._away_since: datetime | None = None

    def add(self, name: str, tick: Callable[[], Awaitable[object]], seconds: float, *, at_once: bool = False) -> None:
        """A tick every `seconds`. One that returns True is done and is not called again."""

        async def guarded() -> None:
            task = asyncio.current_task()
            assert task is not None
            self._under_way.add(task)
            try:
                if await tick() is True:
                    self._scheduler.remove_job(name)
            except asyncio.CancelledError:
                log.debug("%s was cut off by the end", name)
            except Unavailable as error:
                self._away(error)
            except ApiError as error:
                log.error("%s: refused: %s", name, error)
            else:
                self._back()
            finally:
                self._under_way.discard(task)

        self._scheduler.add_job(guarded, "interval", seconds=seconds, id=name, name=name, replace_existing=True)
        if at_once:
            self.now(name)

    def now(self, name: str) -> None:
        """Runs a tick without waiting for its time."""
        try:
            self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))
        except JobLookupError:
            log.debug("%s is over", name)

    def start(self) -> None:
        self._scheduler.start()

    def pause(self) -> None:
        """No new ticks."""
        self._scheduler.pause()

    async def stop(self) -> None:
        """Ends what is under way: the scheduler itself would not wait for coroutines."""
        self._scheduler.pause()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_SETTLE_S)
        self._scheduler.shutdown(wait=False)

    def _away(self, error: Unavailable) -> None:
        if self._away_since is None:
            self._away_since = datetime.now(UTC)
            log.warning("Supabase does not answer: %s", error)

    def _back(self) -> None:
        if self._away_since is not None:
            log.info("Supabase answers again after %.0f s", (datetime.now(UTC) - self._away_since).total_seconds())
            self._away_since = None


def _report_error(event: JobExecutionEvent) -> None:
    log.error("%s failed", event.job_id, exc_info=event.exception)
