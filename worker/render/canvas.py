"""The surface a picture is painted on: pixels, and coordinates that do not depend on how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

# float32 in fact: numpy's types cannot follow that through arithmetic with Python's numbers
Field: TypeAlias = NDArray[np.floating]
"""One number per pixel, shape (height, width)."""
Light: TypeAlias = NDArray[np.floating]
"""Linear red, green and blue per pixel, shape (height, width, 3)."""


@dataclass(frozen=True)
class Canvas:
    """`width` × `height` pixels over `across` × `down` units.

    The short side of the picture that was asked for is one unit long. A preview has fewer pixels over the same units,
    so everything that is placed and sized in units lands in the same place.
    """

    width: int
    height: int
    across: float
    down: float

    @classmethod
    def of(cls, width: int, height: int) -> Canvas:
        short = min(width, height)
        return cls(width, height, width / short, height / short)

    def within(self, longest: int, multiple: int = 1) -> Canvas:
        """The same picture with at most `longest` pixels on its long side, both sides a multiple of `multiple`."""
        factor = min(1.0, longest / max(self.width, self.height))

        def fit(side: int) -> int:
            return max(multiple, int(side * factor / multiple + 0.5) * multiple)

        return Canvas(fit(self.width), fit(self.height), self.across, self.down)

    @property
    def pixels_per_unit(self) -> float:
        return self.height / self.down

    @property
    def x(self) -> Field:
        """Pixel centres from left to right in units, shape (1, width)."""
        return ((np.arange(self.width, dtype=np.float32) + 0.5) * np.float32(self.across / self.width))[None, :]

    @property
    def y(self) -> Field:
        """Pixel centres from top to bottom in units, shape (height, 1)."""
        return ((np.arange(self.height, dtype=np.float32) + 0.5) * np.float32(self.down / self.height))[:, None]
