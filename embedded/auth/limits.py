"""How many requests one address may make: a token bucket per address."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from embedded.auth.errors import AuthError

WINDOW_S = 5 * 60.0  # hosted limits are per five minutes
MOST_ADDRESSES = 10_000  # beyond this the address seen longest ago is forgotten


class RateLimit:
    """`allowed` requests per address in five minutes, all at once or spread."""

    def __init__(self, allowed: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._allowed = allowed
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str) -> None:
        """Counts one request. Raises AuthError (over_request_rate_limit)."""
        now = self._clock()
        left, since = self._buckets.pop(address, (float(self._allowed), now))
        left = min(float(self._allowed), left + (now - since) * self._allowed / WINDOW_S)
        granted = left >= 1
        self._buckets[address] = (left - 1 if granted else left, now)
        if len(self._buckets) > MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        if not granted:
            raise AuthError(429, "over_request_rate_limit", "Request rate limit reached")
