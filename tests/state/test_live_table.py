"""LiveTable: L1 to L6 on real tables, a real feed, and what networks do to both."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby, pairwise
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from state.api import Api, Project
from state.errors import StateError, Unreachable
from state.models import Generation
from state.realtime.connection import Connection
from state.signal import Unsubscribe
from state.sync import fetching, live_table
from state.sync.change import Change
from state.sync.fetching import Source
from state.sync.live_table import Feed, LiveTable
from state.sync.query import Query, Where
from state.sync.rows import Batch
from state.world import NEWEST, PUBLIC, Anonymous
from tests.state.support import Account, add_generations, hasten, until


class Gate:
    """A source whose answers can be held back after they were made, or fail."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.open = asyncio.Event()
        self.open.set()
        self.error: StateError | None = None
        self.answers = 0
        self.asked: list[tuple[Query, tuple[str, ...], list[dict[str, Any]]]] = []

    async def select(
        self, query: Query, limit: int, after: Any | None = None, columns: tuple[str, ...] = ()
    ) -> list[dict[str, Any]]:
        if self.error is not None:
            raise self.error
        records = await self.api.select(query, limit, after, columns)
        self.answers += 1
        self.asked.append((query, columns, records))
        await self.open.wait()
        return records


class BadFeed:
    """Drops and doubles changes, and lets them overtake each other."""

    def __init__(self, feed: Feed, draw: random.Random, dropped: float) -> None:
        self._feed = feed
        self._draw = draw
        self._dropped = dropped

    @property
    def live(self) -> bool:
        return self._feed.live

    def on_change(self, table: str, listener: Callable[[Change], None]) -> Unsubscribe:
        kept: list[Change] = []

        def garbled(change: Change) -> None:
            kept.append(change)
            if self._draw.random() >= self._dropped:
                listener(change)
            if self._draw.random() < 0.3:
                listener(self._draw.choice(kept))

        return self._feed.on_change(table, garbled)

    def on_live(self, listener: Callable[[], None]) -> Unsubscribe:
        return self._feed.on_live(listener)

    def on_lost(self, listener: Callable[[], None]) -> Unsubscribe:
        return self._feed.on_lost(listener)


@dataclass
class Desk:
    """One member's generations, with everything in reach."""

    db: asyncpg.Connection
    account: Account
    connection: Connection
    gate: Gate
    tables: list[LiveTable[Generation]] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)

    @property
    def feed(self) -> Any:
        return self.connection.channel(f"member:{self.account.id}")

    @property
    def query(self) -> Query:
        return Query("generations", (Where("owner_id", "eq", self.account.id),), NEWEST)

    def table(self, *, feed: Feed | None = None, source: Source | None = None, **options: Any) -> LiveTable[Generation]:
        """Opened, and closed with the test."""
        options.setdefault("freshness", self.connection.freshness)
        table = LiveTable(self.query, Generation, source or self.gate, feed or self.feed, **options)
        table.open()
        self.tables.append(table)
        return table

    async def live(self, **options: Any) -> LiveTable[Generation]:
        """A table that is ready and hears of changes."""
        self.connection.open()
        table = self.table(**options)
        await until(lambda: self.feed.live and table.phase == "ready" and table.fetches >= 2)
        return table

    async def add(self, count: int = 1, **columns: Any) -> list[UUID]:
        return await add_generations(self.db, self.account.id, count, **columns)

    async def change(self, id: UUID, prompt: str) -> None:
        await self.db.execute("update public.generations set prompt = $2 where id = $1", id, prompt)

    async def remove(self, id: UUID) -> None:
        await self.db.execute("delete from public.generations where id = $1", id)


def ids(table: LiveTable[Generation]) -> list[UUID]:
    return [row.id for row in table.rows]


def listen(table: LiveTable[Generation]) -> list[Batch[Generation]]:
    """Its batches that say something of rows."""
    batches: list[Batch[Generation]] = []
    table.subscribe(lambda batch: batches.append(batch) if batch else None)
    return batches


