"""The official JavaScript client, unmodified, against the whole stack: js/run.mjs does it, here is what must come of it."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
import pytest

from tests.embedded.node import install

if TYPE_CHECKING:
    from embedded.stack import Address

pytestmark = pytest.mark.node

JS = Path(__file__).parent / "js"  # package.json pins the versions
COMMAND_S = 60
CLEAR = """
drop policy "js read" on realtime.messages;
drop policy "js write" on realtime.messages;
drop policy "js own folder" on storage.objects;
select set_config('storage.allow_delete_query', 'true', false);
delete from storage.objects where bucket_id = 'js';
delete from storage.buckets where id = 'js';
drop function public.js_add, public.js_lists_like, public.js_tell;
drop table public.js_items, public.js_lists;
"""

Run: TypeAlias = Callable[[str], Awaitable[dict[str, Any]]]


@pytest.fixture(scope="module")
async def run(supabase: Address) -> AsyncIterator[Run]:
    """Runs a part of run.mjs over the tables of tables.sql: what it found."""
    await install(JS)
    node = shutil.which("node")
    assert node is not None
    project = {"url": supabase.api_url, "key": supabase.publishable_key, "secret": supabase.secret_key}

    async def part(name: str) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            node,
            "run.mjs",
            name,
            json.dumps(project),
            cwd=JS,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(COMMAND_S):
            out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        return json.loads(out)

    connection = await asyncpg.connect(supabase.db_url)
    await connection.execute((JS / "tables.sql").read_text())
    yield part
    await connection.execute(CLEAR)
    await connection.close()


async def test_auth(run: Run):
    """Sign-up, password, refresh, update and sign-out; an account listed and deleted by the secret key."""
    assert await run("auth") == {
        "nick": "ann",
        "again": [422, "user_already_exists"],
        "weak": [422, "weak_password"],
        "wrong": [400, "invalid_credentials"],
        "rotated": True,
        "sub": True,
        "updated": "anna",
        "old": [400, "invalid_credentials"],
        "signedOut": None,
        "ended": [400, "refresh_token_not_found"],  # of the other session, for the sign-out was global
        "gone": [400, None],
        "anonymous": [422, "anonymous_provider_disabled"],
        "listed": True,
        "heard": True,
    }


async def test_rest(run: Run):
    """Insert, upsert, select, embeds, counts, calls and errors, under RLS."""
    assert await run("rest") == {
        "upserted": [{"name": "one"}, {"name": "two"}],
        "ignored": [],
        "bulk": [["a", True], ["b", True], ["c", True]],
        "count": 3,
        "page": [[{"body": "c"}, {"body": "b"}], 3, 206],
        "embedded": [{"name": "one", "js_items": [{"body": "b"}]}],
        "spread": [{"body": "a", "list": "one"}, {"body": "c", "list": "one"}],
        "updated": {"body": "z"},
        "none": None,
        "single": [406, "PGRST116"],
        "csv": "body\na\nb\nz",
        "sum": 11,
        "get": 3,
        "rows": [{"name": "two"}],
        "unique": [409, "23505"],
        "missing": [404, "PGRST205"],
        "hidden": [],
        "forged": [403, "42501"],
        "anonymous": [401, "42501"],
        "removed": [{"body": "a"}, {"body": "b"}],
    }


async def test_storage(run: Run):
    """Upload, download, signed URLs both ways, copy, move, list and remove; a folder of its owner alone."""
    assert await run("storage") == {
        "path": True,
        "twice": [400, "409"],
        "downloaded": ["hello!", "text/plain"],
        "signed": [200, "hello!"],
        "tampered": 400,
        "size": 6,
        "listed": [["sub", None], ["b.txt", 9], ["a.txt", 6]],
        "found": ["b.txt"],
        "hidden": [400, None],
        "forged": [400, "403"],
        "removed": 3,
        "gone": [400, None],
    }


async def test_realtime(run: Run):
    """Broadcasts of clients, HTTP and SQL, presence, private channels, Postgres Changes with a filter under RLS."""
    assert await run("realtime") == {
        "states": ["SUBSCRIBED"] * 4,
        "acked": "ok",
        "self": {"n": 1},
        "others": {"n": 1},
        "back": ["back", 0],
        "byHttp": [True, 3],
        "refused": 'CHANNEL_ERROR: "Unauthorized: You do not have permissions to read from this Channel topic: js:closed"',
        "tracked": "ok",
        "joined": ["dan", "calm"],
        "state": [["dan", 1]],
        "leaving": "dan",
        "ready": ["ok", "ok"],
        "seen": [["INSERT", "seen", False], ["UPDATE", "more", True], ["DELETE", None, True]],
        "mine": "mine",
        "word": "from SQL",
        "gone": "ok",
    }
