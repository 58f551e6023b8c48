"""Rows of changes, from the text that Postgres streams to the JSON that `to_jsonb` makes of it.

Postgres itself makes it, and compares what filters compare, for many rows in one query: no number, timestamp or
collation is understood here. What the stream left out (`UNCHANGED`) is left out of the record.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import asyncpg
import orjson

from embedded.database import Connection
from embedded.realtime.changes.filters import Filter, condition
from embedded.realtime.changes.tables import Table
from embedded.realtime.pgoutput import UNCHANGED, Delete, Insert, Relation, Row, Unchanged, Update, Value

log = logging.getLogger(__name__)

BYTEA = 17  # its type's number; the real server tells its hex digits without `\x`

Conjunction = tuple[Filter, ...]
Key = tuple[str | None, ...]
"""The values of a row's primary key, as Postgres streamed them."""


class Rendered(NamedTuple):
    """A row: JSON by column name, and which of the conditions are true of it."""

    values: dict[str, str]
    truths: frozenset[Conjunction]


@dataclass
class Ask:
    """Rows of one table, and conditions to try on each."""

    table: Table
    rows: list[Row]
    conditions: Sequence[Conjunction]


def both(change: Insert | Update | Delete) -> tuple[Row | None, Row | None]:
    """The row after the change and what is known of the one before it, each None when there is none.

    Without full identity that is the key, which an update that left it alone does not send.
    """
    relation = change.relation
    if isinstance(change, Insert):
        return change.new, None
    if isinstance(change, Delete):
        return None, _key_of(relation, change.old) if change.old_is_key else change.old
    if change.old is None:
        return change.new, _key_of(relation, change.new)
    if change.old_is_key:
        return change.new, _key_of(relation, change.old)
    new = tuple(old if value is UNCHANGED else value for value, old in zip(change.new, change.old, strict=True))
    return new, change.old


def _key_of(relation: Relation, row: Row) -> Row:
    return tuple(value if column.is_key else UNCHANGED for column, value in zip(relation.columns, row, strict=True))


def key_of(table: Table, row: Row) -> Key:
    """By which the row can be looked up."""
    values = table.relation.as_dict(row)
    key = (values.get(column.name) for column in table.key)
    return tuple(value.decode() if isinstance(value, bytes) else None for value in key)


async def render(connection: Connection, asks: Sequence[Ask]) -> list[list[Rendered] | None]:
    """For each `ask` its rows in order, in one round trip; None for one that Postgres can make nothing of."""
    asks = list(asks)
    try:
        return [*await _render(connection, asks)]
    except (asyncpg.DataError, asyncpg.SyntaxOrAccessError, asyncpg.IntegrityConstraintViolationError) as error:
        if len(asks) > 1:  # one table's trouble is no other's
            return [rendered for ask in asks for rendered in await render(connection, [ask])]
        log.warning("changes of %s could not be read: %s", asks[0].table.name, error)
        return [None]


async def _render(connection: Connection, asks: list[Ask]) -> list[list[Rendered]]:
    parts: list[str] = []
    arguments: list[object] = []
    for number, ask in enumerate(asks):
        if ask.rows:
            parts.append(_query(number, ask, len(arguments) + 1))
            arguments += [
                orjson.dumps([_texts(ask.table.relation, row) for row in ask.rows]).decode(),
                [asked.value for one in ask.conditions for asked in one],
            ]
    found: list[list[Rendered]] = [[] for _ in asks]
    for record in await connection.fetch(" union all ".join(parts) + " order by part, n", *arguments) if parts else ():
        ask, rendered = asks[record["part"]], found[record["part"]]
        row = ask.rows[len(rendered)]
        absent = {
            column.name for column, value in zip(ask.table.relation.columns, row, strict=True) if value is UNCHANGED
        }
        values = {
            column.name: "null" if text is None else text
            for column, text in zip(ask.table.relation.columns, record["texts"], strict=True)
            if column.name not in absent
        }
        truths = frozenset(
            one
            for one, true in zip(ask.conditions, record["truths"], strict=True)
            if true and all(asked.column in values for asked in one)
        )
        rendered.append(Rendered(values, truths))
    return found


def _query(number: int, ask: Ask, first: int) -> str:
    """Parameters `first` (rows as arrays of text) and the next (the values of all conditions)."""
    relation, casts = ask.table.relation, ask.table.casts
    columns = {
        column.name: (f"(r.v->>{at})", cast)
        for at, (column, cast) in enumerate(zip(relation.columns, casts, strict=True))
    }
    texts = [
        f"case when {text} is not null then to_jsonb({text}::{'text' if cast == 'bytea' else cast})::text end"
        for text, cast in columns.values()
    ]
    truths: list[str] = []
    value = 0
    for one in ask.conditions:
        compared: list[str] = []
        for asked in one:
            value += 1
            if asked.column in columns:
                text, cast = columns[asked.column]
                compared.append(condition(asked, f"{text}::{cast}", f"(${first + 1}::text[])[{value}]", cast))
            else:
                compared.append("false")
        truths.append(f"coalesce({' and '.join(compared)}, false)")
    return (
        f"select {number} as part, r.n, array[{', '.join(texts)}]::text[] as texts, "
        f"array[{', '.join(truths)}]::boolean[] as truths "
        f"from jsonb_array_elements(${first}::jsonb) with ordinality as r(v, n), (select ${first + 1}::text[]) as given"
    )


def _texts(relation: Relation, row: Row) -> list[str | None]:
    return [_text(value, column.type_oid) for column, value in zip(relation.columns, row, strict=True)]


def _text(value: Value, type_oid: int) -> str | None:
    if value is None or isinstance(value, Unchanged):
        return None
    return (value[2:] if type_oid == BYTEA else value).decode()
