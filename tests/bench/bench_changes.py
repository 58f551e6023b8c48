"""Postgres Changes: from before an INSERT, which is a transaction of its own, to the sockets of those who may see it.

    python -m tests.bench.bench_changes

The server runs as `make run` starts it; writers and subscribers share another process, so what they take counts too.
Three loads: one subscriber and now and then a row; one subscriber and a flood from eight connections; a hundred
subscribers, each somebody else to the table's policies. Beside the first, a NOTIFY in the same statement to a bare
LISTEN: the least that any way out of this Postgres takes. The official server's numbers are those of the issue.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import uvloop

from embedded.folder import DataFolder
from embedded.keys import Keys
from tests.bench.report import line, percentile
from tests.bench.sockets import Pace, all_there, join, now
from tests.embedded.processes import embedded

TABLE = """
create table public.bench_changes (id bigint generated always as identity primary key, owner uuid, sent bigint, body text);
alter table public.bench_changes enable row level security;
create policy "own and shared" on public.bench_changes for select to authenticated
  using (owner is null or owner = (select auth.uid()));
grant select on public.bench_changes to authenticated;
alter publication supabase_realtime add table public.bench_changes;
"""
INSERT = "insert into public.bench_changes (sent, body) values ($1, repeat('x', 100))"
NOTIFYING = f"with row as ({INSERT} returning sent) select pg_notify('bench', sent::text) from row"
SUBSCRIBED = b"Subscribed to PostgreSQL"
BINDING = {"event": "INSERT", "schema": "public", "table": "bench_changes"}


async def write(dsn: str, rate: float, seconds: float, writers: int) -> None:
    """Inserts at a rate, shared by some connections."""

    async def one() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            await connection.prepare(INSERT)
            pace = Pace(rate / writers)
            for _ in range(int(rate * seconds / writers)):
                await pace.turn()
                await connection.execute(INSERT, now())
        finally:
            await connection.close()

    await asyncio.gather(*(one() for _ in range(writers)))


async def sparse(dsn: str, times: list[float], changes: int = 200, rate: float = 20) -> list[float]:
    """Single rows, with a NOTIFY each: when those came."""
    notified: list[float] = []
    writer, listener = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    try:

        def hear(*said: Any) -> None:
            notified.append((now() - int(said[-1])) / 1e9)

        await listener.add_listener("bench", hear)
        pace = Pace(rate)
        for _ in range(changes):
            await pace.turn()
            await writer.execute(NOTIFYING, now())
        await all_there(times, changes)
    finally:
        await writer.close()
        await listener.close()
    return notified


async def load(name: str, address: dict[str, Any], keys: Keys, subscribers: int, rate: float, writers: int, aim: str, seconds: float = 8) -> None:  # fmt: skip
    """Some subscribers, each somebody else, under a rate of rows."""
    times: list[float] = []
    sockets = [
        await join(
            address["api_url"], keys.anon_key, "bench", times.append, token=member(keys, number), ready=SUBSCRIBED,
            postgres_changes=[BINDING],
        )
        for number in range(subscribers)
    ]  # fmt: skip
    loop = asyncio.get_running_loop()
    started = loop.time()
    await write(address["db_url"], rate, seconds, writers)
    wrote_s = loop.time() - started
    expected = int(rate * seconds) * subscribers
    await all_there(times, expected)
    for socket in sockets:
        socket.close()
    print(f"{line(name, times, expected)}   ({aim}; written in {wrote_s:.1f} of {seconds:.0f} s)", flush=True)


def member(keys: Keys, number: int) -> str:
    """A member's token."""
    return keys.sign({"role": "authenticated", "sub": str(UUID(int=number + 1)), "exp": 4_000_000_000})


async def main() -> None:
    """Prints a line a load."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        async with embedded(data, "--migrations", folder) as stack:
            keys, address = Keys.load_or_create(DataFolder(data).keys), stack.address
            connection = await asyncpg.connect(address["db_url"])
            await connection.execute(TABLE)
            await connection.close()
            times: list[float] = []
            socket = await join(
                address["api_url"], keys.anon_key, "bench", times.append, token=member(keys, 0), ready=SUBSCRIBED,
                postgres_changes=[BINDING],
            )  # fmt: skip
            notified = await sparse(address["db_url"], times)
            socket.close()
            print(line("INSERT → bare LISTEN (NOTIFY)", notified, 200))
            print(
                f"{line('INSERT → one subscriber, 20/s', times, 200)}   (aims: 8 and 20 ms; official: 267 and 495 ms)"
            )
            ratio = statistics.median(times) / statistics.median(notified)
            print(
                f"ratio to NOTIFY: {ratio:.1f}; p95 {percentile(times, 95) / percentile(notified, 95):.1f}", flush=True
            )
            await load("one subscriber, 2,000/s", address, keys, 1, 2000, 8, "aim: p95 300 ms")
            await load("100 subscribers, 100/s", address, keys, 100, 100, 1, "aim: p95 140 ms; official: 141 ms")


if __name__ == "__main__":
    uvloop.run(main())
