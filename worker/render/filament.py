"""The family `filament`: thousands of fine lines along a flow."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from .canvas import Canvas, Field, Light
from .colour import Ramp, light_from_lab, mix, shade
from .noise import Noise, enlarge, profile, sample, smoothstep
from .scene import Painter, Scene

_FLOW_LONGEST = 288  # the flow is smooth: that many cells are enough
_STRANDS = 5  # colours
_LINES = 4400  # per square unit
_REACH = 0.34  # units: how long a line is
_MARGIN = 0.2  # units: lines also begin beyond the edge, or the picture would fade there


def paint(scene: Scene, canvas: Canvas) -> Painter:
    """Lines that follow the contours of a hidden landscape; light runs along them when it moves."""
    flow = _Flow(scene, canvas)
    mood, palette, rng = scene.mood, scene.palette, scene.rng("ink")
    plotted = mood.light > 0.78 or (
        mood.light > 0.45 and rng.random() < 0.16
    )  # dark ink on paper instead of light in the dark
    lines = _Lines(scene, canvas, flow)
    backdrop = Noise(scene.rng("backdrop"), canvas.within(160), 0.9, 2).at()
    if plotted:
        paper = Ramp([palette.at(0.86), shade(palette.at(1.0), 0.965, 0.7)])(
            enlarge(0.55 + 0.3 * backdrop, canvas.width, canvas.height)
        )
        inks = np.stack(
            [
                1 - light_from_lab(shade(palette.at(p), min(palette.at(p)[0], 0.52), 1.25))
                for p in (0.0, 0.12, 0.3, 0.5, 0.66)
            ]
        )

        def drawn(t: float) -> Light:
            density = lines.at(t)
            return paper * np.exp(-np.minimum(density * np.float32(1.5), 4) @ inks)

        return drawn

    low, high = palette.at(0.0), mix(palette.at(0.16), palette.at(0.3), 0.5)
    ground = Ramp([shade(low, 0.05), shade(low, 0.13, 1.1), shade(high, 0.26)])
    ground_light = ground(enlarge(0.36 + 0.32 * backdrop, canvas.width, canvas.height)) * np.float32(0.9)
    places = (0.3, 0.48, 0.64, 0.8, 0.98)
    colours = np.stack([light_from_lab(shade(palette.at(p), max(0.5, palette.at(p)[0]), 1.12)) for p in places])
    colours = colours[scene.rng("colours").permutation(_STRANDS)]

    def glowing(t: float) -> Light:
        light = lines.at(t) @ colours
        return ground_light + light * np.float32(0.9) + _halo(light, canvas) * np.float32(0.85)

    return glowing


def _halo(light: Light, canvas: Canvas) -> Light:
    """The light that lines throw around them: a wide blur, made small."""
    small = canvas.within(128)
    channels = []
    for c in range(3):
        channel = Image.fromarray(np.ascontiguousarray(light[..., c])).resize(
            (small.width, small.height), Image.Resampling.BOX
        )
        levels = Image.fromarray(np.clip(np.asarray(channel) * 120, 0, 255).astype(np.uint8))
        near = np.asarray(levels.filter(ImageFilter.GaussianBlur(2.2)), np.float32) + np.asarray(
            levels.filter(ImageFilter.GaussianBlur(8)), np.float32
        )
        channels.append(enlarge(near / 240, canvas.width, canvas.height))
    return np.maximum(np.stack(channels, axis=-1), 0)


class _Flow:
    """Where lines go: along the contours of a potential, some across it. All fields are (height, width) of `canvas`."""

    def __init__(self, scene: Scene, picture: Canvas) -> None:
        rng, mood = scene.rng("flow"), scene.mood
        across, down = picture.across, picture.down
        cell = _FLOW_LONGEST / max(across, down)
        wide, tall = across + 2 * _MARGIN, down + 2 * _MARGIN
        canvas = self.canvas = Canvas(round(wide * cell), round(tall * cell), wide, tall)
        composition = scene.choose(
            "composition",
            weights={
                "drift": 1.0,
                "vortices": 0.9,
                "strata": 0.8,
                "sphere": 0.8,
                "spiral": 0.7,
                "rose": 0.5,
                "grid": 0.3,
            },
            wishes={
                "strata": 2.6 * mood.relief + 2.2 * mood.water + 2.0 * mood.dunes,
                "sphere": 3.0 * mood.orbs + 2.0 * (mood.sun + mood.moon),
                "spiral": 2.4 * mood.swirl + 1.6 * mood.stars + 0.8 * mood.storm,
                "rose": 4.0 * mood.flowers,
                "grid": 3.0 * mood.city + 2.0 * mood.architecture,
                "drift": 2.0 * mood.folds + 2.0 * mood.aurora + 1.5 * mood.trees + 0.6 * mood.storm,
                "vortices": 1.2 * mood.storm + 2.5 * mood.fire,
            },
        )
        x, y = np.broadcast_arrays(canvas.x - np.float32(_MARGIN), canvas.y - np.float32(_MARGIN))
        wild = np.float32(1.25 - 0.75 * mood.calm)
        noise = Noise(rng, canvas, rng.uniform(1.0, 1.7) + 0.6 * mood.detail, 3, 0.42).at() * wild
        centre = (rng.uniform(0.32, 0.68) * across, rng.uniform(0.34, 0.6) * down)
        dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
        away, angle = np.sqrt(dx * dx + dy * dy), np.arctan2(dy, dx)
        self.across = 0.0  # how much of the flow climbs the potential
        self.density = np.clip(0.55 + 0.55 * Noise(rng, canvas, 1.4, 2).at(), 0.05, 1)
        snap = 0
        if composition == "drift":
            tilt = rng.uniform(0, np.pi) if mood.trees + mood.aurora < 0.3 else 0.0
            potential = 0.26 * noise + np.float32(0.55) * (x * np.float32(np.cos(tilt)) + y * np.float32(np.sin(tilt)))
        elif composition == "vortices":
            potential = 0.10 * noise
            for _ in range(int(rng.integers(2, 6))):
                px, py, force = (
                    rng.uniform(0.05, 0.95) * across,
                    rng.uniform(0.05, 0.95) * down,
                    rng.choice([-1, 1]) * rng.uniform(0.06, 0.2),
                )
                potential = potential + np.float32(force) * np.log((x - px) ** 2 + (y - py) ** 2 + 0.0015)
            self.across = 0.25 * mood.fire
        elif composition == "strata":
            crest = profile(rng, canvas, 1.4, 5, 0.5, ridged=mood.relief > 0.3) - (0.5 if mood.relief > 0.3 else 0)
            envelope = np.exp(-(((y / down - rng.uniform(0.4, 0.6)) / 0.26) ** 2))
            lift = 0.34 if mood.relief > 0.3 else 0.13
            potential = y + envelope * (lift * crest[None] + 0.05 * noise)
            self.density = np.clip(0.2 + 0.9 * envelope, 0.05, 1)
        elif composition == "sphere":
            radius = rng.uniform(0.26, 0.36)
            inside = np.clip(away / np.float32(radius), 0, 1)
            bulge = np.sqrt(np.maximum(1 - inside * inside, 0))
            tilt = rng.uniform(0, np.pi)
            latitude = (dx * np.float32(np.cos(tilt)) + dy * np.float32(np.sin(tilt))) / np.float32(
                radius
            ) * 0.7 + bulge * np.float32(rng.uniform(0.3, 0.7))
            outer = 0.5 * np.log(np.maximum(away, 0.01)) + 0.13 * noise
            edge = smoothstep(radius * 1.02, radius * 0.98, away)
            potential = outer * (1 - edge) + (0.5 * latitude + 0.09 * noise) * edge
            rim = np.exp(-(((away - radius) / 0.012) ** 2))
            self.density = np.clip(self.density * 0.4 * (1 - edge) + 0.9 * edge + rim, 0.03, 1)
        elif composition == "spiral":
            potential = 0.5 * np.log(np.maximum(away, 0.006)) + (0.10 + 0.08 * mood.storm) * noise
            self.across = rng.uniform(0.25, 0.8)
            arms = 0.5 + 0.5 * np.cos(
                2 * angle + np.log(np.maximum(away, 0.01)) * np.float32(2 / max(self.across, 0.2))
            )
            self.density = np.clip((0.15 + 0.85 * arms) * np.exp(-away / 0.55) * 1.6, 0.03, 1)
        elif composition == "rose":
            petals = int(rng.integers(4, 9))
            twist = rng.uniform(-2.5, 2.5)
            wave = np.cos(petals * angle + np.float32(twist) * away * 3)
            potential = away * (1.0 - 0.42 * wave) + 0.05 * noise
            self.density = np.clip(1.1 * np.exp(-((away / 0.46) ** 4)) + 0.08, 0.03, 1)
        else:
            potential = 0.3 * noise + 0.12 * (x + y)
            snap = 8 if mood.calm < 0.6 else 4
        gy, gx = np.gradient(potential.astype(np.float32))
        vx, vy = gy + np.float32(self.across) * gx, -gx + np.float32(self.across) * gy
        if snap:
            turn = np.round(np.arctan2(vy, vx) / (2 * np.pi / snap)) * (2 * np.pi / snap)
            vx, vy = np.cos(turn), np.sin(turn)
        length = np.maximum(np.sqrt(vx * vx + vy * vy), 1e-9)
        self.vx, self.vy = (vx / length).astype(np.float32), (vy / length).astype(np.float32)
        tint = Noise(rng, canvas, 1.1, 2).at()
        ordered = potential + 0.25 * float(np.std(potential)) * tint
        rank = np.argsort(np.argsort(ordered.ravel())).reshape(ordered.shape) / ordered.size
        self.strand = rank.astype(np.float32)
        self.density = self.density.astype(np.float32)


class _Lines:
    """How much of each strand's colour lies on each pixel, (height, width, strands), at any phase of the light that runs along."""

    def __init__(self, scene: Scene, canvas: Canvas, flow: _Flow) -> None:
        self._canvas = canvas
        self._maps: tuple[Light, Light, Light] | None = None
        rng = scene.rng("lines")
        count = int(
            _LINES * (canvas.across + 2 * _MARGIN) * (canvas.down + 2 * _MARGIN) * (0.7 + 0.6 * scene.mood.detail)
        )
        # drawn for all and thinned by density afterwards: the same random numbers whatever the density
        x, y = (
            rng.uniform(-_MARGIN, side + _MARGIN, count).astype(np.float32) for side in (canvas.across, canvas.down)
        )
        chance, offset, bright = (rng.random(count).astype(np.float32) for _ in range(3))
        backwards, scatter = rng.random(count) < 0.5, rng.normal(0, 0.09, count).astype(np.float32)
        grid, margin = np.float32(flow.canvas.pixels_per_unit), np.float32(_MARGIN)
        keep = chance < sample(flow.density, (x + margin) * grid, (y + margin) * grid)
        x, y, offset, bright = x[keep], y[keep], offset[keep], bright[keep]
        rank = sample(flow.strand, (x + margin) * grid, (y + margin) * grid) + scatter[keep]
        strand = (np.clip(rank, 0, 0.999) * _STRANDS).astype(np.int64)
        scale = np.float32(canvas.pixels_per_unit)
        step = np.float32(max(1.15 / canvas.pixels_per_unit, 0.0011))
        stride = np.where(backwards[keep], -step, step)
        steps = int(_REACH / step)
        right, bottom = flow.canvas.width - 1.001, flow.canvas.height - 1.001
        brightness = 0.17 + 0.85 * bright**4
        xs, ys, weights, phases = [], [], [], []
        for i in range(steps):
            u, v = np.clip((x + margin) * grid - 0.5, 0, right), np.clip((y + margin) * grid - 0.5, 0, bottom)
            x, y = x + sample(flow.vx, u, v) * stride, y + sample(flow.vy, u, v) * stride
            along = np.float32(i / steps)
            xs.append(x * scale - 0.5)
            ys.append(y * scale - 0.5)
            weights.append(brightness * np.float32(np.sin(np.pi * along) ** 0.8))
            phases.append((along + offset) * np.float32(2 * np.pi))
        px, py, weight, phase = (np.concatenate(parts) for parts in (xs, ys, weights, phases))
        inside = (px >= 0) & (px < canvas.width - 1.001) & (py >= 0) & (py < canvas.height - 1.001)
        px, py = px[inside], py[inside]
        column, row = px.astype(np.int64), py.astype(np.int64)
        self._fx, self._fy = px - column, py - row
        self._cell = (row * canvas.width + column) * _STRANDS + np.tile(strand, steps)[inside]
        # a line is one pixel wide on a canvas of 900 pixels a unit: on fewer pixels it covers part of one
        self._weight = weight[inside] * (step * scale) * np.float32(min(1.0, canvas.pixels_per_unit / 900) ** 0.9)
        self._phase = phase[inside]

    def at(self, t: float) -> Light:
        if self._maps is None and t == 0.0:
            return self._lay(self._weight * (0.72 + 0.62 * np.cos(self._phase)))
        if self._maps is None:
            still, swing = self._weight * 0.72, self._weight * 0.62
            self._maps = (
                self._lay(still),
                self._lay(swing * np.cos(self._phase)),
                self._lay(swing * np.sin(self._phase)),
            )
        still, real, imaginary = self._maps
        return np.maximum(
            still + real * np.float32(np.cos(2 * np.pi * t)) + imaginary * np.float32(np.sin(2 * np.pi * t)), 0
        )

    def _lay(self, weight: Field) -> Light:
        canvas, fx, fy = self._canvas, self._fx, self._fy
        size = canvas.width * canvas.height * _STRANDS
        total = np.bincount(self._cell, weight * (1 - fx) * (1 - fy), size)
        total += np.bincount(self._cell + _STRANDS, weight * fx * (1 - fy), size)
        total += np.bincount(self._cell + canvas.width * _STRANDS, weight * (1 - fx) * fy, size)
        total += np.bincount(self._cell + (canvas.width + 1) * _STRANDS, weight * fx * fy, size)
        return total.astype(np.float32).reshape(canvas.height, canvas.width, _STRANDS)
