"""The family `basalt`: terrain, fog and long exposure."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas, Field, Light
from .colour import light_from_lab, mix, shade
from .landforms import below, glow, ridge, towers, treeline
from .noise import Noise, blur, profile, smoothstep
from .scene import Painter, Scene
from .terrain import Land, Mirror


def paint(scene: Scene, canvas: Canvas) -> Painter:
    """A landscape in one of four compositions, chosen by the prompt and the seed."""
    mood = scene.mood
    composition = scene.choose(
        "composition",
        weights={"ranges": 1.0, "sea": 0.9, "peak": 0.8, "dunes": 0.35},
        wishes={
            "ranges": 1.6 * mood.relief
            + 2.5 * mood.trees
            + 4 * mood.city
            + 0.6 * mood.haze * (mood.relief + mood.trees),
            "sea": 3.2 * mood.water * (1 - mood.relief * 0.4)
            + 8 * mood.beacon
            + 0.8 * mood.storm
            + 1.5 * mood.architecture,
            "peak": 1.6 * mood.relief + 0.8 * mood.ice + 1.2 * mood.water * mood.relief + 8 * mood.fire,
            "dunes": 5 * mood.dunes,
        },
    )
    ground = {"ranges": _Ranges, "sea": _Sea, "peak": _Peak, "dunes": _Dunes}[composition](scene, canvas)
    return ground.at


class _Ranges(Land):
    """Ridge behind ridge, fog in every valley."""

    def __init__(self, scene: Scene, canvas: Canvas) -> None:
        rng, mood = scene.rng("ranges"), scene.mood
        super().__init__(scene, canvas, canvas.down * rng.uniform(0.42, 0.6))
        count = int(rng.integers(4, 7))
        jagged = float(
            np.clip(0.15 + 0.7 * mood.relief - 0.3 * mood.trees * (1 - mood.relief) + rng.uniform(-0.1, 0.25), 0, 1)
        )
        tall = rng.uniform(0.2, 0.3) * (0.75 + 0.5 * mood.relief)
        snow = rng.random() < 0.25 + mood.ice + mood.snow and mood.relief + mood.ice + mood.snow > 0.3
        for i in range(count):
            depth = i / (count - 1)
            part = f"range {i}"
            foot = (
                self.horizon
                + (canvas.down - self.horizon) * (1.02 * depth**1.45)
                + (0.03 * rng.normal() if 0 < i < count - 1 else 0)
            )
            own = tall * rng.uniform(0.7, 1.25) * (1 - 0.25 * depth)
            line = np.float32(foot) - ridge(
                scene.rng(part), canvas, 0.75 + 0.6 * depth, own, jagged * (1 - 0.4 * depth)
            )
            hill = line
            if mood.trees > 0.2 and depth > 0.3:
                line = line - treeline(scene.rng(f"{part} trees"), canvas, 0.02 + 0.10 * depth**1.5 * mood.trees, 1.5)
            city = mood.city > 0.3 and i == count // 2
            blocks: list[tuple[float, float, float]] = []
            if city:
                skyline, blocks = towers(scene.rng("towers"), canvas, 0.34, 1.1)
                line = np.float32(foot) - np.maximum(skyline, 0.02 + 0.15 * np.maximum(np.float32(foot) - hill, 0))
                hill = np.full_like(line, foot - 0.12)
            haze = (1 - depth) ** 1.3 * (0.55 + 0.4 * mood.haze)
            snow_line = foot - tall * 0.42 if snow and depth < 0.6 else -9.0
            body = self.rock_under(part, hill, haze, snow_line, near=depth)
            if city:
                body = body + self.windows(blocks, foot, 0.35 + 0.9 * (1 - mood.light))
            under = np.clip((canvas.y - hill[None]) / np.float32(0.10 + 0.16 * depth), 0, 1)
            self.add(below(canvas, line), body, under**1.2 * np.float32((0.55 + 0.6 * mood.haze) * (1 - 0.85 * depth)))


class _Sea(Mirror):
    """Stacks of basalt in a sea that the exposure has smoothed."""

    def __init__(self, scene: Scene, canvas: Canvas) -> None:
        rng, mood = scene.rng("sea"), scene.mood
        super().__init__(scene, canvas, canvas.down * rng.uniform(0.5, 0.64))
        far = np.float32(self.horizon) - np.maximum(
            ridge(scene.rng("coast"), canvas, 1.0, 0.07, 0.5) - np.float32(rng.uniform(0.0, 0.05)), 0
        )
        over = (canvas.y < np.float32(self.horizon)).astype(np.float32)
        self.add(
            below(canvas, far) * over, self.rock_under("coast", far, 0.55 + 0.3 * mood.haze), np.zeros_like(self.fog)
        )
        line = np.zeros(canvas.width, np.float32)
        for i in range(int(rng.integers(1, 5))):
            line = np.maximum(
                line,
                self._stack(scene.rng(f"stack {i}"), rng.uniform(0.08, 0.92) * canvas.across, rng.uniform(0.05, 0.24)),
            )
        if mood.beacon > 0.3:
            line = np.maximum(line, self._headland(rng))
        outline = np.float32(self.horizon) - line
        foam = np.exp(-(np.float32(self.horizon) - canvas.y) / 0.025) * np.float32(0.55)
        self.add(
            below(canvas, outline) * over * (line[None] > 0.003),
            self._columns(outline),
            np.broadcast_to(foam, self.fog.shape),
        )
        if mood.beacon > 0.3:
            self._lighthouse(outline, over)
        near = canvas.down - np.maximum(
            ridge(scene.rng("near"), canvas, 1.6, 0.13, 0.75) - np.float32(rng.uniform(0.0, 0.09)), -1
        )
        self._front = below(canvas, near)[..., None]
        self._rocks = self.rock_under("near", near, 0.0, near=1.0)

    def _stack(self, rng: np.random.Generator, centre: float, tall: float) -> Field:
        x = self.canvas.x[0]
        wide = tall * rng.uniform(0.4, 1.7)
        count = max(4, int(wide / 0.009))
        edges = np.linspace(centre - wide / 2, centre + wide / 2, count + 1)
        across = np.linspace(-1, 1, count)
        shape = 1 - 0.55 * np.abs(across) ** rng.uniform(4, 9) + rng.uniform(-0.35, 0.35) * across
        steps = np.repeat(rng.uniform(0.62, 1.0, count // 3 + 1), 3)[:count]
        heights = tall * shape * steps * rng.uniform(0.95, 1.0, count)
        index = np.clip(np.searchsorted(edges, x) - 1, 0, count - 1)
        return np.where((x > edges[0]) & (x < edges[-1]), heights[index], 0).astype(np.float32)

    def _columns(self, outline: Field) -> Light:
        """Rock in upright hexagonal columns."""
        canvas = self.canvas
        body = self.rock_under("columns", outline, 0.06 + 0.2 * self.scene.mood.haze)
        pillars = profile(self.scene.rng("pillars"), canvas, 70, 2, 0.6)
        return body * (0.78 + 0.30 * np.tanh(pillars * 2))[None, :, None]

    def _headland(self, rng: np.random.Generator) -> Field:
        x = self.canvas.x[0]
        side = 1.0 if rng.random() < 0.5 else -1.0
        self._lamp_x = float(self.canvas.across * (0.5 + side * rng.uniform(0.16, 0.26)))
        slope = np.clip(((x - self._lamp_x) * side + 0.14) / 0.2, 0, 1)
        rough = profile(self.scene.rng("headland"), self.canvas, 6, 5, 0.55)
        return (slope * slope * (3 - 2 * slope) * (0.11 + 0.014 * rough)).astype(np.float32)

    def _lighthouse(self, outline: Field, over: Field) -> None:
        canvas = self.canvas
        foot = float(np.interp(self._lamp_x, canvas.x[0], outline)) + 0.01
        tall, x, y = 0.21, canvas.x - np.float32(self._lamp_x), canvas.y
        sharp = np.float32(canvas.pixels_per_unit)
        width = np.float32(0.017) + np.float32(0.05) * np.clip(y - foot + tall, 0, None) * np.float32(0.35)
        tower = np.clip((width - np.abs(x)) * sharp + 0.5, 0, 1) * (y > foot - tall) * (y < foot)
        gallery = np.clip((np.float32(0.024) - np.abs(x)) * sharp + 0.5, 0, 1) * (np.abs(y - foot + tall) < 0.005)
        lantern = (
            np.clip((np.float32(0.012) - np.abs(x)) * sharp + 0.5, 0, 1) * (y > foot - tall - 0.032) * (y < foot - tall)
        )
        roof = (
            np.clip((np.clip(y - foot + tall + 0.058, 0, 0.028) * 0.62 - np.abs(x)) * sharp + 0.5, 0, 1)
            * (y > foot - tall - 0.058)
            * (y < foot - tall - 0.03)
        )
        dark = light_from_lab(shade(self.rock, 0.14))
        pale = light_from_lab(mix(shade(self.sky.foot, 0.62, 0.5), self.sky.warm, 0.2)) * np.float32(
            0.45 + 0.5 * self.scene.mood.light
        )
        round_side = np.clip(0.5 + x / width * np.float32(0.5 if self.sky.x > self._lamp_x else -0.5), 0.1, 1)
        bands = (np.sin((y - foot) / tall * 4.5 * np.pi) > 0).astype(np.float32)
        accent = light_from_lab(shade(self.scene.palette.accent, 0.42))
        body = (pale * bands[..., None] + accent * (1 - bands)[..., None]) * round_side[..., None]
        none = np.zeros_like(self.fog)
        self.add((tower * over).astype(np.float32), body.astype(np.float32), none)
        self.add(np.maximum(gallery, roof).astype(np.float32), np.broadcast_to(dark, body.shape), none)
        shine = np.array([1.0, 0.86, 0.55], np.float32)
        self.add(lantern.astype(np.float32), np.broadcast_to(shine * 2.4, body.shape), none)
        lamp = foot - tall - 0.016
        # the beam: a narrow wedge to one side, fading with distance
        angle = np.arctan2(y - np.float32(lamp), np.abs(x) + np.float32(1e-3)) + 0.16
        side = x * (self.sky.x - self._lamp_x) > 0
        beam = np.exp(-((angle / 0.055) ** 2)) / (1 + (np.abs(x) / 0.35) ** 2) * side
        self._lamp = (glow(canvas, self._lamp_x, lamp, 0.035) ** 1.3 * 1.1 + beam * 0.55)[..., None].astype(
            np.float32
        ) * shine

    def at(self, t: float) -> Light:
        picture = super().at(t)
        if self.scene.mood.beacon > 0.3:
            picture += self._lamp * np.float32(0.8 + 0.2 * np.cos(2 * np.pi * t))
        return picture

    def finish(self, picture: Light) -> Light:
        return picture + (self._rocks - picture) * self._front


class _Peak(Mirror):
    """One mountain: a fan of ribs from the summit, lit from a side, in a lake or above a forest."""

    def __init__(self, scene: Scene, canvas: Canvas) -> None:
        rng, mood = scene.rng("peak"), scene.mood
        self._lake = mood.water > 0.2 or rng.random() < 0.45
        super().__init__(scene, canvas, canvas.down * (rng.uniform(0.6, 0.7) if self._lake else rng.uniform(0.78, 0.9)))
        x, summit = (
            canvas.x[0],
            (rng.uniform(0.32, 0.68) * canvas.across, self.horizon - rng.uniform(0.34, 0.46) * canvas.down),
        )
        far = np.float32(self.horizon) - ridge(scene.rng("far"), canvas, 1.3, 0.15, 0.7)
        none = np.zeros_like(self.fog)
        self.add(
            below(canvas, far),
            self.rock_under(
                "far", far, 0.6 + 0.25 * mood.haze, self.horizon - 0.03 if mood.ice + mood.snow > 0.3 else -9
            ),
            none,
        )
        wide = rng.uniform(0.42, 0.62)
        cone = np.clip(1 - np.abs(x - np.float32(summit[0])) / np.float32(wide), 0, 1) ** (
            1.35 if mood.fire > 0.4 else 1.08
        )
        rough = profile(scene.rng("rough"), canvas, 3.0, 8, 0.52, ridged=True) - 0.5
        tall = self.horizon - summit[1]
        line = (
            np.float32(self.horizon)
            - np.float32(tall) * np.clip(cone + 0.36 * rough * (0.2 + cone) * (1 - 0.75 * cone**6), 0, 2)
        ).astype(np.float32)
        snow = mood.ice + mood.snow + mood.relief * 0.6 > 0.3 and mood.fire < 0.4
        body = self._flank(line, summit, tall, rng.uniform(0.35, 0.75) if snow else -1.0)
        foot = np.clip((canvas.y - np.float32(self.horizon - 0.16)) / 0.16, 0, 1)
        self.add(below(canvas, line), body, (foot**2 * np.float32(0.25 + 0.7 * mood.haze)).astype(np.float32))
        self._fire = mood.fire > 0.4
        if self._fire:
            self._heat = (glow(canvas, summit[0], summit[1] + 0.01, 0.07) ** 1.4)[..., None] * np.array(
                [1.6, 0.42, 0.10], np.float32
            )
        shore = np.float32(self.horizon) - treeline(
            scene.rng("shore"), canvas, 0.05 if self._lake else 0.11, 1.6 if self._lake or mood.trees > 0.3 else 1.0
        )
        self.add(below(canvas, shore), self.rock_under("shore", shore, 0.08, near=0.9), none)

    def _flank(self, line: Field, summit: tuple[float, float], tall: float, snow: float) -> Light:
        canvas, mood, rng = self.canvas, self.scene.mood, self.scene.rng("flank")
        dx, dy = canvas.x - np.float32(summit[0]), canvas.y - np.float32(summit[1]) + np.float32(0.03)
        bend = Noise(rng, canvas, 3.0, 5, 0.55).at()
        fan = np.arctan2(dx, np.maximum(dy, 0.01)) + bend * (0.10 + 0.62 * np.clip(dy, 0, 1))
        angles = np.linspace(-1.8, 1.8, 720)
        strip = Canvas(720, 1, 3.6, 0.01)
        ribs = profile(rng, strip, 2.2, 5, 0.62)
        slope = np.gradient(blur(ribs[None], 2)[0]) * 42
        towards = 1.0 if self.sky.x > summit[0] else -1.0
        face = np.interp(fan, angles, -slope * towards).astype(np.float32)
        fine = Noise(rng, canvas, 7, 5, 0.6, ridged=True).at()
        light = np.clip(
            0.44 + 0.26 * np.tanh(face) + 0.22 * np.tanh(dx * np.float32(towards) * 5) + 0.55 * (fine - 0.5), 0, 1
        )
        dark, lit = light_from_lab(self.rock), light_from_lab(self.rock_lit)
        body = dark + (lit - dark) * light[..., None]
        if snow > 0:
            white = light_from_lab(shade(mix(self.sky.foot, self.sky.warm, 0.35), 0.95, 0.5))
            blue = light_from_lab(shade(self.sky.foot, 0.26 + 0.36 * mood.light, 0.8))
            cover = smoothstep(0.10, -0.10, dy / np.float32(tall) - np.float32(snow) + 0.25 * bend + 0.5 * (0.5 - fine))
            flake = blue + (white - blue) * np.clip(light * 1.35 - 0.08, 0, 1)[..., None]
            body = body + (flake - body) * cover[..., None]
        if mood.fire > 0.4:
            lava = (
                np.clip(0.09 - np.abs(np.interp(fan * 1.4, angles, ribs).astype(np.float32) - 0.1), 0, 1)
                * 11
                * np.clip(1.1 - dy / np.float32(tall) * 1.25, 0, 1) ** 2
            )
            body = body + (lava * np.clip(fine * 1.6, 0, 1))[..., None] * np.array([1.9, 0.45, 0.07], np.float32)
        return body + (self.mist - body) * np.float32(0.06 + 0.22 * mood.haze)

    def at(self, t: float) -> Light:
        picture = super().at(t) if self._lake else Land.at(self, t)
        if self._fire:
            picture = picture + self._heat * np.float32(0.85 + 0.15 * np.cos(2 * np.pi * t))
        return picture


class _Dunes(Land):
    """Crests of sand: one side lit, the other in shade, ripples of the wind."""

    def __init__(self, scene: Scene, canvas: Canvas) -> None:
        rng, mood = scene.rng("dunes"), scene.mood
        super().__init__(scene, canvas, canvas.down * rng.uniform(0.36, 0.5))
        sand = scene.palette.at(0.72)
        lit = light_from_lab(shade(mix(sand, self.sky.warm, 0.35), 0.46 + 0.42 * mood.light))
        dark = light_from_lab(shade(mix(sand, scene.palette.at(0.25), 0.55), 0.16 + 0.22 * mood.light, 1.1))
        towards = 1.0 if self.sky.x > canvas.across / 2 else -1.0
        count = int(rng.integers(4, 6))
        for i in range(count):
            depth, own = i / (count - 1), scene.rng(f"dune {i}")
            foot = self.horizon + (canvas.down - self.horizon) * 0.72 * depth**1.2 + 0.02
            swell = profile(own, canvas, 1.9 - 0.9 * depth, 2, 0.35)
            crest = np.abs(profile(own, canvas, 1.5 - 0.6 * depth, 1))
            line = (
                np.float32(foot) + (0.03 + 0.10 * depth) * (0.7 * swell + 0.9 * crest) - np.float32(0.05 + 0.04 * depth)
            )
            slope = np.gradient(line) * np.float32(canvas.width / canvas.across)
            fall = canvas.y - line[None]
            # the edge between light and shade runs down the dune at a slant from each crest
            lean = np.clip(
                canvas.x + np.float32(own.uniform(0.5, 1.4)) * fall + 0.05 * Noise(own, canvas, 2.0, 2).at(),
                0,
                canvas.across,
            )
            column = np.clip(lean * np.float32(canvas.width / canvas.across), 0, canvas.width - 1).astype(np.int32)
            light = np.clip(0.5 + 0.5 * np.tanh(slope[column] * np.float32(towards * 9)), 0, 1)
            ripple = np.sin(
                (canvas.y * 0.8 + canvas.x * 0.25) * np.float32(330 - 190 * depth)
                + 5 * Noise(own, canvas, 2.5, 3, 0.5).at()
            )
            light = np.clip(light + 0.055 * ripple * depth, 0, 1) * (
                1 - 0.25 * np.exp(-np.maximum(fall, 0) / 0.5) + 0.25
            )
            body = dark + (lit - dark) * np.clip(light, 0, 1)[..., None]
            haze = np.float32((1 - depth) * (0.30 + 0.5 * mood.haze))
            under = np.clip(fall / 0.25, 0, 1) * np.float32((0.12 + 0.4 * mood.haze) * (1 - depth))
            self.add(
                below(canvas, line.astype(np.float32)),
                (body + (self.mist - body) * haze).astype(np.float32),
                under.astype(np.float32),
            )
