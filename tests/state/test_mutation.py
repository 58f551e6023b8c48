"""Mutations: M1 to M7, undo, and what is shown meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import BaseModel

from state.errors import RateLimited, Refused, Unreachable
from state.sync import mutation
from state.sync.mutation import Mutations, Send
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


class Line:
    """The way to the database: `down`, nothing gets an answer; `deaf`, writes of these names do not."""

    def __init__(self) -> None:
        self.down = True
        self.deaf: set[str] = set()
        self.calls: list[str] = []
        self.answered: list[str] = []
        self.at_once = 0
        self.most_at_once = 0

    def send(self, name: str, record: dict[str, Any] | None = None) -> Send:
        async def sending() -> dict[str, Any] | None:
            self.calls.append(name)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            await asyncio.sleep(0)
            self.at_once -= 1
            if self.down or name in self.deaf:
                raise Unreachable("Supabase does not answer")
            self.answered.append(name)
            return record

        return sending


class Desk:
    """Rows as the database has them, and mutations on top."""

    def __init__(self) -> None:
        self.held: dict[Any, Thing] = {}
        self.touched: list[Any] = []
        self.refusals: list[str] = []
        self.pauses: list[float] = []
        self.patient = True  # pauses last until somebody wakes the writes
        self.mutations: Mutations[Thing] = Mutations(
            touch=self.touched.append,
            confirm=lambda record: self.held.update({record["id"]: Thing(**record)}),
            gone=self.gone,
            refused=self.refusals.append,
            sleep=self.pause,
        )

    def gone(self, key: Any) -> None:
        self.held.pop(key, None)

    async def pause(self, seconds: float, stirred: asyncio.Event) -> None:
        self.pauses.append(seconds)
        await (stirred.wait() if self.patient else asyncio.sleep(0))

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


async def test_what_gets_no_answer_waits_and_is_sent_again_without_end(desk: Desk):  # M4
    desk.patient = False
    desk.held[1] = Thing(id=1)
    line = Line()
    pending = desk.mutations.update(1, {"done": True}, line.send("late", {"id": 1, "done": True}))
    assert not pending.waiting
    await until(lambda: len(line.calls) >= 30)
    assert (pending.waiting, pending.failed, desk.mutations.waiting) == (True, None, 1)
    assert desk.shown() == Thing(id=1, done=True)
    for n, pause in enumerate(desk.pauses):
        ceiling = min(mutation.LAST_BACKOFF_S, mutation.FIRST_BACKOFF_S * 2**n)
        assert ceiling / 2 <= pause <= ceiling
    line.down = False
    await desk.mutations.flush()
    assert (desk.held[1], desk.mutations.pending(1), desk.refusals) == (Thing(id=1, done=True), None, [])


async def test_what_waits_is_sent_at_once_when_there_is_a_connection(desk: Desk):  # M4
    line = Line()
    pending = desk.mutations.insert(Thing(id=1), 1, line.send("one", {"id": 1}))
    await until(lambda: pending.waiting and desk.pauses)
    line.down = False
    assert line.calls == ["one"]
    desk.mutations.wake()
    await until(lambda: desk.mutations.pending(1) is None)
    assert desk.held == {1: Thing(id=1)}


async def test_what_waits_is_replayed_in_the_order_it_was_made_one_at_a_time(desk: Desk):  # M1, M4
    desk.held = {n: Thing(id=n) for n in range(3)}
    line, made = Line(), []
    for n in range(12):
        made.append(f"write {n}")
        desk.mutations.update(n % 3, {"name": made[-1]}, line.send(made[-1], {"id": n % 3, "name": made[-1]}))
        if n == 5:
            await until(lambda: desk.mutations.waiting == 3 and desk.pauses)
    await until(lambda: desk.mutations.waiting == 3)
    assert all(pending.waiting for key in range(3) if (pending := desk.mutations.pending(key)))
    line.down, line.most_at_once = False, 0
    await desk.mutations.flush()
    assert line.answered == made
    assert line.most_at_once == 1
    assert [desk.held[n].name for n in range(3)] == ["write 9", "write 10", "write 11"]


async def test_in_an_outage_few_are_tried(desk: Desk):  # M4, M5
    line = Line()
    for n in range(50):
        desk.mutations.insert(Thing(id=n), n, line.send(str(n)))
    await until(lambda: desk.mutations.waiting == 50 and desk.pauses)
    line.calls.clear()
    desk.mutations.wake()
    await until(lambda: len(desk.pauses) == 2)
    assert len(line.calls) == mutation.SILENT
    assert line.calls[0] == "0"


async def test_a_write_that_alone_gets_no_answer_holds_up_no_other(desk: Desk):  # M5
    line = Line()
    line.deaf = {"deaf 0", "deaf 1", "deaf 2"}
    for n in range(3):
        desk.mutations.insert(Thing(id=n), n, line.send(f"deaf {n}"))
    for n in range(3, 8):
        desk.mutations.insert(Thing(id=n), n, line.send(str(n), {"id": n}))
    await until(lambda: desk.mutations.waiting == 8 and desk.pauses)
    line.down = False
    for _ in range(8):
        desk.mutations.wake()
        await until(lambda: not desk.mutations._stirred.is_set())
    await until(lambda: desk.mutations.waiting == 3)
    assert line.answered == ["3", "4", "5", "6", "7"]
    desk.mutations.insert(Thing(id=9), 9, line.send("later", {"id": 9}))
    await until(lambda: "later" in line.answered)
    line.deaf.clear()
    await desk.mutations.flush()
    assert line.answered[-3:] == ["deaf 0", "deaf 1", "deaf 2"]


async def test_too_many_requests_are_given_the_time_they_ask_for(desk: Desk):  # M4
    answers: list[Any] = [RateLimited("Too many requests at the moment", 33.0), {"id": 1}]
    passed = asyncio.Event()

    async def send() -> dict[str, Any]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def pause(seconds: float, stirred: asyncio.Event) -> None:
        desk.pauses.append(seconds)
        waits = [asyncio.ensure_future(event.wait()) for event in (stirred, passed)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    desk.mutations._sleep = pause
    desk.mutations.insert(Thing(id=1), 1, send)
    await until(lambda: desk.pauses)
    desk.mutations.wake()
    for _ in range(10):
        await asyncio.sleep(0)
    assert (desk.pauses, len(answers)) == ([33.0], 1), "a connection is no permission"
    passed.set()
    await desk.mutations.flush()
    assert desk.held == {1: Thing(id=1)}


async def test_a_waiting_insert_can_be_discarded_with_what_was_written_on_top(desk: Desk):  # M4
    line = Line()
    pending = desk.mutations.insert(Thing(id=1), 1, line.send("insert", {"id": 1}))
    desk.mutations.update(1, {"done": True}, line.send("on top"))
    await until(lambda: pending.waiting)
    pending.discard()
    assert (desk.shown(), desk.mutations.waiting) == (None, 0)
    line.down = False
    await desk.mutations.flush()
    assert line.calls == ["insert"]


async def test_a_waiting_update_can_be_discarded_and_takes_no_later_one_with_it(desk: Desk):  # M1, M4
    desk.held[1] = Thing(id=1, name="as it is")
    line = Line()
    pending = desk.mutations.update(1, {"name": "discarded"}, line.send("first"))
    desk.mutations.update(1, {"done": True}, line.send("second", {"id": 1, "name": "as it is", "done": True}))
    await until(lambda: pending.waiting)
    pending.discard()
    assert desk.shown() == Thing(id=1, name="as it is", done=True)
    line.down = False
    await desk.mutations.flush()
    assert line.answered == ["second"]
    assert desk.held[1] == Thing(id=1, name="as it is", done=True)


async def test_a_held_delete_behind_a_waiting_update_can_still_be_undone(desk: Desk):  # M1, M4
    desk.held[1] = Thing(id=1)
    line = Line()
    update = desk.mutations.update(1, {"done": True}, line.send("update", {"id": 1, "done": True}))
    await until(lambda: update.waiting)
    delete = desk.mutations.delete(1, line.send("delete"), hold_s=3600)
    line.down = False
    desk.mutations.wake()
    await until(lambda: "update" in line.answered)
    await until(lambda: desk.mutations.waiting == 0)
    delete.discard()
    await desk.mutations.flush()
    assert (line.answered, desk.shown()) == (["update"], Thing(id=1, done=True))


async def test_a_waiting_write_that_is_refused_in_the_end_waits_no_longer(desk: Desk):  # M3, M4
    answers: list[Exception] = [Unreachable("?"), Refused("A hundred jobs are waiting already")]

    async def send() -> None:
        raise answers.pop(0)

    line = Line()
    pending = desk.mutations.insert(Thing(id=1), 1, send)
    behind = desk.mutations.update(1, {"done": True}, line.send("behind"))
    await until(lambda: pending.waiting)
    desk.mutations.wake()
    await until(lambda: pending.failed)
    await until(lambda: desk.mutations.waiting == 0)
    assert (pending.waiting, behind.waiting, line.calls) == (False, False, [])
    assert desk.refusals == ["A hundred jobs are waiting already"]


async def test_more_than_a_thousand_writes_are_refused_and_can_be_made_again(desk: Desk, monkeypatch):  # M7
    monkeypatch.setattr(mutation, "MAX_WRITES", 3)
    line = Line()
    for n in range(3):
        desk.mutations.insert(Thing(id=n), n, line.send(str(n), {"id": n}))
    await until(lambda: desk.mutations.waiting == 3)
    refused = desk.mutations.insert(Thing(id=9), 9, line.send("9", {"id": 9}))
    assert (refused.failed, desk.refusals, desk.shown(9)) == (mutation.FULL, [mutation.FULL], None)
    assert desk.mutations.unconfirmed == 3
    line.down = False
    await desk.mutations.flush()
    refused.retry()
    await desk.mutations.flush()
    assert line.answered == ["0", "1", "2", "9"]


async def test_an_answer_that_cannot_be_read_is_no_refusal(desk: Desk, caplog: pytest.LogCaptureFixture):
    caplog.set_level("CRITICAL", "starling.sync")
    line = Line()
    line.down = False
    desk.mutations.insert(Thing(id=1), 1, line.send("one", {"nonsense": 1}))
    await desk.mutations.flush()
    assert (desk.refusals, desk.mutations.unconfirmed) == ([], 0)


async def test_an_answer_after_silence_confirms(desk: Desk):  # M4
    desk.patient = False
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
