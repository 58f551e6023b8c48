"""The history of a member's credits: narrowed down, paged, and as CSV.

Each way to narrow it down is an area of its own, shared by all tabs that look at it. A page looks at one of them at a time
through a `Ledger`, which goes on showing the last one until the next is there.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from state.days import first_day, time_zone
from state.models import CreditTransaction
from state.signal import Signal, Unsubscribe
from state.spreadsheet import write
from state.sync.live_table import LiveTable
from state.sync.mutation import Pending
from state.sync.query import Order, Query, Where
from state.sync.rows import Batch, Phase
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


class Ledger:
    """What one page shows of the history: the rows of one filter at a time. They are Rows, like those of any table."""

    def __init__(self, member: Member, filter: Filter) -> None:
        self._member = member
        self._listeners: Signal[Batch[CreditTransaction]] = Signal()
        self._shown, self._leave = self._use(filter)
        self._coming: tuple[History, Unsubscribe] | None = None
        self._unsubscribe = self._shown.rows.subscribe(self._listeners.emit)
        self._stop: Unsubscribe = lambda: None

    @property
    def filter(self) -> Filter:
        """What was chosen last."""
        return (self._coming[0] if self._coming else self._shown).filter

    @property
    def view(self) -> View:
        """How fresh the rows are."""
        return self._shown.view

    @property
    def settled(self) -> bool:
        """Whether what was chosen last is shown."""
        return self._coming is None and self.phase != "loading"

    def choose(self, filter: Filter) -> None:
        """Shows the rows of another filter as soon as they are there."""
        if filter == self.filter:
            return
        self._give_up()
        area, leave = self._use(filter)
        self._coming = area, leave
        self._stop = area.rows.subscribe(lambda _: self._arrived())
        self._arrived()

    def close(self) -> None:
        """Nobody looks any more."""
        self._give_up()
        self._unsubscribe()
        self._leave()

    def _use(self, filter: Filter) -> tuple[History, Unsubscribe]:
        return self._member.areas.use(("credit history", filter), lambda: History(self._member, filter))

    def _arrived(self) -> None:
        if self._coming is None or self._coming[0].rows.phase == "loading":
            return
        self._stop()
        self._unsubscribe()
        self._leave()
        (self._shown, self._leave), self._coming = self._coming, None
        self._unsubscribe = self._shown.rows.subscribe(self._listeners.emit)
        self._listeners.emit(Batch())

    def _give_up(self) -> None:
        if self._coming is not None:
            self._stop()
            self._coming[1]()
            self._coming = None

    # Rows ----------------------------------------------------------------------------------------------------------

    @property
    def rows(self) -> Sequence[CreditTransaction]:
        """Newest first."""
        return self._shown.rows.rows

    @property
    def phase(self) -> Phase:
        """Of what is shown."""
        return self._shown.rows.phase

    @property
    def error(self) -> str | None:
        """Why it did not load."""
        return self._shown.rows.error

    @property
    def complete(self) -> bool:
        """False: there are older ones."""
        return self._shown.rows.complete

    def get(self, key: Hashable) -> CreditTransaction | None:
        """One of them."""
        return self._shown.rows.get(key)

    def subscribe(self, listener: Callable[[Batch[CreditTransaction]], None]) -> Unsubscribe:
        """As LiveTable does; what is shown after `choose` comes with an empty batch."""
        return self._listeners.subscribe(listener)

    async def load_more(self) -> None:
        """Older ones. Raises StateError."""
        await self._shown.rows.load_more()

    def pending(self, key: Hashable) -> Pending | None:
        """Nobody writes here."""
        return None


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
