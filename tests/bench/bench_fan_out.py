"""From message to listeners: how long until the last of a thousand has been told of one change.

    python -m tests.bench.bench_fan_out [--listeners 1000] [--changes 200]

A table follows a feed over a real socket from a scripted server; each change is sent when the last one has been told to
everybody. Beside it, in the same run: the same socket's message to a single listener of the feed, which is the way
without a table.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from nicegui import core

from state.models import Profile
from state.realtime.connection import Connection
from state.sync.live_table import CADENCE_S, LiveTable
from state.sync.query import Order, Query
from tests.bench.report import line, percentile
from tests.state.peer import Peer
from tests.state.support import Someone, until

ROWS = 100


class Table:
    """What the database would answer."""

    def __init__(self) -> None:
        self.records = [record(number, 1) for number in range(ROWS)]

    async def select(
        self, query: Query, limit: int, after: Any = None, columns: tuple[str, ...] = ()
    ) -> list[dict[str, Any]]:
        """All of it."""
        return [{name: row[name] for name in columns or row} for row in self.records[:limit]] if after is None else []


def record(number: int, version: int) -> dict[str, Any]:
    """A person as the database writes one."""
    at = datetime(2026, 11, 21, tzinfo=UTC).isoformat()
    return {
        "id": str(UUID(int=number)), "username": f"person_{number:04d}", "display_name": f"Person {number}",
        "avatar_path": None, "colour": "#9bdcff", "bio": f"version {version}", "is_demo": False, "created_at": at,
        "updated_at": at, "version": version,
    }  # fmt: skip


async def main(listeners: int = 1000, changes: int = 200) -> None:
    """Prints both ways and their ratio."""
    core.loop = asyncio.get_running_loop()
    async with Peer() as peer:
        connection = Connection(peer.url, "a key", Someone())
        feed = connection.channel("world")
        table = LiveTable(
            Query("profiles", order=(Order("username"),)), Profile, Table(), feed, freshness=connection.freshness
        )
        told, single = 0, asyncio.Event()
        everybody = asyncio.Event()
        arrived: list[float] = []

        def listen(_: object) -> None:
            nonlocal told
            told += 1
            if told == listeners:
                everybody.set()

        def alone(_: object) -> None:
            arrived.append(time.perf_counter())
            single.set()

        feed.on_change("profiles", alone)
        connection.open()
        table.open()
        await until(lambda: table.phase == "ready" and connection.status.state == "live")
        for _ in range(listeners):
            table.subscribe(listen)
        to_one: list[float] = []
        to_all: list[float] = []
        for version in range(2, changes + 2):
            await asyncio.sleep(CADENCE_S * 1.1)  # the next change is then told at once, as the first of a batch is
            told = 0
            single.clear()
            everybody.clear()
            sent = time.perf_counter()
            await peer.change("world", "profiles", record(version % ROWS, version))
            await everybody.wait()
            to_all.append(time.perf_counter() - sent)
            to_one.append(arrived[-1] - sent)
        await table.close()
        await connection.close()
    print(line("message → one listener of the feed", to_one, changes, percent=99))
    print(line(f"message → last of {listeners:,} listeners of a table", to_all, changes, percent=99))
    print(f"ratio of the p99: {percentile(to_all, 99) / percentile(to_one, 99):.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listeners", type=int, default=1000)
    parser.add_argument("--changes", type=int, default=200)
    options = parser.parse_args()
    asyncio.run(main(options.listeners, options.changes))
