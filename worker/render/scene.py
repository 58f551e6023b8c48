"""A scene: what a prompt, a model's style and a seed decide before the first stroke."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from .canvas import Light
from .colour import Lab, lab_from_hex, mix, rotate
from .words import Mood, Reading, interpret, stable_hash, words_of

Painter: TypeAlias = Callable[[float], Light]
"""The picture at phase t (0 to 1) of its loop."""

_FALLBACK = ("#0b1026", "#3f2b96", "#7c6cff", "#55b7ff", "#f6f1d1")
_HUE_DRIFT = 16.0  # degrees either way that a seed may turn the palette
_FAITHFUL = 0.35  # how much of what moves a palette moves that of a trained model


@dataclass(frozen=True)
class Palette:
    """Colours from dark to light, as a picture uses them."""

    colours: tuple[Lab, ...]

    def at(self, place: float) -> Lab:
        """The colour at `place`, 0 the darkest, 1 the lightest."""
        position = min(max(place, 0.0), 1.0) * (len(self.colours) - 1)
        index = min(int(position), len(self.colours) - 2)
        return mix(self.colours[index], self.colours[index + 1], position - index)

    @property
    def accent(self) -> Lab:
        """The most colourful one."""
        return max(self.colours, key=lambda lab: float(np.hypot(lab[1], lab[2])))


@dataclass(frozen=True)
class Scene:
    """Everything a painter needs but the canvas."""

    key: str
    family: str
    palette: Palette
    mood: Mood

    @classmethod
    def of(cls, prompt: str, negative_prompt: str, style: Mapping[str, Any], seed: int) -> Scene:
        """Reads the prompt with a model's `style`: {"family", "palette": ["#rrggbb", …], "texture": see `texture`}; unknown keys
        are ignored. A model that was trained keeps closer to its palette."""
        reading = interpret(prompt, negative_prompt)
        key = f"{seed}|{' '.join(words_of(prompt))}|{style.get('family')}"
        base = [lab_from_hex(colour) for colour in style.get("palette") or _FALLBACK]
        free = _FAITHFUL if "texture" in style else 1.0
        drift = (stable_hash(key) % 2001 / 1000 - 1) * _HUE_DRIFT
        return cls(key, str(style.get("family", "aurora")), _palette(base, reading, drift, free), reading.mood)

    def rng(self, part: str) -> np.random.Generator:
        """Random numbers of one part of the picture: adding a part leaves the others as they are."""
        return np.random.Generator(np.random.PCG64(stable_hash(f"{self.key}|{part}")))

    def choose(self, part: str, weights: Mapping[str, float], wishes: Mapping[str, float]) -> str:
        """One of the names: by `weights` if the prompt has no `wishes` among them, else mostly by those."""
        wished = sum(max(0.0, wish) for wish in wishes.values())
        weights = {
            name: weight / (1 + 8 * wished) + max(0.0, wishes.get(name, 0.0)) for name, weight in weights.items()
        }
        total = sum(weights.values())
        point = self.rng(part).random() * total
        for name, weight in weights.items():
            point -= weight
            if point <= 0:
                return name
        return next(reversed(list(weights)))


def _palette(base: list[Lab], reading: Reading, drift: float, free: float) -> Palette:
    mood = reading.mood
    colours = [rotate(lab, (drift + mood.turn) * free) for lab in sorted(base, key=lambda lab: lab[0])]
    wanted, pull = (
        ([lab_from_hex(c) for c in reading.named], 0.85)
        if reading.named
        else ([lab_from_hex(c) for c in reading.brought], 0.62)
    )
    if wanted:
        # the hues are taken over, the palette keeps its lightness: dark to light stays a path
        for i, lab in enumerate(colours):
            target = wanted[i * len(wanted) // len(colours)]
            # least at the dark end and at the very light: a picture in one hue only is flat
            strength = free * pull * (0.4, 0.65, 1.0, 1.0, 0.9, 0.5)[round(i * 5 / max(len(colours) - 1, 1))]
            lightness = lab[0] + (target[0] - lab[0]) * 0.3
            chroma = min(1.0, 0.4 + 1.3 * (1 - abs(lightness - target[0])))
            # painters let hues wander with the light: darks towards blue, lights towards yellow
            hue = rotate(target, _towards_yellow(target) * (lightness - target[0]) * 45)
            colours[i] = np.array([lightness, *(lab[1:] + (hue[1:] * chroma - lab[1:]) * strength)])
    warm = np.array([0.0, 0.018, 0.042])
    for i, lab in enumerate(colours):
        moved = lab + free * warm * mood.warmth * (0.4 + 2.4 * lab[0] * (1 - lab[0]))
        moved[0] = np.clip(moved[0] + (mood.light - 0.5) * 0.16, 0.06, 0.98)
        moved[1:] *= mood.chroma
        colours[i] = moved
    return Palette(tuple(sorted(colours, key=lambda lab: lab[0])))


def _towards_yellow(lab: Lab) -> float:
    """The sign in which a hue turns to come nearer to yellow (110° in OKLab)."""
    return 1.0 if np.sin(np.radians(110) - np.arctan2(lab[2], lab[1])) > 0 else -1.0
