"""Freshness: how long ago each family of data was heard of over one connection, and so how often to ask for it.

A family is a table's name, or the first part of a query's key. A heartbeat of the database (`beat`) proves the way that
all changes come, and so counts for every family.

F1  Live, and heard of less than `FRESH_S` ago: every `RELAXED_S`.
F2  Live, but older: more and more often, from `AGEING_S[0]` down to `AGEING_S[1]`.
F3  Not live: every `POLL_S`.
F4  Whoever polls is told when the connection's state changes: an interval that was chosen before no longer holds.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from state.signal import Signal, Unsubscribe

Mode: TypeAlias = Literal["relaxed", "ageing", "polling"]

FRESH_S = 30.0  # reference 5
RELAXED_S = 30.0
AGEING_S = (15.0, 10.0)
AGED_S = 60.0  # from this age on the second of them holds
POLL_S = 5.0
MAX_FAMILIES = 1_000  # what was heard of longest ago is forgotten first

log = logging.getLogger("starling.polling")


@dataclass(frozen=True)
class FamilyFreshness:
    """What there is to say of one family. `age_s` is None when it was never heard of."""

    family: str
    mode: Mode
    age_s: float | None
    interval_s: float


class Freshness:
    """`live` says whether the connection is, `name` whose it is. `clock` counts seconds."""

    def __init__(
        self, live: Callable[[], bool], *, name: str = "", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self._live = live
        self._clock = clock
        self._heard: dict[str, float] = {}
        self._beat: float | None = None
        self._was_live = False
        self._modes: dict[str, Mode] = {}  # as they were said last
        self._changed: Signal[bool] = Signal()

    def heard(self, family: str) -> None:
        """A change of this family has arrived."""
        self._heard.pop(family, None)
        self._heard[family] = self._clock()
        if len(self._heard) > MAX_FAMILIES:
            del self._heard[next(iter(self._heard))]

    def beat(self) -> None:
        """The database has been heard of, and nothing before it is missing."""
        self._beat = self._clock()

    def age_s(self, family: str) -> float | None:
        """Seconds since the family was heard of, or the last beat; None: never."""
        times = [time for time in (self._heard.get(family), self._beat) if time is not None]
        return self._clock() - max(times) if times else None

    def mode(self, family: str) -> Mode:
        """F1 to F3 by name."""
        if not self._live():
            return "polling"
        age = self.age_s(family)
        return "relaxed" if age is not None and age < FRESH_S else "ageing"

    def interval_s(self, family: str) -> float:
        """Seconds until the family should be asked for again."""
        match self.mode(family):
            case "polling":
                seconds = POLL_S
            case "relaxed":
                seconds = RELAXED_S
            case "ageing":
                age = self.age_s(family)
                share = 1.0 if age is None else min(1.0, (age - FRESH_S) / (AGED_S - FRESH_S))
                seconds = AGEING_S[0] + share * (AGEING_S[1] - AGEING_S[0])
        if log.isEnabledFor(logging.DEBUG):
            self._say(family, seconds)
        return seconds

    def _say(self, family: str, seconds: float) -> None:
        mode = self.mode(family)
        if self._modes.get(family) != mode:
            if len(self._modes) >= MAX_FAMILIES:
                self._modes.clear()
            self._modes[family] = mode
            log.debug("%s: %s is %s: asked for every %.0f s", self.name, family, mode, seconds)

    def facts(self, *families: str) -> list[FamilyFreshness]:
        """Of these families, or of all that were ever heard of."""
        return [
            FamilyFreshness(family, self.mode(family), self.age_s(family), self.interval_s(family))
            for family in families or sorted(self._heard)
        ]

    def on_change(self, listener: Callable[[bool], None]) -> Unsubscribe:
        """`listener` is told whether the connection is live, whenever that changes. F4."""
        return self._changed.subscribe(listener)

    def look(self) -> None:
        """Called by the connection after each change of its state."""
        live = self._live()
        if live != self._was_live:
            self._was_live = live
            self._changed.emit(live)
