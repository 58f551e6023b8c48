"""Failures that a real renderer or trainer would have, at a rate, the same for the same attempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b


@dataclass(frozen=True)
class Mishap:
    """Ends an attempt when `at` (0 to 1) of its time has passed. `final`: another attempt would not help."""

    reason: str
    final: bool
    at: float


RENDERING = (
    ("The sampler diverged: another seed may do better", True),
    ("The renderer ran out of memory", False),
    ("The picture came out empty: say a little more about it", True),
    ("The renderer lost its way", False),
)
TRAINING = (
    ("The loss became infinite: a lower learning rate may do better", True),
    ("The trainer ran out of memory", False),
    ("A checkpoint could not be written", False),
)


def mishap(job_id: str, attempt: int, rate: float, kinds: Sequence[tuple[str, bool]] = RENDERING) -> Mishap | None:
    """What befalls this attempt at this job, if anything; `rate` 0 is never, 1 is always."""
    number = int.from_bytes(blake2b(f"{job_id} {attempt}".encode(), digest_size=8).digest(), "big")
    if number % 10_000 >= rate * 10_000:
        return None
    reason, final = kinds[number // 10_000 % len(kinds)]
    return Mishap(reason, final, 0.25 + (number // 100_000 % 50) / 100)
