"""Window: the invariants W1 to W6, one by one and under fire."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from state.sync.change import Change
from state.sync.query import Order, Query, Where
from state.sync.window import Window

QUERY = Query("things", (Where("shown", "eq", True),), (Order("rank"),))


@dataclass(frozen=True)
class Thing:
    id: UUID
    version: int
    rank: int
    shown: bool = True


def parse(record: dict[str, Any]) -> Thing:
    return Thing(UUID(record["id"]), record["version"], record["rank"], record["shown"])


def record(number: int, version: int, rank: int = 0, shown: bool = True) -> dict[str, Any]:
    return {"id": str(UUID(int=number)), "version": version, "rank": rank, "shown": shown}


def upsert(*records: dict[str, Any]) -> Change:
    return Change("things", "UPDATE", records=list(records))


def removal(number: int, version: int) -> Change:
    return Change("things", "DELETE", old_keys=[{"id": str(UUID(int=number)), "version": version}])


def held(window: Window[Thing]) -> list[Thing]:
    return sorted(window._held.values(), key=QUERY.sort_key)


def filled(*records: dict[str, Any], limit: int = 10) -> Window[Thing]:
    window: Window[Thing] = Window(QUERY, parse, limit)
    window.snapshot(list(records), window.ask())
    return window


def test_an_older_change_changes_nothing():  # W1
    window = filled(record(1, version=5, rank=1))
    assert window.apply(upsert(record(1, version=4, rank=9))) == set()
    assert window.apply(removal(1, version=4)) == set()
    assert held(window)[0].rank == 1


def test_a_removed_row_stays_removed():  # W2
    window = filled(record(1, version=5))
    assert window.apply(removal(1, version=5)) == {UUID(int=1)}
    assert window.apply(upsert(record(1, version=5))) == set()
    assert window.apply(upsert(record(1, version=4))) == set()
    assert held(window) == []


def test_a_row_that_left_the_circle_and_came_back_is_shown_again():
    window = filled(record(1, version=5))
    window.apply(removal(1, version=6))
    assert window.apply(upsert(record(1, version=7))) == {UUID(int=1)}


def test_a_snapshot_does_not_undo_what_came_after_it_was_asked_for():  # W3
    window = filled(record(1, version=1))
    asked = window.ask()
    window.apply(upsert(record(2, version=2), record(1, version=3, rank=7)))
    window.apply(removal(3, version=4))
    window.snapshot([record(1, version=1), record(3, version=3)], asked)
    assert [(thing.id.int, thing.rank) for thing in held(window)] == [(2, 0), (1, 7)]


def test_what_a_snapshot_lacks_is_gone():
    window = filled(record(1, version=1), record(2, version=2))
    assert window.snapshot([record(2, version=2)], window.ask()) == {UUID(int=1)}


def test_a_row_that_no_longer_matches_leaves():
    window = filled(record(1, version=1))
    assert window.apply(upsert(record(1, version=2, shown=False))) == {UUID(int=1)}
    assert window.apply(upsert(record(1, version=1))) == set()


def test_unchanged_rows_stay_the_same_objects():  # W5
    window = filled(record(1, version=1), record(2, version=2))
    before = window.get(UUID(int=1))
    window.snapshot([record(1, version=1), record(2, version=3, rank=1)], window.ask())
    assert window.get(UUID(int=1)) is before


def test_rows_behind_the_last_known_one_are_not_kept():  # W4
    window = filled(*(record(n, version=n, rank=n) for n in range(1, 4)), limit=3)
    assert not window.complete
    assert window.apply(upsert(record(9, version=9, rank=9))) == set()
    assert window.apply(upsert(record(8, version=8, rank=0))) == {UUID(int=8)}


def test_a_full_window_that_lost_a_row_wants_a_refill():  # W4
    window = filled(*(record(n, version=n, rank=n) for n in range(1, 4)), limit=3)
    window.apply(removal(2, version=5))
    assert window.wants_refill
    window.snapshot([record(1, 1, 1), record(3, 3, 3), record(4, 4, 4)], window.ask())
    assert not window.wants_refill
    assert len(window) == 3


def test_a_window_never_grows_past_its_limit_and_slack():  # W4
    window = filled(*(record(n, version=n, rank=n) for n in range(1, 4)), limit=3)
    for n in range(10, 500):
        window.apply(upsert(record(n, version=n, rank=-n)))
    assert len(window) <= 3 + 50
    assert held(window)[0].rank == -499


def test_a_page_makes_the_window_longer():
    rows = [record(n, version=n, rank=n) for n in range(1, 6)]
    window = filled(*rows[:3], limit=3)
    assert window.last is not None
    assert window.last.rank == 3
    window.page(rows[3:], window.ask(), 3)
    assert window.complete
    assert [thing.rank for thing in held(window)] == [1, 2, 3, 4, 5]


def resync(window: Window[Thing], *now: dict[str, Any], limit: int = 10) -> set[Any] | None:
    """The rows that are there now, told as a resync tells them. What was asked for is `asked_for`."""
    asked = window.ask()
    keys = window.read_keys([{"id": row["id"], "version": row["version"]} for row in now[:limit]])
    missing = window.missing(keys, asked)
    asked_for[:] = missing
    return window.resync([row for row in now if UUID(row["id"]) in missing], keys, asked)


asked_for: list[Any] = []


def test_a_resync_asks_only_for_rows_that_are_different():  # W6
    window = filled(record(1, version=1), record(2, version=2), record(3, version=3))
    before = [window.get(UUID(int=n)) for n in (1, 2, 3)]
    assert resync(window, record(1, 1), record(2, 5, rank=4), record(4, 6)) == {UUID(int=n) for n in (2, 3, 4)}
    assert asked_for == [UUID(int=2), UUID(int=4)]
    assert [(thing.id.int, thing.version) for thing in held(window)] == [(1, 1), (4, 6), (2, 5)]
    assert window.get(UUID(int=1)) is before[0], "W5"


def test_a_resync_does_not_undo_what_came_after_it_was_asked_for():  # W3, W6
    window = filled(record(1, version=1), record(2, version=2), record(3, version=3))
    asked = window.ask()
    keys = window.read_keys([record(1, 1), record(2, 2), record(3, 3)])
    window.apply(upsert(record(1, version=4, rank=7), record(5, version=5)))
    window.apply(removal(3, version=3))
    assert window.missing(keys, asked) == []
    assert window.resync([], keys, asked) == set()
    assert [thing.id.int for thing in held(window)] == [2, 5, 1]


def test_records_that_are_none_of_the_keys_or_older_than_them_are_passed_over():  # W6
    window = filled(record(1, version=1), record(2, version=2))
    asked = window.ask()
    keys = window.read_keys([record(1, 3)])
    assert window.missing(keys, asked, [record(1, 2)]) == [UUID(int=1)]
    assert window.resync([record(1, 2, rank=9), record(7, 7)], keys, asked) == {UUID(int=1), UUID(int=2)}
    assert held(window) == [], "the row as it was is no longer true, and as it is was not sent"


def test_the_end_of_a_resync_is_the_last_row_known_as_its_key_says():  # W4, W6
    window = filled(*(record(n, version=n, rank=n) for n in range(1, 4)), limit=3)
    asked = window.ask()
    keys = window.read_keys([record(1, 1), record(2, 2), record(3, 8)])
    window.resync([record(3, version=9, rank=50)], keys, asked)  # moved again before it was sent
    assert [thing.id.int for thing in held(window)] == [1, 2], "nothing is known of what is between 2 and 50"
    assert window.wants_refill


def test_a_resync_whose_end_cannot_be_told_changes_nothing():  # W4, W6
    window = filled(record(1, version=1, rank=1), limit=1)
    asked = window.ask()
    assert window.resync([record(2, version=9, rank=5)], window.read_keys([record(2, 8)]), asked) is None
    assert [thing.id.int for thing in held(window)] == [1]


def test_a_row_that_was_hidden_and_can_be_seen_again_unchanged_comes_back():  # W2
    window = filled(record(1, version=1), record(2, version=2))
    assert resync(window, record(2, 2)) == {UUID(int=1)}
    window.apply(upsert(record(1, version=1)))  # a late message is no answer
    assert window.get(UUID(int=1)) is None
    assert resync(window, record(1, 1), record(2, 2)) == {UUID(int=1)}
    window.apply(removal(1, version=1))
    window.snapshot([record(1, 1), record(2, 2)], window.ask())
    assert window.get(UUID(int=1)) is not None


def test_a_deleted_row_is_not_brought_back_by_a_change_that_was_made_before():  # W2
    window = filled(record(1, version=1))
    asked = window.ask()
    assert window.forget(UUID(int=1))
    assert window.apply(upsert(record(1, version=3))) == set()
    window.snapshot([record(1, version=3)], asked)
    assert held(window) == []


def test_an_answer_that_may_lack_what_was_left_out_meanwhile_says_so():  # W3
    window = filled(*(record(n, version=n, rank=n) for n in range(1, 4)), limit=3)
    asked = window.ask()
    window.apply(upsert(record(9, version=9, rank=9)))  # behind the end, so not kept
    window.page([record(4, version=4, rank=4)], asked, 3)  # read before
    assert window.complete
    assert window.overtaken
    resync(window, *(record(n, version=n, rank=n) for n in (1, 2, 3, 4, 9)))
    assert not window.overtaken
    assert len(window) == 5


def test_what_was_moved_behind_the_end_while_a_snapshot_was_on_its_way_is_not_kept():  # W4
    window = filled(*(record(n, version=n, rank=n) for n in range(1, 4)), limit=4)
    assert window.complete
    asked = window.ask()
    window.apply(upsert(record(3, version=9, rank=70)))
    window.snapshot([record(n, version=n, rank=n) for n in range(1, 5)], asked)
    assert [thing.id.int for thing in held(window)] == [1, 2, 4]


def test_a_change_that_cannot_be_read_changes_nothing():
    window = filled(record(1, version=1))
    with pytest.raises(KeyError):
        window.apply(upsert(record(1, version=2), {"id": str(UUID(int=2))}))
    assert [thing.version for thing in held(window)] == [1]


def test_between_two_fetches_nothing_grows_with_the_changes():  # W4
    window = filled(*(record(n, version=n, rank=n) for n in range(1, 4)), limit=3)
    for n in range(10, 200):
        window.apply(upsert(record(n, version=n, rank=99)))
    assert window._touched == {}


class Database:
    """A table and the changes it announced, to be delivered as badly as one likes."""

    def __init__(self) -> None:
        self.rows: dict[int, dict[str, Any]] = {}
        self.announced: list[Change] = []
        self.version = 0
        self.used = 0

    def write(self, draw: random.Random) -> None:
        self.version += 1
        existing = list(self.rows)
        act = draw.random()
        if act < 0.45 or not existing:
            self.used += 1
            self.rows[self.used] = record(self.used, self.version, draw.randint(0, 30), draw.random() < 0.8)
            self.announced.append(upsert(self.rows[self.used]))
        elif act < 0.8:
            number = draw.choice(existing)
            self.rows[number] = record(number, self.version, draw.randint(0, 30), draw.random() < 0.8)
            self.announced.append(upsert(self.rows[number]))
        else:
            gone = self.rows.pop(number := draw.choice(existing))
            self.announced.append(removal(number, gone["version"]))

    def select(self, limit: int) -> list[dict[str, Any]]:
        rows = sorted((row for row in self.rows.values() if row["shown"]), key=lambda row: QUERY.sort_key(parse(row)))
        return rows[:limit]

    def of(self, keys: list[Any]) -> list[dict[str, Any]]:
        return [row for row in self.select(len(self.rows)) if UUID(row["id"]) in keys]


def test_the_next_page_begins_where_everything_before_is_known():  # W4
    window: Window[Thing] = Window(QUERY, parse, 2)
    asked = window.ask()
    window.apply(upsert(*(record(number, version=number, rank=number) for number in (1, 2, 9))))
    window.snapshot([record(1, version=1, rank=1), record(2, version=2, rank=2)], asked)
    assert [thing.rank for thing in held(window)] == [1, 2], "between 2 and 9 there may be others"
    assert window.last is not None
    assert window.last.rank == 2


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), limit=st.sampled_from([3, 7, 20, 100]), last=st.sampled_from(["snapshot", "resync"]))
def test_whatever_is_dropped_doubled_or_reordered_it_ends_equal(seed: int, limit: int, last: str):  # W1 to W6
    draw, database = random.Random(seed), Database()
    window: Window[Thing] = Window(QUERY, parse, limit)
    in_flight: list[tuple[int, list[dict[str, Any]]]] = []
    resyncs: list[tuple[int, list[tuple[Any, int]]]] = []
    for _ in range(draw.randint(20, 120)):
        act = draw.random()
        if act < 0.5:
            database.write(draw)
        elif act < 0.75 and database.announced:
            change = draw.choice(database.announced[-8:])
            window.apply(change)
        elif act < 0.82:
            in_flight.append((window.ask(), database.select(limit)))
        elif act < 0.9:
            resyncs.append((window.ask(), window.read_keys(database.select(limit))))
        elif resyncs and draw.random() < 0.5:  # its records are read now, its keys were read before
            asked, keys = resyncs.pop(draw.randrange(len(resyncs)))
            window.resync(database.of(window.missing(keys, asked)), keys, asked)
        elif in_flight:
            asked, rows = in_flight.pop(draw.randrange(len(in_flight)))
            window.snapshot(rows, asked)
        assert len(window) <= limit + 50
    for asked, _ in [*in_flight, *resyncs]:
        window.abandon(asked)
    if last == "snapshot":
        window.snapshot(database.select(limit), window.ask())
    else:
        asked = window.ask()
        keys = window.read_keys(database.select(limit))
        window.resync(database.of(window.missing(keys, asked)), keys, asked)
    expected = [parse(row) for row in database.select(limit)]
    assert held(window)[: len(expected)] == expected
    if window.complete:
        assert held(window) == expected