@pytest.fixture
async def desk(
    db: asyncpg.Connection,
    project: Project,
    account: Callable[[], Awaitable[Account]],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Desk]:
    hasten(monkeypatch, relaxed_s=60, poll_s=60)  # no fetch that no test asked for, however long a test takes
    owner = await account()
    connection = Connection(project.realtime_url, project.key, owner.identity)
    made = Desk(db, owner, connection, Gate(Api(project, owner.identity)), connections=[connection])
    yield made
    made.gate.open.set()
    for table in made.tables:
        await table.close()
    for open_connection in made.connections:
        await open_connection.close()


async def test_a_change_during_the_first_fetch_is_not_lost(desk: Desk):  # L1
    heard: list[Change] = []
    desk.connection.open()
    leave = desk.feed.on_change("generations", heard.append)
    await until(lambda: desk.feed.live)
    (old,) = await desk.add()
    await until(lambda: heard, "what is told late is not told to the table")
    desk.gate.open.clear()
    table = desk.table()
    await until(lambda: desk.gate.answers)  # the answer is made, and on its way
    (new,) = await desk.add()
    await desk.change(old, "changed")
    await until(lambda: table.changes == 2)
    assert (table.phase, ids(table)) == ("loading", [])
    desk.gate.open.set()
    await until(lambda: table.phase == "ready" and ids(table) == [new, old])
    assert table.rows[1].prompt == "changed"
    assert table.fetches == 1, "the feed was live before: nothing to fetch again"
    leave()


async def test_too_many_changes_before_the_first_answer_are_fetched_instead(desk: Desk, monkeypatch):  # L1, R5
    monkeypatch.setattr(live_table, "MAX_BUFFER", 3)
    desk.connection.open()
    desk.gate.open.clear()
    table = desk.table()
    await until(lambda: desk.gate.answers and desk.feed.live)
    made = [(await desk.add())[0] for _ in range(10)]
    await until(lambda: table.changes == 10)
    assert len(table._buffer) <= 3
    desk.gate.open.set()
    await until(lambda: ids(table) == made[::-1])


async def test_without_a_feed_it_fetches_all_the_same_and_again_once_it_is_live(desk: Desk):  # L1
    (first,) = await desk.add()
    table = desk.table()
    await until(lambda: table.phase == "ready")
    assert ids(table) == [first]
    (second,) = await desk.add()
    desk.connection.open()
    await until(lambda: ids(table) == [second, first])
    assert table.fetches == 2


async def test_without_a_feed_it_polls(desk: Desk, monkeypatch: pytest.MonkeyPatch):  # L2
    hasten(monkeypatch, relaxed_s=0.02, poll_s=0.02)
    table = desk.table()
    await until(lambda: table.phase == "ready")
    (first,) = await desk.add()
    await until(lambda: ids(table) == [first])


async def test_what_the_feed_lost_without_a_sign_is_found_by_itself(desk: Desk, monkeypatch):  # L2
    hasten(monkeypatch, relaxed_s=0.05)
    table = await desk.live(feed=BadFeed(desk.feed, random.Random(1), dropped=1.0))
    (first,) = await desk.add()
    await until(lambda: ids(table) == [first])
    await desk.change(first, "changed")
    await until(lambda: table.rows[0].prompt == "changed")
    await desk.remove(first)
    await until(lambda: ids(table) == [])


async def test_after_every_gap_it_fetches_again_and_tells_only_differences(desk: Desk):  # L2, L4
    await desk.add(3)
    table = await desk.live()
    before, batches, fetches = list(table.rows), listen(table), table.fetches
    desk.feed.gap()
    await until(lambda: table.fetches == fetches + 1)
    desk.connection.reconnect()
    await until(lambda: table.fetches >= fetches + 2 and desk.feed.live)
    table.flush()
    assert batches == []
    assert all(a is b for a, b in zip(before, table.rows, strict=True))


async def test_a_message_too_large_to_carry_its_rows_is_fetched(desk: Desk):  # L2
    table = await desk.live(limit=500)
    await desk.add(300, prompt="long " * 190)
    await until(lambda: len(table.rows) == 300)
    assert table.changes == 1


