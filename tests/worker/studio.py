"""The stack as tests of the worker see it: queue jobs as members, run workers, wait for what happens."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import uuid
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from embedded.stack import Address
from worker.api import Api

PROJECT = Path(__file__).parents[2]
AURORA = "5d3c1e0a-0001-4000-8000-000000000001"
READY_S = 90.0


@dataclass
class Studio:
    """The stack as tests see it: the database as its owner, the API as the worker."""

    address: Address
    database: asyncpg.Pool
    api: Api
    members: list[uuid.UUID]

    async def enqueue(
        self, member: int, count: int = 1, *, kind: str = "image", model: str = AURORA, pictures: int = 1, **params: Any
    ) -> list[str]:
        """Queues small, quick jobs as a member would; their ids in order."""
        wished = {"width": 256, "height": 256, "steps": 4, "seed": 1, "duration": 1, "count": pictures, **params}
        ids = [str(uuid.uuid4()) for _ in range(count)]
        for job in ids:
            await self.as_member(
                member,
                "select public.enqueue_generation($1::uuid, $2, 'a moon over the sea', $3::uuid, $4::jsonb)",
                job, kind, model, json.dumps(wished),
            )  # fmt: skip
        return ids

    async def as_member(self, member: int, query: str, *arguments: Any) -> Any:
        async with self.database.acquire() as connection, connection.transaction():
            claims = json.dumps({"sub": str(self.members[member]), "role": "authenticated"})
            await connection.execute("select set_config('request.jwt.claims', $1, true)", claims)
            return await connection.fetchval(query, *arguments)

    async def job(self, job: str) -> dict[str, Any]:
        row = await self.database.fetchrow("select * from public.generation_jobs where id = $1::uuid", job)
        assert row is not None
        return dict(row)

    async def count(self, query: str, *arguments: Any) -> int:
        return await self.database.fetchval(f"select count(*) from {query}", *arguments)

    async def until(self, condition: Callable[[], Awaitable[Any]], seconds: float = 100.0) -> Any:
        """Waits until `condition` gives something true, and returns that."""
        async with asyncio.timeout(seconds):
            while not (found := await condition()):  # noqa: ASYNC110 (nothing tells)
                await asyncio.sleep(0.03)
        return found

    async def until_status(self, job: str, *statuses: str, seconds: float = 100.0) -> dict[str, Any]:
        async def reached() -> dict[str, Any] | None:
            row = await self.job(job)
            return row if row["status"] in statuses else None

        return await self.until(reached, seconds)

    async def files(self, folder: str) -> list[str]:
        rows = await self.database.fetch(
            "select name from storage.objects where bucket_id = 'media' and name like $1 || '%'", folder
        )
        return sorted(row["name"] for row in rows)

    @asynccontextmanager
    async def worker(self, *options: str, **settings: str) -> AsyncIterator[Process]:
        """`python -m worker`, ready; ended with the block. No pace, no failures, no crowd, no market unless `settings` say otherwise."""
        told = {"STARLING_RENDER_SECONDS": "0", "STARLING_FAILURE_RATE": "0", "PROGRESS_INTERVAL_S": "0.05"}
        told |= {"STARLING_CROWD_S": "0", "PRICE_FEED": "off"} | settings
        told = {"SUPABASE_URL": self.address.api_url, "SUPABASE_SECRET_KEY": self.address.secret_key} | told
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "worker", "--watch-stdin", "--json", *options,
            cwd=PROJECT, env=os.environ | told, stdin=PIPE, stdout=PIPE,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            line = await asyncio.wait_for(process.stdout.readline(), READY_S)
            assert "worker" in json.loads(line)
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                try:
                    await asyncio.wait_for(process.wait(), 60)
                except TimeoutError:
                    process.kill()
                    await process.wait()
