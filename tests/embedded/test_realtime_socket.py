"""Sockets, joins and leaves, frame by frame as the real server answers."""

from __future__ import annotations

import contextlib
import logging
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from embedded.database import Database
from embedded.keys import Keys
from embedded.postgres import Postgres
from tests.embedded.realtime_support import Socket, open_socket, serve, token, until

UNMATCHED = {"status": "error", "response": {"reason": "unmatched topic"}}
JOINED = {"status": "ok", "response": {"postgres_changes": []}}
OK = {"status": "ok", "response": {}}


@pytest.fixture(scope="module")
async def url(database: Database, keys: Keys, postgres: Postgres) -> AsyncIterator[str]:
    async with serve(database, keys, postgres.dsn()) as url:
        yield url


@pytest.fixture
async def v1(url: str, keys: Keys) -> AsyncIterator[Socket]:
    async with open_socket(url, keys.anon_key, 1) as socket:
        yield socket


@pytest.fixture
async def v2(url: str, keys: Keys) -> AsyncIterator[Socket]:
    async with open_socket(url, keys.anon_key, 2) as socket:
        yield socket


async def refused(address: str) -> tuple[int, bytes]:
    with pytest.raises(InvalidStatus) as refusal:
        async with connect(address):
            pass
    return refusal.value.response.status_code, refusal.value.response.body or b""


async def test_a_bad_key_is_an_http_answer(url: str, keys: Keys):
    address = url.replace("http", "ws") + "/websocket?vsn=2.0.0"
    other = Keys.create()
    assert await refused(address) == (401, b'{"error":"API key is missing"}')
    assert await refused(f"{address}&apikey=x") == (401, b'{"error":"The token provided is not a valid JWT"}')
    assert await refused(f"{address}&apikey={other.anon_key}") == (401, b'{"error":"Failed to validate JWT signature"}')
    assert await refused(f"{address}&apikey={token(keys, seconds=-5)}") == (401, b'{"error":"Token has expired"}')
    no_role = keys.sign({"exp": int(time.time() + 60)})
    assert await refused(f"{address}&apikey={no_role}") == (
        401,
        b'{"error":"Fields `role` and `exp` are required in JWT"}',
    )
    assert await refused(f"{url.replace('http', 'ws')}/websocket?vsn=3.0.0&apikey={keys.anon_key}") == (403, b"")


@pytest.mark.parametrize("kind", ["publishable_key", "secret_key", "anon_key", "service_role_key"])
async def test_every_key_of_the_project_opens_a_socket(url: str, keys: Keys, kind: str):
    async with open_socket(url, getattr(keys, kind)) as socket:
        assert await socket.join("realtime:keys") == JOINED


