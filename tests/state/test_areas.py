"""Areas: opened with the first page that uses them, closed a while after the last. Invariants A1 to A3 of `state.areas`."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from state.areas import Areas
from tests.state.support import until


class Room:
    """An area that only counts; `waiting` stands for a write that has no connection."""

    def __init__(self) -> None:
        self.opened = self.closed = 0
        self.mutations = SimpleNamespace(waiting=False)

    @property
    def tables(self) -> tuple[Any, ...]:
        return (self,)

    def open(self) -> None:
        self.opened += 1

    async def close(self) -> None:
        self.closed += 1


async def test_pages_share_one_area_until_the_last_has_left() -> None:  # A1, A3
    areas = Areas("test", linger_s=0.01)
    first, leave_first = areas.use("x", Room)
    second, leave_second = areas.use("x", Room)
    assert first is second
    assert first.opened == 1
    assert areas.tables == (first,)
    leave_first()
    leave_first()  # twice is once
    await asyncio.sleep(0.03)
    assert first.closed == 0
    leave_second()
    await until(lambda: first.closed == 1)
    third, leave_third = areas.use("x", Room)
    assert third is not first
    leave_third()
    await areas.close()
    assert third.closed == 1


async def test_who_comes_back_in_time_finds_it_open() -> None:  # A1
    areas = Areas("test", linger_s=0.02)
    room, leave = areas.use("x", Room)
    leave()
    again, _ = areas.use("x", Room)
    await asyncio.sleep(0.05)
    assert again is room
    assert room.closed == 0
    await areas.close()


async def test_writes_that_wait_keep_it_open() -> None:  # A2
    areas = Areas("test", linger_s=0.01)
    room, leave = areas.use("x", Room)
    room.mutations.waiting = True
    leave()
    await asyncio.sleep(0.04)
    assert room.closed == 0
    room.mutations.waiting = False
    await until(lambda: room.closed == 1)
    assert len(areas) == 0


async def test_leaving_after_the_end_is_harmless() -> None:
    areas = Areas("test")
    room, leave = areas.use("x", Room)
    await areas.close()
    leave()
    assert room.closed == 1
