"""The look: every colour can be read on what it stands on, and no sheet uses a name that is not a token."""

from __future__ import annotations

import re

import pytest

from components.theme import DARK, LIGHT, QUASAR, STATIC, Palette, variables

READABLE = 4.5  # WCAG 2.2, 1.4.3
DEFINED_IN_SHEETS = re.compile(r"(--[a-z-]+)\s*:")
USED = re.compile(r"var\((--[a-z-]+)")


def luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mixed(colour: str, share: float, ground: str) -> str:
    pairs = zip((1, 3, 5), (1, 3, 5), strict=True)
    return "#" + "".join(
        f"{round(int(colour[i : i + 2], 16) * share + int(ground[j : j + 2], 16) * (1 - share)):02x}" for i, j in pairs
    )


@pytest.mark.parametrize("palette", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("ink", ["text", "muted", "faint", "brand_text", "live", "wait", "fail", "info"])
def test_text_is_readable_on_every_surface(palette: Palette, ink: str) -> None:
    for ground in (palette.bg, palette.surface, palette.raised):
        assert contrast(getattr(palette, ink), ground) >= READABLE


@pytest.mark.parametrize("palette", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("ink", ["live", "wait", "fail", "info", "brand_text"])
def test_a_badge_is_readable_on_its_own_tint(palette: Palette, ink: str) -> None:
    colour = getattr(palette, ink)
    assert contrast(colour, mixed(colour, 0.14, palette.surface)) >= READABLE


@pytest.mark.parametrize("palette", [DARK, LIGHT], ids=["dark", "light"])
def test_the_button_to_press_is_readable(palette: Palette) -> None:
    assert contrast(palette.on_brand, palette.brand_fill) >= READABLE
    assert contrast(palette.on_brand, palette.brand_fill_hover) >= READABLE


def test_the_sheets_use_only_names_that_somebody_gives_a_value() -> None:
    sheets = "".join(sheet.read_text() for sheet in STATIC.glob("*.css"))
    parts = "".join(part.read_text() for part in STATIC.parent.glob("*.py"))  # they set some on single elements
    assert set(USED.findall(sheets)) <= set(DEFINED_IN_SHEETS.findall(variables() + sheets + parts))


def test_quasar_speaks_of_our_tokens() -> None:
    known = set(DEFINED_IN_SHEETS.findall(variables()))
    assert {f"--{ours}" for ours in QUASAR.values()} <= known
