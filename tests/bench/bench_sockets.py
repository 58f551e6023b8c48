"""Client broadcasts, what open sockets cost, and how soon a second start is ready.

    python -m tests.bench.bench_sockets

The server runs as `make run` starts it; all clients share another process. Broadcasts are timed from before they are
written until they have been read: from one client to another, and from two hundred at once, fifty a second each, in a
hundred topics of two, so that ten thousand a second come in and as many go out; then from one client to two hundred in
one topic, fifty a second. Beside the first, in the same run, an echo of the same size from a bare websocket server.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import uvloop
import websockets

from tests.bench.report import line, percentile
from tests.bench.sockets import Pace, Socket, all_there, connect, join, now
from tests.embedded.processes import PROJECT, embedded

BROADCASTS = {"self": False, "ack": False}
TEXT = "x" * 100
BATCH = 50  # joins at once


def message(topic: str) -> list[Any]:
    """A broadcast as realtime-js sends it."""
    payload = {"type": "broadcast", "event": "bench", "payload": {"sent": now(), "text": TEXT}}
    return ["1", "2", f"realtime:{topic}", "broadcast", payload]


async def echo() -> None:
    """The bare server's process: prints its port and answers whatever it hears until it is ended."""

    async def answer(socket: websockets.ServerConnection) -> None:
        async for frame in socket:
            await socket.send(frame)

    async with websockets.serve(answer, "127.0.0.1", 0, compression=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await server.serve_forever()


@asynccontextmanager
async def bare_echo() -> AsyncIterator[str]:
    """The URL of a bare websocket server."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.bench_sockets", "--echo", stdout=PIPE
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(await process.stdout.readline())}/?"
    finally:
        process.kill()
        await process.wait()


async def echoed(changes: int, rate: float) -> list[float]:
    """There and back, without Realtime."""
    times: list[float] = []
    async with bare_echo() as url:
        socket = await connect(url, times.append)
        pace = Pace(rate)
        for _ in range(changes):
            await pace.turn()
            socket.send(message("bench"))
        await all_there(times, changes)
        socket.close()
    return times


async def room(address: dict[str, Any], topics: int, members: int, senders: int, rate: float, seconds: float) -> tuple[list[float], int, float]:  # fmt: skip
    """In each topic, some of its members send at a rate: when it came to the others, how much there was to come, and
    in how many seconds it was sent."""
    times: list[float] = []
    opening = [(f"bench {topic}", member) for topic in range(topics) for member in range(members)]
    sockets: list[tuple[str, int, Socket]] = []
    for start in range(0, len(opening), BATCH):
        some = opening[start : start + BATCH]
        joined = await asyncio.gather(
            *(
                join(address["api_url"], address["anon_key"], topic, times.append, broadcast=BROADCASTS)
                for topic, _ in some
            )
        )
        sockets += [(*one, socket) for one, socket in zip(some, joined, strict=True)]
    sending = [(topic, socket) for topic, member, socket in sockets if member < senders]
    pace, turns = Pace(rate * len(sending)), int(rate * seconds)
    started = asyncio.get_running_loop().time()
    for _ in range(turns):
        for topic, socket in sending:
            await pace.turn()
            socket.send(message(topic))
    sent_s = asyncio.get_running_loop().time() - started
    expected = turns * len(sending) * (members - 1)
    await all_there(times, expected)
    for _, _, socket in sockets:
        socket.close()
    return times, expected, sent_s


async def idle(address: dict[str, Any], pid: int, count: int = 1000) -> None:
    """Joined sockets that say nothing, and what the server's process holds with them."""
    process = psutil.Process(pid)
    before = process.memory_info().rss
    sockets: list[Socket] = []
    for start in range(0, count, BATCH):
        topics = [f"idle {number}" for number in range(start, start + BATCH)]
        sockets += await asyncio.gather(
            *(
                join(address["api_url"], address["anon_key"], topic, lambda _: None, broadcast=BROADCASTS)
                for topic in topics
            )
        )
    held = process.memory_info().rss
    for socket in sockets:
        socket.close()
    each = (held - before) / count / 1024
    print(
        f"{len(sockets):,} joined sockets: {held / 2**20:.0f} MB, {before / 2**20:.0f} MB before them, {each:.0f} kB each"
        f"   (aim: 150 MB; official: 332 MB, ratio {held / 2**20 / 332:.2f})",
        flush=True,
    )


async def main() -> None:
    """Prints a line a load."""
    with tempfile.TemporaryDirectory() as folder:
        data, project = Path(folder) / "data", str(PROJECT / "supabase")
        async with embedded(data, "--migrations", project) as stack:
            first = stack.ready_after_s
        async with embedded(data, "--migrations", project) as stack:
            ratio = stack.ready_after_s / first
            print(f"second start: ready after {stack.ready_after_s:.2f} s (aim: 3 s); ratio to the first: {ratio:.2f}")
            await idle(stack.address, stack.process.pid)
        async with embedded(data, "--migrations", project) as stack:
            plain = await echoed(200, 20)
            print(line("echo of a bare websocket server", plain, 200))
            times, expected, _ = await room(stack.address, 1, 2, 1, 20, 10)
            print(f"{line('client → client, 20/s', times, expected)}   (aim: median 1.5 ms)")
            print(
                f"ratio to the echo: {statistics.median(times) / statistics.median(plain):.1f};"
                f" p95 {percentile(times, 95) / percentile(plain, 95):.1f}",
                flush=True,
            )
            for name, topics, members, senders in (
                ("200 clients send 50/s each, in 100 topics", 100, 2, 2),
                ("1 client sends 50/s to 200", 1, 201, 1),
            ):
                times, expected, sent_s = await room(stack.address, topics, members, senders, 50, 8)
                print(f"{line(name, times, expected)}   (aim: p95 100 ms; sent in {sent_s:.1f} of 8 s)", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--echo", action="store_true", help=argparse.SUPPRESS)
    uvloop.run(echo() if parser.parse_args().echo else main())
