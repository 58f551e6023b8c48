"""Last seen: written by oneself alone, read by members alone, and silent about those who hide."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from tests.supabase.people import Person, join, leave, refused

ONE, OTHER = "process one", "process two"


async def touch(member: Person, status: str, **said: Any) -> str | None:
    """Says it as the app does; the choice that counts."""
    (answer,) = await member.call("touch_presence", status=status, **said)
    return answer["chosen"]


async def seen(viewer: Person, member: Person) -> dict[str, Any]:
    (row,) = await viewer.rows(f"user_presence?id=eq.{member.id}")
    return row


async def age(sql: asyncpg.Connection, member: Person, seconds: int) -> None:
    """As if nothing had been heard for so long."""
    await sql.execute(
        "update public.user_presence set last_seen = last_seen - make_interval(secs => $2) where id = $1::uuid",
        member.id, float(seconds),
    )  # fmt: skip


async def test_members_see_when_others_were_here_and_guests_do_not(anon: Person, owner: Person, third: Person):
    await touch(third, "online", metadata={"page": "/studio"}, session=ONE)
    row = await seen(owner, third)
    assert (row["status"], row["metadata"], row["session"]) == ("online", {"page": "/studio"}, ONE)
    refused(await anon.rest("GET", f"user_presence?id=eq.{third.id}"), 401, "42501")
    refused(await anon.rest("GET", f"profiles?id=eq.{third.id}&select=id,user_presence(*)"), 401, "42501")


async def test_nobody_speaks_for_another(owner: Person, stranger: Person, third: Person):
    await touch(third, "away")
    before = await seen(owner, third)
    for method, path, body in (
        ("PATCH", f"user_presence?id=eq.{third.id}", {"status": "offline"}),
        ("POST", "user_presence", {"id": third.id, "status": "offline"}),
        ("DELETE", f"user_presence?id=eq.{third.id}", None),
    ):
        refused(await stranger.rest(method, path, body), 403, "42501")
        refused(await third.rest(method, path, body), 403, "42501")
    refused(await stranger.ask("expire_presence", stale_s=0), 403, "42501")
    await touch(stranger, "offline")
    assert await seen(owner, third) == before


@pytest.mark.parametrize(
    "said",
    [
        {"status": "busy"},
        {"status": "online", "by_hand": "busy"},
        {"status": "online", "metadata": {"note": "x" * 1024}},
        {"status": "online", "metadata": ["page"]},
        {"status": "online", "session": "x" * 61},
    ],
)
async def test_what_is_said_is_bounded(owner: Person, said: dict[str, Any]):
    refused(await owner.ask("touch_presence", **said), 400, "23514")


async def test_what_was_chosen_is_kept_and_nobody_reads_it(owner: Person, third: Person, sql: asyncpg.Connection):
    assert await touch(third, "online", by_hand="away") == "away"
    assert await touch(third, "away") == "away", "said without a choice, it leaves what was chosen"
    assert "by_hand" not in await seen(owner, third)
    assert await touch(third, "online", by_hand="automatic") is None
    assert await touch(third, "online") is None


async def test_who_appears_offline_was_last_seen_when_they_chose_to(owner: Person, third: Person):
    await touch(third, "online", metadata={"page": "/studio"}, session=ONE)
    await touch(third, "online", by_hand="offline", session=ONE)
    hidden = await seen(owner, third)
    assert (hidden["status"], hidden["metadata"]) == ("offline", {})
    for status in ("online", "away", "offline"):
        assert await touch(third, status, metadata={"page": "/studio"}, session=OTHER) == "offline"
    assert await seen(owner, third) == hidden, "not even updated_at or version say that they are here"
    await touch(third, "online", by_hand="automatic", session=ONE)
    assert (await seen(owner, third))["last_seen"] > hidden["last_seen"]


async def test_one_session_that_ends_does_not_end_another(owner: Person, third: Person, sql: asyncpg.Connection):
    await touch(third, "online", session=ONE)
    await touch(third, "offline", session=OTHER)
    assert (await seen(owner, third))["status"] == "online"
    await touch(third, "offline", session=ONE)
    assert (await seen(owner, third))["status"] == "offline"
    await touch(third, "online", session=ONE)
    await age(sql, third, 121)
    await touch(third, "offline", session=OTHER)
    assert (await seen(owner, third))["status"] == "offline", "it was not heard of for too long"


async def test_who_is_not_heard_of_is_offline_and_was_seen_when_they_were(
    owner: Person, third: Person, service: Person, sql: asyncpg.Connection
):
    await touch(third, "online")
    await service.call("expire_presence")
    assert (await seen(owner, third))["status"] == "online"
    await age(sql, third, 121)
    last = (await seen(owner, third))["last_seen"]
    assert await service.call("expire_presence") >= 1
    row = await seen(owner, third)
    assert (row["status"], row["last_seen"]) == ("offline", last)


async def test_a_closed_account_was_never_here(supabase: Any, service: Person, sql: asyncpg.Connection):
    leaver = await join(supabase, "leaver")
    await touch(leaver, "online", by_hand="offline")
    await leave(leaver, service)
    for table in ("public.user_presence", "private.presence_choices"):
        assert not await sql.fetchval(f"select exists (select from {table} where id = $1::uuid)", leaver.id)
    refused(await leaver.ask("touch_presence", status="online"), 409, "23503")
    await leaver.http.aclose()
