"""Whatever happens to a member's jobs and payments, in whatever order: the ledger stays right (C1 to C4).

A Hypothesis machine over the SQL functions that members and workers call; what it expects it works out by itself.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from embedded.stack import Address
from tests.supabase.people import AURORA

START = 30  # credits: a few jobs, and then no more
OPEN = ("waiting", "active")
COSTS = st.sampled_from([("image", 1), ("image", 4), ("video", 1)])
WHICH = st.integers(0, 20)


class Ledger(RuleBasedStateMachine):
    """`jobs` are the jobs as they should be: what each costs and where it stands."""

    db: Any  # given by the test

    def __init__(self) -> None:
        super().__init__()
        self.member = str(uuid4())
        self.balance = START
        self.jobs: dict[str, dict[str, Any]] = {}
        self.payments: dict[str, int] = {}

    @initialize()
    def join(self) -> None:
        self.ask("delete from private.job_leases")
        self.ask("update public.generation_jobs set status = 'cancelled' where status in ('waiting', 'active')")
        self.ask("insert into auth.users (id, email) values (%s, %s)", self.member, f"{self.member}@starling.test")
        self.ask("select set_config('request.jwt.claims', %s, false)", json.dumps({"sub": self.member}))
        self.ask("select private.post(%s, 'hold', %s, 'image', '', 'test')", self.member, START - 500)

    # What members do ----------------------------------------------------------------------------------------------------

    @rule(wish=COSTS)
    def enqueue(self, wish: tuple[str, int]) -> None:
        kind, count = wish
        id, cost = str(uuid4()), 8 if kind == "video" else 2 * count
        asked = (
            "select public.enqueue_generation(%s, %s, 'a wren', %s, %s)",
            id,
            kind,
            AURORA,
            json.dumps({"count": count}),
        )
        if cost > self.balance:
            assert self.refusal(*asked) == "PT402"
            return
        self.ask(*asked)
        self.ask(*asked)  # the answer was lost
        self.jobs[id] = {"cost": cost, "status": "waiting", "attempt": 0, "failures": 0, "worker": ""}
        self.balance -= cost

    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        if id := self.pick(which):
            self.ask("select public.cancel_generation(%s)", id)
            self.end(id, "cancelled")

    @rule(which=WHICH)
    def retry(self, which: int) -> None:
        id = self.pick(which, "failed", "cancelled")
        if id is None:
            return
        old, new = self.jobs[id], str(uuid4())
        refusal = self.refusal("select public.retry_generation(%s, %s)", id, new)
        assert refusal == ("PT402" if old["cost"] > self.balance else None)
        if refusal:
            return
        self.jobs[new] = {**old, "status": "waiting", "attempt": 0, "failures": 0, "worker": ""}
        self.balance -= old["cost"]

    @rule(amount=st.integers(10, 12))
    def top_up(self, amount: int) -> None:
        if len(self.payments) < 20:
            key = str(uuid4())
            self.ask("select public.top_up(%s, %s)", amount, key)
            self.payments[key] = amount
            self.balance += amount

    @rule(which=WHICH, other=st.booleans())
    def pay_again(self, which: int, other: bool) -> None:
        if not self.payments:
            return
        key, amount = list(self.payments.items())[which % len(self.payments)]
        assert self.refusal("select public.top_up(%s, %s)", amount + other, key) == ("PT409" if other else None)

    # What workers do ----------------------------------------------------------------------------------------------------

    @rule(worker=st.sampled_from(["w1", "w2"]))
    def claim(self, worker: str) -> None:
        for id, attempt in self.ask("select id::text, attempt from public.claim_generation_jobs(%s, 2)", worker):
            job = self.jobs[id]
            assert job["status"] == "waiting"
            job.update(status="active", attempt=attempt, worker=worker)

    @rule(which=WHICH, late=st.booleans())
    def complete(self, which: int, late: bool) -> None:
        if id := self.pick(which, "active"):
            job = self.jobs[id]
            attempt = job["attempt"] - late  # of a lease that was lost
            done = self.ask("select public.complete_generation(%s, %s, %s, '[]')", job["worker"], id, attempt)
            assert done == [(not late,)]
            if not late:
                self.end(id, "completed")

    @rule(which=WHICH, final=st.booleans())
    def fail(self, which: int, final: bool) -> None:
        if id := self.pick(which, "active"):
            job = self.jobs[id]
            asked = "select public.fail_generation(%s, %s, %s, 'no paint', %s)"
            assert self.ask(asked, job["worker"], id, job["attempt"], final) == [(True,)]
            self.failed(id, final)

    @rule()
    def crash(self) -> None:
        """All workers die, and their leases run out."""
        self.ask("update private.job_leases set expires_at = now() - interval '1 second'")
        self.ask("select public.release_expired_leases()")
        for id in [id for id, job in self.jobs.items() if job["status"] == "active"]:
            self.failed(id, final=False)

    @rule(which=WHICH)
    def vanish(self, which: int) -> None:
        """A job is deleted, by whoever may."""
        if id := self.pick(which):
            self.ask("delete from public.generation_jobs where id = %s", id)
            self.end(id, "gone")

    # What is so, whatever happened --------------------------------------------------------------------------------------

    @invariant()
    def the_ledger_is_right(self) -> None:
        rows = self.ask(
            "select kind, amount, balance_after, reference_id::text from public.credit_transactions "
            "where account_id = %s order by created_at", self.member,
        )  # fmt: skip
        if not rows:
            return  # nobody has joined yet
        total = 0
        for _, amount, after, _ in rows:
            total += amount
            assert after == total >= 0
        ((held,),) = self.ask("select balance from public.credit_accounts where id = %s", self.member)
        assert held == total == self.balance

        ends = Counter((id, kind) for kind, _, _, id in rows if id)
        for id, job in self.jobs.items():
            status = job["status"]
            assert ends[id, "hold"] == 1
            assert ends[id, "settle"] == (status == "completed")
            assert ends[id, "refund"] == (status in ("failed", "cancelled", "gone"))
        known = dict(self.ask("select id::text, status from public.generation_jobs where owner_id = %s", self.member))
        assert known == {id: job["status"] for id, job in self.jobs.items() if job["status"] != "gone"}

    # Help ---------------------------------------------------------------------------------------------------------------

    def pick(self, which: int, *statuses: str) -> str | None:
        ids = [id for id, job in self.jobs.items() if job["status"] in (statuses or OPEN)]
        return ids[which % len(ids)] if ids else None

    def end(self, id: str, status: str) -> None:
        self.jobs[id]["status"] = status
        if status != "completed":
            self.balance += self.jobs[id]["cost"]

    def failed(self, id: str, final: bool) -> None:
        job = self.jobs[id]
        job["failures"] += 1
        if final or job["failures"] == 3:
            self.end(id, "failed")
        else:
            job["status"] = "waiting"

    def refusal(self, query: str, *values: Any) -> str | None:
        try:
            self.ask(query, *values)
        except psycopg2.Error as error:
            return error.pgcode
        return None

    def ask(self, query: str, *values: Any) -> list[Any]:
        with self.db.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def teardown(self) -> None:
        self.ask("delete from auth.users where id = %s", self.member)


@pytest.fixture
def db(supabase: Address) -> Iterator[Any]:
    """A connection of the machine's own, without a loop."""
    connection = psycopg2.connect(supabase.db_url)
    connection.autocommit = True
    yield connection
    connection.close()


def test_the_ledger_is_right_whatever_happens(db: Any) -> None:
    Ledger.db = db
    run_state_machine_as_test(Ledger, settings=settings(max_examples=40, stateful_step_count=30, deadline=None))
