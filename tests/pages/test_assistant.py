"""The assistant on the pages: answers as they come, cards that keep a balance to its owner, and the chat beside the studio."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from fastapi import Request
from nicegui import ElementFilter, ui
from nicegui.storage import request_contextvar
from nicegui.testing import User

from components.chat_composer import ChatComposer
from components.chat_message import MessageItem
from components.chat_thread import ChatThread
from components.queue import Queue
from state.chats import Chats

if TYPE_CHECKING:
    from embedded.stack import Address

DEMO = UUID("5d3c1e0a-7000-4000-8000-000000000002")
PATIENCE_S = 30
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
async def db(supabase: Address, user: User) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(supabase.db_url)
    await connection.execute("delete from public.chat_messages where session_id = $1", DEMO)
    yield connection
    await connection.close()


async def until(true: Callable[[], Any]) -> Any:
    async with asyncio.timeout(PATIENCE_S):
        while not (found := true()):  # noqa: ASYNC110 (nothing tells)
            await asyncio.sleep(0.02)
    return found


async def sign_in(user: User, path: str) -> None:
    await user.open("/sign-in")
    user.find("Sign in as Ada").click()
    await user.should_see("Gallery", retries=300)
    if path != "/studio":
        await user.open(path)


async def member(db: asyncpg.Connection, who: str) -> Any:
    return await db.fetchval("select id from public.profiles where username = $1", who)


async def ask(db: asyncpg.Connection, who: str, words: str) -> dict[str, Any]:
    """Says something as a member, and takes the answer as a worker."""
    await db.execute("delete from private.chat_answers")
    async with db.transaction():
        claims = json.dumps({"sub": str(await member(db, who)), "role": "authenticated"})
        await db.execute("select set_config('request.jwt.claims', $1, true)", claims)
        await db.execute("select public.send_message($1, $2, $3)", uuid4(), DEMO, words)
    taken: Any = await db.fetchval("select public.claim_answers('hand', 1, 60, true)")
    return json.loads(taken)


async def tell(db: asyncpg.Connection, answer: dict[str, Any], words: str, at: int = 0) -> Any:
    query = "select public.stream_answer($1::uuid, 'hand', $2, $3, $4)"
    return await db.fetchval(query, answer["id"], answer["attempt"], at, words)


async def finish(
    db: asyncpg.Connection,
    answer: dict[str, Any],
    content: str,
    kind: str = "text",
    status: str = "delivered",
    **metadata: Any,
) -> None:
    query = "select public.finish_answer($1::uuid, 'hand', $2, $3, $4, $5::jsonb, $6)"
    assert await db.fetchval(query, answer["id"], answer["attempt"], content, kind, json.dumps(metadata), status)


def shown(user: User, id: str) -> dict[str, Any]:
    """What is drawn of a message; empty while there is none."""
    with user:
        items = [item for item in ElementFilter(kind=MessageItem) if str(item.row.id) == id]
    return items[0].props["m"] if items else {}


def act(user: User, id: str, name: str) -> None:
    with user:
        (item,) = [item for item in ElementFilter(kind=MessageItem) if str(item.row.id) == id]
        (thread,) = ElementFilter(kind=ChatThread)
        with thread:
            item._around.act(name, item.row, None)


async def test_an_answer_grows_word_by_word_is_stopped_and_made_anew(user: User, db: asyncpg.Connection) -> None:
    await sign_in(user, f"/chat/{DEMO}")
    answer = await ask(db, "grace", "@assistant hello")
    m = await until(lambda: shown(user, answer["id"]))
    assert (m["live"], m["body"], m["badge"], m["open"]) == (True, [], "simulated", False)
    await tell(db, answer, f"Hello **Ada** {SCRIPT}")
    await until(lambda: shown(user, answer["id"])["body"])
    assert shown(user, answer["id"])["body"] == [["p", ["Hello ", ["b", ["Ada"]], f" {SCRIPT}"]]]  # text, not HTML
    act(user, answer["id"], "stop")
    await until(lambda: shown(user, answer["id"])["stopping"])
    async with asyncio.timeout(PATIENCE_S):
        while await tell(db, answer, "more") != "stop":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await finish(db, answer, "Hello", stopped=True)
    await until(lambda: shown(user, answer["id"])["stopped"])
    assert shown(user, answer["id"])["again"]
    act(user, answer["id"], "again")
    await until(lambda: shown(user, answer["id"])["live"])
    async with asyncio.timeout(PATIENCE_S):
        while (again := await db.fetchval("select public.claim_answers('hand', 1)")) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await finish(db, json.loads(again), "Half", status="error", error="The language model broke off.")
    await until(lambda: shown(user, answer["id"])["trouble"] == "The language model broke off.")


async def test_a_balance_is_shown_to_whose_it_is_and_to_nobody_else(user: User, db: asyncpg.Connection) -> None:
    await sign_in(user, f"/chat/{DEMO}")
    owner = "update public.chat_participants set role = $3 where session_id = $1 and member_id = $2"
    await db.execute(owner, DEMO, await member(db, "ada"), "member")
    for who, mine in (("ada", True), ("grace", False)):
        answer = await ask(db, who, "/balance")
        id = await member(db, who)
        await finish(db, answer, "A balance", "adapter_action", action={"name": "balance", "member": str(id)})
        card = await until(lambda id=answer["id"]: shown(user, id).get("action"))
        await until(lambda id=answer["id"], mine=mine: shown(user, id)["erasable"] == mine)  # to whom it was said
        has = await db.fetchval("select balance from public.credit_accounts where id = $1", id)
        if mine:
            await until(lambda id=answer["id"], has=has: shown(user, id)["action"]["amount"] == f"{has:,}")
        else:
            assert card == {"kind": "balance", "mine": False, "words": "Shown to Grace alone"}
    await db.execute(owner, DEMO, await member(db, "ada"), "owner")


async def test_cards_take_only_what_makes_sense(user: User, db: asyncpg.Connection) -> None:
    await sign_in(user, f"/chat/{DEMO}")
    answer = await ask(db, "ada", "/imagine a wren")
    action = {"name": "imagine", "status": "active", "progress": 40, "stage": "Detailing", "prompt": SCRIPT}
    await finish(db, answer, "a wren", "adapter_action", action=action)
    card = await until(lambda: shown(user, answer["id"]).get("action"))
    assert (card["kind"], card["percent"], card["words"], card["prompt"]) == ("imagine", 40, "Detailing", SCRIPT)
    answer = await ask(db, "ada", "/price BTC")
    action = {"name": "price", "symbol": "BTC", "label": "Bitcoin", "price": 67123.5, "change": -1.2, "simulated": True}
    await finish(db, answer, "BTC", "adapter_action", action=action)
    card = await until(lambda: shown(user, answer["id"]).get("action"))
    assert (card["price"], card["change"], card["up"], card["simulated"]) == ("$67,123.50", "-1.20 %", False, True)
    answer = await ask(db, "ada", "/help")
    await finish(db, answer, "as text", "adapter_action", action={"name": "help", "commands": 7})
    m = await until(lambda: (m := shown(user, answer["id"])) and not m["live"] and m)
    assert (m["action"], m["body"]) == (None, [["p", ["as text"]]])


def one(user: User, kind: type[Any]) -> Any:
    with user:
        return next(iter(ElementFilter(kind=kind)), None)


def panel(user: User) -> ui.element:
    with user:
        return next(e for e in ElementFilter(kind=ui.element) if "beside" in e.classes)


async def test_going_from_chat_to_chat_beside_the_studio_leaves_nothing_behind(
    user: User, db: asyncpg.Connection
) -> None:
    await sign_in(user, "/studio")
    press(user, "beside__open")
    composer = await until(lambda: one(user, ChatComposer))
    chat, client = composer._chat, composer.client
    with user:
        (picker,) = [e for e in ElementFilter(kind=ui.select) if "beside__picker" in e.classes]
    member = chat.member
    (chats,) = [area for area in member.areas._areas.values() if isinstance(area, Chats)]
    other = await chats.create("Wrens")

    def listeners() -> tuple[int, ...]:
        followed = (member.world.people, member.credits.accounts, *chat.tables)
        return len(client.delete_handlers), len(chats.changed.callbacks), *(table.listeners for table in followed)

    async def show(id: UUID) -> None:
        picker.set_value(str(id))
        await until(lambda: (shown := one(user, ChatComposer)) and shown._chat.id == id)

    await until(lambda: chat.messages.phase == "ready" and chat.mark)
    before = listeners()
    gone = request_contextvar.set(Request({"type": "http", "session": {"id": "gone"}}))  # whatever makes it draw
    for _ in range(3):
        await show(other.id)
        await show(chat.id)
    request_contextvar.reset(gone)
    await until(lambda: listeners() == before)
    await db.execute("delete from public.chat_sessions where id = $1", other.id)


def press(user: User, css: str) -> None:
    """Clicks the one element of a class."""
    with user:
        button = next(e for e in ElementFilter(kind=ui.element) if css in e.classes)
        for listener in list(button._event_listeners.values()):
            if listener.type == "click":
                button._handle_event({"listener_id": listener.id, "args": {}})


async def test_one_talks_beside_the_studio_and_it_is_remembered(user: User, db: asyncpg.Connection) -> None:
    await db.execute("delete from private.chat_answers")
    await sign_in(user, "/studio")
    assert one(user, ChatComposer) is None  # nothing is followed while it is closed
    press(user, "beside__open")
    composer = await until(lambda: one(user, ChatComposer))
    assert "beside--on" in panel(user).classes
    with user, composer:
        composer._chat.send("/imagine a wren in the rain")
    async with asyncio.timeout(PATIENCE_S):
        while (row := await db.fetchval("select public.claim_answers('hand', 1)")) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    answer = json.loads(row)
    query = "select public.imagine_answer($1::uuid, 'hand', $2, 'a wren in the rain')"
    made: Any = await db.fetchval(query, answer["id"], answer["attempt"])
    job = json.loads(made)["job"]
    await until(lambda: UUID(job) in one(user, Queue)._list.items)
    await until(lambda: shown(user, answer["id"]).get("action"))
    await user.open("/studio")
    await until(lambda: one(user, ChatComposer))
    press(user, "beside__open")  # where it is not to be seen it comes up; here it stays
    assert "beside--kept" not in panel(user).classes
    press(user, "beside__open")
    await until(lambda: one(user, ChatComposer) is None)
    assert "beside--on" not in panel(user).classes
