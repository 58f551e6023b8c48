"""Credits: live in every tab, shown at once and paid once, and a history that can be narrowed down and taken along."""

from __future__ import annotations

import csv
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from uuid import UUID, uuid4

import asyncpg
import pytest

from state.credit_history import Filter, Ledger, as_csv, export
from state.credits import price, spread
from state.days import first_day, known_zone
from state.member import Member
from state.models import CreditTransaction, Model
from state.spreadsheet import plain
from state.starling import Starling
from tests.components.rows import model
from tests.state.support import PASSWORD, Account, until

WELCOME = 500
NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)  # clocks went forward in Berlin that morning


@pytest.fixture
async def member(starling: Starling, account: Callable[[], Awaitable[Account]]) -> Member:
    """Somebody new, with a tab that looks."""
    someone = await account()
    id = await starling.sessions.sign_in(someone.email, PASSWORD)
    member = starling.members.of(id)
    assert member is not None
    member.audience.enter("/credits")
    await until(lambda: member.connection.status.state == "live" and member.credits.balance is not None)
    return member


async def spend(db: asyncpg.Connection, member: Member, amount: int, purpose: str = "image", label: str = "") -> None:
    """Elsewhere: in another process, by a worker."""
    await db.execute(
        "select private.post($1, 'hold', $2, $3, $4, $5)", member.id, -amount, purpose, label, f"test:{uuid4()}"
    )


async def test_the_balance_follows_what_happens_elsewhere(member: Member, db: asyncpg.Connection):
    assert member.credits.balance == WELCOME
    assert not member.credits.low
    heard: list[int | None] = []
    leave = member.credits.observe(lambda: heard.append(member.credits.balance))
    await spend(db, member, 480)
    await until(lambda: member.credits.balance == 20)
    assert member.credits.low
    assert heard == [20]
    leave()


async def test_a_payment_shows_at_once_and_is_paid_once(member: Member, db: asyncpg.Connection):
    pending = member.credits.top_up(100)
    assert member.credits.balance == WELCOME + 100
    await pending.send()  # as when an answer was lost
    await until(lambda: member.credits.accounts.mutations.unconfirmed == 0)
    assert member.credits.balance == WELCOME + 100
    assert await db.fetchval("select balance from public.credit_accounts where id = $1", member.id) == WELCOME + 100
    for amount in (9, 1_001):
        with pytest.raises(ValueError, match="From 10 to 1,000"):
            member.credits.top_up(amount)


async def test_two_payments_in_a_row_both_count(member: Member):
    member.credits.top_up(100)
    member.credits.top_up(50)
    assert member.credits.balance == WELCOME + 150
    await until(lambda: member.credits.accounts.mutations.unconfirmed == 0)
    assert member.credits.balance == WELCOME + 150


async def test_a_payment_that_is_refused_is_taken_back_with_a_sentence(member: Member):
    said: list[str] = []
    member.studio.failures.subscribe(said.append)
    for _ in range(3):
        member.credits.top_up(1_000)
    await until(lambda: member.credits.accounts.mutations.unconfirmed == 0)
    assert said == ["At most 2,000 credits and 20 payments a day"]
    await until(lambda: member.credits.balance == WELCOME + 2_000)


async def test_what_cannot_be_paid_is_said_in_words(member: Member, db: asyncpg.Connection):
    await spend(db, member, 497)
    await until(lambda: member.credits.balance == 3)
    assert member.credits.shortfall(3) is None
    assert member.credits.shortfall(8) == "This costs 8 credits, and you have 3."


async def test_the_history_is_narrowed_down_without_a_gap(member: Member, db: asyncpg.Connection):
    await spend(db, member, 8, label="a wren")
    first, second = Ledger(member, Filter("everything", None)), Ledger(member, Filter("everything", None))
    assert len(member.areas) == 1
    await until(lambda: first.phase == second.phase == "ready")
    assert [row.amount for row in first.rows] == [-8, WELCOME]
    assert first.rows[0] is second.rows[0]

    first.choose(Filter("added", 7))
    assert [row.amount for row in first.rows] == [-8, WELCOME]  # until the others are there
    first.choose(Filter("spent", 7))  # second thoughts
    await until(lambda: len(first.rows) == 1)
    assert (first.rows[0].label, first.filter.kind) == ("a wren", "spent")

    told: list[int] = []
    unsubscribe = first.subscribe(lambda batch: told.append(len(batch.inserted)))
    await spend(db, member, 2, label="two moons")
    await until(lambda: len(first.rows) == 2 and len(second.rows) == 3)
    assert (first.rows[0].label, told) == ("two moons", [1])
    unsubscribe()
    first.close()
    second.close()


