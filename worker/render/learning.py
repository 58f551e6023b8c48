"""What a set of pictures looks like: its palette and its texture, for a model that is trained on it.

Pure functions. What is no picture, or too large a one, is left out: nobody is trusted here.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .colour import Lab, hex_from_lab, lab_from_hex, lab_from_srgb, mix
from .errors import RenderError
from .noise import blur
from .texture import Texture

Sketch: TypeAlias = NDArray[np.uint8]
"""A picture as it is learned from: sRGB, small, shape (height, width, 3)."""

MOST_PIXELS = 40_000_000
SIDE = 192  # pixels of the longer side that a picture is looked at with
COLOURS = 6
_SAMPLES = 900  # pixels of each picture that vote for the palette
_ROUNDS = 12
_SPREAD = (0.16, 0.90)  # lightness that a palette reaches at least: pictures need a dark and a light end
_OCTAVES = (1, 2, 4, 8)  # radii in pixels between which marks are looked for


class NothingLearned(RenderError):
    """Too few of the files are pictures."""


def study(content: bytes) -> Sketch | None:
    """A file as it is learned from; None: it is no picture, or one that is too large."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP")) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    return None
                picture.draft("RGB", (SIDE * 2, SIDE * 2))  # JPEG only: decodes no more than is needed
                small = picture.convert("RGB")
                small.thumbnail((SIDE, SIDE))
    except Exception:  # a broken file can make a decoder raise nearly anything
        return None
    return np.asarray(small)


def learn(sketches: Sequence[Sketch]) -> dict[str, Any]:
    """{"palette": ["#rrggbb", …], "texture": {…}}. Raises NothingLearned when there are fewer than two."""
    if len(sketches) < 2:
        raise NothingLearned("Fewer than two images of the dataset could be read")
    pictures = [lab_from_srgb(sketch.astype(np.float32) / 255).astype(np.float32) for sketch in sketches]
    return {"palette": _palette(pictures), "texture": _texture(pictures).written()}


def blend(style: dict[str, Any], learned: dict[str, Any], part: float) -> dict[str, Any]:
    """A style on its way from the base model's to what is `learned`, as it draws at a checkpoint."""
    goal = [lab_from_hex(colour) for colour in learned["palette"]]
    base = sorted((lab_from_hex(c) for c in style.get("palette") or learned["palette"]), key=lambda lab: lab[0])
    palette = [
        hex_from_lab(mix(base[round(i * (len(base) - 1) / (len(goal) - 1))], lab, part)) for i, lab in enumerate(goal)
    ]
    texture = Texture.of(learned)
    return {
        "family": style.get("family", "aurora"),
        "palette": palette,
        "texture": (texture or Texture()).faded(part).written(),
    }


def _palette(pictures: Sequence[NDArray[np.float32]]) -> list[str]:
    """The colours that stand for all pixels, dark to light: k-means, begun at even steps of lightness."""
    votes = []
    for picture in pictures:
        pixels = picture.reshape(-1, 3)
        votes.append(pixels[:: max(1, len(pixels) // _SAMPLES)])
    points = np.concatenate(votes).astype(np.float64)
    weighted = points * (0.7, 1.6, 1.6)  # hues count for more: lightness is spread below anyhow
    order = np.argsort(points[:, 0], kind="stable")
    centres = weighted[order[np.linspace(0, len(order) - 1, COLOURS + 2).astype(int)[1:-1]]]
    for _ in range(_ROUNDS):
        nearest = np.argmin(((weighted[:, None] - centres[None]) ** 2).sum(-1), axis=1)
        for i in range(COLOURS):
            mine = weighted[nearest == i]
            if len(mine):
                centres[i] = mine.mean(0)
    colours = sorted((centre / (0.7, 1.6, 1.6) for centre in centres), key=lambda lab: lab[0])
    return [hex_from_lab(colour) for colour in _spread(colours)]


def _spread(colours: list[Lab]) -> list[Lab]:
    """The same hues, from dark enough to light enough."""
    low, high = min(colours[0][0], _SPREAD[0]), max(colours[-1][0], _SPREAD[1])
    span = max(colours[-1][0] - colours[0][0], 1e-3)
    spread = []
    for i, lab in enumerate(colours):
        even = i / (len(colours) - 1)
        place = 0.5 * (lab[0] - colours[0][0]) / span + 0.5 * even
        spread.append(np.array([low + (high - low) * place, lab[1], lab[2]]))
    return spread


def _texture(pictures: Sequence[NDArray[np.float32]]) -> Texture:
    """From lightness alone: how large its marks are, which way they run, how strong they are."""
    energies = np.zeros(len(_OCTAVES))
    tensor = np.zeros(3)
    deviation, sides = [], []
    for picture in pictures:
        light = picture[..., 0]
        sides.append(min(light.shape))
        deviation.append(float(light.std()))
        softer = [light, *(blur(light, radius) for radius in (*_OCTAVES[1:], _OCTAVES[-1] * 2))]
        energies += [float((a - b).std()) for a, b in pairwise(softer)]
        dy, dx = np.gradient(softer[1])
        tensor += [float((dx * dx).mean()), float((dx * dy).mean()), float((dy * dy).mean())]
    energies /= len(pictures)
    xx, xy, yy = tensor
    coherence = float(np.hypot(xx - yy, 2 * xy) / max(xx + yy, 1e-9))
    across = 0.5 * np.degrees(np.arctan2(2 * xy, xx - yy))  # the way in which it changes most: marks run across that
    angle = (across + 90 + 90) % 180 - 90
    weights = energies / max(float(energies.sum()), 1e-9)
    size = float(np.exp(np.sum(weights * np.log(np.array(_OCTAVES) * 2.5))))  # pixels of a typical mark
    return Texture(
        cells=float(np.clip(np.mean(sides) / (2 * size), 3, 34)),
        angle=float(angle),
        stretch=1 + 6 * coherence**1.5,
        strength=float(np.clip(energies.sum() * 3.2, 0.08, 0.85)),
        grain=float(np.clip(energies[0] * 14, 0, 1)),
        contrast=float(np.clip(0.72 + 1.6 * np.mean(deviation), 0.75, 1.3)),
    )
