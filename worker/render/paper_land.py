"""Landscapes in gouache: sky, hills, peaks, waves."""

from __future__ import annotations

import numpy as np

from .canvas import Field
from .colour import mix, shade
from .landforms import below, ridge
from .noise import profile
from .paper import Sheet, blob


def sky(sheet: Sheet, horizon: float) -> None:
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
        sheet.lay(sheet.shape(blob(rng, centre, radius * 1.55, 0.03)), mix(ground, sheet.colour(0.9), 0.22), shadow=0.3)
        sheet.lay(sheet.shape(blob(rng, centre, radius, 0.03)), sheet.colour(1.0, 0.7))
        for _ in range(int(10 + 50 * mood.stars)):
            point = (rng.uniform(0, canvas.across), rng.uniform(0, horizon * 0.9))
            sheet.tint(sheet.shape(blob(rng, point, rng.uniform(0.0015, 0.004))), sheet.colour(1.0), 0.8)
    else:
        warm = max(scene.palette.colours, key=lambda lab: float(lab[1] + 0.6 * lab[2]))
        if rng.random() < 0.5:
            sheet.lay(sheet.shape(blob(rng, centre, radius * 1.5, 0.03)), mix(ground, warm, 0.35), shadow=0.3)
        sheet.lay(sheet.shape(blob(rng, centre, radius, 0.03)), warm)


def hills(sheet: Sheet) -> None:
    scene, canvas, mood = sheet.scene, sheet.canvas, sheet.scene.mood
    rng = scene.rng("hills")
    horizon = canvas.down * rng.uniform(0.45, 0.58)
    sky(sheet, horizon)
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


def _trees(sheet: Sheet, rng: np.random.Generator, line: Field, tall: float, count: int, ground: float) -> None:
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
            points = blob(rng, (x, foot - height * 1.3), height * 0.62, 0.08, rng.uniform(0.9, 1.5))
        sheet.lay(sheet.shape(points), colour, shadow=0.6)


def peaks(sheet: Sheet) -> None:
    scene, canvas, mood = sheet.scene, sheet.canvas, sheet.scene.mood
    rng = scene.rng("peaks")
    horizon = canvas.down * rng.uniform(0.66, 0.8)
    sky(sheet, horizon * 0.85)
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


def waves(sheet: Sheet) -> None:
    scene, canvas, mood = sheet.scene, sheet.canvas, sheet.scene.mood
    rng = scene.rng("waves")
    horizon = canvas.down * rng.uniform(0.4, 0.55)
    sky(sheet, horizon)
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


def _boat(sheet: Sheet, rng: np.random.Generator, x: float, foot: float) -> None:
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


def _lighthouse(sheet: Sheet, rng: np.random.Generator, horizon: float) -> None:
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
