"""Chat, tried as everybody: what is said keeps its place, is said once, is counted exactly, and strangers get none of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from embedded.stack import Address
from tests.supabase.chats import Chat, make_chat
from tests.supabase.people import Person, join, leave, refused
from tests.supabase.test_circles import joins
from tests.supabase.test_plans import steps

PARTS = ("messages", "participants", "reactions", "reads")


@pytest.fixture
async def chat(owner: Person, stranger: Person, sql: asyncpg.Connection) -> AsyncIterator[Chat]:
    """Of the owner, with the stranger in it."""
    made = await make_chat(owner, sql, stranger)
    yield made
    await sql.execute("delete from public.chat_sessions where id = $1", made.id)


# Who sees it ---------------------------------------------------------------------------------------------------------


async def test_a_chat_is_for_who_is_in_it(
    supabase: Address, chat: Chat, owner: Person, stranger: Person, third: Person, anon: Person, service: Person
):
    message = await chat.say(owner, "They build globes of moss")
    await stranger.call("react", message_id=message["id"], emoji="👍")
    for path in (f"chat_sessions?id=eq.{chat.id}", *(f"chat_{p}?session_id=eq.{chat.id}&limit=1" for p in PARTS)):
        assert [len(await p.rows(path)) for p in (owner, stranger, service, third)] == [1, 1, 1, 0], path
        assert (await anon.rest("GET", path)).status_code == 401
    for topic in (f"chat:{chat.id}:1", f"room:chat:{chat.id}:1"):
        for somebody, may in ((owner, True), (stranger, True), (third, False), (anon, False)):
            assert await joins(supabase, somebody, topic, presence=topic.startswith("room")) == may
    feed = f"/realtime/v1/api/broadcast/chat:{chat.id}:1/events/change?private=true"
    assert not (await owner.http.post(feed, json={})).is_success
    assert await third.call("search_messages", words="globes") == []
    assert [m["id"] for m in await stranger.call("search_messages", words="globes of mo")] == [message["id"]]


async def test_to_others_there_is_no_such_chat(chat: Chat, owner: Person, third: Person):
    message = await chat.say(owner, "mine")
    before = (await chat.row(), await chat.said())
    for function, arguments in (
        ("send_message", {"message_id": str(uuid4()), "session_id": chat.id, "content": "hello"}),
        ("edit_message", {"message_id": message["id"], "content": "theirs"}),
        ("delete_message", {"message_id": message["id"]}),
        ("react", {"message_id": message["id"], "emoji": "👍"}),
        ("mark_read", {"session_id": chat.id, "seq": 1}),
        ("update_chat", {"session_id": chat.id, "title": "Theirs"}),
        ("archive_chat", {"session_id": chat.id}),
        ("invite_to_chat", {"session_id": chat.id, "username": "ada"}),
        ("remove_from_chat", {"session_id": chat.id, "member_id": owner.id}),
    ):
        said = await third.ask(function, **arguments)
        refused(said, 404, "PT404")
        nowhere = {k: str(uuid4()) if k in ("session_id", "message_id") else v for k, v in arguments.items()}
        assert (await third.ask(function, **nowhere)).json() == said.json()
    assert before == (await chat.row(), await chat.said())


async def test_whoever_is_removed_sees_nothing_more(
    supabase: Address, chat: Chat, owner: Person, stranger: Person, third: Person
):
    await chat.add(third)
    refused(await third.ask("remove_from_chat", session_id=chat.id, member_id=stranger.id), 403, "42501")
    await chat.remove(stranger)
    await chat.remove(stranger)
    assert await stranger.rows(f"chat_messages?session_id=eq.{chat.id}") == []
    assert await chat.topic() == f"chat:{chat.id}:2"
    for somebody, may in (
        (stranger, False),
        (owner, True),
    ):  # by hand: where they were, and where the others have moved to
        for topic in (f"chat:{chat.id}:2", f"room:chat:{chat.id}:2", f"room:chat:{chat.id}:2:call"):
            assert await joins(supabase, somebody, topic, presence=topic.startswith("room")) == may
        for topic in (f"chat:{chat.id}:1", f"room:chat:{chat.id}:1", f"chat:{chat.id}:3", f"room:chat:{chat.id}:3"):
            assert not await joins(supabase, somebody, topic, presence=topic.startswith("room"))
    room = f"/realtime/v1/api/broadcast/room:chat:{chat.id}:2/events/upload?private=true"
    assert [(await p.http.post(room, json={})).is_success for p in (owner, stranger)] == [True, False]
    refused(await stranger.ask("send_message", message_id=str(uuid4()), session_id=chat.id, content="?"), 404, "PT404")
    assert [m["metadata"]["event"] for m in await chat.said()] == ["created", "joined", "joined", "removed"]


# Saying something ----------------------------------------------------------------------------------------------------


async def test_sent_twice_a_message_is_said_once(chat: Chat, owner: Person, stranger: Person):
    id = str(uuid4())
    said = await asyncio.gather(*(chat.say(owner, "once", message_id=id) for _ in range(4)))
    assert {(m["id"], m["seq"]) for m in said} == {(id, said[0]["seq"])}
    answer = await stranger.ask("send_message", message_id=id, session_id=chat.id, content="mine")
    refused(answer, 409, "23505")
    assert [m["content"] for m in (await chat.said())[2:]] == ["once"]
    assert (await chat.row())["snippet"] == "once"


async def test_all_speak_at_once_and_every_message_has_its_place(chat: Chat, owner: Person, stranger: Person):
    await asyncio.gather(*(chat.say(p, f"{p.name} {n}") for n in range(10) for p in (owner, stranger)))
    said = await chat.said()
    assert [m["seq"] for m in said] == list(range(1, len(said) + 1))
    assert [m["version"] for m in said] == sorted(m["version"] for m in said)
    assert (await chat.row())["last_seq"] == len(said)
    assert len({m["content"] for m in said[2:]}) == 20


async def test_what_is_not_read_is_counted_exactly(chat: Chat, owner: Person, stranger: Person, third: Person):
    for n in range(3):
        await chat.say(owner, f"to you {n}")
    assert (await chat.unread(owner), await chat.unread(stranger)) == (0, 3)
    await chat.say(stranger, "I have not read yours")
    assert (await chat.unread(owner), await chat.unread(stranger)) == (1, 3)
    seq = (await chat.said())[-3]["seq"]
    await stranger.call("mark_read", session_id=chat.id, seq=seq)
    assert await chat.unread(stranger) == 1
    await stranger.call("mark_read", session_id=chat.id, seq=1)
    assert await chat.unread(stranger) == 1
    await chat.add(third)
    assert (await chat.unread(third), await chat.unread(stranger)) == (0, 1)
    await stranger.call("mark_read", session_id=chat.id, seq=10_000)
    assert await chat.unread(stranger) == 0
    (mark,) = await owner.rows(f"chat_reads?session_id=eq.{chat.id}&member_id=eq.{stranger.id}")
    assert mark["read_seq"] == (await chat.row())["last_seq"]


async def test_replies_know_where_their_thread_begins_and_are_counted_there(
    chat: Chat, owner: Person, stranger: Person
):
    first = await chat.say(owner, "What of the harbour?")
    reply = await chat.say(stranger, "Blue", reply_to=first["id"])
    deeper = await chat.say(owner, "Bluer", reply_to=reply["id"])
    assert (first["thread"], reply["thread"], deeper["thread"]) == (None, first["id"], first["id"])

    async def counts() -> list[int]:
        return [row["replies"] for row in await chat.said() if row["role"] == "user"]

    assert await counts() == [2, 0, 0]
    for _ in range(2):
        await stranger.call("delete_message", message_id=reply["id"])
    assert await counts() == [1, 0, 0]


async def test_what_cannot_be_said_is_refused(chat: Chat, owner: Person, stranger: Person):
    async def ask(**wishes: object):
        wanted = {"message_id": str(uuid4()), "session_id": chat.id, "content": "x", **wishes}
        return await owner.ask("send_message", **wanted)

    for wishes in (
        {"content": " \n"}, {"content": "x" * 8001}, {"metadata": {"event": "joined"}}, {"metadata": []},
        {"metadata": {"attachments": [{"path": f"{chat.id}/{stranger.id}/a.png", "name": "a", "type": "image/png"}]}},
        {"metadata": {"attachments": [{"path": f"{chat.id}/{owner.id}/none.png", "name": "a", "type": "image/png"}]}},
        {"metadata": {"attachments": {}}},
    ):  # fmt: skip
        refused(await ask(**wishes), 400, "22023")
    # One message that no JSON reader gets past would take the whole chat away. A form passes what JSON bodies are refused for.
    for client in ("[[[[[1]]]]]", f"{'[' * 3000}{']' * 3000}", "1e13", "1e5000"):
        form = {
            "message_id": str(uuid4()), "session_id": chat.id, "content": "x", "metadata": f'{{"client": {client}}}'
        }  # fmt: skip
        refused(await owner.http.post("/rest/v1/rpc/send_message", data=form), 400, "23514")
    refused(await ask(message_type="adapter_action"), 403, "42501")
    elsewhere = await make_chat(owner, chat.sql)
    other = await elsewhere.say(owner, "elsewhere")
    assert (await chat.say(owner, "x", reply_to=other["id"]))["reply_to"] is None
    await owner.call("leave_chat", session_id=elsewhere.id)
    assert await elsewhere.topic() is None


async def test_too_many_messages_at_once_are_refused(chat: Chat, owner: Person):
    await chat.sql.execute(
        "select private.say($1, $2, 'user', 'again') from generate_series(1, 100)", chat.id, owner.id
    )
    answer = await owner.ask("send_message", message_id=str(uuid4()), session_id=chat.id, content="one more")
    refused(answer, 429, "PT429")
    await chat.sql.execute("delete from public.chat_messages where session_id = $1", chat.id)


async def test_what_everybody_in_a_chat_is_told_of_has_its_pace(chat: Chat, owner: Person):
    """Reactions, edits, new titles and people let in: what the member has left of each is taken first."""
    message = await chat.say(owner, "mine")
    spent = "insert into private.allowances values ($1, $2, 0, now() + interval '1 hour') on conflict (member_id, act) do update set remaining = 0, at = excluded.at"
    for act, function, arguments in (
        ("reaction", "react", {"message_id": message["id"], "emoji": "👍"}),
        ("message edit", "edit_message", {"message_id": message["id"], "content": "ours"}),
        ("chat setting", "update_chat", {"session_id": chat.id, "title": "Ours"}),
        ("invitation", "invite_to_chat", {"session_id": chat.id, "username": "ada"}),
    ):
        await chat.sql.execute(spent, owner.id, act)
        refused(await owner.ask(function, **arguments), 429, "PT429")
        await chat.sql.execute("delete from private.allowances where member_id = $1", owner.id)
        assert (await owner.ask(function, **arguments)).is_success


async def test_one_changes_ones_own_messages(chat: Chat, owner: Person, stranger: Person):
    mine = await chat.say(stranger, "teh wren")
    for deed, arguments in (("edit_message", {"content": "x"}),):
        refused(await owner.ask(deed, message_id=mine["id"], **arguments), 403, "42501")
    edited = await stranger.call("edit_message", message_id=mine["id"], content="the wren")
    assert (edited["content"], edited["seq"], edited["edited_at"] is not None) == ("the wren", mine["seq"], True)
    assert (await chat.row())["snippet"] == "the wren"
    theirs = await chat.say(owner, "secret")
    refused(await stranger.ask("delete_message", message_id=theirs["id"]), 403, "42501")
    await owner.call("react", message_id=mine["id"], emoji="🎉")
    gone = await owner.call("delete_message", message_id=mine["id"])  # whose chat it is
    assert (gone["content"], gone["reactions"], gone["seq"]) == ("", {}, mine["seq"])
    assert gone["deleted_at"] == (await stranger.call("delete_message", message_id=mine["id"]))["deleted_at"]
    refused(await stranger.ask("edit_message", message_id=mine["id"], content="back"), 409, "PT409")
    refused(await owner.ask("react", message_id=mine["id"], emoji="👍"), 409, "PT409")
    event = (await chat.said())[0]
    refused(await owner.ask("delete_message", message_id=event["id"]), 403, "42501")


async def test_reactions_are_once_for_each(chat: Chat, owner: Person, stranger: Person):
    said = await chat.say(owner, "look")
    await asyncio.gather(*(stranger.call("react", message_id=said["id"], emoji="👍") for _ in range(3)))
    await owner.call("react", message_id=said["id"], emoji="👍")
    both = await owner.call("react", message_id=said["id"], emoji="🎉")
    assert both["reactions"] == {"👍": [stranger.id, owner.id], "🎉": [owner.id]}
    left = await stranger.call("react", message_id=said["id"], emoji="👍", wanted=False)
    assert left["reactions"] == {"👍": [owner.id], "🎉": [owner.id]}
    for emoji in ("<b>", "", "x", "a b", "👍" * 20):
        refused(await owner.ask("react", message_id=said["id"], emoji=emoji), 400, "23514")


async def test_whoever_is_mentioned_is_told_once(chat: Chat, owner: Person, stranger: Person, third: Person):
    names = {
        p.id: str(await chat.sql.fetchval("select username from public.profiles where id = $1", p.id))
        for p in (owner, stranger, third)
    }
    said = await chat.say(owner, f"@{names[stranger.id].upper()}, and mail@{names[stranger.id]} @{names[third.id]}")
    told = f"notifications?kind=eq.chat_mention&subject_id=eq.{chat.id}"
    (notice,) = await stranger.rows(told)
    assert (notice["title"], notice["path"]) == ("Wrens", f"/chat/{chat.id}?message={said['id']}")
    assert notice["times"] == 1
    assert await third.rows(told) == []
    await owner.call("edit_message", message_id=said["id"], content=f"@{names[stranger.id]} @{names[owner.id]}")
    assert [n["times"] for n in await stranger.rows(told)] == [1]
    (let_in,) = await stranger.rows(f"notifications?kind=eq.chat_invitation&subject_id=eq.{chat.id}")
    assert let_in["path"] == f"/chat/{chat.id}"


# Sessions ------------------------------------------------------------------------------------------------------------


async def test_a_chat_is_renamed_archived_and_restored(chat: Chat, owner: Person, stranger: Person):
    assert (await stranger.call("update_chat", session_id=chat.id, title=" Finches "))["title"] == "Finches"
    await stranger.call("update_chat", session_id=chat.id, assistant=False)
    refused(await stranger.ask("archive_chat", session_id=chat.id), 403, "42501")
    assert (await owner.call("archive_chat", session_id=chat.id))["status"] == "archived"
    await owner.call("archive_chat", session_id=chat.id)
    for deed, arguments in (
        ("send_message", {"message_id": str(uuid4()), "content": "x"}), ("update_chat", {"title": "y"}),
        ("invite_to_chat", {"username": "ada"}),
    ):  # fmt: skip
        refused(await owner.ask(deed, session_id=chat.id, **arguments), 409, "PT409")
    assert (await owner.call("archive_chat", session_id=chat.id, archived=False))["status"] == "active"
    events = [m["metadata"]["event"] for m in await chat.said()]
    assert events == ["created", "joined", "renamed", "assistant", "archived", "restored"]
    for title in ("", " ", "x" * 81):
        refused(await owner.ask("create_chat", session_id=str(uuid4()), title=title), 400, "23514")


async def test_a_chat_in_which_nobody_speaks_rests(chat: Chat, owner: Person, service: Person):
    await chat.sql.execute(
        "update public.chat_sessions set last_activity = now() - interval '25 hours' where id = $1", chat.id
    )
    assert await service.call("rest_chats") >= 1
    assert (await chat.row())["status"] == "inactive"
    before = (await chat.row())["last_activity"]
    await chat.say(owner, "still here")
    row = await chat.row()
    assert (row["status"], row["last_activity"] > before) == ("active", True)


async def test_a_chat_whose_owner_is_gone_belongs_to_who_is_left(
    supabase: Address, service: Person, sql: asyncpg.Connection, stranger: Person
):
    founder = await join(supabase, "founder")
    chat, alone = await make_chat(founder, sql, stranger), await make_chat(founder, sql)
    await chat.say(founder, "so long")
    await leave(founder, service)
    (place,) = await stranger.rows(f"chat_participants?session_id=eq.{chat.id}")
    assert (place["member_id"], place["role"]) == (stranger.id, "owner")
    said = await stranger.rows(f"chat_messages?session_id=eq.{chat.id}&order=seq")
    assert [(m["content"], m["author_id"]) for m in said[-2:]] == [("so long", None), ("Somebody left", None)]
    assert await alone.topic() is None
    await stranger.call("leave_chat", session_id=chat.id)
    assert await sql.fetchval("select count(*) from public.chat_messages where session_id = $1", chat.id) == 0
    await founder.http.aclose()


# Plans ---------------------------------------------------------------------------------------------------------------

MANY = """
insert into public.chat_messages (session_id, author_id, content, seq, spoken)
select $1, $2, 'word ' || n, n + 10, n from generate_series(1, 30000) n
"""


async def test_long_chats_are_paged_by_an_index(supabase: Address, owner: Person, chat: Chat):
    connection = await asyncpg.connect(supabase.db_url)
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute("alter table public.chat_messages disable trigger user")
        await connection.execute(MANY, chat.id, owner.id)
        await connection.execute("analyze public.chat_messages")
        mine = f"select * from public.chat_messages where session_id = '{chat.id}'"
        nowhere = "00000000-0000-0000-0000-000000000000"
        for query in (
            f"{mine} order by seq desc, id limit 100",
            f"{mine} and seq <= 9000 and (seq < 9000 or seq = 9000 and id > '{nowhere}') order by seq desc, id limit 100",
            f"{mine} and updated_at >= now() - interval '10 seconds' order by seq desc, id limit 100",
            f"{mine} and seq > 29990 and author_id = '{owner.id}'",
        ):
            plan = await steps(connection, owner, query)
            assert [s for s in plan if s["Node Type"] == "Seq Scan"] == [], query
            assert not any(s["Node Type"] == "Sort" for s in plan) or "updated_at" in query, query
            assert float(plan[0]["Total Cost"]) < 200, query
    finally:
        await transaction.rollback()
        await connection.close()
