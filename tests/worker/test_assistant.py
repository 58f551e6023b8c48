"""The assistant at work: answers are streamed and stored, stopped, taken over from a worker that died, and made by a model
where there is one; commands do what they say. The endpoint is a small server of the tests' own."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.worker.model_server import ModelServer, model_server
from tests.worker.studio import Studio
from worker.assistant import Assistant
from worker.chat_pictures import ChatPictures
from worker.commands import command_of, obey
from worker.errors import TalkFailed
from worker.model_talk import ModelTalk, conversation
from worker.small_talk import SmallTalk
from worker.talk import Asked, Line, Price, Talker

ASKED = Asked(
    "a", 1, "Ada", "hello", models=(Price("Aurora", 4, ("image", "video")), Price("Basalt", 6, ("image",))), waiting=2, active=1
)  # fmt: skip
WORDS = (
    "select payload from realtime.messages where event = 'words' and payload ->> 'message' = $1 order by inserted_at"
)


class Chat:
    """A session of the first demo member's alone, or with the others in it."""

    def __init__(self, studio: Studio) -> None:
        self.studio, self.id = studio, uuid4()

    async def say(self, content: str, member: int = 0) -> UUID:
        id = uuid4()
        await self.studio.as_member(member, "select public.send_message($1, $2, $3)", id, self.id, content)
        return id

    async def answers(self) -> list[dict[str, Any]]:
        rows = await self.studio.database.fetch(
            "select * from public.chat_messages where session_id = $1 and role = 'assistant' order by seq", self.id
        )
        return [dict(row) | {"metadata": json.loads(row["metadata"])} for row in rows]

    async def answered(self, n: int = 1) -> dict[str, Any]:
        """The n-th answer, when it is there."""

        async def there() -> dict[str, Any] | None:
            answers = await self.answers()
            return answers[n - 1] if len(answers) >= n and answers[n - 1]["status"] != "sending" else None

        return await self.studio.until(there)

    async def until_begun(self, seconds: float = 100) -> str:
        """The id of the last answer, when its first words have been told."""

        async def begun() -> str | None:
            answers = await self.answers()
            id = str(answers[-1]["id"]) if answers else ""
            return id if id and await self.studio.database.fetch(WORDS, id) else None

        return await self.studio.until(begun, seconds)

    async def heard(self, id: UUID) -> str:
        """What a page makes of the stream."""
        text = ""
        for row in await self.studio.database.fetch(WORDS, str(id)):
            said = json.loads(row["payload"])
            if len(text) >= said["at"]:
                text = text[: said["at"]] + said["words"]
        return text


@pytest.fixture
async def chat(studio: Studio) -> Chat:
    await studio.database.execute("delete from private.chat_answers; delete from private.chat_pictures")
    made = Chat(studio)
    await studio.as_member(0, "select public.create_chat($1, 'Wrens')", made.id)
    return made


class Slow:
    """Says a word whenever it is let."""

    simulated = True

    def __init__(self) -> None:
        self.next = asyncio.Event()

    async def answer(self, asked: Asked) -> AsyncIterator[str]:
        for n in range(100):
            yield f"{n} "
            if n >= 2:
                await self.next.wait()


@pytest.fixture
async def hire(studio: Studio) -> AsyncIterator[Callable[[Talker], Assistant]]:
    """An assistant in this process."""
    hired: list[Assistant] = []

    def one(talker: Talker, **options: Any) -> Assistant:
        hired.append(Assistant(studio.api, talker, f"worker-{len(hired)}-{uuid4().hex[:4]}", **options))
        return hired[-1]

    yield one
    for assistant in hired:
        await assistant.close()


async def test_an_answer_is_streamed_and_then_stored_as_it_was_told(
    chat: Chat, studio: Studio, hire: Callable[..., Assistant]
) -> None:
    assistant = hire(SmallTalk(0.2))
    await chat.say("What does a picture cost?")
    await assistant.claim()
    said = await chat.answered()
    assert (said["status"], said["message_type"], said["metadata"]["simulated"]) == ("delivered", "text", True)
    assert "Aurora" in said["content"]
    heard = await chat.heard(said["id"])
    assert heard
    assert said["content"].startswith(heard)


async def test_who_comes_late_hears_all_of_it_soon(
    chat: Chat, studio: Studio, hire: Callable[..., Assistant]
) -> None:  # A2
    now = [0.0]
    slow = Slow()
    assistant = hire(slow, clock=lambda: now[0])
    await chat.say("count")
    await assistant.claim()
    id = await chat.until_begun()
    now[0] = 10.0
    slow.next.set()
    said = await chat.answered()
    sent = [json.loads(row["payload"]) for row in await studio.database.fetch(WORDS, id)]
    assert any(message["at"] == 0 and message["words"].startswith("0 1 2 3") for message in sent)
    assert said["content"].endswith("99 ")


