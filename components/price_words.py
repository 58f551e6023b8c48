"""How prices are written: as many digits as say something, the same number of them all the time."""

from __future__ import annotations

import math
from decimal import Decimal


def places(price: float) -> int:
    """Digits behind the point: cents, and four that count under a dollar. static/vue/price_board.js does the same."""
    if price >= 100 or price <= 0:
        return 2
    return 4 if price >= 1 else min(12, 3 - math.floor(math.log10(price)))


def dollars(price: float) -> str:
    """$97,250.00, $1.4350, $0.00002510."""
    return f"${price:,.{places(price)}f}"


def exact(price: float) -> str:
    """What somebody typed: $90.00, $0.0000251."""
    digits = plain(price).partition(".")[2]
    return f"${price:,.{max(2, len(digits))}f}"


def percent(number: float) -> str:
    """+1.25 %, with a true minus."""
    return f"{'−' if round(number, 2) < 0 else '+'}{abs(number):.2f} %"


def plain(number: float) -> str:
    """A number as somebody would type it: 105000, 0.0000251."""
    digits = f"{Decimal(repr(number)):f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
