"""The trial: a server that refuses, stalls, drops, closes, floods and talks nonsense; and nothing is ever left wrong.

R2, R3, R8, K1 to K3. The traps of realtime-py (numbers as in the notes on the library) and where each is tried:

 1  a callback that raises kills the reader           here: a reader that was killed is noticed
 2  it gives up after five attempts                   here: backoff doubles to its bound and attempts never end
 3  phx_close and errors are taken for another join's here: an unexpected close, an error of a channel
 4  an expired token closes its channels for good     test_connection_tokens: a token that is refused is renewed once
 5  heartbeat replies are never looked at             here: a probe that is lost, or late
 6  SUBSCRIBED is not ready                           test_connection_channels: a feed is live when replication is
 7  set_auth walks a dict that changes                test_connection_tokens: tokens can be pushed while channels come and go
 8  presence and pushes are lost around a reconnect   test_connection_channels: what is sent to a room that is not live;
                                                      test_presence: tracked again after every rejoin
 9  each broadcast holds a timer for ten seconds      here: nothing of what was sent outlives the socket
10  a refused channel asks again and again            test_connection_channels: a refused topic is not asked for again
11  asynchronous callbacks are never awaited          here: the library is given none
12  closing and connecting again does not rejoin      test_connection: what is closed can be opened again
13  payloads that are no objects kill or vanish       here: what makes no sense is passed over
14  a topic's old channel is given out again          test_connection_channels: a topic can be left and joined again at once
"""

from __future__ import annotations

import asyncio
import inspect
from bisect import bisect_right
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from state.realtime import connection as connection_module
from state.realtime import socket as socket_module
from state.realtime.pace import BURST, PER_S, Pace, Turns
from state.realtime.slumber import Slumber
from state.sync.change import Change
from tests.state.peer import Peer
from tests.state.support import Someone, leftovers, until
from tests.state.watched import NEVER, SLOW, Watched, broken_off

pytestmark = pytest.mark.usefixtures("quick")


# R2: when a socket is replaced ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1006, 1008, 1009, 1011, 1012, 1013, 4000, 4001, 4999])
async def test_whatever_code_the_socket_is_closed_with_it_comes_back(live: Watched, peer: Peer, code: int):  # R2
    if code == 1006:
        peer.socket.transport.abort()
    else:
        await peer.socket.close(code, "a technical reason")
    await until(broken_off(peer))
    await live.becomes("live")
    assert live.went == ["connecting", "live", "connecting", "live"]
    assert "a technical reason" not in str(live.said), "people are told that it was lost, not how"


async def test_a_probe_that_is_lost_breaks_the_socket(live: Watched, peer: Peer, impatient):  # R2, trap 5
    impatient(lost=2 * SLOW)
    peer.heartbeats = False
    await until(broken_off(peer))
    peer.heartbeats = True
    await live.becomes("live")
    assert live.went[:4] == ["connecting", "live", "degraded", "connecting"]


async def test_a_server_that_is_always_late_is_kept_and_called_poor(live: Watched, peer: Peer, impatient):  # trap 5
    impatient()
    peer.heartbeat_delay_s = 2 * SLOW
    await live.becomes("degraded")
    assert live.status.error == "Supabase is slow to answer"
    await peer.heard("heartbeat", "phoenix", times=len(peer.got("heartbeat")) + 4)
    assert live.status.quality == "poor"
    assert peer.attempts == 1


async def test_a_join_may_take_as_long_as_the_connection_lets_it(connection: Watched, peer: Peer):  # R2
    peer.joins["world"] = "never"
    connection.open()
    await peer.heard("phx_join", "world")
    assert connection._socket is not None
    assert connection._socket._client.channels["realtime:world"].join_push.timeout > connection_module.JOIN_S


async def test_a_reader_that_was_killed_is_noticed(live: Watched, peer: Peer):  # K2, trap 1
    assert live._socket is not None
    remote = live._socket._client.channels["realtime:world"]

    def raises(_: object) -> None:
        raise RuntimeError("a callback of somebody else's")

    remote.broadcast_callbacks.insert(0, raises)  # type: ignore[arg-type]
    await peer.broadcast("world", "anything", {})
    await until(broken_off(peer))
    await live.becomes("live")


async def test_a_channel_that_never_opens_breaks_the_socket(connection, peer, impatient):
    impatient(late=SLOW)
    peer.joins["world"] = "never"
    connection.open()
    await connection.becomes("degraded")
    impatient(late=SLOW, join=2 * SLOW)
    await until(broken_off(peer))
    peer.joins["world"] = "ok"
    await connection.becomes("live")
    assert connection.went[:3] == ["connecting", "degraded", "connecting"]