async def test_keys_are_not_logged(url: str, keys: Keys, caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO")
    async with open_socket(url, keys.anon_key) as socket:
        await socket.join("realtime:log")
    assert keys.anon_key not in caplog.text


async def test_heartbeats_and_unmatched_topics(v1: Socket, v2: Socket):
    await v1.send("phoenix", "heartbeat", {}, "1", None)
    assert await v1.receive() == {"ref": "1", "event": "phx_reply", "payload": OK, "topic": "phoenix"}
    await v2.send("phoenix", "heartbeat", {}, 7, None)
    assert await v2.receive() == [None, 7, "phoenix", "phx_reply", OK]
    await v1.send("realtime:unjoined", "broadcast", {}, "3")
    assert await v1.receive() == {"ref": "3", "event": "phx_reply", "payload": UNMATCHED, "topic": "realtime:unjoined"}
    for topic, event in (("phoenix", "x"), ("room", "phx_join"), ("realtime:unjoined", "presence")):
        await v2.send(topic, event, {}, "4", "1")
        assert await v2.receive() == [None, "4", topic, "phx_reply", UNMATCHED]
    await v2.raw.send("[1,2,3,4,5]")
    assert await v2.receive() == [None, 2, 3, "phx_reply", UNMATCHED]
    await v2.send("realtime:unjoined", "phx_leave", {}, "5", "1")
    assert await v2.receive() == [None, "5", "realtime:unjoined", "phx_reply", OK]


async def test_malformed_frames_are_ignored(v2: Socket, v1: Socket):
    for socket in (v1, v2):
        assert await socket.join("realtime:mal") == JOINED
        for frame in ("nonsense", "{}", "[1]", b"", b"\x03\x01", b"\xff\xff"):
            await socket.raw.send(frame)
        assert await socket.quiet()


async def test_nesting_too_deep_harms_nobody(v2: Socket, v1: Socket):
    for socket in (v1, v2):
        await socket.join("realtime:deep", broadcast={"self": True}, presence={"enabled": True})
        await socket.event("presence_state")
    for depth in (245, 247, 249, 5000):
        nest = "[" * depth + "]" * depth
        await v2.raw.send(f'["1","2",{nest},"x",{{}}]')
        await v2.raw.send(f'["1","2","realtime:deep","broadcast",{{"event":"deep","payload":{nest}}}]')
        await v2.raw.send(f'["1","2","realtime:deep","presence",{{"event":"track","payload":{{"a":{nest}}}}}]')
        await v2.send("realtime:deep", "broadcast", {"event": "next", "depth": depth})
        while await v2.event("broadcast") != {"event": "next", "depth": depth}:
            pass
    await v1.join("realtime:deep", "2", presence={"enabled": True})
    await v1.event("presence_state")


async def test_join_and_leave(v2: Socket, v1: Socket):
    await v2.send("realtime:v2a", "phx_join", {"config": {}}, "6", "6")
    assert await v2.receive() == ["6", "6", "realtime:v2a", "phx_reply", JOINED]
    await v2.send("realtime:v2a", "heartbeat", {}, "7", "6")  # an event that no channel knows
    await v2.send("realtime:v2a", "phx_leave", {}, "8", "6")
    assert await v2.receive() == ["6", "8", "realtime:v2a", "phx_reply", OK]
    assert await v2.receive() == ["6", "6", "realtime:v2a", "phx_close", {}]
    await v1.send("realtime:v1a", "phx_join", {"config": {}}, "1", "1")
    assert await v1.receive() == {"ref": "1", "event": "phx_reply", "payload": JOINED, "topic": "realtime:v1a"}
    await v1.send("realtime:v1a", "phx_leave", {}, "2", "1")
    assert await v1.receive() == {"ref": "2", "event": "phx_reply", "payload": OK, "topic": "realtime:v1a"}
    assert await v1.receive() == {"ref": "1", "event": "phx_close", "payload": {}, "topic": "realtime:v1a"}


async def test_joining_again_replaces_the_membership(v2: Socket):
    await v2.join("realtime:twice", "5")
    await v2.send("realtime:twice", "phx_join", {"config": {"broadcast": {"self": True}}}, "6", "6")
    assert await v2.receive() == ["6", "6", "realtime:twice", "phx_reply", JOINED]
    assert await v2.receive() == ["5", "5", "realtime:twice", "phx_close", {}]
    await v2.send("realtime:twice", "phx_leave", {}, "7", "5")  # late, for the membership that is gone
    assert await v2.receive() == ["5", "7", "realtime:twice", "phx_reply", OK]
    await v2.send("realtime:twice", "broadcast", {"event": "one"}, "8", "6")
    assert await v2.receive() == [None, None, "realtime:twice", "broadcast", {"event": "one"}]
    assert await v2.quiet()


async def test_nonsense_in_a_join_is_taken_as_the_default(v2: Socket):
    reply = await v2.join(
        "realtime:odd", presence="x", private="maybe", postgres_changes="x", broadcast={"ack": "TRUE"}
    )
    assert reply == JOINED
    await v2.send("realtime:odd", "broadcast", {"event": "e"}, "2")
    assert await v2.receive() == ["1", "2", "realtime:odd", "phx_reply", OK]


async def test_row_changes_of_no_table_are_refused(v2: Socket):
    asked = {"event": "INSERT", "schema": "public", "table": "rt_items", "filter": "k=eq.zz"}
    await v2.send("realtime:jsx", "phx_join", {"config": {"postgres_changes": [asked, None, asked]}}, "6", "6")
    join_ref, ref, topic, event, payload = await v2.receive()
    assert (join_ref, ref, topic, event, payload["status"]) == ("6", "6", "realtime:jsx", "phx_reply", "ok")
    first, second = payload["response"]["postgres_changes"]
    assert first == second == {"id": first["id"], **asked}
    assert 0 <= first["id"] < 2**27
    join_ref, ref, topic, event, payload = await v2.receive()
    assert (join_ref, ref, topic, event) == ("6", None, "realtime:jsx", "system")
    assert payload["message"].startswith("Unable to subscribe to changes with given parameters. Please check Realtime")
    assert {key: payload[key] for key in ("status", "extension", "channel")} == {
        "status": "error", "extension": "postgres_changes", "channel": "jsx",
    }  # fmt: skip
    await v2.send("realtime:legacy", "phx_join", {}, "7", "7")
    assert (await v2.event("phx_reply"))["status"] == "ok"
    assert "schema: legacy, table: *" in (await v2.event("system"))["message"]


async def test_join_errors(v2: Socket, keys: Keys):
    async def reason(topic: str = "realtime:x", access_token: str | None = None, **config: Any) -> str:
        reply = await v2.join(topic, access_token=access_token, **config)
        assert reply["status"] == "error"
        return reply["response"]["reason"]

    assert await reason("realtime:") == "TopicNameRequired: You must provide a topic name"
    expired = token(keys, seconds=-7)
    assert (await reason(access_token=expired)).startswith("InvalidJWTToken: Token has expired ")
    assert await reason(access_token="x") == "MalformedJWT: The token provided is not a valid JWT"
    other = token(Keys.create())
    assert await reason(access_token=other) == "JwtSignatureError: Failed to validate JWT signature"
    no_role = keys.sign({"exp": int(time.time() + 60)})
    assert await reason(access_token=no_role) == "InvalidJWTToken: Fields `role` and `exp` are required in JWT"
    replay = {"replay": {"since": 1}}
    assert await reason(broadcast=replay) == "UnableToReplayMessages: Replay is not allowed for public channels"
    replay = {"replay": {"since": "x"}}
    assert await reason(broadcast=replay, private=True) == "UnableToReplayMessages: Replay params are not valid"
    assert await v2.join("realtime:x", access_token="sb_publishable_something") == JOINED


async def test_the_101st_channel_is_refused(v2: Socket):
    for number in range(100):
        assert await v2.join(f"realtime:many{number}") == JOINED
    reply = await v2.join("realtime:many100")
    assert reply == {"status": "error", "response": {"reason": "ChannelRateLimitReached: Too many channels"}}
    assert await v2.join("realtime:many7", "again") == JOINED


async def test_a_token_ends_its_channel_and_no_other(url: str, keys: Keys):
    async with open_socket(url, keys.anon_key, 1) as socket:
        await socket.join("realtime:stays", "9")
        await socket.join("realtime:ex", access_token=token(keys, seconds=2))
        assert await socket.receive() == {
            "ref": None, "event": "system", "topic": "realtime:ex",
            "payload": {"message": "Token has expired 0 seconds ago", "status": "error", "extension": "system", "channel": "ex"},
        }  # fmt: skip
        assert await socket.receive() == {"ref": "1", "event": "phx_close", "payload": {}, "topic": "realtime:ex"}
        assert await socket.quiet()


async def test_a_new_token_restarts_the_timer_and_a_bad_one_closes(v2: Socket, keys: Keys):
    first = token(keys, seconds=2)
    await v2.join("realtime:rn", access_token=first)
    await v2.join("realtime:not renewed", access_token=first)
    await v2.send("realtime:rn", "access_token", {"access_token": token(keys)})
    for ignored in (None, "sb_publishable_x"):
        await v2.send("realtime:rn", "access_token", {"access_token": ignored})
    await v2.event("phx_close")  # of the channel that keeps the first token
    assert await v2.quiet()
    for bad, message in (
        (keys.sign({"exp": int(time.time() + 60)}), "Fields `role` and `exp` are required in JWT"),
        (token(Keys.create()), ":signature_error"),
        ("nonsense", "The token provided is not a valid JWT"),
        (token(keys, seconds=-5), "Token has expired 5 seconds ago"),
    ):
        await v2.join("realtime:rn", "2")
        while not await v2.quiet():
            pass
        await v2.send("realtime:rn", "access_token", {"access_token": bad}, "3", "2")
        system = await v2.event("system")
        assert system == {"message": message, "status": "error", "extension": "system", "channel": "rn"}
        assert await v2.receive() == ["2", "2", "realtime:rn", "phx_close", {}]


async def test_a_frame_too_large_closes_with_1009(v2: Socket):
    with contextlib.suppress(ConnectionClosed):
        await v2.raw.send(b"x" * 5_000_001)
    await v2.raw.wait_closed()
    assert v2.raw.close_code == 1009


async def test_http_needs_a_key_and_gets_401(url: str):
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{url}/api/broadcast", json={"messages": []})
        assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})
        assert orjson.loads(answer.content)


async def test_the_log_tells_what_a_socket_did_in_one_line_each_and_no_token(
    url: str, keys: Keys, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, "embedded.realtime")
    async with open_socket(url, keys.anon_key) as socket:
        await socket.join("realtime:told\nforged", access_token=token(keys))
        await socket.join("realtime:")
        await socket.send("realtime:told\nforged", "phx_leave", {})
        assert await socket.event("phx_close") == {}
    await until(lambda: any("closed by its client" in line for line in caplog.messages))
    of_socket, told = set(), []
    for line in caplog.messages:
        assert keys.anon_key not in line
        assert token(keys).partition(".")[0] not in line
        if found := re.fullmatch(r"socket ([\w-]{36}): (.*)", line):
            of_socket.add(found[1])
            told.append(found[2])
    assert len(of_socket) == 1
    assert told == [
        "opened, version 2.0.0",
        "joined 'realtime:told\\nforged'",
        "may not join 'realtime:': 'TopicNameRequired: You must provide a topic name'",
        "left 'realtime:told\\nforged'",
        "closed by its client",
    ]
