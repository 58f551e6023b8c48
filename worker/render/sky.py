"""The sky of a landscape: gradient, drawn-out clouds, sun or moon, stars, lightning."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .canvas import Canvas, Field, Light
from .colour import Lab, Ramp, light_from_lab, mix, shade
from .landforms import disc, glow, starfield
from .noise import Noise, smoothstep
from .scene import Scene


class Sky:
    """Everything above `horizon` (units from the top). Light comes from (`x`, `y`)."""

    def __init__(self, scene: Scene, canvas: Canvas, horizon: float) -> None:
        rng, mood, palette = scene.rng("sky"), scene.mood, scene.palette
        self._canvas, self._horizon = canvas, horizon
        low = mood.sun > 0.3 or (mood.moon < 0.3 and rng.random() < 0.55)
        self.x = rng.uniform(0.22, 0.78) * canvas.across
        self.y = horizon * (rng.uniform(0.66, 0.92) if low else rng.uniform(0.22, 0.5))
        radius = rng.uniform(0.035, 0.06) * (1.6 if max(mood.moon, mood.sun) > 0.9 else 1.0)
        zenith = shade(mix(palette.at(0.1), palette.at(0.34), 0.6), 0.10 + 0.42 * mood.light, 1.1)
        self.foot: Lab = shade(
            mix(palette.at(0.62), palette.at(0.8), mood.light), min(0.93, 0.40 + 0.5 * mood.light), 0.9
        )
        warm = mix(palette.accent, palette.at(0.9), 0.25 + 0.5 * mood.light)
        self.warm: Lab = shade(warm, max(warm[0], 0.62))
        if mood.moon > 0.3 and mood.sun < 0.3:
            self.warm = shade(palette.at(0.9), 0.9, 0.5)
        ramp = Ramp(
            [zenith, mix(zenith, self.foot, 0.45), self.foot, mix(self.foot, self.warm, 0.45)], [0, 0.5, 0.86, 1]
        )
        band = np.clip(canvas.y / np.float32(horizon), 0, 1) ** np.float32(rng.uniform(0.9, 1.7))
        shine = light_from_lab(self.warm)
        self._near = glow(canvas, self.x, self.y, 0.34) ** 1.5
        strength = 0.28 + 0.42 * max(mood.sun, 0.5 * mood.moon) + (0.2 if low else 0)
        light = ramp(band) + (self._near * np.float32(strength * (0.4 + 0.6 * (1 - mood.storm))))[..., None] * shine
        if (mood.sun > 0.25 or mood.moon > 0.25) and mood.storm < 0.5:
            face = disc(canvas, self.x, self.y, radius)[..., None]
            halo = (glow(canvas, self.x, self.y, radius) ** 2 * np.float32(0.35))[..., None]
            light = (
                light * (1 - face) + light_from_lab(shade(self.warm, 0.97, 0.4)) * np.float32(1.5) * face + halo * shine
            )
        self._base: Light = light.astype(np.float32)
        self._clouds = Noise(rng, canvas, 1.5, 5, 0.52, stretch=(rng.uniform(0.25, 0.6), rng.uniform(2.4, 4.5)))
        self._cover = rng.uniform(-0.1, 0.35) + 0.4 * mood.storm + 0.1 * mood.haze - (0.35 if mood.stars > 0.4 else 0)
        self._shadow = light_from_lab(
            shade(mix(zenith, self.foot, 0.3), max(0.06, zenith[0] * (0.85 - 0.45 * mood.storm)), 0.75)
        )
        self._lit = light_from_lab(mix(self.foot, self.warm, 0.5))
        count = int(900 * mood.stars * canvas.across * canvas.down)
        self._stars = starfield(scene.rng("stars"), canvas, count) if mood.stars > 0.15 else None
        self._bolt = _bolt(scene, canvas, horizon) if mood.storm > 0.6 and rng.random() < 0.6 else None

    def at(self, t: float) -> Light:
        clouds = self._clouds.at(t)
        light = self._base
        if self._stars is not None:
            stars, twinkle = self._stars
            fade = np.clip(1.2 - self._canvas.y / np.float32(self._horizon), 0, 1)
            light = light + (stars * (0.8 + 0.2 * np.cos(2 * np.pi * (t + twinkle))) * fade)[..., None]
        cover = (smoothstep(-0.15, 0.95, clouds + np.float32(self._cover)) * np.float32(0.75))[..., None]
        edge = np.clip(self._near * 0.9 + 0.30 * np.clip(clouds, 0, 1), 0, 1)[..., None]
        light = light * (1 - cover) + (self._shadow + (self._lit - self._shadow) * edge) * cover
        if self._bolt is not None:
            flash = np.float32(max(0.0, np.cos(2 * np.pi * t)) ** 16)
            light = light + self._bolt[..., None] * flash * np.array([0.85, 0.88, 1.0], np.float32)
        return light


def _bolt(scene: Scene, canvas: Canvas, horizon: float) -> Field:
    """Lightning from the clouds to the horizon: a broken line that forks, and its glow."""
    rng = scene.rng("bolt")
    scale = canvas.pixels_per_unit
    image = Image.new("L", (canvas.width, canvas.height))
    draw = ImageDraw.Draw(image)
    pending = [(rng.uniform(0.25, 0.75) * canvas.across, 0.08 * horizon, horizon, 1.0)]
    while pending:
        x, y, end, strength = pending.pop()
        while y < end:
            step = (x + rng.normal(0, 0.014), y + rng.uniform(0.008, 0.022))
            draw.line(
                [(x * scale, y * scale), (step[0] * scale, step[1] * scale)],
                int(255 * strength),
                max(1, round(0.0032 * scale * strength)),
            )
            if strength > 0.5 and rng.random() < 0.06:
                pending.append((*step, min(end, step[1] + rng.uniform(0.05, 0.2)), strength * 0.45))
            x, y = step
    wide = image.filter(ImageFilter.GaussianBlur(0.025 * scale))
    return np.asarray(image, np.float32) / 255 * 1.6 + np.asarray(wide, np.float32) / 255 * 2.2