async def test_a_feed_whose_replication_never_comes_up_breaks_the_socket(connection, peer, impatient):  # C2
    impatient(late=SLOW, join=2 * SLOW)
    peer.ready = False
    connection.open()
    await until(broken_off(peer))
    assert "live" not in connection.went


async def test_an_unexpected_close_of_a_channel_breaks_the_socket(live: Watched, peer: Peer):  # K2, trap 3
    await peer.close_channel("world")
    await until(broken_off(peer))
    await live.becomes("live")


async def test_an_error_of_a_channel_breaks_the_socket_before_the_library_rejoins(live, peer):  # K2, trap 3
    await peer.send("world", "phx_error", {"reason": "channel_crash"}, "1")
    await until(broken_off(peer))
    await live.becomes("live")
    assert len(peer.got("phx_join", "world")) == 2


async def test_a_server_that_does_not_answer_a_close_leaves_nothing_behind(live: Watched, peer: Peer):  # K3
    peer.socket.transport.pause_reading()  # as when the network is gone: nothing comes back, not even a close
    async with asyncio.timeout(8):
        await live.close()
    assert not leftovers()


async def test_closing_while_a_socket_is_being_thrown_away_leaves_nothing_behind(live: Watched, peer: Peer):  # K3, R6
    peer.socket.transport.pause_reading()
    live.reconnect()
    await until(lambda: live._socket is None)
    async with asyncio.timeout(8):
        await live.close()
    assert not leftovers()


