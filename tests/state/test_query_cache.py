"""QueryCache: when values are fetched and what is told of them. The clock is moved by hand; nothing waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from state.errors import RateLimited, Refused, StateError, Unreachable
from state.signal import Unsubscribe
from state.sync import query_cache
from state.sync.audience import Audience, Seat
from state.sync.cached_query import TICK_S, CachedQuery
from state.sync.change import Change
from state.sync.freshness import AGEING_S, POLL_S, RELAXED_S, Freshness
from state.sync.query_cache import CONCURRENT, KEEP_S, SWEEP_S, QueryCache
from tests.state.support import until

KEY = ("tasks", "paginated", "project", 1, 50, "queued")
NEAR = 0.01


@dataclass
class Server:
    """Answers a fetch when it is told to."""

    asked: list[asyncio.Future[Any]] = field(default_factory=list)

    async def fetch(self) -> Any:
        self.asked.append(asyncio.get_running_loop().create_future())
        return await self.asked[-1]

    async def answer(self, value: Any, number: int = -1) -> None:
        """A value, or an error to raise."""
        one = self.asked[number]
        one.set_exception(value) if isinstance(value, Exception) else one.set_result(value)
        await settle()

    @property
    def times(self) -> int:
        """How often it was asked."""
        return len(self.asked)


@dataclass
class Feed:
    """A channel that a test speaks through."""

    changes: list[Callable[[Change], None]] = field(default_factory=list)
    lives: list[Callable[[], None]] = field(default_factory=list)

    def on_any_change(self, listener: Callable[[Change], None]) -> Unsubscribe:
        self.changes.append(listener)
        return lambda: self.changes.remove(listener)

    def on_live(self, listener: Callable[[], None]) -> Unsubscribe:
        self.lives.append(listener)
        return lambda: self.lives.remove(listener)


class Hand:
    """A cache whose clock, connection and audience are moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.live = True
        self.freshness = Freshness(lambda: self.live, clock=lambda: self.now)
        self.freshness.look()
        self.audience = Audience()
        self.seat: Seat = self.audience.enter()
        self.cache = QueryCache(
            self.freshness, audience=self.audience, clock=lambda: self.now, uniform=lambda _, high: high
        )
        self.server = Server()
        self.told: list[tuple[Any, str, str | None]] = []

    def query(self, key: tuple[Any, ...] = KEY) -> CachedQuery[Any]:
        return self.cache.query(key, self.server.fetch)

    def observe(self, key: tuple[Any, ...] = KEY) -> Unsubscribe:
        return self.query(key).observe(lambda q: self.told.append((q.value, q.phase, q.error)))

    async def loaded(self, value: Any = "first") -> CachedQuery[Any]:
        """A query that is observed and has its value."""
        self.observe()
        await settle()
        await self.server.answer(value)
        return self.query()

    async def after(self, seconds: float) -> None:
        """Lets time pass, a little over."""
        self.now += seconds + NEAR
        self.cache.step()
        await settle()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
async def hand() -> AsyncIterator[Hand]:
    one = Hand()
    yield one
    await one.cache.close()


# What is fetched when ------------------------------------------------------------------------------------------------


async def test_a_value_is_fetched_when_somebody_wants_it_and_everybody_gets_it(hand: Hand):  # Q1
    query = hand.query()
    await settle()
    assert (hand.server.times, query.phase) == (0, "loading")
    hand.observe()
    hand.observe()
    await settle()
    assert (hand.server.times, query.fetching) == (1, True)
    await hand.server.answer(7)
    assert hand.told == [(7, "ready", None)] * 2
    assert hand.query() is query


async def test_however_many_invalidations_during_a_fetch_one_more_fetch_follows(hand: Hand):  # Q1, Q2
    query = await hand.loaded()
    await hand.after(1)
    query.invalidate()
    await settle()
    for _ in range(20):
        query.invalidate()
        await settle()
    assert hand.server.times == 2
    await hand.server.answer("second")
    await hand.after(TICK_S)
    assert hand.server.times == 3
    await hand.server.answer("third")
    await hand.after(5 * TICK_S)
    assert (hand.server.times, query.value) == (3, "third")


