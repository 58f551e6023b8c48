"""What Prometheus may scrape: the counters of all connections, added up when it asks.

E1  Labels say which kind of connection (`world` or `member`), which table, which state: never who. Their number is bounded.
E2  Counters never fall: what a member had counted when they left is kept.
E3  Nothing is counted twice: this reads what the objects of `state` count anyway.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, get_args

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from state.facts import Subject
from state.realtime.metrics import BUCKETS_S
from state.realtime.status import State
from state.sync.mutation import Mutations

if TYPE_CHECKING:
    from state.member import Member
    from state.starling import Starling

ENDS = (*(str(bucket) for bucket in BUCKETS_S), "+Inf")

# Name → what it is. Of each connection, by kind:
OF_CONNECTIONS = {
    "sockets": "Sockets that were opened",
    "reconnects": "Sockets that were opened after the first one",
    "overflows": "Times that the queue of events was full and everything was fetched again",
    "gaps": "Times that a channel said something may be missing, so that its tables fetched again",
    "errors": "Things that went wrong unasked",
    "received_bytes": "Bytes off the socket, after TLS",
    "broadcasts": "Broadcasts that were no changes",
}
# Of each table, by kind of connection and table:
OF_TABLES = {
    "changes": "Change messages that came in",
    "changed_rows": "Rows in them",
    "fetches": "Answers of the database to a table that asked for its rows",
    "resyncs": "Of these, answers that held only what was different",
    "fetch_failures": "Times that a table asked and got no answer",
}


class Totals:
    """Counters of any number of connections, added up."""

    def __init__(self) -> None:
        self.of_connections: Counter[tuple[str, str]] = Counter()  # name, kind
        self.of_tables: Counter[tuple[str, str, str]] = Counter()  # name, kind, table
        self.latency: dict[tuple[str, str], list[int]] = {}  # kind, table → by bucket
        self.latency_sum: Counter[tuple[str, str]] = Counter()

    def add(self, kind: str, subject: Subject) -> None:
        """With one connection and its tables."""
        connection, meter = subject.connection, subject.connection.meter
        for name, number in {
            "sockets": connection.sockets,
            "reconnects": max(0, connection.sockets - 1),
            "overflows": connection.overflows,
            "gaps": meter.gaps,
            "errors": meter.errors,
            "received_bytes": meter.bytes,
            "broadcasts": meter.broadcasts,
        }.items():
            self.of_connections[name, kind] += number
        for name, table in meter.tables.items():
            self.of_tables["changes", kind, name] += table.events
            self.of_tables["changed_rows", kind, name] += table.rows
            counts = self.latency.setdefault((kind, name), [0] * len(ENDS))
            self.latency[kind, name] = [a + b for a, b in zip(counts, table.latency.counts, strict=True)]
            self.latency_sum[kind, name] += table.latency.sum  # type: ignore[assignment]
        for table in subject.tables:
            name = table.query.table
            self.of_tables["fetches", kind, name] += table.fetches
            self.of_tables["resyncs", kind, name] += table.resyncs
            self.of_tables["fetch_failures", kind, name] += table.failures

    def copy(self) -> Totals:
        """To be added to."""
        other = Totals()
        other.of_connections, other.of_tables = self.of_connections.copy(), self.of_tables.copy()
        other.latency, other.latency_sum = self.latency.copy(), self.latency_sum.copy()
        return other


class LiveCollector:
    """Reads everything at the moment it is asked. One per Starling, on a registry of its own."""

    def __init__(self, starling: Starling) -> None:
        self._starling = starling
        self._gone = Totals()  # E2
        starling.members.left.subscribe(self._leave)

    def _leave(self, member: Member) -> None:
        self._gone.add("member", Subject(str(member.id), "", member.connection, member.tables))

    def collect(self) -> Iterator[Metric]:
        """Called by the registry."""
        subjects = self._subjects()
        totals = self._gone.copy()
        for kind, subject in subjects:
            totals.add(kind, subject)
        for name, help in OF_CONNECTIONS.items():
            family = CounterMetricFamily(f"starling_{name}", help, labels=["connection"])
            for (counted, kind), number in totals.of_connections.items():
                if counted == name:
                    family.add_metric([kind], number)
            yield family
        for name, help in OF_TABLES.items():
            family = CounterMetricFamily(f"starling_{name}", help, labels=["connection", "table"])
            for (counted, kind, table), number in totals.of_tables.items():
                if counted == name:
                    family.add_metric([kind, table], number)
            yield family
        yield self._latency(totals)
        yield from self._sizes(subjects)

    def _latency(self, totals: Totals) -> Metric:
        family = HistogramMetricFamily(
            "starling_change_latency_seconds",
            "From the commit of a change until all listeners were told",
            labels=["connection", "table"],
        )
        for (kind, table), counts in totals.latency.items():
            seen, buckets = 0, []
            for end, count in zip(ENDS, counts, strict=True):
                seen += count
                buckets.append((end, float(seen)))
            family.add_metric([kind, table], buckets, totals.latency_sum[kind, table])
        return family

    def _sizes(self, subjects: list[tuple[str, Subject]]) -> Iterator[Metric]:
        states: Counter[tuple[str, State]] = Counter()
        rows: Counter[tuple[str, str]] = Counter()
        failed: Counter[tuple[str, str]] = Counter()
        outboxes: set[Mutations[Any]] = set()  # several tables may have one (L8)
        for kind, subject in subjects:
            states[kind, subject.connection.status.state] += 1
            for table in subject.tables:
                rows[kind, table.query.table] += len(table.rows)
                failed[kind, table.query.table] += table.error is not None
                outboxes.add(table.mutations)
        family = GaugeMetricFamily("starling_connections", "Connections by state", labels=["connection", "state"])
        for kind in ("world", "member"):
            for state in get_args(State):
                family.add_metric([kind, state], states[kind, state])
        yield family
        for name, help, numbers in (
            ("starling_table_rows", "Rows that are held", rows),
            ("starling_tables_failing", "Tables whose last fetch failed", failed),
        ):
            family = GaugeMetricFamily(name, help, labels=["connection", "table"])
            for labels, number in numbers.items():
                family.add_metric(labels, number)
            yield family
        starling = self._starling
        yield GaugeMetricFamily(
            "starling_unconfirmed_rows",
            "Rows with writes not confirmed yet",
            sum(len(each.keys()) for each in outboxes),
        )
        beats = starling.world.beats
        yield CounterMetricFamily("starling_beats", "The worker's beats that were heard", beats.heard)
        yield CounterMetricFamily("starling_beats_missed", "Beats that should have come and did not", beats.missed)
        yield GaugeMetricFamily("starling_pages", "Pages that are open", len(starling.world.audience))
        yield GaugeMetricFamily("starling_members", "Members whose state is held", len(starling.members))
        yield GaugeMetricFamily("starling_sessions", "Browsers that are signed in", len(starling.sessions))
        addresses = len(starling.world.media) + sum(len(member.media) for member in starling.members)
        yield GaugeMetricFamily("starling_signed_addresses", "Signed addresses of files that are kept", addresses)
        queries = sum(len(subject.queries) for _, subject in subjects if subject.queries is not None)
        yield GaugeMetricFamily("starling_queries", "Derived values that are kept", queries)
        yield GaugeMetricFamily("starling_tasks", "Tasks on the event loop", len(asyncio.all_tasks()))
        lag = starling.diagnostics.lag.recent
        yield GaugeMetricFamily(
            "starling_event_loop_lag_seconds", "How late it was, the worst of the last ten seconds", lag
        )

    def _subjects(self) -> list[tuple[str, Subject]]:
        world = self._starling.world
        members = self._starling.members
        return [
            ("world", Subject("world", "", world.connection, world.tables, world.queries)),
            *(("member", Subject(str(m.id), "", m.connection, m.tables, m.queries)) for m in members),
        ]


def registry(starling: Starling) -> CollectorRegistry:
    """Of this process: its live state, its memory and processor time, its Python."""
    own = CollectorRegistry(auto_describe=False)
    own.register(LiveCollector(starling))  # type: ignore[arg-type]  (a collector is whatever has `collect`)
    ProcessCollector(registry=own)
    PlatformCollector(registry=own)
    return own


def exposition(of: CollectorRegistry) -> bytes:
    """The text that Prometheus reads."""
    return generate_latest(of)