@pytest.mark.parametrize(
    "frame",
    [
        "not json", "[]", "null", '{"topic":"realtime:world"}', '{"topic":1,"event":2,"payload":3,"ref":4}',
        '{"topic":"realtime:world","event":"broadcast","payload":[1],"ref":null}',
        '{"topic":"realtime:world","event":"broadcast","payload":{"event":"change","type":"broadcast","payload":{"table":"things"}},"ref":null}',
        '{"topic":"realtime:world","event":"broadcast","payload":{"event":"change","type":"broadcast","payload":{"table":"things","operation":"INSERT","records":3}},"ref":null}',
        '{"topic":"realtime:world","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"999"}',
        '{"topic":"realtime:elsewhere","event":"phx_close","payload":{},"ref":"1"}',
        '{"topic":"realtime:world","event":"phx_reply","payload":"ok","ref":"1"}',
        '{"topic":"realtime:world","event":"system","payload":null,"ref":null}',
        '{"topic":"realtime:world","event":"broadcast","payload":null,"ref":null}',
        '{"topic":"realtime:world","event":"broadcast","payload":"text","ref":null}',
        '{"topic":"realtime:world","event":"broadcast","payload":{"event":"change","type":"broadcast","payload":"text"},"ref":null}',
        '{"topic":"realtime:world","event":"broadcast","payload":{"event":"change","type":"broadcast","payload":null},"ref":null}',
        '{"topic":"realtime:world","event":"broadcast","payload":{"event":"change","type":"broadcast"},"ref":null}',
        '{"topic":"realtime:world","event":"broadcast","payload":{"event":"beat","type":"broadcast","payload":[1]},"ref":null}',
        '{"topic":"realtime:world","event":"an event of the future","payload":{},"ref":null}',
        b"\x00\x01\xff", b"{}", "", "7", '"text"', "{" * 5000,
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_passed_over(live: Watched, peer: Peer, frame: str | bytes):  # K1, trap 13
    seen: list[Change] = []
    live.channel("world").on_change("things", seen.append)
    await peer.socket.send(frame)
    await peer.change("world", "things", {"id": 1})
    await until(lambda: seen)
    assert seen[-1].records == [{"id": 1}]
    assert peer.attempts == 1


# R3: attempts --------------------------------------------------------------------------------------------------------


async def test_backoff_doubles_to_its_bound_and_attempts_never_end(peer: Peer, who: Someone, monkeypatch):  # R3, trap 2
    monkeypatch.setattr(connection_module, "FIRST_BACKOFF_S", 1.0)
    monkeypatch.setattr(connection_module, "LAST_BACKOFF_S", 30.0)
    bounds: list[tuple[float, float]] = []

    def at_once(low: float, high: float) -> float:
        bounds.append((low, high))
        return 0.0

    peer.handshake = 503
    connection = Watched(peer.url, "key", who, uniform=at_once)
    connection.open()
    await until(lambda: len(bounds) >= 12)
    assert connection.status.attempts >= 11
    await connection.close()
    assert [high for _, high in bounds[:8]] == [1, 2, 4, 8, 16, 30, 30, 30]
    assert all(0 <= low < high for low, high in bounds)


async def test_after_a_loss_it_waits_a_moment_too(live: Watched, peer: Peer, monkeypatch):  # R3
    """Everybody has lost it at the same time, and would be back at the same time."""
    bounds: list[tuple[float, float]] = []

    def drawn(low: float, high: float) -> float:
        bounds.append((low, high))
        return 0.0

    monkeypatch.setattr(live, "_uniform", drawn)
    monkeypatch.setattr(connection_module, "FIRST_BACKOFF_S", 1.0)
    await peer.socket.close(1012)
    await until(broken_off(peer))
    await live.becomes("live")
    assert [high for _, high in bounds] == [min(1.0, connection_module.LAST_BACKOFF_S)]


async def test_a_frame_as_large_as_servers_carry_costs_no_socket(live: Watched, peer: Peer):  # R2
    """Whoever may broadcast in a room could else throw everybody out of it."""
    seen: list[int] = []
    live.channel("room:a").on_broadcast("x", lambda payload: seen.append(len(payload["text"])))
    await until(lambda: live.channel("room:a").live)
    await peer.broadcast("room:a", "x", {"text": "x" * 3_000_000})
    await until(lambda: seen == [3_000_000])
    assert peer.attempts == 1


async def test_a_larger_frame_costs_a_socket_and_no_more(live: Watched, peer: Peer):  # R2
    await peer.broadcast("world", "x", {"text": "x" * 5_000_000})
    await until(broken_off(peer))
    await live.becomes("live")
    assert peer.attempts == 2


async def test_a_flood_of_nonsense_is_survived(live: Watched, peer: Peer):  # K1
    seen: list[Change] = []
    live.channel("world").on_change("things", seen.append)
    for n in range(1000):
        await peer.socket.send("[" * n)
        await peer.broadcast("world", "change", [n])
    await peer.change("world", "things", {"id": 1})
    await until(lambda: seen)
    assert peer.attempts == 1
    assert live.status.state == "live"


async def test_nothing_of_what_was_sent_outlives_the_socket(live: Watched, peer: Peer):  # K3, trap 9
    rooms = [live.channel(f"room:{n}") for n in range(3)]
    for room in rooms:
        room.on_broadcast("x", lambda _: None)
    await until(lambda: all(room.live for room in rooms))
    for n in range(20):
        for room in rooms:
            assert await room.send("x", {"n": n})
    await peer.close_channel("room:0")  # which the library forgets, timers and all
    await peer.heard("broadcast", "room:2", 20)
    await until(broken_off(peer))
    await live.becomes("live")
    assert await rooms[1].send("x", {})
    peer.socket.transport.abort()
    await rooms[1].send("x", {"n": "into the void"})
    await live.close()
    assert not leftovers()


def test_the_library_is_given_no_asynchronous_callbacks():  # trap 11
    """It would never await them, and nobody would hear of it."""
    source = inspect.getsource(socket_module)
    for method in ("on_broadcast(", "on_system(", "on_presence_sync(", "remote.subscribe("):
        assert method in source
        after = source.split(method, 1)[1].split(")", 1)[0]
        assert "lambda" in after


# R8: sleep -----------------------------------------------------------------------------------------------------------


class Clocks:
    """Two clocks that are moved by hand."""

    def __init__(self) -> None:
        self.wall = 1e9
        self.ticks = 100.0

    def slumber(self) -> Slumber:
        return Slumber(wall=lambda: self.wall, ticks=lambda: self.ticks)


@pytest.mark.parametrize(
    ("wall", "ticks", "slept"),
    [
        (1, 1, False), (8, 8, False),  # a busy machine
        (3600, 1, True),  # clocks that stand still meanwhile
        (3600, 3600, True),  # clocks that go on
        (-3600, 1, True), (9, 1, False),  # set by hand, set by a time server
    ],
)  # fmt: skip
def test_sleep_is_told_by_the_clocks(wall: float, ticks: float, slept: bool):  # R8
    clocks = Clocks()
    slumber = clocks.slumber()
    clocks.wall, clocks.ticks = clocks.wall + wall, clocks.ticks + ticks
    assert slumber.slept() is slept
    clocks.wall, clocks.ticks = clocks.wall + 1, clocks.ticks + 1
    assert not slumber.slept(), "it is told once"


@pytest.fixture
async def sleeper(peer: Peer, who: Someone, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Watched, Clocks]]:
    monkeypatch.setattr(connection_module, "TICK_S", 0.01)
    clocks = Clocks()
    connection = Watched(peer.url, "key", who, slumber=clocks.slumber())
    connection.channel("world").on_change("things", lambda _: None)
    connection.open()
    yield connection, clocks
    await connection.close()


async def test_a_machine_that_slept_looks_at_its_token_and_fetches_again_on_a_new_socket(sleeper, peer, who):  # R8, R4
    connection, clocks = sleeper
    await connection.becomes("live")
    order: list[str] = []

    async def asked() -> None:
        order.append(f"token, {peer.attempts} sockets")

    who.before = asked
    connection.channel("world").on_live(lambda: order.append("fetch"))
    clocks.wall += 8 * 3600
    await until(lambda: "fetch" in order)
    assert order == ["token, 1 sockets", "fetch"]
    assert connection.went == ["connecting", "live", "connecting", "live"]
    await until(lambda: peer.open_sockets == 1)


async def test_a_machine_that_wakes_does_not_wait_for_its_next_attempt(sleeper, peer: Peer, monkeypatch):  # R8
    connection, clocks = sleeper
    await connection.becomes("live")
    monkeypatch.setattr(connection_module, "FIRST_BACKOFF_S", NEVER)
    monkeypatch.setattr(connection_module, "LAST_BACKOFF_S", NEVER)
    peer.socket.transport.abort()
    await until(lambda: connection.status.retry_at)
    clocks.wall += 3600
    await connection.becomes("live")


async def test_time_before_it_was_opened_is_no_sleep(sleeper, peer: Peer):  # R8
    connection, clocks = sleeper
    await connection.becomes("live")
    await connection.close()
    clocks.wall, clocks.ticks = clocks.wall + 3600, clocks.ticks + 3600
    connection.open()
    await connection.becomes("live")
    await asyncio.sleep(0.1)
    assert peer.attempts == 2


async def test_sleep_wakes_nobody_who_is_switched_off_or_signed_out(sleeper, peer: Peer, who: Someone):  # R8, R6
    connection, clocks = sleeper
    await connection.becomes("live")
    connection.pause()
    await connection.becomes("offline")
    clocks.wall += 3600
    await asyncio.sleep(0.1)
    assert peer.attempts == 1
    who.ended = True
    connection.reconnect()
    await connection.becomes("unauthorized")
    asked = who.asked
    clocks.wall += 3600
    await asyncio.sleep(0.1)
    assert who.asked == asked


# R3: many at once ----------------------------------------------------------------------------------------------------


async def test_turns_are_given_at_their_rate_and_at_once_to_who_comes_alone():  # R3
    now = 0.0
    given: list[float] = []

    async def sleep(seconds: float) -> None:
        given[-1] += seconds

    turns = Turns(60, 20, clock=lambda: now, sleep=sleep)

    async def take() -> float:
        given.append(now)
        await turns.take()
        return given[-1]

    assert [await take() for _ in range(20)] == [0.0] * 20
    for _ in range(400):
        await take()
    assert all(later >= earlier for earlier, later in pairwise(given))
    assert given[-1] == pytest.approx(400 / 60, abs=0.1)
    assert most_within_a_second(given) <= 80
    now = 100.0
    assert await take() == now


def most_within_a_second(times: list[float]) -> int:
    """The most that fall into any second."""
    return max(bisect_right(times, start + 1.0) - at for at, start in enumerate(times))


async def test_two_hundred_that_come_back_at_once_take_turns(peer: Peer, who: Someone, monkeypatch):  # R3
    """The server is started anew; every member is back in its turn, fewer than 100 joins in any second."""
    monkeypatch.setattr(connection_module, "FIRST_BACKOFF_S", 1.0)
    monkeypatch.setattr(connection_module, "LAST_BACKOFF_S", 30.0)
    monkeypatch.setattr(socket_module, "PROBE_EVERY_S", 15.0)
    pace = Pace(per_s=10_000, burst=200)  # they come one by one, over hours
    members = [Watched(peer.url, "key", Someone(f"member {n}"), pace=pace) for n in range(200)]
    for n, member in enumerate(members):
        member.channel(f"member:{n}").on_change("things", lambda _: None)
        member.open()
    await until(lambda: all(member.status.state == "live" for member in members), within_s=30)
    same = Pace()
    for member in members:
        member._pace = same
    first, began = len(peer.joined_at), asyncio.get_running_loop().time()
    await asyncio.gather(*(socket.close(1012) for socket in peer.opened))
    await until(lambda: all(member.status.state == "live" for member in members), within_s=30)
    back = sorted(peer.joined_at[first:])
    assert len(back) == 200
    # A busy machine is late for some turns, and then they come together; but none comes before its turn.
    assert all(at >= began + (n + 1 - BURST) / PER_S - 0.01 for n, at in enumerate(back))
    late = Watched(peer.url, "key", who, pace=same)
    late.channel("member:late").on_change("things", lambda _: None)
    late.open()
    await late.becomes("live")
    await asyncio.gather(late.close(), *(member.close() for member in members))
