"""LiveTable against a model of a database and of a bad network: whatever happens in whichever order, it ends right.

The machine draws what others write, what the network does to every message and answer, and what the table's own people
write. After each step: versions never go back, a row that was seen to be deleted stays deleted, listeners can follow by
batches alone, and nothing is told that did not change. In the end, when all is quiet, the table equals its query.
"""

from __future__ import annotations

import logging
import random
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from state.errors import Refused, StateError, Unreachable
from state.sync import fetching
from state.sync.audience import Audience
from state.sync.change import Change
from state.sync.freshness import Freshness
from state.sync.live_table import LiveTable
from state.sync.rows import Batch
from state.sync.window import SLACK
from state.tasks import Tasks
from tests.state.model import QUERY, Call, Database, HandLoop, Network, Thing, record

pytestmark = pytest.mark.timeout(300)

EXAMPLES, STEPS = 120, 60
RANKS = (0, 12)
KINDS = ["others"] * 5 + ["message"] * 5 + ["answer"] * 7 + ["circumstances"] * 2 + ["people"] * 3
LONG_S = 40.0  # longer than any interval with its jitter


class Complaints(logging.Handler):
    """What `state` reports as an error is one: tasks that die, listeners that raise."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))


class Machine(RuleBasedStateMachine):
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.loop = HandLoop()
        self.database = Database()
        self.network = Network(self.database)
        self.audience = Audience()
        self.seat = self.audience.enter()
        self.freshness = Freshness(lambda: self.network.live, clock=self.loop.time)
        self.mirror: dict[UUID, Thing] = {}
        self.versions: dict[UUID, int] = {}
        self.marks: dict[UUID, int] = {}  # the highest `mine` shown of each row
        self.gone: set[UUID] = set()  # rows whose deletion the table was told of
        self.told = 0
        self.complaints = Complaints()
        logging.getLogger("starling").addHandler(self.complaints)
        self.writes = 0
        self.more = Tasks("load more")

    @initialize(
        cadence_s=st.sampled_from([0.0, 0.05]),
        limit=st.sampled_from([2, 4, 6, 8, 100]),
        rows=st.lists(st.integers(*RANKS), min_size=3, max_size=14),
        live=st.sampled_from([True, True, False]),
    )
    def open(self, limit: int, rows: list[int], live: bool, cadence_s: float) -> None:
        for rank in rows:
            self.database.begin(id := self.database.new_id(), rank=rank)
            self.database.commit(id)

        async def opened() -> LiveTable[Thing]:
            table = LiveTable(
                QUERY, Thing, self.network, self.network,
                freshness=self.freshness, audience=self.audience, limit=limit, cadence_s=cadence_s, refused=lambda _: None,
            )  # fmt: skip
            table.subscribe(self.follow)
            table.open()
            return table

        self.table = self.loop.do(opened())
        if live:
            self.connect()

    def follow(self, batch: Batch[Thing]) -> None:
        """What a page makes of a batch. L4."""
        self.told += len(batch.inserted) + len(batch.updated) + len(batch.deleted)
        for row in batch.inserted:
            assert row.id not in self.mirror
            self.mirror[row.id] = row
        for row in batch.updated:
            assert self.mirror[row.id] != row, "nothing is told that did not change"
            self.mirror[row.id] = row
        for row in batch.deleted:
            assert not self.has_stayed(row), "nothing is told that did not change"
            del self.mirror[row.id]
            self.marks.pop(row.id, None)
        shown = {row.id: row for row in self.table.rows}
        assert shown.keys() == self.mirror.keys()
        assert all(shown[id] is row for id, row in self.mirror.items()), "unchanged rows are the same objects"
        for id, row in shown.items():  # M6
            assert row.mine >= self.marks.get(id, 0), "an older state of one's own write was shown"
            self.marks[id] = row.mine

    @rule(seeds=st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=8))
    def step(self, seeds: list[int]) -> None:
        """Hypothesis draws seeds, not rules: it leaves whole rules out of an example, and without answers nothing happens."""
        for seed in seeds:
            draw = random.Random(seed)
            kind = draw.choice(KINDS)
            getattr(self, kind)(draw)
            Machine.steps += 1

    def has_stayed(self, row: Thing) -> bool:
        """W3: it is in the database as it was, there was always room for all rows, and nobody here deletes it."""
        room = self.table._window.limit >= self.database.used
        deleted = self.table.mutations.fold(row.id, row) is None
        true = self.database.rows.get(row.id)
        return room and not deleted and row.id not in self.database.ever_hidden and true == row and row.shown

    def others(self, draw: random.Random) -> None:
        """What others write. A transaction may stay open."""
        free, database = self.database.free(), self.database
        act = draw.choice(["insert", "update", "update", "update", "commit", "delete", "delete", "hide"])
        if act == "commit" and database.open:
            database.commit(draw.choice(list(database.open)))
            return
        if act == "delete" and free:
            database.delete(draw.choice(free))
            return
        if act == "hide" and free:
            database.hide(draw.choice(free))
            return
        if act == "update" and free:
            id = draw.choice(free)
            columns = {"rank": draw.randint(*RANKS), "shown": draw.random() < 0.7, "theirs": database.versions}
            column = draw.choice(list(columns))
            database.begin(id, **{column: columns[column]})
        else:
            database.begin(id := database.new_id(), rank=draw.randint(*RANKS), shown=draw.random() < 0.7)
        if draw.randrange(4):
            database.commit(id)

    def message(self, draw: random.Random) -> None:
        """What the network does to announcements."""
        wire = self.network.wire
        if not wire:
            return
        fate = draw.choice(["next", "next", "next", "any", "any", "twice", "twice", "lost", "too large"])
        change = wire[0] if fate == "next" else draw.choice(wire)
        if fate != "twice":
            wire.remove(change)
        if fate == "lost":
            return
        if fate == "too large":
            change = Change("things", "UPDATE", refetch=True)
        self.gone |= {UUID(old["id"]) for old in change.old_keys}
        self.loop.do(self.run(lambda: self.network.deliver(change)))

    def answer(self, draw: random.Random) -> None:
        """What the network and the database do to questions and writes."""
        if not self.network.calls:
            return
        call = draw.choice(self.network.calls)
        fate = draw.choice(["read", "read", "answer", "answer", "answer", "answer", "silence", "refuse"])
        if fate == "silence":  # though what was asked for may have been done
            self.loop.do(self.run(lambda: call.fail(Unreachable("Supabase does not answer"))))
            return
        if fate == "refuse" and call.write and not call.done:
            call.result, call.done = Refused("A rule of the database"), True
        elif not call.done and not self.execute(call):
            return
        if fate != "read":
            self.reply(call)

    def circumstances(self, draw: random.Random) -> None:
        """Time, the connection, and whoever looks."""
        match draw.choice(["gap", "lost", "back", "wait", "wait", "wait", "refresh", "look"]):
            case "gap" if self.network.live:
                self.disconnect()
                self.connect()
            case "lost" if self.network.live:
                self.disconnect()
            case "back" if not self.network.live:
                self.connect()
            case "refresh":
                self.loop.do(self.run(self.table.refresh))
            case "look":
                self.loop.do(self.run(lambda: self.seat.see(not self.seat.seen)))
            case _:
                self.loop.advance(draw.choice([0.05, 0.3, 1.0, 6.0, LONG_S]))

    def people(self, draw: random.Random) -> None:
        """What the table's own people write, and take back."""
        keys, rows = self.table.mutations.keys(), [row.id for row in self.table.rows]
        act = draw.choice(["insert", "update", "update", "delete", "held", "retry", "discard", "more", "more"])
        if act in ("retry", "discard") and keys:
            pending = self.table.pending(draw.choice(keys))
            assert pending is not None
            self.marks.pop(pending.key, None)  # type: ignore[arg-type]
            self.loop.do(self.run(pending.retry if act == "retry" else pending.discard))
        elif act == "more":
            if draw.random() < 0.7:  # so that one may overtake the other
                self.loop.do(self.run(self.table.refresh))
            self.loop.do(self.load_more())
        elif act in ("delete", "held") and rows:
            self.delete(draw.choice(rows), 5.0 if act == "held" else 0.0)
        elif act == "update" and rows:
            self.update(draw.choice(rows), {"rank": draw.randint(*RANKS)} if draw.random() < 0.5 else {})
        else:
            self.insert(draw.randint(*RANKS))

    def insert(self, rank: int) -> None:
        id = self.database.new_id()
        self.writes += 1
        row = Thing(id=id, rank=rank, mine=self.writes)

        def execute() -> dict[str, Any]:
            if id in self.database.rows:  # sent before
                return record(self.database.rows[id])
            if id in self.database.deleted:
                raise Refused("This id was used before")
            self.database.begin(id, rank=rank, mine=row.mine)
            return record(self.database.commit(id))

        self.loop.do(self.run(partial(self.table.mutations.insert, row, id, partial(self.network.call, execute, id))))

    def update(self, id: UUID, columns: dict[str, Any]) -> None:
        self.writes += 1
        changes = {"mine": self.writes} | columns

        def execute() -> dict[str, Any]:
            if id not in self.database.rows:
                raise Refused("It is no longer there")
            self.database.begin(id, **changes)
            return record(self.database.commit(id))

        send = partial(self.network.call, execute, id)
        self.loop.do(self.run(partial(self.table.mutations.update, id, changes, send)))

    def delete(self, id: UUID, hold_s: float) -> None:
        def execute() -> None:
            if id in self.database.rows:
                self.database.delete(id)

        send = partial(self.network.call, execute, id)
        self.loop.do(self.run(partial(self.table.mutations.delete, id, send, hold_s=hold_s)))

    async def load_more(self) -> None:
        async def more() -> None:
            with suppress(StateError):
                await self.table.load_more()

        if len(self.more) < 2:
            self.more.start(more(), "more")

    # What must be so -----------------------------------------------------------------------------------------------

    @invariant()
    def batches_can_be_followed(self) -> None:  # L4, M6
        assert self.complaints.said == []

    @invariant()
    def versions_never_go_back(self) -> None:  # W1
        for id in self.database.rows:
            if (held := self.table._window.get(id)) is not None:
                assert held.version >= self.versions.get(id, 0)
                self.versions[id] = held.version

    @invariant()
    def what_was_deleted_stays_deleted(self) -> None:  # W2
        if self.table.phase == "ready":  # until then changes wait (L1)
            assert not any(self.table._window.get(id) for id in self.gone)

    @invariant()
    def it_is_bounded(self) -> None:  # W4
        assert len(self.table._window) <= self.table._window.limit + SLACK

    def come_to_rest(self) -> None:  # L3
        """All is answered, nobody writes, and time passes."""
        self.rest()
        told, before = self.told, list(self.table.rows)
        limit, true = self.table._window.limit, self.database.select()
        assert before == true[: len(before)]
        assert len(before) >= min(limit, len(true))
        assert len(before) == len(true) or not self.table.complete
        assert (self.table.phase, self.table.error) == ("ready", None)
        fetches = self.table.fetches
        self.answer_all(LONG_S)
        assert self.table.fetches > fetches
        assert self.told == told
        assert all(a is b for a, b in zip(before, self.table.rows, strict=True))

    def rest(self) -> None:
        for id in list(self.database.open):
            self.database.commit(id)
        if not self.network.live:
            self.connect()
        self.loop.do(self.run(lambda: self.seat.see(True)))
        for _ in range(200):
            for key in list(self.table.mutations.keys()):
                if (pending := self.table.pending(key)) is not None and pending.failed:
                    self.marks.pop(pending.key, None)  # type: ignore[arg-type]
                    self.loop.do(self.run(pending.discard))
            self.answer_all(10.0)
            if not self.table.mutations.keys() and not len(self.more):
                break
        else:
            raise AssertionError("writes never end")
        self.network.wire.clear()  # nothing on a page depends on a message having arrived
        for _ in range(3):
            self.answer_all(LONG_S)

    def teardown(self) -> None:
        logging.getLogger("starling").removeHandler(self.complaints)
        if hasattr(self, "table"):
            self.come_to_rest()
            self.batches_can_be_followed()
            self.loop.run_until_complete(self.end())
        self.loop.close()

    async def end(self) -> None:
        await self.more.close()
        await self.table.close()

    def connect(self) -> None:
        def connected() -> None:
            self.network.connect()
            self.freshness.look()

        self.loop.do(self.run(connected))

    def disconnect(self) -> None:
        def lost() -> None:
            self.network.disconnect()
            self.freshness.look()

        self.loop.do(self.run(lost))

    # Helpers -------------------------------------------------------------------------------------------------------

    async def run(self, act: Any) -> None:
        act()

    def execute(self, call: Call) -> bool:
        if call.write in self.database.open:
            return False  # waits for the lock
        call.read()
        return True

    def reply(self, call: Call) -> None:
        if call.write and isinstance(call.result, Refused):
            self.marks.pop(call.write, None)  # taken back
        self.loop.do(self.run(call.answer))

    def answer_all(self, seconds: float) -> None:
        """Everything, for so long."""
        for _ in range(int(seconds / 5.0) + 1):
            for _ in range(100):
                calls = [call for call in self.network.calls if call.done or self.execute(call)]
                if not calls:
                    break
                for call in calls:
                    self.reply(call)
            else:
                raise AssertionError("it never stops asking")
            self.loop.advance(5.0)
        self.loop.do(self.run(self.table.flush))


def test_whatever_happens_it_ends_equal_to_its_query(monkeypatch: pytest.MonkeyPatch):  # L1 to L6, W1 to W6, M1 to M6
    monkeypatch.setattr(fetching, "BY_KEY", 2)  # so that all ways of asking are gone
    monkeypatch.setattr(fetching, "MARGIN_S", 3.0)  # three writes, of which some are committed late
    Machine.steps = 0
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
    assert Machine.steps >= 2_000
