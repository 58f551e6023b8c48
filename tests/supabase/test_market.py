"""The market: one message per tick, alerts that fire once when the price crosses, and nobody writes but the worker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from embedded.stack import Address
from tests.supabase.people import Person, join, leave, refused

WORKER = "a worker of the tests"
SENT = "select payload from realtime.messages where topic = 'market' and (payload ->> 'at')::timestamptz > $1"


class Market:
    """The market in the hands of one worker; `trader` is a member with nothing but what the test gives them."""

    def __init__(self, service: Person, sql: asyncpg.Connection, trader: Person) -> None:
        self.service, self.sql, self.trader = service, sql, trader

    async def tick(self, symbol: str = "AXS", price: float | str = 100, **more: Any) -> Any:
        return await self.ticks([{"symbol": symbol, "price": price, **more}])

    async def ticks(self, ticks: list[dict[str, Any]], worker: str = WORKER, **more: Any) -> Any:
        return await self.service.call("tick_prices", worker=worker, ticks=ticks, **more)

    async def price(self, symbol: str = "AXS") -> dict[str, Any]:
        return (await self.trader.rows(f"crypto_prices?symbol=eq.{symbol}"))[0]

    async def alert(self, kind: str, threshold: float | str, symbol: str = "AXS") -> str:
        id = str(uuid4())
        await self.trader.call("set_price_alert", alert_id=id, symbol=symbol, kind=kind, threshold=threshold)
        return id

    async def fired(self, id: str) -> bool:
        """Whether it rests, having fired; and then that this was told."""
        (row,) = await self.trader.rows(f"price_alerts?id=eq.{id}")
        told = await self.trader.rows(f"notifications?subject_id=eq.{id}")
        assert bool(told) == (row["triggered_at"] is not None)
        assert row["armed"] == (row["triggered_at"] is None)
        return not row["armed"]

    async def times(self, id: str) -> int:
        """How often the member was told."""
        return sum(row["times"] for row in await self.trader.rows(f"notifications?subject_id=eq.{id}"))


@pytest.fixture(scope="module")
async def trader(supabase: Address, service: Person) -> AsyncIterator[Person]:
    member = await join(supabase, "trader")
    yield member
    await leave(member, service)
    await member.http.aclose()


@pytest.fixture
async def market(service: Person, sql: asyncpg.Connection, trader: Person) -> AsyncIterator[Market]:
    for table in ("price_alerts", "watchlists", "notifications"):
        await sql.execute(f"delete from public.{table} where owner_id = $1", trader.id)
    made = Market(service, sql, trader)
    await made.tick(price=100)
    yield made
    await service.call("release_market", worker=WORKER)


# Ticks --------------------------------------------------------------------------------------------------------------


async def test_fifty_symbols_move_in_one_small_message(market: Market):
    symbols = [row["symbol"] for row in await market.trader.rows("crypto_prices?select=symbol&order=position")]
    assert symbols[:5] == ["BTC", "ETH", "SEI", "USDC", "USDT"]
    assert len(symbols) == 50
    before = await market.sql.fetchval("select clock_timestamp()")
    assert await market.ticks([{"symbol": s, "price": 10 + n, "open": 8} for n, s in enumerate(symbols)]) == 50
    (payload,) = [json.loads(row["payload"]) for row in await market.sql.fetch(SENT, before)]
    assert (payload["table"], payload["operation"], len(payload["records"])) == ("crypto_prices", "UPDATE", 50)
    assert set(payload["records"][0]) == {
        "id", "symbol", "price", "change_24h", "change_percentage_24h", "last_updated", "version",
    }  # fmt: skip
    assert len(json.dumps(payload)) < 15_000


async def test_a_tick_says_what_became_of_the_day(market: Market):
    await market.tick(price="110", open="88", volume=1234.6, simulated=False)
    row = await market.price()
    assert (row["change_24h"], row["change_percentage_24h"], row["volume_24h"]) == (22, 25, 1235)
    assert row["market_cap"] == 110 * row["supply"]
    assert not row["simulated"]


async def test_ticks_are_candles_by_the_minute(market: Market):
    await market.sql.execute("delete from public.price_candles where symbol = 'AXS'")
    for price in (100, 120, 90, 105):
        await market.tick(price=price)
    newest = "price_candles?symbol=eq.AXS&order=minute.desc&limit=2"
    candles = await market.trader.rows(newest)
    assert (max(c["high"] for c in candles), min(c["low"] for c in candles)) == (120, 90)
    assert candles[0]["close"] == 105
    lines = {row["symbol"]: row["closes"] for row in await market.trader.call("price_sparklines")}
    assert lines["AXS"][-1] == 105


async def test_old_candles_go_when_a_minute_begins(market: Market):
    old = {"symbol": "AXS", "minute": "2026-01-01T10:00:30Z", "open": 1, "high": 2, "low": 1, "close": 2}
    assert await market.service.call("backfill_candles", worker=WORKER, candles=[old, old]) == 1
    (kept,) = await market.trader.rows("price_candles?symbol=eq.AXS&minute=eq.2026-01-01T10:00:00Z")
    assert kept["close"] == 2
    await market.sql.execute("delete from public.price_candles where minute > now() - interval '2 minutes'")
    await market.tick(price=100)
    assert await market.trader.rows("price_candles?minute=lt.2026-01-02") == []


@pytest.mark.parametrize("price", [0, -1, 1e12, None])
async def test_nonsense_moves_nothing(market: Market, price: float | None):
    assert await market.ticks([{"symbol": "AXS", "price": price}, {"symbol": "NONE", "price": 5}]) == 0
    assert (await market.price())["price"] == 100


async def test_one_worker_moves_the_market_at_a_time(market: Market):
    tick = [{"symbol": "AXS", "price": 7}]
    assert await market.ticks(tick, worker="another") is None
    assert await market.service.call("claim_market", worker="another") is None
    assert (await market.price())["price"] == 100
    await market.sql.execute("update private.market_lease set expires_at = now()")  # the first one died
    claimed = await market.service.call("claim_market", worker="another")
    assert len(claimed["prices"]) == 50
    assert await market.tick(price=50) is None
    assert await market.service.call("release_market", worker=WORKER) is False
    assert await market.service.call("release_market", worker="another") is True
    assert await market.tick(price=50) == 1


async def test_where_prices_come_from_is_said_once(market: Market):
    live = {"source": "live", "provider": "Bitstamp", "note": ""}
    before = await market.sql.fetchval("select clock_timestamp()")
    for _ in range(2):
        await market.ticks([], feed=live)
    (said,) = [json.loads(row["payload"]) for row in await market.sql.fetch(SENT, before)]
    assert (said["table"], said["records"][0]["source"]) == ("market_status", "live")
    await market.ticks([], feed={"source": "simulated"})
    (status,) = await market.trader.rows("market_status")
    assert (status["source"], status["provider"]) == ("simulated", "")


# Crossing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "threshold", "prices", "fires"),
    [
        ("above", "100.5", ["100.49"], False),
        ("above", "100.5", ["100.5"], True),  # equal is there
        ("above", "100.5", ["250"], True),  # a gap over it
        ("above", "90", ["101", "102"], False),  # above already when it was armed
        ("above", "100", ["101"], False),  # at it already
        ("above", "90", ["89.99", "90"], True),  # until it has come back
        ("above", "90", ["90", "91"], False),  # at it is not back
        ("below", "99.5", ["99.51"], False),
        ("below", "99.5", ["99.5"], True),
        ("below", "99.5", ["1"], True),
        ("below", "110", ["99", "98"], False),
        ("below", "100", ["99"], False),
        ("below", "110", ["110.01", "110"], True),
        ("percent", "5", ["104.99", "95.01"], False),
        ("percent", "5", ["105"], True),
        ("percent", "5", ["95"], True),
        ("percent", "5", ["102", "104", "106"], True),  # from where it was armed, not from the last tick
    ],
)
async def test_alerts_fire_when_a_tick_crosses(
    market: Market, kind: str, threshold: str, prices: list[str], fires: bool
):
    id = await market.alert(kind, threshold)
    for price in prices[:-1]:
        await market.tick(price=price)
        assert not await market.fired(id)
    await market.tick(price=prices[-1])
    assert await market.fired(id) == fires


async def test_an_alert_fires_once_until_it_is_armed_again(market: Market):
    id = await market.alert("above", 110)
    for price in (111, 100, 111, 100, 112):
        await market.tick(price=price)
    assert await market.times(id) == 1
    await market.trader.call("arm_price_alert", alert_id=id, armed=True)  # at 112: above it already
    await market.tick(price=113)
    assert await market.times(id) == 1
    await market.tick(price=109)
    await market.tick(price=110)
    assert await market.times(id) == 2
    await market.trader.call("arm_price_alert", alert_id=id, armed=True)
    await market.trader.call("arm_price_alert", alert_id=id, armed=False)
    for price in (100, 120):
        await market.tick(price=price)
    assert await market.times(id) == 2


async def test_percentages_count_from_the_price_of_the_last_arming(market: Market):
    id = await market.alert("percent", 10)
    await market.tick(price=108)
    await market.trader.call("arm_price_alert", alert_id=id, armed=True)  # armed already: the reference stays
    await market.tick(price=110)
    assert await market.fired(id)
    row = await market.trader.call("arm_price_alert", alert_id=id, armed=True)
    assert row["reference_price"] == 110
    await market.tick(price=120)
    assert (await market.trader.rows(f"price_alerts?id=eq.{id}"))[0]["armed"]
    await market.tick(price=99)
    assert await market.times(id) == 2
    told = (await market.trader.rows(f"notifications?subject_id=eq.{id}"))[0]
    assert (told["title"], told["body"]) == ("AXS fell by 10 %", "It was at $99.00")
    assert (told["kind"], told["path"]) == ("price_alert", "/market?symbol=AXS")


async def test_two_ticks_that_race_fire_it_once(market: Market):
    ids = [await market.alert("above", 110) for _ in range(5)]
    for _ in range(3):
        await asyncio.gather(*(market.tick(price=price) for price in (120, 121, 122, 123)))
        assert [await market.times(id) for id in ids] == [1] * 5
        await market.tick(price=100)


async def test_an_alert_that_is_armed_during_a_tick_does_not_miss_it(market: Market, supabase: Address):
    """The tick waits for it, or it for the tick: so it is armed at a price from which the next one is seen to cross."""
    other = await asyncpg.connect(supabase.db_url)
    id = uuid4()
    try:
        transaction = other.transaction()
        await transaction.start()
        await other.execute("select set_config('request.jwt.claims', $1, true)", json.dumps({"sub": market.trader.id}))
        await other.execute("select public.set_price_alert($1, 'AXS', 'above', 110)", id)
        tick = asyncio.create_task(market.tick(price=115))
        waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%tick_prices%'"
        async with asyncio.timeout(20):
            while not await market.sql.fetchval(waits):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert not tick.done()
        await transaction.commit()
        assert await tick == 1
    finally:
        await other.close()
    assert await market.fired(str(id))


# Members ------------------------------------------------------------------------------------------------------------


async def test_what_members_watch_and_wait_for_is_theirs_alone(market: Market, stranger: Person, anon: Person):
    alert = await market.alert("above", 110)
    watched = await market.trader.call("watch_symbol", watch_id=str(uuid4()), symbol="AXS")
    for path in (f"price_alerts?id=eq.{alert}", f"watchlists?id=eq.{watched['id']}"):
        assert await stranger.rows(path) == []
        assert (await stranger.rest("DELETE", path)).is_success  # nothing
        assert len(await market.trader.rows(path)) == 1
        refused(await anon.rest("GET", path), 401, "42501")
    refused(await stranger.ask("arm_price_alert", alert_id=alert, armed=False), 404, "PT404")
    same = {"alert_id": alert, "symbol": "AXS", "kind": "above", "threshold": 1}
    refused(await stranger.ask("set_price_alert", **same), 409, "PT409")
    await stranger.rest("PATCH", f"watchlists?id=eq.{watched['id']}", {"position": 7})
    assert (await market.trader.rows("watchlists"))[0]["position"] == 1
    for path in (f"price_alerts?id=eq.{alert}", f"watchlists?id=eq.{watched['id']}"):
        assert (await market.trader.rest("DELETE", path)).is_success
        assert await market.trader.rows(path) == []


@pytest.mark.parametrize("who", ["anon", "owner"])
async def test_nobody_but_the_worker_moves_a_price(people: dict[str, Person], who: str):
    somebody, status = people[who], 401 if who == "anon" else 403
    ticks = [{"symbol": "BTC", "price": 1}]
    refused(await somebody.ask("tick_prices", worker="me", ticks=ticks), status, "42501")
    refused(await somebody.rest("PATCH", "crypto_prices?symbol=eq.BTC", {"price": 1}), status, "42501")


async def test_a_symbol_is_watched_once_and_at_the_end(market: Market):
    trader = market.trader
    first = await trader.call("watch_symbol", watch_id=str(uuid4()), symbol="BTC")
    await trader.call("watch_symbol", watch_id=str(uuid4()), symbol="ETH")
    again = await trader.call("watch_symbol", watch_id=str(uuid4()), symbol="BTC")
    assert again == first
    assert [r["symbol"] for r in await trader.rows("watchlists?order=position")] == ["BTC", "ETH"]
    refused(await trader.ask("watch_symbol", watch_id=str(uuid4()), symbol="NONE"), 409, "23503")


async def test_there_are_fifty_alerts_at_most(market: Market):
    made = {"symbol": "AXS", "kind": "above", "threshold": 1e9}
    answers = await asyncio.gather(
        *(market.trader.ask("set_price_alert", alert_id=str(uuid4()), **made) for _ in range(52))
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 50 + [409] * 2
    assert len(await market.trader.rows("price_alerts")) == 50


@pytest.mark.parametrize(("kind", "threshold"), [("above", 0), ("percent", 0.001), ("percent", 1001), ("beside", 1)])
async def test_alerts_make_sense(market: Market, kind: str, threshold: float):
    asked = {"alert_id": str(uuid4()), "symbol": "AXS", "kind": kind, "threshold": threshold}
    refused(await market.trader.ask("set_price_alert", **asked), 400, "23514")
