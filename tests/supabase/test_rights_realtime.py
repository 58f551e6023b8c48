"""Topics, tried as everybody by hand: who hears, who speaks, who is seen; and that nobody forges what the database says."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from embedded.stack import Address
from tests.embedded.realtime_support import Socket, open_socket
from tests.supabase.people import Person
from tests.supabase.rights import TOPICS
from tests.supabase.studio import Studio

PRESENCE = {"enabled": True, "key": "probe"}
FEEDS = [topic for topic, rights in TOPICS.items() if not rights.speaks]
ROOMS = [topic for topic, rights in TOPICS.items() if rights.speaks]
CLIENTS = ["anon", "stranger", "owner"]


@asynccontextmanager
async def socket_of(supabase: Address, somebody: Person) -> AsyncIterator[Socket]:
    """A websocket that shows this person's token, with frames that are all JSON (serializer 1.0.0)."""
    async with open_socket(f"{supabase.api_url}/realtime/v1", somebody.token, 1) as socket:
        yield socket


class Hall:
    """A topic with the service listening in it, so that what was said there can be told from what was not."""

    def __init__(self, topic: str, listener: Socket, service: Person) -> None:
        self.topic = topic
        self.listener = listener
        self.service = service

    async def say(self, event: str) -> None:
        """The service speaks, as the database would: over HTTP, to the private topic."""
        message = {"topic": self.topic, "event": event, "payload": {}, "private": True}
        answer = await self.service.http.post("/realtime/v1/api/broadcast", json={"messages": [message]})
        assert answer.status_code == 202

    async def heard(self) -> list[str | list[str]]:
        """What came since the last time, in order: the names of broadcasts, and lists of the keys that joined."""
        await self.say(end := uuid4().hex)
        told: list[str | list[str]] = []
        while (name := (frame := await self.listener.receive())["payload"].get("event")) != end:
            if frame["event"] == "broadcast":
                told.append(name)
            elif frame["event"] == "presence_diff":
                told.append(list(frame["payload"]["joins"]))
        return told


@asynccontextmanager
async def hall(supabase: Address, service: Person, topic: str) -> AsyncIterator[Hall]:
    async with socket_of(supabase, service) as listener:
        assert (await listener.join(f"realtime:{topic}", private=True, presence=PRESENCE))["status"] == "ok"
        await listener.event("presence_state")
        yield Hall(topic, listener, service)


async def answered(socket: Socket, ref: str) -> list[dict[str, Any]]:
    """Waits for the reply to a message; what came before it."""
    frames: list[dict[str, Any]] = []
    while (frame := await socket.receive())["ref"] != ref:
        frames.append(frame)
    return frames


async def events_until(socket: Socket, last: str) -> list[str]:
    """The names of the broadcasts that come before `last`."""
    events: list[str] = []
    while True:
        name = (await socket.event("broadcast"))["event"]
        if name == last:
            return events
        events.append(name)


# Who hears and who speaks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", CLIENTS)
@pytest.mark.parametrize("topic", TOPICS)
async def test_each_topic_is_for_its_circle(
    supabase: Address, people: dict[str, Person], owner: Person, service: Person, topic: str, who: str
):
    name, hears, speaks = topic.format(owner=owner.id), TOPICS[topic].hears, TOPICS[topic].speaks
    own = f"realtime:{name}"
    async with hall(supabase, service, name) as here, socket_of(supabase, people[who]) as socket:
        joined = await socket.join(own, private=True, presence=PRESENCE, broadcast={"ack": True})
        if who not in hears:
            assert joined["response"]["reason"].startswith("Unauthorized:")
        else:
            assert joined["status"] == "ok"
            if "presence" in hears[who]:
                assert await socket.event("presence_state") == {}
            else:
                assert await socket.quiet()
            await here.say("news")
            await here.say("end")
            assert await events_until(socket, "end") == ["news"] * ("broadcast" in hears[who])
        await here.heard()

        # Speaking, whether the join was granted or not.
        await socket.send(own, "broadcast", {"event": "change", "payload": {"forged": True}, "type": "broadcast"}, "2")
        await socket.send(
            own, "presence", {"event": "track", "payload": {"name": "Grace Hopper"}, "type": "presence"}, "3"
        )
        await answered(socket, "3")
        may = speaks.get(who, frozenset())
        assert await here.heard() == (["change"] if "broadcast" in may else []) + (
            [["probe"]] if "presence" in may else []
        )


