"""The market: prices of all symbols, live, once per process; their last hour; and what they are made of.

M1  One table holds all prices. A tick is one message, and one call of each listener, with all that moved.
M2  What moves slowly (names, volumes, market caps, the last hour's lines) is asked for as often as anything that is
    looked at, never by tick.
M3  A candle that is under way goes on with the ticks, and is put right by what the database says of it.
M4  When the next tick is overdue, it is known since when prices stand still; by the database's clock, so that whoever
    comes later is told so, too.

`Prices` is for those who follow some symbols only, as a chat does; what one member watches is `state.watching`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import BaseModel

from state.models import MarketStatus
from state.signal import Signal, Unsubscribe, leave_all
from state.sync.cached_query import CachedQuery
from state.sync.live_table import LiveTable
from state.sync.query import Order, Query, Where
from state.sync.rows import Batch
from state.sync.view import View
from state.tasks import Tasks

if TYPE_CHECKING:
    from state.world import World

FAMILY = "prices"
SYMBOLS = 200  # that there may be
DEFAULT = ("BTC", "ETH", "SEI")  # reference 3
CANDLES = 180  # minutes, which is what the database keeps
STILL_S = 8.0  # without a tick, or three times as long as the last one took
LOOK_S = 1.0


class Price(BaseModel):
    """What a tick says of a symbol, in dollars."""

    id: UUID
    symbol: str
    price: float
    change_24h: float
    change_percentage_24h: float
    last_updated: datetime
    version: int


@dataclass(frozen=True)
class Facts:
    """What a tick does not say."""

    symbol: str
    name: str
    market_cap: int
    volume_24h: int
    simulated: bool


@dataclass(frozen=True)
class Candle:
    """One minute."""

    minute: datetime
    open: float
    high: float
    low: float
    close: float


def use_market(world: World) -> tuple[Market, Unsubscribe]:
    """The market of this process, until the returned function is called."""
    return world.areas.use("market", lambda: Market(world))


class Market:
    """An area of the world's: `use_market` opens it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._feed = world.connection.channel("market")
        self.prices: LiveTable[Price] = self._table(Query("crypto_prices", order=(Order("symbol"),)), Price)
        self._status: LiveTable[MarketStatus] = self._table(Query("market_status"), MarketStatus)
        self.view = View((self.prices, world.connection.freshness))
        self.changed: Signal[None] = Signal()  # facts, lines, where prices come from or whether they come are different
        self.still_since: datetime | None = None  # M4
        self._last: tuple[datetime, float] | None = None  # the last tick, and how many seconds after the one before
        self._ticked: Signal[Sequence[Price]] = Signal()
        self._by_symbol: dict[str, Price] = {}
        self._facts: CachedQuery[dict[str, Facts]] = world.queries.query((FAMILY, "facts"), self._fetch_facts)
        self._lines: CachedQuery[dict[str, list[float]]] = world.queries.query(
            (FAMILY, "sparklines"), self._fetch_lines
        )
        self._leave: list[Unsubscribe] = []
        self._tasks = Tasks("market")

    def _table(self, query: Query, row_type: type[Any]) -> LiveTable[Any]:
        """Like those of the world, but on the feed `market`."""
        world = self._world
        return LiveTable(
            query, row_type, world.api, self._feed,
            freshness=world.connection.freshness, audience=world.audience, limit=SYMBOLS,
        )  # fmt: skip

    # What is known --------------------------------------------------------------------------------------------------

    @property
    def tables(self) -> Sequence[LiveTable[Any]]:
        """See Area."""
        return (self.prices, self._status)

    @property
    def symbols(self) -> list[str]:
        """All, in their order."""
        facts = self._facts.value or {}
        return [symbol for symbol in facts if symbol in self._by_symbol] or list(self._by_symbol)

    @property
    def settled(self) -> bool:
        """Whether the symbols are known in their order, or will not be for a while."""
        return bool(self._by_symbol) and self._facts.phase != "loading"

    def get_price(self, symbol: str) -> Price | None:
        """What the last tick said of it."""
        return self._by_symbol.get(symbol)

    def facts(self, symbol: str) -> Facts | None:
        """Its name and what moves slowly."""
        return (self._facts.value or {}).get(symbol)

    def line(self, symbol: str) -> list[float]:
        """Its last hour by minutes, the oldest first."""
        return (self._lines.value or {}).get(symbol, [])

    @property
    def status(self) -> MarketStatus | None:
        """Where the prices come from."""
        return next(iter(self._status.rows), None)

    def find(self, text: str) -> list[str]:
        """Symbols by the beginning of their symbol or name, or a part of it; those that begin so first."""
        wanted = text.strip().lower()
        found: list[tuple[int, int, str]] = []
        for place, symbol in enumerate(self.symbols):
            facts = self.facts(symbol)
            words = (symbol.lower(), facts.name.lower() if facts else "")
            rank = 0 if wanted == words[0] else 1 if any(word.startswith(wanted) for word in words) else 2
            if any(wanted in word for word in words):
                found.append((rank, place, symbol))
        return [symbol for *_, symbol in sorted(found)]

    def subscribe(self, listener: Callable[[Sequence[Price]], None]) -> Unsubscribe:
        """`listener` gets all prices that a tick moved, at once. M1"""
        return self._ticked.subscribe(listener)

    def candles(self, symbol: str) -> Candles:
        """The last hours of one symbol, to be opened by whoever looks at it."""
        query: CachedQuery[list[Candle]] = self._world.queries.query(
            (FAMILY, "candles", symbol), lambda: self._fetch_candles(symbol)
        )
        return Candles(self, symbol, query)

    # Life -----------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """See Area."""
        for table in self.tables:
            table.open()
        self._leave = [
            self.prices.subscribe(self._on_prices),
            self._status.subscribe(lambda _: self.changed.emit(None)),
            self._facts.observe(lambda _: self.changed.emit(None)),
            self._lines.observe(lambda _: self.changed.emit(None)),
        ]
        self._tasks.start(self._watch(), "watch")

    async def close(self) -> None:
        """See Area."""
        leave_all(self._leave)
        await self._tasks.close()
        for table in self.tables:
            await table.close()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self._look()

    def _look(self) -> None:
        """M4"""
        clock = self._world.clock
        if self._last is None or clock.error_s is None:
            return
        at, took_s = self._last
        still = at if (clock.now() - at).total_seconds() > max(STILL_S, 3 * took_s) else None
        if still != self.still_since:
            self.still_since = still
            self.changed.emit(None)

    def _on_prices(self, batch: Batch[Price]) -> None:
        for gone in batch.deleted:
            self._by_symbol.pop(gone.symbol, None)
        moved = [*batch.inserted, *batch.updated]
        if not moved:
            self.changed.emit(None)  # only how far loading has come
            return
        self._by_symbol.update((price.symbol, price) for price in moved)
        self._world.connection.freshness.heard(FAMILY)  # M2: while ticks come there is no need to ask often
        at = max(price.last_updated for price in moved)
        if self._last is None or at > self._last[0]:
            self._last = at, (at - self._last[0]).total_seconds() if self._last else 0.0
            self._look()
        self._ticked.emit(moved)

    # What moves slowly ----------------------------------------------------------------------------------------------

    async def _fetch_facts(self) -> dict[str, Facts]:
        columns = ("id", "symbol", "name", "market_cap", "volume_24h", "simulated", "position")
        query = Query("crypto_prices", order=(Order("position"),))
        rows = await self._world.api.select(query, SYMBOLS, columns=columns)
        return {
            row["symbol"]: Facts(row["symbol"], row["name"], row["market_cap"], row["volume_24h"], row["simulated"])
            for row in rows
        }

    async def _fetch_lines(self) -> dict[str, list[float]]:
        rows = await self._world.api.rpc("price_sparklines", {})
        return {row["symbol"]: [float(close) for close in row["closes"]] for row in rows}

    async def _fetch_candles(self, symbol: str) -> list[Candle]:
        query = Query("price_candles", (Where("symbol", "eq", symbol),), (Order("minute", descending=True),))
        columns = ("minute", "open", "high", "low", "close")
        rows = await self._world.api.select(query, CANDLES, columns=columns)
        return [
            Candle(datetime.fromisoformat(row["minute"]), *(float(row[column]) for column in columns[1:]))
            for row in reversed(rows)
        ]


