"""Readers of simulated mail: what becomes of a letter that went nowhere, and when. Pure functions of its id.

About what a good list does: 3 in 100 bounce, a proxy fetches the picture of 15, people open 48, and a third of those click.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

BOUNCES, PREFETCHED, OPENS, CLICKS = 0.03, 0.15, 0.48, 0.34
PROXY = "Mozilla/5.0 (via ggpht.com GoogleImageProxy)"
PROGRAM = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15"


@dataclass(frozen=True)
class Fate:
    """Seconds after it was sent; None: it does not happen."""

    delivered: float | None
    bounced: float | None
    prefetched: float | None = None
    opened: float | None = None
    clicked: float | None = None

    @classmethod
    def of(cls, id: str, pace: float = 1.0) -> Fate:
        """Always the same for a letter. `pace` multiplies the time; people still take more than the two seconds that
        tell them from machines."""
        dice = Random(id)
        bounces, prefetched, opens, clicks = (dice.random() < chance for chance in (BOUNCES, PREFETCHED, OPENS, CLICKS))
        arrives = dice.uniform(1.0, 5.0) * pace
        if bounces:
            return cls(None, arrives)
        opened = arrives + 3.0 + dice.uniform(2.0, 40.0) * pace if opens else None
        return cls(
            arrives,
            None,
            arrives + dice.uniform(0.2, 1.0) if prefetched else None,
            opened,
            opened + dice.uniform(2.0, 20.0) * pace if opened and clicks else None,
        )
