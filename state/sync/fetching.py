"""Fetching: what a table asks its source for. The whole window at first; later its keys, and the rows that are missing.

A row is missing when its key comes with a version that is not held. Few are asked for by key. Many, as after an outage,
are looked for among what was changed since: from `MARGIN_S` before the newest `updated_at` that the table ever saw, so
that no clock of this machine plays a role. The margin is there because a transaction writes `updated_at` when it makes
the change and commits later: anybody's ends within the 8 s that Supabase gives a statement, a worker's batch within a
minute. What took longer is still missing then, and asked for by key, or with the whole window: nothing depends on the
margin but the bytes.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Protocol

from state.sync.query import Query, Where
from state.sync.window import Keys, Window

PAGE = 1000  # PostgREST cuts longer answers without a word
BY_KEY = 100  # keys that an address has room for
MARGIN_S = 60.0


class Source(Protocol):
    """Where rows are asked for."""

    async def select(
        self, query: Query, limit: int, after: Any | None = None, columns: tuple[str, ...] = ()
    ) -> list[dict[str, Any]]:
        """The first `limit` rows, or those behind the row `after`; whole, or these columns of them. Raises StateError."""
        ...


@dataclass(frozen=True)
class News:
    """For `Window.resync`."""

    records: list[dict[str, Any]]
    keys: Keys


async def fetch(source: Source, query: Query, limit: int, columns: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """The first `limit` records, in as many answers as it takes. `columns` must hold those of the order, if any."""
    records = list(await source.select(query, min(limit, PAGE), columns=columns))
    while len(records) < limit and records and len(records) % PAGE == 0:
        last = SimpleNamespace(**records[-1])
        more = await source.select(query, min(limit - len(records), PAGE), last, columns)
        if not more:
            break
        records += more
    return records


async def fetch_news(source: Source, window: Window[Any], asked: int) -> News | None:
    """What `window` needs to be as after a snapshot; None when so much is different that a snapshot costs less."""
    query, limit = window.query, window.limit
    columns = (query.key, "version")
    if limit > PAGE:
        columns = tuple(dict.fromkeys([*columns, *(order.column for order in query.order)]))
    keys = window.read_keys(await fetch(source, query, limit, columns))
    records: list[dict[str, Any]] = []
    missing = window.missing(keys, asked)
    if len(missing) > BY_KEY and window.newest is not None:
        since = window.newest - timedelta(seconds=MARGIN_S)
        records = await fetch(source, narrowed(query, Where("updated_at", "gte", since)), limit)
        missing = window.missing(keys, asked, records)
    if len(missing) > BY_KEY:
        return None
    if missing:
        records = [*records, *await fetch(source, by_key(query, missing), len(missing))]
    return News(records, keys)


def by_key(query: Query, keys: list[Hashable]) -> Query:
    """Those rows of `query` that have these keys."""
    return narrowed(query, Where(query.key, "in", tuple(keys)))


def narrowed(query: Query, where: Where) -> Query:
    """`query`, with one more condition."""
    return replace(query, where=(*query.where, where))
