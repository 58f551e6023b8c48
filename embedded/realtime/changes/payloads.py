"""What a subscriber is told of a change: the `data` of a `postgres_changes` message."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import orjson

from embedded.realtime.changes.rows import Key, Rendered
from embedded.realtime.changes.tables import Column, Table
from embedded.realtime.pgoutput import UNCHANGED, Begin, Delete, Insert, Relation, Row, Update

MAX_RECORD_BYTES = 1024 * 1024
MAX_KEPT_BYTES = 64  # a value longer than this is left out of a record that is too large

NO_KEY = "Error 400: Bad Request, no primary key"
KEY_UNREADABLE = "Error 401: Unauthorized"
TOO_LARGE = "Error 413: Payload Too Large"

Kind = Literal["INSERT", "UPDATE", "DELETE"]


@dataclass(frozen=True)
class Told:
    """A change, rendered. `new` is None for a DELETE, `old` for an INSERT."""

    table: Table
    kind: Kind
    new: Rendered | None
    old: Rendered | None
    key: Key  # of the new row
    size: int  # of the values as Postgres streamed them
    transaction: Begin
    _said: dict[tuple[str, tuple[str, ...] | None], bytes] = field(default_factory=dict, init=False, repr=False)

    @property
    def filtered(self) -> Rendered:
        """The row that filters look at."""
        row = self.old if self.new is None else self.new
        assert row is not None, "a change without a row"
        return row

    def objection(self, role: str) -> str | None:
        """Why a role is told no row: an error in its place, for all who asked for this kind of change."""
        key = self.table.key
        if self.kind == "DELETE":
            return None
        if not key:
            return NO_KEY
        return None if all(role in column.readers for column in key) else KEY_UNREADABLE

    def data(self, role: str, select: tuple[str, ...] | None) -> bytes:
        """For a role, and the columns that it selected; made once, however many people that is."""
        if (said := self._said.get((role, select))) is None:
            said = self._said[role, select] = self._data(role, select)
        return said

    def _data(self, role: str, select: tuple[str, ...] | None) -> bytes:
        relation = self.table.relation
        head = f'{{"table":{_json(relation.name)},"type":"{self.kind}","schema":{_json(relation.schema)},'
        if error := self.objection(role):
            old = '"old_record":{},' if self.kind == "UPDATE" else ""
            return f'{head}"record":{{}},{old}"columns":[],"errors":[{_json(error)}],"commit_timestamp":null}}'.encode()
        readable = self.table.readable(role, select)
        too_large = self.size > MAX_RECORD_BYTES
        records = ""
        if self.new is not None:
            records += f'"record":{_record(self.new, readable, too_large)},'
        if self.old is not None:
            shown = [one for one in readable if one.is_key or self.kind != "DELETE" or not self.table.guarded]
            records += f'"old_record":{_record(self.old, shown, too_large)},'
        columns = ",".join(f'{{"name":{_json(one.name)},"type":{_json(one.type)}}}' for one in readable)
        errors = f"[{_json(TOO_LARGE)}]" if too_large else "null"
        at = self.transaction.committed_at
        milliseconds = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
        return (
            f'{head}{records}"columns":[{columns}],"errors":{errors},"commit_timestamp":"{milliseconds}"}}'
        ).encode()


def kind_of(change: Insert | Update | Delete) -> Kind:
    """Its name on the wire."""
    return "INSERT" if isinstance(change, Insert) else "UPDATE" if isinstance(change, Update) else "DELETE"


def size_of(relation: Relation, rows: Iterable[Row | None]) -> int:
    """Bytes of the values of some rows."""
    return sum(
        len(value) for row in rows if row for value in row if value is not None and value is not UNCHANGED
    ) + sum(len(column.name) for column in relation.columns)


def _record(row: Rendered, readable: list[Column], too_large: bool) -> str:
    """Of a record that is too large the short values are told, and no nulls."""
    shown = ((one.name, row.values.get(one.name)) for one in readable)
    return "{" + ",".join(
        f"{_json(name)}:{value}"
        for name, value in shown
        if value is not None and not (too_large and (value == "null" or len(value.encode()) > MAX_KEPT_BYTES))
    ) + "}"  # fmt: skip


def _json(text: str) -> str:
    return orjson.dumps(text).decode()
