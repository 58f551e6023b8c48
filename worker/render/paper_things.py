"""Things in gouache: plants, arches and slabs, a city of flat fronts."""

from __future__ import annotations

import numpy as np

from .colour import light_from_lab, mix, shade
from .landforms import below, towers
from .noise import profile
from .paper import Point, Sheet, blob
from .paper_land import sky


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


def botanical(sheet: Sheet) -> None:
    scene, canvas, mood = sheet.scene, sheet.canvas, sheet.scene.mood
    rng = scene.rng("botanical")
    blocks = int(rng.integers(1, 4))
    for i in range(blocks):  # quiet fields of colour behind
        centre = (rng.uniform(0.1, 0.9) * canvas.across, rng.uniform(0.1, 0.9) * canvas.down)
        sheet.lay(
            sheet.shape(blob(rng, centre, rng.uniform(0.25, 0.45), 0.18)),
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


def _flower(sheet: Sheet, rng: np.random.Generator, centre: Point, radius: float) -> None:
    petals, turn = int(rng.integers(5, 10)), rng.uniform(0, 2 * np.pi)
    colour = sheet.colour(float(rng.choice([0.45, 0.6, 0.75, 0.9])), 1.1)
    for ring in range(int(rng.integers(1, 3))):
        reach = radius * (1 - 0.36 * ring)
        for k in range(petals):
            angle = turn + 2 * np.pi * (k + 0.5 * ring) / petals
            outline, _ = _leaf(rng, centre, angle, reach, reach * 2.0 / petals)
            tone = shade(colour, float(np.clip(colour[0] + 0.07 * ring + rng.uniform(-0.03, 0.03), 0.1, 0.97)))
            sheet.lay(sheet.shape(outline), tone, shadow=0.45)
    sheet.lay(sheet.shape(blob(rng, centre, radius * 0.22)), sheet.colour(0.05 if rng.random() < 0.5 else 0.8))


def arches(sheet: Sheet) -> None:
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
        sheet.shape(blob(rng, sun, radius, 0.02)), scene.palette.accent if rng.random() < 0.6 else sheet.colour(0.8)
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
                sheet.lay(sheet.shape(blob(rng, (x, floor - wide * 0.96), wide, 0.02)), colour)
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
            sheet.shape(blob(rng, pebble, rng.uniform(0.02, 0.05), 0.1, 0.7)), sheet.colour(float(rng.uniform(0.1, 1)))
        )


def blocks(sheet: Sheet) -> None:
    """A city of flat fronts."""
    scene, canvas, mood = sheet.scene, sheet.canvas, sheet.scene.mood
    rng = scene.rng("blocks")
    ground = canvas.down * rng.uniform(0.82, 0.92)
    sky(sheet, canvas.down * 0.6)
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
