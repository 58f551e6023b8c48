"""Bindings: what the `postgres_changes` of a join ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from embedded.realtime.changes.filters import Filter, parse_filters
from embedded.realtime.changes.inspected import inspected
from embedded.realtime.changes.phash2 import phash2
from embedded.realtime.errors import SubscriptionRefused

EVENTS = frozenset({"INSERT", "UPDATE", "DELETE"})
NO_PARAMS = "No subscription params provided. Please provide at least a `schema` or `table` to subscribe to: "
SELECT_NO_LIST = (
    "Error parsing `select` params: expected a list of column name strings, e.g. select: [\"col1\", \"col2\"]"
)  # fmt: skip
SELECT_OF_MANY = (
    "Column selection is not supported for wildcard subscriptions. Provide an explicit schema and table name."
)


@dataclass(frozen=True)
class Binding:
    """A readable binding. `event`, `schema` and `table` may be `*`; `select` is None for all columns."""

    id: int
    event: str
    schema: str
    table: str
    filters: tuple[Filter, ...] = ()
    select: tuple[str, ...] | None = None

    def __str__(self) -> str:
        """As the real server's messages print it."""
        filters = "[" + ", ".join(map(str, self.filters)) + "]"
        return (
            f"[event: {self.event}, schema: {self.schema}, table: {self.table}, filters: {filters}, "
            f"select: {inspected(self.select)}]"
        )


def binding_id(asked: dict[str, Any]) -> int:
    """The real server's for a binding of texts; a list or a number (`select`) counts as its JSON."""
    return phash2({key: one if isinstance(one, str) else orjson.dumps(one).decode() for key, one in asked.items()})


def with_ids(asked: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The bindings as the join's reply lists them: as given, in order, with their ids."""
    return [{"id": binding_id(one), **one} for one in asked]


def legacy_binding(topic: str) -> dict[str, Any]:
    """The subscription that `SCHEMA[:TABLE[:FILTER]]` stood for before joins had a `config`."""
    return {"event": "*", **dict(zip(("schema", "table", "filter"), topic.split(":", 2), strict=False))}


def parse(asked: dict[str, Any]) -> Binding:
    """The binding that a client meant. Raises SubscriptionRefused."""
    select = _select(asked.get("select"))
    filters: tuple[Filter, ...] = ()
    match asked:
        case {"schema": str(schema), "table": str(table), "filter": str(text)}:
            filters = parse_filters(text)
        case {"schema": str(schema), "table": str(table)} if "filter" not in asked:
            pass
        case {"schema": str(schema)} if asked.keys().isdisjoint({"table", "filter"}):
            table = "*"
        case {"table": str(table)} if asked.keys().isdisjoint({"schema", "filter"}):
            schema = "public"
        case _:
            secret = not asked.keys().isdisjoint({"user_token", "auth_token"})
            raise SubscriptionRefused(NO_PARAMS + ("<redacted>" if secret else inspected(asked)))
    if select is not None and "*" in (schema, table):
        raise SubscriptionRefused(SELECT_OF_MANY)
    event = asked.get("event")
    event = event.upper() if isinstance(event, str) else "*"
    return Binding(binding_id(asked), event if event in EVENTS else "*", schema, table, filters, select)


def _select(columns: Any) -> tuple[str, ...] | None:
    """An empty list is not nothing: it selects the key alone."""
    if isinstance(columns, str):
        raise SubscriptionRefused(SELECT_NO_LIST)
    if not isinstance(columns, list):
        return None
    return tuple(column for column in columns if isinstance(column, str))