async def test_rows_come_change_and_go(desk: Desk):
    table = await desk.live()
    batches = listen(table)
    (first,) = await desk.add()
    await until(lambda: batches)
    assert [row.id for row in batches[0].inserted] == [first]
    await desk.change(first, "changed")
    await until(lambda: len(batches) == 2)
    assert [row.prompt for row in batches[1].updated] == ["changed"]
    await desk.remove(first)
    await until(lambda: len(batches) == 3)
    assert [row.id for row in batches[2].deleted] == [first]
    assert table.get(first) is None


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_is_dropped_doubled_or_reordered_it_ends_equal(desk: Desk, seed: int):  # L3
    draw = random.Random(seed)
    table = await desk.live(feed=BadFeed(desk.feed, draw, dropped=0.3), limit=draw.choice([5, 200]))
    shown = {row.id for row in table.rows}

    def keep_up(batch: Batch[Generation]) -> None:
        """What a page makes of the batches."""
        nonlocal shown
        assert not {row.id for row in batch.inserted} & shown
        assert {row.id for row in [*batch.updated, *batch.deleted]} <= shown
        shown = (shown | {row.id for row in batch.inserted}) - {row.id for row in batch.deleted}

    table.subscribe(keep_up)
    existing: list[UUID] = []
    for _ in range(40):
        act = draw.random()
        if act < 0.5 or not existing:
            existing += await desk.add(draw.randint(1, 3))
        elif act < 0.75:
            await desk.change(draw.choice(existing), f"prompt {draw.random()}")
        elif act < 0.95:
            await desk.remove(existing.pop(draw.randrange(len(existing))))
        else:
            table.refresh()
        await asyncio.sleep(draw.choice([0, 0, 0.005]))
    changes = -1
    while changes != table.changes:  # until the last change has come in
        changes = table.changes
        await asyncio.sleep(0.05)
    table.refresh()
    limit = table._window.limit
    fresh = [Generation.model_validate(row) for row in await desk.gate.api.select(desk.query, limit)]
    await until(
        lambda: list(table.rows)[: len(fresh)] == fresh and (len(table.rows) == len(fresh) or len(fresh) == limit)
    )
    table.flush()
    assert shown == set(ids(table))


async def test_the_first_change_is_told_at_once_and_what_follows_together(desk: Desk):  # L4
    table = await desk.live(cadence_s=0.3)
    await asyncio.sleep(0.3)
    loop = asyncio.get_running_loop()
    told: list[tuple[float, int]] = []
    table.subscribe(lambda batch: told.append((loop.time(), len(batch.inserted))))
    await desk.add()
    await until(lambda: told)
    await desk.add(14)
    await until(lambda: sum(count for _, count in told) == 15)
    assert told[0][1] == 1
    assert len(told) <= 4
    assert all(later[0] - sooner[0] >= 0.29 for sooner, later in pairwise(told))


async def test_unchanged_rows_stay_the_same_objects(desk: Desk):  # L4
    _, middle, _ = await desk.add(3)
    table = await desk.live()
    before = {row.id: row for row in table.rows}
    await desk.change(middle, "changed")
    await until(lambda: table.get(middle) is not before[middle])
    assert {id for id, row in before.items() if table.get(id) is row} == set(before) - {middle}


async def test_a_row_that_leaves_a_circle_leaves_its_table_only(desk: Desk, project: Project):  # L5
    (id,) = await desk.add(visibility="public")
    nobody = Anonymous(project.key)
    world = Connection(project.realtime_url, project.key, nobody)
    desk.connections.append(world)
    world.open()
    public = LiveTable(
        Query("generations", (PUBLIC,), NEWEST), Generation, Api(project, nobody), world.channel("world"),
        freshness=world.freshness,
    )  # fmt: skip
    public.open()
    desk.tables.append(public)
    mine = await desk.live()
    await until(lambda: public.get(id) and world.status.state == "live")
    await desk.db.execute("update public.generations set visibility = 'private' where id = $1", id)
    await until(lambda: public.get(id) is None)
    await until(lambda: (row := mine.get(id)) and row.visibility == "private")
    await desk.db.execute("update public.generations set visibility = 'public' where id = $1", id)
    await until(lambda: public.get(id))


