"""The history of a member's credits: narrowed down, paged, and as CSV.

Each way to narrow it down is an area of its own, shared by all tabs that look at it. A page looks at one of them at a time
through a `Ledger`, which goes on showing the last one until the next is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from state.days import first_day, time_zone
from state.models import CreditTransaction
from state.spreadsheet import write
from state.sync.choice import Choice
from state.sync.live_table import LiveTable
from state.sync.query import Order, Query, Where
from state.sync.view import View

if TYPE_CHECKING:
    from state.member import Member

PAGE = 1_000  # rows of one request while exporting
MOST_EXPORTED = 50_000
TABLE = "credit_transactions"
NEWEST = (Order("created_at", descending=True),)

Kind: TypeAlias = Literal["everything", "spent", "returned", "added"]
KINDS: dict[Kind, tuple[str, ...]] = {
    "everything": ("hold", "refund", "topup", "grant"),  # settling moves nothing
    "spent": ("hold",),
    "returned": ("refund",),
    "added": ("topup", "grant"),
}
COLUMNS = ("when", "kind", "purpose", "label", "amount", "balance_after", "id")


@dataclass(frozen=True)
class Filter:
    """What of the history is shown. `days`: today and as many before it that these are in all; None: all there ever was."""

    kind: Kind = "everything"
    days: int | None = 30
    zone: str = "UTC"

    def query(self, member_id: Any, now: datetime) -> Query:
        """As a window on the table."""
        where = [Where("account_id", "eq", member_id), Where("kind", "in", KINDS[self.kind])]
        if self.days is not None:
            where.append(Where("created_at", "gte", first_day(self.days, self.zone, now)))
        return Query(TABLE, tuple(where), NEWEST)


class History:
    """An area: the newest movements of one filter, paged."""

    def __init__(self, member: Member, filter: Filter) -> None:
        self.filter = filter
        query = filter.query(member.id, datetime.now(UTC))
        self.rows: LiveTable[CreditTransaction] = member.table(query, CreditTransaction)
        self.view = View((self.rows, member.connection.freshness))
        self.tables = (self.rows,)

    def open(self) -> None:
        """Starts to follow."""
        self.rows.open()

    async def close(self) -> None:
        """Stops following."""
        await self.rows.close()


class Ledger(Choice[History, Filter, CreditTransaction]):
    """What one page shows of the history."""

    def __init__(self, member: Member, filter: Filter) -> None:
        super().__init__(lambda wish: member.areas.use(("credit history", wish), lambda: History(member, wish)), filter)

    @property
    def filter(self) -> Filter:
        """What was chosen last."""
        return self.wish


async def export(member: Member, filter: Filter, now: datetime | None = None) -> str:
    """The movements of a filter as CSV, those that nobody has loaded among them. Raises StateError."""
    query = filter.query(member.id, now or datetime.now(UTC))
    rows: list[CreditTransaction] = []
    while len(rows) < MOST_EXPORTED:
        records = await member.api.select(query, PAGE, rows[-1] if rows else None)
        rows += map(CreditTransaction.model_validate, records)
        if len(records) < PAGE:
            break
    return as_csv(rows, filter.zone)


def as_csv(rows: Sequence[CreditTransaction], zone: str) -> str:
    """Movements for a spreadsheet. Texts that it would take for a formula are marked as texts; numbers stay numbers."""
    lines = (
        (
            row.created_at.astimezone(time_zone(zone)).isoformat(sep=" ", timespec="seconds"),
            row.kind,
            row.purpose,
            row.label,
            row.amount,
            row.balance_after,
            str(row.id),
        )
        for row in rows
    )
    return write(COLUMNS, lines)
