"""The family `aurora`: luminous colour fields and soft light."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas, Field, Light
from .colour import Lab, Ramp, light_from_lab, mix, shade
from .landforms import below, disc, glow, ridge, starfield, towers, treeline
from .noise import Noise, enlarge, profile, sample, smoothstep
from .scene import Painter, Scene

_SOFT_LONGEST = 640  # these fields are smooth: painted at this size and enlarged, nobody can tell


def paint(scene: Scene, canvas: Canvas) -> Painter:
    """Colour fields in one of five compositions, chosen by the prompt and the seed."""
    mood = scene.mood
    composition = scene.choose(
        "composition",
        weights={"silk": 1.0, "curtain": 0.35, "orbs": 0.6, "ink": 0.7, "bloom": 0.8},
        wishes={
            "silk": 4 * mood.folds + 0.8 * mood.water + 0.5 * mood.dunes,
            "curtain": 6 * mood.aurora + 1.2 * mood.stars + 1.0 * (mood.relief + mood.trees) + 2 * mood.city,
            "orbs": 5 * mood.orbs + 1.2 * (mood.sun + mood.moon) + 0.6 * mood.architecture,
            "ink": 3.5 * mood.swirl + 1.6 * (mood.storm + mood.fire) + 0.6 * mood.stars,
            "bloom": 3.0 * mood.flowers + 0.5 * max(0.0, mood.haze - 0.5),
        },
    )
    small = canvas.within(_SOFT_LONGEST)
    painter = {"silk": _silk, "curtain": _curtain, "orbs": _orbs, "ink": _ink, "bloom": _bloom}[composition](
        scene, small
    )
    if composition != "curtain" and mood.water + mood.relief > 0.75 and scene.rng("mirror").random() < 0.45:
        painter = _mirrored(scene, small, painter)
    if (small.width, small.height) == (canvas.width, canvas.height):
        return painter
    return lambda t: np.maximum(enlarge(painter(t), canvas.width, canvas.height), 0)


def _stops(scene: Scene, part: str, count: int) -> list[Lab]:
    """`count` neighbouring colours that go up and down in lightness: what makes a field glow."""
    rng = scene.rng(part)
    low, high = 0.05 + 0.2 * scene.mood.light, 0.75 + 0.25 * scene.mood.light
    places = np.sort(rng.uniform(low, high, count))
    places[0], places[-1] = low, high
    if rng.random() < 0.5:
        places = np.concatenate([places[::2], places[1::2][::-1]])
    return [scene.palette.at(float(p)) for p in places]


def _silk(scene: Scene, canvas: Canvas) -> Painter:
    """Folds of lit cloth: a warped sine surface, shaded by its slope."""
    rng, mood = scene.rng("silk"), scene.mood
    wild = 1.15 - 0.6 * mood.calm
    bend = [Noise(rng, canvas, cells, 2, 0.35) for cells in (1.0, 1.1, 1.7)]
    angle = rng.uniform(0, np.pi)
    along = canvas.x * np.float32(np.cos(angle)) + canvas.y * np.float32(np.sin(angle))
    across = canvas.y * np.float32(np.cos(angle)) - canvas.x * np.float32(np.sin(angle))
    folds, offset = rng.uniform(1.1, 2.6) * (0.8 + 0.5 * mood.detail), rng.random(3) * 2 * np.pi
    light_at = rng.uniform(0, 2 * np.pi)
    ramp = Ramp(_stops(scene, "silk colours", 5))
    sheen = light_from_lab(mix(scene.palette.at(1.0), scene.palette.accent, 0.25))
    ppu = np.float32(canvas.pixels_per_unit)

    def frame(t: float) -> Light:
        a, b, c = (noise.at(t) for noise in bend)
        sway = np.float32(0.05 * np.sin(2 * np.pi * t))
        u = along + np.float32(0.20 * wild) * a + sway
        v = across + np.float32(0.20 * wild) * b
        fold = (
            u * np.float32(folds * 2 * np.pi)
            + np.float32(1.7 * wild) * np.sin(v * np.float32(4.2) + np.float32(offset[0]))
            + np.float32(1.1 * wild) * c
        )
        height = np.sin(fold) + np.float32(0.35) * np.sin(fold * 2 + v * 3 + np.float32(offset[1]))
        gy, gx = np.gradient(height * np.float32(0.055) * ppu)
        length = np.sqrt(1 + gx * gx + gy * gy)
        lit = (
            np.float32(np.cos(light_at) * 0.75) * -gx + np.float32(np.sin(light_at) * 0.75) * -gy + np.float32(0.66)
        ) / length
        tone = 0.5 + 0.2 * height + 0.24 * a + 0.18 * np.sin(v * 2.6 + np.float32(offset[2]))
        # shadows move down the ramp as well as away from the light: grey shadows look dirty
        shaded = (
            ramp(tone + np.float32(0.34) * (lit - np.float32(0.62))) * (0.42 + 0.75 * np.clip(lit, 0, 1))[..., None]
        )
        shine = np.clip(lit, 0, 1) ** 14 * np.float32(0.42 * mood.contrast)
        return shaded + shine[..., None] * sheen

    return frame


def _curtain(scene: Scene, canvas: Canvas) -> Painter:
    """Northern lights over a dark land or its mirror in water."""
    rng, mood, palette = scene.rng("curtain"), scene.mood, scene.palette
    land = max(mood.relief, mood.trees, mood.city, mood.water)
    horizon = canvas.down * (rng.uniform(0.68, 0.8) if land > 0.2 or rng.random() < 0.6 else 1.2)
    dark = palette.at(0.0)
    sky = Ramp([shade(dark, 0.10), shade(mix(dark, palette.at(0.3), 0.5), 0.20), shade(palette.at(0.4), 0.36, 0.9)])
    stars, twinkle = starfield(scene.rng("stars"), canvas, int((180 + 500 * mood.stars) * canvas.across * canvas.down))
    curtains = []
    for _ in range(rng.integers(2, 4)):
        foot = horizon * rng.uniform(0.55, 0.85)
        curtains.append(
            (
                rng,
                foot,
                rng.uniform(0.3, 0.6),
                int(rng.integers(1 << 31)),
                rng.uniform(-0.5, 0.5),
                rng.uniform(0.5, 1.0),
            )
        )
    tints = Ramp(
        [palette.accent, palette.at(0.62), palette.at(0.75), palette.at(0.5), palette.at(0.35)],
        [0.0, 0.12, 0.3, 0.6, 1.0],
    )
    outline = _land(scene, canvas)
    base = np.broadcast_to(
        sky(np.clip(canvas.y / np.float32(max(horizon, 0.1)), 0, 1) ** 1.6), (canvas.height, canvas.width, 3)
    )

    def frame(t: float) -> Light:
        picture = base + ((stars * (0.8 + 0.2 * np.cos(2 * np.pi * (t + twinkle))))[..., None] * np.float32(0.9))
        for _, foot, tall, seed, slope, strength in curtains:
            own = np.random.Generator(np.random.PCG64(seed))
            wave = profile(own, canvas, 1.3, 3, 0.45, t=t)
            rays = profile(own, canvas, 9, 4, 0.75, t=t)
            veil = profile(own, canvas, 1.6, 2, t=t)
            line = (
                np.float32(foot)
                + np.float32(0.16) * wave
                + np.float32(slope) * (canvas.x[0] - np.float32(canvas.across / 2)) * np.float32(0.4)
            )
            up = line[None] - canvas.y
            reach = np.float32(tall) * (1 + 0.35 * rays[None] + 0.3 * veil[None])
            body = np.exp(-np.maximum(up, 0) / np.maximum(reach * 0.42, 0.02)) * smoothstep(-0.022, 0.03, up)
            body *= np.clip(0.62 + 0.45 * rays[None], 0.08, 2) * np.clip(0.75 + 0.8 * veil[None], 0.0, 2)
            picture = (
                picture
                + tints(np.clip(up / np.maximum(reach * 1.15, 0.05), 0, 1))
                * (body * np.float32(1.05 * strength))[..., None]
            )
        if horizon > canvas.down:
            return picture
        if mood.water > 0.3 or mood.relief + mood.trees + mood.city < 0.2:
            picture = _reflect(canvas, picture, horizon, scene, t)
        ground = below(canvas, np.float32(horizon) - outline)
        if mood.water > 0.3:
            ground = ground * (canvas.y < horizon + np.float32(0.004))
        black = light_from_lab(shade(dark, 0.07, 0.7))
        return picture * (1 - ground)[..., None] + black * ground[..., None]

    return frame


def _land(scene: Scene, canvas: Canvas) -> Field:
    mood, rng = scene.mood, scene.rng("land")
    line = ridge(rng, canvas, 1.4, 0.05 + 0.17 * mood.relief, 0.3 + 0.6 * mood.relief)
    if mood.trees > 0.3:
        line = np.maximum(line * 0.6, 0) + treeline(rng, canvas, 0.085, 1.4)
    if mood.city > 0.3:
        line = np.maximum(line * 0.3, towers(rng, canvas, 0.24, 1.0)[0])
    return np.maximum(line, 0.004)


def _reflect(canvas: Canvas, picture: Light, horizon: float, scene: Scene, t: float) -> Light:
    """What lies under `horizon` becomes rippled water."""
    row = round(horizon * canvas.pixels_per_unit)
    if row >= canvas.height - 2:
        return picture
    ripple = Noise(scene.rng("ripple"), canvas, 2.2, 3, 0.6, stretch=(1.0, 9.0)).at(t)[row:]
    depth = (np.arange(canvas.height - row, dtype=np.float32) / canvas.pixels_per_unit)[:, None]
    swell = ripple * (0.006 + 0.10 * depth) * np.float32(canvas.pixels_per_unit)
    rows = np.clip(row - 1 - np.arange(canvas.height - row)[:, None] * 1.15 + swell, 0, row - 1).astype(np.int32)
    columns = np.clip(np.arange(canvas.width)[None] + swell * 0.25, 0, canvas.width - 1).astype(np.int32)
    water = picture[rows, columns]
    water = water * (0.34 + 0.36 * np.exp(-depth * 3) + 0.10 * ripple)[..., None]
    return np.concatenate([picture[:row], np.maximum(water, 0)])


def _mirrored(scene: Scene, canvas: Canvas, painter: Painter) -> Painter:
    """Any field as a sky over water, with a line of land between."""
    rng = scene.rng("mirrored")
    horizon = canvas.down * rng.uniform(0.56, 0.68)
    outline = _land(scene, canvas) * np.float32(0.75)
    shore = below(canvas, np.float32(horizon) - outline) * (canvas.y < horizon + np.float32(0.002))
    black = light_from_lab(shade(scene.palette.at(0.1), 0.14))
    body = max(scene.mood.moon, scene.mood.sun)
    place = rng.uniform(0.25, 0.75) * canvas.across, horizon * rng.uniform(0.3, 0.72), rng.uniform(0.045, 0.1)
    shine = light_from_lab(mix(scene.palette.at(1.0), shade(scene.palette.at(1.0), 0.98, 0.3), 0.6))
    aura = (glow(canvas, *place[:2], place[2] * 2.2) ** 1.5 * np.float32(0.5))[..., None] * shine
    face = disc(canvas, *place)[..., None]

    def frame(t: float) -> Light:
        picture = painter(t)
        if body > 0.4:
            picture = (picture + aura) * (1 - face) + shine * face
        picture = picture * (1 - 0.94 * shore)[..., None] + black * (0.94 * shore)[..., None]
        return _reflect(canvas, picture, horizon, scene, t)

    return frame


def _orbs(scene: Scene, canvas: Canvas) -> Painter:
    """Spheres of light before a gradient: suns, planets, drops of glass."""
    rng, mood, palette = scene.rng("orbs"), scene.mood, scene.palette
    backdrop = Ramp(_stops(scene, "orbs backdrop", 4))
    veil = Noise(rng, canvas, 0.9, 3, 0.4)
    tilt = rng.uniform(0.2, 0.8)
    stars, twinkle = starfield(scene.rng("stars"), canvas, int(500 * mood.stars * canvas.across * canvas.down))
    count = 1 if mood.sun + mood.moon > 0.6 and mood.orbs < 0.5 else int(rng.integers(1, 5))
    spheres = []
    for i in range(count):
        radius = rng.uniform(0.24, 0.36) if i == 0 else rng.uniform(0.05, 0.16)
        centre = (rng.uniform(0.3, 0.7) * canvas.across, rng.uniform(0.34, 0.6) * canvas.down)
        if i:
            centre = (rng.uniform(0.08, 0.92) * canvas.across, rng.uniform(0.1, 0.9) * canvas.down)
        low, high = sorted(rng.uniform(0.1, 1.0, 2))
        skin = Ramp([palette.at(low * 0.5), palette.at(low), palette.accent, palette.at(high), palette.at(1.0)])
        spheres.append(
            (
                centre,
                radius,
                skin,
                rng.uniform(0, 2 * np.pi),
                Noise(rng, canvas, 2.2 / (radius * 4), 3, 0.45),
                rng.random(),
            )
        )
    rim = light_from_lab(mix(palette.at(1.0), palette.accent, 0.35))

    def frame(t: float) -> Light:
        soft = veil.at(t)
        place = (
            (1 - tilt) * canvas.y / np.float32(canvas.down) + tilt * canvas.x / np.float32(canvas.across) + 0.22 * soft
        )
        picture = backdrop(0.08 + 0.72 * place) * np.float32(0.72)
        if mood.stars:
            picture = picture + (stars * (0.7 + 0.3 * np.cos(2 * np.pi * (t + twinkle))))[..., None]
        for centre, radius, skin, lit_from, texture, phase in spheres:
            cx = centre[0]
            cy = centre[1] + 0.018 * np.sin(2 * np.pi * (t + phase))
            picture = picture + glow(canvas, cx, cy, radius * 1.1)[..., None] ** 2 * rim * np.float32(0.22)
            dx, dy = (canvas.x - np.float32(cx)) / np.float32(radius), (canvas.y - np.float32(cy)) / np.float32(radius)
            away = np.sqrt(dx * dx + dy * dy)
            up = np.sqrt(np.clip(1 - away * away, 0, 1))
            facing = dx * np.float32(np.cos(lit_from)) + dy * np.float32(np.sin(lit_from))
            tone = 0.46 + 0.40 * facing + 0.10 * up + 0.13 * texture.at(t)
            body = skin(tone) * (0.35 + 0.65 * np.clip(0.5 + 0.6 * facing + 0.25 * up, 0, 1))[..., None]
            edge = (np.clip(away, 0, 1) ** 9 * np.clip(0.35 + facing, 0, 1.3))[..., None]
            body = body + edge * rim * np.float32(0.9)
            mask = disc(canvas, cx, cy, radius)[..., None]
            picture = picture * (1 - mask) + body * mask
        return picture

    return frame


def _ink(scene: Scene, canvas: Canvas) -> Painter:
    """Noise warped by noise, twice: smoke, nebulae, ink in water."""
    rng, mood = scene.rng("ink"), scene.mood
    wild = 1.2 - 0.5 * mood.calm
    low = [Noise(rng, canvas, 1.3, 3, 0.45) for _ in range(2)]
    texture = Noise(rng, Canvas(512, 512, 2.0, 2.0), 2.0, 6, 0.52)
    ramp = Ramp([scene.palette.at(p) for p in (0.0, 0.12, 0.3, 0.55, 0.75, 1.0)], [0, 0.22, 0.42, 0.62, 0.8, 1])
    accent, warm = light_from_lab(scene.palette.accent), light_from_lab(scene.palette.at(0.85))
    stars, twinkle = starfield(scene.rng("stars"), canvas, int(900 * mood.stars * canvas.across * canvas.down))
    core = (rng.uniform(0.25, 0.75) * canvas.across, rng.uniform(0.25, 0.75) * canvas.down)
    twist = rng.uniform(-1.2, 1.2) * (0.4 + mood.swirl)

    def frame(t: float) -> Light:
        a, b = (noise.at(t) for noise in low)
        near = glow(canvas, *core, 0.55)
        u = canvas.x + np.float32(0.16 * wild) * a + np.float32(twist * 0.25) * near * (canvas.y - np.float32(core[1]))
        v = canvas.y + np.float32(0.16 * wild) * b - np.float32(twist * 0.25) * near * (canvas.x - np.float32(core[0]))
        source = texture.at(t)
        q = sample(source, u * 200, v * 200)
        r = sample(source, u * 200 + 48 * q * np.float32(wild) + 130, v * 200 + 48 * a * np.float32(wild) + 60)
        tone = 0.40 + 0.26 * r + 0.10 * q + 0.24 * (near - 0.45)
        picture = ramp(tone) * (0.62 + 0.55 * np.clip(r + 0.4, 0, 1.4))[..., None]
        picture += (np.clip(q * r, 0, 1) ** 1.5 * np.float32(0.55))[..., None] * accent
        picture += (near**3 * np.clip(0.5 + r, 0, 1.5) * np.float32(0.30 + 0.35 * mood.fire))[..., None] * warm
        if mood.stars:
            picture += (stars * (0.75 + 0.25 * np.cos(2 * np.pi * (t + twinkle))))[..., None]
        return picture

    return frame


def _bloom(scene: Scene, canvas: Canvas) -> Painter:
    """Clouds of colour that melt into each other; petals, where the prompt has flowers."""
    rng, mood, palette = scene.rng("bloom"), scene.mood, scene.palette
    bend = [Noise(rng, canvas, 1.0, 2, 0.4) for _ in range(2)]
    points = []
    for place in rng.permutation(7):
        centre = rng.uniform(-0.05, 1.05, 2) * (canvas.across, canvas.down)
        tone = (0.0, 0.0, 0.22, 0.45, 0.62, 0.82, 1.0)[place]
        colour = palette.accent if place == 3 else palette.at(tone)
        points.append((centre, light_from_lab(shade(colour, colour[0], 1.15)), rng.uniform(0.7, 1.3), rng.random()))
    streak = Noise(rng, canvas, 1.2, 2, 0.5, stretch=(0.7, 1.6) if rng.random() < 0.5 else (1.6, 0.7))
    petals = int(rng.integers(5, 9)) if mood.flowers > 0.3 else 0
    heart = rng.uniform(0.38, 0.62, 2) * (canvas.across, canvas.down)
    turn, size = rng.uniform(0, 2 * np.pi), rng.uniform(0.30, 0.42)
    petal_ramp = Ramp([palette.at(0.15), palette.accent, palette.at(0.8), palette.at(1.0)])

    def frame(t: float) -> Light:
        a, b = (noise.at(t) for noise in bend)
        u, v = canvas.x + np.float32(0.27) * a, canvas.y + np.float32(0.27) * b
        total = np.zeros((canvas.height, canvas.width), np.float32)
        picture = np.zeros((canvas.height, canvas.width, 3), np.float32)
        for centre, light, strength, phase in points:
            cx = np.float32(centre[0] + 0.05 * np.cos(2 * np.pi * (t + phase)))
            cy = np.float32(centre[1] + 0.05 * np.sin(2 * np.pi * (t + phase)))
            weight = np.float32(strength) * np.exp(((u - cx) ** 2 + (v - cy) ** 2) * np.float32(-13)) + np.float32(
                0.0008
            )
            total += weight
            picture += weight[..., None] * light
        sheen = streak.at(t)
        picture *= ((0.86 + 0.30 * np.sin(sheen * 3.2)) / total)[..., None]
        for ring in range(3 if petals else 0):
            radius = np.float32(size * (1 - 0.27 * ring))
            dx, dy = canvas.x - np.float32(heart[0]) + 0.04 * a, canvas.y - np.float32(heart[1]) + 0.04 * b
            away, angle = np.sqrt(dx * dx + dy * dy) / radius, np.arctan2(dy, dx)
            wave = np.cos(angle * petals + np.float32(turn + ring * 1.3 + 0.12 * np.sin(2 * np.pi * t)))
            edge = 0.80 + 0.20 * wave
            mask = smoothstep(0.0, -0.25, away - edge) * np.float32(0.85)
            tone = 0.25 + 0.6 * away * (0.75 + 0.25 * wave) + 0.12 * ring
            body = petal_ramp(tone) * (0.55 + 0.5 * np.clip(away, 0, 1) + 0.12 * wave)[..., None]
            picture = picture * (1 - mask)[..., None] + body * mask[..., None]
        return picture

    return frame
