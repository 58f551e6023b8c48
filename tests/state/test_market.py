"""The market in the app: a tick is one call, candles go on with it, and a member's list and alerts are those of all tabs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from state.market import Candle, Market, Price, Prices, extended, joined, use_market
from state.member import Member
from state.starling import Starling
from state.watching import AlertDraft, Watching, use_watching
from tests.state.support import PASSWORD, Account, as_admin, until

if TYPE_CHECKING:
    from embedded.stack import Address

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


class Ticker:
    """Plays the worker."""

    def __init__(self, supabase: Address, http: httpx.AsyncClient) -> None:
        self._url, self._headers, self._http = f"{supabase.api_url}/rest/v1/rpc", as_admin(supabase), http

    async def call(self, function: str, **arguments: Any) -> Any:
        answer = await self._http.post(f"{self._url}/{function}", headers=self._headers, json=arguments)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def tick(self, feed: dict[str, str] | None = None, **prices: float) -> None:
        ticks = [{"symbol": symbol, "price": price, "open": 100} for symbol, price in prices.items()]
        assert await self.call("tick_prices", worker="ticker", ticks=ticks, feed=feed) == len(ticks)


@pytest.fixture
async def ticker(supabase: Address, http: httpx.AsyncClient) -> AsyncIterator[Ticker]:
    made = Ticker(supabase, http)
    await made.tick(BTC=100, ETH=100, SEI=100)
    yield made
    await made.call("release_market", worker="ticker")


@pytest.fixture
async def market(ticker: Ticker, starling: Starling) -> AsyncIterator[Market]:
    """Open, in front of somebody."""
    seat = starling.world.audience.enter("/market")
    market, leave = use_market(starling.world)
    await until(lambda: len(market.symbols) == 50 and market.facts("BTC") and market.prices.phase == "ready")
    await until(lambda: starling.world.connection.channel("market").live)
    yield market
    leave()
    seat.leave()


@pytest.fixture
async def watching(
    starling: Starling, account: Callable[[], Awaitable[Account]]
) -> AsyncIterator[tuple[Member, Watching]]:
    me = await account()
    member = starling.members.of(await starling.sessions.sign_in(me.email, PASSWORD))
    assert member is not None
    seat = member.audience.enter("/market")
    watching, leave = use_watching(member)
    await until(lambda: watching.alerts.phase == watching.watchlist.phase == "ready")
    yield member, watching
    leave()
    seat.leave()


async def test_everybody_shares_one_market_and_a_tick_is_one_call(
    starling: Starling, market: Market, ticker: Ticker
) -> None:
    again, leave = use_market(starling.world)
    assert again is market
    leave()
    calls: list[Sequence[Price]] = []
    unsubscribe = market.subscribe(calls.append)
    await until(lambda: market._facts.fetches and market._lines.fetches)
    facts, lines = market._facts.fetches, market._lines.fetches
    await ticker.tick(BTC=110, ETH=90, SEI=100.5)
    await until(lambda: calls)
    assert len(calls) == 1
    assert {price.symbol: price.change_percentage_24h for price in calls[0]} == {"BTC": 10, "ETH": -10, "SEI": 0.5}
    price = market.get_price("BTC")
    assert price is not None
    assert (price.price, price.change_24h) == (110, 10)
    for more in range(1, 4):
        await ticker.tick(BTC=110 + more)
        await until(lambda more=more: len(calls) == 1 + more)
    unsubscribe()
    assert market._facts.fetches <= facts + 1  # M2: the beginning may still have asked once, four ticks have not
    assert market._lines.fetches <= lines + 1


async def test_what_moves_slowly_is_there_too(market: Market) -> None:
    facts = market.facts("SEI")
    assert facts is not None
    assert (facts.name, facts.simulated) == ("Sei", True)
    assert facts.market_cap > 0
    await until(lambda: market.line("BTC"))
    assert market.line("BTC")[-1] == 100
    assert market.symbols[:5] == ["BTC", "ETH", "SEI", "USDC", "USDT"]


async def test_symbols_are_found_by_symbol_and_name(market: Market) -> None:
    assert market.find("eth")[0] == "ETH"
    assert market.find(" BITC ") == ["BTC", "BCH"]
    assert market.find("nothing such") == []


async def test_where_prices_come_from_is_heard(market: Market, ticker: Ticker) -> None:
    await ticker.tick({"source": "fallback", "provider": "Bitstamp", "note": "Bitstamp gave status 503"}, BTC=100)
    await until(lambda: market.status and market.status.source == "fallback")
    await ticker.tick({"source": "simulated"}, BTC=100)
    await until(lambda: market.status and market.status.source == "simulated")


async def test_when_ticks_stop_it_is_known_since_when(  # M4
    market: Market, ticker: Ticker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("state.market.STILL_S", 0.5)
    await ticker.tick(BTC=101)
    await ticker.tick(BTC=102)
    await until(lambda: (price := market.get_price("BTC")) and price.price == 102)
    await until(lambda: market.still_since)
    assert (price := market.get_price("BTC"))
    assert market.still_since == price.last_updated
    monkeypatch.setattr("state.market.STILL_S", 3600)
    told: list[None] = []
    market.changed.subscribe(told.append)
    await ticker.tick(BTC=100)
    await until(lambda: market.still_since is None and told)


async def test_prices_are_followed_as_reference_3_does(market: Market, ticker: Ticker) -> None:
    heard: list[tuple[str, float]] = []
    prices = Prices(market, ["BTC"], lambda price: heard.append((price.symbol, price.price)))
    await ticker.tick(BTC=101, ETH=101, SEI=101)
    await until(lambda: heard)
    prices.subscribe(["SEI", "ETH"])
    prices.unsubscribe(["BTC", "USDT"])
    assert prices.symbols == ["SEI", "ETH"]
    await ticker.tick(BTC=102, ETH=102, SEI=102)
    await until(lambda: len(heard) == 3)
    assert sorted(heard) == [("BTC", 101), ("ETH", 102), ("SEI", 102)]
    assert {symbol: price.price for symbol, price in prices.prices.items()} == {"SEI": 102, "ETH": 102}
    assert (btc := prices.get_price("BTC")) is not None
    assert btc.price == 102
    prices.close()


async def test_candles_go_on_with_the_ticks(market: Market, ticker: Ticker) -> None:  # M3
    candles = market.candles("BTC")
    leave = candles.open()
    await until(lambda: not candles.loading and candles.rows)
    await ticker.tick(BTC=140)
    await until(lambda: candles.rows[-1].close == 140)
    assert candles.rows[-1].high >= 140
    await ticker.tick(BTC=100)
    await until(lambda: candles.rows[-1].close == 100)
    leave()


def candle(minute: int, open: float, high: float, low: float, close: float) -> Candle:
    return Candle(NOON + timedelta(minutes=minute), open, high, low, close)


def test_a_tick_grows_the_minute_or_begins_the_next() -> None:  # M3
    rows = [candle(0, 10, 11, 9, 10)]
    assert extended(rows, 12, NOON + timedelta(seconds=59)) == [candle(0, 10, 12, 9, 12)]
    assert extended(rows, 8, NOON + timedelta(seconds=61))[1] == candle(1, 10, 10, 8, 8)
    assert extended(rows, 99, NOON - timedelta(seconds=1)) == rows
    many = [candle(n, 1, 1, 1, 1) for n in range(180)]
    assert len(extended(many, 2, NOON + timedelta(minutes=180))) == 180


def test_what_the_database_says_is_joined_with_what_ticks_said_since() -> None:  # M3
    asked = [candle(0, 10, 11, 9, 10), candle(1, 10, 10, 10, 10)]
    held = [candle(0, 0, 0, 0, 0), candle(1, 10, 13, 10, 12), candle(2, 12, 12, 12, 12)]
    assert joined(asked, held) == [asked[0], candle(1, 10, 13, 10, 12), held[2]]
    assert joined([], held) == held
    assert joined(asked, []) == asked


# What a member watches -----------------------------------------------------------------------------------------------


async def test_a_list_shows_at_once_and_keeps_its_order(watching: tuple[Member, Watching], db: Any) -> None:
    member, mine = watching
    for symbol in ("BTC", "ETH", "SEI", "BTC"):
        mine.watch(symbol)
    mine.watchlist.flush()
    assert mine.symbols == ["BTC", "ETH", "SEI"]
    await until(lambda: not mine.watchlist.mutations.unconfirmed)
    mine.move("SEI", 0)
    mine.move("BTC", 5)
    mine.watchlist.flush()
    assert mine.symbols == ["SEI", "ETH", "BTC"]
    mine.move("BTC", 1)
    mine.unwatch("SEI")
    mine.watchlist.flush()
    assert mine.symbols == ["BTC", "ETH"]
    await until(lambda: not mine.watchlist.mutations.unconfirmed)
    rows = await db.fetch("select symbol from watchlists where owner_id = $1 order by position", member.id)
    assert [row["symbol"] for row in rows] == ["BTC", "ETH"]


async def test_an_alert_fires_in_the_database_and_is_armed_again(
    watching: tuple[Member, Watching], ticker: Ticker, db: Any
) -> None:
    member, mine = watching
    draft = AlertDraft.check("BTC", "above", 120)
    assert isinstance(draft, AlertDraft)
    id = mine.set_alert(draft, 100)
    mine.alerts.flush()
    assert [alert.id for alert in mine.alerts.rows] == [id]  # at once
    await until(lambda: not mine.alerts.mutations.unconfirmed)
    await ticker.tick(BTC=125)

    def alert() -> Any:
        return mine.alerts.get(id)

    await until(lambda: not alert().armed)
    assert alert().triggered_price == 125
    assert await db.fetchval("select count(*) from notifications where owner_id = $1", member.id) == 1
    mine.arm(id, True)
    mine.alerts.flush()
    assert alert().armed  # at once
    await until(lambda: not mine.alerts.mutations.unconfirmed)
    await until(lambda: alert().reference_price == 125)
    mine.remove_alert(id)
    mine.alerts.flush()
    assert mine.alerts.rows == []
    await until(lambda: not mine.alerts.mutations.unconfirmed)


async def test_a_refused_alert_says_why_and_is_discarded(watching: tuple[Member, Watching]) -> None:
    member, mine = watching
    said: list[str] = []
    member.studio.failures.subscribe(said.append, unsubscribe_on_delete=False)
    id = mine.set_alert(AlertDraft(symbol="NONE", threshold=1), 1)
    await until(lambda: said)
    assert said == ["There is no such symbol"]
    mine.remove_alert(id)
    mine.alerts.flush()
    assert mine.alerts.rows == []


@pytest.mark.parametrize(
    ("kind", "threshold", "said"),
    [
        ("above", None, "At which price?"),
        ("percent", "", "By how many percent?"),
        ("below", 0, "A price above zero"),
        ("above", float("nan"), "A price above zero"),
        ("above", "twelve", "A price above zero"),
        ("percent", 2000, "From 0.01 to 1,000 %"),
    ],
)
def test_drafts_say_what_is_wrong(kind: str, threshold: Any, said: str) -> None:
    assert AlertDraft.check("BTC", kind, threshold) == said
