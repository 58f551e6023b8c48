"""Meter: what one connection counts: changes by table, bytes, errors, gaps, and how long changes were on their way.

N1  Counting costs about a microsecond an event, and leaves nothing behind that grows.
N2  All of it is bounded: `MAX_TABLES` names (the rest are counted as `OTHER`), a minute of seconds, fixed buckets.
N3  A latency runs from the moment the database announced a change (`Change.at`, inside the committing transaction) until
    all listeners have been told, by the database's clock: `offset` says how far that is ahead of this machine's. What
    comes out negative, since no two clocks agree, counts as nothing.
N4  Totals only grow; whoever wants rates of their own reads them twice.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field

from state.sync.change import Change

Clock = Callable[[], float]

SECONDS = 60  # that a ring remembers
RATE_S = 10  # over which "a second" is averaged
MAX_TABLES = 64
OTHER = "other"
BUCKETS_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Ring:
    """A number for each of the last `SECONDS` seconds, and for the one that is running."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._numbers = [0.0] * (SECONDS + 1)
        self._second = int(clock())
        self._place = self._second % (SECONDS + 1)

    def add(self, number: float, now: float) -> None:
        """To the running second."""
        if int(now) != self._second:
            self._turn(int(now))
        self._numbers[self._place] += number

    def most(self, number: float, now: float) -> None:
        """Keeps the largest of the running second."""
        if int(now) != self._second:
            self._turn(int(now))
        if number > self._numbers[self._place]:
            self._numbers[self._place] = number

    def series(self) -> list[float]:
        """Of the last whole seconds, the oldest first."""
        self._turn(int(self._clock()))
        return self._numbers[self._place + 1 :] + self._numbers[: self._place]

    def a_second(self) -> float:
        """The mean of the last `RATE_S` whole seconds."""
        return sum(self.series()[-RATE_S:]) / RATE_S

    def _turn(self, second: int) -> None:
        for passed in range(max(self._second + 1, second - SECONDS), second + 1):
            self._numbers[passed % (SECONDS + 1)] = 0.0
        self._second = max(second, self._second)
        self._place = self._second % (SECONDS + 1)


class Histogram:
    """Durations in seconds, by bucket; the last bucket has no upper end."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS_S) + 1)
        self.sum = 0.0
        self.worst = 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        self.counts[bisect_left(BUCKETS_S, seconds)] += 1
        self.sum += seconds
        if seconds > self.worst:
            self.worst = seconds

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(self.counts)

    def quantile(self, share: float) -> float | None:
        """The duration under which this share of them is, as exactly as the buckets allow; None when there are none."""
        wanted, seen, lower = share * self.count, 0, 0.0
        if not wanted:
            return None
        for count, upper in zip(self.counts, (*BUCKETS_S, self.worst), strict=True):
            if count and seen + count >= wanted:
                return min(self.worst, lower + (upper - lower) * (wanted - seen) / count)
            seen, lower = seen + count, upper
        return self.worst


@dataclass(eq=False)
class TableMeter:
    """Of one table: `events` are messages, `rows` what was in them; `last` is when the last one came, by `Meter`'s clock."""

    ring: Ring  # of the messages
    events: int = 0
    rows: int = 0
    last: float = 0.0
    latency: Histogram = field(default_factory=Histogram)


class Meter:
    """Of one connection, whose `name` it has. Whoever has something to count calls it; diagnostics and `/metrics` read."""

    def __init__(self, name: str = "", *, clock: Clock = time.monotonic, wall: Clock = time.time) -> None:
        self.name = name
        self.tables: dict[str, TableMeter] = {}
        self.broadcasts = 0  # that were no changes: beats, typing and the like
        self.bytes = 0  # off the socket, after TLS and before decompression, frames and heartbeats included
        self.errors = 0
        self.gaps = 0  # times a channel said that something may be missing, so that its tables fetch again
        self.last_error: str | None = None
        self.last_error_at = 0.0
        self.offset: Clock = lambda: 0.0
        self.changes_ring = Ring(clock)
        self.bytes_ring = Ring(clock)
        self.latency_ring = Ring(clock)  # the longest of each second
        self._clock = clock
        self._wall = wall

    def change(self, change: Change) -> None:
        """A change has been told to everybody who listens. N1"""
        table = self.tables.get(change.table) or self._new(change.table)
        now = self._clock()
        table.events += 1
        table.rows += len(change.records) + len(change.old_keys)
        table.last = now
        table.ring.add(1, now)
        self.changes_ring.add(1, now)
        if change.at is not None:
            seconds = max(0.0, self._wall() + self.offset() - change.at.timestamp())  # N3
            table.latency.add(seconds)
            self.latency_ring.most(seconds, now)

    def received(self, size: int) -> None:
        """So many bytes came off the socket."""
        self.bytes += size
        self.bytes_ring.add(size, self._clock())

    def failed(self, sentence: str) -> None:
        """Something went wrong that was not asked for."""
        self.errors += 1
        self.last_error, self.last_error_at = sentence, self._clock()

    @property
    def changes(self) -> int:
        """Of all tables."""
        return sum(table.events for table in self.tables.values())

    def a_second(self, table: str) -> float:
        """Messages of a table, in the mean of the last seconds."""
        meter = self.tables.get(table)
        return meter.ring.a_second() if meter else 0.0

    def age_s(self, table: str) -> float | None:
        """Seconds since the last change of a table; None: there was none."""
        meter = self.tables.get(table)
        return self._clock() - meter.last if meter else None

    @property
    def last_error_age_s(self) -> float | None:
        """Seconds since the last error; None: there was none."""
        return self._clock() - self.last_error_at if self.last_error else None

    def _new(self, name: str) -> TableMeter:
        if len(self.tables) >= MAX_TABLES:
            name = OTHER  # N2
        return self.tables.setdefault(name, TableMeter(Ring(self._clock)))
