"""Profiles as their members change them, and what is said of one's sign-ins."""

from __future__ import annotations

from uuid import uuid4

import asyncpg
import httpx

from embedded.stack import Address
from tests.supabase.people import Person, join, leave, refused


async def change(member: Person, **changes: object) -> httpx.Response:
    return await member.rest("PATCH", f"profiles?id=eq.{member.id}", changes, prefer="return=representation")


async def test_a_picture_of_oneself_lies_in_ones_own_folder(owner: Person, stranger: Person):
    for path in (
        f"{stranger.id}/me.webp",
        "me.webp",
        f"{owner.id}/../{stranger.id}/me.webp",
        f"{owner.id}/a/b.webp",
        "",
    ):
        refused(await change(owner, avatar_path=path), 400, "23514")
    (row,) = (await change(owner, avatar_path=f"{owner.id}/{uuid4()}.webp")).json()
    assert row["avatar_path"].startswith(owner.id)
    assert (await change(owner, avatar_path=None)).json()[0]["avatar_path"] is None


async def test_a_profile_does_not_change_all_the_time(third: Person, sql: asyncpg.Connection):
    await change(third, bio="once")
    left = "update private.allowances set remaining = $2, at = now() where member_id = $1 and act = 'profile'"
    await sql.execute(left, third.id, 0)
    refused(await change(third, bio="too often"), 429, "PT429")
    await sql.execute("update public.profiles set bio = 'not by them' where id = $1", third.id)
    await sql.execute(left, third.id, 1)
    assert (await change(third, bio="later")).json()[0]["bio"] == "later"


async def test_members_see_their_own_sign_ins(supabase: Address, service: Person, anon: Person):
    member, other = await join(supabase, "signs"), await join(supabase, "other")
    (only,) = await member.call("my_sign_ins")
    assert only["this"] is True
    assert only["agent"].startswith("python-httpx")
    ended = await member.http.post("/auth/v1/logout?scope=local")
    assert ended.status_code == 204
    assert await member.call("my_sign_ins") == []
    assert len(await other.call("my_sign_ins")) == 1
    refused(await anon.ask("my_sign_ins"), 401, "42501")
    for one in (member, other):
        await leave(one, service)
        await one.http.aclose()