async def test_five_hundred_changes_in_a_burst_cost_one_fetch_per_query_and_tick(hand: Hand):  # Q3, Q9
    counts = ("task-status-counts", "project")
    for key in (KEY, counts, ("people", "all")):
        hand.observe(key)
    await settle()
    for number in range(3):
        await hand.server.answer(number, number)
    await hand.after(1)
    before, started = hand.server.times, hand.now
    for number in range(500):
        hand.cache.heard(Change("tasks", "UPDATE"))
        if number % 5 == 0:  # the burst lasts a second, and answers come in the midst of it
            hand.now += 0.01
            hand.cache.step()
            await settle()
            for asked in hand.server.asked:
                if not asked.done():
                    asked.set_result(number)
            await settle()
    ticks = (hand.now - started) / TICK_S
    await hand.after(TICK_S)
    assert 2 * 4 <= hand.server.times - before <= 2 * (ticks + 2), "of the two families of tasks, and of no other"
    await hand.after(3 * TICK_S)
    assert all(not query.stale for query in hand.cache)


async def test_the_supervisor_wakes_for_the_next_tick(hand: Hand):  # Q3, Q11
    cache = QueryCache(hand.freshness, audience=hand.audience, tick_s=0.05)
    cache.open()
    await settle()
    query = cache.query(KEY, hand.server.fetch)
    query.observe(lambda _: None)
    query.invalidate()
    await settle()
    await hand.server.answer("first")
    query.invalidate()
    await until(lambda: hand.server.times == 2, "the next tick", within_s=SWEEP_S / 2)
    await cache.close()


async def test_the_first_of_a_burst_is_fetched_at_once(hand: Hand):  # Q3
    query = await hand.loaded()
    await hand.after(1)
    query.invalidate()
    await settle()
    assert hand.server.times == 2, "without the clock having moved"


async def test_what_nobody_observes_is_only_marked(hand: Hand):  # Q4
    leave = hand.observe()
    await settle()
    await hand.server.answer(1)
    leave()
    await hand.after(1)
    hand.cache.invalidate("tasks")
    await hand.after(100)
    assert (hand.server.times, hand.query().stale) == (1, True)
    hand.observe()
    await settle()
    assert hand.server.times == 2


async def test_a_prefix_reaches_what_begins_with_it(hand: Hand):
    keys = [KEY, ("tasks", "one"), ("tasks", "paginated", "another"), ("tasks-by-hand",)]
    for key in keys:
        hand.query(key)
    hand.cache.invalidate("tasks", "paginated", "project")
    assert [hand.query(key).stale for key in keys] == [True, False, False, False]
    hand.cache.invalidate("tasks")
    assert [hand.query(key).stale for key in keys] == [True, True, True, False]
    hand.cache.invalidate()
    assert all(query.stale for query in hand.cache)


async def test_a_fetch_by_hand_waits_for_nobody(hand: Hand):  # Q4
    query = await hand.loaded()
    hand.seat.see(False)
    await hand.after(1)
    query.refetch()
    await settle()
    assert hand.server.times == 2


async def test_an_observer_may_ask_for_fresher_data_than_there_is(hand: Hand):
    await hand.loaded()
    await hand.after(3)
    hand.query().observe(lambda _: None)
    hand.query().observe(lambda _: None, stale_s=5)
    await settle()
    assert hand.server.times == 1
    hand.query().observe(lambda _: None, stale_s=2)
    await settle()
    assert hand.server.times == 2


# Polling -------------------------------------------------------------------------------------------------------------


async def test_it_is_polled_by_how_fresh_its_family_is(hand: Hand):  # Q8
    hand.freshness.heard("tasks")
    await hand.loaded()
    await hand.after(AGEING_S[0])
    hand.freshness.heard("tasks")
    assert hand.server.times == 1
    await hand.after(RELAXED_S - AGEING_S[0])
    assert hand.server.times == 2
    await hand.server.answer("second")
    hand.live = False
    hand.freshness.look()
    await hand.after(POLL_S)
    assert hand.server.times == 3


async def test_the_least_fresh_connection_decides(hand: Hand):
    other = Freshness(lambda: False, clock=lambda: hand.now)
    both = QueryCache(hand.freshness, other, audience=hand.audience)
    hand.freshness.beat()
    assert (hand.cache.interval_s("tasks"), both.interval_s("tasks")) == (RELAXED_S, POLL_S)


async def test_nobody_polls_for_a_hidden_page_and_a_look_fetches_what_is_old(hand: Hand):  # Q4, Q10
    query = await hand.loaded()
    hand.cache.open()
    hand.seat.see(False)
    await hand.after(1000)
    query.invalidate()
    await hand.after(1000)
    assert hand.server.times == 1
    hand.seat.see(True)
    await settle()
    assert hand.server.times == 2, "at once, by the supervisor"
    await hand.server.answer("second")
    hand.seat.see(False)
    hand.seat.see(True)
    await settle()
    assert hand.server.times == 2, "what is fresh is not fetched for a look"


