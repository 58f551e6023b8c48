"""Chat as members live in it: over real sockets, with the network cut, with a flood, and until somebody is removed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import asyncpg
import pytest

from state import api
from state.chat import PENDING, Chat, Options, use_chat
from state.chats import use_chats
from state.market import Price
from state.member import Member
from state.reading import MOST, PAGE, Reading, Thread
from state.realtime import socket
from state.starling import Starling
from tests.state.doorway import Doorway
from tests.state.support import PASSWORD, Account, hasten, settings_of, until

if TYPE_CHECKING:
    from embedded.stack import Address

Join = Callable[..., Awaitable[Member]]
EACH = 50  # of ten members
MANY, BACK = 100_000, 3_000
MOST_WRITTEN = 25  # by each of two, in a window of sixty


@pytest.fixture
async def session(db: asyncpg.Connection) -> AsyncIterator[UUID]:
    """A chat that nobody is in."""
    id = uuid4()
    await db.execute("insert into public.chat_sessions (id, title) values ($1, 'Wrens')", id)
    yield id
    await db.execute("delete from public.chat_sessions where id = $1", id)


@pytest.fixture
def joins(starling: Starling, account: Callable[[], Awaitable[Account]], db: asyncpg.Connection, session: UUID) -> Join:
    """`await joins("member")`: somebody who is in the chat, with a page open. By another app, if one is named."""

    async def join(role: str = "member", app: Starling = starling) -> Member:
        someone = await account()
        await let_in(db, session, someone.id, role)
        member = app.members.of(await app.sessions.sign_in(someone.email, PASSWORD))
        assert member is not None
        member.audience.enter()
        return member

    return join


async def let_in(db: asyncpg.Connection, session: UUID, who: UUID, role: str = "member") -> None:
    await db.execute(
        "insert into public.chat_participants (session_id, member_id, role) values ($1, $2, $3)", session, who, role
    )


async def ready(*chats: Chat) -> None:
    await until(lambda: all(c.circle.live and c.messages.phase == "ready" and c.mark for c in chats), "all are live")


def contents(chat: Chat) -> list[str]:
    """What is shown, the oldest first."""
    return [row.content for row in reversed(chat.messages.rows) if row.role == "user"]


async def stored(db: asyncpg.Connection, session: UUID) -> list[str]:
    rows = await db.fetch(
        "select content from public.chat_messages where session_id = $1 and role = 'user' order by seq", session
    )
    return [row["content"] for row in rows]


async def test_what_one_says_shows_at_once_and_then_to_all_and_is_counted(
    joins: Join, session: UUID, monkeypatch: pytest.MonkeyPatch
):  # T1, T4, T5
    hasten(monkeypatch, relaxed_s=60, poll_s=60)
    ada, grace = await joins("owner"), await joins()
    (a, _), (g, _) = use_chat(ada, session), use_chat(grace, session)
    chats, _ = use_chats(grace)
    await ready(a, g)
    await until(lambda: chats.ready and chats.counts.phase == "ready" and chats.all)
    heard: list[str] = []
    g.on_message(lambda message: heard.append(message.content))

    sent = a.send("first")
    await asyncio.sleep(0)
    a.messages.flush()
    shown = a.messages.get(sent.id)
    assert shown is not None
    assert (shown.status, shown.seq > PENDING) == ("sending", True)
    for word in ("second", "third"):
        a.send(word)  # T3
    await until(lambda: contents(g) == ["first", "second", "third"])
    await until(lambda: (row := a.messages.get(sent.id)) and row.status == "delivered")
    assert heard == ["first", "second", "third"]
    await until(lambda: chats.unread(chats.all[0]) == 3 == chats.unread_in_all)
    chats.follow("a page", g.id)
    assert chats.unread_in_all == 0, "what is before their eyes is not unread until its mark is told"
    chats.follow("a page", None)
    assert chats.unread_in_all == 3
    g.read()
    await until(lambda: chats.unread_in_all == 0)
    await until(lambda: contents(a) == ["first", "second", "third"] and a.messages.rows[0].seq < PENDING)
    last = a.messages.rows[0]
    await until(lambda: a.readers(last) == [grace.id])

    g.react(last, "👍")
    await until(lambda: a.messages.get(last.id).reactions == {"👍": [str(grace.id)]})  # type: ignore[union-attr]
    a.edit(last, "third, again")
    await until(lambda: contents(g)[-1] == "third, again")
    a.delete(last)
    await until(lambda: g.messages.rows[0].deleted_at is not None)
    a.set_typing()
    await until(lambda: g.typists == [ada.id])
    a.set_typing(False)
    await until(lambda: g.typists == [])
    assert a.uploads is not None
    await a.uploads.say("x", "<b>.png", 40)
    await until(lambda: g.uploads and [(u.name, u.percent) for u in g.uploads.others] == [("<b>.png", 40)])
    await a.uploads.say("x", "<b>.png", 100)
    await until(lambda: g.uploads and not g.uploads.others)


async def test_what_is_refused_says_why_and_can_be_sent_again_or_dropped(
    joins: Join, db: asyncpg.Connection, session: UUID
):  # T2
    ada = await joins("owner")
    chat, _ = use_chat(ada, session)
    await ready(chat)
    await db.execute("update public.chat_sessions set status = 'archived' where id = $1", session)
    one, other = chat.send("later"), chat.send("never")
    await until(lambda: all((p := chat.messages.pending(m.id)) and p.failed for m in (one, other)))
    assert (pending := chat.messages.pending(one.id)) is not None
    assert pending.failed == "This chat is archived"
    chat.discard(other.id)
    await db.execute("update public.chat_sessions set status = 'active' where id = $1", session)
    chat.retry(one.id)
    await until(lambda: chat.messages.pending(one.id) is None)
    await until(lambda: contents(chat) == ["later"])
    assert await stored(db, session) == ["later"]


@pytest.mark.parametrize("cut", ["shut", "hush"])
async def test_a_cut_network_loses_nothing_doubles_nothing_and_ends_in_one_order(
    cut: str,
    supabase: Address,
    tmp_path: Path,
    joins: Join,
    db: asyncpg.Connection,
    session: UUID,
    monkeypatch: pytest.MonkeyPatch,
):  # T1, T2, T3: refused at once, or silent for as long as the connection needs to notice, which is what 20 s are for it
    hasten(monkeypatch, poll_s=0.2)
    monkeypatch.setattr(socket, "PROBE_EVERY_S", 0.4)
    monkeypatch.setattr(socket, "PROBE_LOST_S", 0.8)
    monkeypatch.setattr(api, "TIMEOUT_S", 1.5)
    async with asyncio.timeout(90), AsyncExitStack() as stack:
        door = await stack.enter_async_context(Doorway(supabase.api_url))
        folder = tmp_path / "behind"
        folder.mkdir()
        behind = Starling(settings_of(replace(supabase, api_url=door.url), folder))
        behind.open()
        stack.push_async_callback(behind.close)
        ada, grace = await joins("owner"), await joins("member", behind)
        (a, _), (g, _) = use_chat(ada, session), use_chat(grace, session, Options(reconnect_interval_s=1.0))
        await ready(a, g)
        heard: list[str] = []
        g.on_message(lambda message: heard.append(message.content))
        a.send("before")
        await until(lambda: contents(g) == ["before"])

        door.shut() if cut == "shut" else door.hush()
        written = 0
        while written < 5 or grace.connection.status.state == "live" or not g.messages.mutations.waiting:
            if written < MOST_WRITTEN:
                a.send(f"ada {written}")
                g.send(f"grace {written}")
                written += 1
            await asyncio.sleep(0.1)
        await until(lambda: len(placed(a)) == 1 + written)
        assert contents(g) == ["before", *(f"grace {n}" for n in range(written))]
        door.open()
        await until(lambda: not g.messages.mutations.unconfirmed)
        await until(lambda: len(contents(a)) == len(contents(g)) == 1 + 2 * written)
        said = await stored(db, session)
        await until(lambda: contents(a) == contents(g) == said)
        for name in ("ada", "grace"):
            assert [word for word in said if word.startswith(name)] == [f"{name} {n}" for n in range(written)]
        await until(lambda: len(heard) >= len(said))
        assert heard == said  # T4


def placed(chat: Chat) -> list[str]:
    """What the database has of it."""
    return [row.content for row in chat.messages.rows if row.seq < PENDING and row.role == "user"]


@pytest.mark.timeout(240)
async def test_five_hundred_messages_of_ten_members_at_once_are_all_there_in_order(
    joins: Join, db: asyncpg.Connection, session: UUID
):
    members = [await joins() for _ in range(10)]
    chats = [use_chat(member, session)[0] for member in members]
    await ready(*chats)
    heard: list[int] = []
    chats[0].on_message(lambda message: heard.append(message.seq))
    for n in range(EACH):
        for number, chat in enumerate(chats):
            chat.send(f"{number}/{n}")
        await asyncio.sleep(0)
    await until(lambda: not any(c.messages.mutations.unconfirmed for c in chats), within_s=200)
    said = await stored(db, session)
    assert len(said) == len(set(said)) == 10 * EACH
    for number in range(10):
        assert [w for w in said if w.startswith(f"{number}/")] == [f"{number}/{n}" for n in range(EACH)]
    rows = await db.fetch("select id, seq, content, version from public.chat_messages where session_id = $1", session)
    there = {row["seq"]: (row["id"], row["content"], row["version"]) for row in rows}
    for chat in chats:
        await until(lambda chat=chat: contents(chat)[-60:] == said[-60:])
    for chat in chats[:2]:
        reading, seen = Reading(chat), dict[int, tuple[UUID, str, int]]()
        while True:
            seen |= {row.seq: (row.id, row.content, row.version) for row in reading.rows}
            if reading.complete:
                break
            await reading.load_more()
        assert seen == there
        reading.close()
    await until(lambda: heard == sorted(there))  # T4


async def test_a_hundred_thousand_messages_are_read_through_a_window(
    joins: Join, db: asyncpg.Connection, session: UUID, monkeypatch: pytest.MonkeyPatch
):  # R1 to R4
    hasten(monkeypatch, relaxed_s=60, poll_s=60)
    ada = await joins("owner")
    async with untold(db):
        await db.execute(
            "insert into public.chat_messages (session_id, author_id, content, seq, spoken, created_at) "
            "select $1, $2, 'number', n, n, now() - interval '1 day' from generate_series(1, $3::int) n", session, ada.id, MANY,
        )  # fmt: skip
        await db.execute("update public.chat_sessions set last_seq = $2, spoken = $2 where id = $1", session, MANY)
    chat, _ = use_chat(ada, session)
    await ready(chat)
    heard: list[int] = []
    chat.on_message(lambda message: heard.append(message.seq))
    reading, other = Reading(chat), Reading(chat)

    def seqs() -> list[int]:
        """What is shown: without a hole, none twice, and never too many."""
        shown = [row.seq for row in reading.rows]
        assert shown == list(range(shown[0], shown[-1] - 1, -1))
        assert len(shown) <= MOST * PAGE + 2 * PAGE
        assert len(chat.pages) <= MOST
        return shown

    before = seqs()
    assert (before[0], len(before), reading.ends) == (MANY, 60, True)
    reading.stands(at_end=False, below_half=False)
    while (shown := seqs())[-1] > MANY - BACK:
        await reading.load_more()
        assert seqs()[-1] < shown[-1]
    assert not reading.ends
    oldest = await db.fetchval(
        "select id from public.chat_messages where session_id = $1 and seq = $2", session, shown[-1]
    )

    # Far from the end what is shown stays, and is live; what is said meanwhile is told, and not shown.
    said = chat.send("while one is away")
    await until(lambda: heard == [MANY + 1])
    assert seqs() == shown
    row = reading.get(oldest)
    assert row is not None
    chat.react(row, "👍")
    for table in chat.tables:
        table.flush()
    assert reading.get(oldest).reactions == {"👍": [str(ada.id)]}, "L8: at once"  # type: ignore[union-attr]
    await until(lambda: not chat.messages.mutations.unconfirmed)
    await db.execute("update public.chat_messages set content = 'different' where id = $1", oldest)
    await until(lambda: reading.get(oldest).content == "different")  # type: ignore[union-attr]
    assert reading.get(oldest).reactions == {"👍": [str(ada.id)]}  # type: ignore[union-attr]

    while not reading.ends:
        shown = seqs()
        await reading.newer()
        assert seqs()[0] > shown[0]
    assert reading.rows[0].id == said.id

    assert await reading.reach(5)
    assert seqs()[-1] == 1
    assert reading.complete
    await other.reach(5)
    assert [row.seq for row in other.rows] == seqs()
    assert len(chat.pages) == 2, "they are the same pages"
    root = next(row for row in reading.rows if row.seq == 5)
    late = chat.send("an answer, much later", reply_to=root.id)
    thread = Thread(chat, root.id)
    await thread.open()
    await until(lambda: [(row.id, row.replies) for row in thread.rows.rows] == [(late.id, 0), (root.id, 1)])
    thread.close()
    chat.delete(late)
    await until(lambda: reading.get(root.id).replies == 0)  # type: ignore[union-attr]
    chat.messages.flush()
    reading.end()
    assert (seqs()[0], reading.ends, len(reading.rows)) == (MANY + 2, True, len(chat.messages.rows))
    reading.close()
    other.close()
    assert len(chat.pages) == 0
    assert (await chat.find(UUID(str(oldest)))) is not None
    chats, _ = use_chats(ada)
    assert [m.id for m in await chats.search("differ", session)] == [oldest]
    async with untold(db):
        await db.execute("delete from public.chat_messages where session_id = $1", session)


@asynccontextmanager
async def untold(db: asyncpg.Connection) -> AsyncIterator[None]:
    """What is done to messages in between is told to nobody, and so takes a tenth of the time."""
    async with db.transaction():
        await db.execute("alter table public.chat_messages disable trigger user")
        yield
        await db.execute("alter table public.chat_messages enable trigger user")


async def test_who_reads_a_little_behind_the_end_is_not_pushed(
    joins: Join, db: asyncpg.Connection, session: UUID
):  # R4
    ada = await joins("owner")
    await say(db, session, ada.id, 200)
    chat, _ = use_chat(ada, session)
    await ready(chat)
    near, follows = Reading(chat), Reading(chat)
    await follows.load_more()
    held = [row.seq for row in near.rows]
    for burst in range(1, 9):
        place = [row.seq for row in near.rows].index(held[-1]) / len(near.rows)
        near.stands(at_end=False, below_half=place < 0.5)
        await until(lambda: near._going == 0 and near._span)
        await say(db, session, ada.id, 70)
        await until(lambda burst=burst: chat.newest and chat.newest.seq == 200 + 70 * burst)
        for reading in (near, follows):
            shown = [row.seq for row in reading.rows]
            assert shown == list(range(shown[0], shown[-1] - 1, -1))
            assert len(shown) <= MOST * PAGE + 2 * PAGE
        assert {row.seq for row in near.rows} >= set(held)
        assert follows.rows[0].seq == 200 + 70 * burst
    assert not near.ends, "they are far behind by now"


async def say(db: asyncpg.Connection, session: UUID, who: UUID, times: int) -> None:
    await db.execute(
        "select private.say($1, $2, 'user', 'number ' || n) from generate_series(1, $3::int) n", session, who, times
    )


async def test_whoever_is_removed_holds_nothing(joins: Join, db: asyncpg.Connection, session: UUID):
    ada, grace = await joins("owner"), await joins()
    (a, _), (g, _) = use_chat(ada, session), use_chat(grace, session)
    chats, _ = use_chats(grace)
    await ready(a, g)
    await until(lambda: chats.all)
    a.send("secret")
    await until(lambda: contents(g) == ["secret"])
    await until(lambda: len(a.participants.rows) == 2)
    a.remove(next(place for place in a.participants.rows if place.member_id == grace.id))
    await until(lambda: g.over)
    assert [len(table.rows) for table in g.tables] == [0] * len(g.tables)
    assert chats.all == []
    await until(lambda: a.messages.rows and " removed " in a.messages.rows[0].content)


async def test_parts_are_left_out_and_parameters_hold(joins: Join, db: asyncpg.Connection, session: UUID):  # T6
    ada, grace = await joins("owner"), await joins()

    bare, leave = use_chat(ada, session, Options(presence=False, prices=False))
    whole, _ = use_chat(ada, session, Options(price_symbols=("BTC", "SEI"), typing_timeout_s=60))
    brief, _ = use_chat(ada, session, Options(prices=False, typing_timeout_s=0.2))
    theirs, _ = use_chat(grace, session, Options(prices=False))
    await ready(bare, whole, brief, theirs)
    assert (bare.here, bare.uploads, bare.people, bare.typists, bare.prices) == (None, None, [], [], None)
    assert bare.get_price("BTC") is None
    await until(lambda: whole.get_price("BTC"), "the market is there")
    ticks: list[Price] = []
    whole.on_price(ticks.append)
    for symbol in ("ETH", "SEI"):
        await db.execute("update public.crypto_prices set price = price + 1 where symbol = $1", symbol)
    await until(lambda: ticks)
    assert [tick.symbol for tick in ticks] == ["SEI"]
    assert whole.prices is not None
    assert list(whole.prices.prices) == ["BTC", "SEI"]
    heard: list[list[UUID]] = []
    brief.on_presence(lambda people: heard.append([person.id for person in people]))
    await until(lambda: all(grace.id in [p.id for p in chat.people] for chat in (whole, brief)), "she is here")
    theirs.set_typing()
    await until(lambda: whole.typists == [grace.id] and len(heard) > 1)
    await until(lambda: brief.typists == [], "her word is forgotten")
    assert whole.typists == [grace.id]
    assert grace.id in heard[-1]
    defaults = Options()
    assert (defaults.reconnect_interval_s, defaults.presence_timeout_s, defaults.typing_timeout_s) == (5, 30, 3)
    assert defaults.events_per_second == 10
    leave()
