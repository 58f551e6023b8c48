"""The family `gouache`: flat layered shapes, paper grain, quiet colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .canvas import Canvas, Field, Light
from .colour import Lab, light_from_lab, mix, shade
from .landforms import below, ridge, towers
from .noise import Noise, profile
from .scene import Painter, Scene

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


def paint(scene: Scene, canvas: Canvas) -> Painter:
    """Cut and painted shapes in one of six compositions. Its loop is a slow move of the camera over the sheet."""
    mood = scene.mood
    composition = scene.choose(
        "composition",
        weights={"hills": 1.0, "waves": 0.5, "botanical": 0.8, "arches": 1.0, "peaks": 0.6, "blocks": 0.35},
        wishes={
            "hills": 1.2 * mood.trees + 1.2 * mood.dunes + 0.8 * mood.relief + 0.5 * mood.sun,
            "waves": 3.0 * mood.water + 3 * mood.beacon + 0.6 * mood.storm,
            "botanical": 4.0 * mood.flowers + 0.5 * mood.trees,
            "arches": 3.0 * mood.architecture + 2.0 * mood.orbs + 1.2 * mood.folds + 1.5 * mood.swirl + 0.5 * mood.fire,
            "peaks": 1.8 * mood.relief + 1.5 * mood.ice + mood.snow + 0.5 * mood.moon + 0.8 * mood.stars,
            "blocks": 4.0 * mood.city,
        },
    )
    sheet = _Sheet(scene, canvas)
    {"hills": _hills, "waves": _waves, "botanical": _botanical, "arches": _arches, "peaks": _peaks, "blocks": _blocks}[
        composition
    ](sheet)
    picture = sheet.dry()
    return lambda t: _moved(picture, t)


def _moved(picture: Light, t: float) -> Light:
    zoom = 0.03 * (1 - np.cos(2 * np.pi * t))
    if zoom == 0:
        return picture
    height, width, _ = picture.shape
    dx, dy = width * zoom / 2, height * zoom / 2
    sway = dx * 0.8 * np.sin(2 * np.pi * t)
    box = (dx + sway, dy, width - dx + sway, height - dy)
    channels = [Image.fromarray(np.ascontiguousarray(picture[..., c])) for c in range(3)]
    return np.stack([np.asarray(c.resize((width, height), Image.Resampling.BILINEAR, box)) for c in channels], axis=-1)


class _Sheet:
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


def _blob(
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


def _sky(sheet: _Sheet, horizon: float) -> None:
    """Broad bands of wash, and the sun or the moon."""
    scene, canvas, mood = sheet.scene, sheet.canvas, sheet.scene.mood
    rng = scene.rng("sky")
    ground = sheet.colour(0.16) if sheet.night else mix(sheet.paper, sheet.colour(rng.choice([0.45, 0.6, 0.8])), 0.35)
    sheet.lay(np.ones((canvas.height, canvas.width), np.float32), ground, shadow=0, rough=1.6)
    for i in range(int(rng.integers(1, 4))):
        level = horizon * (0.25 + 0.22 * i) + rng.uniform(-0.04, 0.04)
        line = np.float32(level) + 0.02 * profile(scene.rng(f"band {i}"), canvas, 1.2, 3)
        sheet.lay(
            below(canvas, line),
            mix(ground, sheet.colour(0.3 if sheet.night else 0.75 + 0.08 * i), 0.24 + 0.12 * i),
            shadow=0,
            rough=1.4,
        )
    centre = (rng.uniform(0.2, 0.8) * canvas.across, horizon * rng.uniform(0.35, 0.75))
    radius = rng.uniform(0.08, 0.15) * (1.25 if mood.sun + mood.moon > 0.7 else 1)
    if mood.moon > 0.3 or sheet.night:
        sheet.lay(
            sheet.shape(_blob(rng, centre, radius * 1.55, 0.03)), mix(ground, sheet.colour(0.9), 0.22), shadow=0.3
        )
        sheet.lay(sheet.shape(_blob(rng, centre, radius, 0.03)), sheet.colour(1.0, 0.7))
        for _ in range(int(10 + 50 * mood.stars)):
            point = (rng.uniform(0, canvas.across), rng.uniform(0, horizon * 0.9))
            sheet.tint(sheet.shape(_blob(rng, point, rng.uniform(0.0015, 0.004))), sheet.colour(1.0), 0.8)
    else:
        warm = max(scene.palette.colours, key=lambda lab: float(lab[1] + 0.6 * lab[2]))
        if rng.random() < 0.5:
            sheet.lay(sheet.shape(_blob(rng, centre, radius * 1.5, 0.03)), mix(ground, warm, 0.35), shadow=0.3)
        sheet.lay(sheet.shape(_blob(rng, centre, radius, 0.03)), warm)


def _hills(sheet: _Sheet) -> None:
    scene, canvas, mood = sheet.scene, sheet.canvas, sheet.scene.mood
    rng = scene.rng("hills")
    horizon = canvas.down * rng.uniform(0.45, 0.58)
    _sky(sheet, horizon)
    count = int(rng.integers(4, 7))
    order = rng.permutation(np.linspace(0.02, 0.82, count))
    if rng.random() < 0.6:
        order = np.sort(order)[::-1]
    for i in range(count):
        foot = horizon + (canvas.down - horizon) * (i / count) ** 1.15
        own = scene.rng(f"hill {i}")
        line = np.float32(foot) - ridge(own, canvas, rng.uniform(0.7, 1.3), rng.uniform(0.12, 0.2), 0.1 * mood.relief)
        colour = sheet.colour(float(order[i]))
        mask = below(canvas, line)
        if i > 0 and mood.dunes < 0.3 and own.random() < 0.8:
            _trees(
                sheet, own, line, 0.035 + 0.05 * i / count, int(3 + 9 * mood.trees + 4 * own.random()), float(order[i])
            )
        sheet.lay(mask, colour)
        if own.random() < 0.45:  # a ploughed field: lines that follow the hill
            rows = np.sin(
                (canvas.y - line[None]) * np.float32(own.uniform(120, 190)) + 1.2 * profile(own, canvas, 2, 2)[None]
            )
            lean = shade(colour, max(0.05, colour[0] - 0.07))
            sheet.tint(np.clip(rows * 3 - 1.6, 0, 1) * mask, lean, 0.55)


def _trees(sheet: _Sheet, rng: np.random.Generator, line: Field, tall: float, count: int, ground: float) -> None:
    canvas = sheet.canvas
    firs = rng.random() < 0.5
    places = [p for p in np.linspace(0, 0.85, 5) if abs(p - ground) > 0.18]
    for x in np.sort(rng.uniform(0.02, 0.98, count) * canvas.across):
        foot = float(np.interp(x, canvas.x[0], line)) + 0.006
        height = tall * rng.uniform(0.6, 1.3)
        colour = sheet.colour(float(rng.choice(places[:3])), 0.9)
        if firs:
            points = [(x - height * 0.34, foot), (x, foot - height * 1.9), (x + height * 0.34, foot)]
        else:
            sheet.lay(
                sheet.shape(
                    [(x - 0.003, foot), (x - 0.002, foot - height), (x + 0.002, foot - height), (x + 0.003, foot)]
                ),
                sheet.colour(0.0),
                shadow=0,
            )
            points = _blob(rng, (x, foot - height * 1.3), height * 0.62, 0.08, rng.uniform(0.9, 1.5))
        sheet.lay(sheet.shape(points), colour, shadow=0.6)


def _peaks(sheet: _Sheet) -> None:
    scene, canvas, mood = sheet.scene, sheet.canvas, sheet.scene.mood
    rng = scene.rng("peaks")
    horizon = canvas.down * rng.uniform(0.66, 0.8)
    _sky(sheet, horizon * 0.85)
    for i in range(int(rng.integers(3, 6))):
        x, tall = rng.uniform(0.05, 0.95) * canvas.across, rng.uniform(0.28, 0.52) * (1 - 0.1 * i)
        top, wide = horizon - tall, tall * rng.uniform(0.6, 0.95)
        place = float(np.clip(0.72 - 0.16 * i + rng.uniform(-0.06, 0.06), 0.0, 0.9))
        body = sheet.colour(place, 0.85)
        spine = [(x + rng.normal(0, 0.014) + 0.05 * k, top + tall * k) for k in np.linspace(0, 1.4, 7)]
        spine[0] = (x, top)
        left, right = (x - wide * 1.3, top + tall * 1.4), (x + wide * 1.3, top + tall * 1.4)
        lit, dark = shade(body, min(0.95, body[0] + 0.06)), shade(body, max(0.05, body[0] - 0.09))
        whole = sheet.shape([left, (x, top), right])
        sheet.lay(whole, lit)
        sheet.lay(sheet.shape([(x, top), right, *reversed(spine)]).within(whole), dark, shadow=0)
        if mood.snow + mood.ice + mood.relief > 0.2 or rng.random() < 0.6:
            depth = rng.uniform(0.22, 0.38)
            teeth = [
                (x + wide * 1.3 / 1.4 * k * depth, top + tall * depth * (1 + (0.30 if j % 2 else -0.16)))
                for j, k in enumerate(np.linspace(1.2, -1.2, 9))
            ]
            sheet.lay(sheet.shape([(x, top), *teeth]).within(whole), sheet.colour(1.0, 0.5), shadow=0.4)
    line = np.float32(horizon) - ridge(scene.rng("front"), canvas, 1.0, 0.07, 0)
    if mood.water < 0.3:
        _trees(sheet, scene.rng("wood"), line, 0.06, int(8 + 14 * max(mood.trees, 0.3)), 0.9)
    sheet.lay(below(canvas, line), sheet.colour(0.08))
    near = np.float32(horizon + (canvas.down - horizon) * 0.5) - ridge(scene.rng("nearest"), canvas, 0.9, 0.07, 0)
    sheet.lay(below(canvas, near), sheet.colour(0.42))


def _waves(sheet: _Sheet) -> None:
    scene, canvas, mood = sheet.scene, sheet.canvas, sheet.scene.mood
    rng = scene.rng("waves")
    horizon = canvas.down * rng.uniform(0.4, 0.55)
    _sky(sheet, horizon)
    if mood.beacon > 0.3:
        _lighthouse(sheet, rng, horizon)
    elif mood.relief > 0.2 or rng.random() < 0.4:
        island = np.float32(horizon + 0.02) - np.maximum(ridge(scene.rng("island"), canvas, 1.1, 0.16, 0.2) - 0.03, 0)
        sheet.lay(below(canvas, island), sheet.colour(0.25, 0.8))
    rows = int(rng.integers(5, 9))
    wild = 1.4 - 0.9 * mood.calm
    scallops = rng.random() < 0.5
    boat = int(rng.integers(1, 3)) if rng.random() < 0.6 else -1
    for i in range(rows):
        depth = i / (rows - 1)
        foot = horizon + (canvas.down - horizon) * (0.02 + 0.86 * depth**1.2)
        length = 0.08 + 0.17 * depth
        phase = (
            rng.uniform(0, 2 * np.pi)
            + canvas.x[0] * np.float32(2 * np.pi / length)
            + 0.7 * profile(scene.rng(f"wave {i}"), canvas, 1.2, 2)
        )
        crest = np.abs(np.sin(phase / 2)) if scallops else 0.5 + 0.5 * np.sin(phase + 0.55 * np.sin(phase))
        line = np.float32(foot) - (0.015 + 0.05 * depth) * np.float32(wild) * crest
        if i == boat:
            _boat(sheet, rng, float(rng.uniform(0.2, 0.8) * canvas.across), foot)
        place = (0.62 - 0.58 * depth) if i % 2 == 0 else (0.40 - 0.30 * depth)
        colour = sheet.colour(float(np.clip(place, 0, 1)))
        sheet.lay(below(canvas, line.astype(np.float32)), colour)
        if i < rows - 1 and depth > 0.1:  # a pale line of foam under the crest
            away = np.abs(canvas.y - line[None] - 0.012) / np.float32(0.0022 + 0.002 * depth)
            foam = np.clip(1.4 - away, 0, 1) * np.clip(crest[None] * 2.2 - 0.9, 0, 1)
            sheet.tint(foam, sheet.colour(1.0, 0.6), 0.85)


def _boat(sheet: _Sheet, rng: np.random.Generator, x: float, foot: float) -> None:
    size = rng.uniform(0.05, 0.09)
    sheet.lay(
        sheet.shape(
            [
                (x - size, foot - size * 0.3),
                (x + size, foot - size * 0.3),
                (x + size * 0.6, foot + size * 0.3),
                (x - size * 0.6, foot + size * 0.3),
            ]
        ),
        sheet.colour(0.0),
    )
    sheet.lay(
        sheet.shape(
            [
                (x + size * 0.05, foot - size * 0.4),
                (x + size * 0.05, foot - size * 2.4),
                (x + size * 0.95, foot - size * 0.4),
            ]
        ),
        sheet.colour(1.0, 0.6),
    )
    sheet.lay(
        sheet.shape(
            [
                (x - size * 0.05, foot - size * 0.4),
                (x - size * 0.05, foot - size * 2.0),
                (x - size * 0.75, foot - size * 0.4),
            ]
        ),
        sheet.colour(0.72),
    )


def _lighthouse(sheet: _Sheet, rng: np.random.Generator, horizon: float) -> None:
    canvas = sheet.canvas
    x = float(rng.choice([0.25, 0.72]) * canvas.across)
    rock = np.float32(horizon + 0.03) - np.float32(0.11) * np.exp(-(((canvas.x[0] - x) / 0.16) ** 2)) * (
        1 + 0.12 * profile(rng, canvas, 7, 3)
    )
    top, foot, wide = horizon - 0.36, horizon - 0.06, 0.03
    light = (x, top - 0.025)
    far = -0.1 if x > canvas.across / 2 else canvas.across + 0.1
    beam = sheet.shape([light, (far, top - 0.16), (far, top + 0.02)])
    sheet.tint(beam, sheet.colour(1.0), 0.42)
    sheet.lay(
        sheet.shape([(x - wide, foot), (x - wide * 0.62, top), (x + wide * 0.62, top), (x + wide, foot)]),
        sheet.colour(1.0, 0.5),
    )
    for k in (0.1, 0.5):
        a, b = top + (foot - top) * k, top + (foot - top) * (k + 0.2)
        w1, w2 = wide * (0.62 + 0.38 * k), wide * (0.62 + 0.38 * (k + 0.2))
        sheet.lay(
            sheet.shape([(x - w1, a), (x + w1, a), (x + w2, b), (x - w2, b)]), sheet.scene.palette.accent, shadow=0
        )
    sheet.lay(
        sheet.shape(
            [(x - wide * 0.9, top), (x - wide * 0.9, top - 0.008), (x + wide * 0.9, top - 0.008), (x + wide * 0.9, top)]
        ),
        sheet.colour(0.0),
        shadow=0,
    )
    sheet.lay(
        sheet.shape(
            [
                (x - wide * 0.4, top - 0.008),
                (x - wide * 0.4, top - 0.045),
                (x + wide * 0.4, top - 0.045),
                (x + wide * 0.4, top - 0.008),
            ]
        ),
        np.array([0.93, 0.0, 0.11]),
        shadow=0,
    )
    sheet.lay(
        sheet.shape([(x - wide * 0.6, top - 0.043), (x, top - 0.085), (x + wide * 0.6, top - 0.043)]),
        sheet.colour(0.0),
        shadow=0,
    )
    sheet.lay(below(canvas, rock.astype(np.float32)), sheet.colour(0.05))


def _leaf(
    rng: np.random.Generator, root: Point, angle: float, length: float, wide: float
) -> tuple[list[Point], list[Point]]:
    """Outline and midrib of a bent leaf."""
    bend = rng.uniform(-0.5, 0.5)
    steps = np.linspace(0, 1, 28)
    direction = angle + bend * steps
    xs, ys = root[0] + np.cumsum(np.cos(direction)) * length / 28, root[1] + np.cumsum(np.sin(direction)) * length / 28
    half = wide * np.sin(np.pi * steps**0.8) ** 0.9
    nx, ny = -np.sin(direction), np.cos(direction)
    left = list(zip(xs + nx * half, ys + ny * half, strict=True))
    right = list(zip(xs - nx * half, ys - ny * half, strict=True))
    return [*left, *reversed(right)], list(zip(xs, ys, strict=True))


def _botanical(sheet: _Sheet) -> None:
    scene, canvas, mood = sheet.scene, sheet.canvas, sheet.scene.mood
    rng = scene.rng("botanical")
    blocks = int(rng.integers(1, 4))
    for i in range(blocks):  # quiet fields of colour behind
        centre = (rng.uniform(0.1, 0.9) * canvas.across, rng.uniform(0.1, 0.9) * canvas.down)
        sheet.lay(
            sheet.shape(_blob(rng, centre, rng.uniform(0.25, 0.45), 0.18)),
            mix(sheet.paper, sheet.colour((0.8, 0.6, 0.35)[i]), 0.55),
            shadow=0.35,
        )
    stems = int(rng.integers(3, 6) + 2 * mood.detail)
    for i in range(stems):
        root = (canvas.across * (0.12 + 0.76 * (i + rng.uniform(0.2, 0.8)) / stems), canvas.down * 1.05)
        tall, lean = canvas.down * rng.uniform(0.5, 0.92), rng.uniform(-0.28, 0.28)
        green = sheet.colour(float(rng.choice([0.02, 0.12, 0.24])), 0.95)
        points = [(root[0] + lean * k * k * tall, root[1] - tall * k) for k in np.linspace(0, 1, 24)]
        sheet.lay(
            sheet.shape([*((x - 0.004, y) for x, y in points), *((x + 0.004, y) for x, y in reversed(points))]),
            green,
            shadow=0.5,
        )
        pairs, long = int(rng.integers(3, 8)), rng.uniform(0.10, 0.24)
        for j in range(pairs):
            k = 0.2 + 0.62 * j / pairs
            at = points[int(k * 23)]
            for side in (-1, 1):
                outline, rib = _leaf(
                    rng,
                    at,
                    -np.pi / 2 + side * rng.uniform(0.7, 1.1),
                    long * (1.1 - 0.5 * k),
                    long * rng.uniform(0.16, 0.3),
                )
                leaf = shade(green, float(np.clip(green[0] + rng.uniform(-0.03, 0.12), 0.1, 0.9)))
                sheet.lay(sheet.shape(outline), leaf, shadow=0.8)
                thin = [
                    *((x - 0.0012, y - 0.0012) for x, y in rib),
                    *((x + 0.0012, y + 0.0012) for x, y in reversed(rib)),
                ]
                sheet.tint(sheet.shape(thin), shade(leaf, min(0.95, leaf[0] + 0.16)), 0.7)
        if mood.flowers > 0.2 or rng.random() < 0.7:
            _flower(sheet, rng, points[-1], rng.uniform(0.07, 0.13) * (1 + 0.25 * mood.flowers))


def _flower(sheet: _Sheet, rng: np.random.Generator, centre: Point, radius: float) -> None:
    petals, turn = int(rng.integers(5, 10)), rng.uniform(0, 2 * np.pi)
    colour = sheet.colour(float(rng.choice([0.45, 0.6, 0.75, 0.9])), 1.1)
    for ring in range(int(rng.integers(1, 3))):
        reach = radius * (1 - 0.36 * ring)
        for k in range(petals):
            angle = turn + 2 * np.pi * (k + 0.5 * ring) / petals
            outline, _ = _leaf(rng, centre, angle, reach, reach * 2.0 / petals)
            tone = shade(colour, float(np.clip(colour[0] + 0.07 * ring + rng.uniform(-0.03, 0.03), 0.1, 0.97)))
            sheet.lay(sheet.shape(outline), tone, shadow=0.45)
    sheet.lay(sheet.shape(_blob(rng, centre, radius * 0.22)), sheet.colour(0.05 if rng.random() < 0.5 else 0.8))


def _arches(sheet: _Sheet) -> None:
    """Arches, discs and slabs that stand together like a still life."""
    scene, canvas, mood = sheet.scene, sheet.canvas, sheet.scene.mood
    rng = scene.rng("arches")
    floor = canvas.down * rng.uniform(0.7, 0.86)
    sheet.lay(
        np.ones((canvas.height, canvas.width), np.float32),
        mix(sheet.paper, sheet.colour(0.7), 0.16),
        shadow=0,
        rough=1.5,
    )
    radius = rng.uniform(0.16, 0.24)
    sun = (rng.uniform(0.25, 0.75) * canvas.across, floor - rng.uniform(0.36, 0.5))
    sheet.lay(
        sheet.shape(_blob(rng, sun, radius, 0.02)), scene.palette.accent if rng.random() < 0.6 else sheet.colour(0.8)
    )
    count = int(rng.integers(3, 6) + (canvas.across > 1.3))
    for i in range(count):
        x = canvas.across * (0.08 + 0.84 * (i + rng.uniform(0.25, 0.75)) / count)
        kind = rng.choice(["arch", "rainbow", "slab", "steps"] if mood.orbs < 0.3 else ["arch", "rainbow", "orb"])
        wide, tall = rng.uniform(0.09, 0.17), rng.uniform(0.2, 0.5)
        places = rng.permutation([0.0, 0.2, 0.4, 0.6, 0.8])
        rings = {"rainbow": int(rng.integers(3, 6)), "arch": 2}.get(str(kind), 1)
        for ring in range(rings):
            inner = wide * (1 - ring / (rings + (0.35 if kind == "rainbow" else 1.2)))
            colour = sheet.colour(float(places[ring % 5]))
            if kind == "orb":
                sheet.lay(sheet.shape(_blob(rng, (x, floor - wide * 0.96), wide, 0.02)), colour)
                break
            if kind == "slab":
                sheet.lay(
                    sheet.shape(
                        [
                            (x - wide * 0.6, floor),
                            (x - wide * 0.6, floor - tall),
                            (x + wide * 0.6, floor - tall),
                            (x + wide * 0.6, floor),
                        ]
                    ),
                    colour,
                )
                break
            if kind == "steps":
                for step in range(4):
                    left, high = x - wide + wide * 0.5 * step, tall * 0.22 * (step + 1)
                    corners = [
                        (left, floor),
                        (left, floor - high),
                        (left + wide * 0.52, floor - high),
                        (left + wide * 0.52, floor),
                    ]
                    sheet.lay(
                        sheet.shape(corners),
                        shade(colour, float(np.clip(colour[0] + 0.05 * step, 0, 0.95))),
                        shadow=0.5,
                    )
                break
            top = floor - tall + wide
            bow = [(x + inner * np.cos(a), top - inner * np.sin(a)) for a in np.linspace(np.pi, 0, 48)]
            sheet.lay(sheet.shape([(x - inner, floor), *bow, (x + inner, floor)]), colour, shadow=0.8)
    line = np.float32(floor) + 0.006 * profile(scene.rng("floor"), canvas, 1.5, 3)
    sheet.lay(below(canvas, line.astype(np.float32)), sheet.colour(float(rng.choice([0.05, 0.3, 0.55]))))
    for _ in range(int(rng.integers(1, 4))):
        pebble = (rng.uniform(0.08, 0.92) * canvas.across, floor + rng.uniform(0.0, 0.05))
        sheet.lay(
            sheet.shape(_blob(rng, pebble, rng.uniform(0.02, 0.05), 0.1, 0.7)), sheet.colour(float(rng.uniform(0.1, 1)))
        )


def _blocks(sheet: _Sheet) -> None:
    """A city of flat fronts."""
    scene, canvas, mood = sheet.scene, sheet.canvas, sheet.scene.mood
    rng = scene.rng("blocks")
    ground = canvas.down * rng.uniform(0.82, 0.92)
    _sky(sheet, canvas.down * 0.6)
    lamp = np.array([0.9, 0.01, 0.11])
    for row in range(3):
        foot = ground + 0.06 * row
        _, blocks = towers(scene.rng(f"row {row}"), canvas, 0.62 - 0.15 * row, 0.42)
        for left, right, tall in blocks:
            wide = (right - left) * 2.1
            place = float(np.clip(0.75 - 0.28 * row + rng.uniform(-0.14, 0.14), 0, 0.95))
            front = sheet.colour(place * (0.7 if sheet.night else 1))
            sheet.lay(
                sheet.shape(
                    [(left, foot + 0.2), (left, foot - tall), (left + wide, foot - tall), (left + wide, foot + 0.2)]
                ),
                front,
                shadow=0.7,
            )
            if rng.random() < 0.3:
                sheet.lay(
                    sheet.shape(
                        [(left, foot - tall), (left + wide / 2, foot - tall - 0.05), (left + wide, foot - tall)]
                    ),
                    sheet.colour(0.5),
                    shadow=0.4,
                )
            pane = light_from_lab(
                mix(front, lamp, 0.85)
                if sheet.night or mood.chroma > 1.2
                else shade(front, float(np.clip(front[0] + 0.16, 0, 0.97)), 0.7)
            )
            step_x, step_y = wide / max(2, round(wide / 0.022)), 0.026
            for y in np.arange(foot - tall + 0.016, foot - 0.02, step_y):
                for x in np.arange(left + step_x * 0.25, left + wide - step_x * 0.5, step_x):
                    if rng.random() < 0.62:
                        scale = canvas.pixels_per_unit
                        area = (
                            slice(max(0, round(y * scale)), max(0, round((y + 0.013) * scale))),
                            slice(max(0, round(x * scale)), max(0, round((x + step_x * 0.5) * scale))),
                        )
                        sheet.picture[area] += (pane - sheet.picture[area]) * np.float32(rng.uniform(0.5, 0.95))
    sheet.lay(below(canvas, np.full(canvas.width, ground + 0.09, np.float32)), sheet.colour(0.03))
