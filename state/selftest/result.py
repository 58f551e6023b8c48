"""What a check came to, and how that is printed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

Outcome: TypeAlias = Literal["passed", "failed", "skipped"]

MARKS: dict[Outcome, str] = {"passed": "ok", "failed": "FAILED", "skipped": "skipped"}
COLOURS: dict[Outcome, str] = {"passed": "\x1b[32m", "failed": "\x1b[31m", "skipped": "\x1b[33m"}
PLAIN = "\x1b[0m"


class Failed(Exception):
    """Something is not as it must be; the message is the sentence to say."""


class NotHere(Exception):
    """It cannot be tried here, which is nobody's fault; the message says why."""


@dataclass(frozen=True)
class Result:
    """`detail` is a sentence, `listing` whatever a check was asked to list."""

    name: str
    outcome: Outcome
    ms: float
    detail: str
    listing: tuple[str, ...] = ()


def all_passed(results: Sequence[Result]) -> bool:
    """T1: what was skipped because of a failure is told by that failure."""
    return all(result.outcome != "failed" for result in results)


def row(result: Result, width: int, *, colour: bool) -> str:
    """One line of the table, and its listing indented below; `width` is that of the longest name."""
    mark = f"{MARKS[result.outcome]:<7}"
    if colour:
        mark = f"{COLOURS[result.outcome]}{mark}{PLAIN}"
    indent = "\n" + " " * (width + 22)
    return f"{result.name:<{width}}  {mark}  {result.ms:>6.0f} ms  {indent.join((result.detail, *result.listing))}"


def summary(results: Sequence[Result]) -> str:
    """The last line: how many came to what, in how many seconds."""
    counts = {outcome: sum(result.outcome == outcome for result in results) for outcome in MARKS}
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
    return f"{told} in {sum(result.ms for result in results) / 1000:.1f} s"


def as_json(results: Sequence[Result]) -> str:
    """For programs."""
    return json.dumps({"passed": all_passed(results), "results": [asdict(result) for result in results]}, indent=2)
