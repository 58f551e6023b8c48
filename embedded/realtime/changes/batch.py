"""A batch of changes from the stream, made ready to be told: rendered rows, and the kind and key of each change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from embedded.database import Connection
from embedded.realtime.changes.payloads import Told, kind_of
from embedded.realtime.changes.rows import Ask, both, key_of, render
from embedded.realtime.changes.subscriptions import Subscriptions
from embedded.realtime.changes.tables import Tables
from embedded.realtime.pgoutput import Begin, Delete, Insert, Row, Update


class Waiting(NamedTuple):
    """A change that somebody may want to hear of."""

    change: Insert | Update | Delete
    transaction: Begin
    size: int  # bytes of its values


class _Place(NamedTuple):
    """Where the rows of a change are in the question that they are part of."""

    ask: Ask
    new: int | None
    old: int | None


async def prepare(
    connection: Connection, tables: Tables, subscriptions: Subscriptions, batch: Sequence[Waiting]
) -> list[Told | None]:
    """The changes in order; None for what nobody waits for any more, or nobody can be told. Raises what asyncpg raises."""
    asks: dict[int, Ask] = {}  # by the relation's identity: a table that was altered is described twice
    places: list[_Place | None] = []
    for waiting in batch:
        relation = waiting.change.relation
        if id(relation) not in asks:
            groups = subscriptions.of(relation)
            roles = {group.identity.role for group, _ in groups}
            table = await tables.describe(connection, relation, roles) if groups else None
            if table is None:
                places.append(None)
                continue
            filters = dict.fromkeys(one.filters for _, bindings in groups for one in bindings if one.filters)
            asks[id(relation)] = Ask(table, [], list(filters))
        ask = asks[id(relation)]
        new, old = both(waiting.change)
        places.append(_Place(ask, _put(ask.rows, new), _put(ask.rows, old)))
    rendered = dict(zip(asks, await render(connection, list(asks.values())), strict=True))
    told: list[Told | None] = []
    for waiting, place in zip(batch, places, strict=True):
        rows = rendered[id(waiting.change.relation)] if place else None
        if place is None or rows is None:
            told.append(None)
            continue
        table = place.ask.table
        new, old = (None if at is None else rows[at] for at in (place.new, place.old))
        key = () if place.new is None else key_of(table, place.ask.rows[place.new])
        told.append(Told(table, kind_of(waiting.change), new, old, key, waiting.size, waiting.transaction))
    return told


def _put(rows: list[Row], row: Row | None) -> int | None:
    if row is None:
        return None
    rows.append(row)
    return len(rows) - 1
