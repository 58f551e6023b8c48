"""What movements of credits are called, and how a number of them is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from state.days import time_zone
from state.models import CreditTransaction

# What costs something is asked for once (static/starling.js).
ONCE = "(event) => starling.once(event) && emit()"


@dataclass(frozen=True)
class Purpose:
    """`many` is what a legend says."""

    one: str
    many: str
    icon: str


PURPOSES = {
    "image": Purpose("Picture", "Pictures", "image"),
    "video": Purpose("Clip", "Clips", "movie"),
    "training": Purpose("Training", "Training", "model_training"),
    "top_up": Purpose("Top-up", "Top-ups", "add_card"),
    "welcome": Purpose("Gift", "Gifts", "redeem"),
}


@dataclass(frozen=True)
class Words:
    """What a row of the history says."""

    title: str
    meta: str
    amount: str
    icon: str


def purpose(name: str) -> Purpose:
    """Of an area that nobody has entered above: its own name."""
    plain = name.replace("_", " ").capitalize()
    return PURPOSES.get(name, Purpose(plain, plain, "toll"))


def signed(number: int) -> str:
    """+100, −8."""
    return f"{'+' if number > 0 else '−'}{abs(number):,}"


def describe(row: CreditTransaction, zone: str, now: datetime) -> Words:
    """One movement in words; `zone` is where the reader lives."""
    what = purpose(row.purpose)
    match row.kind:
        case "refund":
            title, kind, icon = row.label or what.one, f"{what.one}, given back", "undo"
        case "topup":
            title, kind, icon = "Top-up", row.label, what.icon
        case "grant":
            title, kind, icon = row.label or what.one, what.one, what.icon
        case _:
            title, kind, icon = row.label or what.one, what.one, what.icon
    meta = " · ".join(part for part in (kind, moment(row.created_at, zone, now)) if part)
    return Words(title, meta, signed(row.amount), icon)


def moment(at: datetime, zone: str, now: datetime) -> str:
    """14:02, yesterday 14:02, 3 Nov 14:02, 3 Nov 2025."""
    there, today = at.astimezone(time_zone(zone)), now.astimezone(time_zone(zone))
    days = (today.date() - there.date()).days
    if days == 0:
        return f"{there:%H:%M}"
    if days == 1:
        return f"yesterday {there:%H:%M}"
    day = f"{there.day} {there:%b}"
    return f"{day} {there:%H:%M}" if there.year == today.year else f"{day} {there.year}"