async def test_a_fetch_that_fails_says_so_and_changes_no_row(desk: Desk, monkeypatch: pytest.MonkeyPatch):  # L6
    hasten(monkeypatch, relaxed_s=0.02, poll_s=0.02)
    await desk.add(2)
    table = await desk.live()
    before, said = list(table.rows), []
    table.subscribe(lambda _: said.append(table.error))
    desk.gate.error = Unreachable("Supabase does not answer")
    table.refresh()
    await until(lambda: said == ["Supabase does not answer"] or said[-1:] == ["Supabase does not answer"])
    assert (list(table.rows), table.phase) == (before, "ready")
    desk.gate.error = None
    await until(lambda: said[-1] is None)


async def test_a_first_fetch_that_fails_is_tried_again(desk: Desk, monkeypatch: pytest.MonkeyPatch):  # L6
    hasten(monkeypatch, relaxed_s=0.02, poll_s=0.02)
    (id,) = await desk.add()
    desk.gate.error = Unreachable("Supabase does not answer")
    table = desk.table()
    await until(lambda: table.phase == "failed")
    assert table.error == "Supabase does not answer"
    desk.gate.error = None
    await until(lambda: table.phase == "ready")
    assert (ids(table), table.error) == ([id], None)


async def test_a_row_that_cannot_be_read_is_said_in_words(desk: Desk):  # L6
    class Nonsense:
        async def select(self, *_: Any, **__: Any) -> list[dict[str, Any]]:
            return [{"id": "no id"}]

    table = desk.table(source=Nonsense())
    await until(lambda: table.phase == "failed")
    assert table.error is not None
    assert "\n" not in table.error


async def test_load_more_makes_it_a_page_longer(desk: Desk):
    made = await desk.add(25)
    table = await desk.live(limit=10)
    assert (len(table.rows), table.complete) == (10, False)
    await table.load_more()
    assert (len(table.rows), table.complete) == (20, False)
    await table.load_more()
    assert (len(table.rows), table.complete) == (25, True)
    await table.load_more()
    assert set(ids(table)) == set(made)
    table.refresh()
    fetches = table.fetches
    await until(lambda: table.fetches > fetches)
    assert len(table.rows) == 25, "it stays as long"


async def test_load_more_does_its_work_though_it_is_overtaken(desk: Desk):
    await desk.add(15)
    table = await desk.live(limit=10)
    desk.gate.open.clear()
    answers = desk.gate.answers
    more = asyncio.create_task(table.load_more())
    await until(lambda: desk.gate.answers > answers)  # the page is on its way
    desk.gate.open, slow = asyncio.Event(), desk.gate.open
    desk.gate.open.set()
    fetches = table.fetches
    table.refresh()
    await until(lambda: table.fetches > fetches)
    slow.set()
    await more
    assert len(table.rows) == 15


async def test_load_more_that_fails_leaves_all_as_it_was(desk: Desk):
    await desk.add(15)
    table = await desk.live(limit=10)
    desk.gate.error = Unreachable("Supabase does not answer")
    with pytest.raises(Unreachable):
        await table.load_more()
    desk.gate.error = None
    assert len(table.rows) == 10
    await table.load_more()
    assert len(table.rows) == 15


async def test_a_window_that_lost_rows_is_filled_up(desk: Desk, monkeypatch: pytest.MonkeyPatch):  # W4
    monkeypatch.setattr(live_table, "REFILL_S", 0.02)
    await desk.add(15)
    table = await desk.live(limit=10)
    for row in list(table.rows)[:3]:
        await desk.remove(row.id)
    await until(lambda: len(table.rows) == 10 and table.changes >= 3)


