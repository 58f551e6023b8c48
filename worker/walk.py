"""The market made up: a random walk of all symbols, seeded. Pure: no clock, no network.

Symbols move together as far as they do in the world (`TOGETHER`), stablecoins stay near a dollar, and a day's change is
told from a price that follows slowly, as the one of a day ago would.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

YEAR_S = 365 * 86_400.0
DAY_S = 86_400.0
TOGETHER = 0.65  # correlation with the market as a whole
LONGEST_STEP_S = 600.0  # a machine that slept does not wake up to a crash

STABLE = frozenset({"USDC", "USDT", "DAI"})
STABLE_PULL = 0.02  # of the way back to a dollar, each second
STABLE_NOISE = 0.00004
VOLATILITY = {  # a year's, as a share of the price
    "BTC": 0.45, "ETH": 0.6, "BNB": 0.55, "TRX": 0.6, "XRP": 0.85, "SOL": 0.8, "SEI": 1.1, "DOGE": 1.1,
    "SHIB": 1.3, "PEPE": 1.6, "TIA": 1.2, "INJ": 1.1, "SUI": 1.15,
}  # fmt: skip
ORDINARY = 0.9
PAST_STEPS = 6  # of a minute that lies behind


@dataclass
class Coin:
    """One symbol as it stands; `volume` is a day's, in dollars."""

    symbol: str
    price: float
    open: float
    volume: float

    @classmethod
    def parse(cls, row: Mapping[str, Any]) -> Coin:
        """From a row of `claim_market`."""
        return cls(str(row["symbol"]), float(row["price"]), float(row["open"]), float(row["volume"]))

    @property
    def stable(self) -> bool:
        return self.symbol in STABLE

    @property
    def volatility(self) -> float:
        return VOLATILITY.get(self.symbol, ORDINARY)

    def tick(self, *, simulated: bool) -> dict[str, Any]:
        """As `tick_prices` takes it."""
        return {
            "symbol": self.symbol, "price": self.price, "open": rounded(self.open), "volume": round(self.volume),
            "simulated": simulated,
        }  # fmt: skip


class Walk:
    """All symbols. The same `dice` give the same market."""

    def __init__(self, coins: Iterable[Coin], dice: random.Random) -> None:
        self.coins = {coin.symbol: coin for coin in coins}
        self._dice = dice

    def step(self, seconds: float, *, but: frozenset[str] = frozenset()) -> None:
        """Time passes for all symbols `but` some."""
        seconds = min(seconds, LONGEST_STEP_S)
        market = self._dice.gauss(0, 1)
        for coin in self.coins.values():
            own = self._dice.gauss(0, 1)
            if coin.symbol not in but:
                coin.price = self._moved(coin, coin.price, seconds, market, own)
                coin.volume *= math.exp(0.0002 * math.sqrt(seconds) * own)
            self.age(coin, seconds)

    def age(self, coin: Coin, seconds: float) -> None:
        """The price of a day ago follows."""
        coin.open += (coin.price - coin.open) * min(1.0, seconds / DAY_S)

    def begin(self) -> None:
        """A day that lies behind, for a market that has none."""
        for coin in self.coins.values():
            day = 0.0005 if coin.stable else coin.volatility * math.sqrt(DAY_S / YEAR_S)
            coin.open = coin.price / math.exp(self._dice.gauss(0, day))

    def past(self, now: datetime, minutes: int = 60) -> list[dict[str, Any]]:
        """Candles of the minutes before this one, which end at the prices of now."""
        candles: list[dict[str, Any]] = []
        this = now.replace(second=0, microsecond=0)
        prices = {symbol: coin.price for symbol, coin in self.coins.items()}
        for back in range(1, minutes + 1):
            market = [self._dice.gauss(0, 1) for _ in range(PAST_STEPS)]
            for symbol, coin in self.coins.items():
                path = [prices[symbol]]
                for together in market:
                    path.append(self._moved(coin, path[-1], 60 / PAST_STEPS, together, self._dice.gauss(0, 1)))
                prices[symbol] = path[-1]
                candles.append({
                    "symbol": symbol, "minute": (this - timedelta(minutes=back)).isoformat(),
                    "open": path[-1], "high": max(path), "low": min(path), "close": path[0],
                })  # fmt: skip
        return candles

    def _moved(self, coin: Coin, price: float, seconds: float, market: float, own: float) -> float:
        if coin.stable:
            pull = 1 - math.exp(-STABLE_PULL * seconds)
            return rounded(price + (1 - price) * pull + STABLE_NOISE * min(math.sqrt(seconds), 5) * own, places=4)
        noise = TOGETHER * market + math.sqrt(1 - TOGETHER**2) * own
        return rounded(price * math.exp(coin.volatility * math.sqrt(seconds / YEAR_S) * noise))


def rounded(price: float, *, places: int | None = None) -> float:
    """To the places at which prices of this size are told: six digits that count, and cents at least."""
    if places is None:
        places = max(2, 5 - math.floor(math.log10(price)))
    return max(round(price, places), 10.0**-places)
