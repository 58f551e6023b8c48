"""From a request to pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from . import aurora, basalt, filament, gouache
from .canvas import Canvas, Field
from .colour import develop
from .scene import Painter, Scene
from .texture import Texture, weave


@dataclass(frozen=True)
class Request:
    """One picture: what the prompt says, how the model draws (`models.style`), `width` × `height` pixels."""

    prompt: str
    negative_prompt: str
    style: Mapping[str, Any]
    seed: int
    width: int
    height: int


@dataclass(frozen=True)
class _Family:
    paint: Callable[[Scene, Canvas], Painter]
    contrast: float
    vignette: float  # how much darker the corners are
    grain: float  # levels of 255, standard deviation


_GRAIN = 9.0  # levels of 255 that the grainiest texture adds

_FAMILIES = {
    "aurora": _Family(aurora.paint, 1.04, 0.16, 2.6),
    "gouache": _Family(gouache.paint, 1.0, 0.05, 1.2),
    "basalt": _Family(basalt.paint, 1.16, 0.30, 2.4),
    "filament": _Family(filament.paint, 1.05, 0.22, 1.6),
}


def prepare(request: Request, canvas: Canvas) -> Callable[[float], NDArray[np.uint8]]:
    """A function that gives the picture at phase t of its loop as sRGB bytes, (height, width, 3).

    A model of a family nobody knows draws as `aurora`.
    """
    scene = Scene.of(request.prompt, request.negative_prompt, request.style, request.seed)
    family = _FAMILIES.get(scene.family, _FAMILIES["aurora"])
    paint = family.paint(scene, canvas)
    shade = _vignette(canvas, family.vignette)
    grain, contrast = family.grain, family.contrast * scene.mood.contrast**0.5
    if texture := Texture.of(request.style):
        shade = shade * weave(texture, scene, canvas)
        grain, contrast = grain + _GRAIN * texture.grain, contrast * texture.contrast
    fine = scene.rng("grain").standard_normal((canvas.height, canvas.width), np.float32) * np.float32(grain)

    def frame(t: float) -> NDArray[np.uint8]:
        return develop(paint(t) * shade, fine, contrast)

    return frame


def still(request: Request) -> NDArray[np.uint8]:
    """The finished picture, (height, width, 3) sRGB bytes."""
    return prepare(request, Canvas.of(request.width, request.height))(0.0)


def sketch(request: Request, done: float) -> NDArray[np.uint8]:
    """The picture as it looks when `done` (0 to 1) of the steps are made: small, soft and noisy, less so the further it is."""
    canvas = Canvas.of(request.width, request.height).within(round(160 + 320 * done))
    clear = Image.fromarray(prepare(request, canvas)(0.0))
    unit = canvas.pixels_per_unit
    soft = clear.filter(ImageFilter.GaussianBlur(unit * 0.075 * (1 - done) ** 2.2))
    scene = Scene.of(request.prompt, request.negative_prompt, request.style, request.seed)
    speckle = scene.rng(f"speckle {done}").standard_normal((canvas.height, canvas.width, 3), np.float32)
    noisy = np.asarray(soft, np.float32) + speckle * np.float32(46 * (1 - done) ** 1.6)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def _vignette(canvas: Canvas, strength: float) -> Field:
    u, v = canvas.x / canvas.across * 2 - 1, canvas.y / canvas.down * 2 - 1
    return (1 - np.float32(strength) * np.clip((u * u + v * v) / 2, 0, 1) ** 1.5)[..., None]
