"""Beats: B1 to B6 and R7, over a real socket with a clock that is set by hand; and ClockOffset's O1 and O2."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from state.errors import Unreachable
from state.realtime import beats as beats_module
from state.realtime import clock as clock_module
from state.realtime.beats import MISSED, SILENT, Beats
from state.realtime.clock import ClockOffset
from tests.state.peer import Peer
from tests.state.support import Someone, until
from tests.state.watched import Watched

pytestmark = pytest.mark.usefixtures("quick")


class Hand:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Studio:
    """Two connections of a process, one of which carries the beats."""

    def __init__(self, peer: Peer, world: Watched, member: Watched) -> None:
        self.peer = peer
        self.world = world
        self.member = member
        self.hand = Hand()
        self.beats = Beats(world.channel("world"), clock=self.hand)
        self.gaps: list[str] = []
        for connection, topic in ((world, "world"), (member, "member:1"), (member, "room:studio")):
            connection.channel(topic).on_broadcast("x", lambda _: None)
            connection.channel(topic).on_live(lambda topic=topic: self.gaps.append(topic))

    async def beat(self, *numbers: Any) -> None:
        """Beats as the database sends them, and waits until they were heard."""
        seen: list[int] = []
        leave = self.world.channel("world").on_broadcast("x", lambda _: seen.append(1))
        for number in numbers:
            await self.peer.send_to(
                "world", "broadcast", {"type": "broadcast", "event": "beat", "payload": {"n": number}}
            )
        await self.peer.send_to("world", "broadcast", {"type": "broadcast", "event": "x", "payload": {}})
        await until(lambda: seen)
        leave()

    def wait(self, seconds: float) -> None:
        """Nothing happens for some seconds."""
        self.hand.seconds += seconds
        self.beats.look()

    @property
    def states(self) -> tuple[str, str]:
        return self.world.status.state, self.member.status.state


@pytest.fixture
async def studio(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Studio]:
    monkeypatch.setattr(beats_module, "LOOK_S", 3600.0)  # tests look by hand
    made = Studio(peer, Watched(peer.url, "key", Someone("world")), Watched(peer.url, "key", Someone("member")))
    made.beats.open()
    for connection in (made.world, made.member):
        made.beats.follow(connection)
        connection.open()
    for connection in (made.world, made.member):
        await connection.becomes("live")
    made.gaps.clear()
    yield made
    await made.beats.close()
    await made.world.close()
    await made.member.close()


async def test_who_never_heard_a_beat_judges_nothing_by_it(studio: Studio):  # B1
    studio.wait(3600)
    assert studio.states == ("live", "live")
    assert studio.gaps == []


async def test_numbers_in_a_row_say_that_all_is_well(studio: Studio):  # B2
    await studio.beat(7, 8, 9)
    studio.wait(11)
    await studio.beat(10)
    studio.wait(11)
    assert studio.states == ("live", "live")
    assert (studio.beats.heard, studio.beats.missed, studio.gaps) == (4, 0, [])
    for connection in (studio.world, studio.member):
        assert connection.freshness.age_s("anything") is not None


async def test_a_missing_number_makes_every_connection_degraded_and_every_feed_fetch_again(studio: Studio):  # B2, R7
    await studio.beat(7, 9)
    assert studio.states == ("degraded", "degraded")
    assert studio.member.status.error == MISSED
    assert sorted(studio.gaps) == ["member:1", "world"], "and no room"
    await studio.beat(12)
    assert sorted(studio.gaps) == ["member:1", "member:1", "world", "world"]
    assert studio.beats.missed == 3
    assert studio.peer.attempts == 2, "no socket was given up for it"


async def test_it_is_over_after_three_numbers_in_a_row(studio: Studio):  # B4
    await studio.beat(1, 3, 4, 5)
    assert studio.states == ("degraded", "degraded")
    await studio.beat(7, 8, 9)
    assert studio.states == ("degraded", "degraded")
    await studio.beat(10)
    assert studio.states == ("live", "live")
    assert studio.member.status.error is None


async def test_silence_is_told_once_and_not_before_its_time(studio: Studio):  # B2
    await studio.beat(1)
    studio.wait(12)
    assert studio.states == ("live", "live")
    studio.wait(1)
    assert studio.states == ("degraded", "degraded")
    assert studio.world.status.error == SILENT
    studio.wait(60)
    assert sorted(studio.gaps) == ["member:1", "world"]
    assert studio.beats.silences == 1
    await studio.beat(5)
    assert sorted(studio.gaps) == ["member:1", "member:1", "world", "world"], (
        "what was lost in it is fetched at its end"
    )
    await studio.beat(6, 7, 8)
    assert studio.states == ("live", "live")


async def test_a_silence_in_which_no_number_was_lost_needs_no_second_fetch(studio: Studio):  # B2
    """The worker was away, not the messages."""
    await studio.beat(1)
    studio.wait(13)
    await studio.beat(2, 3, 4)
    assert sorted(studio.gaps) == ["member:1", "world"]
    assert studio.states == ("live", "live")


async def test_silence_counts_only_while_the_feed_is_live(studio: Studio, peer: Peer):  # B3
    await studio.beat(1)
    studio.world.pause()
    await studio.world.becomes("offline")
    studio.wait(3600)
    studio.world.reconnect()
    await studio.world.becomes("live")
    studio.wait(11)
    assert studio.member.status.state == "live"
    studio.wait(2)
    assert studio.states == ("degraded", "degraded")


async def test_numbers_that_passed_while_it_was_away_are_not_missing(studio: Studio):  # B3
    await studio.beat(1)
    studio.world.reconnect()
    await until(lambda: studio.world.sockets == 2)
    await studio.world.becomes("live")
    await studio.beat(40, 41)
    assert studio.states == ("live", "live")
    assert studio.beats.missed == 0


async def test_old_and_doubled_numbers_and_nonsense_change_nothing(studio: Studio):  # B5
    await studio.beat(5, 5, 3, 6, "7", None, {"n": 7}, 7)
    assert studio.states == ("live", "live")
    assert studio.beats.last == 7


async def test_after_silence_a_database_that_counts_anew_is_believed(studio: Studio):  # B5
    await studio.beat(500)
    studio.wait(13)
    await studio.beat(1, 2, 3)
    assert studio.states == ("degraded", "degraded")
    await studio.beat(4)
    assert studio.states == ("live", "live")


async def test_who_comes_later_finds_what_the_others_found(studio: Studio, peer: Peer):  # B6
    await studio.beat(1, 3)
    late = Watched(peer.url, "key", Someone("late"))
    late.channel("member:2").on_change("things", lambda _: None)
    unfollow = studio.beats.follow(late)
    late.open()
    await late.becomes("degraded")
    assert "live" not in late.went
    assert late.status.error == MISSED
    await studio.beat(4, 5, 6)
    await late.becomes("live")
    unfollow()
    await studio.beat(9)
    assert late.status.state == "live"
    await late.close()


async def test_who_is_suspected_can_be_reconnected_and_switched_off(studio: Studio):  # R6, R7
    await studio.beat(1, 3)
    studio.member.reconnect()
    await until(lambda: studio.member.sockets == 2)
    await studio.member.becomes("degraded")
    studio.member.pause()
    await studio.member.becomes("offline")
    await studio.beat(4, 5, 6)
    assert studio.member.status.state == "offline"
    studio.member.reconnect()
    await studio.member.becomes("live")


# The clock -----------------------------------------------------------------------------------------------------------


class Database:
    """Its clock is ahead; its answers take as long as they are told to."""

    def __init__(self, hand: Hand, ahead: float, *trips: float) -> None:
        self.hand = hand
        self.ahead = ahead
        self.trips = list(trips)

    async def __call__(self) -> str:
        trip = self.trips.pop(0)
        if trip < 0:
            raise Unreachable("Supabase does not answer")
        self.hand.seconds += trip * 0.9  # the way there is the long one
        told = datetime.fromtimestamp(self.hand.seconds + self.ahead, UTC).isoformat()
        self.hand.seconds += trip * 0.1
        return told


async def test_the_quickest_answer_counts():  # O1
    hand = Hand()
    clock = ClockOffset(Database(hand, 3.0, 0.5, 0.4, 0.02, 0.6, 9.0), clock=hand)
    assert (clock.offset_s, clock.error_s) == (0.0, None)
    await clock.measure()
    assert clock.error_s == pytest.approx(0.01)
    assert clock.offset_s == pytest.approx(3.0, abs=0.01)
    assert clock.now().timestamp() == pytest.approx(hand.seconds + 3.0, abs=0.01)


async def test_it_is_measured_again_and_again_whatever_happens(monkeypatch: pytest.MonkeyPatch):  # O2
    monkeypatch.setattr(clock_module, "AGAIN_S", 0.0)
    monkeypatch.setattr(clock_module, "RETRY_S", 0.0)
    hand = Hand()
    database = Database(hand, -1.0, *[0.0] * 5, -1, *[0.0] * 5)
    clock = ClockOffset(database, clock=hand)

    async def ask() -> str:
        if not database.trips:
            await asyncio.Event().wait()
        if len(database.trips) == 5:
            database.ahead = 2.0
        return await database()

    clock._ask = ask
    clock.open()
    await until(lambda: clock.offset_s == pytest.approx(2.0))
    await clock.close()


async def test_it_is_measured_anew_when_a_clock_may_have_been_set():  # O2
    hand = Hand()
    database = Database(hand, 1.0, *[0.0] * 5)
    clock = ClockOffset(database, clock=hand)
    clock.open()
    await until(lambda: clock.offset_s == pytest.approx(1.0))
    database.ahead, database.trips = 5.0, [0.0] * 5
    clock.again()
    await until(lambda: clock.offset_s == pytest.approx(5.0))
    await clock.close()
