"""Connection: its transitions, R1 to R6, C1 to C4, K1 to K3, and the traps of realtime-py, against a scripted server."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, get_args

import pytest

from state.errors import Unreachable
from state.realtime import connection as connection_module
from state.realtime.channel import Channel
from state.realtime.status import TRANSITIONS, IllegalTransition, State, Status
from state.sync.change import Change
from tests.state.peer import Peer
from tests.state.support import Someone, leftovers, until
from tests.state.watched import EXPIRED, NEVER, SLOW, Watched, broken_off

pytestmark = pytest.mark.usefixtures("quick")


# R1: every row of the table in status.py -----------------------------------------------------------------------------


def test_each_pair_of_states_is_allowed_or_raises_naming_both():  # R1
    for before in get_args(State):
        for after in get_args(State):
            status = Status(state=before)
            if after == before:
                assert status.go(after) is False
            elif after in TRANSITIONS[before]:
                assert status.go(after) is True
                assert status.state == after
            else:
                with pytest.raises(IllegalTransition, match=f"is {before} cannot become {after}"):
                    status.go(after)
                assert status.state == before


async def test_connecting_becomes_live_when_every_channel_is(connection: Watched):
    connection.open()
    await connection.becomes("live")
    assert connection.went == ["connecting", "live"]
    assert connection.status.attempts == 0
    assert connection.status.error is None


async def test_connecting_becomes_degraded_when_a_channel_is_late_and_live_when_it_comes(connection, peer, impatient):
    impatient()
    peer.joins["world"] = "never"
    connection.open()
    await connection.becomes("degraded")
    assert connection.status.error == "world is slow to open"
    await peer.open_gate()
    await connection.becomes("live")


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
async def test_connecting_becomes_offline_when_the_handshake_is_refused(connection: Watched, peer: Peer, status: int):
    peer.handshake = status
    connection.open()
    await connection.becomes("offline")
    assert connection.status.error == "Supabase refused the connection"
    peer.handshake = True
    await connection.becomes("live")


async def test_connecting_becomes_offline_when_nobody_answers(connection, peer, impatient):
    impatient(connect=SLOW)
    peer.handshake = None
    connection.open()
    await connection.becomes("offline")
    assert connection.status.error == "Supabase does not answer"


async def test_connecting_becomes_unauthorized_when_the_session_is_over(connection: Watched, peer: Peer, who: Someone):
    who.ended = True  # R4: the token is looked at before a socket is opened
    connection.open()
    await connection.becomes("unauthorized")
    assert peer.attempts == 0
    assert connection.status.error == "Your session has ended: please sign in again"


async def test_unauthorized_becomes_connecting_when_asked_to_and_never_by_itself(connection, peer, who):
    who.ended = True
    connection.open()
    await connection.becomes("unauthorized")
    who.ended = False
    await asyncio.sleep(0.1)
    assert peer.attempts == 0
    connection.reconnect()
    await connection.becomes("live")
    assert connection.went == ["connecting", "unauthorized", "connecting", "live"]


async def test_unauthorized_can_be_switched_off_and_on(connection: Watched, who: Someone):  # R6
    who.ended = True
    connection.open()
    await connection.becomes("unauthorized")
    connection.pause()
    await until(lambda: connection.status.paused)
    who.ended = False
    await asyncio.sleep(0)
    connection.reconnect()
    await connection.becomes("live")


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1009, 1011, 1012, 4001])
async def test_live_becomes_offline_when_the_socket_is_closed(live: Watched, peer: Peer, code: int):
    if code == 1006:
        peer.socket.transport.abort()
    else:
        await peer.socket.close(code, "a technical reason")
    await until(broken_off(peer))
    await live.becomes("live")
    assert live.went == ["connecting", "live", "offline", "connecting", "live"]


async def test_live_becomes_degraded_when_a_probe_is_late_and_live_again(live: Watched, peer: Peer, impatient):
    impatient()
    peer.heartbeats = False
    await live.becomes("degraded")
    assert live.status.error == "Supabase is slow to answer"
    peer.heartbeats = True
    await peer.open_gate()
    await live.becomes("live")
    assert len(peer.opened) == 1


async def test_degraded_becomes_offline_when_the_probe_is_lost(live: Watched, peer: Peer, impatient):  # R2, trap 5
    impatient(lost=2 * SLOW)
    peer.heartbeats = False
    await until(broken_off(peer))
    peer.heartbeats = True
    await live.becomes("live")
    assert live.went[:4] == ["connecting", "live", "degraded", "offline"]
    assert live.sockets >= 2


async def test_live_becomes_unauthorized_when_the_token_expired_and_is_not_renewed(live, peer, who):  # R4, trap 4
    who.ended = True
    await peer.system("world", EXPIRED, "error")
    await peer.close_channel("world")
    await live.becomes("unauthorized")
    assert who.renewals == 1
    assert peer.attempts == 1


async def test_degraded_becomes_unauthorized(live: Watched, peer: Peer, who: Someone, impatient):
    impatient()
    peer.heartbeats = False
    await live.becomes("degraded")
    who.ended = True
    await peer.system("world", EXPIRED, "error")
    await live.becomes("unauthorized")


@pytest.mark.parametrize("state", ["connecting", "live", "degraded", "offline", "unauthorized"])
async def test_every_state_becomes_closed_and_closed_becomes_connecting(connection, peer, who, impatient, state):  # R6
    if state == "connecting":
        peer.handshake = None
    elif state == "degraded":
        impatient()
        peer.heartbeats = False
    elif state == "unauthorized":
        who.ended = True
    connection.open()
    if state == "offline":
        connection.pause()
    await connection.becomes(state)
    connection.reconnect()  # what was asked for last counts
    async with asyncio.timeout(3):
        await connection.close()
    assert connection.status.state == "closed"
    assert not leftovers()  # K3
    await until(lambda: peer.open_sockets == 0)
    peer.handshake, peer.heartbeats, who.ended = True, True, False
    connection.open()
    connection.reconnect()
    await connection.becomes("live")


async def test_opening_twice_and_closing_twice_is_once(live: Watched, peer: Peer):
    live.open()
    await live.close()
    await live.close()
    assert peer.attempts == 1


# R2: when a socket is replaced ---------------------------------------------------------------------------------------


async def test_people_are_told_that_it_was_lost_and_not_how(live: Watched, peer: Peer, monkeypatch):
    monkeypatch.setattr(connection_module, "FIRST_BACKOFF_S", NEVER)
    monkeypatch.setattr(connection_module, "LAST_BACKOFF_S", NEVER)
    await peer.socket.close(1011, "a technical reason")
    await live.becomes("offline")
    assert live.status.error == "The connection was lost"


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
    impatient(late=SLOW, join=2 * SLOW)
    peer.joins["world"] = "never"
    connection.open()
    await until(broken_off(peer))
    peer.joins["world"] = "ok"
    await connection.becomes("live")
    assert connection.went[:3] == ["connecting", "degraded", "offline"]


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
    async with asyncio.timeout(5):
        await live.close()
    assert not leftovers()


async def test_closing_while_a_socket_is_being_thrown_away_leaves_nothing_behind(live: Watched, peer: Peer):  # K3, R6
    peer.socket.transport.pause_reading()
    live.reconnect()
    await until(lambda: live._socket is None)
    async with asyncio.timeout(5):
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
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_passed_over(live: Watched, peer: Peer, frame: str):  # K1, trap 13
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
    await connection.close()
    assert [high for _, high in bounds[:8]] == [1, 2, 4, 8, 16, 30, 30, 30]
    assert all(0 <= low < high for low, high in bounds)
    assert connection.status.attempts >= 12


async def test_when_offline_it_says_when_the_next_attempt_is(connection: Watched, peer: Peer, monkeypatch):
    monkeypatch.setattr(connection_module, "FIRST_BACKOFF_S", NEVER)
    monkeypatch.setattr(connection_module, "LAST_BACKOFF_S", NEVER)
    peer.handshake = 503
    connection.open()
    await until(lambda: connection.status.retry_at)
    assert connection.status.retry_at is not None
    assert connection.status.retry_at > connection.status.since
    assert connection.status.attempts == 1
    peer.handshake = True
    connection.reconnect()  # ends the wait
    await connection.becomes("live")
    assert connection.status.attempts == 0
    assert connection.status.retry_at is None


async def test_no_answer_about_the_token_is_no_end_of_the_session(connection: Watched, peer: Peer, who: Someone):  # R4
    async def unreachable() -> None:
        if who.asked < 3:
            raise Unreachable("Supabase does not answer")

    who.before = unreachable
    connection.open()
    await connection.becomes("live")
    assert "unauthorized" not in connection.went
    assert peer.attempts == 1


# R4: tokens ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [EXPIRED, "The token provided is not a valid JWT", ":signature_error"])
async def test_a_token_that_is_refused_is_renewed_once_and_used(live: Watched, peer: Peer, who: Someone, reason: str):
    who.tokens.append("a new token")
    await peer.system("world", reason, "error")
    await peer.close_channel("world")
    await peer.heard("phx_join", "world", 2)
    await live.becomes("live")
    assert who.renewals == 1
    assert peer.got("phx_join", "world")[-1]["payload"]["access_token"] == "a new token"


async def test_a_join_that_is_refused_because_of_its_token_renews_it(connection: Watched, peer: Peer, who: Someone):
    peer.joins["world"] = "InvalidJWTToken: Token has expired 7 seconds ago"
    connection.open()
    await until(lambda: who.renewals)
    peer.joins["world"] = "ok"
    await connection.becomes("live")


async def test_a_new_token_reaches_live_channels_without_a_gap(live: Watched, peer: Peer):
    gaps: list[None] = []
    live.channel("world").on_live(lambda: gaps.append(None))
    await live.push_token("a new token")
    frame = await peer.heard("access_token", "world")
    assert frame["payload"] == {"access_token": "a new token"}
    assert gaps == []
    assert peer.attempts == 1


async def test_a_channel_that_joins_later_uses_the_new_token(live: Watched, peer: Peer):
    await live.push_token("a new token")
    live.channel("market").on_change("prices", lambda _: None)
    assert (await peer.heard("phx_join", "market"))["payload"]["access_token"] == "a new token"


async def test_tokens_can_be_pushed_while_channels_come_and_go(live: Watched, peer: Peer):  # trap 7
    async def come() -> None:
        for n in range(20):
            live.channel(f"room:{n}").on_broadcast("x", lambda _: None)
            await asyncio.sleep(0)

    await asyncio.gather(come(), *(live.push_token(f"token {n}") for n in range(20)))
    await live.becomes("live")
    assert peer.attempts == 1


# R5: the queue -------------------------------------------------------------------------------------------------------


async def test_events_are_applied_in_order(live: Watched, peer: Peer):  # R5
    seen: list[int] = []
    live.channel("room:a").on_broadcast("n", lambda payload: seen.append(payload["n"]))
    await until(lambda: live.channel("room:a").live)
    for n in range(300):
        await peer.broadcast("room:a", "n", {"n": n})
    await until(lambda: len(seen) == 300)
    assert seen == list(range(300))


async def test_a_full_queue_drops_broadcasts_only_and_says_that_there_was_a_gap(peer: Peer, who: Someone, monkeypatch):
    monkeypatch.setattr(connection_module, "QUEUE", 20)  # R5
    connection = Watched(peer.url, "key", who)
    seen: list[Change] = []
    gaps: list[int] = []
    world = connection.channel("world")
    world.on_change("things", seen.append)
    connection.open()
    await connection.becomes("live")
    world.on_live(lambda: gaps.append(len(seen)))
    for n in range(200):  # put as the library's reader would, without letting the consumer run
        connection._put(
            lambda n=n: world.receive("change", {"table": "things", "operation": "INSERT", "records": [n]}), world
        )
    await until(lambda: gaps)
    assert connection.overflows > 0
    assert connection.status.state == "live"
    await peer.change("world", "things", {"id": "last"})
    await until(lambda: seen and seen[-1].records == [{"id": "last"}])
    await connection.close()


async def test_a_flood_is_survived_and_others_get_their_turn(live: Watched, peer: Peer):  # R5
    seen: list[Change] = []
    live.channel("world").on_change("things", seen.append)
    for n in range(3000):
        await peer.change("world", "things", {"id": n})
    await until(lambda: len(seen) == 3000)
    assert live.overflows == 0
    assert live.status.state == "live"


# R6: what people ask for ---------------------------------------------------------------------------------------------


async def test_many_requests_to_reconnect_are_one(live: Watched, peer: Peer):  # R6
    for _ in range(10):
        live.reconnect()
    await until(broken_off(peer))
    await live.becomes("live")
    assert peer.attempts == 2
    await until(lambda: peer.open_sockets == 1)


async def test_a_pause_goes_offline_and_stays_there(live: Watched, peer: Peer):
    live.pause()
    await live.becomes("offline")
    assert (live.status.paused, live.status.error, live.status.retry_at) == (True, "Switched off", None)
    await until(lambda: peer.open_sockets == 0)
    await asyncio.sleep(0.1)  # many times the backoff
    assert peer.attempts == 1
    live.reconnect()
    await live.becomes("live")
    assert not live.status.paused


async def test_a_pause_while_nobody_answers_takes_effect(connection: Watched, peer: Peer):  # R6
    peer.handshake = None
    connection.open()
    await until(lambda: peer.attempts)
    connection.pause()
    await until(lambda: connection.status.state == "offline", "offline at once", within_s=1.0)
    assert connection.status.error == "Switched off"


async def test_a_reconnect_while_nobody_answers_begins_anew(connection: Watched, peer: Peer):  # R6
    peer.handshake = None
    connection.open()
    await until(lambda: peer.attempts)
    peer.handshake = True
    connection.reconnect()
    await until(lambda: connection.status.state == "live", "live at once", within_s=1.0)


# C1 to C4: channels --------------------------------------------------------------------------------------------------


async def test_listeners_share_a_topic_and_the_last_one_out_leaves_it(live: Watched, peer: Peer):  # C1
    first = live.channel("room:a").on_broadcast("x", lambda _: None)
    second = live.channel("room:a").on_broadcast("y", lambda _: None)
    await until(lambda: live.channel("room:a").live)
    first()
    first()  # harmless
    assert peer.got("phx_leave") == []
    second()
    await peer.heard("phx_leave", "room:a")
    assert len(peer.got("phx_join", "room:a")) == 1


async def test_a_topic_can_be_left_and_joined_again_at_once(live: Watched, peer: Peer):  # C1, trap 14
    channel = live.channel("room:a")
    seen: list[Any] = []
    for n in range(5):
        leave = channel.on_broadcast("x", seen.append)
        await until(lambda: channel.live)
        await peer.broadcast("room:a", "x", {"n": n})
        await until(lambda n=n: seen and seen[-1] == {"n": n})
        leave()
    assert len(peer.got("phx_join", "room:a")) == 5
    assert len(seen) == 5
    assert peer.attempts == 1


async def test_a_topic_that_is_left_before_its_join_is_answered_can_be_joined_again(live: Watched, peer: Peer):
    peer.joins["room:a"], peer.leaves = "never", False  # the replies to join and leave come together, and late
    live.channel("room:a").on_broadcast("x", lambda _: None)()
    leave = live.channel("room:a").on_broadcast("x", lambda _: None)
    await peer.heard("phx_join", "room:a")
    leave()
    await peer.heard("phx_leave", "room:a")
    again = live.channel("room:a")
    again.on_broadcast("x", lambda _: None)
    peer.leaves = True
    peer.joins["room:a"] = "ok"
    await peer.open_gate()
    await until(lambda: again.live)
    assert live.status.state == "live"
    assert peer.attempts == 1


async def test_a_topic_that_nobody_wants_any_more_is_not_joined(live: Watched, peer: Peer):  # C1
    for _ in range(3):
        live.channel("room:a").on_broadcast("x", lambda _: None)()
    live.channel("room:b").on_broadcast("x", lambda _: None)
    await until(lambda: live.channel("room:b").live)
    joined = len(peer.got("phx_join", "room:a"))
    await until(lambda: len(peer.got("phx_leave", "room:a")) == joined)
    socket = live._socket
    assert socket is not None
    await until(lambda: "realtime:room:a" not in socket._client.channels)
    assert peer.attempts == 1


async def test_a_channel_is_joined_again_after_nobody_used_it_for_a_while(live: Watched, peer: Peer):  # C1
    channel = live.channel("room:a")
    channel.on_broadcast("x", lambda _: None)()
    live.reconnect()
    await peer.heard("phx_join", "world", 2)
    channel.on_broadcast("x", lambda _: None)
    await until(lambda: channel.live)
    live.reconnect()
    await peer.heard("phx_join", "world", 3)
    await until(lambda: channel.live)


async def test_a_feed_is_live_when_replication_is_and_a_room_when_it_is_joined(connection: Watched, peer: Peer):
    peer.ready = False  # C2, trap 6
    connection.channel("room:a").on_broadcast("x", lambda _: None)
    connection.open()
    world = connection.channel("world")
    await until(lambda: world.stage == "joined" and connection.channel("room:a").live)
    assert connection.status.state == "connecting"
    await peer.system("world", "Replication connection established")
    await until(lambda: world.live)
    await connection.becomes("live")


async def test_every_way_back_is_a_gap_and_every_way_out_a_loss(live: Watched, peer: Peer):  # C2
    told: list[str] = []
    world = live.channel("world")
    world.on_live(lambda: told.append("live"))
    world.on_lost(lambda: told.append("lost"))
    for times in (2, 3):
        await peer.socket.close(1011)
        await peer.heard("phx_join", "world", times)
        await live.becomes("live")
    assert told == ["lost", "live", "lost", "live"]


async def test_a_refused_topic_takes_no_other_with_it_and_is_not_asked_for_again(connection, peer):  # C3, trap 10
    peer.joins["room:a"] = "Unauthorized: You do not have permissions to read from this Channel topic: room:a"
    refused = connection.channel("room:a")
    refused.on_broadcast("x", lambda _: None)
    connection.open()
    await connection.becomes("live")
    await until(lambda: refused.stage == "refused")
    assert refused.error.startswith("Unauthorized")
    assert connection._socket._client.channels["realtime:room:a"].rejoin_timer.timer is None
    assert len(peer.got("phx_join", "room:a")) == 1


async def test_a_refused_topic_is_asked_for_again_on_a_new_socket(connection: Watched, peer: Peer):  # C3
    peer.joins["room:a"] = "Unauthorized: no"
    refused = connection.channel("room:a")
    refused.on_broadcast("x", lambda _: None)
    connection.open()
    await until(lambda: refused.stage == "refused")
    peer.joins["room:a"] = "ok"
    connection.reconnect()
    await until(lambda: refused.live)


async def test_a_refused_topic_is_asked_for_again_with_a_new_token(connection: Watched, peer: Peer):  # C3
    peer.joins["room:a"] = "Unauthorized: no"
    refused = connection.channel("room:a")
    refused.on_broadcast("x", lambda _: None)
    connection.open()
    await until(lambda: refused.stage == "refused")
    peer.joins["room:a"] = "ok"
    await connection.push_token("a token that may")
    await until(lambda: refused.live)
    assert peer.attempts == 1


async def test_a_listener_that_raises_stops_nobody(live: Watched, peer: Peer, caplog: pytest.LogCaptureFixture):  # C4
    seen: list[Change] = []

    def raises(_: Change) -> None:
        raise RuntimeError("a page's mistake")

    caplog.set_level(logging.CRITICAL, "starling.realtime")
    world = live.channel("world")
    world.on_change("things", raises)
    world.on_change("things", seen.append)
    for n in range(2):
        await peer.change("world", "things", {"id": n})
    await until(lambda: len(seen) == 2)
    assert peer.attempts == 1


async def test_a_forged_change_in_a_room_is_no_change(live: Watched, peer: Peer):
    seen: list[Change] = []
    room: Channel = live.channel("room:a")
    room.on_change("things", seen.append)
    room.on_broadcast("x", lambda _: seen.append(Change("end", "")))
    await until(lambda: room.live)
    await peer.change("room:a", "things", {"id": 1})
    await peer.broadcast("room:a", "x", {})
    await until(lambda: seen)
    assert [change.table for change in seen] == ["end"]


async def test_what_is_sent_to_a_room_that_is_not_live_is_said_to_be_lost(live: Watched, peer: Peer):  # trap 8
    peer.joins["room:a"] = "never"
    room = live.channel("room:a")
    room.on_broadcast("x", lambda _: None)
    assert await live.send(room, "x", {}) is False
    assert await live.track(room, {}) is False
    await peer.heard("phx_join", "room:a")
    await peer.open_gate()
    await until(lambda: room.live)
    assert await live.send(room, "x", {"n": 1}) is True
    assert (await peer.heard("broadcast", "room:a"))["payload"]["payload"] == {"n": 1}
