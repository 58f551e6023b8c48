"""CachedQuery: one derived value under its key, and when it should be fetched. Pure: the cache does the fetching.

Q1  A fetch in flight is shared: never two of one query at a time.
Q2  An invalidation during a fetch causes exactly one more fetch after it, however many there were.
Q3  A burst of invalidations causes at most one fetch per tick, the first at once.
Q4  A query that nobody observes is not fetched: an invalidation only marks it stale. The same holds while nobody looks
    at the pages, except for a first value and for what was asked for by hand.
Q5  A fetch that fails is tried again (`Retry` decides); given up, the last good value stays, with the error beside it,
    and the next poll tries anew.
Q6  A value equal to the one held, without other news, is told to nobody.
Q7  What a fetch brings never overwrites what was fetched, or set by hand, after it was asked for.
Q8  While observed and looked at, it is fetched as often as `Freshness` says of its family.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar, cast

from state.errors import StateError
from state.signal import Signal, Unsubscribe
from state.sync.retry import Retry
from state.sync.rows import Phase

TICK_S = 0.25

T = TypeVar("T")
Key: TypeAlias = tuple[Hashable, ...]
Fetch: TypeAlias = Callable[[], Awaitable[T]]

log = logging.getLogger("starling.sync")


@dataclass(frozen=True)
class Timing:
    """What decides when: `interval_s` between polls of a family, whether anybody is `looking`, and the `tick_s` of Q3."""

    interval_s: Callable[[str], float]
    looking: Callable[[], bool]
    clock: Callable[[], float]
    tick_s: float = TICK_S


class CachedQuery(Generic[T]):
    """Made by `QueryCache.query`. `touched` tells the cache that the time of the next fetch may be another."""

    def __init__(
        self, key: Key, fetch: Fetch[T], *, timing: Timing, retry: Retry, touched: Callable[[CachedQuery[T]], None]
    ) -> None:
        self.key = key
        self.fetch = fetch
        self.value: T | None = None
        self.phase: Phase = "loading"
        self.error: str | None = None
        self.stale = False  # something has changed since it was last asked for
        self.fetches = 0
        self.failures = 0
        self.changed: Signal[CachedQuery[T]] = Signal()
        self.left_at = timing.clock()  # when its last observer went
        self._timing = timing
        self._retry = retry
        self._touched = touched
        self._urgent = False  # asked for by hand
        self._number = 0  # of the last fetch that was asked for
        self._answered = 0  # answers up to this one are of no use any more
        self._fetching = False
        self._asked_at: float | None = None  # when the last fetch was asked for
        self._known_at: float | None = None  # when what is held was asked for
        self._retry_at: float | None = None

    # What pages use ------------------------------------------------------------------------------------------------

    @property
    def family(self) -> str:
        """The first part of the key."""
        return str(self.key[0])

    @property
    def fetching(self) -> bool:
        """Whether a fetch is in flight."""
        return self._fetching

    @property
    def observed(self) -> bool:
        """Whether anybody listens."""
        return len(self.changed) > 0

    @property
    def age_s(self) -> float | None:
        """Seconds since what is held was asked for; None: nothing is held."""
        return None if self._known_at is None else self._timing.clock() - self._known_at

    def observe(self, listener: Callable[[CachedQuery[T]], None], *, stale_s: float | None = None) -> Unsubscribe:
        """Keeps it fresh, and tells `listener` of what is different, until the returned function is called.

        A value that is older than `stale_s` (or than the family's interval) is fetched at once.
        """
        unsubscribe = self.changed.subscribe(listener)
        if stale_s is not None and (self.age_s or 0) > stale_s:
            self.stale = True
        self._touched(self)

        def leave() -> None:
            was = self.observed
            unsubscribe()
            if was and not self.observed:
                self.left_at = self._timing.clock()

        return leave

    def refetch(self) -> None:
        """Fetches at once, looked at or not; a fetch in flight is followed by another."""
        self._urgent = self.stale = True
        self._retry_at = None
        self._touched(self)

    def invalidate(self, *, back: bool = False) -> None:
        """What is held may be wrong: Q2 to Q4. `back`: the database can be reached again, so a retry need not wait."""
        self.stale = True
        if back:
            self._retry_at = None
        self._touched(self)

    def set_data(self, value: T) -> None:
        """Shows `value` before the database has confirmed it; what is in flight is of no use, and it is fetched again."""
        self._answered = self._number  # Q7
        self._show(value, known_at=self._timing.clock())
        self.invalidate()

    # What the cache does with it -----------------------------------------------------------------------------------

    @property
    def due(self) -> float | None:
        """When it should be fetched; None: not before something happens."""
        if self._fetching or not self.observed:  # Q1, Q4
            return None
        last = self._asked_at
        if last is None:
            return self._timing.clock()
        looking = self._timing.looking() or self._urgent or self.phase == "loading"
        if not looking:  # Q4
            return None
        if self._retry_at is not None:
            return self._retry_at  # Q5
        if self.stale:
            return last + self._timing.tick_s  # Q3
        return last + self._timing.interval_s(self.family)  # Q8

    def ask(self) -> int:
        """A fetch begins; hand its number to `answer` or `fail`."""
        self._number += 1
        self._fetching, self.stale, self._urgent = True, False, False
        self._asked_at, self._retry_at = self._timing.clock(), None
        return self._number

    def answer(self, number: int, value: T) -> None:
        """The fetch has brought `value`."""
        self.fetches += 1
        self._fetching = False
        self._retry.succeeded()
        if number > self._answered:  # Q7
            self._answered = number
            self._show(value, known_at=self._asked_at)
        self._touched(self)

    def fail(self, error: Exception) -> None:
        """The fetch has failed."""
        self.failures += 1
        self._fetching = False
        if not isinstance(error, StateError):
            log.error("The query %s failed", self.key, exc_info=error)
        wait = self._retry.failed(error)
        if wait is not None:  # Q5
            self._retry_at = self._timing.clock() + wait
        else:
            sentence = str(error) if isinstance(error, StateError) else "Something unexpected happened"
            before = (self.phase, self.error)
            self.phase, self.error = ("ready" if self._known_at is not None else "failed"), sentence
            if before != (self.phase, self.error):
                self.changed.emit(self)
        self._touched(self)

    def abandon(self) -> None:
        """The fetch was broken off."""
        self._fetching, self.stale = False, True

    def _show(self, value: T, *, known_at: float | None) -> None:
        same = self.phase == "ready" and self.error is None and cast("object", self.value) == value
        self.value, self.phase, self.error, self._known_at = value, "ready", None, known_at
        if not same:  # Q6
            self.changed.emit(self)
