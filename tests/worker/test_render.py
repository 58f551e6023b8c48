"""What is drawn: the same for the same words, different for others, in the promised formats."""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from worker.render import Request, Stopped, make_clip, make_image, make_preview
from worker.render.canvas import Canvas
from worker.render.picture import prepare, still

PROJECT = Path(__file__).parents[2]
PALETTE = ["#0b1026", "#3f2b96", "#7c6cff", "#55b7ff", "#f6f1d1"]
FAMILIES = ["aurora", "gouache", "basalt", "filament"]


def request(
    prompt: str = "a lighthouse in a violet storm", family: str = "aurora", seed: int = 7, **changes: object
) -> Request:
    values = {
        "negative_prompt": "",
        "style": {"family": family, "palette": PALETTE},
        "width": 256,
        "height": 256,
        **changes,
    }
    return Request(prompt=prompt, seed=seed, **values)  # type: ignore[arg-type]


def pixels(webp: bytes, size: tuple[int, int] = (32, 32)) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(webp)).convert("RGB").resize(size), float)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_request_gives_the_same_file_in_any_process(family: str) -> None:
    program = f"""
import hashlib
from worker.render import Request, make_image
style = {{"family": "{family}", "palette": {json.dumps(PALETTE)}}}
print(hashlib.sha256(make_image(Request("pine forest in fog", "", style, 11, 320, 256)).content).hexdigest())
"""
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=PROJECT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    here = make_image(request("pine forest in fog", family, 11, width=320)).content
    assert digests == {hashlib.sha256(here).hexdigest() + "\n"}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("width", "height"), [(256, 256), (512, 288), (288, 512)])
def test_pictures_have_the_size_that_was_asked_for(family: str, width: int, height: int) -> None:
    media = make_image(request(family=family, width=width, height=height))
    image = Image.open(io.BytesIO(media.content))
    assert (image.format, image.size, media.media_type) == ("WEBP", (width, height), "image/webp")
    assert (media.width, media.height, media.duration) == (width, height, None)
    poster = Image.open(io.BytesIO(media.poster))
    assert max(poster.size) == min(512, max(width, height))
    assert re.fullmatch("#[0-9a-f]{6}", media.colour)


def test_prompt_seed_and_model_each_change_the_picture() -> None:
    pictures = [
        still(request()),
        still(request(seed=8)),
        still(request("a moon over the sea")),
        still(request(family="basalt")),
    ]
    for i, one in enumerate(pictures):
        for other in pictures[i + 1 :]:
            assert np.abs(one.astype(int) - other).mean() > 4


def test_words_that_nobody_knows_count_too() -> None:
    assert not np.array_equal(still(request("quorl")), still(request("brindle")))


def test_a_negative_prompt_takes_away_what_a_word_brings() -> None:
    stormy, plain = request("sea, storm"), request("sea, storm", negative_prompt="storm")
    assert not np.array_equal(still(stormy), still(plain))


def test_colours_of_the_prompt_are_seen() -> None:
    red, _, blue = still(request("crimson silk", seed=3)).reshape(-1, 3).mean(axis=0)
    assert red > blue
    red, _, blue = still(request("cobalt blue silk", seed=3)).reshape(-1, 3).mean(axis=0)
    assert blue > red


@pytest.mark.parametrize("family", FAMILIES)
def test_previews_come_closer_to_the_picture(family: str) -> None:
    wanted = request("sailing boats at sunset", family, width=512, height=512)
    final = pixels(make_image(wanted).content)
    away = [np.abs(pixels(make_preview(wanted, done)) - final).mean() for done in (0.25, 0.5, 0.75)]
    assert away[0] > away[1] > away[2]
    assert away[2] < 12


@pytest.mark.parametrize("family", FAMILIES)
def test_a_clip_ends_where_it_begins(family: str) -> None:
    frame = prepare(request(family=family), Canvas.of(256, 256))
    start, end, beside = frame(0.0).astype(int), frame(1.0).astype(int), frame(0.08).astype(int)
    # the last ulp may fall on another side of a level; the next frame of the loop differs more
    assert np.abs(start - end).mean() < 0.05
    assert np.abs(start - beside).mean() > np.abs(start - end).mean()


def test_clips_play_everywhere(tmp_path: Path) -> None:
    media = make_clip(request(family="basalt", width=1024, height=576), 1, lambda: False)
    file = tmp_path / "clip.mp4"
    file.write_bytes(media.content)
    said = subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(file)], capture_output=True, text=True).stderr
    assert "Video: h264" in said
    assert "yuv420p" in said
    assert "768x432" in said
    assert "24 fps" in said
    assert "Duration: 00:00:01.00" in said
    assert media.content.index(b"moov") < media.content.index(b"mdat"), "the index comes first"
    assert (media.media_type, media.width, media.height, media.duration) == ("video/mp4", 768, 432, 1.0)


def test_a_clip_that_nobody_wants_is_not_finished() -> None:
    asked = iter([False, False, True])
    with pytest.raises(Stopped):
        make_clip(request(), 2, lambda: next(asked))


@settings(max_examples=25, deadline=None)
@given(
    st.text(max_size=80), st.text(max_size=20), st.integers(0, 2**32 - 1), st.sampled_from([*FAMILIES, "unheard-of"])
)
def test_every_prompt_is_drawn(prompt: str, negative: str, seed: int, family: str) -> None:
    picture = still(request(prompt, family, seed, negative_prompt=negative, width=128, height=96))
    assert picture.shape == (96, 128, 3)
    assert picture.std() > 0.5, "a picture, not a blank"
