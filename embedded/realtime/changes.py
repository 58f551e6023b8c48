"""Postgres Changes: what a join asked for, and the answer that it cannot be had.

Row changes are not served. The protocol has a true answer for that: the join succeeds and lists the bindings, and a
system message then refuses the subscription, which leaves broadcast and presence of the channel working.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zlib import crc32

import orjson

EVENTS = frozenset({"INSERT", "UPDATE", "DELETE"})


def binding_id(binding: dict[str, Any]) -> int:
    """A number below 2^27 that equal bindings share."""
    return crc32(orjson.dumps(binding, option=orjson.OPT_SORT_KEYS)) & (2**27 - 1)


def with_ids(bindings: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The bindings as the join's reply lists them: as given, in order, with their ids."""
    return [{"id": binding_id(binding), **binding} for binding in bindings]


def legacy_binding(topic: str) -> dict[str, Any]:
    """The subscription that `SCHEMA[:TABLE[:FILTER]]` stood for before joins had a `config`."""
    schema, table, changes_filter = (*topic.split(":", 2), None, None)[:3]
    asked = {"event": "*", "schema": schema, "table": table, "filter": changes_filter}
    return {key: value for key, value in asked.items() if value is not None}


def refusal(binding: dict[str, Any]) -> str:
    """Why a subscription is not live, in the real server's words."""
    schema, table, changes_filter = binding.get("schema"), binding.get("table"), binding.get("filter")
    if not isinstance(schema, str) and not isinstance(table, str):
        return (
            "No subscription params provided. Please provide at least a `schema` or `table` to subscribe to: "
            "%{" + ", ".join(f'"{key}" => {_inspect(value)}' for key, value in sorted(binding.items())) + "}"
        )
    event = str(binding.get("event", "*")).upper()
    filters = f"[{_inspect(changes_filter)}]" if isinstance(changes_filter, str) and changes_filter else "[]"
    return (
        "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect "
        f"parameters: [event: {event if event in EVENTS else '*'}, schema: {schema if schema is not None else 'public'}, "
        f"table: {table if table is not None else '*'}, filters: {filters}, select: {_inspect(binding.get('select'))}]"
    )


def _inspect(value: Any) -> str:
    """A value as Elixir prints it."""
    return "nil" if value is None else orjson.dumps(value).decode()
