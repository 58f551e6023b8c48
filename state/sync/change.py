"""Change: what a statement did to the rows of a table, as `live.publish` announces it, whatever the source.

From Postgres Changes comes one for each row.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

GONE = 2**63 - 1  # later than every version: a deleted row's id is never used again


@dataclass(frozen=True)
class Change:
    """`records` are upserts, whatever the operation; only `old_keys` ({key, "version"}) remove.

    `refetch`: the message was too large to carry its rows. `at`: when the database sent it.
    """

    table: str
    operation: str
    records: list[dict[str, Any]] = field(default_factory=list)
    old_keys: list[dict[str, Any]] = field(default_factory=list)
    refetch: bool = False
    at: datetime | None = None

    @classmethod
    def parse(cls, payload: dict[str, Any]) -> Change:
        """From the payload of a `change` broadcast. Raises KeyError, TypeError or ValueError when it is not one."""
        at = payload.get("at")
        return cls(
            table=str(payload["table"]),
            operation=str(payload["operation"]),
            records=list(payload.get("records") or ()),
            old_keys=list(payload.get("old_keys") or ()),
            refetch=bool(payload.get("refetch", False)),
            at=datetime.fromisoformat(at) if at else None,
        )

    @classmethod
    def of_row(cls, data: dict[str, Any], key: str) -> Change:
        """From the `data` of a `postgres_changes` event; `key` is the primary key's column. Raises as `parse` does.

        A row that did not come whole (too large, or with a value that was stored apart and left alone) is to be fetched.
        """
        operation = str(data["type"])
        at = data["commit_timestamp"]
        change = cls(str(data["table"]), operation, at=datetime.fromisoformat(at) if at else None)
        if operation == "DELETE":
            old = data["old_record"]
            change.old_keys.append({key: old[key], "version": old.get("version", GONE)})
            return change
        record = dict(data["record"])
        if data["errors"] or any(column["name"] not in record for column in data["columns"]):
            return replace(change, refetch=True)
        change.records.append(record)
        old = data.get("old_record") or {}
        if key in old and old[key] != record[key]:
            change.old_keys.append({key: old[key], "version": GONE})
        return change
