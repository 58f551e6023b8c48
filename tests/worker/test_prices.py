"""The market's tick on the real database, with an exchange of the tests' own on a real socket."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from tests.worker.studio import Studio
from worker import exchange as exchange_module
from worker.exchange import Bitstamp, FeedError, read
from worker.prices import Prices

TICKER = [
    {"pair": "BTC/USD", "last": "84921", "open_24": "84878", "volume": "2426.07836092", "percent_change_24": "0.05"},
    {"pair": "ETH/USD", "last": "2711.5", "open_24": "2800", "volume": "10"},
    {"pair": "ETH/EUR", "last": "1", "open_24": "1", "volume": "10"},
    {"pair": "BTC/USD-PERP", "last": "2", "open_24": "1", "volume": "10"},
    {"pair": "SEI/USD", "last": "NaN", "open_24": "1", "volume": "10"},
    {"pair": "SOL/USD", "last": "-1"},
    "nonsense",
]


class FakeExchange:
    """Answers as Bitstamp does, or as a test says."""

    def __init__(self) -> None:
        self.status, self.body, self.silent, self.asked = 200, json.dumps(TICKER), False, 0
        self.port = 0
        self.hang_up: Callable[[], None] = lambda: None  # the connection that was opened last

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"GET /api/v2/ticker/ ")
        self.asked += 1
        self.hang_up = writer.close
        if self.silent:
            await reader.read()
        else:
            body = self.body.encode()
            said = f"HTTP/1.1 {self.status} Said\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(said.encode() + body)
            await writer.drain()
        writer.close()


@pytest.fixture
async def fake() -> AsyncIterator[FakeExchange]:
    made = FakeExchange()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


@pytest.fixture
async def bitstamp(fake: FakeExchange) -> AsyncIterator[Bitstamp]:
    async with httpx.AsyncClient() as http:
        yield Bitstamp(http, f"http://127.0.0.1:{fake.port}")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def prices(studio: Studio, name: str = "one", **options: Any) -> Prices:
    return Prices(studio.api, name, tick_s=1, dice=random.Random(7), **options)


@pytest.fixture
async def market(studio: Studio) -> Studio:
    """A market that has no past."""
    await studio.database.execute(
        "delete from public.price_candles; update private.market_lease set worker = null, expires_at = '-infinity'"
    )
    return studio


async def row(studio: Studio, symbol: str) -> dict[str, Any]:
    return (await studio.api.select("crypto_prices", symbol=f"eq.{symbol}"))[0]


async def status(studio: Studio) -> tuple[str, str, str]:
    (said,) = await studio.api.select("market_status")
    return said["source"], said["provider"], said["note"]


async def test_a_market_without_a_past_gets_an_hour_of_it_and_goes_on(market: Studio) -> None:
    before = (await row(market, "BTC"))["price"]
    one = prices(market)
    await one.tick()
    assert (await row(market, "BTC"))["price"] == pytest.approx(before, rel=0.01)
    assert await market.count("public.price_candles where symbol = 'BTC'") == 61
    assert await market.count("public.crypto_prices where change_24h <> 0") > 40
    assert await status(market) == ("simulated", "", "")
    await one.close()
    two = prices(market, "two")
    await two.tick()  # at once, since the first gave it back
    assert await market.count("public.price_candles where symbol = 'BTC'") <= 62
    await two.close()


async def test_one_of_two_workers_moves_the_market_and_the_other_takes_over(market: Studio) -> None:
    clock = Clock()
    one, two = prices(market), prices(market, "two", clock=clock)
    await one.tick()
    moved = (await row(market, "BTC"))["version"]
    await two.tick()
    assert (await row(market, "BTC"))["version"] == moved
    await market.database.execute("update private.market_lease set expires_at = now()")  # the first fell silent
    clock.now += 60
    await two.tick()
    moved = (await row(market, "BTC"))["version"]
    await one.tick()
    assert (await row(market, "BTC"))["version"] == moved
    await one.close()  # has nothing to give back
    assert await market.database.fetchval("select worker from private.market_lease") == "two"
    await two.close()
    assert await market.database.fetchval("select worker from private.market_lease") is None


def test_an_answer_is_read_and_nonsense_left_out() -> None:
    quotes = read(TICKER)
    assert quotes.keys() == {"BTC", "ETH"}
    assert (quotes["BTC"].price, quotes["BTC"].open) == (84921, 84878)
    assert quotes["BTC"].volume == pytest.approx(84921 * 2426.07836092)
    assert read({"error": "no"}) == {}


async def test_an_exchange_is_followed_and_what_it_does_not_trade_is_marked(market: Studio, bitstamp: Bitstamp) -> None:
    one = prices(market, exchange=bitstamp)
    await one.tick()
    btc, sei = await row(market, "BTC"), await row(market, "SEI")
    assert (btc["price"], btc["change_24h"], btc["simulated"]) == (84921, 43, False)
    assert sei["simulated"]
    source, provider, note = await status(market)
    assert (source, provider) == ("live", "Bitstamp")
    assert "SEI" in note
    assert "BTC" not in note
    await one.close()


async def test_a_silent_exchange_is_replaced_and_comes_back(
    market: Studio, fake: FakeExchange, bitstamp: Bitstamp, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    one = prices(market, exchange=bitstamp, clock=clock)
    await one.tick()
    fake.status = 503
    stood = (await row(market, "BTC"))["version"]
    clock.now += 1
    await one.tick()  # once is no outage: nothing moves
    clock.now += 0.1
    await one.tick()
    assert (fake.asked, (await row(market, "BTC"))["version"]) == (2, stood)
    clock.now += 5
    await one.tick()
    assert await status(market) == ("fallback", "Bitstamp", "Bitstamp gave status 503")
    btc = await row(market, "BTC")
    assert btc["simulated"]
    assert btc["price"] == pytest.approx(84921, rel=0.01)  # goes on from there
    asked = fake.asked
    for _ in range(2):  # within the pause
        clock.now += 0.5
        await one.tick()
    assert fake.asked == asked
    assert (await row(market, "BTC"))["version"] > btc["version"]
    fake.status, fake.silent = 200, True
    clock.now += 300
    stood = (await row(market, "BTC"))["version"]
    await one.tick()  # the walk does not wait for an answer
    assert (await row(market, "BTC"))["version"] > stood
    fake.silent = False
    fake.hang_up()
    async with asyncio.timeout(20):
        while (await status(market))[0] != "live":
            clock.now += 300
            await one.tick()
    assert (await row(market, "BTC"))["price"] == 84921
    await one.close()


@pytest.mark.parametrize("trouble", ["silent", "html", "empty", "long", "closed"])
async def test_whatever_an_exchange_says_is_an_answer_or_a_reason(
    fake: FakeExchange, bitstamp: Bitstamp, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    match trouble:
        case "silent":
            fake.silent = True
            monkeypatch.setattr(exchange_module, "TIMEOUT_S", 0.1)
        case "html":
            fake.body = "<html>"
        case "empty":
            fake.body = "[]"
        case "long":
            monkeypatch.setattr(exchange_module, "LARGEST_BYTES", 100)
        case _:
            bitstamp = Bitstamp(httpx.AsyncClient(), "http://127.0.0.1:9")
    with pytest.raises(FeedError) as failed:
        await bitstamp.quotes()
    assert str(failed.value).startswith(("no answer", "an answer"))


async def test_a_worker_follows_the_exchange_that_its_settings_name(market: Studio, fake: FakeExchange) -> None:
    told = {"PRICE_FEED": "bitstamp", "PRICE_FEED_URL": f"http://127.0.0.1:{fake.port}", "PRICE_TICK_S": "0.1"}
    async with market.worker(**told):

        async def live() -> bool:
            return fake.asked > 1 and (await status(market))[0] == "live"

        await market.until(live)
    assert await market.database.fetchval("select worker from private.market_lease") is None
