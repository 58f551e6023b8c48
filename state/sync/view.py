"""View: how fresh what a page shows is, when it is drawn from several tables over several connections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from state.sync.freshness import Freshness, Mode
from state.sync.live_table import LiveTable

WORST: tuple[Mode, ...] = ("polling", "ageing", "relaxed")


@dataclass(frozen=True)
class ViewFreshness:
    """Of its tables the least fresh: how often they are asked for, and how long ago they were (None: never yet)."""

    mode: Mode
    interval_s: float
    age_s: float | None


class View:
    """Tables, each with the freshness of the connection that it follows."""

    def __init__(self, *tables: tuple[LiveTable[Any], Freshness]) -> None:
        self._tables: Sequence[tuple[LiveTable[Any], Freshness]] = tables

    @property
    def freshness(self) -> ViewFreshness:
        """As it is now."""
        facts = [freshness.facts(table.query.table)[0] for table, freshness in self._tables]
        modes: list[Mode] = [fact.mode for fact in facts]
        ages = [table.age_s for table, _ in self._tables]
        return ViewFreshness(
            mode=min(modes, key=WORST.index),
            interval_s=min(fact.interval_s for fact in facts),
            age_s=None if None in ages else max(age for age in ages if age is not None),
        )
