"""Runs the checks in order, and tidies up: T1 and T2."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TypeAlias

from state.api import Project
from state.errors import StateError
from state.selftest import access, travel
from state.selftest.bench import Bench
from state.selftest.result import Failed, NotHere, Result

log = logging.getLogger("starling.selftest")

Say: TypeAlias = "str | tuple[str, ...]"

LIMIT_S = 10.0
SLOW_S = 20.0  # hosted projects take seconds until replication is up
TIDY_S = 10.0
TIDYING = "tidying up"


@dataclass(frozen=True)
class Check:
    """`run` returns its sentence, or several lines, or raises. `needs` are names of checks before it."""

    name: str
    run: Callable[[Bench], Awaitable[Say]]
    needs: tuple[str, ...] = ()
    limit_s: float = LIMIT_S


MEMBERS, LIVE = ("sign-in",), ("sign-in", "subscription")

CHECKS = (
    Check("schema", access.schema),
    Check("sign-in", access.sign_in, ("schema",), SLOW_S),
    Check("subscription", travel.subscription, MEMBERS, SLOW_S),
    Check("database broadcast", travel.database_broadcast, LIVE),
    Check("broadcast", travel.broadcast, LIVE),
    Check("presence", travel.presence, LIVE),
    Check("Postgres Changes", travel.postgres_changes, MEMBERS, SLOW_S),
    Check("round trip", travel.round_trip, LIVE),
    Check("row level security", access.row_security, MEMBERS, SLOW_S),
    Check("files", access.files, MEMBERS),
    Check("signed addresses", access.signed_addresses, MEMBERS),
    Check("publication and policies", access.guards, MEMBERS),
)
NAMES = (*(check.name for check in CHECKS), TIDYING)


async def run(
    project: Project,
    *,
    admin: str | None = None,
    on_result: Callable[[Result], None] | None = None,
    limits_s: Mapping[str, float] = MappingProxyType({}),
) -> list[Result]:
    """The whole self-test; `admin` is the secret key where there is one (T3), `limits_s` are limits by name, in place
    of the checks' own.

    `on_result` gets each result as it comes. Raises nothing but what its listener raises, and CancelledError.
    """
    results: list[Result] = []

    def add(result: Result) -> None:
        results.append(result)
        if on_result is not None:
            on_result(result)

    with TemporaryDirectory(prefix="starling-selftest-") as folder:
        bench = Bench(project, admin, Path(folder))
        try:
            for check in CHECKS:
                outcomes = {result.name: result.outcome for result in results}
                lacking = next((need for need in check.needs if outcomes[need] != "passed"), None)
                if lacking is not None:
                    add(Result(check.name, "skipped", 0.0, f"Needs {lacking}"))
                else:
                    add(await _result(check, bench, limits_s.get(check.name, check.limit_s)))
        finally:
            tidied = await _result(Check(TIDYING, _tidy), bench, limits_s.get(TIDYING, TIDY_S))
        add(tidied)
    return results


async def _result(check: Check, bench: Bench, limit_s: float) -> Result:
    """T1."""
    started = time.perf_counter()

    def ended(outcome: str, said: Say) -> Result:
        lines = (said,) if isinstance(said, str) else said
        return Result(check.name, outcome, (time.perf_counter() - started) * 1000, lines[0], lines[1:])  # type: ignore[arg-type]

    bench.waiting_for = lambda: "an answer"
    try:
        async with asyncio.timeout(limit_s):
            return ended("passed", await check.run(bench))
    except TimeoutError:
        return ended("failed", f"Waited {limit_s:.0f} s for {bench.waiting_for()}")
    except NotHere as reason:
        return ended("skipped", str(reason))
    except (Failed, StateError) as error:
        return ended("failed", str(error))
    except Exception as error:
        log.exception("The check %s stumbled", check.name)
        return ended("failed", f"{type(error).__name__}: {error}")


async def _tidy(bench: Bench) -> str:
    """T2."""
    bench.waiting_for = lambda: "the members to be removed: they end by themselves within the hour"
    await asyncio.gather(*(tester.close() for tester in bench.people.testers))
    try:
        return await bench.people.remove()
    except StateError as error:
        raise Failed(f"{error}: the members could not be removed, and end by themselves within the hour") from error
