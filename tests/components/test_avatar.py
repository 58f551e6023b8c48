"""Initials and the ink they are written in."""

from __future__ import annotations

import pytest

from components.avatar import DARK_INK, LIGHT_INK, initials, ink


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Ada Lovelace", "AL"), ("grace", "GR"), ("Ursula K. Le Guin", "UG"), ("  ", "?"), ("Ø", "Ø")],
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_ink_follows_the_colour() -> None:
    assert ink("#9bdcff") == DARK_INK
    assert ink("#1a237e") == LIGHT_INK
