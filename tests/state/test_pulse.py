"""Pulse: P1 to P4, with intervals that are either over at once or never."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from state.sync.audience import Audience
from state.sync.freshness import Freshness
from state.sync.pulse import Pulse
from tests.state.support import hasten, until

NEVER_S, NOW_S = 3600.0, 0.0


@dataclass
class Desk:
    """A connection, a feed and an audience that are moved by hand; `factor` is the jitter that is drawn."""

    live: bool = True
    feed_live: bool = True
    factor: float = 1.0
    audience: Audience = field(default_factory=Audience)
    drawn: list[tuple[float, float]] = field(default_factory=list)
    resting: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.freshness = Freshness(lambda: self.live)
        self.pulse = Pulse("tasks", self.freshness, self.audience, lambda: self.feed_live, uniform=self._draw)
        self.pulse.open()

    def _draw(self, low: float, high: float) -> float:
        self.drawn.append((low, high))
        return self.factor

    async def rest(
        self, *, failed: bool = False, needed: bool = False, at_most_s: float | None = None
    ) -> asyncio.Task[None]:
        """A pause that has begun."""
        self.pulse.begin()
        task = asyncio.create_task(self.pulse.rest(failed=failed, needed=needed, at_most_s=at_most_s))
        self.resting.append(task)
        await settle()
        return task


async def settle() -> None:
    """Lets everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    hasten(monkeypatch, relaxed_s=NEVER_S, poll_s=NOW_S)
    made = Desk()
    yield made
    made.pulse.close()
    for task in made.resting:
        task.cancel()
    await asyncio.gather(*made.resting, return_exceptions=True)


async def test_the_interval_is_the_familys_jittered_by_a_fifth(desk: Desk, monkeypatch: pytest.MonkeyPatch):  # P1
    hasten(monkeypatch, relaxed_s=0.05, poll_s=NEVER_S)
    desk.audience.enter()
    begun = asyncio.get_running_loop().time()
    desk.factor = 2.0
    await (await desk.rest())
    assert asyncio.get_running_loop().time() - begun >= 0.1
    assert desk.drawn == [(0.8, 1.2)]
    assert desk.pulse.interval_s == 0.05


@pytest.mark.parametrize("why", ["feed", "failed"])
async def test_a_feed_that_is_not_live_and_an_answer_that_did_not_come_mean_polling(desk: Desk, why: str):  # P1
    desk.audience.enter()
    desk.feed_live = why != "feed"
    pause = await desk.rest(failed=why == "failed")
    assert pause.done()
    assert desk.pulse.interval_s == NOW_S


async def test_a_connection_that_is_lost_ends_a_long_pause(desk: Desk):  # P2
    desk.audience.enter()
    desk.freshness.look()
    pause = await desk.rest()
    assert (pause.done(), desk.pulse.interval_s) == (False, NEVER_S)
    desk.live = False
    desk.freshness.look()
    await until(pause.done)


async def test_a_feed_that_is_lost_ends_a_long_pause(desk: Desk):  # P2
    desk.audience.enter()
    pause = await desk.rest()
    desk.feed_live = False
    desk.pulse.reckon()
    await until(pause.done)


async def test_a_connection_that_is_live_again_makes_a_short_pause_long(desk: Desk, monkeypatch):  # P2
    hasten(monkeypatch, relaxed_s=NEVER_S, poll_s=NEVER_S / 2)
    desk.audience.enter()
    desk.live = False
    pause = await desk.rest()
    assert desk.pulse.interval_s == NEVER_S / 2
    desk.live = True
    desk.freshness.look()
    await settle()
    assert (pause.done(), desk.pulse.interval_s) == (False, NEVER_S)


async def test_nobody_polls_for_an_empty_room_and_who_comes_back_waits_no_longer(desk: Desk):  # P3
    desk.live = False  # the interval is over at once
    pause = await desk.rest()
    assert not pause.done()
    desk.audience.enter().see(False)
    await settle()
    assert not pause.done(), "a hidden page is nobody"
    desk.audience.enter()
    await until(pause.done)


async def test_what_is_fresh_enough_is_not_asked_for_when_somebody_comes(desk: Desk):  # P3
    pause = await desk.rest()
    desk.audience.enter()
    await settle()
    assert not pause.done()


async def test_what_has_never_come_is_asked_for_whoever_looks(desk: Desk):  # P3
    pause = await desk.rest(failed=True, needed=True)
    assert pause.done()


async def test_asking_ends_any_pause_and_is_not_forgotten(desk: Desk):  # P4
    pause = await desk.rest()
    desk.pulse.ask()
    await until(pause.done)
    desk.pulse.begin()
    desk.pulse.ask()  # while the answer is on its way
    await asyncio.wait_for(desk.pulse.rest(failed=False, needed=False), 30)


async def test_a_refill_waits_less_than_the_interval_whoever_looks(desk: Desk):
    pause = await desk.rest(at_most_s=0.01)
    await until(pause.done)


async def test_it_leaves_when_it_is_closed(desk: Desk):
    desk.pulse.close()
    assert len(desk.freshness._changed) == 0
    assert len(desk.audience._changed) == 0
