"""Land before a sky: opaque layers with fog between them, and water that mirrors them."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas, Field, Light
from .colour import Lab, light_from_lab, mix, shade
from .noise import Noise, blur, smoothstep
from .scene import Scene
from .sky import Sky


class Land:
    """Opaque layers before a sky, far to near, with fog that drifts between them."""

    def __init__(self, scene: Scene, canvas: Canvas, horizon: float) -> None:
        self.scene, self.canvas, self.horizon = scene, canvas, horizon
        self.sky = Sky(scene, canvas, horizon)
        self.picture: Light = np.zeros((canvas.height, canvas.width, 3), np.float32)
        self.mask: Field = np.zeros((canvas.height, canvas.width), np.float32)
        self.fog: Field = np.zeros_like(self.mask)
        mist = mix(self.sky.foot, self.sky.warm, 0.22)
        self.mist = light_from_lab(shade(mist, min(0.95, mist[0] + 0.05), 0.85))
        self._drift = Noise(scene.rng("fog"), canvas, 1.3, 4, 0.5, stretch=(0.55, 2.2))
        rng, mood = scene.rng("rock"), scene.mood
        # rock is as dark as the sky is: by night nearly black, in fog never
        self.rock: Lab = shade(
            mix(scene.palette.at(0.05), scene.palette.at(0.3), rng.uniform(0, 0.6)), 0.10 + 0.16 * mood.light, 0.8
        )
        self.rock_lit: Lab = mix(
            shade(scene.palette.at(0.45), 0.26 + 0.34 * mood.light, 0.8), self.sky.warm, 0.12 + 0.12 * mood.sun
        )

    def add(self, mask: Field, body: Light, fog: Field) -> None:
        self.picture = self.picture * (1 - mask)[..., None] + body * mask[..., None]
        self.mask = np.maximum(self.mask, mask)
        self.fog = self.fog * (1 - mask) + fog * mask

    def rock_under(self, part: str, line: Field, haze: float, snow_line: float = -9.0, near: float = 0.5) -> Light:
        """The flank under an outline: gullies, a sunny and a shaded side, `haze` of air before it, snow above `snow_line`.

        `near` (0 to 1): what is near lies in its own shade.
        """
        canvas, rng = self.canvas, self.scene.rng(part)
        gully = Noise(rng, canvas, 3.4, 6, 0.58, stretch=(1.0, 0.75), ridged=True).at()
        gy, gx = np.gradient(gully * np.float32(canvas.pixels_per_unit * 0.085))
        towards = np.float32(1.0 if self.sky.x > canvas.across / 2 else -1.0)
        lean = np.gradient(blur(line[None, :], canvas.pixels_per_unit * 0.012)[0]) * np.float32(
            canvas.width / canvas.across
        )
        light = np.clip(
            0.36 - 0.40 * np.tanh(towards * gx * 1.3 + gy * 0.4) + 0.24 * np.tanh(towards * lean * 1.1)[None], 0, 1
        )
        light *= (0.35 + 0.65 * np.exp(-(canvas.y - line[None]) * 5)) * np.float32(1.15 - 0.75 * near)
        dark, lit = light_from_lab(self.rock), light_from_lab(self.rock_lit)
        body = dark + (lit - dark) * light[..., None]
        if snow_line > 0:
            patch = smoothstep(0.03, -0.05, canvas.y - np.float32(snow_line) + (gully - 0.5) * 0.22)
            white = light_from_lab(shade(mix(self.sky.foot, self.sky.warm, 0.25), 0.93, 0.45))
            blue = light_from_lab(shade(self.sky.foot, 0.30 + 0.32 * self.scene.mood.light, 0.8))
            snow = blue + (white - blue) * np.clip(light * 1.7, 0, 1)[..., None]
            body = body + (snow - body) * patch[..., None]
        return body + (self.mist - body) * np.float32(haze)

    def at(self, t: float) -> Light:
        sky = self.sky.at(t)
        drift = self._drift.at(t)
        fog = np.clip(self.fog * (0.8 + 0.75 * drift), 0, 1)[..., None]
        ground = self.picture + (self.mist - self.picture) * fog
        return sky + (ground - sky) * self.mask[..., None]

    def windows(self, blocks: list[tuple[float, float, float]], foot: float, strength: float) -> Light:
        """Lit windows in the towers of a skyline."""
        canvas, rng = self.canvas, self.scene.rng("windows")
        light = np.zeros((canvas.height, canvas.width, 3), np.float32)
        scale, colour = canvas.pixels_per_unit, light_from_lab(shade(self.scene.palette.accent, 0.85))
        warm = light_from_lab(np.array([0.86, 0.03, 0.10]))
        for left, right, tall in blocks:
            for x in np.arange(left + 0.006, right - 0.006, 0.0085):
                for y in np.arange(foot - tall + 0.012, foot + 0.05, 0.0125):
                    if rng.random() < 0.30:
                        top, start = int(y * scale), int(x * scale)
                        tint = colour if rng.random() < 0.25 + 0.4 * (self.scene.mood.chroma > 1.2) else warm
                        light[
                            max(top, 0) : top + max(1, round(0.0065 * scale)),
                            max(start, 0) : start + max(1, round(0.0045 * scale)),
                        ] = tint * np.float32(strength * rng.uniform(0.35, 1.0))
        return light


class Mirror(Land):
    """Land above still water. What the exposure left of the waves are streaks."""

    def __init__(self, scene: Scene, canvas: Canvas, horizon: float) -> None:
        super().__init__(scene, canvas, horizon)
        self._streaks = Noise(scene.rng("streaks"), canvas, 1.6, 4, 0.55, stretch=(0.35, 9.0))
        self._tint = light_from_lab(shade(mix(self.sky.foot, scene.palette.at(0.3), 0.5), 0.2 + 0.3 * scene.mood.light))
        self._row = round(horizon * canvas.pixels_per_unit)

    def at(self, t: float) -> Light:
        canvas, row = self.canvas, self._row
        above = super().at(t)
        rows = canvas.height - row
        depth = (np.arange(rows, dtype=np.float32) / canvas.pixels_per_unit)[:, None]
        streaks = self._streaks.at(t)[row:]
        source = np.clip(
            row - 1 - (depth * np.float32(0.92) + streaks * 0.05 * np.sqrt(depth)) * canvas.pixels_per_unit, 0, row - 1
        ).astype(np.int32)
        water = above[source, np.arange(canvas.width)[None]]
        fresnel = (0.30 + 0.52 * np.exp(-depth * 3.2))[..., None]
        water = water * fresnel + self._tint * (1 - fresnel) * np.float32(0.75)
        water = water * (1 + 0.22 * streaks)[..., None]
        haze = np.exp(-depth / 0.03)[..., None] * np.float32(0.35 * self.scene.mood.haze + 0.08)
        water = water + (self.mist - water) * haze
        above[row:] = np.maximum(water, 0)
        return self.finish(above)

    def finish(self, picture: Light) -> Light:
        """What stands before the water."""
        return picture
