"""What happens to a client that does too much, or nothing at all."""

from __future__ import annotations

import asyncio
import contextlib
import resource

import httpx
import orjson
import pytest
from websockets.exceptions import ConnectionClosed

from embedded.database import Database
from embedded.keys import Keys
from embedded.postgres import Postgres
from embedded.realtime import Limits, client
from embedded.realtime.limits import Rate
from tests.embedded.realtime_support import Socket, open_socket, serve

ONE_A_MINUTE = 1 / 60


async def test_an_idle_socket_is_closed(database: Database, keys: Keys, postgres: Postgres):
    limits = Limits(idle_s=1.0)
    async with serve(database, keys, postgres.dsn(), limits) as url, open_socket(url, keys.anon_key) as socket:
        await socket.join("realtime:idle")
        await asyncio.wait_for(socket.raw.wait_closed(), 30)
        assert socket.raw.close_code == 1000


async def test_a_thousand_idle_sockets_hold_nobody_up(database: Database, keys: Keys, postgres: Postgres):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # both ends of each socket are in this process
    try:
        async with serve(database, keys, postgres.dsn()) as url, contextlib.AsyncExitStack() as opened:

            async def join(topic: str) -> Socket:
                socket = await opened.enter_async_context(open_socket(url, keys.anon_key))
                assert (await socket.join(topic))["status"] == "ok"
                return socket

            idle: list[Socket] = []
            for _ in range(10):
                idle += await asyncio.gather(*(join(f"realtime:idle{n}") for n in range(100)))
            busy = await join("realtime:idle7")
            await busy.send("realtime:idle7", "broadcast", {"event": "hello"})
            for socket in idle[7::100]:
                assert await socket.event("broadcast") == {"event": "hello"}
            assert await busy.quiet()
            assert all(await asyncio.gather(*(socket.quiet() for socket in idle[::50])))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_slow_reader_is_closed_with_a_reason_and_holds_nobody_up(
    database: Database, keys: Keys, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
):
    async with (
        serve(database, keys, postgres.dsn(), Limits(max_outgoing_bytes=2_000_000)) as url,
        open_socket(url, keys.anon_key) as sender,
        open_socket(url, keys.anon_key) as quick,
        open_socket(url, keys.anon_key) as slow,
        open_socket(url, keys.anon_key) as asleep,
    ):

        async def flood() -> None:
            for ref in map(str, range(25)):
                await sender.send("realtime:slow", "broadcast", payload, ref)
                assert (await sender.event("phx_reply"))["status"] == "ok"
                assert await quick.event("broadcast") == payload

        payload = {"event": "e", "x": "x" * 1_000_000}
        await sender.join("realtime:slow", broadcast={"ack": True})
        for socket in (quick, slow):
            await socket.join("realtime:slow")
        monkeypatch.setattr(client, "GOODBYE_S", 30)
        slow.raw.transport.pause_reading()
        await flood()
        slow.raw.transport.resume_reading()  # within the time that a goodbye takes
        with contextlib.suppress(ConnectionClosed):
            async for frame in slow.raw:
                assert orjson.loads(frame)[4] == payload
        assert (slow.raw.close_code, slow.raw.close_reason) == (1008, "Too many messages are unread")

        monkeypatch.setattr(client, "GOODBYE_S", 0.05)
        await asleep.join("realtime:slow")
        asleep.raw.transport.pause_reading()
        await flood()
        asleep.raw.transport.resume_reading()
        await asyncio.wait_for(asleep.raw.wait_closed(), 30)
        assert asleep.raw.close_code == 1006  # cut off: it did not come round to it


async def test_too_many_events_close_the_channel(database: Database, keys: Keys, postgres: Postgres):
    limits = Limits(max_events_per_second=ONE_A_MINUTE)
    async with serve(database, keys, postgres.dsn(), limits) as url, open_socket(url, keys.anon_key) as socket:
        await socket.join("realtime:many", broadcast={"ack": True})
        await socket.send("realtime:many", "broadcast", {"event": "e"}, "2")
        assert (await socket.event("phx_reply"))["status"] == "ok"
        await socket.send("realtime:many", "broadcast", {"event": "e"}, "3")
        assert (await socket.event("system"))["message"] == "Too many messages per second"
        assert await socket.receive() == ["1", "1", "realtime:many", "phx_close", {}]


async def test_too_many_requests_are_refused(database: Database, keys: Keys, postgres: Postgres):
    limits = Limits(max_events_per_second=ONE_A_MINUTE)
    async with serve(database, keys, postgres.dsn(), limits) as url, httpx.AsyncClient() as http:
        for status, body in ((202, b""), (429, b'{"message":"Too many requests"}')):
            message = {"topic": "t", "event": "e", "payload": {}}
            answer = await http.post(
                f"{url}/api/broadcast", json={"messages": [message]}, headers={"apikey": keys.anon_key}
            )
            assert (answer.status_code, answer.content) == (status, body)


