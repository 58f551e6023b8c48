"""Credits: what a member has, what things cost, and what was spent. Every movement: `state.credit_history`.

The balance belongs to every page and is part of `Member`. What was spent by day and purpose is added up by the database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from state.days import time_zone
from state.models import CreditAccount, Model
from state.sync.cached_query import CachedQuery
from state.sync.live_table import LiveTable
from state.sync.mutation import Pending
from state.sync.query import Query, Where

if TYPE_CHECKING:
    from state.member import Member

FAMILY = "credit-spending"
CLIP = 4  # a clip costs as much as this many pictures, whatever its length
WEEK = 7  # days
LEAST, MOST = 10, 1_000  # credits of one payment; the database says so as well


def price(model: Model, kind: str, count: int) -> int:
    """What a job costs, as `enqueue_generation` works it out."""
    return model.cost * (CLIP if kind == "video" else count)


def credits(number: int) -> str:
    """1 credit, 1,240 credits."""
    return "1 credit" if number == 1 else f"{number:,} credits"


@dataclass(frozen=True)
class Spending:
    """What was spent, by day: every day is there, the oldest first, and every purpose has a number for each."""

    days: tuple[date, ...]
    by_purpose: dict[str, tuple[int, ...]]

    @property
    def total(self) -> int:
        """In all these days."""
        return sum(map(sum, self.by_purpose.values()))

    def by_week(self) -> Spending:
        """The same in steps of seven days, each under its first one; the last week ends today."""
        begin = [max(0, end - WEEK) for end in range(len(self.days), 0, -WEEK)][::-1]
        ends = [*begin[1:], len(self.days)]
        weeks = {
            purpose: tuple(sum(numbers[a:b]) for a, b in zip(begin, ends, strict=True))
            for purpose, numbers in self.by_purpose.items()
        }
        return Spending(tuple(self.days[a] for a in begin), weeks)


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

    def spending(self, days: int, zone: str) -> CachedQuery[Spending]:
        """What was spent in the last `days`, by the calendar of a time zone; to be observed."""
        return self._member.queries.query((FAMILY, days, zone), partial(self._spending, days, zone))

    async def _spending(self, days: int, zone: str) -> Spending:
        records = await self._member.api.rpc("credit_spending", {"days": days, "zone": zone})
        return spread(records, days, zone, datetime.now(UTC))


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
