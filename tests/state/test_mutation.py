"""Mutations: M1 to M4, undo, and what is shown meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import BaseModel

from state.errors import RateLimited, Refused, Unreachable
from state.sync import mutation
from state.sync.mutation import Mutations
from tests.state.support import until


class Thing(BaseModel):
    id: int
    name: str = "new"
    done: bool = False


class Sending:
    """One write on its way: `answer` or `fail` ends it."""

    def __init__(self) -> None:
        self.calls = 0
        self.future: asyncio.Future[dict[str, Any] | None] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> dict[str, Any] | None:
        self.calls += 1
        return await asyncio.shield(self.future)

    def answer(self, record: dict[str, Any] | None = None) -> None:
        self.future.set_result(record)

    def fail(self, error: Exception) -> None:
        self.future.set_exception(error)


class Desk:
    """Rows as the database has them, and mutations on top."""

    def __init__(self) -> None:
        self.held: dict[Any, Thing] = {}
        self.touched: list[Any] = []
        self.refusals: list[str] = []
        self.pauses: list[float] = []
        self.mutations: Mutations[Thing] = Mutations(
            touch=self.touched.append,
            confirm=lambda record: self.held.update({record["id"]: Thing(**record)}),
            gone=self.gone,
            refused=self.refusals.append,
            sleep=self.pause,
        )

    def gone(self, key: Any) -> None:
        self.held.pop(key, None)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def shown(self, key: Any = 1) -> Thing | None:
        return self.mutations.fold(key, self.held.get(key))


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    yield made
    await made.mutations.close()


async def test_an_insert_shows_at_once_and_is_confirmed_by_its_answer(desk: Desk):  # M2
    send = Sending()
    pending = desk.mutations.insert(Thing(id=1), 1, send)
    assert desk.shown() == Thing(id=1)
    assert desk.mutations.pending(1) is pending
    assert desk.touched == [1]
    send.answer({"id": 1, "name": "as the database has it"})
    await desk.mutations.flush()
    assert desk.shown() == Thing(id=1, name="as the database has it")
    assert desk.mutations.pending(1) is None


async def test_the_echo_of_an_insert_may_come_before_its_answer(desk: Desk):  # M2
    send = Sending()
    desk.mutations.insert(Thing(id=1), 1, send)
    desk.held[1] = Thing(id=1, name="the echo")
    assert desk.shown() == Thing(id=1, name="the echo")
    send.answer({"id": 1, "name": "the echo"})
    await desk.mutations.flush()
    assert desk.shown() == Thing(id=1, name="the echo")


async def test_writes_to_one_row_go_out_in_order_and_show_together(desk: Desk):  # M1
    insert, first, second = Sending(), Sending(), Sending()
    desk.mutations.insert(Thing(id=1), 1, insert)
    desk.mutations.update(1, {"name": "first"}, first)
    desk.mutations.update(1, {"name": "second", "done": True}, second)
    assert desk.shown() == Thing(id=1, name="second", done=True)
    await until(lambda: insert.calls)
    assert (first.calls, second.calls) == (0, 0)
    insert.answer({"id": 1})
    await until(lambda: first.calls)
    assert second.calls == 0
    first.answer({"id": 1, "name": "first"})
    await until(lambda: second.calls)
    second.answer({"id": 1, "name": "second", "done": True})
    await desk.mutations.flush()
    assert desk.shown() == Thing(id=1, name="second", done=True)


async def test_writes_to_different_rows_do_not_wait_for_each_other(desk: Desk):  # M1
    one, two = Sending(), Sending()
    desk.mutations.insert(Thing(id=1), 1, one)
    desk.mutations.insert(Thing(id=2), 2, two)
    await until(lambda: one.calls and two.calls)
    two.answer({"id": 2})
    await until(lambda: desk.mutations.pending(2) is None)
    assert desk.mutations.keys() == [1]
    one.answer({"id": 1})
    await desk.mutations.flush()


async def test_a_refused_insert_stays_until_it_is_retried(desk: Desk):  # M3
    send = Sending()
    pending = desk.mutations.insert(Thing(id=1), 1, send)
    send.fail(Refused("A hundred jobs are waiting already"))
    await desk.mutations.flush()
    assert desk.shown() == Thing(id=1)
    assert pending.failed == "A hundred jobs are waiting already"
    assert desk.refusals == ["A hundred jobs are waiting already"]
    pending.send = again = Sending()
    pending.retry()
    assert pending.failed is None
    again.answer({"id": 1, "name": "at last"})
    await desk.mutations.flush()
    assert desk.shown() == Thing(id=1, name="at last")


async def test_a_refused_insert_can_be_discarded_with_what_was_written_on_top(desk: Desk):  # M3
    send, on_top = Sending(), Sending()
    pending = desk.mutations.insert(Thing(id=1), 1, send)
    desk.mutations.update(1, {"done": True}, on_top)
    send.fail(Refused("no"))
    await desk.mutations.flush()
    assert desk.mutations.pending(1) is pending, "the failed one before any other"
    pending.discard()
    assert desk.shown() is None
    assert on_top.calls == 0
    assert desk.mutations.keys() == []


@pytest.mark.parametrize("kind", ["update", "delete"])
async def test_a_refused_write_is_taken_back_and_keeps_what_others_did(desk: Desk, kind: str):  # M3
    desk.held[1] = Thing(id=1, name="before")
    send = Sending()
    if kind == "update":
        desk.mutations.update(1, {"done": True}, send)
    else:
        desk.mutations.delete(1, send)
    desk.held[1] = Thing(id=1, name="by somebody else")
    send.fail(Refused("It is no longer there"))
    await desk.mutations.flush()
    assert desk.shown() == Thing(id=1, name="by somebody else")
    assert desk.mutations.pending(1) is None
    assert desk.refusals == ["It is no longer there"]


async def test_a_refused_update_takes_no_later_one_with_it(desk: Desk):  # M1, M3
    desk.held[1] = Thing(id=1)
    refused, later = Sending(), Sending()
    desk.mutations.update(1, {"name": "refused"}, refused)
    desk.mutations.update(1, {"done": True}, later)
    refused.fail(Refused("no"))
    later.answer({"id": 1, "done": True})
    await desk.mutations.flush()
    assert desk.shown() == Thing(id=1, done=True)


async def test_what_gets_no_answer_is_sent_again_and_then_given_up(desk: Desk):  # M4
    desk.held[1] = Thing(id=1)
    calls: list[int] = []

    async def send() -> None:
        calls.append(1)
        raise RateLimited("Too many requests at the moment")

    desk.mutations.update(1, {"done": True}, send)
    await desk.mutations.flush()
    assert len(calls) == mutation.ATTEMPTS
    assert len(desk.pauses) == mutation.ATTEMPTS - 1
    for n, pause in enumerate(desk.pauses):
        ceiling = min(mutation.LAST_BACKOFF_S, mutation.FIRST_BACKOFF_S * 2**n)
        assert ceiling / 2 <= pause <= ceiling
    assert desk.shown() == Thing(id=1)
    assert desk.refusals == ["Too many requests at the moment"]


async def test_an_answer_after_silence_confirms(desk: Desk):  # M4
    answers: list[Any] = [Unreachable("?"), Unreachable("?"), {"id": 1, "name": "there it is"}]

    async def send() -> dict[str, Any]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    desk.mutations.insert(Thing(id=1), 1, send)
    await desk.mutations.flush()
    assert desk.shown() == Thing(id=1, name="there it is")
    assert desk.refusals == []


async def test_a_mistake_in_sending_is_no_silent_loss(desk: Desk):
    async def send() -> None:
        raise KeyError("a bug")

    desk.held[1] = Thing(id=1)
    desk.mutations.update(1, {"done": True}, send)
    await desk.mutations.flush()
    assert desk.mutations.pending(1) is None
    assert desk.shown() == Thing(id=1)
    assert len(desk.refusals) == 1


async def test_a_held_delete_vanishes_at_once_and_can_be_undone(desk: Desk):
    desk.held[1] = Thing(id=1)
    send = Sending()
    pending = desk.mutations.delete(1, send, hold_s=60)
    assert desk.shown() is None
    pending.discard()
    assert desk.shown() == Thing(id=1)
    await desk.mutations.flush()
    assert send.calls == 0


async def test_a_held_delete_is_sent_when_its_time_has_passed(desk: Desk):
    desk.held[1] = Thing(id=1)
    send = Sending()
    pending = desk.mutations.delete(1, send, hold_s=0.01)
    await until(lambda: send.calls)
    pending.discard()  # too late to be undone: the row must not come back and go again
    assert desk.shown() is None
    send.answer()
    await desk.mutations.flush()
    assert desk.held == {}
    assert desk.shown() is None


async def test_an_insert_that_is_discarded_in_flight_is_gone_unless_the_database_has_it(desk: Desk):
    send = Sending()
    pending = desk.mutations.insert(Thing(id=1), 1, send)
    await until(lambda: send.calls)
    pending.discard()
    assert desk.shown() is None
    send.answer({"id": 1})
    await desk.mutations.flush()
    assert desk.shown() == Thing(id=1), "it was made all the same, and that is shown"


async def test_flush_sends_what_is_held(desk: Desk):
    desk.held[1] = Thing(id=1)
    send = Sending()
    desk.mutations.delete(1, send, hold_s=3600)
    send.answer()
    await desk.mutations.flush()
    assert send.calls == 1
    assert desk.held == {}


async def test_close_ends_all_sending(desk: Desk):
    desk.mutations.insert(Thing(id=1), 1, Sending())
    desk.mutations.delete(2, Sending(), hold_s=3600)
    await desk.mutations.close()
    assert desk.shown() == Thing(id=1), "what is shown stays"
