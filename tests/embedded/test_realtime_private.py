"""Private channels: the policies on realtime.messages decide who joins, hears, speaks and is seen."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import httpx
import pytest

from embedded.database import Database
from embedded.keys import Keys
from embedded.postgres import Postgres
from embedded.realtime.authorization import Authorizer
from embedded.realtime.errors import DatabaseAway
from tests.embedded.realtime_support import POLICIES, Socket, open_socket, serve, token

OK = {"status": "ok", "response": {}}
JOINED = {"status": "ok", "response": {"postgres_changes": []}}


@pytest.fixture(scope="module")
async def url(database: Database, keys: Keys, postgres: Postgres) -> AsyncIterator[str]:
    await database.admin.execute(POLICIES)
    async with serve(database, keys, postgres.dsn()) as url:
        yield url
    for statement in POLICIES.split("create policy ")[1:]:
        await database.admin.execute(f"drop policy {statement.partition(' on ')[0]} on realtime.messages")


@pytest.fixture
async def alice(url: str, keys: Keys) -> AsyncIterator[Socket]:
    async with open_socket(url, token(keys), 1) as socket:
        yield socket


@pytest.fixture
async def bob(url: str, keys: Keys) -> AsyncIterator[Socket]:
    async with open_socket(url, token(keys), 2) as socket:
        yield socket


def unauthorized(topic: str) -> dict[str, object]:
    reason = f"Unauthorized: You do not have permissions to read from this Channel topic: {topic}"
    return {"status": "error", "response": {"reason": reason}}


async def test_who_may_enter(alice: Socket, url: str, keys: Keys):
    enabled = {"enabled": True}
    assert await alice.join("realtime:rt.none", private=True) == unauthorized("rt.none")
    assert await alice.join("realtime:rt.none", private=True, presence=enabled) == unauthorized("rt.none")
    assert await alice.join("realtime:rt.rb", private=True) == JOINED
    assert await alice.join("realtime:rt.rp", private=True) == unauthorized("rt.rp")  # presence alone is not enabled
    assert await alice.join("realtime:rt.rp", private=True, presence=enabled) == JOINED
    async with open_socket(url, keys.publishable_key) as visitor:
        assert await visitor.join("realtime:rt.rb", private=True) == unauthorized("rt.rb")
        assert await visitor.join("realtime:rt.rb", private=True, access_token=token(keys)) == JOINED
    async with open_socket(url, keys.secret_key) as service:
        assert await service.join("realtime:rt.none", private=True) == JOINED
    async with open_socket(url, token(keys, "supabase_admin")) as impostor:
        assert await impostor.join("realtime:rt.rb", private=True) == unauthorized("rt.rb")


async def test_a_topic_may_be_a_persons_own(alice: Socket, keys: Keys):
    me, other = str(uuid4()), str(uuid4())
    mine = token(keys, sub=me)
    assert await alice.join(f"realtime:rt.member:{me}", access_token=mine, private=True) == JOINED
    topic = f"rt.member:{other}"
    assert await alice.join(f"realtime:{topic}", access_token=mine, private=True) == unauthorized(topic)


async def test_trying_policies_leaves_no_rows(alice: Socket, database: Database):
    await alice.join("realtime:rt.rb.wb.rows", private=True, broadcast={"ack": True})
    await alice.send("realtime:rt.rb.wb.rows", "broadcast", {"event": "e"}, "2")
    assert await alice.event("phx_reply") == OK
    assert await database.admin.fetchval("select count(*) from realtime.messages where topic = 'rt.rb.wb.rows'") == 0


async def test_speaking_needs_its_own_permission(alice: Socket, bob: Socket):
    for topic in ("realtime:rt.rb", "realtime:rt.rb.wb"):
        await alice.join(topic, private=True, broadcast={"ack": True})
        await bob.join(topic, private=True)
    await alice.send("realtime:rt.rb", "broadcast", {"event": "lost"}, "2")  # dropped without a word, even with ack
    await alice.send("realtime:rt.rb.wb", "broadcast", {"event": "heard"}, "3")
    assert await alice.receive() == {"ref": "3", "event": "phx_reply", "payload": OK, "topic": "realtime:rt.rb.wb"}
    assert await bob.receive() == [None, None, "realtime:rt.rb.wb", "broadcast", {"event": "heard"}]
    assert await bob.quiet()


async def test_public_and_private_channels_of_one_name_are_two(alice: Socket, bob: Socket):
    await alice.join("realtime:rt.rb.wb.two", private=True)
    await bob.join("realtime:rt.rb.wb.two")
    await alice.send("realtime:rt.rb.wb.two", "broadcast", {"event": "secret"}, "2")
    await bob.send("realtime:rt.rb.wb.two", "broadcast", {"event": "open"}, "2")
    assert await alice.quiet()
    assert await bob.quiet()


async def test_presence_has_permissions_of_its_own(alice: Socket, bob: Socket):
    enabled = {"enabled": True, "key": "k"}
    await alice.join("realtime:rt.rb", private=True, presence=enabled)
    assert await alice.quiet()  # may not read presence: no state
    await alice.send("realtime:rt.rb", "presence", {"event": "track", "payload": {}}, "2")
    assert (await alice.receive())["payload"] == {"status": "error", "response": {}}
    await alice.join("realtime:rt.rb.wp", private=True)  # may be seen, may not see
    await bob.join("realtime:rt.rb.wp", private=True, presence=enabled)
    await alice.send("realtime:rt.rb.wp", "presence", {"event": "track", "payload": {}}, "3")
    assert (await alice.receive())["payload"] == OK
    assert await alice.quiet()
    await bob.join("realtime:rt.rp.wp", private=True, presence=enabled)
    assert await bob.event("presence_state") == {}
    await bob.send("realtime:rt.rp.wp", "presence", {"event": "track", "payload": {"a": 1}}, "3")
    assert await bob.event("phx_reply") == OK
    assert list((await bob.event("presence_diff"))["joins"]) == ["k"]


async def test_a_new_token_is_asked_again(bob: Socket, keys: Keys):
    await bob.join("realtime:rt.rb.new", private=True)
    await bob.send("realtime:rt.rb.new", "access_token", {"access_token": token(keys, n=2)})
    assert await bob.quiet()
    await bob.send("realtime:rt.rb.new", "access_token", {"access_token": token(keys, "anon")})
    assert await bob.event("system") == {
        "message": "You do not have permissions to read from this Channel topic: rt.rb.new",
        "status": "error", "extension": "system", "channel": "rt.rb.new",
    }  # fmt: skip
    assert await bob.receive() == ["1", "1", "realtime:rt.rb.new", "phx_close", {}]


async def test_a_new_token_that_reads_less_closes_the_channel(bob: Socket, keys: Keys):
    topic = "rt.half"
    await bob.join(f"realtime:{topic}", access_token=token(keys, half="all"), private=True, presence={"enabled": True})
    await bob.event("presence_state")
    await bob.send(f"realtime:{topic}", "access_token", {"access_token": token(keys, half="presence")})
    assert (await bob.event("system"))["message"] == (
        "You no longer have permission to read from this Channel topic: rt.half"
    )
    assert await bob.receive() == ["1", "1", f"realtime:{topic}", "phx_close", {}]


async def test_a_join_may_name_its_token_as_before(alice: Socket, keys: Keys):
    await alice.send("realtime:rt.none", "phx_join", {"config": {"private": True}, "user_token": "x"})
    reason = "MalformedJWT: The token provided is not a valid JWT"
    assert await alice.event("phx_reply") == {"status": "error", "response": {"reason": reason}}


async def test_the_database_reaches_private_members(alice: Socket, bob: Socket, database: Database):
    await alice.join("realtime:rt.rb.db", private=True)
    await bob.join("realtime:rt.rp.db", private=True, presence={"enabled": True})
    await bob.event("presence_state")
    for topic in ("rt.rb.db", "rt.rp.db"):
        await database.admin.execute("select realtime.send('{\"a\": 1}', 'ev', $1)", topic)
    payload = (await alice.receive())["payload"]
    assert payload["payload"] == {"a": 1, "id": payload["meta"]["id"]}
    await alice.send("phoenix", "heartbeat", {})
    assert await bob.quiet()  # may read presence only


async def test_http_with_and_without_permission(bob: Socket, url: str, keys: Keys):
    await bob.join("realtime:rt.rb.wb.http", private=True)
    message = {"topic": "rt.rb.wb.http", "event": "e", "payload": {}, "private": True}
    async with httpx.AsyncClient(base_url=url, headers={"apikey": keys.anon_key}) as client:
        bearer = {"authorization": f"Bearer {token(keys)}"}
        for headers in ({}, bearer):
            answer = await client.post("/api/broadcast", json={"messages": [message]}, headers=headers)
            assert answer.status_code == 202
        assert (await bob.receive())[4] == {"event": "e", "payload": {}, "type": "broadcast"}
        single = "/api/broadcast/rt.rb.wb.http/events/one?private=true"
        assert (await client.post(single, json={})).status_code == 403
        assert (await client.post(single, json={}, headers=bearer)).status_code == 202
        assert b"one{}" in await bob.receive()
        assert await bob.quiet()


async def test_replay(alice: Socket, bob: Socket, database: Database):
    since = int(time.time() * 1000) - 1000
    for n in range(3):
        await database.admin.execute("select realtime.send(jsonb_build_object('n', $1::int), 'ev', 'rt.rb.r')", n)
    await database.admin.execute("select realtime.send('{}', 'public', 'rt.rb.r', false)")
    reply = await bob.join("realtime:rt.rb.r", private=True, broadcast={"replay": {"since": since, "limit": 2}})
    assert reply == JOINED
    for n in (1, 2):
        join_ref, ref, topic, event, payload = await bob.receive()
        assert (join_ref, ref, topic, event) == ("1", None, "realtime:rt.rb.r", "broadcast")
        message_id = payload["meta"]["id"]
        assert payload == {
            "event": "ev", "meta": {"id": message_id, "replayed": True},
            "payload": {"n": n, "id": message_id}, "type": "broadcast",
        }  # fmt: skip
    assert await bob.quiet()
    future = {"replay": {"since": since + 3_600_000}}
    assert await alice.join("realtime:rt.rb.r", private=True, broadcast=future) == JOINED
    assert await alice.quiet()


@pytest.mark.parametrize(
    "cut_off", [ConnectionResetError(), asyncpg.InterfaceError("closed"), asyncpg.InternalClientError("got result")]
)
async def test_a_connection_that_is_cut_while_it_is_asked_is_a_database_that_is_away(cut_off: Exception):
    """asyncpg says it in any of these ways, by chance: which one cannot be brought about at will."""

    async def connect(*_: object, **__: object) -> asyncpg.Connection:
        raise cut_off

    async with asyncpg.create_pool(min_size=0, connect=connect) as pool:
        authorizer, claims = Authorizer(Database(pool, pool)), {"role": "authenticated"}
        with pytest.raises(DatabaseAway):
            await authorizer.read_access(claims, "rt.rb", presence=False)
        with pytest.raises(DatabaseAway):
            await authorizer.may_write(claims, "rt.wb", "broadcast")