async def test_after_a_reconnect_everything_is_fetched_at_once(hand: Hand):  # Q10
    await hand.loaded()
    hand.cache.open()
    hand.live = False
    hand.freshness.look()
    await hand.after(1)
    assert hand.server.times == 1
    hand.live = True
    hand.freshness.look()
    await settle()
    assert hand.server.times == 2


async def test_a_change_of_a_followed_feed_is_heard_and_invalidates_and_so_does_a_gap(hand: Hand):  # Q9, Q10
    feed = Feed()
    hand.cache.follow(feed, hand.freshness)
    await hand.loaded()
    await hand.after(1)
    assert hand.freshness.age_s("tasks") is None
    feed.changes[0](Change("tasks", "INSERT"))
    await settle()
    assert (hand.server.times, hand.freshness.age_s("tasks")) == (2, 0.0)
    assert hand.freshness.age_s("unified-generations") == 0.0
    feed.changes[0](Change("profiles", "INSERT"))
    assert (hand.freshness.age_s("profiles"), hand.freshness.age_s("people")) == (0.0, 0.0)
    await hand.server.answer("second")
    await hand.after(1)
    assert hand.server.times == 2
    feed.lives[0]()
    await settle()
    assert hand.server.times == 3
    await hand.cache.close()
    assert (feed.changes, feed.lives) == ([], [])


# What is told --------------------------------------------------------------------------------------------------------


async def test_an_equal_value_is_told_to_nobody(hand: Hand):  # Q6
    query = await hand.loaded({"waiting": 1})
    for value in ({"waiting": 1}, {"waiting": 2}):
        await hand.after(1)
        query.invalidate()
        await settle()
        await hand.server.answer(value)
    assert [value for value, _, _ in hand.told] == [{"waiting": 1}, {"waiting": 2}]


async def test_a_failure_is_tried_again_and_then_said_beside_the_last_good_value(hand: Hand):  # Q5
    query = await hand.loaded()
    await hand.after(1)
    query.invalidate()
    await settle()
    for wait in (1, 2, 4):
        await hand.server.answer(Unreachable("Supabase does not answer"))
        assert len(hand.told) == 1, "it is not given up yet"
        await hand.after(wait - 2 * NEAR)
        await hand.after(2 * NEAR)
    assert hand.server.times == 5
    await hand.server.answer(Unreachable("Supabase does not answer"))
    assert hand.told[1:] == [("first", "ready", "Supabase does not answer")]
    await hand.after(AGEING_S[0])
    assert hand.server.times == 6, "the next poll"
    await hand.server.answer("first")
    assert hand.told[2:] == [("first", "ready", None)], "the same value, but all is well again"


async def test_what_was_refused_is_not_asked_again_at_once(hand: Hand):  # Q5
    hand.observe()
    await settle()
    await hand.server.answer(Refused("Nobody may count this", "42501"))
    assert hand.told == [(None, "failed", "Nobody may count this")]
    await hand.after(5)
    assert hand.server.times == 1


async def test_too_many_requests_wait_as_long_as_they_are_told_to(hand: Hand):  # Q5
    hand.observe()
    await settle()
    await hand.server.answer(RateLimited("Too many requests at the moment", 20.0))
    await hand.after(19)
    assert hand.server.times == 1
    await hand.after(1)
    assert hand.server.times == 2


async def test_what_is_reachable_again_is_asked_without_waiting(hand: Hand):  # Q10
    query = await hand.loaded()
    await hand.after(1)
    query.invalidate()
    await settle()
    await hand.server.answer(RateLimited("Too many requests at the moment", 60.0))
    await hand.after(1)
    hand.cache.gap()
    await settle()
    assert hand.server.times == 3


async def test_a_fault_of_our_own_is_logged_and_hurts_nobody_else(hand: Hand, caplog: pytest.LogCaptureFixture):
    hand.observe()
    await settle()
    await hand.server.answer(KeyError("surprise"))
    assert hand.told == [(None, "failed", "Something unexpected happened")]
    assert "surprise" in caplog.text


async def test_what_was_set_by_hand_is_not_undone_by_an_older_answer(hand: Hand):  # Q7
    query = await hand.loaded(10)
    await hand.after(1)
    query.invalidate()
    await settle()
    query.set_data(9)
    await hand.server.answer(10)
    assert query.value == 9
    await hand.after(TICK_S)
    assert hand.server.times == 3, "the database has the last word"
    await hand.server.answer(8)
    assert [value for value, _, _ in hand.told] == [10, 9, 8]


# Bounds --------------------------------------------------------------------------------------------------------------


