"""The market as a person uses it, on the real stack. Nobody moves it here: the tests play the worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from nicegui import ElementFilter, ui
from nicegui.testing import User

from components.candle_chart import CandleChart
from components.coin import compact
from components.price_board import PriceBoard
from components.price_source import source_of
from components.price_strip import PriceStrip
from components.price_words import dollars, exact, percent, plain
from components.session import starling
from components.tag import Tag
from tests.state.support import until

if TYPE_CHECKING:
    from embedded.stack import Address

LONG = 300  # retries of 0.1 s


class Ticker:
    """Moves prices by hand."""

    def __init__(self, supabase: Address) -> None:
        headers = {"apikey": supabase.secret_key}
        self._http = httpx.AsyncClient(base_url=supabase.api_url, headers=headers)

    async def call(self, function: str, **arguments: Any) -> Any:
        answer = await self._http.post(f"/rest/v1/rpc/{function}", json=arguments)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def tick(self, feed: dict[str, str] | None = None, **prices: float) -> None:
        ticks = [{"symbol": symbol, "price": price, "open": 100} for symbol, price in prices.items()]
        assert await self.call("tick_prices", worker="hand", ticks=ticks, feed=feed) == len(ticks)

    async def alerts(self) -> int:
        """How many the database has."""
        answer = await self._http.get("/rest/v1/price_alerts?select=id")
        return len(answer.json())

    async def close(self) -> None:
        await self.call("release_market", worker="hand")
        await self._http.aclose()


@pytest.fixture
async def ticker(supabase: Address, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ticker]:
    monkeypatch.setattr("state.market.STILL_S", 3600)  # it moves when a test wants it to
    hand = Ticker(supabase)
    await hand.tick({"source": "simulated"}, BTC=100, ETH=100, SEI=100)
    yield hand
    await hand.close()


@pytest.fixture
async def ada(user: User, ticker: Ticker) -> User:
    """Ada, at the market."""
    await user.open("/sign-in")
    user.find("Sign in as Ada").click()
    await user.should_see("Here now", retries=LONG)
    await user.open("/market")
    await until(lambda: len(board(user).rows) == 50 and all(row(user, name)["line"] for name in ("BTC", "ETH", "SEI")))
    return user


def board(user: User) -> PriceBoard:
    with user:
        return next(iter(ElementFilter(kind=PriceBoard)))


def row(user: User, symbol: str) -> dict[str, Any]:
    return next(row for row in board(user).rows if row["symbol"] == symbol)


def press(user: User, event: str, symbol: str) -> None:
    """As a card of the board would say it."""
    element = board(user)
    listener = next(x for x in element._event_listeners.values() if x.type == event)
    element._handle_event({"listener_id": listener.id, "args": symbol})


async def test_guests_look_and_are_asked_to_sign_in_for_more(user: User, ticker: Ticker) -> None:
    await user.open("/market?symbol=eth")
    await until(lambda: len(board(user).rows) == 50)
    await user.should_see("Ethereum")
    await user.should_see("Simulated prices")
    await user.should_see("Sign in to set an alert")
    await user.should_not_see("Watchlist")
    press(user, "watch", "BTC")
    await user.should_see("Password", retries=LONG)


async def test_a_tick_is_one_message_with_what_moved(ada: User, ticker: Ticker) -> None:  # B1, B2
    element, sent = board(ada), []
    whole: list[None] = []
    element.update = lambda: whole.append(None)  # type: ignore[method-assign]
    element.run_method = lambda *arguments: sent.append(arguments)  # type: ignore[method-assign]
    await ticker.tick(BTC=125, ETH=100, SEI=90)
    await until(lambda: sent)
    ((method, moved),) = sent
    assert (method, {told[0]: told[1:] for told in moved}) == ("tick", {"BTC": (125, 25, 25), "SEI": (90, -10, -10)})
    assert (row(ada, "BTC")["price"], row(ada, "BTC")["percent"]) == (125, 25)
    assert whole == []
    await ada.should_see("$125.00")  # in full, for it is the first
    await ada.should_see("+25.00 %")


async def test_a_list_of_ones_own_and_a_search(ada: User, ticker: Ticker) -> None:
    press(ada, "watch", "SEI")
    press(ada, "watch", "DOGE")
    await ada.should_see("Watchlist 2", retries=LONG)
    ada.find("Watchlist 2").click()
    await until(lambda: [row["symbol"] for row in board(ada).rows] == ["SEI", "DOGE"])
    assert board(ada).props["watched"] == ["SEI", "DOGE"]
    ada.find(ui.input).type("polka")
    await until(lambda: [row["symbol"] for row in board(ada).rows] == ["DOT"])
    ada.find(ui.input).clear().type("nothing such")
    await ada.should_see("No symbol is called “nothing such”.")
    await ada.should_not_see("Watch BTC, ETH and SEI")
    ada.find(ui.input).clear()
    for symbol in ("SEI", "DOGE"):
        press(ada, "watch", symbol)
    await ada.should_see("You watch nothing yet.", retries=LONG)
    ada.find("Watch BTC, ETH and SEI").click()
    await ada.should_see("Watchlist 3", retries=LONG)
    for symbol in ("BTC", "ETH", "SEI"):
        press(ada, "watch", symbol)
    await ada.should_see("Watchlist 0", retries=LONG)


async def test_an_alert_is_set_fires_and_is_armed_again(ada: User, ticker: Ticker) -> None:
    await ada.open("/market?symbol=SEI")
    await until(lambda: len(board(ada).rows) == 50)
    ada.find("Set an alert").click()
    await ada.should_see("Tell me when SEI moves")
    ada.find("Below").click()
    threshold = next(iter(ada.find("95").elements))
    assert isinstance(threshold, ui.input)
    for nonsense in ("none", "0,9"):
        threshold.value = nonsense
        ada.find("Set alert").click()
        await until(lambda: threshold.error == "A price above zero")
    threshold.value = "$90"
    ada.find("Set alert").click()
    await ada.should_see("SEI below $90.00")
    await ada.should_see("Armed at $100.00")
    async with asyncio.timeout(20):
        while not await ticker.alerts():  # noqa: ASYNC110 (it shows before it is there)
            await asyncio.sleep(0.02)
    await ticker.tick(SEI=89)
    await ada.should_see("Fired at $89.00", retries=LONG)
    await ada.should_see("SEI fell to $90.00", retries=LONG)  # the toast, though the page is what it leads to
    button(ada, "Arm again").trigger("click.stop")
    await ada.should_see("Armed at $89.00", retries=LONG)
    button(ada, "Remove").trigger("click.stop")
    await ada.should_see("No alert is set.", retries=LONG)


def button(user: User, name: str) -> Any:
    """A small button by its name."""
    with user:
        marked = [tag for tag in ElementFilter(kind=Tag) if tag.props.get("aria-label") == name]
    marked[0].mark(name.replace(" ", "-"))
    return user.find(marker=name.replace(" ", "-"))


async def test_candles_go_on_and_where_prices_come_from_is_said(
    ada: User, ticker: Ticker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ada:
        chart = next(iter(ElementFilter(kind=CandleChart)))
    assert chart.symbol == "BTC"
    await until(lambda: chart.candles)
    await ticker.tick({"source": "fallback", "provider": "Bitstamp", "note": "Bitstamp gave status 503"}, BTC=140)
    await until(lambda: chart.candles[-1].close == 140)
    await until(lambda: chart.options["series"][0]["data"][-1][1] == 140)
    await ada.should_see("Bitstamp does not answer: simulated since", retries=LONG)
    await ticker.tick({"source": "live", "provider": "Bitstamp"}, BTC=100)
    await ada.should_see("Live from Bitstamp", retries=LONG)
    monkeypatch.setattr("state.market.STILL_S", 0.2)
    await ada.should_see("Prices stand still since", retries=LONG)
    await until(lambda: board(ada).props["still"])
    monkeypatch.setattr("state.market.STILL_S", 3600)
    await ticker.tick({"source": "simulated"}, BTC=101)
    await ada.should_see("Simulated prices", retries=LONG)
    await until(lambda: board(ada).props["still"] == "")


async def test_a_strip_shows_some_symbols_on_any_page(user: User, ticker: Ticker) -> None:
    @ui.page("/strip")
    def page() -> None:
        PriceStrip(starling().world, ["SEI", "BTC"])

    await user.open("/strip")
    await until(lambda: [row["symbol"] for row in board(user).rows] == ["SEI", "BTC"])
    await ticker.tick(SEI=112)
    await until(lambda: row(user, "SEI")["price"] == 112)
    press(user, "choose", "SEI")
    await user.should_see("Sign in to set an alert", retries=LONG)
    await user.should_see("SEI")


def test_prices_are_written_so_that_they_say_something() -> None:
    assert [dollars(price) for price in (97250.004, 1.435, 0.482, 0.0000251)] == [
        "$97,250.00", "$1.4350", "$0.4820", "$0.00002510",
    ]  # fmt: skip
    assert [percent(number) for number in (1.254, -3, 0, -0.004)] == [
        "+1.25 %", "−3.00 %", "+0.00 %", "+0.00 %",
    ]  # fmt: skip
    assert [plain(number) for number in (105000.0, 1e11, 0.0000251, 2.5)] == [
        "105000",
        "100000000000",
        "0.0000251",
        "2.5",
    ]
    assert exact(97278.51) == "$97,278.51"
    assert [exact(price) for price in (90, 102200, 0.0000251)] == ["$90.00", "$102,200.00", "$0.0000251"]
    assert [compact(number) for number in (1.92e12, 9.86e9, 999e6, 12.0)] == ["$1.92T", "$9.86B", "$999M", "$12"]
    assert source_of(None) == ("", "", "")
    noon = datetime(2026, 11, 26, 12, 5, tzinfo=UTC)
    assert source_of(None, noon, "Asia/Kolkata")[0] == "Prices stand still since 17:35"
    assert source_of(None, noon)[0] == "Prices stand still since 12:05 UTC", "nobody has said where they are"
