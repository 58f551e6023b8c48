"""The texture of a trained model: what the pictures it learned from feel like, laid over what it paints.

It is written in a model's style as {"cells", "angle", "stretch", "strength", "grain", "contrast"}; a model without one
paints as its family does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .canvas import Canvas, Field
from .noise import Noise, sample
from .scene import Scene

_DEEPEST = 0.4  # how much of the light a texture of full strength takes or gives
_LAID = 640  # pixels of the longer side of the cloth that is turned and laid over the picture


@dataclass(frozen=True)
class Texture:
    """`cells`: marks per unit; `angle`: degrees in which they run; `stretch`: how much longer than wide they are;
    `strength`: 0 to 1; `grain`: 0 to 1; `contrast`: multiplies that of the family."""

    cells: float = 8.0
    angle: float = 0.0
    stretch: float = 1.0
    strength: float = 0.0
    grain: float = 0.0
    contrast: float = 1.0

    @classmethod
    def of(cls, style: Mapping[str, Any]) -> Texture | None:
        """Of a model's style; None: it has none, or none that makes sense."""
        written = style.get("texture")
        if not isinstance(written, Mapping):
            return None
        numbers: dict[str, float] = {}
        for name, (low, high) in _BOUNDS.items():
            value = written.get(name, getattr(cls, name))
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
                return None
            numbers[name] = float(min(max(value, low), high))
        return cls(**numbers)

    def written(self) -> dict[str, float]:
        """As `of` reads it."""
        return {name: round(value, 3) for name, value in asdict(self).items()}

    def faded(self, part: float) -> Texture:
        """With `part` (0 to 1) of its strength: a model that has not learned it all yet."""
        return Texture(
            self.cells, self.angle, self.stretch, self.strength * part, self.grain * part,
            1 + (self.contrast - 1) * part,
        )  # fmt: skip


_BOUNDS = {
    "cells": (2.0, 40.0),
    "angle": (-180.0, 180.0),
    "stretch": (1.0, 8.0),
    "strength": (0.0, 1.0),
    "grain": (0.0, 1.0),
    "contrast": (0.6, 1.5),
}


def weave(texture: Texture, scene: Scene, canvas: Canvas) -> Field:
    """What the light of a picture is multiplied with, shape (height, width, 1). It does not move: paper does not."""
    longer = np.hypot(canvas.across, canvas.down)
    cloth = Canvas(_LAID, _LAID, longer, longer)
    rng = scene.rng("texture")
    along = texture.stretch**0.5
    marks = Noise(rng, cloth, texture.cells, 3, 0.6, stretch=(1 / along, along)).at()
    turn = np.radians(texture.angle)
    x, y = canvas.x - canvas.across / 2, canvas.y - canvas.down / 2
    scale = np.float32(_LAID / longer)
    column = (x * np.float32(np.cos(turn)) + y * np.float32(np.sin(turn))) * scale + _LAID / 2
    row = (y * np.float32(np.cos(turn)) - x * np.float32(np.sin(turn))) * scale + _LAID / 2
    laid = np.tanh(sample(marks, column.astype(np.float32), row.astype(np.float32)))
    return (1 + np.float32(_DEEPEST * texture.strength) * laid)[..., None]
