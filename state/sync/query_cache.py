"""QueryCache: derived values (counts, sums, pages of a search) under keys, kept as fresh as their pages need.

A key is a tuple; its first part is the family (`families.py`), and a prefix reaches every key that begins with it. When
a query is fetched is its own affair (`CachedQuery`, Q1 to Q8); here is what concerns many of them:

Q9   A change of a table invalidates the families that `families.py` names, and counts as hearing of them and of it.
Q10  After a gap in a feed, and when a connection is live again, everything is invalidated; when somebody begins to look
     again, what is older than its interval is fetched at once.
Q11  At most `CONCURRENT` fetches are in flight, in the order in which they fell due. One supervisor wakes for all.
Q12  A query is kept `KEEP_S` after its last observer went; of more than `MAX_QUERIES` those go first that were left
     longest ago. Observed ones are never dropped: their number is bounded by the pages.
Q13  `close` ends everything: no fetch, no timer and no subscription is left.

A `fetch` must not hold on to a page: it outlives it.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from state.errors import Unreachable
from state.signal import Unsubscribe, leave_all
from state.sync.audience import Audience
from state.sync.cached_query import TICK_S, CachedQuery, Fetch, Key, Timing
from state.sync.change import Change
from state.sync.families import families_of
from state.sync.freshness import Freshness
from state.sync.retry import Retry, Uniform
from state.sync.rows import Phase
from state.tasks import Tasks, within

KEEP_S = 300.0
MAX_QUERIES = 1_000
CONCURRENT = 8
LIMIT_S = 30.0  # a fetch that takes longer has failed
SWEEP_S = 5.0  # intervals shrink with age: how often all of them are looked at again

T = TypeVar("T")

log = logging.getLogger("starling.sync")


class Feed(Protocol):
    """Where changes are announced: a Channel."""

    def on_any_change(self, listener: Callable[[Change], None]) -> Unsubscribe: ...

    def on_live(self, listener: Callable[[], None]) -> Unsubscribe: ...


@dataclass(frozen=True)
class QueryFacts:
    """What there is to say of one query."""

    key: Key
    phase: Phase
    error: str | None
    stale: bool
    fetching: bool
    observers: int
    age_s: float | None
    interval_s: float
    fetches: int
    failures: int


class QueryCache:
    """`freshness`: of the connections by which changes come; the least fresh one decides. `audience`: who looks.

    `clock` counts seconds, and `uniform` draws the jitter of retries. Before `open`, whoever moves the clock calls `step`.
    """

    def __init__(
        self,
        *freshness: Freshness,
        audience: Audience,
        clock: Callable[[], float] = time.monotonic,
        uniform: Uniform = random.uniform,
        tick_s: float = TICK_S,
        name: str = "queries",
    ) -> None:
        self._freshness = freshness
        self._audience = audience
        self._clock = clock
        self._uniform = uniform
        self._timing = Timing(self.interval_s, lambda: audience.looking, clock, tick_s)
        self._families: dict[str, dict[Key, CachedQuery[Any]]] = {}
        self._running = 0
        self._waiting: dict[Key, CachedQuery[Any]] = {}  # due, while all places are taken
        self._next = 0.0  # when the supervisor looks at everything again
        self._wake = asyncio.Event()
        self._closed = False
        self._owner = name.removeprefix("queries of ")
        self._tasks = Tasks(name)
        self._unsubscribe: list[Unsubscribe] = []

    def __len__(self) -> int:
        return sum(len(queries) for queries in self._families.values())

    def __iter__(self) -> Iterator[CachedQuery[Any]]:
        return iter([query for queries in self._families.values() for query in queries.values()])

    # What others call ----------------------------------------------------------------------------------------------

    def query(self, key: Key, fetch: Fetch[T]) -> CachedQuery[T]:
        """The query under `key`: always the same one while it is kept. Nothing is fetched before it is observed."""
        queries = self._families.setdefault(str(key[0]), {})
        query = queries.get(key)
        if query is None:
            retry = Retry(uniform=self._uniform)
            query = queries[key] = CachedQuery(key, fetch, timing=self._timing, retry=retry, touched=self._on_touched)
            self._forget(but=query)
        query.fetch = fetch
        return query

    def get(self, key: Key) -> CachedQuery[Any] | None:
        """The query under `key`, if there is one."""
        return self._families.get(str(key[0]), {}).get(key)

    def invalidate(self, *prefix: Hashable) -> None:
        """What is under keys that begin with `prefix` may be wrong; without one, everything."""
        for query in self._under(prefix):
            query.invalidate()

    def heard(self, change: Change, freshness: Freshness | None = None) -> None:
        """A change has come in, over the connection whose `freshness` it is. Q9."""
        families = families_of(change.table)
        if freshness is not None:
            for family in {change.table, *families}:
                freshness.heard(family)
        for family in families:
            self.invalidate(family)
        if families and log.isEnabledFor(logging.DEBUG):
            kinds = {"INSERT": "new", "UPDATE": "changed", "DELETE": "deleted"}
            what = f"{change.table} {kinds.get(change.operation, change.operation)}"
            log.debug("%s: %s: %s invalidated", self._owner, what, ", ".join(families))

    def gap(self) -> None:
        """Changes may have been missed. Q10."""
        for query in self:
            query.invalidate(back=True)

    def interval_s(self, family: str) -> float:
        """Seconds between polls of a family: those of the connection that is least fresh."""
        return min(freshness.interval_s(family) for freshness in self._freshness)

    def facts(self) -> list[QueryFacts]:
        """Of all queries that are kept."""
        return [
            QueryFacts(
                q.key, q.phase, q.error, q.stale, q.fetching, len(q.changed), q.age_s, self.interval_s(q.family),
                q.fetches, q.failures,
            )
            for q in self
        ]  # fmt: skip

    # Life ----------------------------------------------------------------------------------------------------------

    def follow(self, feed: Feed, freshness: Freshness | None = None) -> Unsubscribe:
        """What `feed` announces invalidates, until `close` or until the returned function is called; `freshness` is its
        connection's, if this cache tells it."""
        following = [
            feed.on_any_change(lambda change: self.heard(change, freshness)),
            feed.on_live(self.gap),
        ]

        def unfollow() -> None:
            leave_all(following)
            if unfollow in self._unsubscribe:
                self._unsubscribe.remove(unfollow)

        self._unsubscribe.append(unfollow)
        return unfollow

    def open(self) -> None:
        """Starts to fetch by itself."""
        self._closed = False
        self._unsubscribe += [
            *(freshness.on_change(self._on_live) for freshness in self._freshness),
            self._audience.on_change(self._hurry),
        ]
        self._tasks.start(self._supervise(), "supervise")

    async def close(self) -> None:
        """Ends everything; what is held stays readable. Q13."""
        self._closed = True
        leave_all(self._unsubscribe)
        self._waiting.clear()
        await self._tasks.close()

    def step(self) -> float:
        """Does what is due; seconds until there is something to do again."""
        now = self._clock()
        self._next = now + SWEEP_S
        self._forget()
        for query in self:
            self._plan(query)
        return max(0.0, self._next - now)

    # How it works --------------------------------------------------------------------------------------------------

    async def _supervise(self) -> None:
        while True:
            wait = self.step()
            self._wake.clear()
            await within(wait, self._wake)

    def _on_touched(self, query: CachedQuery[Any]) -> None:
        if query.observed:  # it may have been forgotten since it was handed out
            self._families.setdefault(query.family, {}).setdefault(query.key, query)
        self._plan(query)

    def _plan(self, query: CachedQuery[Any]) -> None:
        due = query.due
        if due is None or self._closed:
            self._waiting.pop(query.key, None)
        elif due > self._clock():
            self._waiting.pop(query.key, None)
            if due < self._next:
                self._next = due
                self._wake.set()
        elif self._running < CONCURRENT:
            self._begin(query)
        else:
            self._waiting.setdefault(query.key, query)  # Q11

    def _begin(self, query: CachedQuery[Any]) -> None:
        self._running += 1
        self._tasks.start(self._fetch(query, query.ask()), f"fetch {query.family}")

    async def _fetch(self, query: CachedQuery[Any], number: int) -> None:
        try:
            async with asyncio.timeout(LIMIT_S):
                value = await query.fetch()
        except TimeoutError:
            query.fail(Unreachable("Supabase does not answer"))
        except asyncio.CancelledError:
            query.abandon()
            raise
        except Exception as error:
            query.fail(error)
        else:
            query.answer(number, value)
        finally:
            self._running -= 1
            while self._waiting and self._running < CONCURRENT and not self._closed:
                self._plan(self._waiting.pop(next(iter(self._waiting))))

    def _under(self, prefix: Key) -> list[CachedQuery[Any]]:
        if not prefix:
            return list(self)
        family = self._families.get(str(prefix[0]), {})
        return [query for key, query in list(family.items()) if key[: len(prefix)] == prefix]

    def _forget(self, *, but: CachedQuery[Any] | None = None) -> None:
        """Q12."""
        now, surplus = self._clock(), len(self) - MAX_QUERIES
        left = [q for q in self if not (q.observed or q.fetching or q is but)]
        for place, query in enumerate(sorted(left, key=lambda q: q.left_at) if surplus > 0 else left):
            if place < surplus or now - query.left_at > KEEP_S:
                queries = self._families[query.family]
                del queries[query.key]
                if not queries:
                    del self._families[query.family]

    def _on_live(self, live: bool) -> None:
        if live:
            self.gap()  # Q10
        self._hurry()

    def _hurry(self) -> None:
        self._wake.set()
