"""Paper and cut shapes: what `gouache` pictures are put together from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .canvas import Canvas, Field, Light
from .colour import Lab, light_from_lab, shade
from .noise import Noise
from .scene import Scene

Point = tuple[float, float]


@dataclass(frozen=True)
class Stencil:
    """A mask over a part of the sheet that begins at row `top` and column `left`: a leaf costs what a leaf covers."""

    mask: Field
    top: int = 0
    left: int = 0

    @property
    def area(self) -> tuple[slice, slice]:
        height, width = self.mask.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    def within(self, other: Stencil) -> Stencil:
        """Only what also lies inside `other`."""
        top, left = max(self.top, other.top), max(self.left, other.left)
        bottom = min(self.top + self.mask.shape[0], other.top + other.mask.shape[0])
        right = min(self.left + self.mask.shape[1], other.left + other.mask.shape[1])
        if bottom <= top or right <= left:
            return Stencil(np.zeros((1, 1), np.float32))
        mine = self.mask[top - self.top : bottom - self.top, left - self.left : right - self.left]
        theirs = other.mask[top - other.top : bottom - other.top, left - other.left : right - other.left]
        return Stencil(mine * theirs, top, left)


class Sheet:
    """Paper, and what has been laid on it."""

    def __init__(self, scene: Scene, canvas: Canvas) -> None:
        self.scene, self.canvas = scene, canvas
        mood, palette = scene.mood, scene.palette
        self.night = mood.light < 0.32
        self.colours: list[Lab] = list(palette.colours)
        paper = palette.at(0.12) if self.night else shade(palette.at(1.0), max(0.9, palette.at(1.0)[0]), 0.8)
        self.picture: Light = np.broadcast_to(light_from_lab(paper), (canvas.height, canvas.width, 3)).copy()
        self.paper = paper
        rng = scene.rng("brush")
        self._strokes = [
            Noise(rng, canvas, 5, 5, 0.62, stretch=stretch).at() for stretch in ((0.35, 2.4), (1.6, 0.5), (1.0, 1.0))
        ]
        self._laid = 0

    def lay(self, shape: Field | Stencil, colour: Lab, shadow: float = 1.0, rough: float = 1.0) -> None:
        """A shape in one colour: a soft shadow under it, brush marks in it, pigment gathered at its edge."""
        stencil = shape if isinstance(shape, Stencil) else Stencil(shape)
        scale, mask = self.canvas.pixels_per_unit, stencil.mask
        picture = self.picture[stencil.area]
        image = Image.fromarray((mask * 255).astype(np.uint8))
        if shadow:
            offset = round(0.006 * scale)
            cast = Image.new("L", image.size)
            cast.paste(image, (offset, offset))
            soft = np.asarray(cast.filter(ImageFilter.GaussianBlur(0.011 * scale)), np.float32) / 255
            picture *= (1 - 0.30 * np.float32(shadow) * soft * (1 - mask))[..., None]
        edge = np.asarray(image.filter(ImageFilter.GaussianBlur(0.006 * scale)), np.float32) / 255
        strokes = self._strokes[self._laid % len(self._strokes)][stencil.area]
        self._laid += 1
        tone = 1 + np.float32(0.055 * rough) * strokes - np.float32(0.10) * (1 - edge) * mask
        picture += (light_from_lab(colour) * tone[..., None] - picture) * mask[..., None]

    def tint(self, shape: Field | Stencil, colour: Lab, strength: float) -> None:
        """A thin stroke: no shadow, no edge."""
        stencil = shape if isinstance(shape, Stencil) else Stencil(shape)
        picture = self.picture[stencil.area]
        picture += (light_from_lab(colour) - picture) * (stencil.mask * np.float32(strength))[..., None]

    def shape(self, points: Sequence[Point]) -> Stencil:
        """The stencil of a polygon (units), smooth-edged, with room for its shadow."""
        scale, room = self.canvas.pixels_per_unit, 0.045
        left = max(0, int((min(x for x, _ in points) - room) * scale))
        top = max(0, int((min(y for _, y in points) - room) * scale))
        right = min(self.canvas.width, int((max(x for x, _ in points) + room) * scale) + 1)
        bottom = min(self.canvas.height, int((max(y for _, y in points) + room) * scale) + 1)
        if right <= left or bottom <= top:
            return Stencil(np.zeros((1, 1), np.float32))
        image = Image.new("L", ((right - left) * 2, (bottom - top) * 2))
        ImageDraw.Draw(image).polygon([((x * scale - left) * 2, (y * scale - top) * 2) for x, y in points], fill=255)
        return Stencil(np.asarray(image.reduce(2), np.float32) / 255, top, left)

    def colour(self, place: float, chroma: float = 1.0) -> Lab:
        lab = self.scene.palette.at(place)
        return shade(lab, lab[0], chroma)

    def dry(self) -> Light:
        """The finished sheet: the tooth of the paper over everything."""
        rng = self.scene.rng("paper")
        tooth = (
            Noise(rng, self.canvas, 90, 2, 0.7).at()
            + 0.6 * Noise(rng, self.canvas, 24, 2, 0.6, stretch=(2.2, 0.4)).at()
        )
        return np.maximum(self.picture * (1 + 0.028 * tooth)[..., None], 0).astype(np.float32)


def blob(
    rng: np.random.Generator, centre: Point, radius: float, wobble: float = 0.06, squash: float = 1.0
) -> list[Point]:
    """A disc cut by hand."""
    angles = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    reach = np.ones_like(angles)
    for k in range(2, 6):
        reach += wobble / k * np.cos(k * angles + rng.uniform(0, 2 * np.pi))
    return [
        (centre[0] + radius * r * np.cos(a), centre[1] + radius * squash * r * np.sin(a))
        for a, r in zip(angles, reach, strict=True)
    ]
