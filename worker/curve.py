"""The loss of a simulated training: falls fast and then slowly, never smoothly, and ends where rate and time let it.

Pure functions of the job's id and attempt: the same attempt has the same curve.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

_WARM = 0.06  # part of the steps in which the learning rate rises
_BEST_RATE = 4e-4  # about what these trainings like best
_SECOND_S = 0.018  # of one step at speed 1: 1,000 steps take eighteen seconds


@dataclass(frozen=True)
class Curve:
    """What a training of `total` steps with a `peak` learning rate looks like."""

    key: str
    total: int
    peak: float

    def rate(self, step: int) -> float:
        """The learning rate at a step: up to its peak, then down along a cosine."""
        part = step / self.total
        if part < _WARM:
            return self.peak * max(part / _WARM, 1e-3)
        return self.peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (part - _WARM) / (1 - _WARM))))

    def loss(self, step: int) -> float:
        """The loss at a step, noise included."""
        dice = random.Random(f"{self.key}|{step}")
        off = math.log10(self.peak / _BEST_RATE)  # how many tenfolds too high or too low
        start = 0.92 + 0.12 * random.Random(self.key).random()
        floor = 0.085 + 0.05 * abs(off)
        hurry = 7.5 * 10 ** (min(off, 0) * 0.55) * (self.total / 800) ** 0.4
        trend = floor + (start - floor) * (
            0.72 * math.exp(-hurry * 2.2 * step / self.total) + 0.28 * math.exp(-hurry * 0.45 * step / self.total)
        )
        wild = 0.08 + 0.05 * max(off, 0)
        noise = dice.gauss(0, wild) + (0.35 * dice.random() if dice.random() < 0.03 + 0.03 * max(off, 0) else 0)
        return max(0.01, trend * (1 + noise * (1 + 1.2 * self.rate(step) / self.peak)))

    @property
    def stride(self) -> int:
        """Every how many steps the database keeps a point: `private.metric_stride`."""
        return (self.total + 249) // 250

    def checkpoints(self, count: int = 4) -> list[int]:
        """The steps at which a preview is made, the last one the last of all."""
        return [self.total * i // count for i in range(1, count + 1)]

    def seconds(self, speed: float) -> float:
        """How long all steps take; `speed` multiplies, 0 is as fast as it can."""
        return self.total * _SECOND_S * speed
