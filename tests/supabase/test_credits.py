"""Money under fire: who may spend, what races, what is refused. The numbers C1 to C4 are those of the migration."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable
from itertools import chain
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from embedded.stack import Address
from tests.supabase.people import AURORA, Person, join, leave, refused
from tests.supabase.queue import Queue

WELCOME = 500
LOW = 25
SPEND = "select private.post($1, 'hold', -$2::integer, 'image', 'spent elsewhere', $3)"
JOB = """
insert into public.generation_jobs (owner_id, kind, prompt, model_id, cost, params)
values ($1, 'image', 'a wren', $2, $3, '{"width": 512, "height": 512, "count": 1, "steps": 8, "seed": 1, "duration": 4}')
returning id::text
"""


async def balance(member: Person) -> int:
    (account,) = await member.rows("credit_accounts")
    return account["balance"]


async def ledger(member: Person) -> list[dict[str, Any]]:
    return await member.rows("credit_transactions?order=created_at")


async def has(member: Person, sql: asyncpg.Connection, amount: int) -> None:
    """Leaves a new member no more than this."""
    await sql.execute(SPEND, member.id, await balance(member) - amount, f"test:{uuid4()}")
    assert await balance(member) == amount


async def adds_up(member: Person) -> None:
    """C1, and every `balance_after` on the way."""
    total = 0
    for row in await ledger(member):
        total += row["amount"]
        assert row["balance_after"] == total >= 0
    assert await balance(member) == total


# Accounts -----------------------------------------------------------------------------------------------------------


async def test_everybody_begins_with_something(third: Person):
    (welcome,) = await ledger(third)
    assert (welcome["kind"], welcome["amount"], welcome["balance_after"]) == ("grant", WELCOME, WELCOME)
    assert await balance(third) == WELCOME


async def test_accounts_and_ledgers_are_their_members(owner: Person, third: Person, anon: Person, service: Person):
    for table, column in (("credit_accounts", "id"), ("credit_transactions", "account_id")):
        assert {row[column] for row in await third.rows(table)} == {third.id}
        assert await owner.rows(f"{table}?{column}=eq.{third.id}") == []
        refused(await anon.rest("GET", table), 401, "42501")
        assert await service.rows(f"{table}?{column}=eq.{third.id}")
    assert await third.rows("profiles?select=id,credit_accounts(balance)&credit_accounts.id=not.is.null&limit=1")


@pytest.mark.parametrize("statement", ["update {} set {} = {}", "delete from {}", "truncate {} cascade"])
async def test_nobody_changes_the_ledger(sql: asyncpg.Connection, third: Person, statement: str):  # C2
    """Not even the database's owner, who is above all rights."""
    for table, column, value in (("credit_transactions", "amount", "amount + 1"), ("credit_accounts", "balance", "9")):
        if table == "credit_accounts" and statement.startswith("update"):
            continue  # its balance moves with the ledger
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="stays as it is"):
            await sql.execute(statement.format(f"public.{table}", column, value))
    before = await ledger(third)
    for method, body in (("PATCH", {"amount": 1}), ("DELETE", None)):
        refused(await third.rest(method, f"credit_transactions?account_id=eq.{third.id}", body), 403, "42501")
    assert await ledger(third) == before


async def test_the_service_may_only_read_the_ledger(service: Person, third: Person):  # C2
    mine = f"credit_transactions?account_id=eq.{third.id}"
    refused(await service.rest("PATCH", mine, {"label": "x"}), 403, "42501")
    refused(await service.rest("DELETE", mine), 403, "42501")
    refused(await service.rest("PATCH", f"credit_accounts?id=eq.{third.id}", {"balance": 9}), 403, "42501")


async def test_a_member_who_leaves_takes_the_ledger_along(
    supabase: Address, service: Person, sql: asyncpg.Connection, queue: Queue
):
    leaver = await join(supabase, "leaver")
    await leaver.enqueue()
    await leave(leaver, service)
    await leaver.http.aclose()
    for query in ("credit_accounts where id", "credit_transactions where account_id"):
        assert await sql.fetchval(f"select count(*) from public.{query} = $1", leaver.id) == 0


async def test_no_balance_is_below_zero(sql: asyncpg.Connection, third: Person):
    with pytest.raises(asyncpg.CheckViolationError, match="never_below_zero"):
        await sql.execute("update public.credit_accounts set balance = -1 where id = $1", third.id)


# Jobs ---------------------------------------------------------------------------------------------------------------


