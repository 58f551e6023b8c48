"""A flood: a thousand changes a second into one table before twenty open pages. How late the app gets, and who is right.

    python -m tests.bench.bench_flood [--pages 20] [--rate 1000] [--seconds 10]

The whole of Starling runs as `make run` starts it, in processes of its own. Several writers move ten public jobs, one row
and one statement at a time; each page is a socket that keeps the last it was told of each job. The app's event loop is
measured by the app (`LoopLag`) and read off /metrics: first quiet, with all pages open, then flooded.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import tempfile
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx
import psutil

from tests.bench.bench_dom import INSERT, LEASE
from tests.bench.bench_tabs import WARM_UP_S, Tab, open_tabs
from tests.browser.conftest import Running, run_starling

JOBS = 10
WRITERS = 4
QUIET_S = 12.0  # longer than /metrics looks back
LOOK_S = 5.0  # /metrics tells the worst of the last ten seconds
SETTLE_S = 20.0
FLOODS = 2
TOLD = re.compile(r"job (\d+) moved (\d+) times")
MOVE = "update public.generation_jobs set progress = $2, stage = $3 where id = $1"
LAG = re.compile(r"^starling_event_loop_lag_seconds (\S+)", re.MULTILINE)


class Page(Tab):
    """A tab that knows the last word on every job."""

    def __init__(self, address: str) -> None:
        super().__init__(address, self._keep)
        self.last: dict[int, int] = {}
        self.frames = 0

    def _keep(self, frame: str) -> None:
        self.frames += 1
        self.last |= {int(job): int(times) for job, times in TOLD.findall(frame)}


@dataclass
class Watch:
    """The app's lag, in seconds, and its memory, in bytes, whenever it is looked at."""

    http: httpx.AsyncClient
    process: psutil.Process
    lags: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)

    async def run(self) -> None:
        """Looks now and then until it is cancelled: rarely, since answering takes the app some milliseconds."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Looks now."""
        self.memory.append(self.process.memory_info().rss)
        found = LAG.search((await self.http.get("/metrics")).text)
        assert found
        self.lags.append(float(found[1]))


class Flood:
    """Jobs that are moved one by one; `moved` counts how often each was."""

    def __init__(self, dsn: str, jobs: list[UUID]) -> None:
        self.moved = dict.fromkeys(range(len(jobs)), 0)
        self._dsn = dsn
        self._jobs = jobs

    async def pour(self, rate: float, seconds: float) -> float:
        """By several writers, each of them always the same jobs; the changes a second that they managed."""
        begun, before = time.perf_counter(), sum(self.moved.values())
        await asyncio.gather(*(self._write(number, rate / WRITERS, seconds) for number in range(WRITERS)))
        return (sum(self.moved.values()) - before) / (time.perf_counter() - begun)

    async def _write(self, number: int, rate: float, seconds: float) -> None:
        own = list(self.moved)[number::WRITERS]
        connection = await asyncpg.connect(self._dsn)
        begun = time.perf_counter()
        for change in range(int(rate * seconds)):
            job = own[change % len(own)]
            self.moved[job] += 1
            word = f"job {job} moved {self.moved[job]} times"
            await connection.execute(MOVE, self._jobs[job], self.moved[job] % 101, word)
            await asyncio.sleep(max(0.0, begun + change / rate - time.perf_counter()))
        await connection.close()


async def equal(pages: list[Page], moved: dict[int, int]) -> int:
    """How many pages know the last word on every job, once all do or it has taken too long."""
    right = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_S):
            while right < len(pages):
                await asyncio.sleep(0.1)
                right = sum(page.last == moved for page in pages)
    return right


async def measure(running: Running, pages: int, rate: float, seconds: float) -> None:
    """Floods twice, so that memory which grows with every flood shows, and prints what it was like."""
    dsn = json.loads((running.data / "secret.json").read_text())["db_url"]
    database = await asyncpg.connect(dsn)
    jobs = [uuid4() for _ in range(JOBS)]
    for number, job in enumerate(jobs):
        await database.execute(INSERT, job, f"one of many, {number}")
        await database.execute(LEASE, job)
    opened = [Page(running.address) for _ in range(pages)]
    flood = Flood(dsn, jobs)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=running.address, timeout=60))
        await open_tabs(stack, opened)
        await asyncio.sleep(QUIET_S)
        quiet, flooded = Watch(http, running.process), Watch(http, running.process)
        await quiet.look()
        watching = asyncio.create_task(flooded.run(), name="watch")
        used, after, right, reached = sum(running.process.cpu_times()[:2]), [], [], []
        for _ in range(FLOODS):
            reached.append(await flood.pour(rate, seconds))
            right.append(await equal(opened, flood.moved))
            after.append(running.process.memory_info().rss)
        used = (sum(running.process.cpu_times()[:2]) - used) / FLOODS / seconds
        watching.cancel()
        await flooded.look()
    stored = await database.fetch("select stage from public.generation_jobs where id = any($1)", jobs)
    assert {row["stage"] for row in stored} == {f"job {job} moved {times} times" for job, times in flood.moved.items()}
    await database.execute("delete from public.generation_jobs where id = any($1)", jobs)
    await database.close()
    late, at_rest = max(flooded.lags), quiet.lags[0]
    told = sum(page.frames for page in opened) / pages / seconds / FLOODS
    print(
        f"{min(reached):,.0f} changes/s for {seconds:.0f} s, {FLOODS} times; {min(right)} of {pages} pages end equal to the database"
    )
    print(f"each page was told {told:.0f} times a second; the app used {used:.0%} of a core")
    print(
        f"the loop was late by {late * 1000:.0f} ms at most, at rest by {at_rest * 1000:.0f}; ratio {late / at_rest:.1f}"
    )
    print(
        f"memory {quiet.memory[0] / 1e6:.0f} MB before, {max(flooded.memory) / 1e6:.0f} at most, "
        f"{' and '.join(f'{size / 1e6:.0f}' for size in after)} after each flood",
        flush=True,
    )


async def main(pages: int = 20, rate: float = 1000, seconds: float = 10) -> None:
    """Starts Starling, measures, and ends it."""
    with tempfile.TemporaryDirectory() as folder:
        async with run_starling(Path(folder), STARLING_RENDER_SECONDS="0") as running:
            await asyncio.sleep(WARM_UP_S)  # the first pictures are made meanwhile
            await measure(running, pages, rate, seconds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    asyncio.run(main(options.pages, options.rate, options.seconds))