async def test_it_stops_when_somebody_asks_and_keeps_what_it_said(
    chat: Chat, studio: Studio, hire: Callable[..., Assistant]
) -> None:  # A4
    assistant = hire(Slow())
    await chat.say("count")
    await assistant.claim()
    id = await chat.until_begun()
    await studio.as_member(0, "select public.stop_answer($1::uuid)", id)
    await assistant.keep()
    said = await chat.answered()
    assert (said["content"], said["status"], said["metadata"]["stopped"]) == ("0 1 2 ", "delivered", True)


async def test_a_worker_that_dies_is_followed_by_another(chat: Chat, studio: Studio) -> None:  # A1
    """Real processes: the first is killed in the middle of its answer."""
    await studio.database.execute("update public.chat_sessions set assistant = false where id <> $1", chat.id)
    async with studio.worker(STARLING_ASSISTANT_PACE="20") as dying:
        await chat.say("What can you do?")
        id = await chat.until_begun()
        dying.send_signal(signal.SIGKILL)
        await dying.wait()
    await studio.database.execute(
        "update private.chat_answers set expires_at = now() - interval '1 second' where id = $1::uuid", id
    )
    async with studio.worker(STARLING_ASSISTANT_PACE="0"):
        said = await chat.answered()
    assert (str(said["id"]), said["status"]) == (id, "delivered")
    assert "/imagine" in said["content"]
    assert {json.loads(row["payload"])["attempt"] for row in await studio.database.fetch(WORDS, id)} >= {1}
    assert len(await chat.answers()) == 1


async def test_an_answer_that_was_taken_over_is_dropped(
    chat: Chat, studio: Studio, hire: Callable[..., Assistant]
) -> None:  # A1
    first, second = hire(Slow()), hire(SmallTalk(0))
    await chat.say("hello")
    await first.claim()
    id = await chat.until_begun()
    await studio.database.execute(
        "update private.chat_answers set expires_at = now() - interval '1 s' where id = $1::uuid", id
    )
    await second.claim()
    said = await chat.answered()
    await first.keep()
    assert not first._answers
    assert "listening" in said["content"] or "Hello" in said["content"] or "Good to see" in said["content"]


async def test_a_picture_is_drawn_and_posted(chat: Chat, studio: Studio, hire: Callable[..., Assistant]) -> None:
    assistant = hire(SmallTalk(0))
    await chat.say("/imagine a wren <script>alert(1)</script>")
    await assistant.claim()
    card = await chat.answered()
    assert (card["message_type"], card["metadata"]["action"]["prompt"]) == (
        "adapter_action", "a wren <script>alert(1)</script>",
    )  # fmt: skip
    job = card["metadata"]["action"]["job"]
    row = await studio.job(job)
    assert row["owner_id"] == studio.members[0]
    await studio.database.execute(
        'update public.generation_jobs set params = params || \'{"width": 256, "height": 256, "steps": 4}\' where id = $1::uuid',
        job,
    )
    pictures = ChatPictures(studio.api, "one")
    async with studio.worker():  # it posts as well: whoever is first
        await studio.until_status(job, "completed")

        async def posted() -> Any:
            await pictures.follow()
            (card,) = await chat.answers()
            return card["metadata"].get("attachments")

        (attachment,) = await studio.until(posted)
    stored = "select count(*) from storage.objects where bucket_id = 'attachments' and name = $1"
    assert await studio.database.fetchval(stored, attachment["path"]) == 1
    assert (attachment["width"], attachment["type"]) == (256, "image/webp")


async def test_commands_say_what_they_did_and_no_balance(
    chat: Chat, studio: Studio, hire: Callable[..., Assistant]
) -> None:
    assistant = hire(SmallTalk(0))
    for n, words in enumerate(("/help", "/balance", "/imagin a wren", "/imagine"), 1):
        await chat.say(words)
        await assistant.claim()
        await chat.answered(n)
    helped, balance, unknown, empty = await chat.answers()
    assert next(entry[0] for entry in helped["metadata"]["action"]["commands"]) == "/imagine a lighthouse in fog"
    assert balance["metadata"]["action"] == {"name": "balance", "member": str(studio.members[0])}
    has = await studio.database.fetchval("select balance from public.credit_accounts where id = $1", studio.members[0])
    assert str(has) not in balance["content"] + json.dumps(balance["metadata"]["action"]["name"])
    assert "Did you mean /imagine" in unknown["content"]
    assert "Tell me what to draw" in empty["content"]


async def test_a_price_is_looked_up(studio: Studio) -> None:
    said = await obey(studio.api, "price", "btc", "")
    if said.action:  # where there is a market
        assert (said.action["symbol"], said.action["price"] > 0) == ("BTC", True)
        assert "follow no coin" in (await obey(studio.api, "price", "NOPE", "")).content
    else:
        assert "no market" in said.content
    assert "two to ten letters" in (await obey(studio.api, "price", "'; drop", "")).content


