"""Answers as members see them come: the same words on all screens, whole for who comes late, and none for who was removed."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from state.answers import under_way
from state.chat import Chat, use_chat
from state.errors import Refused
from tests.state.support import hasten, until
from tests.state.test_chat import Join, joins, ready, session  # noqa: F401 (fixtures)


class Worker:
    """What a worker says of one answer, straight to the database."""

    def __init__(self, db: asyncpg.Connection, name: str = "one") -> None:
        self.db, self.name, self.id, self.attempt = db, name, "", 0

    async def claim(self) -> None:
        """As soon as there is something to answer."""
        async with asyncio.timeout(25):
            while (found := await self.db.fetchval("select public.claim_answers($1, 1)", self.name)) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        row = json.loads(found)
        self.id, self.attempt = row["id"], row["attempt"]

    async def tell(self, words: str, at: int = 0) -> Any:
        query = "select public.stream_answer($1::uuid, $2, $3, $4, $5)"
        return await self.db.fetchval(query, self.id, self.name, self.attempt, at, words)

    async def finish(self, content: str, metadata: str = "{}", status: str = "delivered") -> None:
        query = "select public.finish_answer($1::uuid, $2, $3, $4, 'text', $5::jsonb, $6)"
        assert await self.db.fetchval(query, self.id, self.name, self.attempt, content, metadata, status)


@pytest.fixture
async def worker(db: asyncpg.Connection) -> Worker:
    await db.execute("delete from private.chat_answers")
    return Worker(db)


def shown(chat: Chat, id: str) -> str | None:
    row = chat.messages.get(UUID(id))
    return chat.answers.text(row) if row else None


async def test_words_come_to_all_and_a_gap_is_healed_by_the_whole(
    joins: Join,  # noqa: F811
    session: UUID,  # noqa: F811
    worker: Worker,
    monkeypatch: pytest.MonkeyPatch,
):  # W1, W2, W3
    hasten(monkeypatch, relaxed_s=60, poll_s=60)
    ada, grace, alan = await joins("owner"), await joins(), await joins()
    (a, _), (g, _) = use_chat(ada, session), use_chat(grace, session)
    await ready(a, g)
    heard: list[UUID] = []
    g.answers.on_change(heard.append)
    question = a.send("@assistant hello?")
    await until(lambda: g.messages.get(question.id))
    await worker.claim()
    await worker.tell("Good ")
    await worker.tell("morning", 5)
    await until(lambda: shown(a, worker.id) == shown(g, worker.id) == "Good morning")
    assert [row.id for row in a.answers.streaming] == [UUID(worker.id)]
    await until(lambda: a.messages.rows[0].id == UUID(worker.id))  # behind the question, in the order of all

    late, _ = use_chat(alan, session)  # comes late
    await ready(late)
    await until(lambda: shown(late, worker.id) == "")
    await worker.tell(", Ada", 12)
    await until(lambda: shown(a, worker.id) == "Good morning, Ada")
    assert shown(late, worker.id) == ""
    await worker.tell("Good morning, Ada")
    await until(lambda: shown(late, worker.id) == "Good morning, Ada")

    worker.attempt += 1  # taken over: it begins anew
    await worker.db.execute("update private.chat_answers set attempt = 2 where id = $1::uuid", worker.id)
    await worker.tell("Hi")
    await until(lambda: shown(a, worker.id) == "Hi")
    await worker.finish("Hi Ada")
    await until(lambda: {shown(c, worker.id) for c in (a, g, late)} == {"Hi Ada"})
    assert not a.answers.streaming
    assert set(heard) == {UUID(worker.id)}


async def test_one_stops_it_and_has_it_made_anew(
    joins: Join,  # noqa: F811
    session: UUID,  # noqa: F811
    worker: Worker,
    db: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
):
    hasten(monkeypatch, relaxed_s=60, poll_s=60)
    ada = await joins("owner")
    a, _ = use_chat(ada, session)
    await ready(a)
    a.send("tell me everything")
    await until(lambda: a.messages.rows and a.messages.rows[0].version)
    await worker.claim()
    await worker.tell("Everything")
    await until(lambda: shown(a, worker.id) == "Everything")
    answer = a.messages.rows[0]
    await a.answers.stop(answer)
    assert a.answers.stopping(answer)
    assert await worker.tell(" is", 10) == "stop"
    await worker.finish("Everything", '{"stopped": true}')
    await until(lambda: not under_way(a.messages.rows[0]))
    assert not a.answers.stopping(a.messages.rows[0])

    a.answers.regenerate(a.messages.rows[0])
    a.messages.flush()
    assert under_way(a.messages.rows[0])  # at once
    assert shown(a, worker.id) == ""
    await worker.claim()
    assert worker.attempt == 2
    await worker.tell("Again")
    await until(lambda: shown(a, worker.id) == "Again")
    await worker.finish("Again", '{"error": "It broke off."}', "error")
    await until(lambda: a.messages.rows[0].status == "error")


async def test_whoever_is_removed_hears_no_more_of_it(
    joins: Join,  # noqa: F811
    session: UUID,  # noqa: F811
    worker: Worker,
    db: asyncpg.Connection,
):
    ada, grace = await joins("owner"), await joins()
    (a, _), (g, _) = use_chat(ada, session), use_chat(grace, session)
    await ready(a, g)
    a.send("@assistant hello?")
    await until(lambda: len(g.messages.rows) and g.messages.rows[0].role == "user")
    await worker.claim()
    await worker.tell("For all")
    await until(lambda: shown(g, worker.id) == "For all")
    answer = g.messages.rows[0]
    await db.execute("delete from public.chat_participants where member_id = $1", grace.id)
    await until(lambda: g.over)
    await until(lambda: a.circle.epoch == 2 and a.circle.live)
    await worker.tell("For Ada alone")
    await until(lambda: shown(a, worker.id) == "For Ada alone")
    assert g.messages.rows == []
    assert g.answers.text(answer) == ""
    with pytest.raises(Refused):
        await g.answers.stop(answer)
    assert not g.answers.stopping(answer)
