"""Retry: whether a fetch that failed is tried again, and when. Pure: it is told of failures and says how long to wait."""

from __future__ import annotations

import random
from collections.abc import Callable

from state.errors import RateLimited, StateError

RETRIES = 3
FIRST_S = 1.0
LAST_S = 10.0

Uniform = Callable[[float, float], float]


class Retry:
    """The failures in a row of one thing. `uniform` draws the jitter, so that what failed together returns apart."""

    def __init__(self, *, uniform: Uniform = random.uniform) -> None:
        self.failures = 0
        self._uniform = uniform

    def failed(self, error: Exception) -> float | None:
        """Seconds to wait before the next attempt; None: there is none, and the count begins anew."""
        if not (isinstance(error, StateError) and error.retry) or self.failures >= RETRIES:
            self.failures = 0
            return None
        ceiling = min(LAST_S, FIRST_S * 2**self.failures)
        self.failures += 1
        wait = self._uniform(0.5 * ceiling, ceiling)
        return max(wait, error.retry_after_s) if isinstance(error, RateLimited) else wait

    def succeeded(self) -> None:
        """The count begins anew."""
        self.failures = 0
