"""How much one member may do in a time, whichever area asks (migration 000350)."""

from __future__ import annotations

import asyncio
import re

import asyncpg
import pytest

from embedded.stack import Address
from tests.supabase.people import Person

ALLOW = "select private.allow($1, $2, $3, $4, $5)"
NEVER = 1e9  # seconds until one more is allowed

# By act, what may be done at once and the seconds until one more may be; whoever changes one changes what people may do.
ACTS = {
    "queue": (240, 0.25),
    "post": (10, 120),
    "like": (60, 1),
    "comment": (10, 6),
    "profile": (40, 15),
    "contact comment": (30, 2),
    "activity": (60, 1),
    "reaction": (60, 1),
    "message edit": (60, 2),
    "chat setting": (30, 6),
    "invitation": (300, 12),
}


@pytest.fixture(autouse=True)
async def rested(sql: asyncpg.Connection) -> None:
    """What was done before does not count."""
    await sql.execute("delete from private.allowances")


async def allowed(
    sql: asyncpg.Connection, member: Person, act: str = "test", n: int = 1, refill_s: float = NEVER
) -> bool:
    try:
        await sql.execute(ALLOW, member.id, act, 5, refill_s, n)
    except asyncpg.PostgresError as error:
        if getattr(error, "sqlstate", "") != "PT429":
            raise
        return False
    return True


async def test_of_many_at_once_exactly_so_many_are_allowed(supabase: Address, owner: Person, sql: asyncpg.Connection):
    others = await asyncio.gather(*(asyncpg.connect(supabase.db_url) for _ in range(8)))
    try:

        async def several(connection: asyncpg.Connection) -> int:
            return sum([await allowed(connection, owner) for _ in range(3)])

        assert sum(await asyncio.gather(*(several(one) for one in others))) == 5
    finally:
        await asyncio.gather(*(one.close() for one in others))


async def test_each_member_and_each_act_has_its_own(owner: Person, stranger: Person, sql: asyncpg.Connection):
    assert await allowed(sql, owner, n=5)
    assert not await allowed(sql, owner)
    assert await allowed(sql, stranger)
    assert await allowed(sql, owner, "another")


async def test_it_refills_with_the_time_and_never_over_the_brim(owner: Person, sql: asyncpg.Connection):
    past = "update private.allowances set at = at - make_interval(secs => $1)"
    assert await allowed(sql, owner, n=5, refill_s=100)
    await sql.execute(past, 250)
    assert [await allowed(sql, owner, refill_s=100) for _ in range(3)] == [True, True, False]
    await sql.execute(past, 1_000_000)
    assert not await allowed(sql, owner, n=6, refill_s=100)
    assert await allowed(sql, owner, n=5, refill_s=100)
    assert not await allowed(sql, owner, refill_s=100)


async def test_who_asks_for_more_than_is_left_gets_nothing_and_loses_nothing(owner: Person, sql: asyncpg.Connection):
    assert not await allowed(sql, owner, n=6)
    assert await allowed(sql, owner, n=3)
    assert not await allowed(sql, owner, n=3)
    assert await allowed(sql, owner, n=2)


async def test_what_fails_is_not_counted(owner: Person, sql: asyncpg.Connection):
    transaction = sql.transaction()
    await transaction.start()
    assert await allowed(sql, owner, n=5)
    await transaction.rollback()
    assert await allowed(sql, owner, n=5)


async def test_these_are_the_limits(sql: asyncpg.Connection):
    sources = await sql.fetch(
        "select prosrc from pg_proc where pronamespace::regnamespace::text in ('public', 'private')"
    )
    calls = re.findall(
        r"private\.allow\([^,]+, '([\w ]+)', (\d+), ([\d.]+)", "\n".join(row["prosrc"] for row in sources)
    )
    assert {(act, (int(burst), float(refill_s))) for act, burst, refill_s in calls} == set(ACTS.items())
