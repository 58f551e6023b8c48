"""A table of facts that change: only cells that differ travel, and ages are counted by the browser.

Invariants, cited by the tests
1. The browser has what was shown last, whether it came with the page or cell by cell.
2. Facts that are the same again send nothing; an age that has only grown by the time that passed is the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from nicegui.element import Element

Kind: TypeAlias = Literal["text", "number", "badge", "age", "due"]
Fact: TypeAlias = Mapping[str, Any]

DRIFT_S = 1.5  # moments that differ by less are the same: they are worked out anew each time


@dataclass(frozen=True)
class Column:
    """`key` names the fact. `age` and `due` are in seconds, from now. `tones` colours badges by their word. `wide`: not
    on phones, where the fact `under` stands below this one. `spare`: not while no row has it. `hint` says what it means."""

    key: str
    title: str
    kind: Kind = "text"
    tones: Mapping[str, str] = field(default_factory=dict)
    wide: bool = False
    spare: bool = False
    under: str = ""
    hint: str = ""


class FactTable(Element, component="static/vue/fact_table.js"):
    """`name` is what it is a table of; `empty` says so when there is nothing in it; `key` makes a row's identity."""

    def __init__(
        self,
        name: str,
        columns: Sequence[Column],
        *,
        key: Callable[[Fact], str],
        empty: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self._columns, self._key, self._clock = columns, key, clock
        self._keys = dict.fromkeys(key for column in columns for key in (column.key, column.under) if key)
        self._moments = [column.key for column in columns if column.kind in ("age", "due")]
        self._props["name"] = name
        self._props["columns"] = [asdict(column) for column in columns]
        self._props["empty"] = empty
        self._props["rows"] = []
        self._props["now"] = clock()

    @property
    def rows(self) -> list[dict[str, Any]]:
        """As the browser has them."""
        return self._props["rows"]

    def show(self, facts: Sequence[Fact]) -> None:
        """These, in this order."""
        now = self._clock()
        new = [self._row(fact, now) for fact in facts]
        old = {row["id"]: row for row in self.rows}
        patches = {row["id"]: patch for row in new if (patch := self._patch(old.get(row["id"]), row))}
        if [row["id"] for row in new] != list(old):
            with self._props.suspend_updates():
                self._props["rows"], self._props["now"] = new, now
            self.update()
        elif patches:
            with self._props.suspend_updates():  # they are for a browser that comes back
                for id, patch in patches.items():
                    old[id].update(patch)
                self._props["now"] = now
            self.run_method("patch", patches, now)

    def _row(self, fact: Fact, now: float) -> dict[str, Any]:
        row = {"id": self._key(fact), **{key: fact.get(key) for key in self._keys}}
        for column in self._columns:
            if column.kind in ("age", "due") and row[column.key] is not None:
                row[column.key] = round(now + row[column.key] * (1 if column.kind == "due" else -1), 1)
        return row

    def _patch(self, old: dict[str, Any] | None, new: dict[str, Any]) -> dict[str, Any]:
        if old is None:
            return {}
        return {key: value for key, value in new.items() if not self._same(key, old[key], value)}

    def _same(self, key: str, old: Any, new: Any) -> bool:
        if key in self._moments and old is not None and new is not None:
            return abs(old - new) < DRIFT_S
        return old == new
