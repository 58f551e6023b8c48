"""Beats and the clock, as the database gives them: numbers without a gap, in order, on `world`; a time for everybody."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from embedded.stack import Address
from tests.embedded.realtime_support import Socket, open_socket
from tests.supabase.people import Person, refused


async def beats(socket: Socket, count: int) -> list[int]:
    """The numbers of the next beats."""
    numbers: list[int] = []
    while len(numbers) < count:
        message = await socket.event("broadcast")
        if message["event"] == "beat":
            numbers.append(message["payload"]["n"])
            assert datetime.fromisoformat(message["payload"]["at"])
    return numbers


async def test_beats_of_several_workers_are_heard_by_everybody_in_order(
    supabase: Address, service: Person, anon: Person
):
    async with open_socket(f"{supabase.api_url}/realtime/v1", anon.token, 1) as socket:
        await socket.join("realtime:world", private=True, broadcast={"replication_ready": True})
        while (await socket.event("system"))["status"] != "ok":
            pass
        sent = await asyncio.gather(*(service.call("beat") for _ in range(30)))
        heard = await beats(socket, 30)
    assert heard == sorted(sent)
    assert heard == list(range(heard[0], heard[0] + 30))


async def test_a_beat_that_is_not_committed_yet_holds_up_the_next(supabase: Address, sql: asyncpg.Connection):
    other = await asyncpg.connect(supabase.db_url)
    try:
        transaction = sql.transaction()
        await transaction.start()
        first: int = await sql.fetchval("select public.beat()")  # type: ignore[assignment]
        second = asyncio.ensure_future(other.fetchval("select public.beat()"))
        await asyncio.sleep(0.1)
        assert not second.done()
        await transaction.commit()
        assert await second == first + 1
    finally:
        await other.close()


@pytest.mark.parametrize("who", ["anon", "stranger"])
async def test_only_the_worker_beats(people: dict[str, Person], who: str):
    refused(await people[who].ask("beat"), 401 if who == "anon" else 403, "42501")


@pytest.mark.parametrize("who", ["anon", "stranger", "service"])
async def test_everybody_may_ask_for_the_time(people: dict[str, Person], who: str):
    told = datetime.fromisoformat(await people[who].call("clock"))
    assert abs(told - datetime.now(UTC)) < timedelta(seconds=30)
