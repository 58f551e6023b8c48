"""Reader: one reader's part of a list that others may have loaded further."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from components.reader import Reader
from tests.components.rows import HandRows


def things(*numbers: int) -> list[Any]:
    return [SimpleNamespace(id=number) for number in numbers]


def reading(rows: HandRows[Any]) -> Reader[Any]:
    return Reader(rows, lambda row: (row.id,), 3)


def ids(reader: Reader[Any]) -> list[int]:
    return [row.id for row in reader.rows]


async def test_what_others_loaded_costs_nothing_until_one_gets_there() -> None:
    rows = HandRows(things(10, 20, 30, 40, 50), behind=things(60, 70))
    reader = reading(rows)
    assert ids(reader) == [10, 20, 30]
    await reader.load_more()
    assert ids(reader) == [10, 20, 30, 40, 50, 60]
    assert not reader.complete
    await reader.load_more()
    assert ids(reader) == [10, 20, 30, 40, 50, 60, 70]
    assert reader.complete


async def test_what_comes_in_front_pushes_nothing_out() -> None:
    rows = HandRows(things(10, 20, 30, 40))
    reader = reading(rows)
    rows.put(things(1, 2, 10, 20, 30, 40))
    assert ids(reader) == [1, 2, 10, 20, 30]
    rows.put(things(30, 40, 50, 60))  # most of it went
    assert ids(reader) == [30, 40, 50, 60]


async def test_a_list_that_was_empty_fills() -> None:
    rows: HandRows[Any] = HandRows([], phase="loading")
    reader = reading(rows)
    assert ids(reader) == []
    rows.put(things(10, 20, 30, 40))
    assert ids(reader) == [10, 20, 30]
    reader.close()
    assert len(rows.listeners) == 0
