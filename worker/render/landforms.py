"""Outlines along the horizon, as heights over x in units: ridges, trees, towers. And what is in the sky."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas, Field
from .noise import profile, smoothstep


def ridge(rng: np.random.Generator, canvas: Canvas, cells: float, height: float, jagged: float) -> Field:
    """A range of hills (`jagged` 0) to peaks (1), 0 to about `height`, shape (width,)."""
    soft = profile(rng, canvas, cells, octaves=3, gain=0.4)
    sharp = profile(rng, canvas, cells * 0.9, octaves=8, gain=0.5, ridged=True)
    return np.float32(height) * (
        (1 - jagged) * (0.45 + 0.62 * soft) + jagged * (sharp * 1.9 - 0.62 + 0.35 * soft)
    ).astype(np.float32)


def treeline(rng: np.random.Generator, canvas: Canvas, height: float, density: float) -> Field:
    """Firs side by side, shape (width,)."""
    x = canvas.x[0]
    line = np.zeros_like(x)
    count = int(density * canvas.across / height * 2.4)
    for _ in range(count):
        centre, tall = rng.uniform(-0.02, canvas.across + 0.02), height * rng.uniform(0.45, 1.0) ** 1.2
        slim = rng.uniform(0.16, 0.24)
        away = np.abs(x - centre) / (tall * slim)
        tiers = 0.86 + 0.14 * np.sin((1 - away) * 9 * np.pi) * np.minimum(away * 3, 1)
        line = np.maximum(line, tall * (1 - away * tiers))
    return np.maximum(line, 0).astype(np.float32)


def towers(
    rng: np.random.Generator, canvas: Canvas, height: float, density: float
) -> tuple[Field, list[tuple[float, float, float]]]:
    """A skyline, shape (width,), and its blocks as (left, right, height)."""
    x = canvas.x[0]
    line = np.zeros_like(x)
    blocks: list[tuple[float, float, float]] = []
    focus = rng.uniform(0.25, 0.75) * canvas.across
    for _ in range(int(density * canvas.across * 30)):
        centre, wide = rng.uniform(0, canvas.across), rng.uniform(0.018, 0.06)
        near = np.exp(-(((centre - focus) / (0.32 * canvas.across)) ** 2))
        tall = height * (0.2 + 0.8 * near * rng.random() ** 1.6)
        inside = (x > centre - wide / 2) & (x < centre + wide / 2)
        line = np.where(inside, np.maximum(line, tall), line)
        blocks.append((centre - wide / 2, centre + wide / 2, float(tall)))
        if near > 0.6 and rng.random() < 0.25:  # a mast
            inside = np.abs(x - centre) < 0.0022
            line = np.where(inside, np.maximum(line, tall * rng.uniform(1.1, 1.3)), line)
    return line.astype(np.float32), blocks


def starfield(rng: np.random.Generator, canvas: Canvas, count: int) -> tuple[Field, Field]:
    """Stars as light and as phase of their twinkling, each (height, width): small discs, few bright ones, many faint."""
    light = np.zeros((canvas.height, canvas.width), np.float32)
    phase = np.zeros_like(light)
    places = rng.random((count, 4))
    # a star is a point: fewer pixels, fainter points, so that a preview is as dark as the picture
    scale = min(1.0, canvas.pixels_per_unit / 900)
    for px, py, magnitude, angle in places:
        size = 0.5 + 1.3 * magnitude**12
        x, y = px * (canvas.width - 1), py * (canvas.height - 1)
        left, top = int(x) - 2, int(y) - 2
        xs, ys = (
            np.arange(max(left, 0), min(left + 6, canvas.width)),
            np.arange(max(top, 0), min(top + 6, canvas.height)),
        )
        spot = np.exp(-((xs[None] - x) ** 2 + (ys[:, None] - y) ** 2) / (2 * (size * 0.55) ** 2))
        brightness = (0.12 + 0.88 * magnitude**6) * scale
        light[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1] += (spot * brightness).astype(np.float32)
        phase[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1] = angle
    return light, phase


def disc(canvas: Canvas, x: float, y: float, radius: float, soft: float = 0.0) -> Field:
    """1 inside a disc, 0 outside, smooth over a pixel or `soft` units."""
    away = np.sqrt((canvas.x - x) ** 2 + (canvas.y - y) ** 2)
    edge = max(soft, 1.0 / canvas.pixels_per_unit)
    return smoothstep(radius + edge / 2, radius - edge / 2, away)


def glow(canvas: Canvas, x: float, y: float, radius: float) -> Field:
    """Light around a point: 1 in the middle, half at about `radius`, a long tail."""
    away2 = ((canvas.x - x) ** 2 + (canvas.y - y) ** 2) / np.float32(radius**2)
    return 1 / (1 + away2)


def below(canvas: Canvas, line: Field) -> Field:
    """1 under the outline `line` (y in units, per column), 0 above, smooth over a pixel."""
    return np.clip((canvas.y - line[None, :]) * np.float32(canvas.pixels_per_unit) + 0.5, 0, 1)
