"""What everybody asks all the time stays cheap as tables grow: policies and queries find their rows by an index."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from embedded.stack import Address
from tests.supabase.people import AURORA, Person

MANY = """
insert into public.generations (owner_id, kind, prompt, seed, media_path, poster_path, media_type, bytes, width, height, colour, visibility)
select $1, 'image', 'a wren', 1, format('many/%s.webp', n), format('many/%s.poster.webp', n), 'image/webp', 1, 64, 64, '#000000',
       case when n % 50 = 0 then 'public' else 'private' end
from generate_series(1, 4000) n
"""
MANY_JOBS = """
insert into public.generation_jobs (owner_id, kind, prompt, model_id, params, preview_path, status, visibility)
select $1, 'image', 'a wren', $2, '{"width": 512, "height": 512, "count": 1, "steps": 8, "seed": 1, "duration": 4}',
       format('many/previews/%s.webp', n), 'completed', case when n % 50 = 0 then 'public' else 'private' end
from generate_series(1, 4000) n
"""
FILE = "insert into storage.objects (bucket_id, name) select 'media', format('many/%s.webp', n) from generate_series(1, 2000) n"


@pytest.fixture(scope="module")
async def crowded(supabase: Address, owner: Person) -> AsyncIterator[asyncpg.Connection]:
    """Thousands of rows that are never committed."""
    connection = await asyncpg.connect(supabase.db_url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(MANY, owner.id)
    await connection.execute(MANY_JOBS, owner.id, AURORA)
    await connection.execute(FILE)
    await connection.execute("analyze public.generations, public.generation_jobs")
    yield connection
    await transaction.rollback()
    await connection.close()


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """All steps of a plan."""
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]


async def steps(connection: asyncpg.Connection, member: Person, query: str) -> list[dict[str, Any]]:
    """The steps by which a member's query runs."""
    role = "authenticated" if member.id else "anon"
    claims = json.dumps({"role": role, "sub": member.id or None})
    async with connection.transaction():
        await connection.execute("select set_config('request.jwt.claims', $1, true)", claims)
        await connection.execute(f"set local role {role}")
        plan = await connection.fetchval(f"explain (format json) {query}")
        await connection.execute("reset role")
    return nodes(json.loads(str(plan))[0]["Plan"])


@pytest.mark.parametrize("who", ["anon", "stranger", "owner"])
@pytest.mark.parametrize(
    "query",
    [
        "select name from storage.objects where bucket_id = 'media' and name = 'many/7.webp'",
        "select name from storage.objects where bucket_id = 'media' and name = any ('{many/7.webp,many/8.webp,many/100.poster.webp}')",
        "select * from public.generations where visibility = 'public' order by created_at desc, id limit 60",
        "select * from public.generations where owner_id = '{owner}' order by created_at desc, id limit 60",
        "select * from public.generation_jobs where visibility = 'public' and status in ('waiting', 'active') order by created_at limit 60",
        "select * from public.generation_jobs where owner_id = '{owner}' order by created_at desc limit 60",
        "select * from public.generation_jobs where id = '5d3c1e0a-0001-4000-8000-000000000001'",
        "select * from public.generations where media_path = 'many/7.webp'",
    ],
)
async def test_no_query_of_a_page_reads_a_table_through(
    crowded: asyncpg.Connection, people: dict[str, Person], owner: Person, query: str, who: str
):
    asked = query.replace("{owner}", owner.id)
    through = [
        step["Relation Name"]
        for step in await steps(crowded, people[who], asked)
        if step["Node Type"] == "Seq Scan" and step["Relation Name"] in ("generations", "generation_jobs")
    ]
    assert through == []


@pytest.mark.parametrize(
    ("who", "index", "of"),
    [
        ("anon", "generations_public", "visibility = 'public'"),
        ("anon", "generations_public", "visibility = 'public' and kind = 'video'"),
        ("owner", "generations_public", "visibility = 'public' and kind = 'image'"),
        ("owner", "generations_owner", "owner_id = '{owner}' and visibility = 'private' and kind = 'image'"),
        ("owner", "generations_owner", "owner_id = '{owner}' and favourite is true"),
    ],
)
async def test_a_count_reads_an_index_and_no_row(
    crowded: asyncpg.Connection, people: dict[str, Person], owner: Person, who: str, index: str, of: str
):
    """A hundred thousand are counted in some 10 ms, where autovacuum has passed; what the policy asks is in the index too."""
    behind = "(created_at < now() or (created_at = now() and id > '5d3c1e0a-0001-4000-8000-000000000001'))"
    asked = f"select count(*) from public.generations where {of.replace('{owner}', owner.id)} and {behind}"
    await crowded.execute("set local enable_seqscan = off; set local enable_bitmapscan = off")
    taken = [(step["Node Type"], step.get("Index Name")) for step in await steps(crowded, people[who], asked)]
    await crowded.execute("set local enable_seqscan = on; set local enable_bitmapscan = on")
    assert ("Index Only Scan", index) in taken