async def test_a_job_is_paid_when_queued_and_settled_when_done(queue: Queue, third: Person):  # C4
    job = await third.enqueue(params={"count": 4})
    assert await balance(third) == WELCOME - 8
    (job,) = await queue.claim()
    assert await queue.complete(job)
    _, hold, settled = await ledger(third)
    assert (hold["kind"], hold["amount"], hold["purpose"], hold["label"]) == ("hold", -8, "image", "a wren")
    assert (settled["kind"], settled["amount"], settled["reference_id"]) == ("settle", 0, job["id"])
    await adds_up(third)


async def test_what_fails_is_given_back_once_it_has_failed_for_good(queue: Queue, third: Person):
    await third.enqueue(kind="video")
    for failure in range(3):
        assert await balance(third) == WELCOME - 8, failure  # waiting again keeps the one hold
        (job,) = await queue.claim()
        assert await queue.fail(job)
    assert [row["kind"] for row in await ledger(third)] == ["grant", "hold", "refund"]
    assert await balance(third) == WELCOME
    await adds_up(third)


async def test_who_lost_the_lease_moves_no_credits(queue: Queue, third: Person):
    await third.enqueue()
    (first,) = await queue.claim(worker="w1")
    await queue.expire_leases()
    (second,) = await queue.claim(worker="w2")
    before = await ledger(third)
    assert await queue.complete(first, "w1") is False
    assert await queue.fail(first, worker="w1", final=True) is False
    assert await ledger(third) == before
    assert await queue.complete(second, "w2")
    assert [row["kind"] for row in await ledger(third)] == ["grant", "hold", "settle"]


async def test_a_deleted_job_is_given_back(queue: Queue, sql: asyncpg.Connection, third: Person):
    job = await third.enqueue()
    await sql.execute("delete from public.generation_jobs where id = $1", job["id"])
    assert await balance(third) == WELCOME
    # Under the id of one that has ended nothing is made for nothing.
    answer = await third.ask("enqueue_generation", job_id=job["id"], kind="image", prompt="again", model_id=AURORA)
    refused(answer, 409, "PT409")
    assert await balance(third) == WELCOME


async def test_an_ended_job_stays_ended(queue: Queue, sql: asyncpg.Connection, third: Person):
    job = await third.enqueue()
    await third.call("cancel_generation", job_id=job["id"])
    for status in ("waiting", "completed"):
        with pytest.raises(asyncpg.PostgresError, match="stays so"):
            await sql.execute("update public.generation_jobs set status = $2 where id = $1", job["id"], status)
    await adds_up(third)


async def test_what_costs_too_much_is_refused_with_a_sentence(queue: Queue, sql: asyncpg.Connection, third: Person):
    await has(third, sql, 7)
    wish = {"kind": "video", "prompt": "a wren", "model_id": AURORA}
    answer = await third.ask("enqueue_generation", job_id=str(uuid4()), **wish)
    assert (answer.status_code, answer.json()["message"]) == (402, "This costs 8 credits, and you have 7 credits")
    assert await third.rows(f"generation_jobs?owner_id=eq.{third.id}") == []
    assert await balance(third) == 7


async def test_jobs_without_a_price_move_nothing(queue: Queue, third: Person):
    await queue.fill(third, 3)
    for job in await queue.claim(3):
        await queue.fail(job, final=True)
    assert len(await ledger(third)) == 1


async def test_any_table_of_jobs_can_have_a_price(sql: asyncpg.Connection, third: Person):
    """As the comment of private.charge says it."""
    await sql.execute("""
        create temp table errands (id uuid primary key default gen_random_uuid(), owner_id uuid, cost integer, status text, name text);
        create trigger charge after insert or update of status or delete on errands
          for each row execute function private.charge('name', 'training')""")
    for status in ("completed", "failed", "cancelled", None):
        errand = await sql.fetchval(
            "insert into errands (owner_id, cost, status, name) values ($1, 30, 'waiting', 'Herons') returning id",
            third.id,
        )
        await sql.execute("update errands set status = 'active' where id = $1", errand)
        await sql.execute("update errands set status = 'waiting' where id = $1", errand)
        if status:
            await sql.execute("update errands set status = $2 where id = $1", errand, status)
        await sql.execute("delete from errands where id = $1", errand)
    moved = [(row["kind"], row["purpose"], row["label"]) for row in (await ledger(third))[1:]]
    ends = ("settle", "refund", "refund", "refund")
    assert moved == [(kind, "training", "Herons") for end in ends for kind in ("hold", end)]
    assert await balance(third) == WELCOME - 30
    assert (
        await outcome(sql.execute("insert into errands values ($1, $2, 471, 'waiting', 'x')", uuid4(), third.id))
        == "PT402"
    )
    await sql.execute("drop table errands")


