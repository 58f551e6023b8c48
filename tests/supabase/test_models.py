"""Trained models are their owner's to rename and to delete (migration 001050)."""

from __future__ import annotations

from uuid import uuid4

import asyncpg
import pytest

from embedded.stack import Address
from tests.supabase.people import AURORA, Person, join, leave
from tests.supabase.studio import MODEL

PICTURE = """
insert into public.generations (owner_id, kind, prompt, model_id, seed, media_path, poster_path, media_type, bytes, width, height, colour)
values ($1, 'image', 'a wren', $2::uuid, 1, gen_random_uuid()::text, gen_random_uuid()::text, 'image/webp', 1, 64, 64, '#102030')
returning id::text
"""


async def model(sql: asyncpg.Connection, owner: Person, visibility: str = "public") -> str:
    return str(await sql.fetchval(MODEL, f"own-{uuid4().hex[:8]}", owner.id, visibility))


async def change(person: Person, id: str, **values: object) -> list[dict[str, object]]:
    answer = await person.rest("PATCH", f"models?id=eq.{id}", values, prefer="return=representation")
    return answer.json() if answer.is_success else []


async def delete(person: Person, id: str) -> bool:
    answer = await person.rest("DELETE", f"models?id=eq.{id}", prefer="return=representation")
    return answer.is_success and bool(answer.json())


async def test_only_its_owner_renames_and_deletes_a_model(
    owner: Person, stranger: Person, anon: Person, sql: asyncpg.Connection
):
    id = await model(sql, owner)
    for somebody in (stranger, anon):
        assert not await change(somebody, id, name="Mine")
        assert not await delete(somebody, id)
    assert not await change(owner, AURORA, name="Mine")
    assert not await delete(owner, AURORA)
    for more in ({"cost": 0}, {"owner_id": stranger.id}, {"style": {}}, {"name": ""}, {"name": "x" * 61}):
        assert not await change(owner, id, **more)
    (row,) = await change(owner, id, name="Ash")
    assert row["name"] == "Ash"
    assert await delete(owner, id)
    assert not await owner.rows(f"models?id=eq.{id}")


async def test_what_was_made_with_it_keeps_its_name(owner: Person, sql: asyncpg.Connection):
    id = await model(sql, owner)
    picture = await sql.fetchval(PICTURE, owner.id, id)
    assert await delete(owner, id)
    row = await sql.fetchrow("select model_id, model_name from public.generations where id = $1::uuid", picture)
    assert row is not None
    assert tuple(row) == (None, "Of my own")


async def test_what_waits_for_it_is_not_made_and_its_credits_are_given_back(
    owner: Person, stranger: Person, sql: asyncpg.Connection
):
    id = await model(sql, owner)
    held = "select balance from public.credit_accounts where id = $1"
    before = await sql.fetchval(held, stranger.id)
    job = await stranger.enqueue(model_id=id)
    assert await sql.fetchval(held, stranger.id) == before - job["cost"] < before
    assert await delete(owner, id)
    row = await sql.fetchrow("select status, error from public.generation_jobs where id = $1", job["id"])
    assert row is not None
    assert tuple(row) == ("failed", "The model “Of my own” was deleted")
    assert await sql.fetchval(held, stranger.id) == before


@pytest.mark.parametrize("visibility", ["public", "private"])
async def test_models_go_with_their_member(
    supabase: Address, service: Person, sql: asyncpg.Connection, visibility: str
):
    member = await join(supabase, "trainer")
    id = await model(sql, member, visibility)
    await sql.fetchval(PICTURE, member.id, id)
    await member.enqueue(model_id=id)
    await leave(member, service)
    assert await sql.fetchval("select count(*) from public.models where id = $1::uuid", id) == 0
