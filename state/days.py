"""Days as they are where somebody lives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo


def first_day(days: int, zone: str, now: datetime) -> datetime:
    """When the first of the last `days` began, where somebody lives."""
    today = now.astimezone(time_zone(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (today - timedelta(days=days - 1)).astimezone(UTC)


def time_zone(name: str) -> tzinfo:
    """The zone a browser names, or UTC where nobody knows it."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # ZoneInfoNotFoundError is a LookupError
        return UTC


def known_zone(name: object) -> str:
    """The name of a zone that this machine knows: what a browser says is only a claim."""
    return name if isinstance(name, str) and time_zone(name) is not UTC else "UTC"
