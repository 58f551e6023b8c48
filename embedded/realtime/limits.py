"""How much a client may do, and counting it.

The names are those of the real server's tenant settings. Rates and connections are far above a hosted plan's, as
one machine serves one project; what a page must be designed for (channels a socket, presence calls, payload) is as hosted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The limits of one server."""

    max_concurrent_users: int = 10_000
    max_joins_per_second: float = 1_000
    max_events_per_second: float = 2_000  # messages from clients
    max_channels_per_client: int = 100
    max_payload_bytes: int = 3_000_500  # 3,000 KB and what the real server allows for the envelope
    max_presence_events: int = 5  # calls of one channel …
    presence_window_s: float = 30.0  # … in this time
    idle_s: float = 60.0  # a socket that says nothing for so long is closed
    max_outgoing_bytes: int = 16 * 1024 * 1024  # unsent frames of one socket; then it is closed
    # A hosted plan's: broadcasts above it vanish without a word, and each delivery counts as a message. None: no plan.
    plan_messages_per_second: float | None = None
    plan_window_s: float = 60.0  # over which they are averaged


class Rate:
    """Events a second, averaged over `window_s` as the real server's counters are: a burst is not yet too much."""

    def __init__(self, per_second: float, window_s: float, now: Callable[[], float]) -> None:
        self.per_second = per_second
        self.window_s = window_s
        self._now = now
        self._buckets: deque[tuple[int, int]] = deque()  # second, events in it
        self._total = 0

    def add(self, events: int = 1) -> bool:
        """Counts events; False when that is too many."""
        second = self._expire()
        if self._buckets and self._buckets[-1][0] == second:
            self._buckets[-1] = (second, self._buckets[-1][1] + events)
        else:
            self._buckets.append((second, events))
        self._total += events
        return self._total <= self.per_second * self.window_s

    @property
    def spent(self) -> bool:
        """Whether one more would be too many."""
        self._expire()
        return self._total >= self.per_second * self.window_s

    @property
    def average(self) -> float:
        """Events a second over the window."""
        self._expire()
        return self._total / self.window_s

    def _expire(self) -> int:
        second = int(self._now())
        while self._buckets and self._buckets[0][0] <= second - self.window_s:
            self._total -= self._buckets.popleft()[1]
        return second
