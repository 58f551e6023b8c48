"""From commit to many open pages: how long it takes until every tab is told, and what the plain way would take.

    python -m tests.bench.bench_tabs [--tabs 200] [--changes 60] [--rate 2]

The whole of Starling runs as `make run` starts it. Each tab loads the studio and holds its socket as a browser does, but
only notes when the element's change has come: what a real browser then does with it is in bench_dom. After it, in the
same run, the plain way: as many realtime-py clients, each with a subscription of its own. What a page costs is said
twice: the bytes that open it (without the files that every page shares and browsers keep), and the app's memory.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import json
import logging
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import asyncpg
import httpx
import psutil
import websockets
from realtime import AsyncRealtimeClient

from tests.bench.bench_dom import INSERT, LEASE, MOVE
from tests.bench.report import line, percentile
from tests.browser.conftest import run_starling

WARM_UP_S = 20.0  # for a job's first row to be everywhere
SETTLE_S = 1.0
ACK_S = 3.0  # as a browser does, so that the app need not keep what has arrived
NUMBER = re.compile(r'"_id":(\d+)')

Note = Callable[[int], None]


class Tab:
    """One open page: what a browser's socket.io does, and nothing more. `hear` gets every frame."""

    def __init__(self, address: str, hear: Callable[[str], None], path: str = "/studio") -> None:
        self._address, self._path = address, path
        self._hear = hear
        self.ready = asyncio.Event()
        self.received = 0  # bytes

    async def run(self) -> None:
        """Loads the page and listens until it is cancelled."""
        async with httpx.AsyncClient(base_url=self._address, timeout=60) as http:
            page = await http.get(self._path)
        self.received = page.num_bytes_downloaded
        found = re.search(r"query: (\{.*\}),", page.text)
        assert found, "the page names no socket"
        query = ast.literal_eval(found[1]) | {
            "document_id": str(uuid4()), "tab_id": str(uuid4()), "EIO": 4, "transport": "websocket",
            "implicit_handshake": "true",
        }  # fmt: skip
        url = f"{self._address.replace('http', 'ws')}/_nicegui_ws/socket.io/?{urlencode(query)}"
        acked = time.monotonic()
        async with websockets.connect(url, max_size=None, open_timeout=60) as socket:
            self.ready.set()
            async for frame in socket:
                text = str(frame)
                self.received += len(text)
                if text.startswith("0"):
                    await socket.send("40")
                elif text == "2":
                    await socket.send("3")
                else:
                    self._hear(text)
                    if time.monotonic() - acked > ACK_S and (number := NUMBER.search(text)):
                        acked = time.monotonic()
                        ack = {"client_id": query["client_id"], "next_message_id": int(number[1]) + 1}
                        await socket.send(f"42{json.dumps(['ack', ack])}")


class Plain:
    """One realtime-py client with one subscription: what a page would have without a shared connection."""

    def __init__(self, url: str, key: str, job: UUID, note: Note) -> None:
        self._job = str(job)
        self._client = AsyncRealtimeClient(f"{url}/realtime/v1", token=key)
        self._note = note

    async def open(self) -> None:
        """Returns when it is joined."""
        joined = asyncio.Event()
        await self._client.connect()
        channel = self._client.channel("world", {"config": {"private": True}})  # type: ignore[typeddict-item]
        channel.on_broadcast("change", self._hear)
        await channel.subscribe(lambda *_: joined.set())
        await joined.wait()

    async def close(self) -> None:
        """Leaves."""
        await self._client.close()

    def _hear(self, message: Any) -> None:
        for record in message["payload"].get("records") or ():
            if record.get("id") == self._job:
                self._note(int(record["progress"]))


class Times:
    """When each percent arrived, of many who listen."""

    def __init__(self) -> None:
        self.arrived: dict[int, list[float]] = {}

    def note(self, percent: int) -> None:
        """It has arrived now."""
        self.arrived.setdefault(percent, []).append(time.time())

    def since(self, committed: dict[int, float]) -> list[float]:
        """Seconds from each commit to each arrival."""
        return [at - start for percent, start in committed.items() for at in self.arrived.get(percent, ())]


