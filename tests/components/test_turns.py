"""Turns: many pages that have a change to show."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from components.turns import Turns


class Hand:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def turns(clock: Hand) -> Turns:
    return Turns(0.010, clock=clock)


async def test_whoever_is_alone_is_served_at_once_and_the_loop_breathes_between_many(turns: Turns, clock: Hand):  # T1
    served: list[tuple[int, int]] = []
    turn = 0

    def work(page: int) -> None:
        clock.now += 0.004
        served.append((turn, page))

    for page in range(8):
        turns.ask(partial(work, page))
    assert [page for _, page in served] == [0, 1, 2]
    while len(turns):
        turn += 1
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [page for _, page in served] == list(range(8))
    assert [turn for turn, _ in served] == [0, 0, 0, 1, 1, 1, 2, 2]
    await asyncio.sleep(0)
    turns.ask(partial(work, 8))
    assert served[-1][1] == 8, "afterwards there is time again"


async def test_whoever_waits_already_waits_once_and_whoever_leaves_is_not_served(turns: Turns, clock: Hand):  # T2, T3
    served: list[str] = []

    def slow() -> None:
        clock.now += 1

    def page() -> None:
        served.append("page")

    def closed() -> None:
        served.append("closed")

    turns.ask(slow)
    for _ in range(3):
        turns.ask(page)
        turns.ask(closed)
    turns.leave(closed)
    assert (served, len(turns)) == ([], 1)
    for _ in range(3):
        await asyncio.sleep(0)
    assert served == ["page"]


async def test_one_that_fails_keeps_nobody_waiting(turns: Turns, clock: Hand, caplog: pytest.LogCaptureFixture):  # T3
    served: list[str] = []

    def slow() -> None:
        clock.now += 1

    def fails() -> None:
        raise ValueError("a page")

    turns.ask(slow)
    turns.ask(fails)
    turns.ask(lambda: served.append("another"))
    for _ in range(3):
        await asyncio.sleep(0)
    assert served == ["another"]
    assert "A page could not show a change" in caplog.text
