"""The assistant, tried as everybody: whom it answers, that only a worker with a lease speaks for it, and that what it does
for somebody is theirs alone: their credits, their limits, and their balance, which nobody else hears of."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.supabase.chats import Chat, make_chat
from tests.supabase.people import Person, refused
from tests.supabase.studio import put, result

EXPIRE = "update private.chat_answers set expires_at = now() - interval '1 second' where id = $1"
SENT = "select payload, event, topic from realtime.messages where event = 'words' and payload ->> 'message' = $1 order by inserted_at"


@dataclass
class Worker:
    """One of several, as the database knows it."""

    name: str
    service: Person

    async def claim(self, n: int = 10) -> list[dict[str, Any]]:
        return await self.service.call("claim_answers", worker=self.name, n=n)

    async def claim_one(self) -> dict[str, Any]:
        (answer,) = await self.claim()
        return answer

    async def tell(self, answer: dict[str, Any], words: str, at: int = 0) -> str:
        return await self.service.call("stream_answer", **self.of(answer), at=at, words=words)

    async def finish(self, answer: dict[str, Any], content: str, **more: Any) -> bool:
        return await self.service.call("finish_answer", **self.of(answer), content=content, **more)

    async def imagine(self, answer: dict[str, Any], prompt: str = "a wren") -> dict[str, Any] | None:
        return await self.service.call("imagine_answer", **self.of(answer), prompt=prompt)

    async def follow(self) -> list[dict[str, Any]]:
        return await self.service.call("follow_pictures", worker=self.name)

    def of(self, answer: dict[str, Any]) -> dict[str, Any]:
        return {"message_id": answer["id"], "worker": self.name, "attempt": answer["attempt"]}


@pytest.fixture
async def worker(service: Person, sql: asyncpg.Connection) -> Worker:
    """Nothing waits yet, and nobody has asked too much."""
    await sql.execute("delete from private.chat_answers; delete from private.chat_pictures")
    return Worker("one", service)


@pytest.fixture
def other(service: Person) -> Worker:
    return Worker("other", service)


@pytest.fixture
async def alone(owner: Person, sql: asyncpg.Connection, worker: Worker) -> AsyncIterator[Chat]:
    """The owner and the assistant."""
    made = await make_chat(owner, sql)
    yield made
    await sql.execute("delete from public.chat_sessions where id = $1", made.id)


@pytest.fixture
async def chat(owner: Person, stranger: Person, sql: asyncpg.Connection, worker: Worker) -> AsyncIterator[Chat]:
    """Of the owner, with the stranger in it."""
    made = await make_chat(owner, sql, stranger)
    yield made
    await sql.execute("delete from public.chat_sessions where id = $1", made.id)


async def message(chat: Chat, id: str) -> dict[str, Any]:
    (row,) = await chat.owner.rows(f"chat_messages?id=eq.{id}")
    return row


# Who is answered ------------------------------------------------------------------------------------------------------


async def test_whoever_is_alone_with_it_is_answered_in_their_place(alone: Chat, owner: Person, worker: Worker):
    question = await alone.say(owner, "Which model is cheapest?")
    answer = await worker.claim_one()
    assert (answer["question"], answer["attempt"], answer["people"]) == ("Which model is cheapest?", 1, 1)
    assert answer["models"]
    assert answer["queue"].keys() == {"waiting", "active"}
    later = await alone.say(owner, "And which is quickest?")
    assert await worker.claim() == []  # one at a time in a session
    assert await worker.finish(answer, "Filament.")
    said = await message(alone, answer["id"])
    assert (said["role"], said["status"], said["content"], said["author_id"]) == (
        "assistant", "delivered", "Filament.", None,
    )  # fmt: skip
    assert question["seq"] < said["seq"] < later["seq"]  # its place is from when it began
    assert said["metadata"] == {"answers": question["id"], "asked_by": owner.id}
    second = await worker.claim_one()
    assert [(line["role"], line["content"]) for line in second["history"]][-2:] == [
        ("user", "Which model is cheapest?"), ("assistant", "Filament."),
    ]  # fmt: skip
    assert await alone.unread(owner) == 2


async def test_among_people_it_answers_only_what_is_meant_for_it(chat: Chat, owner: Person, worker: Worker):
    for words in ("Lunch?", "mail me at me@assistant.test", "//not a command", "the @assistants", " /late"):
        await chat.say(owner, words)
    assert await worker.claim() == []
    for words in ("@assistant which model?", "well, @Starling: hello", "/help", "/nonsense"):
        await chat.say(owner, words)
        answer = await worker.claim_one()
        assert answer["question"] == words
        await worker.finish(answer, "Yes.")
    reply = await chat.say(owner, "why?", reply_to=answer["id"])
    again = await worker.claim_one()
    assert (await message(chat, again["id"]))["reply_to"] == reply["id"]


async def test_where_it_is_off_nothing_is_answered(alone: Chat, owner: Person, worker: Worker):
    await owner.call("update_chat", session_id=alone.id, assistant=False)
    await alone.say(owner, "/help")
    assert await worker.claim() == []
    await owner.call("update_chat", session_id=alone.id, assistant=True)
    await alone.say(owner, "/help")
    await owner.call("update_chat", session_id=alone.id, assistant=False)  # before it was taken
    assert await worker.claim() == []
    assert [m["role"] for m in await alone.said() if m["role"] == "assistant"] == []


async def test_a_deleted_question_and_one_of_somebody_who_was_removed_are_not_answered(
    chat: Chat, owner: Person, stranger: Person, worker: Worker
):
    deleted = await chat.say(owner, "/help")
    await owner.call("delete_message", message_id=deleted["id"])
    await chat.say(stranger, "/imagine a wren")
    await chat.remove(stranger)
    assert await worker.claim() == []


async def test_a_member_is_answered_twenty_times_a_minute_and_told_so_once(alone: Chat, owner: Person, worker: Worker):
    for n in range(7):
        await alone.say(owner, f"/help {n}")
    limited = []
    while answers := await worker.claim():
        for answer in answers:
            limited.append(answer["limited"])
            assert await worker.imagine(answer) is None if answer["limited"] else True
            await worker.finish(answer, "")
    assert limited == [False] * 5 + [True]


# Workers --------------------------------------------------------------------------------------------------------------


async def test_two_workers_never_take_the_same(owner: Person, sql: asyncpg.Connection, worker: Worker, other: Worker):
    chats = [await make_chat(owner, sql, title=f"Wrens {n}") for n in range(5)]
    await asyncio.gather(*(chat.say(owner, "hello") for chat in chats))
    taken = await asyncio.gather(*(w.claim(2) for w in (worker, other, worker, other)))
    ids = [answer["id"] for answers in taken for answer in answers]
    ids += [answer["id"] for answer in await worker.claim()]
    assert len(ids) == len(set(ids)) == 5
    await sql.execute("delete from public.chat_sessions where id = any ($1::uuid[])", [chat.id for chat in chats])


async def test_a_dead_workers_answer_is_taken_over_and_what_it_still_writes_is_refused(
    alone: Chat, owner: Person, sql: asyncpg.Connection, worker: Worker, other: Worker
):
    await alone.say(owner, "hello")
    dead = await worker.claim_one()
    assert await worker.tell(dead, "Hel") == "go"
    assert await other.claim() == []
    await sql.execute(EXPIRE, dead["id"])
    alive = await other.claim_one()
    assert (alive["id"], alive["attempt"]) == (dead["id"], 2)
    assert await worker.tell(dead, "Hello, I") == "lost"
    assert not await worker.finish(dead, "Hello, I was dead")
    assert await worker.imagine(dead) is None
    key = [{"id": dead["id"], "attempt": 1}]
    assert await worker.service.call("keep_answers", worker="one", answers=key) == {}
    assert await other.finish(alive, "Hello")
    assert not await other.finish(alive, "Hello again")
    assert (await message(alone, alive["id"]))["content"] == "Hello"
    assert len([m for m in await alone.said() if m["role"] == "assistant"]) == 1


async def test_after_three_workers_have_died_it_says_that_it_broke_off(
    alone: Chat, owner: Person, sql: asyncpg.Connection, worker: Worker
):
    await alone.say(owner, "hello")
    answer: dict[str, Any] = {}
    for _ in range(3):
        answer = await worker.claim_one()
        await sql.execute(EXPIRE, answer["id"])
    assert await worker.claim() == []
    said = await message(alone, answer["id"])
    assert (said["status"], said["metadata"]["error"]) == ("error", "The assistant broke off three times")


async def test_a_worker_that_stops_gives_its_answers_back(alone: Chat, owner: Person, worker: Worker, other: Worker):
    await alone.say(owner, "hello")
    await worker.claim_one()
    assert await worker.service.call("release_answers", worker="one") == 1
    assert (await other.claim_one())["attempt"] == 2


# The stream -----------------------------------------------------------------------------------------------------------


async def test_words_go_to_the_sessions_own_topic_and_nobody_else_can_say_them(
    chat: Chat, owner: Person, stranger: Person, third: Person, anon: Person, sql: asyncpg.Connection, worker: Worker
):
    await chat.say(owner, "/help")
    answer = await worker.claim_one()
    assert [await worker.tell(answer, "Hel"), await worker.tell(answer, "lo", 3)] == ["go", "go"]
    sent = await sql.fetch(SENT, answer["id"])
    assert [json.loads(row["payload"])["words"] for row in sent] == ["Hel", "lo"]
    assert {row["topic"] for row in sent} == {f"chat:{chat.id}:1"}
    refused(await worker.service.ask("stream_answer", **worker.of(answer), at=0, words="x" * 8001), 400, "22023")
    for somebody in (owner, stranger, third, anon):
        for function, more in (
            ("stream_answer", {"at": 0, "words": "forged"}),
            ("finish_answer", {"content": "forged"}),
            ("imagine_answer", {"prompt": "forged"}),
        ):
            said = await somebody.ask(function, **worker.of(answer), **more)
            assert said.status_code in (401, 403), function
        path = f"/realtime/v1/api/broadcast/chat:{chat.id}:1/events/words?private=true"
        assert not (await somebody.http.post(path, json={"message": answer["id"], "words": "forged"})).is_success
    assert len(await sql.fetch(SENT, answer["id"])) == 2
    await chat.remove(stranger)
    await worker.tell(answer, "Hello, again")
    assert (await sql.fetch(SENT, answer["id"]))[-1]["topic"] == f"chat:{chat.id}:2"  # not the one the removed are on


async def test_participants_stop_it_and_what_was_said_stays(
    chat: Chat, owner: Person, stranger: Person, third: Person, worker: Worker
):
    await chat.say(owner, "@assistant tell me everything")
    answer = await worker.claim_one()
    refused(await third.ask("stop_answer", message_id=answer["id"]), 404, "PT404")
    refused(await third.ask("regenerate_answer", message_id=answer["id"]), 404, "PT404")
    assert await worker.tell(answer, "Every") == "go"
    await stranger.call("stop_answer", message_id=answer["id"])
    await stranger.call("stop_answer", message_id=answer["id"])
    assert await worker.tell(answer, "thing", 5) == "stop"
    key = [{"id": answer["id"], "attempt": 1}]
    assert await worker.service.call("keep_answers", worker="one", answers=key) == {answer["id"]: True}
    assert await worker.finish(answer, "Every", metadata={"stopped": True})
    await owner.call("stop_answer", message_id=answer["id"])  # has ended
    assert (await message(chat, answer["id"]))["content"] == "Every"


async def test_whoever_asked_deletes_the_answer_and_it_stays_deleted(
    chat: Chat, owner: Person, stranger: Person, worker: Worker
):
    await chat.say(owner, "@assistant hello")
    theirs = await worker.claim_one()
    await worker.finish(theirs, "Hello")
    refused(await stranger.ask("delete_message", message_id=theirs["id"]), 403, "42501")
    await chat.say(stranger, "@assistant hello")
    answer = await worker.claim_one()
    await stranger.call("delete_message", message_id=answer["id"])
    assert await worker.tell(answer, "He") == "lost"
    await worker.finish(answer, "Hello")
    said = await message(chat, answer["id"])
    assert said["content"] == ""
    assert said["deleted_at"]


async def test_an_answer_is_made_anew_in_its_place(
    chat: Chat, owner: Person, stranger: Person, worker: Worker, other: Worker
):
    await chat.say(owner, "@assistant an idea?")
    first = await worker.claim_one()
    assert (await stranger.call("regenerate_answer", message_id=first["id"]))["status"] == "sending"  # under way anyway
    await worker.finish(first, "A wren.", status="error", metadata={"error": "It broke off."})
    before = await message(chat, first["id"])
    said = await stranger.call("regenerate_answer", message_id=first["id"])
    assert (said["content"], said["status"], said["seq"]) == ("", "sending", before["seq"])
    assert "error" not in said["metadata"]
    again = await other.claim_one()
    assert (again["id"], again["attempt"], again["member"]) == (first["id"], 2, stranger.id)
    assert await worker.tell(first, "late") == "lost"
    await other.finish(again, "A heron.")
    await chat.say(owner, "/imagine a wren")
    card = await worker.claim_one()
    await worker.finish(card, "no")
    refused(await stranger.ask("regenerate_answer", message_id=card["id"]), 403, "42501")  # it costs who asked


# Pictures -------------------------------------------------------------------------------------------------------------


async def balance(somebody: Person) -> int:
    (account,) = await somebody.rows(f"credit_accounts?id=eq.{somebody.id}")
    return account["balance"]


async def test_a_picture_is_a_job_of_who_asked_and_is_shown_to_the_chat_alone(
    chat: Chat, owner: Person, stranger: Person, third: Person, sql: asyncpg.Connection, worker: Worker, other: Worker
):
    await sql.execute("delete from public.generation_jobs")
    before = await balance(stranger), await balance(owner)
    await chat.say(stranger, "/imagine a wren")
    answer = await worker.claim_one()
    made = await worker.imagine(answer)
    assert made is not None
    assert await worker.imagine(answer) is None  # done; sent again it costs nothing
    (job,) = await stranger.rows(f"generation_jobs?id=eq.{made['job']}")
    assert (job["owner_id"], job["visibility"], job["prompt"]) == (stranger.id, "private", "a wren")
    assert (await balance(stranger), await balance(owner)) == (before[0] - job["cost"], before[1])
    card = await message(chat, answer["id"])
    assert (card["message_type"], card["metadata"]["action"]["status"]) == ("adapter_action", "waiting")

    service = worker.service
    (job,) = await service.call("claim_generation_jobs", worker="w", n=1)
    report = {"id": job["id"], "attempt": 1, "progress": 43, "stage": "Detailing", "eta_s": 3, "preview_path": None}
    await service.call("report_progress", worker="w", reports=[report])
    assert await worker.follow() == []
    shown = (await message(chat, answer["id"]))["metadata"]["action"]
    assert (shown["status"], shown["progress"], shown["stage"]) == ("active", 40, "Detailing")
    version = (await message(chat, answer["id"]))["version"]
    await worker.follow()
    assert (await message(chat, answer["id"]))["version"] == version  # nothing moved, nothing said

    media, poster = f"{stranger.id}/{job['id']}/1/0.webp", f"{stranger.id}/{job['id']}/1/0.poster.webp"
    for path in (media, poster):
        await put(service, "media", path, b"picture")
    assert await service.call(
        "complete_generation", worker="w", job_id=job["id"], attempt=1, results=[result(media, poster)]
    )
    (due,) = await worker.follow()
    assert await other.follow() == []  # under a lease
    copy = {
        "bucketId": "media",
        "sourceKey": due["source"],
        "destinationBucket": "attachments",
        "destinationKey": due["path"],
    }
    assert (await service.http.post("/storage/v1/object/copy", json=copy)).is_success
    post = {
        "message_id": due["message"],
        "path": due["path"],
        "picture": due["picture"],
        "attachment": due["attachment"],
    }
    assert not await service.call("post_picture", worker="other", **post)
    assert await service.call("post_picture", worker="one", **post)
    posted = (await message(chat, answer["id"]))["metadata"]
    assert (posted["action"]["status"], posted["attachments"][0]["path"]) == ("completed", due["path"])
    assert await worker.follow() == []
    path = f"/storage/v1/object/authenticated/attachments/{due['path']}"
    for somebody, may in ((owner, True), (stranger, True), (third, False)):
        assert (await somebody.http.get(path)).is_success == may
    assert not (await owner.http.get(f"/storage/v1/object/authenticated/media/{media}")).is_success


async def test_who_has_too_little_is_told_so_and_nobody_hears_how_much_they_have(
    chat: Chat, owner: Person, stranger: Person, sql: asyncpg.Connection, worker: Worker
):
    await sql.execute("delete from public.generation_jobs")
    had = await balance(stranger)
    await sql.execute(
        "select private.post($1, 'hold', $2, 'image', 'all of it', $3)", stranger.id, 1 - had, str(uuid4())
    )
    try:
        await chat.say(stranger, "/imagine a wren")
        answer = await worker.claim_one()
        said = await worker.imagine(answer)
        assert said is not None
        assert "more than you have" in said["refused"]
        assert "1 credit" not in said["refused"]
        assert await balance(stranger) == 1
        assert await sql.fetchval("select count(*) from public.generation_jobs where owner_id = $1", stranger.id) == 0
        assert await worker.finish(answer, said["refused"])  # it still is the worker's to say
        assert await sql.fetchval("select current_setting('request.jwt.claims', true)") in (None, "")
    finally:
        await sql.execute(
            "select private.post($1, 'refund', $2, 'image', 'back', $3)", stranger.id, had - 1, str(uuid4())
        )


async def test_a_cancelled_job_ends_its_card(alone: Chat, owner: Person, sql: asyncpg.Connection, worker: Worker):
    await sql.execute("delete from public.generation_jobs")
    await alone.say(owner, "/imagine a wren")
    answer = await worker.claim_one()
    made = await worker.imagine(answer)
    assert made is not None
    refused(await owner.ask("regenerate_answer", message_id=answer["id"]), 409, "PT409")
    await owner.call("cancel_generation", job_id=made["job"])
    await worker.follow()
    assert (await message(alone, answer["id"]))["metadata"]["action"]["status"] == "cancelled"
    assert (await owner.call("regenerate_answer", message_id=answer["id"]))["metadata"].keys() == {
        "answers",
        "asked_by",
    }
