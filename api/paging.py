"""Pages of a list by cursor: the last row of one is where the next begins, whatever was added or deleted meanwhile."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from types import SimpleNamespace
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query as Parameter

from api.caller import Caller
from api.problems import wrong
from state.sync.query import Query

MOST = 100

Limit = Annotated[int, Parameter(ge=1, le=MOST, description="Rows of a page")]
Cursor = Annotated[str, Parameter(max_length=600, description="`next` of the page before")]


async def page_of(caller: Caller, query: Query, limit: int, cursor: str) -> tuple[list[dict[str, Any]], str | None]:
    """The rows, and the cursor of the page behind them; None when there is none."""
    after = decode(query, cursor) if cursor else None
    rows = await caller.api.select(query, limit + 1, after)
    more = len(rows) > limit
    return rows[:limit], encode(query, rows[limit - 1]) if more else None


def encode(query: Query, row: dict[str, Any]) -> str:
    """The values that the order is about."""
    values = json.dumps([row[order.column] for order in query.total_order], separators=(",", ":"))
    return base64.urlsafe_b64encode(values.encode()).decode().rstrip("=")


def decode(query: Query, cursor: str) -> SimpleNamespace:
    """A row of nothing else. Raises ApiProblem for what is no cursor of this list."""
    columns = [order.column for order in query.total_order]
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != len(columns) or not all(isinstance(v, str) for v in values):
            raise ValueError
        row = dict(zip(columns, values, strict=True))
        for column in columns:
            if column.endswith("_at"):
                row[column] = datetime.fromisoformat(row[column])
                if row[column].tzinfo is None:
                    raise ValueError
            elif "\0" in row[column]:
                raise ValueError
        row["id"] = UUID(row["id"])
    except (ValueError, binascii.Error, UnicodeError, OverflowError, RecursionError):
        raise wrong("cursor", "This is no cursor of this list") from None
    return SimpleNamespace(**row)