def percent_in(note: Note) -> Callable[[str], None]:
    """Notes the percent that a frame tells, if it tells one."""

    def hear(frame: str) -> None:
        if percent := re.search(r"(\d+) %", frame):
            note(int(percent[1]))

    return hear


async def open_tabs(stack: AsyncExitStack, tabs: Sequence[Tab]) -> None:
    """One after the other; they are closed with `stack`."""
    for tab in tabs:
        task = asyncio.create_task(tab.run(), name="tab")
        stack.push_async_callback(closed, task)
        ready = asyncio.create_task(tab.ready.wait())
        await asyncio.wait([task, ready], return_when="FIRST_COMPLETED")
        if not ready.done():
            ready.cancel()
            task.result()


async def closed(tab: asyncio.Task[None]) -> None:
    """Leaves the page."""
    tab.cancel()
    await asyncio.gather(tab, return_exceptions=True)


def prompt_of(job: UUID) -> str:
    """Of the job that is moved."""
    return f"a change for everybody {job}"


async def moves(database: asyncpg.Connection, job: UUID, changes: int, rate: float) -> dict[int, float]:
    """Moves the job on, percent by percent; when each was committed."""
    committed: dict[int, float] = {}
    for percent in range(1, changes + 1):
        started = time.perf_counter()
        await database.execute(MOVE, job, percent)
        committed[percent] = time.time()
        await asyncio.sleep(max(0.0, 1 / rate - (time.perf_counter() - started)))
    await asyncio.sleep(SETTLE_S)
    return committed


async def measure(address: str, data: Path, app: psutil.Process, tabs: int, changes: int, rate: float) -> None:
    """Prints both ways and their ratio."""
    secret = json.loads((data / "secret.json").read_text())
    database = await asyncpg.connect(secret["db_url"])
    job = uuid4()
    await database.execute(INSERT, job, prompt_of(job))
    await database.execute(LEASE, job)
    by_tabs, by_clients = Times(), Times()
    before = app.memory_info().rss
    opened = [Tab(address, percent_in(by_tabs.note)) for _ in range(tabs)]
    async with AsyncExitStack() as stack:
        await open_tabs(stack, opened)
        await asyncio.sleep(SETTLE_S)
        memory = (app.memory_info().rss - before) / tabs
        received = statistics.mean(tab.received for tab in opened)
        told = await moves(database, job, changes, rate)
    async with AsyncExitStack() as stack:
        for _ in range(tabs):
            plain = Plain(secret["api_url"], secret["publishable_key"], job, by_clients.note)
            await plain.open()
            stack.push_async_callback(plain.close)
        await database.execute(MOVE, job, 0)
        plainly = await moves(database, job, changes, rate)
    await database.execute("delete from public.generation_jobs where id = $1", job)
    await database.close()
    starling, plain_way = by_tabs.since(told), by_clients.since(plainly)
    print(line(f"commit → {tabs} tabs of Starling", starling, tabs * changes))
    print(line(f"commit → {tabs} realtime-py clients", plain_way, tabs * changes))
    print(
        f"ratio of the p95: {percentile(starling, 95) / percentile(plain_way, 95):.2f} (a tab gets its element's change, a client raw JSON)"
    )
    print(
        f"a page opens with {received / 1000:.0f} kB, and while it is open takes {memory / 1000:.0f} kB of the app's memory"
    )


async def main(tabs: int = 200, changes: int = 60, rate: float = 2) -> None:
    """Starts Starling, measures, and ends it."""
    logging.getLogger("realtime").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        async with run_starling(data, STARLING_RENDER_SECONDS="0") as running:
            await asyncio.sleep(WARM_UP_S)  # the first pictures are made meanwhile
            await measure(running.address, data, running.process, tabs, changes, rate)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tabs", type=int, default=200)
    parser.add_argument("--changes", type=int, default=60)
    parser.add_argument("--rate", type=float, default=2)
    options = parser.parse_args()
    asyncio.run(main(options.tabs, options.changes, options.rate))