async def test_a_window_longer_than_an_answer_is_asked_for_in_pieces(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fetching, "PAGE", 10)
    await desk.add(40)
    table = desk.table(limit=25)
    await until(lambda: table.phase == "ready")
    assert len(table.rows) == 25
    assert desk.gate.answers == 3


async def test_a_write_shows_at_once_and_is_confirmed(desk: Desk):  # M2
    (id,) = await desk.add()
    table = await desk.live()
    api = desk.gate.api
    table.mutations.update(id, {"favourite": True}, lambda: api.update("generations", id, {"favourite": True}))
    table.flush()
    row, pending = table.get(id), table.pending(id)
    assert row is not None
    assert row.favourite
    assert pending is not None
    await until(lambda: table.pending(id) is None)
    assert (row := table.get(id)) is not None
    assert row.favourite
    assert await desk.db.fetchval("select favourite from public.generations where id = $1", id)


async def test_a_refused_write_is_taken_back_and_told(desk: Desk):  # M3
    (id,) = await desk.add()
    refusals: list[str] = []
    table = await desk.live(refused=refusals.append)
    api = desk.gate.api
    table.mutations.update(id, {"seed": 5}, lambda: api.update("generations", id, {"seed": 5}))
    table.flush()
    assert (row := table.get(id)) is not None
    assert row.seed == 5
    await until(lambda: refusals)
    table.flush()
    assert (row := table.get(id)) is not None
    assert row.seed == 1


async def test_a_listener_that_raises_or_leaves_stops_nobody(desk: Desk, caplog: pytest.LogCaptureFixture):  # C4
    caplog.set_level("CRITICAL", "starling.sync")
    table = await desk.live()

    def raises(_: Batch[Generation]) -> None:
        raise RuntimeError("a page's mistake")

    table.subscribe(raises)
    leave = table.subscribe(lambda _: leave())
    batches = listen(table)
    await desk.add()
    await until(lambda: batches)
    leave()
    assert len(table._listeners) == 2


async def test_between_an_answer_and_its_echo_no_older_state_is_shown(desk: Desk):  # M6
    (id,) = await desk.add()
    table = await desk.live(cadence_s=0.0)
    api = desk.gate.api
    shown: list[bool] = []
    table.subscribe(lambda batch: shown.extend(row.favourite for row in batch.updated))
    for n in range(20):
        changes = {"favourite": n % 2 == 0}
        table.mutations.update(id, changes, partial(api.update, "generations", id, changes))
        table.flush()
        if n % 3 == 0:
            await desk.change(id, f"by somebody else, {n}")
        await until(lambda: table.pending(id) is None)
    await until(lambda: (row := table.get(id)) and row.prompt == "by somebody else, 18")
    assert [mark for mark, _ in groupby(shown)] == [n % 2 == 0 for n in range(20)]


async def test_the_last_write_to_a_column_wins_as_in_the_database(desk: Desk):  # M6
    (id,) = await desk.add()
    table = await desk.live(cadence_s=0.0)
    api, marks, go = desk.gate.api, list[str](), asyncio.Event()

    async def send() -> dict[str, Any]:
        await go.wait()
        return await api.update("generations", id, {"visibility": "public"})

    table.subscribe(lambda batch: marks.extend(row.visibility for row in batch.updated))
    table.mutations.update(id, {"visibility": "public"}, send)
    await desk.db.execute("update public.generations set visibility = 'private', prompt = 'theirs' where id = $1", id)
    await until(lambda: (row := table.get(id)) and row.prompt == "theirs")
    go.set()
    await until(lambda: table.pending(id) is None)
    await desk.db.execute("update public.generations set visibility = 'private' where id = $1", id)
    await until(lambda: (row := table.get(id)) and row.visibility == "private")
    assert [mark for mark, _ in groupby(marks)] == ["public", "private"]


async def test_a_deleted_row_does_not_come_back_by_a_change_that_was_made_before(desk: Desk):  # W2
    (id,) = await desk.add()
    table = await desk.live()
    (record,) = await desk.gate.api.select(desk.query, 1)
    table.mutations.delete(id, partial(desk.gate.api.delete, "generations", id))
    await until(lambda: table.get(id) is None and table.pending(id) is None)
    late = Change("generations", "UPDATE", records=[record | {"version": record["version"] + 1}])
    table._on_change(late)
    table.flush()
    assert table.get(id) is None


