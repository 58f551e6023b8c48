"""What a request's headers ask for: preferences, media type, schema, range."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from zoneinfo import available_timezones

from starlette.datastructures import Headers

from embedded.rest.errors import RestError

PREFERENCES = {
    "resolution": ("merge-duplicates", "ignore-duplicates"),
    "missing": ("default", "null"),
    "return": ("representation", "headers-only", "minimal"),
    "count": ("exact", "planned", "estimated"),
    "tx": ("commit", "rollback"),
    "handling": ("strict", "lenient"),
    "timezone": (),
    "max-affected": (),
}
READING = ("GET", "HEAD", "OPTIONS")  # what is asked by URL alone
RANGE = re.compile(r"([0-9]{1,18})-([0-9]{0,18})")
NUMBER = re.compile(r"[0-9]{1,18}")

OBJECT = "application/vnd.pgrst.object"
ARRAY = "application/vnd.pgrst.array"
JSON = "application/json"
CSV = "text/csv"


@dataclass(frozen=True)
class Preferences:
    """The `Prefer` header: what is understood, by name, and what is not."""

    known: dict[str, str] = field(default_factory=dict)
    invalid: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, headers: Headers, *, tx_allowed: bool) -> Preferences:
        preferences = cls()
        for item in ",".join(headers.getlist("prefer")).split(","):
            name, _, value = (part.strip() for part in item.strip().partition("="))
            if not name or name in preferences.known or (name == "tx" and not tx_allowed):
                continue
            if _is_valid(name, value):
                preferences.known[name] = value
            else:
                preferences.invalid.append(item.strip())
        return preferences

    def get(self, name: str) -> str | None:
        return self.known.get(name)

    @property
    def strict(self) -> bool:
        return self.get("handling") == "strict"

    @property
    def max_affected(self) -> int | None:
        """The most rows a change may touch; it only binds under `handling=strict`."""
        return int(self.known["max-affected"]) if self.strict and "max-affected" in self.known else None

    def check(self) -> None:
        """PGRST122 for what is not understood, if the client insists."""
        if self.strict and self.invalid:
            details = f"Invalid preferences: {', '.join(self.invalid)}"
            raise RestError(400, "PGRST122", "Invalid preferences given with handling=strict", details=details)

    def applied(self, *names: str) -> dict[str, str]:
        """The Preference-Applied header for those of `names` that were given."""
        heeded = [name for name in PREFERENCES if name in names and (self.strict or name != "max-affected")]
        values = [f"{name}={self.known[name]}" for name in heeded if name in self.known]
        return {"Preference-Applied": ", ".join(values)} if values else {}


def _is_valid(name: str, value: str) -> bool:
    if name == "timezone":
        return value in _timezones()
    if name == "max-affected":
        return NUMBER.fullmatch(value) is not None
    return value in PREFERENCES.get(name, ())


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones())


@dataclass(frozen=True, slots=True)
class Media:
    """The form of the answer."""

    type: str = JSON
    stripped: bool = False  # without the keys that are null

    @property
    def singular(self) -> bool:
        return self.type == OBJECT

    @property
    def content_type(self) -> str:
        name = f"{self.type}+json" if self.type in (OBJECT, ARRAY) else self.type
        return f"{name}{';nulls=stripped' if self.stripped else ''}; charset=utf-8"


def negotiate(headers: Headers) -> Media:
    """The first form in `Accept`, by its weight, that there is. PGRST107 if there is none."""
    ranges = [item.strip() for item in headers.get("accept", "*/*").split(",")]
    for item in sorted(ranges, key=_weight):
        name, *options = (part.strip().lower() for part in item.split(";"))
        stripped = "nulls=stripped" in options
        match name.removesuffix("+json"):
            case "application/json" | "application/*" | "*/*" | "":
                return Media()
            case "application/vnd.pgrst.object":
                return Media(OBJECT, stripped)
            case "application/vnd.pgrst.array":
                return Media(ARRAY, stripped=True) if stripped else Media()
            case "text/csv":
                return Media(CSV)
    raise RestError(406, "PGRST107", f"None of these media types are available: {', '.join(ranges)}")


def _weight(item: str) -> float:
    found = re.search(r";\s*q=([0-9.]{1,5})\s*$", item)
    try:
        return -float(found[1]) if found else -1.0
    except ValueError:
        return 0.0


def choose_schema(headers: Headers, method: str, schemas: Sequence[str]) -> str:
    """The schema that the profile header names, or the first. PGRST106 for one that is not exposed."""
    profile = headers.get("accept-profile" if method in READING else "content-profile")
    if profile is None:
        return schemas[0]
    if profile not in schemas:
        hint = f"Only the following schemas are exposed: {', '.join(schemas)}"
        raise RestError(406, "PGRST106", f"Invalid schema: {profile}", hint=hint)
    return profile


def read_range(headers: Headers, method: str) -> tuple[int, int | None]:
    """First row and number of rows (None: all) that a GET's `Range` asks for. PGRST103 if it ends before it starts."""
    found = RANGE.fullmatch(headers.get("range", "")) if method == "GET" else None
    if not found:
        return 0, None
    first, last = int(found[1]), int(found[2]) if found[2] else None
    if last is not None and last < first:
        details = "The lower boundary must be lower than or equal to the upper boundary in the Range header."
        raise RestError(416, "PGRST103", "Requested range not satisfiable", details=details)
    return first, None if last is None else last - first + 1


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a request asks: all that its method and headers say."""

    method: str
    schema: str
    preferences: Preferences
    media: Media
    first: int  # of the rows that `Range` asks for
    rows: int | None  # how many of them; None for all

    @classmethod
    def read(cls, headers: Headers, method: str, schemas: Sequence[str], *, tx_allowed: bool) -> Terms:
        """Reads them. PGRST103, 106, 107 or 122 for what cannot be had."""
        schema = choose_schema(headers, method, schemas)
        preferences = Preferences.read(headers, tx_allowed=tx_allowed)
        preferences.check()
        return cls(method, schema, preferences, negotiate(headers), *read_range(headers, method))

    @property
    def reads(self) -> bool:
        return self.method in READING
