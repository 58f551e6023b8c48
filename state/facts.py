"""Facts: what connections, channels, tables and families say of themselves, as plain values that can be JSON.

Pure reading: nothing here changes anything, and nothing of a row's content is read, only how many there are.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeAlias

from state.realtime.beats import Beats
from state.realtime.connection import Connection
from state.realtime.metrics import Meter
from state.sync.live_table import LiveTable
from state.sync.query_cache import QueryCache

Facts: TypeAlias = dict[str, Any]

LIBRARIES = ("nicegui", "realtime", "supabase", "httpx", "pydantic")
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True)
class Subject:
    """One identity of this process: its connection, and what hangs on it. `title` names it for whoever looks."""

    key: str
    title: str
    connection: Connection
    tables: tuple[LiveTable[Any], ...]
    queries: QueryCache | None = None
    beats: Beats | None = None

    @property
    def families(self) -> list[str]:
        """Of its tables, then whatever else was heard of."""
        known = dict.fromkeys(table.query.table for table in self.tables)
        return list(known | dict.fromkeys(fact.family for fact in self.connection.freshness.facts()))

    def due_s(self, family: str) -> float | None:
        """Seconds until a table of this family asks the database again, if somebody looks; None: none has asked yet."""
        now = datetime.now(UTC)
        asked = [
            (last - now).total_seconds() + table.interval_s
            for table in self.tables
            if table.query.table == family and (last := table.last_fetch_at) is not None
        ]
        return max(0.0, min(asked)) if asked else None


def connection_facts(subject: Subject) -> Facts:
    """Its state, and what came over it."""
    connection, status, meter = subject.connection, subject.connection.status, subject.connection.meter
    return {
        "connection": subject.title,
        "state": "paused" if status.paused else status.state,
        "since": status.since.isoformat(),
        "error": status.error,
        "attempts": status.attempts,
        "retry_at": status.retry_at.isoformat() if status.retry_at else None,
        "round_trip_ms": rounded(status.round_trip_ms, 1),
        "quality": status.quality,
        "beats": beat_facts(subject),
        "sockets": connection.sockets,
        "reconnects": max(0, connection.sockets - 1),
        "events": connection.events,
        "overflows": connection.overflows,
        "gaps": meter.gaps,
        "bytes": meter.bytes,
        "errors": meter.errors,
        "last_error": meter.last_error,
        "last_error_age_s": rounded(meter.last_error_age_s, 1),
        "changes": meter.changes,
        "changes_a_second": rounded(meter.changes_ring.a_second(), 2),
        "bytes_a_second": rounded(meter.bytes_ring.a_second(), 0),
        "latency_ms": latency_facts(meter),
    }


def beat_facts(subject: Subject) -> Facts | None:
    """The worker's numbered beats, by which a connection knows that nothing is missing; None: it hears none itself."""
    beats = subject.beats
    if beats is None:
        return None
    return {"heard": beats.heard, "missed": beats.missed, "silences": beats.silences, "reason": beats.reason}


def channel_facts(subject: Subject) -> Iterator[Facts]:
    """Of those in use."""
    for channel in subject.connection.channels:
        yield {
            "connection": subject.title,
            "topic": channel.topic,
            "stage": channel.stage,
            "kind": "feed" if channel.feed else "room",
            "uses": channel.uses,
            "error": channel.error,
        }


def table_facts(subject: Subject) -> Iterator[Facts]:
    """What is held, and how it is kept right."""
    meter = subject.connection.meter
    for number, table in enumerate(subject.tables):
        name = table.query.table
        yield {
            "connection": subject.title,
            "number": number,
            "table": name,
            "rows": len(table.rows),
            "limit": table.limit,
            "complete": table.complete,
            "phase": table.phase,
            "error": table.error,
            "fetches": table.fetches,
            "resyncs": table.resyncs,
            "failures": table.failures,
            "changes": table.changes,
            "changes_a_second": rounded(meter.a_second(name), 1),
            "waiting_writes": len(table.mutations.keys()),
            "listeners": table.listeners,
            "last_change_age_s": rounded(meter.age_s(name), 1),
        }


def query_facts(subject: Subject) -> Iterator[Facts]:
    """The derived values that are kept under keys."""
    for fact in subject.queries.facts() if subject.queries is not None else ():
        yield {
            "connection": subject.title,
            "key": " ".join(str(part) for part in fact.key),
            "phase": fact.phase,
            "error": fact.error,
            "stale": fact.stale,
            "observers": fact.observers,
            "age_s": rounded(fact.age_s, 1),
            "interval_s": rounded(fact.interval_s, 1),
            "fetches": fact.fetches,
            "failures": fact.failures,
        }


def family_facts(subject: Subject) -> Iterator[Facts]:
    """How fresh each family is, and so how often it is asked for."""
    families = subject.families
    for fact in subject.connection.freshness.facts(*families) if families else ():
        yield {
            "connection": subject.title,
            "family": fact.family,
            "mode": fact.mode,
            "age_s": rounded(fact.age_s, 1),
            "interval_s": rounded(fact.interval_s, 1),
            "due_s": rounded(subject.due_s(fact.family), 1),
        }


def latency_facts(meter: Meter) -> Facts:
    """By table, in milliseconds."""
    return {
        name: {
            "count": table.latency.count,
            **{label: rounded(scaled(table.latency.quantile(share)), 1) for label, share in QUANTILES.items()},
            "worst": rounded(table.latency.worst * 1000, 1),
        }
        for name, table in sorted(meter.tables.items())
        if table.latency.count
    }


def versions() -> dict[str, str]:
    """Of Python and the libraries that matter here."""
    return {"python": sys.version.split()[0], **dict(_installed(LIBRARIES))}


def resident_bytes() -> int | None:
    """The memory that this process holds; None where the platform has no cheap way to say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    import resource

    return pages * resource.getpagesize()


def rounded(number: float | None, digits: int) -> float | None:
    """For people."""
    return None if number is None else round(number, digits)


def scaled(seconds: float | None) -> float | None:
    """As milliseconds."""
    return None if seconds is None else seconds * 1000


def _installed(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue
