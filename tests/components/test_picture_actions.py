"""Names of files, words for pictures, and how old they are."""

from __future__ import annotations

from datetime import timedelta

import pytest

from components.here_now import doing
from components.media_tile import spoken
from components.picture_actions import file_name, quoted
from components.viewer import facts, when
from state.realtime.presence import Person
from tests.components.rows import ADA, MOMENT, job, model, picture


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("A lighthouse, in a violet storm!", "a-lighthouse-in-a-violet-storm-81233.webp"),
        ("../../etc/passwd", "etc-passwd-81233.webp"),
        ("☂☂☂", "image-81233.webp"),
        ("été à Kyōto", "été-à-kyōto-81233.webp"),
        ("word " * 40, "word-word-word-word-word-word-word-word-word-word-word-word-81233.webp"),
    ],
)
def test_a_file_is_called_what_it_shows(prompt: str, name: str) -> None:
    assert file_name(picture(prompt)) == name


def test_a_clip_keeps_its_type() -> None:
    assert file_name(picture(kind="video", duration=4.0, media_type="video/mp4")).endswith(".mp4")


def test_a_long_prompt_is_shortened_for_a_toast() -> None:
    assert quoted(picture("two moons")) == "“two moons”"
    assert quoted(picture("a  very long\nprompt, " * 5)).endswith("…”")


def test_screen_readers_hear_what_a_tile_is() -> None:
    assert spoken(picture("two moons"), None) == "Picture: two moons"
    assert spoken(picture("slow river", kind="video", duration=4.0), None) == "Clip: slow river"


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "just now"), (1, "1 minute ago"), (59, "59 minutes ago"), (61, "1 hour ago"), (1500, "21 November 2026")],
)
def test_ages_are_said_in_words(minutes: int, words: str) -> None:
    assert when(MOMENT, MOMENT + timedelta(minutes=minutes)) == words


def test_the_viewer_says_what_made_a_picture() -> None:
    said = dict(facts(picture(visibility="private"), model("Basalt")))
    assert said == {"Model": "Basalt", "Seed": "81233", "Size": "1216 × 816", "Seen by": "only you"}
    assert dict(facts(picture(), None))["Model"] == "no longer there"


def test_who_is_here_is_said_with_what_they_make() -> None:
    person = Person(ADA, "online", 1, MOMENT)
    assert doing(person, None) == "is here"
    assert doing(person, job(status="active")) == "is making a picture"
    assert doing(person, job(kind="video")) == "is waiting for a clip"
    assert doing(Person(ADA, "away", 1, MOMENT), None) == "is away"
