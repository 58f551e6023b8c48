"""Files of chats: for participants only, written by their author only, of the kinds and sizes that are let in, and gone
with what they belong to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from tests.supabase.chats import Chat, make_chat
from tests.supabase.people import Person

PIXEL = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
async def chat(owner: Person, stranger: Person, sql: asyncpg.Connection) -> AsyncIterator[Chat]:
    """Of the owner, with the stranger in it."""
    made = await make_chat(owner, sql, stranger)
    yield made
    await sql.execute("delete from public.chat_sessions where id = $1", made.id)


async def put(somebody: Person, path: str, content: bytes = PIXEL, type: str = "image/png") -> int:
    answer = await somebody.http.post(
        f"/storage/v1/object/attachments/{path}", content=content, headers={"content-type": type}
    )
    return answer.status_code


async def fetched(somebody: Person, path: str) -> bool:
    return (await somebody.http.get(f"/storage/v1/object/authenticated/attachments/{path}")).is_success


async def test_files_are_for_participants(chat: Chat, owner: Person, stranger: Person, third: Person, anon: Person):
    path = f"{chat.id}/{owner.id}/{uuid4()}.png"
    assert await put(owner, path) == 200
    assert [await fetched(p, path) for p in (owner, stranger, third, anon)] == [True, True, False, False]
    for somebody, where in (
        (stranger, f"{chat.id}/{owner.id}/x.png"), (third, f"{chat.id}/{third.id}/x.png"), (owner, f"{uuid4()}/{owner.id}/x.png"),
        (owner, f"{chat.id}/x.png"), (anon, f"{chat.id}/x/x.png"),
    ):  # fmt: skip
        assert await put(somebody, where) in (400, 403), where
    listed = await third.http.post("/storage/v1/object/list/attachments", json={"prefix": f"{chat.id}/{owner.id}"})
    assert listed.json() == []
    signed = await third.http.post(f"/storage/v1/object/sign/attachments/{path}", json={"expiresIn": 60})
    assert not signed.is_success
    await chat.remove(stranger)
    assert not await fetched(stranger, path)


async def test_only_known_kinds_and_sizes_are_let_in(chat: Chat, owner: Person):
    folder = f"{chat.id}/{owner.id}"
    for type in ("text/html", "image/svg+xml", "application/javascript"):
        assert await put(owner, f"{folder}/{uuid4()}", type=type) in (400, 415), type
    assert await put(owner, f"{folder}/large.png", b"x" * (20 * 2**20 + 1)) in (400, 413)


async def test_nobody_fills_the_bucket_of_attachments(
    chat: Chat, owner: Person, stranger: Person, sql: asyncpg.Connection
):
    await sql.execute(
        """
        insert into storage.objects (bucket_id, name)
        select 'attachments', format('%s/%s/%s.png', $1::text, $2::text, n) from generate_series(1, 99) n
        """,
        chat.id,
        owner.id,
    )
    assert [await put(owner, f"{chat.id}/{owner.id}/{n}.png") for n in ("last", "more")] == [200, 400]
    assert await put(stranger, f"{chat.id}/{stranger.id}/first.png") == 200
    await sql.execute(
        "update storage.objects set created_at = now() - interval '61 minutes' where name like $1", f"{chat.id}/%"
    )
    assert await put(owner, f"{chat.id}/{owner.id}/more.png") == 200


async def test_files_go_with_their_message_and_their_chat(
    chat: Chat, owner: Person, service: Person, sql: asyncpg.Connection
):
    path = f"{chat.id}/{owner.id}/{uuid4()}.png"
    await put(owner, path)
    files = [{"path": path, "name": "<script>alert(1)</script>.png", "type": "image/png", "size": 8}]
    said = await chat.say(owner, metadata={"attachments": files})
    assert (await chat.row())["snippet"] == "<script>alert(1)</script>.png"
    await owner.call("delete_message", message_id=said["id"])
    assert path in await service.call("due_media_trash", n=100, bucket="attachments")
    await service.call("clear_media_trash", paths=[path], bucket="attachments")
    await owner.call("leave_chat", session_id=chat.id)
    await sql.execute("delete from public.chat_sessions where id = $1", chat.id)
    due = await service.call("due_media_trash", n=100, bucket="attachments")
    assert f"{chat.id}/" in due
    assert path not in due
    await service.call("clear_media_trash", paths=due, bucket="attachments")


async def test_files_that_were_never_sent_go_after_a_day(
    chat: Chat, owner: Person, service: Person, sql: asyncpg.Connection
):
    sent, left, fresh = (f"{chat.id}/{owner.id}/{uuid4()}.png" for _ in range(3))
    for path in (sent, left, fresh):
        await put(owner, path)
    await chat.say(owner, metadata={"attachments": [{"path": sent, "name": "a.png", "type": "image/png", "size": 8}]})
    await sql.execute(
        "update storage.objects set created_at = now() - interval '25 hours' where name = any ($1)", [sent, left]
    )
    await service.call("rest_chats")
    due = await service.call("due_media_trash", n=100, bucket="attachments")
    assert {path for path in due if path.startswith(chat.id)} == {left}
    await service.call("clear_media_trash", paths=[left], bucket="attachments")
