"""Prices from the world: the public ticker of an exchange, one request for all symbols, no key needed.

Bitstamp documents `GET /api/v2/ticker/` in its HTTP API ("Tickers": all currency pairs): a list of objects whose numbers
are strings, `{"pair": "BTC/USD", "last": "84921", "open_24": "84878", "volume": "2426.07", …}`, where `open_24` is the
price a day ago and `volume` counts coins. It allows 10,000 requests in ten minutes; one tick a second is a twentieth.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import Any

import httpx

from worker.errors import WorkerError

BITSTAMP = "https://www.bitstamp.net"
TIMEOUT_S = 5.0
LARGEST_BYTES = 5_000_000


class FeedError(WorkerError):
    """The exchange did not answer, or nothing that makes sense; the text says which."""


@dataclass(frozen=True)
class Quote:
    """What an exchange says of one symbol, in dollars; `volume` is a day's."""

    price: float
    open: float | None
    volume: float | None


class Bitstamp:
    """Asks Bitstamp, or whoever answers as it does at `url`."""

    name = "Bitstamp"

    def __init__(self, http: httpx.AsyncClient, url: str = BITSTAMP) -> None:
        self._http, self._url = http, url.rstrip("/")

    async def quotes(self) -> dict[str, Quote]:
        """All symbols that are traded against the dollar. Raises FeedError."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                content = await self._fetch()
        except TimeoutError:
            raise FeedError(f"no answer within {TIMEOUT_S:.0f} s") from None
        except httpx.HTTPError as error:
            raise FeedError(f"no answer ({type(error).__name__})") from error
        quotes = read(content)
        if not quotes:
            raise FeedError("an answer that makes no sense")
        return quotes

    async def _fetch(self) -> Any:
        async with self._http.stream("GET", f"{self._url}/api/v2/ticker/", timeout=TIMEOUT_S) as answer:
            if answer.status_code != 200:
                raise FeedError(f"status {answer.status_code}")
            body = bytearray()
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > LARGEST_BYTES:
                    raise FeedError("an answer that is far too long")
        try:
            return httpx.Response(200, content=bytes(body)).json()
        except ValueError:
            raise FeedError("an answer that makes no sense") from None


def read(content: Any) -> dict[str, Quote]:
    """The quotes in an answer; what cannot be read is left out."""
    quotes: dict[str, Quote] = {}
    for entry in content if isinstance(content, list) else ():
        if not isinstance(entry, dict):
            continue
        symbol, _, currency = str(entry.get("pair", "")).partition("/")
        price = _number(entry.get("last"))
        if currency == "USD" and price:
            volume = _number(entry.get("volume"))
            quotes[symbol] = Quote(price, _number(entry.get("open_24")), volume and volume * price)
    return quotes


def _number(text: Any) -> float | None:
    """A positive number that a price may be, or nothing."""
    try:
        number = float(text)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and 0 < number < 1e12 else None
