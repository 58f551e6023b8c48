"""The page of chats, on the real stack: sessions, what is said and refused, search, and how it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from nicegui.events import GenericEventArguments
from nicegui.testing import User

from components.chat_composer import ChatComposer
from components.chat_message import MessageItem
from components.chat_people import ChatPeople
from components.chat_replies import ChatReplies
from components.chat_sessions import ChatSessions
from components.chat_thread import ChatThread, typing_words
from components.message_text import parse, plain
from components.session import starling
from state.member import Member
from tests.pages.test_studio import LONG, only, until

if TYPE_CHECKING:
    from embedded.stack import Address

SCRIPT = "<script>alert(1)</script> <img src=x onerror=alert(2)>"


@pytest.fixture
async def db(supabase: Address) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(supabase.db_url)
    yield connection
    await connection.execute("delete from public.chat_sessions where title like 'Wrens%'")
    await connection.close()


async def who(db: asyncpg.Connection, name: str) -> UUID:
    return UUID(str(await db.fetchval("select id from public.profiles where username = $1", name)))


@pytest.fixture
async def session(db: asyncpg.Connection) -> UUID:
    """A chat of Ada and Grace."""
    id = uuid4()
    await db.execute("insert into public.chat_sessions (id, title) values ($1, 'Wrens')", id)
    for name, role in (("ada", "owner"), ("grace", "member")):
        place = "insert into public.chat_participants (session_id, member_id, role) values ($1, $2, $3)"
        await db.execute(place, id, await who(db, name), role)
    return id


@pytest.fixture
async def ada(user: User, session: UUID) -> User:
    """Ada, in that chat."""
    await user.open("/sign-in")
    user.find("Sign in as Ada").click()
    await user.should_see("Queue", retries=LONG)
    await user.open(f"/chat/{session}")
    await until(lambda: user.find(ChatComposer).elements)
    return user


def me() -> Member:
    (member,) = starling().members
    return member


def items(user: User) -> list[MessageItem]:
    with user:
        return [item for item in reversed(only(user, ChatThread).items) if item.row.role == "user"]


async def test_what_is_said_is_text_and_what_is_new_is_counted(ada: User, db: asyncpg.Connection, session: UUID):
    with ada:
        thread, composer = only(ada, ChatThread), only(ada, ChatComposer)
        chat = thread._chat
        await until(lambda: chat.messages.phase == "ready" and chat.mark)
        chat.send(SCRIPT)
    await until(lambda: [item.row.content for item in items(ada)] == [SCRIPT])
    await until(lambda: not chat.messages.mutations.unconfirmed)
    (mine,) = items(ada)
    assert mine._props["m"]["body"] == [["p", [SCRIPT]]]
    grace = await who(db, "grace")
    await db.execute("select private.say($1, $2, 'user', 'hello @ada')", session, grace)
    await until(lambda: len(items(ada)) == 2)

    def theirs() -> tuple[Any, ...]:
        return tuple(items(ada)[1]._props["m"][key] for key in ("name", "named", "head", "mine"))

    await until(lambda: theirs() == ("Grace Hopper", True, True, False))
    with ada:
        (row,) = [r for r in only(ada, ChatSessions)._list.items.values() if r._session.id == session]
        await until(lambda: row._count.text == "1")
        await ada.should_see("Grace: hello @ada", retries=LONG)
        thread.act("reply", items(ada)[1].row, None)
        assert composer._props["replying"] == {"name": "Grace Hopper", "text": "hello @ada"}


async def test_replies_are_counted_and_shown_as_a_thread(ada: User, db: asyncpg.Connection, session: UUID):
    with ada:
        thread = only(ada, ChatThread)
        chat = thread._chat
        await until(lambda: chat.messages.phase == "ready" and chat.mark)
        first = chat.send("What of the harbour?")
        chat.send("Something else")
        reply = chat.send("Blue", reply_to=first.id)
        chat.send("Bluer", reply_to=reply.id)
        await until(lambda: [item._props["m"]["replies"] for item in items(ada)] == [2, 0, 0, 0])
        await until(lambda: not chat.messages.mutations.unconfirmed)
        thread.act("thread", chat.messages.rows[0], None)
        replies = only(ada, ChatReplies)
        await until(lambda: replies.value and replies._list)
        await until(
            lambda: (
                [item.row.content for item in reversed(replies._list.items.values())]
                == ["What of the harbour?", "Blue", "Bluer"]
            )
        )
        await ada.should_see("Thread · 2 replies")
        (composer,) = [found for found in replies.descendants() if isinstance(found, ChatComposer)]
        said = {"id": str(uuid4()), "text": "Bluest"}
        for _ in range(2):  # a browser says again what it does not know to have arrived
            composer._send(GenericEventArguments(sender=composer, client=composer.client, args=said))
        await until(lambda: items(ada)[0]._props["m"]["replies"] == 3 and chat.messages.rows[0].reply_to == first.id)


async def test_what_is_refused_stays_with_its_reason(ada: User, db: asyncpg.Connection, session: UUID):
    with ada:
        chat = only(ada, ChatThread)._chat
        await until(lambda: chat.messages.phase == "ready" and chat.session)
        await db.execute("update public.chat_sessions set status = 'archived' where id = $1", session)
        await until(lambda: only(ada, ChatComposer)._props["closed"] == "This chat is archived")
        sent = chat.send("too late")
        await until(lambda: (p := chat.messages.pending(sent.id)) and p.failed)
        await until(lambda: items(ada) and items(ada)[-1]._props["m"]["state"] == "failed")
        assert items(ada)[-1]._props["m"]["reason"] == "This chat is archived"
        only(ada, ChatThread).act("discard", sent, None)
        await until(lambda: items(ada) == [])
        await until(lambda: only(ada, ChatPeople)._archive.text == "Restore")


async def test_whoever_is_removed_sees_it_end(ada: User, db: asyncpg.Connection, session: UUID):
    await db.execute(
        "delete from public.chat_participants where session_id = $1 and member_id = $2", session, await who(db, "ada")
    )
    await ada.should_see("You are no longer in Wrens.", retries=LONG)
    await ada.open(f"/chat/{uuid4()}")
    await ada.should_see("There is no such chat", retries=LONG)


def test_who_types_is_said_for_one_two_and_many():
    said = [typing_words(names) for names in ([], ["Ada"], ["Ada", "Grace"], ["Ada", "Grace", "Joan", "Mary"])]
    assert said == ["", "Ada is typing", "Ada and Grace are typing", "Ada and 3 others are typing"]


def test_markdown_becomes_known_parts_and_everything_else_stays_text():
    assert parse("**b** *i* `c<`") == [["p", [["b", ["b"]], " ", ["i", ["i"]], " ", ["code", "c<"]]]]
    assert parse("see https://a.b/c.") == [["p", ["see ", ["a", "https://a.b/c", ["https://a.b/c"]], "."]]]
    assert parse("[x](javascript:alert(1))") == [["p", ["[x](javascript:alert(1))"]]]
    assert parse("@ada @eve", {"ada"}, "ada") == [["p", [["at", "ada", True], " @eve"]]]
    assert parse("- a\n- b") == [["ul", [["li", ["a"]], ["li", ["b"]]]]]
    assert parse("```\n<b>\n```\n> q") == [["pre", "<b>"], ["quote", ["q"]]]
    assert plain("**Two** of `it`\n[here](https://a.b) 2*3 a_b") == "Two of it here 2*3 a_b"