async def test_a_value_is_kept_five_minutes_after_its_last_observer(hand: Hand):  # Q12
    leave = hand.observe()
    await settle()
    await hand.server.answer(1)
    await hand.after(2 * KEEP_S)
    await hand.server.answer(1)
    leave()
    await hand.after(KEEP_S - 1)
    leave()
    assert len(hand.cache) == 1
    await hand.after(1)
    assert len(hand.cache) == 0


async def test_the_longest_unobserved_go_first(hand: Hand, monkeypatch: pytest.MonkeyPatch):  # Q12
    monkeypatch.setattr(query_cache, "MAX_QUERIES", 3)
    watched = [hand.observe(("watched", n)) for n in range(3)]
    late = hand.query(("late",))
    hand.query(("later",))
    assert {query.key for query in hand.cache} == {("watched", 0), ("watched", 1), ("watched", 2), ("later",)}
    late.observe(lambda _: None)
    assert hand.cache.get(("late",)) is late, "what is observed is kept, forgotten or not"
    await hand.after(1)
    assert hand.cache.get(("later",)) is None
    for leave in watched:
        leave()


async def test_a_thousand_queries_are_fetched_a_few_at_a_time(hand: Hand):  # Q11
    most = asked = 0

    async def fetch() -> int:
        nonlocal most, asked
        asked += 1
        most = max(most, hand.cache._running)
        await asyncio.sleep(0)
        return asked

    for number in range(1000):
        hand.cache.query(("many", number), fetch).observe(lambda _: None)
    while any(query.value is None for query in hand.cache):  # noqa: ASYNC110
        await asyncio.sleep(0)
    await settle()
    assert (asked, most) == (1000, CONCURRENT)
    assert len(hand.cache._tasks) == 0, "no task per query"


async def test_closing_ends_what_is_in_flight_and_opening_begins_anew(hand: Hand):  # Q13
    hand.cache.open()
    hand.observe()
    await settle()
    await hand.cache.close()
    query = hand.query()
    assert (hand.server.asked[0].cancelled(), query.fetching, len(hand.cache._tasks)) == (True, False, 0)
    query.refetch()
    await hand.after(10)
    assert hand.server.times == 1
    hand.cache.open()
    await settle()
    assert hand.server.times == 2


async def test_the_facts_say_what_diagnostics_show(hand: Hand):
    await hand.loaded()
    await hand.after(2)
    (facts,) = hand.cache.facts()
    assert (facts.key, facts.phase, facts.observers, facts.fetches) == (KEY, "ready", 1, 1)
    assert facts.age_s == pytest.approx(2, abs=0.1)


# Whatever happens ----------------------------------------------------------------------------------------------------

STEPS = st.sampled_from(["change", "answer", "fail", "refuse", "time", "long", "hide", "look", "drop", "live", "set"])


@settings(max_examples=300)
@given(st.lists(STEPS, max_size=40))
def test_whatever_happens_it_ends_with_what_the_database_has(steps: list[str]):  # Q1 to Q8
    asyncio.run(storm(steps))


async def storm(steps: list[str]) -> None:
    hand, version = Hand(), 0
    read: list[int] = []

    async def fetch() -> int:
        read.append(version)
        return await hand.server.fetch()

    query = hand.cache.query(KEY, fetch)
    shown: list[int | None] = []
    query.observe(lambda q: shown.append(q.value))

    async def end(error: StateError | None = None) -> None:
        assert sum(not asked.done() for asked in hand.server.asked) <= 1  # Q1
        await settle()
        if query.fetching:
            await hand.server.answer(error or read[-1])

    for step in [*steps, "look", "live", "long"]:
        match step:
            case "change":
                version += 1
                hand.cache.heard(Change("tasks", "UPDATE"))
            case "answer":
                await end()
            case "fail":
                await end(Unreachable("no"))
            case "refuse":
                await end(Refused("no"))
            case "time":
                await hand.after(TICK_S)
            case "long":
                await hand.after(RELAXED_S)
            case "hide" | "look":
                hand.seat.see(step == "look")
            case "drop" | "live":
                hand.live = step == "live"
                hand.freshness.look()
            case "set":
                version += 1
                query.set_data(version)
        await settle()
    for _ in range(3):
        await end()
        await hand.after(RELAXED_S)
    await end()
    assert (query.value, query.error) == (version, None)
    assert all(a != b for a, b in pairwise(shown)) or query.failures  # Q6
    assert [v for v in shown if v is not None] == sorted(v for v in shown if v is not None)  # Q7
    await hand.cache.close()
