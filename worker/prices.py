"""The market's tick: prices of all symbols, made up or from an exchange, written in one call.

P1  One worker moves the market at a time: it holds a lease in the database and gives it back at the end.
P2  Prices go on from where the database has them. A market without a past gets one hour of it.
P3  An exchange that fails once is waited for; failing again, the walk goes on from the last prices, and the database says
    so to everybody. It is asked again with pauses that double, beside the walk, and when it answers the market is live
    again.
P4  A symbol that the exchange does not trade is simulated, and marked so.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from worker.api import Api
from worker.errors import ApiError
from worker.exchange import FeedError, Quote
from worker.walk import Coin, Walk

log = logging.getLogger("worker")

LEASE_S = 15
PATIENCE = 2  # failures in a row after which the walk goes on
FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 120.0
CHUNK = 600  # candles that are sent at once


class Exchange(Protocol):
    """Where real prices are asked for."""

    @property
    def name(self) -> str: ...

    async def quotes(self) -> dict[str, Quote]:
        """By symbol. Raises FeedError."""
        ...


class Prices:
    """`tick` is called by the scheduler every `tick_s` seconds. `exchange`: None makes everything up."""

    def __init__(
        self,
        api: Api,
        worker: str,
        *,
        tick_s: float,
        exchange: Exchange | None = None,
        dice: random.Random | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api, self._worker, self._exchange, self._clock = api, worker, exchange, clock
        self._dice = dice or random.Random()
        self._lease_s = max(LEASE_S, round(3 * tick_s))
        self._walk: Walk | None = None  # None: another worker moves the market, as far as is known
        self._claim_at = 0.0
        self._moved_at = 0.0
        self._failures = 0
        self._ask_at = 0.0
        self._asking: asyncio.Task[dict[str, Quote]] | None = None  # while the walk goes on
        self._live: frozenset[str] = frozenset()  # what the last answer had prices for
        self._note = ""

    async def tick(self) -> None:
        """Moves the market once, if it is this worker's."""
        now = self._clock()
        walk = self._walk or await self._claim(now)
        if walk is None:
            return
        quotes = await self._ask(now)
        if self._exchange and quotes is None and 0 < self._failures < PATIENCE:
            return  # P3
        self._live = frozenset(quotes or ()) & walk.coins.keys()
        for symbol in self._live:
            _follow(walk.coins[symbol], (quotes or {})[symbol])
        walk.step(now - self._moved_at, but=self._live)
        self._moved_at = now
        ticks = [coin.tick(simulated=coin.symbol not in self._live) for coin in walk.coins.values()]
        moved = await self._api.call(
            "tick_prices", worker=self._worker, ticks=ticks, lease_s=self._lease_s, feed=self._say(walk)
        )
        if moved is None:
            log.info("Another worker moves the market")
            self._walk = None

    async def close(self) -> None:
        """Gives the market back. Does not raise."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        if self._walk is not None:
            self._walk = None
            with contextlib.suppress(ApiError):
                await self._api.call("release_market", worker=self._worker)

    async def _claim(self, now: float) -> Walk | None:
        """P1, P2."""
        if now < self._claim_at:
            return None
        self._claim_at = now + self._lease_s / 3
        found = await self._api.call("claim_market", worker=self._worker, lease_s=self._lease_s)
        if found is None:
            return None
        walk = Walk(map(Coin.parse, found["prices"] or ()), self._dice)
        if not found["candles"]:
            walk.begin()
            candles = walk.past(datetime.now(UTC))
            for start in range(0, len(candles), CHUNK):
                await self._api.call("backfill_candles", worker=self._worker, candles=candles[start : start + CHUNK])
        self._walk, self._moved_at = walk, now
        return walk

    async def _ask(self, now: float) -> dict[str, Quote] | None:
        """P3."""
        if self._exchange is None or now < self._ask_at:
            return None
        self._asking = self._asking or asyncio.create_task(self._exchange.quotes(), name="ask the exchange")
        if self._failures >= PATIENCE and not self._asking.done():
            return None
        try:
            quotes = await self._asking
        except FeedError as error:
            self._failures += 1
            pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(self._failures - 1, 10))
            self._ask_at = self._clock() + pause * self._dice.uniform(0.75, 1.25)
            if self._failures == PATIENCE:
                self._note = f"{self._exchange.name} gave {error}"
                log.warning("%s: prices are simulated until it answers", self._note)
            return None
        finally:
            self._asking = None
        if self._failures >= PATIENCE:
            log.info("%s answers again", self._exchange.name)
        self._failures, self._ask_at = 0, 0.0
        return quotes

    def _say(self, walk: Walk) -> dict[str, Any]:
        """Where these prices come from."""
        if self._exchange is None:
            return {"source": "simulated", "provider": "", "note": ""}
        if not self._live:
            return {"source": "fallback", "provider": self._exchange.name, "note": self._note}
        rest = sorted(walk.coins.keys() - self._live)  # P4
        note = f"Not traded there, so simulated: {', '.join(rest)}" if rest else ""
        return {"source": "live", "provider": self._exchange.name, "note": note}


def _follow(coin: Coin, quote: Quote) -> None:
    coin.price = quote.price
    coin.open = quote.open or coin.open
    coin.volume = coin.volume if quote.volume is None else quote.volume
