"""Freshness: how often to ask, and Audience: whether to ask at all."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from state.sync.audience import Audience
from state.sync.freshness import AGED_S, AGEING_S, FRESH_S, MAX_FAMILIES, POLL_S, RELAXED_S, Freshness


@dataclass
class Hand:
    """A connection and a clock that are moved by hand."""

    live: bool = True
    now: float = 1000.0
    freshness: Freshness = field(init=False)

    def __post_init__(self) -> None:
        self.freshness = Freshness(lambda: self.live, clock=lambda: self.now)


@pytest.fixture
def hand() -> Hand:
    return Hand()


def test_what_was_heard_of_lately_is_asked_for_rarely(hand: Hand):  # F1
    hand.freshness.heard("tasks")
    assert hand.freshness.interval_s("tasks") == RELAXED_S
    hand.now += FRESH_S - 1
    assert hand.freshness.mode("tasks") == "relaxed"


def test_what_ages_is_asked_for_more_and_more_often(hand: Hand):  # F2
    hand.freshness.heard("tasks")
    intervals = []
    for age in (FRESH_S, (FRESH_S + AGED_S) / 2, AGED_S, 10 * AGED_S):
        hand.now = 1000.0 + age
        intervals.append(hand.freshness.interval_s("tasks"))
    assert intervals == [AGEING_S[0], sum(AGEING_S) / 2, AGEING_S[1], AGEING_S[1]]
    assert hand.freshness.interval_s("never heard of") == AGEING_S[1]


def test_one_family_says_nothing_of_another_but_a_beat_speaks_for_all(hand: Hand):
    hand.freshness.heard("tasks")
    assert hand.freshness.mode("shots") == "ageing"
    hand.freshness.beat()
    assert hand.freshness.mode("shots") == "relaxed"


def test_without_a_connection_everything_is_polled(hand: Hand):  # F3
    hand.freshness.heard("tasks")
    hand.live = False
    assert (hand.freshness.mode("tasks"), hand.freshness.interval_s("tasks")) == ("polling", POLL_S)


def test_whoever_polls_is_told_when_the_connection_changes(hand: Hand):  # F4
    heard: list[bool] = []
    unsubscribe = hand.freshness.on_change(heard.append)
    for live in (True, True, False, False, True):
        hand.live = live
        hand.freshness.look()
    unsubscribe()
    hand.live = False
    hand.freshness.look()
    assert heard == [True, False, True]


def test_families_are_not_remembered_without_end(hand: Hand):
    for number in range(MAX_FAMILIES + 5):
        hand.freshness.heard(str(number))
    facts = hand.freshness.facts()
    assert len(facts) == MAX_FAMILIES
    assert "0" not in {fact.family for fact in facts}


def test_an_audience_looks_while_any_page_is_open_and_visible():
    audience = Audience()
    told: list[tuple[int, bool]] = []
    audience.on_change(lambda: told.append((len(audience), audience.looking)))
    first, second = audience.enter(), audience.enter()
    first.see(False)
    first.see(False)
    second.see(False)
    second.see(True)
    second.leave()
    second.leave()
    first.leave()
    assert told == [(1, True), (2, True), (2, True), (2, False), (2, True), (1, False), (1, False), (0, False)]