class Candles:
    """Minutes of one symbol, the oldest first; `changed` after every tick that moved it. M3"""

    def __init__(self, market: Market, symbol: str, query: CachedQuery[list[Candle]]) -> None:
        self.symbol = symbol
        self.rows: list[Candle] = []
        self.changed: Signal[None] = Signal()
        self._market, self._query = market, query
        self._leave: list[Unsubscribe] = []

    @property
    def loading(self) -> bool:
        """Whether nothing has been answered yet."""
        return self._query.phase == "loading"

    def open(self) -> Unsubscribe:
        """Follows until the returned function is called."""
        self._leave = [self._query.observe(lambda _: self._asked()), self._market.subscribe(self._ticked)]
        self._asked()
        return lambda: leave_all(self._leave)

    def _asked(self) -> None:
        self.rows = joined(self._query.value or [], self.rows)
        self.changed.emit(None)

    def _ticked(self, moved: Sequence[Price]) -> None:
        for price in moved:
            if price.symbol == self.symbol and self.rows:
                self.rows = extended(self.rows, price.price, price.last_updated)
                self.changed.emit(None)


def extended(candles: Sequence[Candle], price: float, at: datetime) -> list[Candle]:
    """The candles after a tick. Late ones change nothing."""
    minute = at.replace(second=0, microsecond=0)
    last = candles[-1]
    if minute < last.minute:
        return list(candles)
    if minute == last.minute:
        grown = replace(last, high=max(last.high, price), low=min(last.low, price), close=price)
        return [*candles[:-1], grown]
    before = last.close
    return [*candles, Candle(minute, before, max(before, price), min(before, price), price)][-CANDLES:]


