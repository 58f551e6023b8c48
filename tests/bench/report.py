"""How benchmarks say what they measured."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def percentile(seconds: Sequence[float], percent: int) -> float:
    """The value that `percent` of them do not exceed."""
    return statistics.quantiles(seconds, n=100)[percent - 1]


def line(name: str, seconds: Sequence[float], expected: int, *, percent: int = 95) -> str:
    """Median, percentile, and how many there are of those expected."""
    return (
        f"{name:<48} median {statistics.median(seconds) * 1000:7.2f} ms   "
        f"p{percent} {percentile(seconds, percent) * 1000:7.2f} ms   {len(seconds)} of {expected}"
    )
