"""A Supabase of its own, because workers take whatever waits."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from embedded.stack import Address, Stack
from tests.conftest import start
from tests.worker.studio import PROJECT, Studio
from worker.api import Api


@pytest.fixture(scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory, cheap_passwords: None) -> AsyncIterator[Address]:
    stack = Stack(tmp_path_factory.mktemp("worker"), migrations=PROJECT / "supabase", with_demo=True)
    yield await start(stack)
    await stack.stop()


@pytest.fixture
async def studio(stack: Address) -> AsyncIterator[Studio]:
    """An empty studio with four demo members."""
    async with (
        asyncpg.create_pool(stack.db_url, min_size=1, max_size=4) as database,
        Api.connect(stack.api_url, stack.secret_key) as api,
    ):
        await database.execute(
            "delete from public.generations; delete from public.generation_jobs; delete from private.media_trash"
        )
        await database.execute("update public.generation_queues set max_active = 1000, paused = false")
        rows = await database.fetch("select id from public.profiles where is_demo order by username")
        yield Studio(stack, database, api, [row["id"] for row in rows])
