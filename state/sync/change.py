"""Change: what a statement did to the rows of a table, as `live.publish` announces it, whatever the source."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


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
