"""Credits: what a member has, what it goes to, and every movement there has been.

The balance belongs to every page and is part of `Member`. The history is an area: one window for each way to narrow it
down. What was spent by day and purpose is added up by the database.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import partial
from io import StringIO
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from uuid import uuid4
from zoneinfo import ZoneInfo

from state.models import CreditAccount, CreditTransaction, Model
from state.sync.cached_query import CachedQuery
from state.sync.live_table import LiveTable
from state.sync.mutation import Pending
from state.sync.query import Order, Query, Where
from state.sync.view import View

if TYPE_CHECKING:
    from state.member import Member

FAMILY = "credit-spending"
CLIP = 4  # a clip costs as much as this many pictures, whatever its length
LEAST, MOST = 10, 1_000  # credits of one payment; the database says so as well
PAGE = 1_000  # rows of one request while exporting
MOST_EXPORTED = 50_000
TABLE = "credit_transactions"
NEWEST = (Order("created_at", descending=True),)
# What begins so a spreadsheet may take for a formula; the last four are the wide forms of = + - @.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")

Kind: TypeAlias = Literal["everything", "spent", "returned", "added"]
KINDS: dict[Kind, tuple[str, ...]] = {
    "everything": ("hold", "refund", "topup", "grant"),  # settling moves nothing
    "spent": ("hold",),
    "returned": ("refund",),
    "added": ("topup", "grant"),
}
COLUMNS = ("when", "kind", "purpose", "label", "amount", "balance_after", "id")


def price(model: Model, kind: str, count: int) -> int:
    """What a job costs, as `enqueue_generation` works it out."""
    return model.cost * (CLIP if kind == "video" else count)


def credits(number: int) -> str:
    """1 credit, 1,240 credits."""
    return "1 credit" if number == 1 else f"{number:,} credits"


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


@dataclass(frozen=True)
class Spending:
    """What was spent, by day: every day is there, the oldest first, and every purpose has a number for each."""

    days: tuple[date, ...]
    by_purpose: dict[str, tuple[int, ...]]

    @property
    def total(self) -> int:
        """In all these days."""
        return sum(map(sum, self.by_purpose.values()))


class Credits:
    """One member's. The account is always open."""

    def __init__(self, member: Member) -> None:
        self._member = member
        mine = Where("id", "eq", member.id)
        self.accounts: LiveTable[CreditAccount] = member.table(Query("credit_accounts", (mine,)), CreditAccount)

    @property
    def balance(self) -> int | None:
        """None until it is known. Top-ups on their way are in it."""
        account = self.accounts.get(self._member.id)
        return account.balance if account else None

    @property
    def low(self) -> bool:
        """Whether the database has said so."""
        account = self.accounts.get(self._member.id)
        return bool(account and account.low)

    def shortfall(self, cost: int) -> str | None:
        """Why something cannot be paid, as a sentence; None: it can, as far as is known."""
        if self.balance is None or cost <= self.balance:
            return None
        return f"This costs {credits(cost)}, and you have {self.balance:,}."

    def observe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """`listener` is called whenever the account is another, until the returned function is called."""
        return self.accounts.subscribe(lambda _: listener())

    def top_up(self, amount: int) -> Pending:
        """Adds credits, which show at once; however often it is sent, it is paid once. Raises ValueError for an amount
        that the database would refuse, LookupError before the balance is known."""
        if not LEAST <= amount <= MOST:
            raise ValueError(f"From {LEAST} to {MOST:,} credits at a time")
        if self.balance is None:
            raise LookupError("Your balance is not loaded yet")
        args = {"amount": amount, "idempotency_key": str(uuid4())}
        send = partial(self._member.api.rpc, "top_up", args)
        pending = self.accounts.mutations.update(self._member.id, {"balance": self.balance + amount}, send)
        self.accounts.flush()  # the next payment adds to this one
        return pending

    def history(self, filter: Filter) -> tuple[History, Callable[[], None]]:
        """The movements of a filter, while they are looked at, and what to call when they are not any more."""
        return self._member.areas.use(("credit history", filter), lambda: History(self._member, filter))

    def spending(self, days: int, zone: str) -> CachedQuery[Spending]:
        """What was spent in the last `days`, by the calendar of a time zone; to be observed."""
        return self._member.queries.query((FAMILY, days, zone), partial(self._spending, days, zone))

    async def export(self, filter: Filter, now: datetime | None = None) -> str:
        """The movements of a filter as CSV, those that nobody has loaded among them. Raises StateError."""
        query = filter.query(self._member.id, now or datetime.now(UTC))
        rows: list[CreditTransaction] = []
        while len(rows) < MOST_EXPORTED:
            records = await self._member.api.select(query, PAGE, rows[-1] if rows else None)
            rows += map(CreditTransaction.model_validate, records)
            if len(records) < PAGE:
                break
        return as_csv(rows, filter.zone)

    async def _spending(self, days: int, zone: str) -> Spending:
        records = await self._member.api.rpc("credit_spending", {"days": days, "zone": zone})
        return spread(records, days, zone, datetime.now(UTC))


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


def spread(records: Sequence[dict[str, Any]], days: int, zone: str, now: datetime) -> Spending:
    """What `credit_spending` answers, with the days on which nothing was spent."""
    today = now.astimezone(time_zone(zone)).date()
    all_days = tuple(today - timedelta(days=back) for back in range(days - 1, -1, -1))
    spent: dict[str, dict[date, int]] = defaultdict(dict)
    for record in records:
        spent[record["purpose"]][date.fromisoformat(record["day"])] = record["credits"]
    return Spending(
        all_days, {purpose: tuple(by_day.get(day, 0) for day in all_days) for purpose, by_day in sorted(spent.items())}
    )


def first_day(days: int, zone: str, now: datetime) -> datetime:
    """When the first of the last `days` began, where somebody lives."""
    today = now.astimezone(time_zone(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (today - timedelta(days=days - 1)).astimezone(UTC)


def time_zone(name: str) -> tzinfo:
    """The zone a browser names, or UTC where nobody knows it."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # ZoneInfoNotFoundError is a LookupError
        return UTC


def known_zone(name: object) -> str:
    """The name of a zone that this machine knows: what a browser says is only a claim."""
    return name if isinstance(name, str) and time_zone(name) is not UTC else "UTC"


def as_csv(rows: Sequence[CreditTransaction], zone: str) -> str:
    """Movements for a spreadsheet. Texts that it would take for a formula are marked as texts; numbers stay numbers."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        when = row.created_at.astimezone(time_zone(zone)).isoformat(sep=" ", timespec="seconds")
        texts = map(plain, (when, row.kind, row.purpose, row.label))
        writer.writerow((*texts, row.amount, row.balance_after, row.id))
    return out.getvalue()


def plain(text: str) -> str:
    """A text that no spreadsheet evaluates: an apostrophe in front says that it is one."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text
