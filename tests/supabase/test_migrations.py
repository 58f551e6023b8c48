"""Migrations run on every Postgres that a Supabase project may have: here on 16, and with nothing newer than 15 knows."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from tests.supabase.people import AURORA
from tests.supabase.studio import result

SUPABASE = Path(__file__).parents[2] / "supabase"

# What came with Postgres 16, 17 and 18, as far as a migration may be tempted by it.
TOO_NEW = {
    16: r"\b(any_value|random_normal|pg_input_is_valid|pg_input_error_info|array_shuffle|array_sample|date_add|date_subtract|erf|erfc"
    r"|system_user|json_arrayagg|json_objectagg|json_array)\b|\bis\s+(not\s+)?json\b|\b0[xob][0-9a-f]|\b\d+_\d|\bstorage\s+(plain|main|external|extended)\b",
    17: r"\b(json_table|json_query|json_value|json_exists|json_scalar|json_serialize|to_bin|to_oct|uuid_extract_\w+|xmltext|merge_action|unicode_assigned)\b"
    r"|\brandom\s*\(\s*[^)\s]|\bwhen\s+not\s+matched\s+by\s+source\b|\bmaintain\b|\bat\s+local\b",
    18: r"\b(uuidv7|uuidv4|casefold|crc32|crc32c|array_sort|array_reverse|reverse\s*\(\s*\w+::bytea|json_strip_nulls)\b|\breturning\s+(old|new)\b"
    r"|\bwithout\s+overlaps\b|\bnot\s+enforced\b|\bvirtual\b",
}


def statements(file: Path) -> str:
    """The SQL without its comments."""
    return re.sub(r"--[^\n]*", "", file.read_text().lower())


@pytest.mark.parametrize("file", sorted(SUPABASE.rglob("*.sql")), ids=lambda file: file.name)
def test_nothing_is_newer_than_postgres_15(file: Path):
    script = re.sub(r"'[^']*'", "''", statements(file))
    found = {version: match.group() for version, words in TOO_NEW.items() if (match := re.search(words, script))}
    assert found == {}


@pytest.mark.parametrize("file", sorted(SUPABASE.rglob("*.sql")), ids=lambda file: file.name)
def test_the_platforms_schemas_only_get_policies_triggers_and_buckets(file: Path):
    ours = r"(?:create|alter) policy .+?;|create trigger .+?;|insert into storage\.buckets .+?;|references auth\.users|from auth\.sessions|join auth\.users|(?<!delete )from storage\.objects|on auth\.users|realtime\.send|realtime\.topic"
    functions = r"auth\.(uid|jwt)\(\)|storage\.(foldername|filename|extension)\("
    rest = re.sub(f"(?s){ours}|{functions}", "", statements(file))
    assert re.findall(r"\b(?:auth|storage|realtime)\.\w+", rest) == []
    assert "create extension" not in rest


@asynccontextmanager
async def acting(sql: asyncpg.Connection, role: str, member: str = "") -> AsyncIterator[None]:
    """A transaction with a role's rights and a member's claims, as REST runs its requests."""
    async with sql.transaction():
        await sql.execute(
            "select set_config('request.jwt.claims', $1, true)", json.dumps({"sub": member or None, "role": role})
        )
        await sql.execute(f"set local role {role}")
        yield


async def test_a_picture_from_sign_up_to_deletion_on_postgres_16(older: asyncpg.Connection):
    assert older.get_server_version().major == 16
    members = [str(uuid4()), str(uuid4())]
    for n, member in enumerate(members):
        await older.execute("insert into auth.users (id, email) values ($1, $2)", member, f"member{n}@starling.test")
    owner, stranger = members
    assert await older.fetchval("select username from public.profiles where id = $1", owner) == "member"
    models = len(re.findall(r"(?m)^\s+\('5d3c1e0a-", (SUPABASE / "seed.sql").read_text()))
    assert await older.fetchval("select count(*) from public.models") == models

    job, enqueue = (
        str(uuid4()),
        "select (public.enqueue_generation($1, 'image', 'a wren', $2, '{\"count\": 1}', $3)).status",
    )
    async with acting(older, "authenticated", owner):
        assert await older.fetchval(enqueue, job, AURORA, "private") == "waiting"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with acting(older, "anon"):
            await older.fetchval(enqueue, str(uuid4()), AURORA, "public")
    async with acting(older, "service_role"):
        assert await older.fetchval("select id::text from public.claim_generation_jobs('w1', 5)") == job
        report = [{"id": job, "attempt": 1, "progress": 50, "stage": "Drawing", "eta_s": 2, "preview_path": "p"}]
        assert await older.fetchval("select public.report_progress('w1', $1)::text", json.dumps(report)) == job
        done = json.dumps([result("a/0.webp", "a/p.webp")])
        assert await older.fetchval("select public.complete_generation('w1', $1, 1, $2)", job, done) is True
        assert await older.fetchval("select public.release_expired_leases()") == 0
    for member, seen in ((owner, 1), (stranger, 0)):
        async with acting(older, "authenticated", member):
            assert await older.fetchval("select count(*) from public.generations") == seen
            assert await older.fetchval("select count(*) from public.generation_jobs") == seen
    async with acting(older, "authenticated", owner):
        assert await older.execute("delete from public.generations") == "DELETE 1"
    async with acting(older, "service_role"):
        assert {row[0] for row in await older.fetch("select public.due_media_trash()")} == {"a/0.webp", "a/p.webp"}
    topics = await older.fetch(
        "select topic, count(*) from realtime.messages where payload ->> 'table' in ('generation_jobs', 'generations') group by topic"
    )
    assert dict(topics) == {f"member:{owner}": 6}  # queued, claimed, reported, completed; the picture made and deleted
