"""LiveLog: the last lines that the live layer said, for the diagnostics page: by prefix, without secrets, and each to those
whom it concerns.

G1  A line never holds a token, a key, a cookie's session or an e-mail address, whoever logged it (`redact`).
G2  A line belongs to whom its text begins with: "world: …" may be read by everybody, "member <id>: …" by that member.
    What begins otherwise belongs to nobody, and is for development mode only. Of an exception only its kind is kept.
G3  At most `MAX_LINES` are kept; the oldest are forgotten first.
G4  Debug lines are made while somebody wants them (`verbose`, or the setting); otherwise they cost one comparison.
"""

from __future__ import annotations

import logging
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from uuid import UUID

MAX_LINES = 2_000
MAX_CHARS = 500
WORLD = "world"
ROOT = "starling"

# Logger → prefix. Reference 5 called them, in this order: [SimpleRealtime], [SimpleRealtimeProvider],
# [TasksPaneRealtimeDebug], [DataFreshness], [SmartPolling], [ReconnectScheduler]; the others are Starling's own.
PREFIXES = {
    "starling.realtime": "Realtime",
    "starling.member": "Members",
    "starling.sync": "Sync",
    "starling.freshness": "Freshness",
    "starling.polling": "SmartPolling",
    "starling.reconnect": "Reconnect",
    "starling.sign_in": "Tokens",
    "starling.selftest": "SelfTest",
    "starling.trials": "Trials",
    "starling.tasks": "Tasks",
    "starling.feed": "Feed",
}
OTHERS = "Starling"

HIDDEN = "[hidden]"
SECRETS = re.compile(
    r"""
      eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?                                   # a JWT, whole or cut off
    | \bsb_(?:publishable|secret)_[\w-]+
    | \b(?:bearer|basic)\s+[\w.~+/=-]+
    | \b(?:authorization|api[_-]?key|password|secret|session|(?:access|refresh|provider)?[_-]?token)
      ['"]?\s*[:=]\s*['"]?(?:(?:bearer|basic)\s+)?[^\s'",;&)}]+                                # named, as in headers, URLs, JSON and repr
    | \bcookie['"]?\s*[:=].*
    | \b[\w.+-]+@[\w-]+(?:\.[\w-]+)+                                   # an e-mail address
    | \b[\w-]{40,}\b                                                   # whatever else is that long and opaque
    """,
    re.IGNORECASE | re.VERBOSE,
)
OWNER = re.compile(r"(world|member ([0-9a-f-]{36}))\b")


@dataclass(frozen=True)
class Line:
    """`at` is in unix seconds; `owner` is `WORLD`, a member's id, or None."""

    number: int
    at: float
    level: str
    prefix: str
    text: str
    owner: str | None


def redact(text: str) -> str:
    """`text` without anything that looks like a secret or an e-mail address. G1"""
    return SECRETS.sub(HIDDEN, text)


def prefix_of(logger: str) -> str:
    """By the longest name in the table that it begins with."""
    while logger and logger not in PREFIXES:
        logger = logger.rpartition(".")[0]
    return PREFIXES.get(logger, OTHERS)


def owner_of(text: str) -> str | None:
    """Whom a line belongs to. G2"""
    found = OWNER.match(text)
    return (found[2] or WORLD) if found else None


class Discreet(logging.Formatter):
    """For the log on standard error: whole, tracebacks too, but without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """G1"""
        return redact(super().format(record))


class LiveLog(logging.Handler):
    """Made once by Starling, `open`ed and `close`d with it."""

    def __init__(self, *, debug: bool = False, wall: Callable[[], float] = time.time) -> None:
        super().__init__()
        self.last = 0  # the number of the newest line
        self._debug = debug
        self._wanted = 0
        self._wall = wall
        self._lines: deque[Line] = deque(maxlen=MAX_LINES)
        self._before = logging.NOTSET

    def open(self) -> None:
        """Begins to listen."""
        logger = logging.getLogger(ROOT)
        self._before = logger.level
        logger.addHandler(self)
        self._set_level()

    def end(self) -> None:
        """Leaves the loggers as they were."""
        logger = logging.getLogger(ROOT)
        logger.removeHandler(self)
        logger.setLevel(self._before)

    @property
    def debug(self) -> bool:
        """Whether debug lines are made now."""
        return self._debug or self._wanted > 0

    def verbose(self) -> Callable[[], None]:
        """Debug lines are made until the returned function is called; many may want them. G4"""
        self._wanted += 1
        self._set_level()
        done = False

        def enough() -> None:
            nonlocal done
            if not done:
                done = True
                self._wanted -= 1
                self._set_level()

        return enough

    def since(self, number: int, me: UUID | None, *, everything: bool = False) -> list[Line]:
        """The lines after that one that this person may read, the oldest first. G2"""
        mine = (WORLD, str(me))
        newer = list(takewhile(lambda line: line.number > number, reversed(self._lines)))
        return [line for line in reversed(newer) if everything or line.owner in mine]

    def emit(self, record: logging.LogRecord) -> None:
        """Called by logging."""
        try:
            text = record.getMessage()
            if record.exc_info and record.exc_info[0] is not None:
                text = f"{text} ({record.exc_info[0].__name__})"
            self.last += 1
            self._lines.append(
                Line(
                    self.last, self._wall(), record.levelname.lower(), prefix_of(record.name), redact(text[: 8 * MAX_CHARS])[:MAX_CHARS],
                    owner_of(text),
                )
            )  # fmt: skip
        except Exception:
            self.handleError(record)

    def _set_level(self) -> None:
        logging.getLogger(ROOT).setLevel(logging.DEBUG if self.debug else logging.INFO)
