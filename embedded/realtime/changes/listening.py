"""A channel's subscription to row changes, from its join to its end, through the tokens it is given.

N1  All bindings of a channel are live, or none. A refusal is told and not tried again until there is a new token.
N2  `Subscribed to PostgreSQL` is said when what commits from then on will be told: at the join and after each token.
N3  Until a new token's subscription is live the one before it is: nothing is lost in between.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from embedded.keys import Claims
from embedded.realtime.changes.bindings import Binding, parse
from embedded.realtime.changes.feed import Feed
from embedded.realtime.changes.subscriptions import Subscription
from embedded.realtime.changes.visibility import Identity
from embedded.realtime.errors import DatabaseAway, SubscriptionRefused
from embedded.realtime.sight import Snapshot

if TYPE_CHECKING:
    from embedded.realtime.channel import Channel

log = logging.getLogger(__name__)

AGAIN_S = 1.0  # Postgres was away
SUBSCRIBED = "Subscribed to PostgreSQL"
FAILED = "Subscribing to PostgreSQL failed"


class Listening:
    """Made for a channel that asked for row changes. `legacy`: it is told them as joins without `config` were."""

    def __init__(self, channel: Channel, feed: Feed, asked: Sequence[dict[str, Any]], *, legacy: bool) -> None:
        self._channel = channel
        self._feed = feed
        self._asked = asked
        self._legacy = legacy
        self._subscription: Subscription | None = None
        self._task: asyncio.Task[None] | None = None
        self._awaits_stream = False

    def start(self, claims: Claims, *, stream_up: bool) -> None:
        """Subscribes as whoever the claims name; called again with each new token."""
        if self._task:
            self._task.cancel()
        opening = self._open(Identity.of(claims))
        self._awaits_stream = not stream_up
        self._task = asyncio.create_task(opening, name=f"realtime changes for {self._channel.name.name}")

    def close(self) -> None:
        """Ends it; may be called again."""
        if self._task:
            self._task.cancel()
            self._task = None
        self._end()

    def stream_is_up(self) -> None:
        """N2."""
        if self._awaits_stream:
            self._awaits_stream = False
            if self._subscription and self._task and self._task.done():
                self._channel.tell_system("ok", "postgres_changes", SUBSCRIBED)

    async def _open(self, identity: Identity) -> None:
        try:
            bindings = tuple(parse(one) for one in self._asked)
            before = await self._admit(bindings, identity)
            subscription = Subscription(self._channel, bindings, identity, self._legacy, before)
            if self._subscription:
                await self._feed.replace(self._subscription, subscription)
            else:
                self._feed.subscribe(subscription)
            self._subscription = subscription
        except SubscriptionRefused as refusal:
            self._end()
            self._channel.tell_system("error", "postgres_changes", str(refusal))
        except Exception:
            log.exception("a subscription to row changes failed")
            self._end()
            self._channel.tell_system("error", "postgres_changes", FAILED)
        else:
            if not self._awaits_stream:
                self._channel.tell_system("ok", "postgres_changes", SUBSCRIBED)

    async def _admit(self, bindings: tuple[Binding, ...], identity: Identity) -> Snapshot:
        while True:
            try:
                return await self._feed.admit(bindings, identity)
            except DatabaseAway as error:
                log.warning("a subscription to row changes waits for Postgres: %s", error)
            await asyncio.sleep(AGAIN_S)

    def _end(self) -> None:
        if self._subscription:
            self._feed.subscriptions.remove(self._subscription)
            self._subscription = None
