"""From commit to client: how long a message sent by the database takes to reach every socket of a topic.

    python -m tests.bench.bench_realtime [--sockets 300] [--messages 200] [--rate 20]

Server, clients and Postgres share this machine, as on a laptop; the clients run in a process of their own. Three
numbers per message: until the first socket has it, the middle one, the last one. Beside them, in the same
transactions, a NOTIFY to one bare LISTEN: the least that any way out of this Postgres takes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import cast

import asyncpg
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.routing import Mount

from embedded.bootstrap import bootstrap, requests_dsn
from embedded.database import Database
from embedded.keys import Keys
from embedded.ports import free_port
from embedded.postgres import Postgres
from embedded.realtime import Realtime, WebSocketProtocol

SEND = "select realtime.send(jsonb_build_object('n', $1::int, 'text', repeat('x', 300)), 'change', 'bench', false)"


class Listener(asyncio.Protocol):
    """A websocket client that only notes when bytes arrive: a real client's parsing is not what is measured."""

    def __init__(self, path: str, joined: asyncio.Semaphore, arrived: asyncio.Queue[None]) -> None:
        self._path = path
        self._joined = joined
        self._arrived = arrived
        self._heard = 0  # the handshake's answer, then the join's
        self._rest = b""  # of a frame (126 to 65,535 bytes: two bytes tell its size)
        self.times: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(
            f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self._heard += 1
        if self._heard == 1:
            assert b" 101 " in data, data
            join = b'["1","1","realtime:bench","phx_join",{"config":{}}]'
            self._transport.write(bytes((0x81, 0x80 | len(join), 0, 0, 0, 0)) + join)  # masked with zeros
        elif self._heard == 2:
            self._joined.release()
        else:
            at, self._rest = time.perf_counter(), self._rest + data
            while len(self._rest) >= 4 and len(self._rest) >= (size := 4 + int.from_bytes(self._rest[2:4], "big")):
                self._rest = self._rest[size:]
                self.times.append(at)
                self._arrived.put_nowait(None)


async def listen(path: str, port: int, dsn: str, sockets: int, messages: int, rate: float) -> None:
    """The clients' process: joins, lets the database send, prints what it measured."""
    joined, arrived = asyncio.Semaphore(0), asyncio.Queue[None]()
    loop = asyncio.get_running_loop()
    listeners = [Listener(path, joined, arrived) for _ in range(sockets)]
    for listener in listeners:
        await loop.create_connection(lambda listener=listener: listener, "127.0.0.1", port)
        await asyncio.wait_for(joined.acquire(), 10)
    connection, bare = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    notified: list[float] = []
    await bare.add_listener("bench", lambda *_: notified.append(time.perf_counter()))
    committed: list[float] = []
    for n in range(messages):
        async with connection.transaction():
            await connection.execute(SEND, n)
            await connection.execute("select pg_notify('bench', '')")
            committed.append(time.perf_counter())  # the commit is the next thing that the connection says
        await asyncio.sleep(1 / rate)
    for _ in range(sockets * messages):
        await asyncio.wait_for(arrived.get(), 10)
    await connection.close()
    await bare.close()
    bare_times = sorted((at - start) * 1000 for at, start in zip(notified, committed, strict=True))
    least, late = statistics.median(bare_times), bare_times[int(len(bare_times) * 0.95)]
    print(f"   NOTIFY to one LISTEN: median {least:6.2f} ms, p95 {late:6.2f} ms")
    arrivals = list(zip(*(listener.times for listener in listeners), strict=True))
    for name, pick in (("first", min), ("middle", statistics.median), ("last", max)):
        times = sorted((pick(at) - start) * 1000 for at, start in zip(arrivals, committed, strict=True))
        print(
            f"{name:>7} socket: median {statistics.median(times):6.2f} ms, p95 {times[int(len(times) * 0.95)]:6.2f} ms"
            f"   ratio to NOTIFY {statistics.median(times) / least:.1f}"
        )


async def until_started(server: uvicorn.Server) -> None:
    """uvicorn has no event for it."""
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def main(sockets: int, messages: int, rate: float) -> None:
    """The server's process."""
    with tempfile.TemporaryDirectory() as folder:
        keys = Keys.create()
        postgres = Postgres(Path(folder), admin_password=keys.admin_password)
        await postgres.start()
        try:
            await bootstrap(postgres, keys)
            database = await Database.connect(requests_dsn(postgres, keys), postgres.dsn())
            realtime = Realtime(database, keys, postgres.dsn())
            await realtime.start()
            port = free_port()
            app = Starlette(routes=[Mount("/realtime/v1", routes=realtime.routes)])
            config = uvicorn.Config(
                app,
                port=port,
                log_level="warning",
                lifespan="off",
                ws=WebSocketProtocol,
                ws_per_message_deflate=False,
                ws_ping_interval=None,
            )
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve())
            await until_started(server)
            path = f"/realtime/v1/websocket?vsn=2.0.0&apikey={keys.anon_key}"
            clients = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.bench.bench_realtime", "--listen", path, "--port", str(port), "--dsn", postgres.dsn(),
                "--sockets", str(sockets), "--messages", str(messages), "--rate", str(rate),
            )  # fmt: skip
            cpu = time.process_time()
            try:
                await clients.wait()
                cpu = time.process_time() - cpu
                print(f" server's CPU: {cpu / (sockets * messages) * 1e6:.1f} µs a frame, joins and idling included")
            finally:
                with contextlib.suppress(ProcessLookupError):
                    clients.kill()
            await realtime.stop()
            server.should_exit = True
            await serving
            await database.close()
        finally:
            await postgres.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sockets", type=int, default=300)
    parser.add_argument("--messages", type=int, default=200)
    parser.add_argument("--rate", type=float, default=20, help="messages a second")
    parser.add_argument("--listen", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--dsn", help=argparse.SUPPRESS)
    given = parser.parse_args()
    numbers = (given.sockets, given.messages, given.rate)
    uvloop.run(listen(given.listen, given.port, given.dsn, *numbers) if given.listen else main(*numbers))
