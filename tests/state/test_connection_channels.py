"""Channels and the queue behind them: C1 to C4, R5, R6 and traps 3, 6, 8, 10, 13 and 14, against a scripted server."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from state.realtime import inbox
from state.realtime.channel import Channel
from state.sync.change import Change
from tests.state.peer import Peer
from tests.state.support import Someone, until
from tests.state.watched import Watched

pytestmark = pytest.mark.usefixtures("quick")


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
    monkeypatch.setattr(inbox, "SIZE", 20)  # R5, I1
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


# C1 to C4: channels --------------------------------------------------------------------------------------------------


async def test_a_feed_can_be_followed_whole(live: Watched, peer: Peer):  # C1, C4
    heard: list[str] = []
    channel = live.channel("world")
    leave = channel.on_any_change(lambda change: heard.append(change.table))
    channel.on_change("things", lambda _: heard.append("things first"))
    for table in ("things", "others"):
        await peer.change("world", table, {})
    await until(lambda: len(heard) == 3)
    assert heard == ["things first", "things", "others"]
    leave()
    await peer.change("world", "things", {})
    await until(lambda: len(heard) == 4)
    assert heard[3] == "things first"


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


async def refused_at_first(connection: Watched, peer: Peer) -> Channel:
    """A topic that was refused, and would be no more."""
    peer.joins["room:a"] = "Unauthorized: no"
    refused = connection.channel("room:a")
    refused.on_broadcast("x", lambda _: None)
    connection.open()
    await until(lambda: refused.stage == "refused")
    peer.joins["room:a"] = "ok"
    return refused


async def test_a_refused_topic_is_asked_for_again_on_a_new_socket(connection: Watched, peer: Peer):  # C3
    refused = await refused_at_first(connection, peer)
    connection.reconnect()
    await until(lambda: refused.live)


async def test_a_refused_topic_is_asked_for_again_with_a_new_token(connection: Watched, peer: Peer):  # C3
    refused = await refused_at_first(connection, peer)
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
    assert await room.send("x", {}) is False
    assert await room.track({}) is False
    await peer.heard("phx_join", "room:a")
    await peer.open_gate()
    await until(lambda: room.live)
    assert await room.send("x", {"n": 1}) is True
    assert (await peer.heard("broadcast", "room:a"))["payload"]["payload"] == {"n": 1}


async def test_a_channel_first_used_at_the_moment_in_which_a_socket_opens_is_joined_once(connection, peer):  # C1
    opened = connection._open_socket

    async def opens() -> object:
        socket = await opened()
        connection.channel("room:a").on_broadcast("x", lambda _: None)  # the supervisor has not been told of it yet
        return socket

    connection._open_socket = opens
    connection.changed.subscribe(
        lambda: connection.channel("room:b").on_broadcast("x", lambda _: None), unsubscribe_on_delete=False
    )
    connection.open()
    await connection.becomes("live")
    await until(lambda: connection.channel("room:a").live and connection.channel("room:b").live)
    assert peer.attempts == 1
    assert {topic: len(peer.got("phx_join", topic)) for topic in ("world", "room:a", "room:b")} == {
        "world": 1, "room:a": 1, "room:b": 1,
    }  # fmt: skip
