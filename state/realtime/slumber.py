"""Slumber: whether this machine, or this process, was away for a while.

After that a socket may look alive that the server has long forgotten, and whatever happened meanwhile was not heard.
Some clocks count while a machine sleeps and others don't, so both signs are looked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable

TICK_S = 1.0
JUMP_S = 10.0  # less is a busy machine


class Slumber:
    """`wall` is the time of day, `ticks` counts seconds; `slept` is to be called every `tick_s`."""

    def __init__(
        self,
        *,
        wall: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
        tick_s: float = TICK_S,
    ) -> None:
        self._wall = wall
        self._ticks = ticks
        self._tick_s = tick_s
        self._last = (wall(), ticks())

    def slept(self) -> bool:
        """Whether more than `JUMP_S` were missed since the last call: the clocks parted, or it comes far too late."""
        (wall, ticks), self._last = self._last, (self._wall(), self._ticks())
        passed_wall, passed = self._last[0] - wall, self._last[1] - ticks
        return abs(passed_wall - passed) > JUMP_S or passed - self._tick_s > JUMP_S
