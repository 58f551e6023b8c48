"""What the words of a prompt do to a picture.

A small vocabulary sets traits; every other word turns the hue a little, by a stable hash. A word of the negative prompt
takes away what the same word would have brought.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from hashlib import blake2b

_COLOURS: dict[str, str] = {
    "red": "#d7263d", "crimson": "#b3123a", "scarlet": "#e63312", "ruby": "#9b111e", "rust": "#b7410e", "copper": "#c8743c",
    "orange": "#f58220", "amber": "#ffb000", "apricot": "#fbb98a", "peach": "#ffc9a3", "coral": "#ff6f61", "salmon": "#fa8072",
    "yellow": "#f9d423", "gold": "#e0b04a", "golden": "#e0b04a", "ochre": "#cc8b2c", "sand": "#dcc9a0", "honey": "#eaa221", "lemon": "#f6e84e",
    "green": "#2e9e5b", "emerald": "#0f9d6b", "jade": "#35a37e", "mint": "#9de2c4", "lime": "#a4d93b", "olive": "#80843a", "moss": "#66793d",
    "teal": "#138d90", "turquoise": "#30d5c8", "cyan": "#27c3e6", "aqua": "#5fd8e0", "blue": "#2a6fdb", "azure": "#3c9bf0", "cobalt": "#1c47b8",
    "indigo": "#3f2f9e", "navy": "#14265a", "sapphire": "#174ea6", "violet": "#7b4bd8", "purple": "#7d3cb5", "lavender": "#b9a6e8", "lilac": "#c8a2c8",
    "magenta": "#d0208f", "pink": "#f38bb0", "rose": "#e2627f", "fuchsia": "#e0218a", "plum": "#7a3b6b", "brown": "#7b4f32", "sepia": "#8a6642",
    "silver": "#b9c2cb", "ivory": "#f6efdc", "cream": "#f7eccf", "pearl": "#ece6dd", "charcoal": "#343a40", "slate": "#5a6b7b",
}  # fmt: skip


@dataclass
class Mood:
    """Traits of a picture; 0 is absent, 1 is a lot, unless said otherwise."""

    light: float = 0.5  # 0 night, 1 noon
    warmth: float = 0.0  # -1 cold, 1 warm
    chroma: float = 1.0  # multiplies all chroma
    contrast: float = 1.0
    calm: float = 0.5  # 0 wild, 1 still
    detail: float = 0.5
    haze: float = 0.3
    sun: float = 0.0
    moon: float = 0.0
    stars: float = 0.0
    aurora: float = 0.0
    water: float = 0.0
    relief: float = 0.0
    dunes: float = 0.0
    trees: float = 0.0
    city: float = 0.0
    flowers: float = 0.0
    fire: float = 0.0
    ice: float = 0.0
    rain: float = 0.0
    snow: float = 0.0
    storm: float = 0.0
    orbs: float = 0.0
    folds: float = 0.0
    swirl: float = 0.0
    architecture: float = 0.0
    beacon: float = 0.0  # a lighthouse
    turn: float = 0.0  # degrees of hue, from the words the vocabulary does not know


_LEVELS = {
    "light",
    "warmth",
    "chroma",
    "contrast",
    "calm",
    "detail",
    "haze",
}  # traits that start somewhere else than at nothing

_GROUPS: dict[str, str] = {
    # times of day
    "dawn sunrise daybreak": "light+.02 warmth+.35 sun+.7 haze+.2",
    "morning": "light+.2 haze+.15 sun+.4",
    "noon midday daylight day": "light+.4 sun+.3 haze-.1",
    "afternoon": "light+.25 warmth+.15",
    "sunset evening": "light-.08 warmth+.55 sun+.9 chroma+.15",
    "dusk twilight gloaming": "light-.22 warmth+.05 chroma+.05 haze+.1 stars+.2",
    "night nocturne nocturnal": "light-.42 stars+.7 moon+.35 warmth-.25",
    "midnight": "light-.46 stars+.8 moon+.3 warmth-.35",
    "winter": "ice+.4 snow+.3 warmth-.4 chroma-.25 light+.1",
    "autumn fall": "warmth+.5 chroma+.1 trees+.2",
    "spring": "flowers+.4 light+.2 chroma+.1",
    "summer": "light+.25 warmth+.2 chroma+.15",
    # weather
    "fog foggy mist misty haze hazy": "haze+.6 contrast-.15 chroma-.15",
    "cloud cloudy overcast": "haze+.3 light-.05 chroma-.15 contrast-.1",
    "storm stormy tempest thunder hurricane": "storm+.9 calm-.4 light-.2 contrast+.2 rain+.3",
    "lightning": "storm+.8 calm-.3 light-.25 contrast+.3",
    "rain rainy drizzle monsoon": "rain+.9 haze+.25 light-.12 warmth-.2 chroma-.1",
    "snow snowy blizzard snowfall": "snow+.9 ice+.4 haze+.2 light+.15 warmth-.35 chroma-.3",
    "wind windy breeze gale": "calm-.3 swirl+.3",
    "clear": "haze-.3",
    # sky
    "sun solar": "sun+1 light+.1 warmth+.1",
    "moon lunar moonlight moonlit crescent": "moon+1 light-.25 warmth-.2 stars+.3",
    "star starry constellation cosmos cosmic space universe": "stars+1 light-.3",
    "galaxy nebula milky supernova": "stars+1 swirl+.8 light-.3 chroma+.1",
    "planet orbit saturn jupiter mars eclipse": "orbs+1 moon+.6 stars+.5 light-.25",
    "aurora borealis northern": "aurora+1 stars+.4 light-.3",
    "sky": "light+.05",
    # land and water
    "sea ocean tide tidal wave surf shore coast beach harbour harbor bay": "water+1 warmth-.05",
    "lake pond lagoon reflection reflecting mirror": "water+.8 calm+.3",
    "river stream waterfall creek": "water+.6",
    "island cliff fjord": "water+.8 relief+.4",
    "lighthouse beacon": "beacon+1 water+1",
    "mountain mountainous peak summit alps ridge highland hill range": "relief+1",
    "volcano volcanic lava magma": "relief+.8 fire+.9 warmth+.3 contrast+.15 light-.15",
    "canyon valley gorge": "relief+.7 warmth+.15",
    "desert dune sahara": "dunes+1 warmth+.35",
    "salt flat plain prairie steppe": "dunes+.3 haze+.1 calm+.3",
    "ice icy glacier arctic frozen iceberg polar frost": "ice+1 warmth-.5 relief+.25 light+.1 chroma-.15",
    "basalt granite stone rock": "relief+.5 chroma-.1",
    "forest wood woodland pine tree jungle": "trees+1",
    "garden meadow orchard field": "flowers+.7 trees+.3 light+.1",
    "flower blossom bloom petal tulip poppy orchid lotus peony bouquet leaf fern botanical": "flowers+1 light+.1",
    "city skyline town street metropolis urban tokyo kyoto paris york london": "city+1",
    "cathedral temple arch architecture tower palace ruin bridge house village window": "architecture+1 city+.25",
    "neon cyberpunk": "chroma+.35 light-.3 city+.4 contrast+.15",
    # things
    "fire flame ember burning bonfire candle lantern": "fire+1 warmth+.5 light-.2",
    "silk satin veil fabric cloth drape ribbon curtain": "folds+1",
    "glass crystal prism bubble sphere orb marble pearl droplet": "orbs+1 detail-.1",
    "smoke ink vapour vapor dream dreamlike": "swirl+.8 detail+.1",
    "vortex spiral swirl whirlpool maelstrom octopus shell": "swirl+1 calm-.2",
    "music dance song symphony bird starling murmuration": "swirl+.5 calm-.1",
    # manner
    "calm quiet serene still tranquil peaceful silence": "calm+.35 detail-.1",
    "wild chaotic chaos turbulent violent": "calm-.4 detail+.2",
    "soft gentle delicate tender": "contrast-.2 calm+.2 detail-.1",
    "minimal minimalist simple empty": "detail-.4 calm+.3",
    "detailed intricate ornate complex": "detail+.4",
    "vivid vibrant saturated colourful colorful electric": "chroma+.35",
    "pastel": "chroma-.3 light+.25 contrast-.2",
    "muted faded vintage": "chroma-.4 contrast-.1",
    "monochrome grayscale greyscale noir": "chroma-.95 contrast+.2",
    "dark moody gloomy shadow": "light-.25 contrast+.15",
    "black": "light-.25 chroma-.15 contrast+.1",
    "bright luminous glowing radiant": "light+.2 chroma+.1",
    "white": "light+.25 chroma-.35",
    "grey gray": "chroma-.5",
    "warm": "warmth+.5",
    "cold cool": "warmth-.5",
    "dramatic cinematic epic": "contrast+.25 light-.08",
}

_HINTS: dict[str, str] = {
    "sunset evening": "#ff7a4d #c7487a", "dawn sunrise daybreak": "#ffb199 #8fb8e8", "dusk twilight gloaming": "#6a5acd #f08a80",
    "night nocturne midnight": "#1d2f6f", "autumn fall": "#d9762b #a63d2f", "spring": "#a8d08d #f7b6c8", "winter": "#a9c6dd",
    "forest wood woodland pine tree jungle": "#3d7a4f #86a35a", "garden meadow orchard field": "#7fae5a #f0b9c0",
    "sea ocean tide tidal wave surf": "#1f7fa8 #6fc3c9", "lake river pond stream waterfall": "#3d8ea6", "beach coast shore": "#e6c98f #3fa7b8",
    "desert dune sahara": "#e0a15a #b8603a", "salt": "#e9e2dd #a7c4d6", "canyon": "#c4603a", "volcano lava magma": "#ff4a1c #5b1a22",
    "fire flame ember burning bonfire": "#ff6a1f #c3201f", "candle lantern": "#ffb454", "ice icy glacier arctic frozen iceberg": "#9fd3ea #5a8fd0",
    "poppy tulip": "#e23b2e #f08a5d", "orchid lotus peony": "#d86aa8", "rose": "#d9435f", "cherry": "#f2a0b8", "fern leaf botanical": "#4f8a4b",
    "blossom flower bloom petal bouquet": "#ef8fb0 #f6c66d", "neon cyberpunk": "#ff2e9a #22d3ee", "storm tempest thunder": "#4b5a86",
    "galaxy nebula cosmos cosmic universe": "#7a4bd0 #e0559a #3aa0e0", "mars": "#c4552d", "jupiter saturn": "#d8a46a", "honeycomb bee": "#eaa221",
    "octopus coral reef": "#ff7a6a #3aa6a0", "fox tiger": "#e5722a", "bamboo": "#7da453",
}  # fmt: skip
"""Colours that things bring with them when the prompt names none."""

_STEP = re.compile(r"([a-z]+)([+-][\d.]+)")


def _vocabulary() -> dict[str, dict[str, float]]:
    words: dict[str, dict[str, float]] = {}
    for group, effect in _GROUPS.items():
        steps = {name: float(amount) for name, amount in _STEP.findall(effect)}
        words.update(dict.fromkeys(group.split(), steps))
    return words


_TRAITS = _vocabulary()
_BRINGS = {word: colours.split() for group, colours in _HINTS.items() for word in group.split()}
_IGNORED = frozenset(
    [
        "a",
        "an",
        "and",
        "at",
        "by",
        "for",
        "from",
        "in",
        "into",
        "of",
        "on",
        "or",
        "over",
        "the",
        "to",
        "under",
        "with",
        "is",
        "are",
        "it",
        "its",
        "as",
        "very",
    ]
)


def stable_hash(text: str) -> int:
    """64 bits that are the same in every process (Python's hash() is not)."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def words_of(text: str) -> list[str]:
    """The words that matter, in order, lower case."""
    return [word for word in re.findall(r"[^\W_]+", text.lower()) if word not in _IGNORED]


def _forms(word: str) -> Iterable[str]:
    yield word
    if word.endswith("ies"):
        yield word.removesuffix("ies") + "y"
    for ending in ("s", "es", "ing", "y", "lit"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            yield word.removesuffix(ending)


def _known(word: str) -> str | None:
    return next((form for form in _forms(word) if form in _TRAITS or form in _COLOURS or form in _BRINGS), None)


@dataclass(frozen=True)
class Reading:
    """The mood of a prompt; the colours it names and those its things bring with them, as #rrggbb, in order."""

    mood: Mood
    named: list[str]
    brought: list[str]


def interpret(prompt: str, negative_prompt: str = "") -> Reading:
    """Reads a prompt. Never fails: words it does not know have their small say too."""
    mood = Mood()
    colours: list[str] = []
    brought: list[str] = []
    unwanted = {_known(word) or word for word in words_of(negative_prompt)}
    for word in words_of(prompt):
        known = _known(word)
        if word in unwanted or known in unwanted:
            continue
        if known is None:
            mood.turn += (stable_hash(word) % 1001 / 1000 - 0.5) * 16
            continue
        if known in _COLOURS and _COLOURS[known] not in colours:
            colours.append(_COLOURS[known])
        brought += [colour for colour in _BRINGS.get(known, ()) if colour not in brought]
        for trait, amount in _TRAITS.get(known, {}).items():
            setattr(mood, trait, getattr(mood, trait) + amount)
    for word in unwanted:
        for trait, amount in _TRAITS.get(word, {}).items():
            # a subject goes altogether; of light, haze and the like, half of what the word would have brought
            setattr(mood, trait, getattr(mood, trait) - amount / 2 if trait in _LEVELS else 0.0)
    return Reading(_bounded(mood), colours, brought)


def _bounded(mood: Mood) -> Mood:
    bounds = {
        "warmth": (-1.0, 1.0),
        "chroma": (0.04, 1.5),
        "contrast": (0.6, 1.5),
        "turn": (-30.0, 30.0),
        "light": (0.04, 1.0),
    }
    for field in fields(mood):
        low, high = bounds.get(field.name, (0.0, 1.0))
        setattr(mood, field.name, min(max(getattr(mood, field.name), low), high))
    return mood