async def test_jobs_from_before_there_were_credits_end_as_they_did(
    queue: Queue, sql: asyncpg.Connection, third: Person
):
    await sql.execute("alter table public.generation_jobs disable trigger charge")
    job = await sql.fetchval(JOB, third.id, AURORA, 8)
    await sql.execute("alter table public.generation_jobs enable trigger charge")
    await third.call("cancel_generation", job_id=job)
    assert await balance(third) == WELCOME


# Races --------------------------------------------------------------------------------------------------------------


async def test_of_64_who_spend_at_once_ten_succeed(
    supabase: Address, queue: Queue, sql: asyncpg.Connection, third: Person
):
    """Through the table itself, where no lock of the queue's stands before the account's."""
    await has(third, sql, 20)
    connections = [await asyncpg.connect(supabase.db_url) for _ in range(16)]
    barrier = asyncio.Barrier(len(connections))

    async def spend(connection: asyncpg.Connection) -> list[str]:
        await barrier.wait()
        return [await outcome(connection.fetchval(JOB, third.id, AURORA, 2)) for _ in range(4)]

    outcomes = Counter(chain(*await asyncio.gather(*map(spend, connections))))
    for connection in connections:
        await connection.close()
    assert outcomes == {"done": 10, "PT402": 54}
    assert await balance(third) == 0
    assert len(await third.rows(f"generation_jobs?owner_id=eq.{third.id}")) == 10
    await adds_up(third)


async def outcome(attempt: Awaitable[Any]) -> str:
    try:
        await attempt
    except asyncpg.PostgresError as error:
        return str(getattr(error, "sqlstate", error))
    return "done"


async def test_one_key_sent_twenty_times_is_one_payment(third: Person):  # C3
    key = str(uuid4())
    answers = await asyncio.gather(*(third.call("top_up", amount=100, idempotency_key=key) for _ in range(20)))
    assert {answer["balance"] for answer in answers} == {WELCOME + 100}
    assert len(await ledger(third)) == 2
    refused(await third.ask("top_up", amount=200, idempotency_key=key), 409, "PT409")
    assert await balance(third) == WELCOME + 100


async def test_one_key_is_each_members_own(owner: Person, third: Person):
    key = str(uuid4())
    before = await balance(owner)
    for member in (owner, third):
        await member.call("top_up", amount=10, idempotency_key=key)
    assert (await balance(owner), await balance(third)) == (before + 10, WELCOME + 10)


async def test_cancelling_and_ending_at_once_moves_credits_once(queue: Queue, third: Person):  # C4
    for n in range(9):
        await third.enqueue()
        (job,) = await queue.claim()
        ends = [
            third.call("cancel_generation", job_id=job["id"]),
            queue.complete(job) if n % 3 else queue.fail(job, final=True),
            third.call("cancel_generation", job_id=job["id"]),
        ]
        await asyncio.gather(*(ends if n % 2 else reversed(ends)))
        status = (await queue.row(job))["status"]
        movements = [row["kind"] for row in await ledger(third) if row["reference_id"] == job["id"]]
        assert movements == ["hold", "settle" if status == "completed" else "refund"]
    await adds_up(third)


async def test_eight_workers_and_fifty_jobs_settle_each_once(supabase: Address, queue: Queue, third: Person):
    """All claim, complete, fail and are cancelled at the same time; nobody waits for each other in a circle."""
    await asyncio.gather(*(third.enqueue() for _ in range(50)))
    assert await balance(third) == WELCOME - 100
    workers = [await asyncpg.connect(supabase.db_url) for _ in range(8)]
    barrier = asyncio.Barrier(len(workers))
    taken: list[str] = []

    async def work(n: int, connection: asyncpg.Connection) -> None:
        await barrier.wait()
        while jobs := await connection.fetch("select id::text from public.claim_generation_jobs($1, 3)", f"w{n}"):
            for id in (job["id"] for job in jobs):
                taken.append(id)
                if len(taken) % 3 == 0:
                    await connection.fetchval("select public.fail_generation($1, $2, 1, 'no', true)", f"w{n}", id)
                else:
                    await connection.fetchval("select public.complete_generation($1, $2, 1, '[]')", f"w{n}", id)

    async with asyncio.timeout(30):
        await asyncio.gather(*(work(n, connection) for n, connection in enumerate(workers)))
        left = await queue.claim(50, worker="late")  # what was locked while everybody else looked
        for job in left:
            assert await queue.complete(job, "late", [])
    for connection in workers:
        await connection.close()
    assert len(taken) + len(left) == len({*taken, *(job["id"] for job in left)}) == 50
    kinds = Counter(row["kind"] for row in await ledger(third))
    assert kinds["hold"] == kinds["settle"] + kinds["refund"] == 50
    assert kinds["refund"] == len(taken) // 3
    await adds_up(third)


