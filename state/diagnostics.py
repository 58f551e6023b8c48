"""Diagnostics: whether all is well, in one sentence, and everything behind it.

D1  Never a token, a key or an e-mail address: there is nothing in here that could hold one but sentences, and those are
    redacted as the log is.
D2  A guest sees the world's connection and numbers of the process that say nothing of anybody; a member also their own.
    In development mode everybody sees everything of the process, members by their public names.
D3  Reading costs nobody anything while nobody reads: objects keep plain counters, and this asks for them.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from state.facts import (
    Facts,
    Subject,
    channel_facts,
    connection_facts,
    family_facts,
    query_facts,
    resident_bytes,
    rounded,
    table_facts,
    versions,
)  # fmt: skip
from state.live_log import LiveLog, redact
from state.loop_lag import BLOCKED_S, LoopLag
from state.sync.freshness import POLL_S

if TYPE_CHECKING:
    from state.member import Member
    from state.starling import Starling

Level: TypeAlias = Literal["live", "wait", "fail"]
LOG_IN_SNAPSHOT = 200


@dataclass(frozen=True)
class Verdict:
    """`level` is the tone of the sentence: all is well, wait, or something is broken."""

    level: Level
    sentence: str


class Diagnostics:
    """Of one process. `opened` and `closed` with Starling."""

    def __init__(self, starling: Starling) -> None:
        self.dev = starling.settings.dev
        self.log = LiveLog(debug=starling.settings.realtime_debug)
        self.lag = LoopLag()
        self._starling = starling
        self._started = time.monotonic()
        clock = starling.world.clock
        starling.world.connection.meter.offset = lambda: clock.offset_s  # members' meters take it over

    def open(self) -> None:
        """Begins to listen and to measure."""
        self.log.open()
        self.lag.open()

    async def close(self) -> None:
        """Ends it."""
        await self.lag.close()
        self.log.end()

    # What there is to see ------------------------------------------------------------------------------------------

    def subjects(self, me: Member | None) -> list[Subject]:
        """Those that this person may see, their own first. D2"""
        world = self._starling.world
        found = [Subject("world", "World", world.connection, world.tables, world.queries, world.beats)]
        if me is not None:
            found.insert(0, self._of(me, "You"))
        if self.dev:
            found += [self._of(member, self._name(member)) for member in self._starling.members if member is not me]
        return found

    def _of(self, member: Member, title: str) -> Subject:
        return Subject(str(member.id), title, member.connection, member.tables, member.queries)

    def _name(self, member: Member) -> str:
        return member.profile.display_name if member.profile else "Somebody"

    def connections(self, me: Member | None) -> list[Facts]:
        """Their states and counters."""
        return [connection_facts(subject) for subject in self.subjects(me)]

    def channels(self, me: Member | None) -> list[Facts]:
        """The topics that are joined."""
        return [fact for subject in self.subjects(me) for fact in channel_facts(subject)]

    def tables(self, me: Member | None) -> list[Facts]:
        """The rows that are held."""
        return [fact for subject in self.subjects(me) for fact in table_facts(subject)]

    def families(self, me: Member | None) -> list[Facts]:
        """How fresh they are."""
        return [fact for subject in self.subjects(me) for fact in family_facts(subject)]

    def queries(self, me: Member | None) -> list[Facts]:
        """The derived values that are kept."""
        return [fact for subject in self.subjects(me) for fact in query_facts(subject)]

    def process(self, me: Member | None) -> Facts:
        """Numbers that say nothing of anybody; what somebody could attack with is for those who signed in."""
        starling = self._starling
        facts: Facts = {
            "uptime_s": round(time.monotonic() - self._started),
            "pages": len(starling.world.audience),
            "members": len(starling.members),
            "sessions": len(starling.sessions),
            "signed_addresses": len(starling.world.media) + sum(len(member.media) for member in starling.members),
            "loop_lag_ms": rounded(self.lag.recent * 1000, 1),
        }
        if me is not None or self.dev:
            facts |= {"tasks": len(asyncio.all_tasks()), "memory_bytes": resident_bytes(), "versions": versions()}
        return facts

    def snapshot(self, me: Member | None) -> Facts:
        """All of it at this moment, ready for JSON."""
        verdict = self.verdict(me)
        return {
            "at": datetime.now(UTC).isoformat(),
            "sees": "everything (development mode)" if self.dev else "own" if me else "public",
            "verdict": {"level": verdict.level, "sentence": verdict.sentence},
            "process": self.process(me),
            "connections": discreet(self.connections(me)),
            "channels": discreet(self.channels(me)),
            "tables": discreet(self.tables(me)),
            "queries": discreet(self.queries(me)),
            "freshness": self.families(me),
            "log": [
                {
                    "at": datetime.fromtimestamp(line.at, UTC).isoformat(),
                    "level": line.level,
                    "prefix": line.prefix,
                    "text": line.text,
                }
                for line in self.log.since(0, me.id if me else None, everything=self.dev)[-LOG_IN_SNAPSHOT:]
            ],
        }

    # The one line --------------------------------------------------------------------------------------------------

    def verdict(self, me: Member | None) -> Verdict:
        """Whether all is well for this person; the gravest thing first."""
        subjects = self.subjects(me)[: 2 if me else 1]  # somebody else's trouble is not theirs
        gravest = max(self._findings(subjects), key=lambda v: ("live", "wait", "fail").index(v.level), default=None)
        if gravest is not None:
            return gravest
        rows = sum(len(table.rows) for subject in subjects for table in subject.tables)
        tables = sum(len(subject.tables) for subject in subjects)
        which = "both connections are live" if me else "the connection is live"
        return Verdict("live", f"All is well: {which}, and {rows:,} rows in {tables} tables follow the database.")

    def _findings(self, subjects: list[Subject]) -> Iterator[Verdict]:
        for subject in subjects:
            yield from self._of_connection(subject)
        for subject in subjects:
            for channel in subject.connection.channels:
                if channel.stage == "refused":
                    yield Verdict("fail", "Supabase refused a topic, so its changes come by polling only.")
            for table in subject.tables:
                if table.error is not None:
                    yield Verdict("fail", redact(f"The rows of {table.query.table} are not up to date: {table.error}."))
                elif table.phase == "loading":
                    yield Verdict("wait", f"The rows of {table.query.table} are on their way.")
        if self.lag.recent > BLOCKED_S:
            yield Verdict("wait", f"Busy: everything waited for {self.lag.recent * 1000:.0f} ms a moment ago.")

    def _of_connection(self, subject: Subject) -> Iterator[Verdict]:
        status = subject.connection.status
        whose = "Your connection" if subject.title == "You" else "The connection that everybody shares"
        polling = f"what is watched is asked for every {POLL_S:.0f} s"
        match status.state:
            case "offline" if status.paused:
                yield Verdict("wait", f"{whose} is switched off; {polling}.")
            case "offline":
                yield Verdict(
                    "fail", redact(f"{whose} is down: {status.error or 'Supabase does not answer'}; {polling}.")
                )
            case "unauthorized":
                yield Verdict("fail", "Your session has ended: sign in again.")
            case "closed":
                yield Verdict("fail", f"{whose} is closed.")
            case "connecting":
                yield Verdict("wait", f"{whose} is being opened; until then {polling}.")
            case "degraded":
                yield Verdict("wait", redact(f"{whose} is degraded: {status.error}; {polling}."))

    # For programs --------------------------------------------------------------------------------------------------

    def not_ready(self) -> str | None:
        """Why nobody should be sent here yet; None when they may. Rows that are old are better than none."""
        counts = Counter(table.phase for table in self._starling.world.tables)
        if counts["failed"]:
            errors = [table.error for table in self._starling.world.tables if table.error]
            return redact(errors[0]) if errors else "The rows did not come"
        return "The rows are on their way" if counts["loading"] else None


def discreet(facts: list[Facts]) -> list[Facts]:
    """Sentences of others (the server's, a library's) without secrets. D1"""
    return [
        {key: redact(value) if key.endswith("error") and value else value for key, value in f.items()} for f in facts
    ]