def odd_topics(owner: str) -> list[str]:
    """Topics that nothing is said on, and spellings of those where something is."""
    return [
        "World", "WORLD", "world ", " world", "world\n", "world:", "world:*", "realtime:world", "market:BTC", "Market", "*", "%", "public",
        f"MEMBER:{owner}", f"member:{owner.upper()}", f"member:{owner.replace('-', '')}", f"member:{{{owner}}}", f"member:{owner} ",
        f"member:{owner}:1", f"member: {owner}", f"member:urn:uuid:{owner}", f"ｍember:{owner}", f"member:{owner}\u200b", f"member：{owner}",
        "member:", "member:%", "member:null", "member:*", "member:_", "members", "member",
        "room:", "room:%", "room:studio:1", "room:studio ", "Room:studio", "ROOM:STUDIO", "room:studiо",  # the last with a Cyrillic o
        f"room:team:{owner}", f"team:{owner}:0", f"chat:{owner}:0", "live", "private", "realtime", "messages",
        f"{owner}", f"world,member:{owner}", "world' or true --", "member:' || auth.uid() || '",
    ]  # fmt: skip


@pytest.mark.parametrize("who", CLIENTS)
async def test_no_other_topic_can_be_joined_or_written_to(
    supabase: Address, people: dict[str, Person], owner: Person, who: str
):
    somebody = people[who]
    async with socket_of(supabase, somebody) as socket:
        for n, topic in enumerate(odd_topics(owner.id)):
            for presence in ({"enabled": False}, PRESENCE):
                answer = await socket.join(f"realtime:{topic}", ref=str(n), private=True, presence=presence)
                assert answer["response"]["reason"].startswith("Unauthorized:"), topic
    for topic in odd_topics(owner.id):
        path = f"/realtime/v1/api/broadcast/{quote(topic, safe='')}/events/change?private=true"
        answer = await somebody.http.post(path, json={})
        assert not answer.is_success, topic


async def test_only_its_member_joins_a_members_topic(supabase: Address, owner: Person, stranger: Person):
    async with socket_of(supabase, stranger) as socket:
        reason = "Unauthorized: You do not have permissions to read from this Channel topic: "
        topic = f"member:{owner.id}"
        assert (await socket.join(f"realtime:{topic}", private=True))["response"]["reason"] == reason + topic
        # The token counts that comes with the join, and a broken one is nobody's.
        with_own = await socket.join(f"realtime:{topic}", private=True, access_token=owner.token)
        assert with_own["status"] == "ok"
        await socket.send(f"realtime:{topic}", "access_token", {"access_token": stranger.token}, "4")
        while (frame := await socket.receive())["event"] != "phx_close":
            assert frame["event"] in ("system", "phx_reply")
        head, body, signature = owner.token.split(".")
        for forged in (f"{head}.{body}.{signature[::-1]}", f"eyJhbGciOiJub25lIn0.{body}.", "x"):
            assert (await socket.join(f"realtime:{topic}", private=True, access_token=forged))["status"] == "error"
        key = await socket.join(f"realtime:{topic}", private=True, access_token=supabase.service_role_key)
        assert key["status"] == "ok"