async def test_a_presence_too_large_closes_the_channel(database: Database, keys: Keys, postgres: Postgres):
    limits = Limits(max_payload_bytes=100)
    async with serve(database, keys, postgres.dsn(), limits) as url, open_socket(url, keys.anon_key) as socket:
        await socket.join("realtime:large")
        await socket.send("realtime:large", "presence", {"event": "track", "payload": {"x": "x" * 100}}, "2")
        assert (await socket.event("system"))["message"] == "Track message size exceeded"
        assert await socket.receive() == ["1", "1", "realtime:large", "phx_close", {}]


async def test_too_many_joins_close_the_socket(database: Database, keys: Keys, postgres: Postgres):
    limits = Limits(max_joins_per_second=ONE_A_MINUTE)
    async with serve(database, keys, postgres.dsn(), limits) as url, open_socket(url, keys.anon_key) as socket:
        assert (await socket.join("realtime:one"))["status"] == "ok"
        assert await socket.join("realtime:two", "2") == {
            "status": "error",
            "response": {"reason": "ClientJoinRateLimitReached: Too many joins per second"},
        }
        await asyncio.wait_for(socket.raw.wait_closed(), 30)


async def test_too_many_clients_may_not_join(database: Database, keys: Keys, postgres: Postgres):
    limits = Limits(max_concurrent_users=1)
    async with serve(database, keys, postgres.dsn(), limits) as url, open_socket(url, keys.anon_key) as first:
        async with open_socket(url, keys.anon_key) as second:
            reply = await second.join("realtime:full")
            assert reply["response"] == {"reason": "ConnectionRateLimitReached: Too many connected users"}
        assert (await first.join("realtime:full"))["status"] == "ok"


async def test_a_plan_lets_broadcasts_vanish_without_a_word(database: Database, keys: Keys, postgres: Postgres):
    # Ten a minute: a message and its two deliveries are three, so that after four messages nothing goes through.
    limits = Limits(plan_messages_per_second=10 * ONE_A_MINUTE)
    async with (
        serve(database, keys, postgres.dsn(), limits) as url,
        open_socket(url, keys.anon_key, 1) as one,
        open_socket(url, keys.anon_key, 1) as other,
    ):
        for socket in (one, other):
            await socket.join("realtime:plan", broadcast={"ack": True, "self": True})
        await one.send("realtime:plan", "broadcast", {"event": "client"}, "2")
        await one.event("phx_reply")
        await database.admin.execute("select realtime.send('{}', 'database', 'plan', false)")
        assert [(await other.event("broadcast"))["event"] for _ in range(2)] == ["client", "database"]
        async with httpx.AsyncClient() as http:
            message = {"topic": "plan", "event": "http", "payload": {}}
            for _ in range(3):
                answer = await http.post(
                    f"{url}/api/broadcast", json={"messages": [message]}, headers={"apikey": keys.anon_key}
                )
                assert answer.status_code == 202
        # Over the limit: nothing is said to anybody, and the channels live on.
        assert [(await other.event("broadcast"))["event"] for _ in range(2)] == ["http", "http"]
        for number in range(3):
            await one.send("realtime:plan", "broadcast", {"event": "client"}, f"a{number}")
            assert (await one.event("phx_reply"))["status"] == "ok"
            await database.admin.execute("select realtime.send('{}', 'database', 'plan', false)")
        assert await other.quiet()


async def test_presence_is_no_part_of_the_plan(database: Database, keys: Keys, postgres: Postgres):
    limits = Limits(plan_messages_per_second=0)
    async with serve(database, keys, postgres.dsn(), limits) as url, open_socket(url, keys.anon_key) as socket:
        await socket.join("realtime:none", broadcast={"self": True}, presence={"enabled": True, "key": "me"})
        await socket.send("realtime:none", "broadcast", {"event": "e"}, "2")
        await socket.send("realtime:none", "presence", {"event": "track", "payload": {}}, "3")
        assert (await socket.event("presence_diff"))["joins"].keys() == {"me"}


def test_a_rate_is_an_average_over_its_window():
    now = 0.0
    rate = Rate(2, 10, lambda: now)
    assert all(rate.add() for _ in range(18))
    assert not rate.spent
    assert rate.add(2)
    assert rate.spent
    assert not rate.add()
    now = 10.0
    assert not rate.spent
    assert rate.add()
    assert rate.average == 0.1
