"""Typing: Y1 to Y4, by a clock that is moved by hand, against a scripted server, and between two members."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest

from state.realtime.connection import Connection
from state.realtime.typing import EVENT, EXPIRE_S, MOST, REST_S, Typing
from state.starling import Starling
from tests.state.peer import Peer
from tests.state.support import PASSWORD, Account, Someone, until
from tests.state.test_presence import ADA, GRACE

ROOM = "room:studio"


@dataclass(eq=False)
class Alarm:
    """A timer of the clock."""

    clock: Clock
    at: float
    action: Callable[[], None]

    def cancel(self) -> None:
        """As `Timer` says."""
        self.clock.alarms.discard(self)


@dataclass
class Clock:
    """Time that passes when the test says so."""

    now: float = 0.0
    alarms: set[Alarm] = field(default_factory=set)

    def later(self, seconds: float, action: Callable[[], None]) -> Alarm:
        """As `Later` says."""
        alarm = Alarm(self, self.now + seconds, action)
        self.alarms.add(alarm)
        return alarm

    def pass_s(self, seconds: float) -> None:
        """Lets so much time pass; what is due happens in its order."""
        end = self.now + seconds
        while due := sorted((a for a in self.alarms if a.at <= end), key=lambda alarm: alarm.at):
            self.now = due[0].at
            self.alarms.discard(due[0])
            due[0].action()
        self.now = end


@dataclass
class Desk:
    """Ada at a scripted server; `known` are those she sees in the room."""

    peer: Peer
    clock: Clock
    typing: Typing
    connection: Connection
    known: set[UUID]
    changes: list[set[UUID]]

    @property
    def said(self) -> list[bool]:
        """Ada's words, as they came in."""
        frames = [frame["payload"] for frame in self.peer.got("broadcast", ROOM)]
        return [frame["payload"]["typing"] for frame in frames if frame["event"] == EVENT]

    async def hear(self, id: Any, typing: Any = True) -> None:
        """Somebody's word, and one more that says when it was taken in."""
        before = self.connection.events
        await self.peer.broadcast(ROOM, EVENT, {"id": str(id), "typing": typing})
        await until(lambda: self.connection.events > before)


@pytest.fixture
async def desk(peer: Peer) -> AsyncIterator[Desk]:
    clock, known = Clock(), {ADA, GRACE}
    connection = Connection(peer.url, "key", Someone(), uniform=lambda low, high: 0.02)
    typing = Typing(connection, ROOM, ADA, known=lambda id: id in known, later=clock.later)
    changes: list[set[UUID]] = []
    typing.on_change(lambda: changes.append(set(typing.typists)))
    connection.open()
    typing.open()
    await until(lambda: connection.status.state == "live")
    yield Desk(peer, clock, typing, connection, known, changes)
    await typing.close()
    await connection.close()
    assert not clock.alarms


async def test_there_is_one_word_every_two_seconds_and_one_at_the_end(desk: Desk):  # Y1
    for _ in range(50):
        desk.typing.typing()
        desk.clock.pass_s(0.1)
    await until(lambda: desk.said == [True] * 3)
    desk.clock.pass_s(REST_S - 0.2)
    await until(lambda: desk.said == [True] * 4)
    desk.clock.pass_s(0.2)
    await until(lambda: desk.said == [True] * 4 + [False])
    desk.clock.pass_s(60)
    desk.typing.typing()
    await until(lambda: desk.said[5:] == [True])


@pytest.mark.parametrize("every_s", [0.5, 1.9, 2.4])
async def test_who_types_slowly_does_not_blink(desk: Desk, every_s: float):  # Y1, Y2
    times: list[float] = []
    desk.typing._send = lambda typing: times.append(desk.clock.now) if typing else None  # type: ignore[method-assign]
    for _ in range(20):
        desk.typing.typing()
        desk.clock.pass_s(every_s)
    assert max(b - a for a, b in pairwise(times)) < EXPIRE_S


async def test_what_is_sent_ends_it_at_once(desk: Desk):  # Y1
    desk.typing.stop()
    desk.typing.typing()
    desk.typing.stop()
    desk.typing.stop()
    await until(lambda: desk.said == [True, False])
    assert not desk.clock.alarms


async def test_who_is_not_seen_in_the_room_does_not_say_that_they_type(desk: Desk):  # Y4
    desk.known.discard(ADA)
    desk.typing.typing()
    desk.known.add(ADA)
    desk.typing.typing()
    await until(lambda: desk.said == [True])
    desk.typing.typing()
    desk.known.discard(ADA)
    desk.typing.typing()
    desk.clock.pass_s(REST_S)
    await until(lambda: desk.said == [True, False])


async def test_others_are_forgotten_after_their_last_word(desk: Desk):  # Y2
    await desk.hear(GRACE)
    desk.clock.pass_s(EXPIRE_S - 0.1)
    await desk.hear(GRACE)
    desk.clock.pass_s(EXPIRE_S - 0.1)
    assert desk.typing.typists == {GRACE}
    desk.clock.pass_s(0.2)
    assert desk.changes == [{GRACE}, set()]
    await desk.hear(GRACE)
    await desk.hear(GRACE, typing=False)
    assert desk.changes == [{GRACE}, set(), {GRACE}, set()]


async def test_after_a_gap_nobody_types(desk: Desk):  # Y2
    await desk.hear(GRACE)
    desk.connection.reconnect()
    await until(lambda: not desk.typing.typists)
    await until(lambda: desk.connection.sockets == 2 and desk.connection.status.state == "live")
    assert desk.changes == [{GRACE}, set()]


@pytest.mark.parametrize("id", [ADA, uuid4(), "ada", "", None, 5, "__proto__"])
async def test_oneself_and_whoever_is_not_here_is_never_listed(desk: Desk, id: Any):  # Y3
    await desk.hear(id)
    assert desk.changes == []


@pytest.mark.parametrize("payload", [{}, {"id": [1], "typing": True}, {"id": {}, "typing": True}, {"typing": True}])
async def test_words_that_make_no_sense_are_passed_over(desk: Desk, payload: dict[str, Any]):  # Y3
    before = desk.connection.events
    await desk.peer.broadcast(ROOM, EVENT, payload)
    await until(lambda: desk.connection.events > before)
    await desk.hear(GRACE, typing="yes")
    assert (desk.changes, desk.connection.sockets) == ([], 1)


async def test_a_crowd_is_capped(desk: Desk):  # Y3
    crowd = [uuid4() for _ in range(MOST + 5)]
    desk.known.update(crowd)
    for id in crowd:
        await desk.hear(id)
    assert len(desk.typing.typists) == MOST


async def test_two_members_see_each_other_type(starling: Starling, account: Callable[[], Awaitable[Account]]):
    members = []
    for _ in range(2):
        someone = await account()
        member = starling.members.of(await starling.sessions.sign_in(someone.email, PASSWORD))
        assert member is not None
        member.audience.enter()
        members.append(member)
    one, other = members
    await until(lambda: all(m.id in n.presence.people for m in members for n in members))
    one.typing.typing()
    await until(lambda: other.typing.typists == {one.id})
    assert not one.typing.typists
    one.typing.stop()
    await until(lambda: not other.typing.typists)
    one.set_status("offline")
    await until(lambda: one.id not in one.presence.people)
    one.typing.typing()
    other.typing.typing()
    await until(lambda: one.typing.typists == {other.id}, "who appears offline sees the others")
    assert not other.typing.typists