# Resync --------------------------------------------------------------------------------------------------------------


def sent(gate: Gate, since: int = 0) -> int:
    """The bytes of the answers, as JSON."""
    return sum(len(json.dumps(records, default=str)) for _, _, records in gate.asked[since:])


async def again(desk: Desk, table: LiveTable[Generation]) -> list[tuple[Query, tuple[str, ...], list[dict[str, Any]]]]:
    """Fetches once more; what was asked for."""
    asked, fetches = len(desk.gate.asked), table.fetches
    table.refresh()
    await until(lambda: table.fetches == fetches + 1)
    table.flush()
    return desk.gate.asked[asked:]


async def test_a_resync_asks_for_keys_and_for_what_changed_only(desk: Desk):  # L2, W6
    made = await desk.add(200)
    table = desk.table()  # deaf: the connection is not open
    await until(lambda: table.phase == "ready")
    first, before, batches = sent(desk.gate), list(table.rows), listen(table)
    (keys,) = await again(desk, table)
    assert keys[1] == ("id", "version"), "nothing has changed: nothing but keys"
    await desk.change(made[70], "changed")
    asked = len(desk.gate.asked)
    _, (_, _, records) = await again(desk, table)
    assert [record["prompt"] for record in records] == ["changed"]
    assert [[row.prompt for row in batch.updated] for batch in batches] == [["changed"]]
    assert sum(a is b for a, b in zip(before, table.rows, strict=True)) == 199
    assert sent(desk.gate, asked) < first / 5
    assert table.resyncs == 2


async def test_a_resync_finds_what_came_and_went(desk: Desk):  # L2, L3, W6
    made = await desk.add(5)
    table = desk.table()
    await until(lambda: table.phase == "ready")
    await desk.remove(made[2])
    (new,) = await desk.add()
    await again(desk, table)
    assert ids(table) == [new, *[id for id in reversed(made) if id != made[2]]]


async def test_when_much_has_changed_it_is_looked_for_by_time(desk: Desk, monkeypatch: pytest.MonkeyPatch):  # W6
    monkeypatch.setattr(fetching, "BY_KEY", 3)
    monkeypatch.setattr(fetching, "MARGIN_S", 0.0)
    made = await desk.add(20)
    table = desk.table()
    await until(lambda: table.phase == "ready")
    for id in made[:7]:
        await desk.change(id, "changed")
    _, (query, columns, records) = await again(desk, table)
    assert query.where[-1].column == "updated_at"
    assert columns == ()
    assert {UUID(record["id"]) for record in records} >= set(made[:7])
    assert len(records) < 20
    assert sum(row.prompt == "changed" for row in table.rows) == 7


async def test_what_the_margin_does_not_reach_is_fetched_all_the_same(desk: Desk, monkeypatch):  # W6
    monkeypatch.setattr(fetching, "BY_KEY", 3)
    monkeypatch.setattr(fetching, "MARGIN_S", -3600.0)  # no row was changed since
    made = await desk.add(20)
    table = desk.table()
    await until(lambda: table.phase == "ready")
    for id in made[:7]:
        await desk.change(id, "changed")
    await again(desk, table)
    assert sum(row.prompt == "changed" for row in table.rows) == 7
    assert table.resyncs == 0, "it was fetched whole"


async def test_a_long_window_is_resynchronised_in_pieces(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fetching, "PAGE", 10)
    made = await desk.add(40)
    table = desk.table(limit=25)
    await until(lambda: table.phase == "ready")
    await desk.change(made[20], "changed")
    asked = await again(desk, table)
    assert [len(records) for _, _, records in asked] == [10, 10, 5, 1]
    assert (row := table.get(made[20])) is not None
    assert row.prompt == "changed"
    assert len(table.rows) == 25
