"""Colour: OKLab for mixing, linear light for painting, sRGB at the very end.

OKLab (Björn Ottosson, 2020) is a space in which a straight line between two colours looks even to the eye.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .canvas import Field, Light

Lab: TypeAlias = NDArray[np.float64]
"""Lightness 0 to 1, green–red, blue–yellow; shape (…, 3)."""

_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_LMS_INVERSE, _LAB_INVERSE = np.linalg.inv(_LMS), np.linalg.inv(_LAB)

_SHADES = 1024  # steps of a ramp: finer than eight bits show
_HEADROOM = 4.0  # linear light above 1 rolls off softly up to here
_LEVELS = 4096


def lab_from_hex(colour: str) -> Lab:
    """#rrggbb as OKLab."""
    return lab_from_srgb(np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]))


def lab_from_srgb(srgb: ArrayLike) -> Lab:
    """sRGB, 0 to 1, as OKLab; shape (…, 3)."""
    srgb = np.asarray(srgb)
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ _LMS.T) @ _LAB.T


def hex_from_lab(lab: Lab) -> str:
    """OKLab as #rrggbb; what no screen can show is clipped."""
    light = light_from_lab(lab)
    srgb = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(float(level) * 255):02x}" for level in np.clip(srgb, 0, 1))


def light_from_lab(lab: ArrayLike) -> NDArray[np.float32]:
    """OKLab as linear light; what no screen can show is clipped at 0."""
    return np.maximum(((np.asarray(lab) @ _LAB_INVERSE.T) ** 3) @ _LMS_INVERSE.T, 0).astype(np.float32)


def mix(a: Lab, b: Lab, amount: float) -> Lab:
    return a + (b - a) * amount


def shade(lab: Lab, lightness: float, chroma: float = 1.0) -> Lab:
    """The colour at another lightness, its chroma multiplied."""
    return np.array([lightness, lab[1] * chroma, lab[2] * chroma])


def rotate(lab: Lab, degrees: float) -> Lab:
    """The colour with its hue turned."""
    angle = np.radians(degrees)
    a, b = lab[..., 1], lab[..., 2]
    turned = [lab[..., 0], a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle)]
    return np.stack(turned, axis=-1)


class Ramp:
    """An even gradient through OKLab `stops` (at `places` 0 to 1, evenly by default): a field in, light out."""

    def __init__(self, stops: Sequence[Lab], places: Sequence[float] | None = None) -> None:
        at = np.linspace(0, 1, len(stops)) if places is None else np.asarray(places)
        position = np.linspace(0, 1, _SHADES)
        lab = np.stack([np.interp(position, at, [stop[c] for stop in stops]) for c in range(3)], axis=-1)
        # rounding the corners between stops: a gradient with corners shows bands (Mach)
        width = _SHADES // (4 * len(stops))
        kernel = np.hanning(2 * width + 1)
        padded = np.pad(lab, ((width, width), (0, 0)), mode="edge")
        lab = np.stack([np.convolve(padded[:, c], kernel / kernel.sum(), "valid") for c in range(3)], axis=-1)
        self._table = light_from_lab(lab)

    def __call__(self, field: Field) -> Light:
        index = np.clip(field * np.float32(_SHADES - 1), 0, _SHADES - 1).astype(np.int32)
        return np.take(self._table, index, axis=0)


@lru_cache(maxsize=32)
def _film(contrast: float) -> NDArray[np.float32]:
    """sRGB levels of linear light, tabulated over its square root: contrast around middle grey, highlights that roll off."""
    light = (np.arange(_LEVELS) / (_LEVELS - 1)) ** 2 * _HEADROOM
    light = 0.18 * (light / 0.18) ** contrast
    knee = 0.75
    light = np.where(light < knee, light, knee + (1 - knee) * (1 - np.exp(-(light - knee) / (1 - knee) * 0.8)))
    srgb = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return (srgb * 255).astype(np.float32)


def develop(light: Light, grain: Field | None = None, contrast: float = 1.0) -> NDArray[np.uint8]:
    """Linear light as sRGB bytes; `grain` (in levels of 255) is added to all channels alike."""
    index = np.sqrt(np.clip(light, 0, _HEADROOM) * np.float32(1 / _HEADROOM)) * np.float32(_LEVELS - 1)
    levels = np.take(_film(round(contrast, 2)), index.astype(np.int32))
    if grain is not None:
        levels += grain[..., None]
    return np.clip(levels + np.float32(0.5), 0, 255).astype(np.uint8)
