"""Smooth random fields that loop in time.

Every lattice point swings on a circle: at phase t it is amplitude · cos(angle ± 2πt). The field at t = 1 is the field at
t = 0, so whatever is made of these fields loops without a seam. Between lattice points Pillow's bicubic filter
interpolates, which is some ten times faster than gradient noise in numpy.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from .canvas import Canvas, Field

_MARGIN = 3  # lattice points beyond the edge, so that the filter never runs out of neighbours


class _Lattice:
    def __init__(self, rng: np.random.Generator, columns: float, rows: float) -> None:
        shape = (math.ceil(rows) + 2 * _MARGIN, math.ceil(columns) + 2 * _MARGIN)
        self._angle = rng.uniform(0, 2 * np.pi, shape).astype(np.float32)
        self._amplitude = np.minimum(rng.rayleigh(0.62, shape), 1.6).astype(np.float32)
        self._direction = np.where(rng.random(shape) < 0.5, -1.0, 1.0).astype(np.float32)
        shift_x, shift_y = rng.random(2)
        self._box = (_MARGIN - shift_x, _MARGIN - shift_y, _MARGIN - shift_x + columns, _MARGIN - shift_y + rows)

    def at(self, t: float, width: int, height: int) -> Field:
        values = self._amplitude * np.cos(self._angle + self._direction * np.float32(2 * np.pi * t))
        return np.asarray(Image.fromarray(values).resize((width, height), Image.Resampling.BICUBIC, self._box))


class Noise:
    """Fractal noise over a canvas, about -1 to 1, mean 0.

    `cells` are lattice cells per unit (`stretch` = (x, y) multiplies them per axis); every octave doubles them and
    weighs `gain` times the one before. `ridged` folds it into crests, 0 to 1.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        canvas: Canvas,
        cells: float,
        octaves: int = 1,
        gain: float = 0.5,
        stretch: tuple[float, float] = (1.0, 1.0),
        ridged: bool = False,
    ) -> None:
        self._canvas = canvas
        self._ridged = ridged
        self._layers: list[tuple[float, _Lattice]] = []
        for octave in range(octaves):
            scale = cells * 2.0**octave
            lattice = _Lattice(rng, scale * stretch[0] * canvas.across, scale * stretch[1] * canvas.down)
            self._layers.append((gain**octave, lattice))
        self._norm = 1.0 / (
            sum(w for w, _ in self._layers) if ridged else math.sqrt(sum(w * w for w, _ in self._layers))
        )

    def at(self, t: float = 0.0) -> Field:
        """The field at phase `t` of the loop, shape (height, width)."""
        total = np.zeros((self._canvas.height, self._canvas.width), np.float32)
        for weight, lattice in self._layers:
            layer = lattice.at(t, self._canvas.width, self._canvas.height)
            total += np.float32(weight) * (1.0 - np.minimum(np.abs(layer) * 1.6, 1.0) if self._ridged else layer)
        total *= np.float32(self._norm)
        return total


def profile(
    rng: np.random.Generator,
    canvas: Canvas,
    cells: float,
    octaves: int = 5,
    gain: float = 0.5,
    ridged: bool = False,
    t: float = 0.0,
) -> Field:
    """Noise along the x axis only, shape (width,): outlines of hills, waves, curtains."""
    strip = Canvas(canvas.width, 1, canvas.across, 0.01)
    return Noise(rng, strip, cells, octaves, gain, ridged=ridged).at(t)[0]


def smoothstep(low: float, high: float, value: Field) -> Field:
    """0 below `low`, 1 above `high`, smooth between (also falling, when low > high)."""
    ratio = np.clip((value - np.float32(low)) * np.float32(1.0 / (high - low)), 0, 1)
    return ratio * ratio * (3 - 2 * ratio)


def sample(source: Field, column: Field, row: Field) -> Field:
    """`source` at fractional places, bilinear, tiled by mirror."""
    height, width = source.shape
    column = np.abs((column % np.float32(2 * width)) - width) % np.float32(width)
    row = np.abs((row % np.float32(2 * height)) - height) % np.float32(height)
    left, top = column.astype(np.int32), row.astype(np.int32)
    fx, fy = column - left, row - top
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    flat = source.ravel()
    upper = flat[top * width + left] * (1 - fx) + flat[top * width + right] * fx
    lower = flat[bottom * width + left] * (1 - fx) + flat[bottom * width + right] * fx
    return upper * (1 - fy) + lower * fy


def enlarge(field: Field, width: int, height: int) -> Field:
    """A field or picture resampled smoothly to width × height."""
    if field.ndim == 2:
        return np.asarray(Image.fromarray(field).resize((width, height), Image.Resampling.BICUBIC))
    return np.stack(
        [enlarge(np.ascontiguousarray(field[..., c]), width, height) for c in range(field.shape[2])], axis=-1
    )


def blur(field: Field, radius: float) -> Field:
    """A field or picture softened by about `radius` pixels: box filters, three times."""
    size = round(radius * 2) | 1
    if size < 3:
        return field
    result = field
    for _ in range(3):
        for axis in (0, 1):
            pad = [(0, 0)] * field.ndim
            pad[axis] = (size // 2 + 1, size // 2)
            total = np.cumsum(np.pad(result, pad, mode="edge"), axis=axis, dtype=np.float32)
            ahead = np.take(total, range(size, total.shape[axis]), axis=axis)
            behind = np.take(total, range(total.shape[axis] - size), axis=axis)
            result = (ahead - behind) * np.float32(1 / size)
    return result
