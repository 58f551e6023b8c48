"""Postgres's logical replication messages (`pgoutput`, protocol version 1), as a pure decoder.

Feed it the messages of one connection in order; relations are remembered, because Postgres describes a table
once per connection and then only names its number. Values stay the bytes that Postgres wrote (text format): most
are passed on without ever being looked at.
https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from struct import Struct
from struct import error as StructError
from typing import Final, Literal, TypeAlias

POSTGRES_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)

_BEGIN = Struct("!QqI")
_COMMIT = Struct("!BQQq")
_U16 = Struct("!H")
_U32 = Struct("!I")
_COLUMN_TYPE = Struct("!Ii")


class Unchanged(Enum):
    """A TOASTed value that an update left alone: Postgres does not send it."""

    VALUE = "unchanged"


UNCHANGED: Final = Unchanged.VALUE
Value: TypeAlias = "bytes | Literal[Unchanged.VALUE] | None"
Row: TypeAlias = "tuple[Value, ...]"


class MalformedMessage(ValueError):
    """Bytes that are no pgoutput message; the stream cannot go on from here."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the stream describes it; `is_key` says that it belongs to the replica identity."""

    name: str
    type_oid: int
    is_key: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """A table; `identity` is d (default), n (nothing), f (full) or i (index)."""

    oid: int
    schema: str
    name: str
    identity: str
    columns: tuple[Column, ...]

    def as_dict(self, row: Row) -> dict[str, Value]:
        """A row's values by column name."""
        return {column.name: value for column, value in zip(self.columns, row, strict=True)}


@dataclass(frozen=True, slots=True)
class Begin:
    """A committed transaction starts; `lsn` is where its commit record is."""

    lsn: int
    committed_at_us: int
    xid: int

    @property
    def committed_at(self) -> datetime:
        """When it committed (UTC)."""
        return POSTGRES_EPOCH + timedelta(microseconds=self.committed_at_us)


@dataclass(frozen=True, slots=True)
class Commit:
    """A transaction ends; everything before `end_lsn` has been sent."""

    end_lsn: int


@dataclass(frozen=True, slots=True)
class Insert:
    relation: Relation
    new: Row


@dataclass(frozen=True, slots=True)
class Update:
    """`old` is None unless the key changed or the identity is full; with `old_is_key` only key columns are set."""

    relation: Relation
    old: Row | None
    old_is_key: bool
    new: Row


@dataclass(frozen=True, slots=True)
class Delete:
    """`old` holds the key columns alone when `old_is_key`, else the whole row."""

    relation: Relation
    old: Row
    old_is_key: bool


@dataclass(frozen=True, slots=True)
class Truncate:
    relations: tuple[Relation, ...]


Change: TypeAlias = Insert | Update | Delete | Truncate
Decoded: TypeAlias = "Begin | Commit | Relation | Change | None"


class Decoder:
    """Decodes one connection's messages. A new connection needs a new decoder."""

    def __init__(self) -> None:
        self.relations: dict[int, Relation] = {}

    def decode(self, data: bytes) -> Decoded:
        """One message; None for kinds that say nothing here (origin, type, logical message). Raises MalformedMessage."""
        try:
            return self._decode(data)
        except MalformedMessage:
            raise
        except (IndexError, KeyError, ValueError, StructError) as error:
            raise MalformedMessage(f"pgoutput message {data[:1]!r} of {len(data)} bytes") from error

    def _decode(self, data: bytes) -> Decoded:
        match data[:1]:
            case b"I":
                relation = self.relations[_U32.unpack_from(data, 1)[0]]
                return Insert(relation, _row(data, 6)[0])
            case b"U":
                relation = self.relations[_U32.unpack_from(data, 1)[0]]
                old, at, kind = None, 5, data[5:6]
                if kind in (b"K", b"O"):
                    old, at = _row(data, 6)
                return Update(relation, old, kind == b"K", _row(data, at + 1)[0])
            case b"D":
                relation = self.relations[_U32.unpack_from(data, 1)[0]]
                return Delete(relation, _row(data, 6)[0], data[5:6] == b"K")
            case b"B":
                return Begin(*_BEGIN.unpack_from(data, 1))
            case b"C":
                return Commit(_COMMIT.unpack_from(data, 1)[2])
            case b"R":
                relation = _relation(data)
                self.relations[relation.oid] = relation
                return relation
            case b"T":
                (count,) = _U32.unpack_from(data, 1)  # and a byte of options
                oids = (_U32.unpack_from(data, 6 + 4 * i)[0] for i in range(count))
                return Truncate(tuple(self.relations[oid] for oid in oids))
            case b"O" | b"Y" | b"M":
                return None
            case _:
                raise MalformedMessage(f"unknown pgoutput message {data[:1]!r}")


def _row(data: bytes, at: int) -> tuple[Row, int]:
    """The tuple that starts at `at`, and where it ends."""
    (count,) = _U16.unpack_from(data, at)
    at += 2
    values: list[Value] = []
    for _ in range(count):
        kind = data[at]
        at += 1
        if kind == 0x6E:  # n: null
            values.append(None)
        elif kind == 0x75:  # u: unchanged
            values.append(UNCHANGED)
        else:  # t: text (b: binary is only sent to who asks for it)
            (size,) = _U32.unpack_from(data, at)
            at += 4
            if at + size > len(data):
                raise MalformedMessage("a value is longer than its message")
            values.append(data[at : at + size])
            at += size
    return tuple(values), at


def _relation(data: bytes) -> Relation:
    (oid,) = _U32.unpack_from(data, 1)
    schema, at = _text(data, 5)
    name, at = _text(data, at)
    identity = chr(data[at])
    (count,) = _U16.unpack_from(data, at + 1)
    at += 3
    columns: list[Column] = []
    for _ in range(count):
        is_key = bool(data[at] & 1)
        column, at = _text(data, at + 1)
        type_oid, _modifier = _COLUMN_TYPE.unpack_from(data, at)
        at += 8
        columns.append(Column(column, type_oid, is_key))
    return Relation(oid, schema or "pg_catalog", name, identity, tuple(columns))


def _text(data: bytes, at: int) -> tuple[str, int]:
    end = data.index(0, at)
    return data[at:end].decode(), end + 1