def joined(asked: Sequence[Candle], held: Sequence[Candle]) -> list[Candle]:
    """What the database says, and of what is under way since then what the ticks said."""
    if not asked or not held:
        return list(asked or held)
    last = asked[-1]
    rows = list(asked)
    for candle in held:
        if candle.minute == last.minute:
            rows[-1] = replace(
                last, high=max(last.high, candle.high), low=min(last.low, candle.low), close=candle.close
            )
        elif candle.minute > last.minute:
            rows.append(candle)
    return rows[-CANDLES:]


class Prices:
    """Some symbols of the market, for one who follows them: reference 3's `useRealtimePrices`.

    `on_price_update(price)` is called for each of them that a tick moved.
    """

    def __init__(
        self,
        market: Market,
        symbols: Iterable[str] = DEFAULT,
        on_price_update: Callable[[Price], object] = lambda _: None,
    ) -> None:
        self._market, self._on_price_update = market, on_price_update
        self._symbols = dict.fromkeys(symbols)
        self._leave = market.subscribe(self._ticked)

    @property
    def symbols(self) -> list[str]:
        """Those that are followed, in the order in which they were asked for."""
        return list(self._symbols)

    @property
    def prices(self) -> dict[str, Price]:
        """What is known of them."""
        return {symbol: price for symbol in self._symbols if (price := self.get_price(symbol)) is not None}

    def get_price(self, symbol: str) -> Price | None:
        """Of any symbol, followed or not."""
        return self._market.get_price(symbol)

    def subscribe(self, symbols: Iterable[str]) -> None:
        """Follows these, too."""
        self._symbols |= dict.fromkeys(symbols)

    def unsubscribe(self, symbols: Iterable[str]) -> None:
        """Follows these no longer."""
        for symbol in symbols:
            self._symbols.pop(symbol, None)

    def close(self) -> None:
        """Follows nothing any more."""
        self._leave()

    def _ticked(self, moved: Sequence[Price]) -> None:
        for price in moved:
            if price.symbol in self._symbols:
                self._on_price_update(price)