async def test_rescuers_give_back_to_many_at_once(queue: Queue, owner: Person, stranger: Person, third: Person):
    """Jobs of several members fail for good in one transaction, and several rescuers meet over them."""
    members = (owner, stranger, third)
    before = [await balance(member) for member in members]
    for _ in range(4):
        for member in members:
            await member.enqueue()
    for _ in range(3):
        await queue.claim(12)
        await queue.sql.execute("update private.job_leases set expires_at = now() - interval '1 second'")
        rescued = await asyncio.gather(*(queue.service.call("release_expired_leases") for _ in range(6)))
        assert sum(rescued) == 12
    assert [await balance(member) for member in members] == before


# Top-up, notice, spending -------------------------------------------------------------------------------------------


async def test_payments_have_their_limits(third: Person, anon: Person):
    for amount in (9, 0, -10, 1001, None):
        refused(await third.ask("top_up", amount=amount, idempotency_key=str(uuid4())), 400, "23514")
    refused(await third.ask("top_up", amount=50, idempotency_key=None), 400, "23514")
    refused(await anon.ask("top_up", amount=50, idempotency_key=str(uuid4())), 401, "42501")
    answers = await asyncio.gather(*(third.ask("top_up", amount=600, idempotency_key=str(uuid4())) for _ in range(5)))
    assert Counter(answer.status_code for answer in answers) == {200: 3, 429: 2}
    assert await balance(third) == WELCOME + 1800
    for _ in range(17):
        await third.call("top_up", amount=10, idempotency_key=str(uuid4()))
    refused(await third.ask("top_up", amount=10, idempotency_key=str(uuid4())), 429, "PT429")


async def test_the_notice_comes_once_until_credits_rise_again(queue: Queue, sql: asyncpg.Connection, third: Person):
    async def notices() -> list[tuple[str, int]]:
        rows = await third.rows("notifications?kind=eq.low_credits")
        return [(row["body"], row["times"]) for row in rows]

    await has(third, sql, LOW)
    assert await notices() == []
    job = await third.enqueue()
    await third.enqueue()
    assert await notices() == [(f"{LOW - 2} credits are left", 1)]
    assert (await third.rows("credit_accounts"))[0]["low"] is True
    await third.call("top_up", amount=10, idempotency_key=str(uuid4()))
    assert (await third.rows("credit_accounts"))[0]["low"] is False
    await third.call("cancel_generation", job_id=job["id"])
    await has(third, sql, 1)
    assert await notices() == [("1 credit is left", 2)]  # the first is still unread: they are one


async def test_spending_counts_by_day_and_purpose_what_was_not_given_back(
    queue: Queue, sql: asyncpg.Connection, third: Person, stranger: Person
):
    await third.enqueue()
    await third.enqueue(kind="video")
    back = await third.enqueue(kind="video")
    await third.call("cancel_generation", job_id=back["id"])
    rows = await third.call("credit_spending", days=7, zone="Pacific/Auckland")
    today = await sql.fetchval("select (now() at time zone 'Pacific/Auckland')::date::text")
    assert rows == [
        {"day": today, "purpose": "image", "credits": 2},
        {"day": today, "purpose": "video", "credits": 8},
    ]
    await stranger.call("credit_spending")
    refused(await third.ask("credit_spending", zone="Nowhere/Land"), 400, "22023")


async def test_what_moves_is_announced_to_its_member_alone(queue: Queue, sql: asyncpg.Connection, third: Person):
    await third.enqueue()
    topics = await sql.fetch(
        """
        select payload ->> 'table' as source, array_agg(distinct topic) as topics from realtime.messages
        where payload ->> 'table' like 'credit%' and payload::text like '%' || $1 || '%' group by 1
        """,
        third.id,
    )
    here = [f"member:{third.id}"]
    assert {row["source"]: row["topics"] for row in topics} == {"credit_accounts": here, "credit_transactions": here}
