"""The feed of row changes, from the replication stream to the channels that subscribed.

F1  Changes are told in commit order, and within a transaction in the order of its statements.
F2  The stream never waits: what nobody subscribed to is dropped at once, the rest is queued. Broadcasts pass by.
F3  The queue is bounded. When it is full, or Postgres does not say who may see what is in it, it is emptied and every
    subscribed channel is shut down: whoever missed something knows it, joins again and fetches.
F4  What waits is told together: one query makes JSON of the rows and tries the filters, one asks the policies.
    Postgres is asked once for all who would get the same answer.
F5  Before anything is sent everything has been asked: a batch that fails is tried again, whole.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import NamedTuple

import asyncpg
import orjson

from embedded.database import CUT_OFF, UNAVAILABLE, Database
from embedded.realtime.changes.admission import admit
from embedded.realtime.changes.batch import Waiting, prepare
from embedded.realtime.changes.bindings import Binding
from embedded.realtime.changes.payloads import Told, size_of
from embedded.realtime.changes.rows import Key
from embedded.realtime.changes.subscriptions import Group, Subscription, Subscriptions
from embedded.realtime.changes.tables import Table, Tables
from embedded.realtime.changes.visibility import Identity, Question, visible
from embedded.realtime.errors import ASKING_S, asking
from embedded.realtime.pgoutput import Begin, Change, Delete, Insert, Truncate
from embedded.realtime.serializer import Outgoing
from embedded.realtime.sight import SNAPSHOT, Snapshot

log = logging.getLogger(__name__)

MAX_WAITING = 50_000  # changes …
MAX_WAITING_BYTES = 64 * 1024 * 1024  # … and their values
BATCH, BATCH_BYTES = 200, 8 * 1024 * 1024
SENDS_PER_TURN = 500  # then others get theirs
TRIES = 3  # of a batch, while Postgres is there
FIRST_PAUSE_S, LAST_PAUSE_S = 0.05, 2.0
GAP = "Realtime could not keep up with the changes of the database: some were not sent"


class _Match(NamedTuple):
    """What a change means to a group: ids by selected columns, and what the policies must be asked first."""

    group: Group
    ids: dict[tuple[str, ...] | None, list[int]]
    question: Question | None


class Feed:
    """`changed` is given every change of the stream; `run` tells the subscribers."""

    def __init__(self, database: Database) -> None:
        self.subscriptions = Subscriptions()
        self._database = database
        self._tables = Tables()
        self._waiting: deque[Waiting] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()
        self._telling = asyncio.Lock()

    # Subscribing

    async def admit(self, bindings: tuple[Binding, ...], identity: Identity) -> Snapshot:
        """Asks whether they can be served, all or none, and what is there already. Raises SubscriptionRefused and
        DatabaseAway."""
        async with asking(), self._database.admin.acquire() as connection:
            for binding in bindings:
                await admit(connection, binding, identity.role)
            return Snapshot.parse(await connection.fetchval(SNAPSHOT))

    def subscribe(self, subscription: Subscription) -> None:
        """What commits from now on is told."""
        self.subscriptions.add(subscription)
        self._tables.forget()  # what Postgres would not say of a table again: who may become whom

    async def replace(self, known: Subscription, subscription: Subscription) -> None:
        """As `subscribe`, instead of one that is known: between two batches, so that nothing is lost or told twice."""
        async with self._telling:
            if known.live:
                self.subscriptions.remove(known)
                subscription.before = known.before
                self.subscribe(subscription)

    # From the stream

    def changed(self, change: Change, transaction: Begin) -> None:
        """F2."""
        if isinstance(change, Truncate) or not self.subscriptions.of(change.relation):
            return
        rows = (None if isinstance(change, Delete) else change.new, None if isinstance(change, Insert) else change.old)
        size = size_of(change.relation, rows)
        if len(self._waiting) >= MAX_WAITING or self._bytes + size > MAX_WAITING_BYTES:
            log.warning("changes of the database came faster than they could be told")
            self._give_up()
            return
        self._bytes += size
        self._waiting.append(Waiting(change, transaction, size))
        self._filled.set()

    def _give_up(self) -> None:
        """F3."""
        self._waiting.clear()
        self._bytes = 0
        for subscription in self.subscriptions:
            subscription.channel.shut_down(GAP)

    # To the subscribers

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while batch := self._batch():
                await self._tell_surely(batch)

    def _batch(self) -> list[Waiting]:
        batch: list[Waiting] = []
        left = BATCH_BYTES
        while self._waiting and len(batch) < BATCH and left > 0:
            batch.append(self._waiting.popleft())
            left -= batch[-1].size
        self._bytes -= sum(one.size for one in batch)
        return batch

    async def _tell_surely(self, batch: list[Waiting]) -> None:
        """F5. While Postgres is away there is nothing to do but wait; its channels live on."""
        pause_s, tries = FIRST_PAUSE_S, 0
        while True:
            try:
                async with self._telling:
                    return await self._tell(batch)
            except (*CUT_OFF, *UNAVAILABLE) as error:
                log.warning("changes wait for Postgres: %s", error)
            except (TimeoutError, asyncpg.PostgresError) as error:
                tries += 1
                log.warning("changes could not be told (%d of %d): %r", tries, TRIES, error)
            except Exception:
                log.exception("changes could not be told")
                tries = TRIES
            if tries >= TRIES:
                return self._give_up()
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LAST_PAUSE_S)

    async def _tell(self, batch: list[Waiting]) -> None:
        async with asyncio.timeout(ASKING_S), self._database.admin.acquire() as connection:
            told = await prepare(connection, self._tables, self.subscriptions, batch)
        matches = [
            self._matches(waiting, change) if change else [] for waiting, change in zip(batch, told, strict=True)
        ]
        asked: dict[Question, list[Key]] = {}
        tables: dict[int, Table] = {}
        for change, some in zip(told, matches, strict=True):
            for match in some:
                if match.question and change:
                    tables[match.question.relation] = change.table
                    asked.setdefault(match.question, []).append(change.key)
        seen = await visible(self._database, asked, tables)
        sends = 0
        for waiting, change, some in zip(batch, told, matches, strict=True):
            packets: dict[tuple[str, bool, bytes, tuple[int, ...]], Outgoing] = {}
            for match in some:
                if change is None or (match.question and change.key not in seen[match.question]):
                    continue
                for select, ids in match.ids.items():
                    data = change.data(match.group.identity.role, select)
                    for member in list(match.group.members):
                        if member.live and not member.before.shows(waiting.transaction.xid):
                            _send(member, change, data, tuple(ids), packets)
                            sends += 1
                            if sends % SENDS_PER_TURN == 0:
                                await asyncio.sleep(0)

    def _matches(self, waiting: Waiting, change: Told) -> list[_Match]:
        matches: list[_Match] = []
        for group, bindings in self.subscriptions.of(waiting.change.relation):
            role = group.identity.role
            if role not in change.table.roles:
                continue  # came while this was rendered: what was committed by then is not promised to it
            error = change.objection(role)
            ids: dict[tuple[str, ...] | None, list[int]] = {}
            for one in bindings:
                wanted = one.event in ("*", change.kind)
                if wanted and (error or not one.filters or one.filters in change.filtered.truths):
                    ids.setdefault(one.select, []).append(one.id)
            if ids:
                free = error or change.kind == "DELETE" or not change.table.guarded or role in change.table.trusted
                question = None if free else Question(id(waiting.change.relation), group.identity)
                matches.append(_Match(group, ids, question))
        return matches


def _send(
    member: Subscription, change: Told, data: bytes, ids: tuple[int, ...], packets: dict[tuple[str, bool, bytes, tuple[int, ...]], Outgoing]
) -> None:  # fmt: skip
    """Channels of one name that are told the same share the packet."""
    channel = member.channel
    same = channel.wire_topic, member.legacy, data, ids
    if (message := packets.get(same)) is None:
        fragment = orjson.Fragment(data)
        message = packets[same] = (
            Outgoing(channel.wire_topic, change.kind, fragment)
            if member.legacy
            else Outgoing(channel.wire_topic, "postgres_changes", {"data": fragment, "ids": list(ids)})
        )
    channel.client.send_shared(message)
