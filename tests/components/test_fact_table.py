"""FactTable: its invariants 1 and 2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui.testing import User

from components.fact_table import Column, FactTable

COLUMNS = (
    Column("name", "Name"),
    Column("rows", "Rows", "number"),
    Column("age_s", "Heard", "age"),
    Column("due_s", "Next", "due"),
)


class Recorded(FactTable):
    """Notes what is sent."""

    wholes = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.patches: list[dict[str, Any]] = []

    def run_method(self, name: str, *args: Any, timeout: float = 1) -> Any:
        assert name == "patch"
        self.patches.append(args[0])

    def update(self) -> None:
        self.wholes += 1
        super().update()


async def shown(show: Callable) -> tuple[Recorded, list[float]]:
    made: list[Recorded] = []
    now = [1000.0]

    def build() -> None:
        columns: Any = COLUMNS
        made.append(Recorded("Things", columns, key=lambda f: f["name"], empty="None", clock=lambda: now[0]))

    user: User = await show(build)
    assert user
    made[0].wholes = 0
    return made[0], now


async def test_the_browser_has_what_was_shown_last(show: Callable) -> None:  # 1
    table, _ = await shown(show)
    table.show([{"name": "a", "rows": 1, "age_s": 5.0}, {"name": "b", "rows": 2, "age_s": None}])
    assert (table.wholes, table.patches) == (1, [])
    table.show([{"name": "a", "rows": 1, "age_s": 5.0}, {"name": "b", "rows": 3, "age_s": None}])
    assert (table.wholes, table.patches) == (1, [{"b": {"rows": 3}}])
    assert [row["rows"] for row in table.rows] == [1, 3]  # what a browser gets that comes back
    table.show([{"name": "b", "rows": 3}])
    assert table.wholes == 2
    assert [row["id"] for row in table.rows] == ["b"]


async def test_what_is_the_same_again_is_not_sent(show: Callable) -> None:  # 2
    table, now = await shown(show)
    table.show([{"name": "a", "rows": 1, "age_s": 5.0, "due_s": 20.0}])
    for passed in range(1, 15):
        now[0] = 1000.0 + passed
        table.show([{"name": "a", "rows": 1, "age_s": 5.0 + passed, "due_s": 20.0 - passed}])
    assert (table.wholes, table.patches) == (1, [])
    table.show([{"name": "a", "rows": 1, "age_s": 0.0, "due_s": 6.0}])
    assert table.patches == [{"a": {"age_s": 1014.0}}]
    table.show([{"name": "a", "rows": 1, "age_s": None, "due_s": 6.0}])
    assert table.patches[-1] == {"a": {"age_s": None}}
