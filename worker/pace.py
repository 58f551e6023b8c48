"""How long simulated work takes and what it says meanwhile: pure functions of time.

The picture itself is real and takes about a second; a model would take longer, and people want to see it come.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

STAGES = ((0.06, "Preparing"), (0.30, "Sketching"), (0.62, "Refining"), (0.90, "Detailing"), (1.00, "Encoding"))
"""Until which part of the time each stage lasts."""

PREVIEWS = (25, 50, 75)
"""Percent at which a preview is shown."""

_START_S = 1.8  # loading a model
_STEP_S = 0.105  # one step of one picture of 1024 × 1024
_MORE_PICTURES = 0.45  # each further picture, compared with the first: they share their steps
_CLIP_START_S, _CLIP_SECOND_S = 4.0, 1.9
_UNTIL_DRAWN, _UNTIL_STORED = 94, 99  # progress never runs ahead of what has really been made


@dataclass(frozen=True)
class Pace:
    """The plan of one attempt: `seconds` in all."""

    seconds: float

    @classmethod
    def of(cls, kind: str, params: dict[str, Any], speed: float) -> Pace:
        """`speed` multiplies the time: 0 is as fast as it can, 1 about five seconds a picture."""
        size = (params["width"] * params["height"] / 1024**2) ** 0.6
        if kind == "video":
            seconds = _CLIP_START_S + _CLIP_SECOND_S * params["duration"] * size
        else:
            seconds = _START_S + _STEP_S * params["steps"] * size
        return cls(speed * seconds * (1 + _MORE_PICTURES * (params["count"] - 1)))

    def when(self, percent: float) -> float:
        """Seconds after the start at which `percent` is reached."""
        return self.seconds * percent / 100

    def progress(self, elapsed: float, *, drawn: bool = False, stored: bool = False) -> int:
        """Percent at `elapsed` seconds, no further than what is drawn and stored allows."""
        limit = 100 if stored else _UNTIL_STORED if drawn else _UNTIL_DRAWN
        return limit if elapsed >= self.seconds else min(limit, int(100 * elapsed / self.seconds))

    def stage(self, progress: int) -> str:
        return next(name for until, name in STAGES if progress < until * 100 or until == 1)

    def eta_s(self, elapsed: float) -> int:
        """Whole seconds left; at least one while there is anything left to do."""
        return max(1, math.ceil(self.seconds - elapsed))