# Forging ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", CLIENTS)
@pytest.mark.parametrize("topic", FEEDS)
async def test_nobody_forges_what_the_database_says(
    supabase: Address, people: dict[str, Person], owner: Person, service: Person, topic: str, who: str
):
    """Over HTTP, in batches and one by one, on the private topic and on the public one of the same name."""
    name, somebody = topic.format(owner=owner.id), people[who]
    async with hall(supabase, service, name) as here:
        for private in (True, False, "true"):
            message = {"topic": name, "event": "change", "payload": {"forged": True}, "private": private}
            await somebody.http.post("/realtime/v1/api/broadcast", json={"messages": [message, message]})
        for query in ("?private=true", "?private=false", ""):
            answer = await somebody.http.post(
                f"/realtime/v1/api/broadcast/{name}/events/change{query}", json={"forged": True}
            )
            assert answer.status_code == (403 if query == "?private=true" else 202)
        async with socket_of(supabase, somebody) as socket:
            assert (await socket.join(f"realtime:{name}", presence=PRESENCE, broadcast={"ack": True}))["status"] == "ok"
            await socket.send(f"realtime:{name}", "broadcast", {"event": "change", "payload": {"forged": True}}, "2")
            await answered(socket, "2")
        assert await here.heard() == []


@pytest.mark.parametrize("who", CLIENTS)
async def test_a_public_channel_hears_nothing_of_the_private_one(
    supabase: Address, people: dict[str, Person], owner: Person, service: Person, studio: Studio, who: str
):
    async with AsyncExitStack() as doors:
        socket = await doors.enter_async_context(socket_of(supabase, people[who]))
        halls = []
        for topic in TOPICS:
            name = topic.format(owner=owner.id)
            halls.append(await doors.enter_async_context(hall(supabase, service, name)))
            assert (await socket.join(f"realtime:{name}", presence=PRESENCE))["status"] == "ok"
            await socket.event("presence_state")
        await owner.rest("PATCH", f"generations?id=eq.{studio.public.generation}", {"favourite": True})
        assert await events_until_change(halls[0].listener) == "generations"
        for here in halls:
            await here.say("secret")
            name = f"realtime:{here.topic}"
            await here.listener.send(name, "presence", {"event": "track", "payload": {}, "type": "presence"}, "9")
            await answered(here.listener, "9")
            assert ["probe"] in await here.heard()
        assert await socket.quiet()


async def events_until_change(socket: Socket) -> str:
    while (payload := await socket.event("broadcast"))["event"] != "change":
        pass
    return payload["payload"]["table"]


# What the circles hear ----------------------------------------------------------------------------------------------


async def test_a_private_picture_is_announced_to_its_owner_only(
    supabase: Address, owner: Person, stranger: Person, anon: Person, studio: Studio
):
    async with AsyncExitStack() as doors:
        sockets = {p.name: await doors.enter_async_context(socket_of(supabase, p)) for p in (owner, stranger, anon)}
        for name, socket in sockets.items():
            assert (await socket.join("realtime:world", private=True))["status"] == "ok", name
        own = f"realtime:member:{owner.id}"
        assert (await sockets["owner"].join(own, private=True, broadcast={"replication_ready": True}))["status"] == "ok"
        while (await sockets["owner"].event("system"))["status"] != "ok":
            pass
        await owner.rest("PATCH", f"generations?id=eq.{studio.private.generation}", {"favourite": True})
        await owner.rest("PATCH", f"generation_jobs?id=eq.{studio.private.job}", {"dismissed": True})
        job = await owner.enqueue(visibility="private", prompt="unheard of")
        await owner.call("cancel_generation", job_id=job["id"])
        await owner.rest("PATCH", f"profiles?id=eq.{owner.id}", {"bio": "the last word"})
        for name in ("stranger", "anon", "owner"):
            told = []
            while (frame := await sockets[name].receive())["event"] == "broadcast":
                told.append((frame["topic"].removeprefix("realtime:"), frame["payload"]["payload"]["table"]))
                if told[-1] == ("world", "profiles"):
                    break
            assert [entry for entry in told if entry[0] == "world"] == [("world", "profiles")]
            if name == "owner":
                topic = f"member:{owner.id}"
                studio_tables = [t for to, t in told if to == topic and t.startswith("generation")]
                assert studio_tables == ["generations", *["generation_jobs"] * 3]


