"""Gradual (G1 to G3): many rows at once are drawn over some turns; what is there stays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

from nicegui import Client

from components.gradual import STEP, Gradual
from state.signal import Signal
from state.sync.rows import Batch


@dataclass(frozen=True)
class Row:
    id: int
    word: str = ""


@dataclass
class Table:
    """Rows that the test sets."""

    rows: list[Row] = field(default_factory=list)
    phase: str = "ready"
    error: str | None = None
    complete: bool = True
    told: Signal[Batch[Row]] = field(default_factory=Signal)

    def get(self, key: object) -> Row | None:
        return next((row for row in self.rows if row.id == key), None)

    def pending(self, key: object) -> None:
        return None

    def subscribe(self, listener: Callable[[Batch[Row]], None]) -> Callable[[], None]:
        return self.told.subscribe(listener)

    async def load_more(self) -> None:
        self.set(*self.rows, *(Row(id) for id in range(900, 900 + 3 * STEP)))

    def set(self, *rows: Row) -> None:
        self.rows = list(rows)
        self.told.emit(Batch())


class Page:
    """What Gradual needs of a client."""

    def __init__(self) -> None:
        self.end: Callable[[], Any] = lambda: None

    def on_delete(self, handler: Callable[[], Any]) -> None:
        self.end = handler


def gradual(table: Table) -> tuple[Gradual[Row], Page]:
    page = Page()
    return Gradual(cast("Any", table), cast("Client", page)), page


async def test_a_few_at_a_time_until_all_are_there():  # G1
    table = Table()
    slow, _ = gradual(table)
    sizes: list[int] = []
    slow.subscribe(lambda _: sizes.append(len(slow.rows)))
    table.set(*(Row(id) for id in range(3 * STEP)))
    assert (len(slow.rows), slow.settled) == (STEP, False)
    await slow._whole.wait()
    await asyncio.sleep(0)
    assert sizes == [STEP, 2 * STEP, 3 * STEP]
    assert list(slow.rows) == table.rows


async def test_what_is_shown_stays_and_is_new_what_is_gone_goes_at_once():  # G2
    table = Table([Row(id) for id in range(STEP)])
    slow, _ = gradual(table)
    before = table.rows
    table.set(*(Row(id) for id in range(100, 100 + 2 * STEP)), replace(before[0], word="other"), *before[2:])
    assert [row for row in slow.rows if row.id < 100] == [Row(0, "other"), *before[2:]]
    assert len([row for row in slow.rows if row.id >= 100]) == STEP
    await slow.load_more()  # G3
    assert list(slow.rows) == table.rows


async def test_it_ends_with_the_page():
    table = Table()
    slow, page = gradual(table)
    table.set(*(Row(id) for id in range(2 * STEP)))
    page.end()
    await asyncio.sleep(0.03)
    assert len(slow.rows) == STEP
    table.set()
    assert len(slow.rows) == STEP
