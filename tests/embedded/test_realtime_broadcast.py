"""Broadcasts of clients, by HTTP and from the database, and presence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import orjson
import pytest

from embedded.database import Database
from embedded.keys import Keys
from embedded.postgres import Postgres
from tests.embedded.realtime_support import Socket, open_socket, serve

OK = {"status": "ok", "response": {}}


@pytest.fixture(scope="module")
async def url(database: Database, keys: Keys, postgres: Postgres) -> AsyncIterator[str]:
    async with serve(database, keys, postgres.dsn()) as url:
        yield url


@pytest.fixture
async def sockets(url: str, keys: Keys) -> AsyncIterator[tuple[Socket, Socket, Socket]]:
    """A version 1 socket and two of version 2."""
    async with AsyncExitStack() as stack:
        one, two, three = [await stack.enter_async_context(open_socket(url, keys.anon_key, v)) for v in (1, 2, 2)]
        yield one, two, three


async def test_a_text_broadcast_reaches_the_others_unchanged(sockets: tuple[Socket, Socket, Socket]):
    one, two, three = sockets
    for socket in sockets:
        await socket.join("realtime:bc")
    payload = {"type": "broadcast", "event": "hello", "payload": {"x": 1, "s": "ünï 😀"}, "more": [1.5, None]}
    await one.send("realtime:bc", "broadcast", payload, "2")
    assert await two.receive() == [None, None, "realtime:bc", "broadcast", payload]
    assert await three.receive() == [None, None, "realtime:bc", "broadcast", payload]
    assert await one.quiet()
    await two.send("realtime:bc", "broadcast", {"event": "notype"}, "3")
    assert await one.receive() == {
        "ref": None,
        "event": "broadcast",
        "payload": {"event": "notype"},
        "topic": "realtime:bc",
    }


async def test_binary_broadcasts(sockets: tuple[Socket, Socket, Socket]):
    one, two, three = sockets
    for socket in sockets:
        await socket.join("realtime:bc")
    await two.raw.send(b"\x03\x01\x01\x0b\x02\x00\x01" + b"12realtime:bcbj" + b'{"y":2}')
    assert await three.receive() == bytes.fromhex("040b0200017265616c74696d653a6263626a7b2279223a327d")
    assert (await one.receive())["payload"] == {"event": "bj", "payload": {"y": 2}, "type": "broadcast"}
    await two.raw.send(b"\x03\x01\x01\x0b\x02\x00\x00" + b"12realtime:bcby" + b"\x00\xff")
    assert await three.receive() == b"\x04\x0b\x02\x00\x00realtime:bcby\x00\xff"
    assert await one.quiet()  # bytes are nothing to version 1.0.0


async def test_self_and_ack(sockets: tuple[Socket, Socket, Socket]):
    _, two, _ = sockets
    await two.join("realtime:ack", broadcast={"self": True, "ack": True})
    await two.send("realtime:ack", "broadcast", {"event": "e", "n": 1}, "2")
    await two.raw.send(b"\x03\x01\x01\x0c\x01\x00\x01" + b"13realtime:acke" + b"{}")
    assert await two.receive() == [None, None, "realtime:ack", "broadcast", {"event": "e", "n": 1}]
    assert await two.receive() == ["1", "2", "realtime:ack", "phx_reply", OK]
    assert await two.receive() == b"\x04\x0c\x01\x00\x01realtime:acke{}"
    assert await two.receive() == ["1", "3", "realtime:ack", "phx_reply", OK]
    await two.send("realtime:ack", "broadcast", {"event": "big", "x": "x" * 3_000_501}, "4")
    assert await two.receive() == [
        "1", "4", "realtime:ack", "phx_reply", {"status": "error", "response": "payload_size_exceeded"},
    ]  # fmt: skip


async def test_a_senseless_broadcast_crashes_its_channel_alone(sockets: tuple[Socket, Socket, Socket]):
    one, _, _ = sockets
    await one.join("realtime:crash")
    await one.join("realtime:other", "2")
    await one.send("realtime:crash", "broadcast", "a string", "3")
    assert await one.receive() == {
        "ref": "1", "event": "phx_error", "payload": {"reason": "channel_crash"}, "topic": "realtime:crash",
    }  # fmt: skip
    assert await one.join("realtime:crash", "4") == {"status": "ok", "response": {"postgres_changes": []}}


async def test_http_batch(sockets: tuple[Socket, Socket, Socket], url: str, keys: Keys):
    one, two, _ = sockets
    await one.join("realtime:http")
    await two.join("realtime:http")
    async with httpx.AsyncClient(base_url=url, headers={"apikey": keys.anon_key}) as http:

        async def post(messages: object) -> tuple[int, object]:
            answer = await http.post("/api/broadcast", json=messages)
            return answer.status_code, answer.json() if answer.content else None

        good = {"topic": "http", "event": "ev", "payload": {"a": 1}}
        assert await post({"messages": [good, good | {"topic": "nobody"}]}) == (202, None)
        sent = {"event": "ev", "payload": {"a": 1}, "type": "broadcast"}
        assert await two.receive() == [None, None, "realtime:http", "broadcast", sent]
        assert (await one.receive())["payload"] == sent
        assert await post({"messages": [good | {"private": True}]}) == (202, None)  # dropped: not permitted
        assert await post({"messages": []}) == (422, {"errors": {"messages": ["can't be blank"]}})
        assert await post({}) == (422, {"errors": {"messages": ["can't be blank"]}})
        assert await post({"messages": "x"}) == (422, {"errors": {"messages": ["is invalid"]}})
        assert await post({"messages": [good, {"event": "e", "payload": 1}]}) == (
            422, {"errors": {"messages": [{}, {"topic": ["can't be blank"], "payload": ["is invalid"]}]}},
        )  # fmt: skip
        assert await post({"messages": [good | {"payload": {"x": "x" * 3_000_500}}]}) == (
            422, {"errors": {"messages": [{"payload": ["Payload size exceeds tenant limit"]}]}},
        )  # fmt: skip
        assert {(await http.request(method, "/api/broadcast")).status_code for method in ("GET", "OPTIONS")} == {404}
        answer = await http.post("/api/broadcast", content=b"nonsense", headers={"content-type": "application/json"})
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (400, "text/html")
        assert int(answer.headers["x-rate-limit-remaining"]) > 0
        bad = await http.post("/api/broadcast", json={"messages": [good]}, headers={"authorization": "Bearer x"})
        assert (bad.status_code, bad.json()) == (401, {"message": "Unauthorized"})
        assert await two.quiet()


async def test_http_single(sockets: tuple[Socket, Socket, Socket], url: str, keys: Keys):
    one, two, _ = sockets
    await one.join("realtime:a/b c")
    await two.join("realtime:a/b c")
    async with httpx.AsyncClient(base_url=url, headers={"apikey": keys.anon_key}) as http:
        answer = await http.post("/api/broadcast/a%2Fb%20c/events/ev", json={"a": 1})
        assert (answer.status_code, answer.content) == (202, b"")
        assert await two.receive() == b'\x04\x0e\x02\x00\x01realtime:a/b cev{"a":1}'
        assert (await one.receive())["payload"] == {"event": "ev", "payload": {"a": 1}, "type": "broadcast"}
        octets = {"content-type": "application/octet-stream"}
        answer = await http.post("/api/broadcast/a%2Fb%20c/events/ev", content=b"\x00", headers=octets)
        assert answer.status_code == 202
        assert await two.receive() == b"\x04\x0e\x02\x00\x00realtime:a/b cev\x00"
        answer = await http.post("/api/broadcast/x/events/ev", content=b"x", headers={"content-type": "text/plain"})
        unsupported = "Unsupported Media Type. Use application/json or application/octet-stream"
        assert (answer.status_code, answer.json()) == (415, {"error": unsupported})
        answer = await http.post("/api/broadcast/x/events/ev?private=true", json={})
        assert (answer.status_code, answer.json()) == (403, {"message": "Unauthorized"})


async def test_the_database_sends(sockets: tuple[Socket, Socket, Socket], database: Database):
    one, two, _ = sockets
    await one.join("realtime:db")
    await two.join("realtime:db")
    await database.admin.execute("select realtime.send('{\"q\": 1.50}', 'ev', 'db', false)")
    frame = await two.receive()
    assert frame[:5] == b"\x04\x0b\x02\x2d\x01"
    assert frame[5:18] == b"realtime:dbev"
    meta, payload = orjson.loads(frame[18:63]), frame[63:]
    assert payload == b'{"q": 1.50, "id": "%s"}' % meta["id"].encode()
    assert await one.receive() == {
        "ref": None, "event": "broadcast", "topic": "realtime:db",
        "payload": {"event": "ev", "meta": meta, "payload": {"q": 1.5, **meta}, "type": "broadcast"},
    }  # fmt: skip
    await database.admin.execute("select realtime.send_binary('\\x00ff'::bytea, 'by', 'db', false)")
    frame = await two.receive()
    assert (frame[4], frame[-2:]) == (0, b"\x00\xff")
    await database.admin.execute("select realtime.send('{}', 'ev', 'db', true)")  # private: not for a public channel
    insert = "insert into realtime.messages (topic, extension, event, payload) values ('db', 'broadcast', 'raw', '[1]')"
    await database.admin.execute(insert)
    assert (await two.receive())[-3:] == b"[1]"
    assert (await one.receive())["payload"]["payload"] == [1]
    assert await one.quiet()


async def test_the_database_sends_on_commit_in_commit_order(sockets: tuple[Socket, Socket, Socket], database: Database):
    one, _, _ = sockets
    await one.join("realtime:order")
    send = "select realtime.send(jsonb_build_object('n', $1::int), 'n', 'order', false)"
    async with database.admin.acquire() as first, database.admin.acquire() as second:
        late, never = first.transaction(), second.transaction()
        await late.start()
        await first.execute(send, 1)
        await never.start()
        await second.execute(send, 99)
        await never.rollback()
        await second.execute(send, 2)
        await first.execute(send, 3)
        await late.commit()
    many = "select realtime.send(jsonb_build_object('n', n), 'n', 'order', false) from generate_series(4, 1003) n"
    await database.admin.execute(many)
    numbers = [(await one.event("broadcast"))["payload"]["n"] for _ in range(1003)]
    assert numbers == [2, 1, 3, *range(4, 1004)]


async def test_presence_between_sockets(sockets: tuple[Socket, Socket, Socket]):
    one, two, three = sockets
    await one.join("realtime:pr", presence={"key": "u1", "enabled": True})
    assert await one.receive() == {"ref": None, "event": "presence_state", "payload": {}, "topic": "realtime:pr"}
    await two.join("realtime:pr")  # did not enable presence and gets the differences all the same
    await one.send("realtime:pr", "presence", {"type": "presence", "event": "TRACK", "payload": {"n": 1}}, "2")
    assert await one.receive() == {"ref": "2", "event": "phx_reply", "payload": OK, "topic": "realtime:pr"}
    diff = await one.event("presence_diff")
    (meta,) = diff["joins"]["u1"]["metas"]
    assert (meta["n"], len(meta["phx_ref"]), diff["leaves"]) == (1, 16, {})
    assert await two.receive() == [None, None, "realtime:pr", "presence_diff", diff]
    await three.join("realtime:pr", presence={"key": "u3", "enabled": True})
    assert await three.receive() == ["1", None, "realtime:pr", "presence_state", {"u1": {"metas": [meta]}}]
    await one.send("realtime:pr", "presence", {"event": "track", "payload": {"n": 1}}, "3")
    assert (await one.receive())["payload"] == OK  # the same again: no difference
    await one.send("realtime:pr", "presence", {"event": "track", "payload": "x"}, "4")
    error = {"status": "error", "response": {"reason": "Presence track payload must be a map"}}
    assert (await one.receive())["payload"] == error
    await one.raw.close()
    assert await two.receive() == [
        None, None, "realtime:pr", "presence_diff", {"joins": {}, "leaves": {"u1": {"metas": [meta]}}},
    ]  # fmt: skip


async def test_presence_errors_and_its_limit(sockets: tuple[Socket, Socket, Socket]):
    _, two, _ = sockets
    await two.join("realtime:pl")
    await two.send("realtime:pl", "presence", {}, "2")
    assert (await two.receive())[4] == OK
    await two.send("realtime:pl", "presence", {"event": "dance"}, "3")
    assert (await two.receive())[4] == {"status": "error", "response": {}}
    for ref in ("4", "5", "6"):
        await two.send("realtime:pl", "presence", {"event": "untrack"}, ref)
        assert (await two.receive())[4] == OK
    await two.send("realtime:pl", "presence", {"event": "untrack"}, "7")
    assert (await two.event("system"))["message"] == "Client presence rate limit exceeded"
    assert await two.receive() == ["1", "1", "realtime:pl", "phx_close", {}]
