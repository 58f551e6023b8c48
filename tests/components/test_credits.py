"""Credits in words and numbers, and a balance as small or large, still or lively as one likes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from components.credit_words import describe, moment, purpose, signed
from components.spending_chart import options
from state.credits import spread
from state.models import CreditTransaction

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)


def movement(kind: str, amount: int, what: str, label: str = "") -> CreditTransaction:
    return CreditTransaction(
        id=UUID(int=1), account_id=UUID(int=2), kind=kind, amount=amount, balance_after=500, purpose=what, label=label,
        reference_table=None, reference_id=None, idempotency_key="k", created_at=NOW, updated_at=NOW, version=1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "title", "meta", "amount"),
    [
        (movement("hold", -8, "image", "a wren"), "a wren", "Picture · 14:00", "−8"),
        (movement("hold", -8, "image"), "Picture", "Picture · 14:00", "−8"),
        (movement("refund", 8, "video", "a wren"), "a wren", "Clip, given back · 14:00", "+8"),
        (movement("topup", 1000, "top_up", "Simulated payment"), "Top-up", "Simulated payment · 14:00", "+1,000"),
        (movement("grant", 500, "welcome", "Welcome"), "Welcome", "Gift · 14:00", "+500"),
        (movement("hold", -3, "voice_over"), "Voice over", "Voice over · 14:00", "−3"),
    ],
)
def test_a_movement_in_words(row: CreditTransaction, title: str, meta: str, amount: str) -> None:
    words = describe(row, "Europe/Berlin", NOW)
    assert (words.title, words.meta, words.amount) == (title, meta, amount)


def test_a_moment_is_as_short_as_it_can_be() -> None:
    ago = [timedelta(0), timedelta(days=1), timedelta(days=9), timedelta(days=200)]
    assert [moment(NOW - back, "UTC", NOW) for back in ago] == [
        "12:00",
        "yesterday 12:00",
        "20 Mar 12:00",
        "10 Sep 2025",
    ]
    assert moment(NOW, "Pacific/Auckland", NOW + timedelta(hours=0)) == "01:00"
    assert signed(-1_000) == "−1,000"
    assert purpose("training").many == "Training"


@pytest.mark.parametrize("dark", [True, False])
def test_the_chart_has_a_bar_for_each_day_in_parts(dark: bool) -> None:
    records = [
        {"day": "2026-03-28", "purpose": "video", "credits": 8},
        {"day": "2026-03-29", "purpose": "image", "credits": 2},
    ]
    drawn = options(spread(records, 2, "UTC", NOW), dark=dark)
    assert drawn["xAxis"]["data"] == ["28 Mar", "29 Mar"]
    assert [(series["name"], series["data"], series["stack"]) for series in drawn["series"]] == [
        ("Pictures", [0, 2], "spent"), ("Clips", [8, 0], "spent"),
    ]  # fmt: skip