async def test_what_goes_private_leaves_the_world_without_a_word_more(
    supabase: Address, owner: Person, anon: Person, studio: Studio
):
    async with socket_of(supabase, anon) as socket:
        await socket.join("realtime:world", private=True, broadcast={"replication_ready": True})
        while (await socket.event("system"))["status"] != "ok":
            pass
        picture = f"generations?id=eq.{studio.public.generation}"
        (row,) = (await owner.rest("PATCH", picture, {"visibility": "private"}, prefer="return=representation")).json()
        while (message := (await socket.event("broadcast"))["payload"])["table"] != "generations":
            pass  # its job goes with it
        assert message["records"] == []
        assert message["old_keys"] == [{"id": row["id"], "version": row["version"]}]
        await owner.rest("PATCH", picture, {"visibility": "public"})


async def test_replay_gives_what_the_topic_carried_and_no_more(
    supabase: Address, owner: Person, anon: Person, stranger: Person, studio: Studio
):
    since = {"replay": {"since": int(time.time() * 1000) - 60_000, "limit": 25}}
    await owner.rest("PATCH", f"generations?id=eq.{studio.private.generation}", {"favourite": False})
    for somebody in (anon, stranger):
        async with socket_of(supabase, somebody) as socket:
            refused = await socket.join(f"realtime:member:{owner.id}", private=True, broadcast=since)
            assert refused["status"] == "error"
            await socket.join("realtime:world", private=True, broadcast=since)
            await socket.send("realtime:world", "phx_leave", {}, "done")
            told = str(await answered(socket, "done"))
            assert studio.public.generation in told
            assert studio.private.generation not in told
            assert studio.private.job not in told


# Presence -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", ROOMS)
async def test_presence_of_a_room_stays_in_the_room(
    supabase: Address, owner: Person, anon: Person, stranger: Person, room: str
):
    async with AsyncExitStack() as doors:
        mine, theirs, outside = [
            await doors.enter_async_context(socket_of(supabase, somebody)) for somebody in (owner, stranger, anon)
        ]
        for socket in (mine, theirs):
            assert (await socket.join(f"realtime:{room}", private=True, presence=PRESENCE))["status"] == "ok"
            await socket.event("presence_state")
        assert (await outside.join(f"realtime:{room}", private=True, presence=PRESENCE))["status"] == "error"
        await outside.join(f"realtime:{room}", ref="2", presence=PRESENCE)  # the public channel of that name
        assert await outside.event("presence_state") == {}
        key = str(uuid4())
        await mine.send(
            f"realtime:{room}", "presence", {"event": "track", "payload": {"id": key}, "type": "presence"}, "2"
        )
        assert key in str(await theirs.event("presence_diff"))
        assert await outside.quiet()
        # The key is what a client says it is; so a page believes the profile of the id it finds there, not a name.
        await theirs.send(
            f"realtime:{room}", "presence", {"event": "track", "payload": {"name": "x"}, "type": "presence"}, "2"
        )
        assert "probe" in (await mine.event("presence_diff"))["joins"]


async def test_row_changes_are_not_another_way_in(supabase: Address, stranger: Person, owner: Person, studio: Studio):
    async with socket_of(supabase, stranger) as socket:
        wanted = [{"event": "*", "schema": schema, "table": "*"} for schema in ("public", "private", "auth")]
        await socket.join("realtime:world", private=True, postgres_changes=wanted)
        await owner.rest("PATCH", f"generations?id=eq.{studio.private.generation}", {"favourite": True})
        await owner.rest("PATCH", f"generations?id=eq.{studio.public.generation}", {"favourite": True})
        while studio.public.generation not in str(frame := await socket.receive()):
            assert studio.private.generation not in str(frame)
