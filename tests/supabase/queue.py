"""The queue as a worker and the database's owner see it."""

from __future__ import annotations

from typing import Any

import asyncpg

from tests.supabase.people import AURORA, Person
from tests.supabase.studio import result

INSERT = """
insert into public.generation_jobs (owner_id, kind, prompt, model_id, params, priority, visibility)
select $1, 'image', format('wren %s', n), $2, '{"width": 512, "height": 512, "count": 1, "steps": 8, "seed": 1, "duration": 4}', $4, $5
from generate_series(1, $3::int) n
"""


class Queue:
    """What workers ask of it, and what is written down about its jobs."""

    def __init__(self, service: Person, sql: asyncpg.Connection) -> None:
        self.service = service
        self.sql = sql

    async def fill(self, member: Person, n: int, *, priority: int = 0, visibility: str = "public") -> None:
        """Queues n jobs at once, of which any number may be at work."""
        await self.sql.execute("update public.generation_queues set max_active = 1000 where id = $1", member.id)
        await self.sql.execute(INSERT, member.id, AURORA, n, priority, visibility)

    async def claim(self, n: int = 1, worker: str = "w1", lease_s: int = 30) -> list[dict[str, Any]]:
        return await self.service.call("claim_generation_jobs", worker=worker, n=n, lease_s=lease_s)

    async def report(self, job: dict[str, Any], progress: int, worker: str = "w1", **more: Any) -> list[str]:
        entry = {
            "id": job["id"],
            "attempt": job["attempt"],
            "progress": progress,
            "stage": "Drawing",
            "eta_s": 5,
            **more,
        }
        return await self.service.call("report_progress", worker=worker, reports=[entry])

    async def complete(self, job: dict[str, Any], worker: str = "w1", results: list[Any] | None = None) -> bool:
        folder = f"{job['owner_id']}/{job['id']}/{job['attempt']}"
        done = [result(f"{folder}/0.webp", f"{folder}/0.poster.webp")] if results is None else results
        return await self.service.call(
            "complete_generation", worker=worker, job_id=job["id"], attempt=job["attempt"], results=done
        )

    async def fail(self, job: dict[str, Any], error: str = "Out of paint", worker: str = "w1", **more: Any) -> bool:
        return await self.service.call(
            "fail_generation", worker=worker, job_id=job["id"], attempt=job["attempt"], error=error, **more
        )

    async def row(self, job: dict[str, Any]) -> dict[str, Any]:
        (row,) = await self.service.rows(f"generation_jobs?id=eq.{job['id']}")
        return row

    async def generations(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        return await self.service.rows(f"generations?job_id=eq.{job['id']}&order=ordinal")

    async def expire_leases(self) -> int:
        """Lets all leases run out, and rescues their jobs."""
        await self.sql.execute("update private.job_leases set expires_at = now() - interval '1 second'")
        return await self.service.call("release_expired_leases")

    async def trash(self, job: dict[str, Any]) -> dict[str, bool]:
        """The job's paths in the trash, and whether they are to be removed already."""
        rows = await self.sql.fetch(
            "select path, due_at <= now() as due from private.media_trash where path like '%' || $1 || '%'", job["id"]
        )
        return {row["path"].partition(f"{job['id']}/")[2]: row["due"] for row in rows}

    async def leases(self, job: dict[str, Any]) -> int:
        return len(await self.sql.fetch("select 1 from private.job_leases where job_id = $1", job["id"]))
