"""The simulated market: the same seed makes the same one, it moves as markets do, and stablecoins are stable."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.walk import Coin, Walk, rounded

NOW = datetime(2026, 11, 26, 12, 30, 20, tzinfo=UTC)


def walk(seed: int = 1) -> Walk:
    coins = [Coin("BTC", 97_250, 97_250, 4e10), Coin("PEPE", 0.0000198, 0.0000198, 3e9), Coin("USDC", 1, 1, 9e9)]
    return Walk(coins, random.Random(seed))


def after(seconds: float, steps: int, seed: int = 1) -> dict[str, float]:
    market = walk(seed)
    for _ in range(steps):
        market.step(seconds)
    return {coin.symbol: coin.price for coin in market.coins.values()}


def test_the_same_seed_makes_the_same_market():
    assert after(1, 50) == after(1, 50)
    assert after(1, 50) != after(1, 50, seed=2)


def test_a_day_moves_prices_as_far_as_days_do_and_stablecoins_hardly():
    days = [after(60, 1440, seed) for seed in range(12)]
    btc = [abs(math.log(day["BTC"] / 97_250)) for day in days]
    pepe = [abs(math.log(day["PEPE"] / 0.0000198)) for day in days]
    assert 0.005 < sum(btc) / len(btc) < 0.06
    assert sum(pepe) > sum(btc)
    assert all(0.995 < day["USDC"] < 1.005 for day in days)


def test_most_ticks_move_a_price():
    market, prices = walk(), set()
    for _ in range(60):
        market.step(1)
        prices.add(market.coins["BTC"].price)
    assert len(prices) > 50
    assert max(prices) / min(prices) < 1.01


def test_what_an_exchange_tells_is_left_alone_and_its_day_goes_on():
    market = walk()
    market.coins["BTC"].open = 90_000
    market.step(600, but=frozenset({"BTC"}))
    assert market.coins["BTC"].price == 97_250
    assert 90_000 < market.coins["BTC"].open < 90_100


def test_an_hour_lies_behind_and_ends_at_the_prices_of_now():
    market = walk()
    candles = [candle for candle in market.past(NOW) if candle["symbol"] == "BTC"]
    assert len(candles) == 60
    assert (candles[0]["minute"], candles[-1]["minute"]) == ("2026-11-26T12:29:00+00:00", "2026-11-26T11:30:00+00:00")
    assert candles[0]["close"] == 97_250
    for newer, older in pairwise(candles):
        assert newer["open"] == older["close"]
        assert newer["low"] <= min(newer["open"], newer["close"]) <= max(newer["open"], newer["close"]) <= newer["high"]


def test_a_machine_that_slept_does_not_wake_up_to_a_crash():
    assert after(10_000_000, 1)["BTC"] == pytest.approx(97_250, rel=0.05)


@given(st.floats(1e-9, 1e11))
def test_rounding_keeps_a_price_a_price(price: float):
    assert rounded(price) > 0
    assert rounded(price) == pytest.approx(price, rel=1e-4)
