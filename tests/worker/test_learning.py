"""What is learned of a dataset, and that pictures are drawn by it; the curve of a simulated training."""

from __future__ import annotations

import io
import zlib
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from worker.curve import Curve
from worker.render import NothingLearned, Request, blend, learn, study
from worker.render.learning import SIDE
from worker.render.picture import still
from worker.render.texture import Texture

BASE = {"family": "gouache", "palette": ["#264653", "#2a9d8f", "#e9c46a", "#f4a261", "#e76f51", "#fefae0"]}


def stripes(angle: float, seed: int, colours: tuple[str, ...] = ("#be3c28", "#e68c3c", "#3c2832")) -> bytes:
    """Strokes that all run one way; degrees clockwise from the horizontal."""
    rng, image = np.random.default_rng(seed), Image.new("RGB", (400, 300), "#f0dcb4")
    draw, turn = ImageDraw.Draw(image), np.radians(angle)
    for _ in range(200):
        x, y = rng.uniform(-50, 450), rng.uniform(-50, 350)
        end = (x + 90 * np.cos(turn), y + 90 * np.sin(turn))
        draw.line((x, y, *end), fill=colours[int(rng.integers(len(colours)))], width=5)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=92)
    return file.getvalue()


def learned(*files: bytes) -> dict[str, Any]:
    return learn([sketch for file in files if (sketch := study(file)) is not None])


@pytest.mark.parametrize("angle", [-40, 5, 70])
def test_a_texture_runs_the_way_its_images_do(angle: float):
    texture = Texture.of(learned(*(stripes(angle, seed) for seed in range(4))))
    assert texture is not None
    off = (texture.angle - angle + 90) % 180 - 90
    assert abs(off) < 8
    assert texture.stretch > 2


def test_a_palette_is_that_of_the_images_dark_to_light():
    palette = learned(*(stripes(20, seed) for seed in range(3)))["palette"]
    light = [sum(int(colour[i : i + 2], 16) * w for i, w in ((1, 0.3), (3, 0.6), (5, 0.1))) for colour in palette]
    assert light == sorted(light)
    assert len(palette) == 6
    warm = sum(int(colour[1:3], 16) > int(colour[5:7], 16) + 20 for colour in palette)
    assert warm >= 4, f"reds and sand: {palette}"


def test_the_same_images_teach_the_same():
    files = [stripes(30, seed) for seed in range(3)]
    assert learned(*files) == learned(*files)


def bomb() -> bytes:
    png = io.BytesIO()
    Image.new("RGB", (8, 8)).save(png, "PNG")
    content = bytearray(png.getvalue())
    content[16:24] = (30_000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


@pytest.mark.parametrize("content", [b"", b"<svg/>", bomb(), stripes(1, 1)[:500]], ids=["empty", "svg", "bomb", "half"])
def test_what_is_no_picture_is_left_out(content: bytes):
    assert study(content) is None
    with pytest.raises(NothingLearned):
        learned(content, stripes(1, 1))


def test_what_is_studied_is_small():
    sketch = study(stripes(1, 1))
    assert sketch is not None
    assert max(sketch.shape[:2]) == SIDE


@pytest.mark.parametrize("family", ["gouache", "aurora"])
def test_a_trained_model_draws_in_colours_and_texture_of_its_images(family: str):
    base = BASE | {"family": family}
    own = blend(base, learned(*(stripes(30, seed) for seed in range(4))), 1.0)
    plain, trained, woven = (
        still(Request("a quiet harbour", "", style, 7, 256, 256)).astype(float)
        for style in (base, own, own | {"texture": Texture().written()})
    )
    assert abs(plain - trained).mean() > 12, "it looks of its own"
    assert abs(woven - trained).mean() > 4, "and the texture is part of that"
    assert trained[..., 0].mean() > trained[..., 2].mean() + 15, "it is as red as its images"


def test_a_style_is_learned_little_by_little():
    goal = learned(*(stripes(30, seed) for seed in range(3)))
    steps = [blend(BASE, goal, part) for part in (0.0, 0.5, 1.0)]
    strengths = [step["texture"]["strength"] for step in steps]
    assert strengths == sorted(strengths)
    assert strengths[0] == 0
    assert steps[-1]["palette"] == goal["palette"]
    assert steps[1]["palette"] not in (steps[0]["palette"], goal["palette"])


@pytest.mark.parametrize("texture", [None, 3, [], {"cells": "many"}, {"angle": float("nan")}, {"strength": True}])
def test_a_texture_that_makes_no_sense_is_none(texture: Any):
    assert Texture.of({"texture": texture}) is None
    still(Request("a moon", "", BASE | {"texture": texture}, 1, 64, 64))


def test_a_texture_is_held_within_bounds():
    texture = Texture.of({"texture": {"cells": 1e9, "stretch": -5, "strength": 40}})
    assert texture is not None
    assert (texture.cells, texture.stretch, texture.strength) == (40, 1, 1)


# The curve -----------------------------------------------------------------------------------------------------------


def mean(curve: Curve, first: float, last: float) -> float:
    steps = range(int(first * curve.total), int(last * curve.total) + 1)
    return sum(map(curve.loss, steps)) / len(steps)


@pytest.mark.parametrize(("total", "peak"), [(100, 4e-4), (800, 4e-4), (4000, 1e-4), (800, 1e-6), (800, 1e-2)])
def test_a_loss_falls_and_is_never_smooth(total: int, peak: float):
    curve = Curve("a job 1", total, peak)
    assert mean(curve, 0, 0.1) > mean(curve, 0.4, 0.6) > mean(curve, 0.9, 1.0) > 0
    losses = [curve.loss(step) for step in range(total + 1)]
    assert min(losses) > 0
    assert any(a < b for a, b in pairwise(losses))
    assert losses == [Curve("a job 1", total, peak).loss(step) for step in range(total + 1)]


def test_a_rate_that_is_far_off_learns_worse():
    ends = {peak: mean(Curve("a job 1", 800, peak), 0.9, 1.0) for peak in (1e-6, 4e-4, 1e-2)}
    assert ends[4e-4] < min(ends[1e-6], ends[1e-2])


def test_the_learning_rate_rises_and_falls():
    curve = Curve("a job 1", 1000, 1e-3)
    rates = [curve.rate(step) for step in range(1001)]
    assert max(rates) == pytest.approx(1e-3, rel=0.01)
    assert rates.index(max(rates)) == 60
    assert rates[0] < rates[-1] < 1e-4


@pytest.mark.parametrize("total", [100, 250, 251, 777, 4000])
def test_points_and_checkpoints_are_few(total: int):
    curve = Curve("a job 1", total, 1e-3)
    assert len(range(0, total + 1, curve.stride)) <= 251
    assert curve.checkpoints()[-1] == total
    assert len(set(curve.checkpoints())) == 4
