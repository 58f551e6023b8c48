"""Query: which rows of a table, in which order, said once and evaluated in SQL and in Python alike.

A filter is a conjunction of comparisons on columns. An order is over numbers, timestamps, booleans, uuids, or text
under `collate "C"`; where nulls go is explicit, or there are none; the key comes last, so that every order is total.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from operator import attrgetter
from typing import Any, Literal, TypeAlias
from uuid import UUID

Operator: TypeAlias = Literal["eq", "neq", "lt", "lte", "gt", "gte", "in", "is", "has", "contains"]
SortKey: TypeAlias = tuple[Any, ...]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "neq": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "in": lambda a, b: a in b,
    "has": lambda a, b: b in a,
    "contains": lambda a, b: b in a,
}


@dataclass(frozen=True)
class Where:
    """`column operator value`. As in SQL a null never compares, except by `is` (None, True, False).

    `has`: an array of texts has this one; `contains`: a text contains this one, letter by letter (no `*` in it).
    """

    column: str
    operator: Operator
    value: Any

    def matches(self, row: Any) -> bool:
        """Whether `row` (an object with the column as attribute) passes."""
        value = getattr(row, self.column)
        if self.operator == "is":
            return value is self.value
        return value is not None and COMPARE[self.operator](value, self.value)

    def term(self) -> str:
        """As PostgREST writes it in a logic tree: `column.operator.value`."""
        if self.operator == "in":
            return f"{self.column}.in.({','.join(literal(v) for v in self.value)})"
        if self.operator == "has":
            return f"{self.column}.cs.{literal(f'{{{quoted(self.value)}}}')}"
        if self.operator == "contains":
            pattern = re.sub(r"([%_\\])", r"\\\1", self.value)
            return f"{self.column}.like.{literal(f'%{pattern}%')}"
        return f"{self.column}.{self.operator}.{literal(self.value)}"


@dataclass(frozen=True)
class Order:
    """One column of an order. `nulls="never"`: it has none, so that an index can be read from where a page begins, both ways."""

    column: str
    descending: bool = False
    nulls: Literal["first", "last", "never"] = "last"

    def term(self) -> str:
        """As PostgREST's `order` takes it."""
        way = "desc" if self.descending else "asc"
        return f"{self.column}.{way}" + (f".nulls{self.nulls}" if self.nulls != "never" else "")

    def sort_key(self, value: Any) -> tuple[Any, ...]:
        """Sorts in Python as the term does in Postgres."""
        if value is None:
            return (0 if self.nulls == "first" else 2,)
        if isinstance(value, str):
            return (1, Reversed(value.encode()) if self.descending else value.encode())
        number = as_number(value)
        return (1, -number if self.descending else number)

    def after(self, value: Any) -> list[str]:
        """Terms, any of which puts a row strictly behind `value` in this column."""
        if value is None:
            return [f"{self.column}.not.is.null"] if self.nulls == "first" else []
        terms = [f"{self.column}.{'lt' if self.descending else 'gt'}.{literal(value)}"]
        return [*terms, f"{self.column}.is.null"] if self.nulls == "last" else terms

    def bound(self, value: Any) -> list[str]:
        """A term that no row behind `value` fails, if there is one: by it the database finds where to begin."""
        if value is None or self.nulls == "last":
            return []  # rows without a value come behind, and compare with nothing
        return [f"{self.column}.{'lte' if self.descending else 'gte'}.{literal(value)}"]

    def same(self, value: Any) -> str:
        """The term for rows equal to `value` in this column."""
        return f"{self.column}.is.null" if value is None else f"{self.column}.eq.{literal(value)}"


@dataclass(frozen=True)
class Query:
    """A window on a table. `key` is the primary key's column."""

    table: str
    where: tuple[Where, ...] = ()
    order: tuple[Order, ...] = ()
    key: str = "id"

    @cached_property
    def total_order(self) -> tuple[Order, ...]:
        """The order with the key last."""
        return (*self.order, Order(self.key))

    def matches(self, row: Any) -> bool:
        """Whether `row` belongs to the query."""
        return all(where.matches(row) for where in self.where)

    def sort_key(self, row: Any) -> SortKey:
        """Rows sort by this as Postgres sorts them."""
        return tuple([order.sort_key(getattr(row, order.column)) for order in self.total_order])

    def same_place(self, one: Any, other: Any) -> bool:
        """Whether two states of a row sort alike: what their sort keys would say, for a fraction of the time."""
        return self._place(one) == self._place(other)

    @cached_property
    def _place(self) -> Callable[[Any], Any]:
        return attrgetter(*(order.column for order in self.total_order))

    def params(self, *, after: Any | None = None) -> dict[str, str]:
        """PostgREST's query parameters; `after` is the row behind which the page begins."""
        params = {"select": "*", "order": ",".join(order.term() for order in self.total_order)}
        trees = [where.term() for where in self.where]
        if after is not None:
            first = self.total_order[0]
            trees += first.bound(getattr(after, first.column))
            trees.append(f"or({','.join(self._behind(after))})")
        if trees:
            params["and"] = f"({','.join(trees)})"
        return params

    def _behind(self, row: Any) -> list[str]:
        terms: list[str] = []
        same: list[str] = []
        for order in self.total_order:
            value = getattr(row, order.column)
            terms += [f"and({','.join([*same, term])})" if same else term for term in order.after(value)]
            same.append(order.same(value))
        return terms


@dataclass(frozen=True)
class Reversed:
    """A value that sorts the other way round."""

    value: Any

    def __lt__(self, other: Reversed) -> bool:
        return other.value < self.value


def as_number(value: Any) -> int | float:
    """Numbers, timestamps, booleans and uuids as numbers of the same order."""
    if isinstance(value, datetime):
        return (value - EPOCH) // MICROSECOND
    return value.int if isinstance(value, UUID) else value


def literal(value: Any) -> str:
    """A value inside a logic tree, quoted where PostgREST needs it."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float() | UUID():
            return str(value)
        case datetime():
            return f'"{value.isoformat()}"'
        case _:
            return quoted(str(value))


def quoted(text: str) -> str:
    """In double quotes, with what means something in them escaped: in logic trees and in arrays alike."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