async def test_what_was_spent_is_told_by_day_and_purpose(member: Member, db: asyncpg.Connection):
    spending = member.credits.spending(7, "UTC")
    leave = spending.observe(lambda _: None)
    await until(lambda: spending.phase == "ready")
    assert spending.value is not None
    assert (len(spending.value.days), spending.value.total) == (7, 0)
    await spend(db, member, 8)
    await spend(db, member, 32, "training")
    await until(lambda: spending.value and spending.value.total == 40)
    assert {purpose: sum(numbers[-2:]) for purpose, numbers in spending.value.by_purpose.items()} == {
        "image": 8,
        "training": 32,
    }
    leave()


async def test_all_of_it_can_be_taken_along(member: Member, db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("state.credit_history.PAGE", 2)
    for label in ('=cmd|"/c calc"!A1', 'a "wren", twice\nand more', "+1"):
        await spend(db, member, 2, label=label)
    text = await export(member, Filter("everything", None))
    rows = list(csv.DictReader(StringIO(text, newline="")))
    assert [row["label"] for row in rows] == [
        "'+1", 'a "wren", twice\nand more', '\'=cmd|"/c calc"!A1', "Welcome to the studio",
    ]  # fmt: skip
    assert [row["amount"] for row in rows] == ["-2", "-2", "-2", "500"]
    assert [row["balance_after"] for row in rows] == ["494", "496", "498", "500"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "  =1", "|x", "%x", "\uff1d1"])
def test_no_text_is_a_formula(text: str):
    assert plain(text) == f"'{text}"
    assert plain(f"a {text}") == f"a {text}"


def test_numbers_stay_numbers():
    row = CreditTransaction(
        id=UUID(int=1), account_id=UUID(int=2), kind="hold", amount=-8, balance_after=492, purpose="image", label="",
        reference_table=None, reference_id=None, idempotency_key="k", created_at=NOON, updated_at=NOON, version=1,
    )  # fmt: skip
    assert as_csv([row], "Europe/Berlin").splitlines()[1] == f"2026-03-29 14:00:00+02:00,hold,image,,-8,492,{row.id}"


def test_a_price_is_that_of_the_database():
    """tests/supabase/test_queue.py says the same of `enqueue_generation`."""
    aurora: Model = model()
    assert aurora.cost == 2
    assert [price(aurora, "image", 1), price(aurora, "image", 4), price(aurora, "video", 1)] == [2, 8, 8]
    assert price(aurora, "video", 4) == 8  # a clip is one


def test_days_are_those_of_where_somebody_lives():
    assert first_day(1, "Europe/Berlin", NOON) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert first_day(2, "Europe/Berlin", NOON + timedelta(days=1)) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert first_day(1, "Pacific/Auckland", NOON) == datetime(2026, 3, 29, 11, tzinfo=UTC)
    for nonsense in ("Nowhere/Land", "../../etc/passwd", "", "x" * 500, None, 7):
        assert known_zone(nonsense) == "UTC"
    assert known_zone("Europe/Berlin") == "Europe/Berlin"


def test_days_without_spending_are_there():
    records = [{"day": "2026-03-27", "purpose": "video", "credits": 8}]
    spending = spread(records, 3, "UTC", NOON)
    assert spending.days == (date(2026, 3, 27), date(2026, 3, 28), date(2026, 3, 29))
    assert spending.by_purpose == {"video": (8, 0, 0)}


def test_weeks_end_today_and_lose_nothing():
    records = [{"day": f"2026-03-{day}", "purpose": "image", "credits": day} for day in range(20, 30)]
    weeks = spread(records, 10, "UTC", NOON).by_week()
    assert weeks.days == (date(2026, 3, 20), date(2026, 3, 23))
    assert weeks.by_purpose == {"image": (20 + 21 + 22, sum(range(23, 30)))}
    assert spread(records, 7, "UTC", NOON).by_week().days == (date(2026, 3, 23),)
