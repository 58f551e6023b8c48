"""The schema cache: what the exposed schemas hold, as far as it shapes SQL.

Tables with their columns and keys, relationships (foreign keys, junctions, functions that relate), functions.
It holds no data and no rights: those are Postgres's, asked by every request anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import permutations
from typing import TypeAlias

Name: TypeAlias = tuple[str, str]  # schema and name


@dataclass(frozen=True, slots=True)
class Column:
    """`type` is the name to cast to: qualified where needed, without modifiers, a domain's base type."""

    name: str
    type: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table, a view, or the rows of a function; `computed` are functions of a row, usable as columns."""

    name: Name
    columns: dict[str, Column]
    primary_key: tuple[str, ...] = ()
    is_view: bool = False
    computed: dict[str, Column] = field(default_factory=dict)
    insertable: bool = False
    updatable: bool = False
    deletable: bool = False

    def type_of(self, column: str) -> str | None:
        known = self.columns.get(column) or self.computed.get(column)
        return known.type if known else None


@dataclass(frozen=True, slots=True)
class ForeignKey:
    constraint: str
    table: Name
    columns: tuple[str, ...]
    foreign_table: Name
    foreign_columns: tuple[str, ...]
    unique: bool  # whether the key's own columns are a key of its table: then each side has one row at most


@dataclass(frozen=True, slots=True)
class Junction:
    """The table between two in a many-to-many relationship, with its key to each side."""

    table: Name
    source: ForeignKey
    target: ForeignKey


@dataclass(frozen=True, slots=True)
class Relationship:
    """How rows of `table` find rows of `foreign_table`: by equal columns, over a junction, or by a function."""

    cardinality: str  # many-to-one, one-to-many, one-to-one, many-to-many or computed
    table: Name
    foreign_table: Name
    constraint: str = ""
    columns: tuple[str, ...] = ()
    foreign_columns: tuple[str, ...] = ()
    junction: Junction | None = None
    function: Name | None = None
    to_one: bool = False
    owns_key: bool = False  # whether the foreign key is on this side
    with_view: bool = False  # whether the other side is a view

    @property
    def is_self(self) -> bool:
        return self.table == self.foreign_table


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    type: str
    required: bool
    variadic: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """`rows` describes the answer where it is composite; otherwise it is a scalar (or `void`)."""

    name: Name
    parameters: tuple[Parameter, ...]
    returns: str
    returns_set: bool
    volatile: bool
    rows: Table | None


@dataclass(frozen=True)
class Schema:
    """One reading of the catalog."""

    tables: dict[Name, Table] = field(default_factory=dict)
    functions: dict[Name, list[Function]] = field(default_factory=dict)
    relationships: dict[Name, list[Relationship]] = field(default_factory=dict)


def relate(
    tables: dict[Name, Table], keys: Iterable[ForeignKey], computed: Iterable[Relationship]
) -> dict[Name, list[Relationship]]:
    """All relationships that foreign keys and relating functions make, by the table they start from."""
    by_table: dict[Name, list[Relationship]] = {}
    for relationship in (*_from_keys(tables, keys), *computed):
        by_table.setdefault(relationship.table, []).append(relationship)
    return by_table


def _from_keys(tables: dict[Name, Table], keys: Iterable[ForeignKey]) -> Iterator[Relationship]:
    by_junction: dict[Name, list[ForeignKey]] = {}
    for key in keys:
        if not key.unique:
            by_junction.setdefault(key.table, []).append(key)
        forth, back = ("one-to-one", "one-to-one") if key.unique else ("many-to-one", "one-to-many")
        to_view, from_view = (name in tables and tables[name].is_view for name in (key.foreign_table, key.table))
        yield Relationship(
            forth, key.table, key.foreign_table, key.constraint, key.columns, key.foreign_columns,
            to_one=True, owns_key=True, with_view=to_view,
        )  # fmt: skip
        yield Relationship(
            back, key.foreign_table, key.table, key.constraint, key.foreign_columns, key.columns,
            to_one=key.unique, with_view=from_view,
        )  # fmt: skip
    for name, between in by_junction.items():
        primary_key = set(tables[name].primary_key) if name in tables else set()
        for source, target in permutations(between, 2):
            # Only a table whose primary key holds both foreign keys is a junction; others would be guesses.
            if source.constraint != target.constraint and {*source.columns, *target.columns} <= primary_key:
                yield Relationship(
                    "many-to-many", source.foreign_table, target.foreign_table,
                    columns=source.foreign_columns, foreign_columns=target.foreign_columns,
                    junction=Junction(name, source, target),
                )  # fmt: skip


def over_views(keys: Iterable[ForeignKey], views: dict[Name, dict[Name, dict[str, str]]]) -> Iterator[ForeignKey]:
    """The foreign keys, and again for each view that shows all their columns on either side.

    `views` maps a view to the tables it reads and, for each of those, table column → view column.
    """
    showing: dict[Name, list[tuple[Name, dict[str, str]]]] = {}
    for view, sources in views.items():
        for table, columns in sources.items():
            showing.setdefault(table, []).append((view, columns))

    def sides(table: Name, columns: tuple[str, ...]) -> Iterator[tuple[Name, tuple[str, ...]]]:
        yield table, columns
        for view, shown in showing.get(table, ()):
            if all(column in shown for column in columns):
                yield view, tuple(shown[column] for column in columns)

    for key in keys:
        for table, columns in sides(key.table, key.columns):
            for foreign_table, foreign_columns in sides(key.foreign_table, key.foreign_columns):
                yield ForeignKey(key.constraint, table, columns, foreign_table, foreign_columns, key.unique)