def test_what_is_a_command() -> None:
    assert command_of("/Imagine  a wren\nin rain") == ("imagine", "a wren\nin rain")
    assert command_of("/help") == ("help", "")
    assert command_of("what does /help do?") is None
    assert command_of("//x") is None


async def words(talker: Talker, asked: Asked) -> str:
    return "".join([word async for word in talker.answer(asked)])


async def test_small_talk_knows_the_studio_and_repeats_itself_only_when_the_question_does() -> None:
    for question, expected in (
        ("hello", "/imagine"), ("@assistant which models are there?", "Aurora"), ("how busy is the queue?", "one job"),
        ("What is my balance?", "/balance"), ("price of bitcoin?", "/price BTC"), ("give me an idea for a heron", "a heron"),
        ("ideas for a prompt about foxes", "/imagine foxes,"),
        ("who are you?", "simulated"), ("quantum chromodynamics", "simulated"), ("how much is a picture", "4 credits"),
    ):  # fmt: skip
        said = await words(SmallTalk(0), replace(ASKED, question=question))
        assert expected in said, question
        assert said == await words(SmallTalk(0), replace(ASKED, question=question))
    said = {await words(SmallTalk(0), replace(ASKED, attempt=n)) for n in range(8)}
    assert len(said) > 2


# A language model -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with model_server() as made:
        yield made


async def test_a_model_is_asked_as_its_endpoint_expects(server: ModelServer) -> None:
    talker = ModelTalk(server.url, "wren-1", "secret")
    asked = replace(ASKED, people=3, history=(Line("user", "Bo", "hi"), Line("assistant", "", "Hello")))
    server.will(["Good ", "morning"])
    assert await words(talker, asked) == "Good morning"
    (request,) = server.asked
    assert request["authorization"] == "Bearer secret"
    assert (request["body"]["model"], request["body"]["stream"]) == ("wren-1", True)
    system, *rest = request["body"]["messages"]
    assert "Aurora 4 credits" in system["content"]
    assert rest == [
        {"role": "user", "content": "Bo: hi"}, {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "Ada: hello"},
    ]  # fmt: skip
    await talker.close()


async def test_a_model_that_is_busy_is_asked_again_and_one_that_refuses_is_not(server: ModelServer) -> None:  # M1
    talker = ModelTalk(server.url, "wren-1", pause_s=0)
    server.will(429, 503, ["At last"])
    assert await words(talker, ASKED) == "At last"
    server.will(500, 500, 500)
    with pytest.raises(TalkFailed, match="does not answer"):
        await words(talker, ASKED)
    server.will(401)
    with pytest.raises(TalkFailed, match="refuses"):
        await words(talker, ASKED)
    assert len(server.asked) == 7
    await talker.close()


async def test_a_model_that_breaks_off_or_falls_silent_is_no_endless_wait(server: ModelServer) -> None:  # M2, M3
    talker = ModelTalk(server.url, "wren-1", pause_s=0)
    server.will(["Half", None])
    heard: list[str] = []

    async def listen() -> None:
        async for word in talker.answer(ASKED):
            heard.append(word)  # noqa: PERF401 (what came before the failure stays)

    with pytest.raises(TalkFailed, match="broke off"):
        await listen()
    await talker.close()
    talker = ModelTalk(server.url, "wren-1", read_s=0.2, pause_s=0)
    server.will([..., "late"], [..., "late"], [..., "late"])
    with pytest.raises(TalkFailed, match="does not answer"):
        await words(talker, ASKED)
    assert (heard, len(server.asked)) == (["Half"], 4)
    await talker.close()


async def test_a_failure_is_seen_and_can_be_tried_again(
    chat: Chat, studio: Studio, hire: Callable[..., Assistant], server: ModelServer
) -> None:
    talker = ModelTalk(server.url, "wren-1", pause_s=0)
    assistant = hire(talker)
    server.will(["Half an", None], ["A whole answer"])
    await chat.say("hello")
    await assistant.claim()
    failed = await chat.answered()
    assert (failed["status"], failed["content"]) == ("error", "Half an")
    assert failed["metadata"]["error"] == "The language model broke off."
    await studio.as_member(0, "select public.regenerate_answer($1::uuid)", failed["id"])
    await assistant.claim()
    said = await chat.answered()
    assert (said["id"], said["status"], said["content"]) == (failed["id"], "delivered", "A whole answer")
    assert "error" not in said["metadata"]
    assert "simulated" not in said["metadata"]
    await talker.close()


def test_what_a_model_is_told_has_a_limit() -> None:
    told = conversation(replace(ASKED, history=tuple(Line("user", "Bo", "x" * 1_500) for _ in range(20))))
    assert sum(len(message["content"]) for message in told) < 15_000
    assert told[-1]["content"] == "Ada: hello"
