"""The family `gouache`: flat layered shapes, paper grain, quiet colour."""

from __future__ import annotations

import numpy as np
from PIL import Image

from .canvas import Canvas, Light
from .paper import Sheet
from .paper_land import hills, peaks, waves
from .paper_things import arches, blocks, botanical
from .scene import Painter, Scene


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
    sheet = Sheet(scene, canvas)
    {"hills": hills, "waves": waves, "botanical": botanical, "arches": arches, "peaks": peaks, "blocks": blocks}[
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
