"""Union: several Rows as one."""

from __future__ import annotations

from state.models import Generation
from state.sync.mutation import Pending
from state.sync.rows import Batch
from state.sync.union import Union
from tests.components.rows import HandRows, picture


async def never() -> None:
    return None


def test_a_deletion_that_is_undone_before_its_source_told_of_it_brings_the_row_back() -> None:
    row = picture("winter orchard")
    mine: HandRows[Generation] = HandRows([row])
    world: HandRows[Generation] = HandRows([row])
    union: Union[Generation] = Union([mine, world], sort_key=lambda row: (row.id.int,))
    union.open()
    mine.unconfirmed[row.id] = Pending(row.id, "delete", never)
    world.listeners.emit(Batch(deleted=[row]))  # the world is faster than the member's next batch
    assert list(union.rows) == []
    del mine.unconfirmed[row.id]
    mine.listeners.emit(Batch())  # made and taken back: no difference to tell
    assert list(union.rows) == [row]


def test_an_update_that_is_taken_back_unheard_gives_way_to_the_newest_state() -> None:
    old, new = picture("two moons", version=1), picture("two moons", version=2)
    new = new.model_copy(update={"id": old.id})
    mine: HandRows[Generation] = HandRows([old])
    world: HandRows[Generation] = HandRows([old])
    union: Union[Generation] = Union([mine, world], sort_key=lambda row: (row.id.int,))
    union.open()
    mine.unconfirmed[old.id] = Pending(old.id, "update", never)
    world.rows = [new]
    world.listeners.emit(Batch(updated=[new]))
    assert list(union.rows) == [old]
    del mine.unconfirmed[old.id]
    mine.listeners.emit(Batch())
    assert list(union.rows) == [new]


def test_a_deletion_in_a_source_that_does_not_hold_the_row_yet_hides_it_once_it_is_looked_at() -> None:
    row = picture("salt flats")
    mine: HandRows[Generation] = HandRows([])  # the world was faster
    world: HandRows[Generation] = HandRows([row])
    union: Union[Generation] = Union([mine, world], sort_key=lambda row: (row.id.int,))
    union.open()
    mine.unconfirmed[row.id] = Pending(row.id, "delete", never)
    union.look(row.id)
    assert list(union.rows) == []
    del mine.unconfirmed[row.id]
    mine.listeners.emit(Batch())
    assert list(union.rows) == [row]
