"""Circle: E1 to E4, against a scripted server."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from state.realtime.circle import PER_MEMBER_S, SPREAD_S, Circle
from tests.state.peer import Peer
from tests.state.support import until
from tests.state.watched import Watched

pytestmark = pytest.mark.usefixtures("quick")

ID = UUID("6f7a1c9e-0000-4000-8000-000000000001")


class Clock:
    """Timers that go off when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[tuple[float, Callable[[], None]]] = []

    def later(self, seconds: float, action: Callable[[], None]) -> Clock.Timer:
        entry = (seconds, action)
        self.waiting.append(entry)
        return Clock.Timer(self, entry)

    def go_off(self) -> None:
        waiting, self.waiting = self.waiting, []
        for _, action in waiting:
            action()

    class Timer:
        def __init__(self, clock: Clock, entry: tuple[float, Callable[[], None]]) -> None:
            self.clock, self.entry = clock, entry

        def cancel(self) -> None:
            if self.entry in self.clock.waiting:
                self.clock.waiting.remove(self.entry)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def circle(live: Watched, clock: Clock) -> Circle:
    """Whoever moves waits as long as they may."""
    return Circle(live, "team", ID, uniform=lambda _, most: most, later=clock.later)


def topic(epoch: int) -> str:
    return f"team:{ID}:{epoch}"


def joined(peer: Peer, epoch: int) -> bool:
    return any(topic(epoch) in topics for topics in peer.topics.values())


async def test_it_has_no_topic_before_the_database_has_said_so_and_then_hears_everything(
    circle: Circle, peer: Peer
):  # E1
    heard: list[int] = []
    circle.on_change("things", lambda change: heard.append(change.records[0]["n"]))
    assert not circle.known
    circle.follow(4, 1)
    await until(lambda: circle.live)
    await peer.change(topic(4), "things", {"n": 1})
    await until(lambda: heard == [1])
    circle.follow(3, 1)
    circle.follow(4, 1)
    assert circle.topic == topic(4)


async def test_it_stays_on_the_old_topic_until_the_new_one_is_live(circle: Circle, peer: Peer, clock: Clock):  # E2
    heard: list[int] = []
    said: list[str] = []
    circle.on_change("things", lambda change: heard.append(change.records[0]["n"]))
    circle.on_live(lambda: said.append("live"))
    circle.on_lost(lambda: said.append("lost"))
    circle.follow(1, 1)
    await until(lambda: circle.live)

    circle.follow(2, 1)
    assert said == ["live", "lost"]
    await peer.change(topic(1), "things", {"n": 1})
    await until(lambda: heard == [1])
    peer.ready = False
    clock.go_off()
    await until(lambda: joined(peer, 2))
    await peer.change(topic(1), "things", {"n": 2})
    await until(lambda: heard == [1, 2])
    assert not circle.live

    peer.ready = True
    await peer.open_gate()
    await until(lambda: circle.live and not joined(peer, 1))
    assert said == ["live", "lost", "live"]
    await peer.change(topic(2), "things", {"n": 3})
    await until(lambda: heard == [1, 2, 3])


async def test_only_the_last_of_several_epochs_is_gone_to(circle: Circle, peer: Peer, clock: Clock):  # E1, E2
    circle.on_any_change(lambda _: None)
    circle.follow(1, 1)
    await until(lambda: circle.live)
    circle.follow(2, 1)
    circle.follow(3, 1)
    clock.go_off()
    await until(lambda: circle.live and not joined(peer, 1))
    assert not peer.got("phx_join", topic(2))


async def test_a_topic_that_is_left_behind_on_the_way_is_left(circle: Circle, peer: Peer, clock: Clock):  # E2
    circle.on_any_change(lambda _: None)
    circle.follow(1, 1)
    await until(lambda: circle.live)
    peer.joins[topic(2)] = "never"
    circle.follow(2, 1)
    clock.go_off()
    await until(lambda: peer.got("phx_join", topic(2)))
    circle.follow(3, 1)
    clock.go_off()
    await until(lambda: circle.live and not joined(peer, 1))
    assert [channel.topic for channel in circle._connection.channels if channel.topic.startswith("team")] == [topic(3)]


async def test_the_larger_the_circle_the_less_at_once_it_moves(circle: Circle, clock: Clock):  # E3
    circle.follow(1, 1)
    for epoch, (size, wait_s) in enumerate([(1, PER_MEMBER_S), (100, 100 * PER_MEMBER_S), (100_000, SPREAD_S)], 2):
        circle.follow(epoch, size)
        assert [seconds for seconds, _ in clock.waiting] == [wait_s]


async def test_it_ends_at_once_says_why_and_stays_over(circle: Circle, peer: Peer, clock: Clock, live: Watched):  # E4
    said: list[str] = []
    circle.on_end(said.append)
    stop = circle.on_any_change(lambda _: None)
    circle.follow(1, 1)
    await until(lambda: circle.live)
    circle.follow(2, 1)
    circle.end("You are no longer in this team")
    assert (said, circle.live, clock.waiting) == (["You are no longer in this team"], False, [])
    circle.end("again")
    circle.follow(3, 1)
    circle.on_any_change(lambda _: None)
    stop()
    await until(lambda: not joined(peer, 1))
    assert said == ["You are no longer in this team"]
    assert [channel.topic for channel in live.channels] == ["world"]


async def test_nobody_who_listens_no_topic(circle: Circle, peer: Peer, live: Watched):  # C1
    circle.follow(1, 1)
    stop = circle.on_broadcast("word", lambda _: None)
    await until(lambda: circle.live)
    stop()
    await until(lambda: not joined(peer, 1))
    heard: list[str] = []
    circle.on_broadcast("word", lambda payload: heard.append(payload["text"]))
    await until(lambda: circle.live)
    await peer.broadcast(topic(1), "word", {"text": "hello"})
    await until(lambda: heard == ["hello"])
