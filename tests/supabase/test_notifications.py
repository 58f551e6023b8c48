"""What members are told of: by the database alone, once for what is one thing, and not if they do not want to know."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from embedded.stack import Address
from tests.supabase.people import Person, refused
from tests.supabase.queue import Queue

NOTIFY = "select private.notify($1, $2, $3, $4, $5, $6)"


async def tell(sql: asyncpg.Connection, member: Person, kind: str = "like", **said: Any) -> None:
    """Tells a member, as an area of the database does."""
    await sql.execute(
        NOTIFY, member.id, kind, said.get("title", "a wren"), said.get("path", "/feed"),
        said.get("actor"), said.get("subject"),
    )  # fmt: skip


async def told(member: Person, subject: object) -> list[dict[str, Any]]:
    return await member.rows(f"notifications?subject_id=eq.{subject}&order=happened_at")


async def test_only_the_member_sees_what_they_are_told(
    sql: asyncpg.Connection, owner: Person, stranger: Person, anon: Person
):
    subject = uuid4()
    await tell(sql, owner, subject=subject, actor=stranger.id)
    (row,) = await told(owner, subject)
    assert (row["actor_ids"], row["times"], row["read_at"]) == ([stranger.id], 1, None)
    assert await told(stranger, subject) == []
    refused(await anon.rest("GET", "notifications"), 401, "42501")
    assert await stranger.call("read_notifications", ids=[row["id"]]) == []
    assert await told(owner, subject) == [row]


async def test_what_many_do_to_one_thing_is_one_notification(
    supabase: Address, sql: asyncpg.Connection, owner: Person, stranger: Person, third: Person
):
    """All at once, too: whoever comes second waits for the first, and joins it."""
    subject = uuid4()
    callers = [await asyncpg.connect(supabase.db_url) for _ in range(8)]
    actors = [stranger.id, third.id] * 4
    await asyncio.gather(
        *(
            tell(caller, owner, subject=subject, actor=actor, title=f"wren {n}")
            for n, (caller, actor) in enumerate(zip(callers, actors, strict=True))
        )
    )
    for caller in callers:
        await caller.close()
    (row,) = await told(owner, subject)
    assert row["times"] == 8
    assert sorted(row["actor_ids"]) == sorted([stranger.id, third.id])
    # Once it is read the next one is another.
    for _ in range(2):  # asked again when the answer was lost, it gives the same
        (read,) = await owner.call("read_notifications", ids=[row["id"]])
        assert read["read_at"] is not None
    await tell(sql, owner, subject=subject, actor=third.id)
    assert [(r["times"], r["read_at"] is None) for r in await told(owner, subject)] == [(8, False), (1, True)]


async def test_the_last_who_did_it_comes_first(sql: asyncpg.Connection, owner: Person, stranger: Person, third: Person):
    subject = uuid4()
    for actor in (stranger, third, stranger):
        await tell(sql, owner, subject=subject, actor=actor.id)
    (row,) = await told(owner, subject)
    assert row["actor_ids"] == [stranger.id, third.id]


async def test_nobody_is_told_what_they_did_or_do_not_want_to_know(sql: asyncpg.Connection, third: Person):
    subject = uuid4()
    await tell(sql, third, subject=subject, actor=third.id)
    await third.call("prefer_notification", kind="comment", in_app=False, browser=True)
    await tell(sql, third, "comment", subject=subject)
    await sql.execute(NOTIFY, None, "like", "a wren", "/feed", None, subject)
    await sql.execute(NOTIFY, uuid4(), "like", "a wren", "/feed", None, subject)  # somebody who has left
    assert await told(third, subject) == []
    await third.call("prefer_notification", kind="comment", in_app=True, browser=False)
    assert len(await third.rows("notification_preferences")) == 1
    await tell(sql, third, "comment", subject=subject)
    assert [row["browser"] for row in await told(third, subject)] == [False]


async def test_all_are_read_at_once(sql: asyncpg.Connection, third: Person):
    for _ in range(3):
        await tell(sql, third)
    assert len(await third.call("read_notifications")) == 3
    assert await third.call("read_notifications") == []
    assert await third.rows("notifications?read_at=is.null") == []


@pytest.mark.parametrize(
    "path", ["https://elsewhere.test", "//elsewhere.test", "/\\elsewhere.test", "javascript:1", ""]
)
async def test_a_notification_leads_nowhere_else(sql: asyncpg.Connection, owner: Person, path: str):
    with pytest.raises(asyncpg.CheckViolationError):
        await tell(sql, owner, path=path)


async def test_long_texts_are_cut(sql: asyncpg.Connection, owner: Person):
    subject = uuid4()
    await tell(sql, owner, subject=subject, title="x" * 500)
    assert len((await told(owner, subject))[0]["title"]) == 200


async def test_jobs_tell_how_they_ended_and_a_batch_tells_once(queue: Queue, sql: asyncpg.Connection, owner: Person):
    single = await owner.enqueue(prompt="a single wren")
    pair = [await owner.enqueue(prompt=f"wren {n}") for n in range(2)]
    batch = uuid4()
    await sql.execute(
        "update public.generation_jobs set batch = $1 where id = any ($2::uuid[])", batch, [job["id"] for job in pair]
    )
    for job in await queue.claim(3):
        await queue.complete(job)
    (row,) = await told(owner, single["id"])
    (picture,) = await queue.generations(single)
    assert (row["kind"], row["title"], row["actor_ids"]) == ("generation_finished", "a single wren", [])
    assert row["path"] == f"/studio?picture={picture['id']}"
    (row,) = await told(owner, batch)
    assert row["times"] == 2

    unlucky = await owner.enqueue(prompt="no wren")
    (job,) = await queue.claim()
    await queue.fail(job, "out of memory", final=True)
    (row,) = await told(owner, unlucky["id"])
    assert (row["kind"], row["body"], row["path"]) == ("generation_failed", "out of memory", "/studio")
    cancelled = await owner.enqueue()
    await owner.call("cancel_generation", job_id=cancelled["id"])
    assert await told(owner, cancelled["id"]) == []


async def test_old_ones_are_pruned(sql: asyncpg.Connection, service: Person, third: Person):
    kept, read, over = uuid4(), uuid4(), uuid4()
    for subject in (over, read, kept):
        await tell(sql, third, subject=subject)
    await third.call("read_notifications", ids=[(await told(third, read))[0]["id"]])
    later = "update public.notifications set {} where subject_id = $1"
    await sql.execute(later.format("read_at = now() - interval '31 days'"), read)
    await sql.execute(later.format("happened_at = now() - interval '2 days'"), over)
    assert await service.call("prune_notifications", most=10_000) == 1
    assert [len(await told(third, subject)) for subject in (kept, read, over)] == [1, 0, 1]
    await sql.execute("delete from public.notifications where owner_id <> $1", third.id)
    assert await service.call("prune_notifications", most=1) == 1
    assert [len(await told(third, subject)) for subject in (kept, over)] == [1, 0]


async def test_there_is_no_preference_for_what_does_not_exist(owner: Person, anon: Person):
    refused(await owner.ask("prefer_notification", kind="nonsense", in_app=True, browser=True), 409, "23503")
    refused(await anon.ask("prefer_notification", kind="like", in_app=True, browser=True), 401, "42501")
