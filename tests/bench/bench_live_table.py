"""LiveTable: changes a second, from a parsed message to what listeners are told, against a plain dict of the same records.

In the time of this process, so that others at work on the machine do not count. The plain dict is what somebody would
write by hand, without types, order, versions or windows: `rows[id] = record`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import uvloop

from state.models import Generation
from state.signal import Unsubscribe
from state.sync.change import Change
from state.sync.freshness import Freshness
from state.sync.live_table import LiveTable
from state.sync.query import Order, Query

ROWS = 1000
MOMENT = datetime(2026, 11, 26, tzinfo=UTC)


class Still:
    """A source that has the rows, and a feed that is live and says what it is told to."""

    live = True

    def __init__(self, records: list[dict[str, Any]]) -> None:
        self.records = records
        self.deliver: Callable[[Change], None] = lambda _: None

    async def select(self, query: Query, limit: int, after: Any = None, columns: tuple[str, ...] = ()) -> Any:
        return self.records[:limit]

    def on_change(self, table: str, listener: Callable[[Change], None]) -> Unsubscribe:
        self.deliver = listener
        return lambda: None

    def on_live(self, listener: Callable[[], None]) -> Unsubscribe:
        return lambda: None

    on_lost = on_live


def record(n: int, version: int) -> dict[str, Any]:
    """A generation, as the database announces it."""
    made = (MOMENT - timedelta(seconds=n)).isoformat()
    id = str(UUID(int=n + 1))
    return {
        "id": id, "owner_id": str(UUID(int=7)), "job_id": None, "ordinal": 0, "kind": "image", "prompt": f"number {n}",
        "model_id": str(UUID(int=8)), "seed": n, "media_path": f"{id}.png", "poster_path": f"{id}.webp",
        "media_type": "image/png", "bytes": 9, "width": 64, "height": 64, "duration": None, "colour": "#102030",
        "favourite": version % 2 == 0, "visibility": "public", "created_at": made,
        "updated_at": (MOMENT + timedelta(microseconds=version)).isoformat(), "version": version,
    }  # fmt: skip


def messages(count: int, size: int) -> list[Change]:
    """`count` changes in messages of `size` records, each of another row."""
    made = [record(n % ROWS, 10 + n) for n in range(count)]
    return [Change("generations", "UPDATE", made[start : start + size]) for start in range(0, count, size)]


async def opened(rows: int) -> tuple[LiveTable[Generation], Still]:
    """A table that is ready, and what it listens to."""
    still = Still([record(n, 1) for n in range(rows)])
    query = Query("generations", order=(Order("created_at", descending=True),))
    table = LiveTable(query, Generation, still, still, freshness=Freshness(lambda: True), limit=rows)
    ready = asyncio.Event()
    table.subscribe(lambda _: ready.set())
    table.open()
    await ready.wait()
    return table, still


async def measure(count: int, size: int) -> tuple[float, float]:
    """Changes a second of a LiveTable, and of the plain dict."""
    table, still = await opened(ROWS)
    changes = messages(count, size)
    begun = time.process_time()
    for n, change in enumerate(changes):
        still.deliver(change)
        if n % max(1, 100 // size) == 0:
            await asyncio.sleep(0)  # as the connection's consumer does
    table.flush()
    live = count / (time.process_time() - begun)
    assert max(row.version for row in table.rows) == count + 9, "every change was applied"
    await table.close()

    plain: dict[str, dict[str, Any]] = {}
    begun = time.process_time()
    for change in changes:
        for row in change.records:
            plain[row["id"]] = row
    return live, count / (time.process_time() - begun)


async def main(count: int = 20_000) -> None:
    for size in (1, 100):
        live, plain = await measure(count, size)
        print(
            f"LiveTable, {size:>3} records a message: {live:>9,.0f} changes/s; a plain dict: {plain:>11,.0f};"
            f" ratio 1:{plain / live:,.0f}",
            flush=True,
        )


if __name__ == "__main__":
    uvloop.run(main())
