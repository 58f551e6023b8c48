"""OwnQueue: a pause, an order, batches and cancelling many, as they look at once and as they end; and the line."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from embedded.stack import Address
from state.errors import Refused, Unreachable
from state.generation import Draft
from state.line import places
from state.member import Member
from state.models import Job
from state.queue import OwnQueue
from state.starling import Starling
from state.sync.together import Together
from tests.components.rows import ADA, GRACE, job
from tests.state.support import (
    AURORA,
    PASSWORD,
    add_job,
    as_admin,
    make_account,
    remove_account,
    settings_of,
    until,
)


@dataclass
class Desk:
    """A member with their queue, in two processes as it were, and the database behind them."""

    starling: Starling
    db: asyncpg.Connection
    member: Member
    own: OwnQueue
    elsewhere: Member  # the same person, in another process

    def generate(self, **values: Any) -> UUID:
        draft = Draft.check(**{"prompt": f"a prompt {uuid4()}", "model_id": AURORA, "visibility": "private", **values})
        assert isinstance(draft, Draft), draft
        return self.member.studio.generate(draft)

    async def queued(self, n: int) -> list[UUID]:
        """So many jobs, one after the other."""
        ids: list[UUID] = []
        for _ in range(n):
            ids.append(self.generate())
            await self.sent()
        return ids

    async def sent(self) -> None:
        await asyncio.wait_for(self.member.jobs.mutations.flush(), 25)
        await asyncio.wait_for(self.own.rows.mutations.flush(), 25)

    @property
    def line(self) -> list[UUID]:
        self.member.jobs.flush()
        return [job.id for job in self.own.waiting]

    async def truth(self) -> list[UUID]:
        rows = await self.db.fetch(
            "select id from public.generation_jobs where owner_id = $1 and status = 'waiting' order by priority desc, position",
            self.member.id,
        )
        return [row["id"] for row in rows]

    def told(self) -> list[str]:
        sentences: list[str] = []
        self.member.studio.failures.subscribe(sentences.append, unsubscribe_on_delete=False)
        return sentences


@pytest.fixture(scope="module")
async def house(
    supabase: Address, db: asyncpg.Connection, http: httpx.AsyncClient, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    account = await make_account(supabase, http)
    starlings, members = [], []
    for name in ("here", "there"):
        starling = Starling(settings_of(supabase, tmp_path_factory.mktemp(name)))
        starling.open()
        member = starling.members.of(await starling.sessions.sign_in(account.email, PASSWORD))
        assert member is not None
        starlings.append(starling)
        members.append(member)
    own, leave = members[0].areas.use("queue", lambda: OwnQueue(members[0]))
    tables = [table for one in (*members, starlings[0].world) for table in one.tables]
    await until(lambda: all(table.phase == "ready" for table in tables))
    await until(lambda: all(member.connection.status.state == "live" for member in members))
    yield Desk(starlings[0], db, members[0], own, members[1])
    leave()
    for starling in starlings:
        await starling.close()
    await remove_account(supabase, http, account)


@pytest.fixture
async def desk(house: Desk) -> AsyncIterator[Desk]:
    """With nothing in it, and not paused."""
    yield house
    await house.sent()
    await house.db.execute("update public.generation_queues set paused = false where id = $1", house.member.id)
    await house.db.execute(
        "update public.generation_jobs set status = 'cancelled' where status in ('waiting', 'active')"
    )
    await house.db.execute("delete from public.generation_jobs where owner_id = $1", house.member.id)
    await until(lambda: not house.own.paused and not house.line and not house.elsewhere.jobs.rows)


# Pausing ------------------------------------------------------------------------------------------------------------


async def test_a_pause_shows_at_once_and_its_jobs_stand_in_no_line(desk: Desk):
    id = desk.generate()
    assert desk.line == [id]
    assert desk.own.line() == {id: 1}
    await desk.sent()
    desk.own.pause()
    desk.own.rows.flush()
    assert desk.own.paused
    assert desk.own.line() == {}
    await desk.sent()
    await until(lambda: desk.elsewhere.jobs.get(id) and desk.elsewhere.jobs.get(id).held)  # type: ignore[union-attr]
    assert desk.elsewhere.studio.line() == {}
    desk.own.resume()
    await desk.sent()
    await until(lambda: desk.elsewhere.studio.line() == {id: 1} and desk.own.line() == {id: 1})


async def test_a_pause_that_is_refused_is_taken_back_and_told(desk: Desk, monkeypatch: pytest.MonkeyPatch):  # M3
    failures = desk.told()

    async def refuse(function: str, args: dict[str, Any]) -> None:
        raise Refused("Too much at once", "PT429")

    monkeypatch.setattr(desk.member.api, "rpc", refuse)
    desk.own.pause()
    desk.own.rows.flush()
    assert desk.own.paused
    await until(lambda: not desk.own.paused)
    assert failures == ["Too much at once"]


# Order --------------------------------------------------------------------------------------------------------------


async def test_a_move_shows_at_once_and_everywhere_soon(desk: Desk):
    a, b, c, d = await desk.queued(4)
    assert desk.line == [a, b, c, d]
    assert desk.own.move(d, a)
    assert desk.line == [d, a, b, c]
    assert desk.own.move(a)
    assert desk.line == [d, b, c, a]
    assert desk.own.step(b, -1)
    assert desk.own.step(c, -1000)
    assert desk.own.step(d, 1)
    wanted = desk.line
    assert wanted == [c, b, a, d]
    await desk.sent()
    assert await desk.truth() == wanted == desk.line
    shown = desk.elsewhere.studio.queue
    await until(lambda: [row.id for row in shown.rows if row.status == "waiting"] == wanted)
    assert desk.generate() == desk.line[-1]


async def test_what_changes_no_order_is_not_sent(desk: Desk):
    a, b = await desk.queued(2)
    assert desk.line == [a, b]
    assert not any(
        (desk.own.move(a, b), desk.own.move(b), desk.own.move(a, a), desk.own.step(a, -1), desk.own.step(b, 3))
    )
    assert not desk.own.move(uuid4(), a)
    assert desk.member.jobs.mutations.unconfirmed == 0


async def test_random_moves_end_as_they_looked(desk: Desk):
    await desk.queued(6)
    dice, wanted = random.Random(5), desk.line
    for _ in range(25):
        job_id = dice.choice(desk.line)
        desk.own.move(job_id, dice.choice([*desk.line, None]))
        wanted = desk.line
    await desk.sent()
    assert await desk.truth() == wanted == desk.line


async def test_a_move_that_is_refused_is_taken_back(desk: Desk, monkeypatch: pytest.MonkeyPatch):  # M3
    a, b = await desk.queued(2)
    failures = desk.told()

    async def refuse(function: str, args: dict[str, Any]) -> None:
        raise Refused("Too much at once", "PT429")

    monkeypatch.setattr(desk.member.api, "rpc", refuse)
    assert desk.own.move(b, a)
    assert desk.line == [b, a]
    await until(lambda: desk.line == [a, b])
    assert failures == ["Too much at once"]


# Many at once -------------------------------------------------------------------------------------------------------


def counting(desk: Desk, monkeypatch: pytest.MonkeyPatch, *, silent: int = 0) -> list[str]:
    """What is called from now on; the first `silent` get no answer."""
    calls: list[str] = []
    rpc = desk.member.api.rpc

    async def call(function: str, args: dict[str, Any]) -> Any:
        calls.append(function)
        answer = await rpc(function, args)
        if len(calls) <= silent:
            raise Unreachable("Supabase does not answer")
        return answer

    monkeypatch.setattr(desk.member.api, "rpc", call)
    return calls


async def test_variations_are_jobs_with_seeds_of_their_own_sent_together(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    calls = counting(desk, monkeypatch)
    first = desk.generate(variations=4, seed=7, count=2)
    assert len(desk.line) == 4
    assert desk.line[0] == first
    assert [desk.member.jobs.get(id).params["seed"] for id in desk.line] == [7, 9, 11, 13]  # type: ignore[union-attr,index,call-overload]
    wanted = desk.line
    await desk.sent()
    assert calls == ["enqueue_generations"]
    assert await desk.truth() == wanted == desk.line
    batches = {job.batch for job in desk.own.waiting}
    assert len(batches) == 1
    assert None not in batches


async def test_variations_whose_answer_was_lost_are_the_same_jobs(desk: Desk, monkeypatch: pytest.MonkeyPatch):  # M2
    calls = counting(desk, monkeypatch, silent=1)
    desk.generate(variations=3)
    wanted = desk.line
    await until(lambda: desk.member.jobs.mutations.unconfirmed == 0)
    assert await desk.truth() == wanted
    assert calls == ["enqueue_generations"] * 2


async def test_a_batch_that_is_refused_is_refused_as_a_whole_and_tried_again_so(desk: Desk):
    await desk.db.execute("update public.generation_queues set max_waiting = 2 where id = $1", desk.member.id)
    first = desk.generate(variations=3)
    pending = [desk.member.jobs.pending(id) for id in desk.line]
    await until(lambda: all(write and write.failed == "Only 2 more can wait" for write in pending))
    assert await desk.truth() == []
    await desk.db.execute("update public.generation_queues set max_waiting = 100 where id = $1", desk.member.id)
    dropped = desk.line[2]
    desk.member.studio.dismiss(dropped)
    desk.member.studio.retry(first)
    await until(lambda: desk.member.jobs.mutations.unconfirmed == 0)
    assert await desk.truth() == desk.line
    assert len(desk.line) == 2
    assert dropped not in desk.line


async def test_cancelling_many_is_one_request_and_ends_what_was_meant(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    kept = desk.generate()
    many = [desk.generate() for _ in range(3)]
    await desk.sent()
    calls = counting(desk, monkeypatch)
    desk.own.cancel(many)
    assert desk.line == [kept]
    await desk.sent()
    assert calls == ["cancel_generations"]
    assert await desk.truth() == [kept]


async def test_a_retry_says_the_how_manieth_try_it_is_and_what_came_before(desk: Desk):
    old = await add_job(desk.db, desk.member.id, status="failed")
    await until(lambda: desk.member.jobs.get(old))
    new = desk.member.studio.retry(old)
    desk.member.jobs.flush()
    row = desk.member.jobs.get(new)
    assert row is not None
    assert row.tries == 2
    assert [job.id for job in desk.own.tries(row)] == [old]
    await desk.sent()
    confirmed = desk.member.jobs.get(new)
    assert confirmed is not None
    assert (confirmed.tries, confirmed.retried_from) == (2, old)


async def test_those_that_are_sent_while_one_request_is_on_its_way_share_its_answer():  # G1, G2, G3
    keys = [uuid4() for _ in range(4)]
    asked: list[list[UUID]] = []
    refuse = True

    async def ask(these: list[UUID]) -> list[dict[str, Any]]:
        asked.append(these)
        await asyncio.sleep(0)
        if refuse:
            raise Refused("No", "PT409")
        return [{"id": str(key)} for key in these]

    left = {keys[3]}
    together = Together(keys, ask, wanted=lambda key: key not in left)
    answers = await asyncio.gather(*(together.send(key) for key in keys[:3]), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Refused] * 3
    refuse = False
    assert await together.send(keys[1]) == {"id": str(keys[1])}
    assert await together.send(keys[0]) == {"id": str(keys[0])}
    assert asked == [keys[:3], keys[:3]]
    left.clear()
    assert await together.send(keys[3]) == {"id": str(keys[3])}
    assert asked[-1] == [keys[3]]


# The line -----------------------------------------------------------------------------------------------------------


def test_members_take_turns_and_what_is_held_has_no_place():
    jobs = [
        job(owner_id=ADA, status="active", started_at="2026-11-01T12:00:00Z"),
        *(job(f"a{n}", owner_id=ADA, position=float(n)) for n in (3, 1, 2)),
        *(job(f"g{n}", owner_id=GRACE, position=float(n)) for n in (1, 2)),
        job("held", owner_id=GRACE, position=0.0, held=True),
    ]
    found = places(jobs)
    named = {next(one.prompt for one in jobs if one.id == id): place for id, place in found.items()}
    assert sorted(named, key=named.__getitem__) == ["g1", "a1", "g2", "a2", "a3"]


async def test_places_are_those_in_which_workers_claim_with_another_order_and_a_pause(
    desk: Desk, supabase: Address, http: httpx.AsyncClient
):
    others = [await make_account(supabase, http) for _ in range(2)]
    made = [desk.generate(visibility="public") for _ in range(4)]
    for other in (*others, others[0]):
        made += [await add_job(desk.db, other.id, visibility="public") for _ in range(2)]
    await desk.sent()
    desk.own.move(made[3], made[0])
    desk.own.move(made[0])
    await desk.sent()
    pause = partial(http.post, f"{supabase.api_url}/rest/v1/rpc/pause_queue", json={})
    await pause(headers={"apikey": supabase.publishable_key, "Authorization": f"Bearer {others[1].token}"})
    shown = desk.member.studio.queue
    await until(lambda: set(made) <= {row.id for row in shown.rows} and sum(row.held for row in shown.rows) == 2)
    line = desk.own.line()
    assert line == desk.member.studio.line()
    assert len(line) == len(made) - 2
    by_place = {place: id for id, place in line.items()}
    for place in range(1, len(line) + 1):
        answer = await http.post(
            f"{supabase.api_url}/rest/v1/rpc/claim_generation_jobs",
            headers=as_admin(supabase),
            json={"worker": "test", "n": 1},
        )
        assert [UUID(row["id"]) for row in answer.json()] == [by_place[place]]
    assert Counter(row.status for row in shown.rows if isinstance(row, Job))["failed"] == 0
    for other in others:
        await remove_account(supabase, http, other)
