"""Credits as a member sees them, on the real stack: on every page, on their own, and at the prompt."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from nicegui import ElementFilter, binding
from nicegui.testing import User

from components import session
from components.credit_balance import CreditBalance, CreditChip
from components.credit_history import CreditHistory
from components.prompt_form import PromptForm
from components.spending_chart import SpendingChart
from components.top_up import TopUp
from tests.pages.test_sign_in import fill, submit

if TYPE_CHECKING:
    from embedded.stack import Address

LONG = 300  # retries of 0.1 s
PATIENCE_S = 30


class Bank:
    """What happens to somebody's credits elsewhere."""

    def __init__(self, db: asyncpg.Connection, member: UUID) -> None:
        self.db, self.member = db, member

    async def spend(self, amount: int, purpose: str = "image", label: str = "") -> None:
        hold = "select private.post($1, 'hold', $2, $3, $4, $5)"
        await self.db.execute(hold, self.member, -amount, purpose, label, f"test:{uuid4()}")

    async def leave(self, amount: int) -> None:
        """Spends all but this."""
        held = await self.db.fetchval("select balance from public.credit_accounts where id = $1", self.member)
        await self.spend((held or 0) - amount)


@pytest.fixture
async def bank(supabase: Address, user: User) -> AsyncIterator[Bank]:
    """Somebody new is signed in, in the studio, and this is theirs."""
    name = f"p{uuid4().hex[:10]}"
    await user.open("/sign-in?create=true")
    fill(user, name="Pia", email=f"{name}@example.com", password="a good password")
    submit(user)
    await user.should_see("Here now", retries=LONG)
    await user.should_see("Basalt", retries=LONG)
    db = await asyncpg.connect(supabase.db_url)
    member = await db.fetchval("select id from auth.users where email = $1", f"{name}@example.com")
    yield Bank(db, member)
    await db.close()


def only(user: User, kind: type[Any]) -> Any:
    with user:
        return next(iter(ElementFilter(kind=kind)))


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  (nothing tells when a page has changed)
            await asyncio.sleep(0.02)


def shown(user: User) -> list[int]:
    """Every balance on the page."""
    with user:
        return [balance.props["value"] for balance in ElementFilter(kind=CreditBalance)]


async def test_guests_sign_in_first(user: User) -> None:
    await user.open("/credits")
    await user.should_see("Sign in as Ada", retries=LONG)


async def test_the_balance_is_on_every_page_and_follows(user: User, bank: Bank) -> None:
    await until(lambda: shown(user) == [500])
    await bank.spend(8)
    await until(lambda: shown(user) == [492])
    chip = only(user, CreditChip)
    assert "credit-chip--low" not in chip.classes
    await bank.leave(20)
    await until(lambda: shown(user) == [20])
    assert "credit-chip--low" in chip.classes
    assert chip.props["title"] == "Your credits run low"


async def test_a_balance_is_as_large_and_lively_as_one_likes(user: User, bank: Bank) -> None:
    credits = session.starling().members._members[bank.member].credits
    with user:
        still = CreditBalance(credits, size="large", animated=False)
    assert (still.props["size"], still.props["animated"]) == ("large", False)
    with user:
        chip = next(iter(ElementFilter(kind=CreditBalance)))
    assert (chip.props["size"], chip.props["animated"]) == ("small", True)


async def test_what_costs_too_much_is_refused_at_the_form(user: User, bank: Bank) -> None:
    form = only(user, PromptForm)
    assert form.cost == 3  # Basalt's picture
    with user:
        form._choose_kind("video")
    assert form.cost == 12
    await bank.leave(11)
    await user.should_see("This costs 12 credits, and you have 11.", retries=LONG)
    with user:
        form._prompt.set_value("a heron")
        form.submit()
    assert not session.starling().members._members[bank.member].jobs.rows
    with user:
        form._choose_kind("image")
    await user.should_not_see("This costs")


async def test_the_page_shows_where_credits_went(user: User, bank: Bank) -> None:
    await bank.spend(8, label="a wren in the rain")
    await bank.spend(40, "training", "Herons")
    await user.open("/credits")
    await user.should_see("a wren in the rain", retries=LONG)
    await user.should_see("Welcome to the studio")
    await user.should_see("−40")
    await user.should_see("balance 452")
    chart = only(user, SpendingChart)
    await until(lambda: chart._total.text == "48")
    assert [series["name"] for series in chart._chart.options["series"]] == ["Pictures", "Training"]
    history = only(user, CreditHistory)
    with user:
        history._choose(history._ledger.filter.__class__("added", 7))
    await until(lambda: len(history._list.items) == 1)
    await user.should_not_see("a wren in the rain")
    await bank.spend(2, label="not in this list")
    await until(lambda: shown(user) == [450, 450])
    await user.should_not_see("not in this list")


async def test_all_is_taken_along_as_a_file(user: User, bank: Bank) -> None:
    await bank.spend(8, label="=1+1")
    await user.open("/credits")
    await user.should_see("=1+1", retries=LONG)
    await only(user, CreditHistory).export()
    response = await user.download.next(timeout=PATIENCE_S)
    lines = response.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "when,kind,purpose,label,amount,balance_after,id"
    assert ",hold,image,'=1+1,-8,492," in lines[1]


async def test_one_opening_of_the_dialog_is_one_payment(user: User, bank: Bank) -> None:
    await user.open("/credits")
    await until(lambda: shown(user) == [500, 500])
    top_up = only(user, TopUp)
    with user:
        top_up.show()
        top_up._choose(100)
        top_up._pay()
        top_up._pay()  # a double click
    await until(lambda: shown(user) == [600, 600])
    await user.should_see("Simulated payment", retries=LONG)
    assert await bank.db.fetchval("select balance from public.credit_accounts where id = $1", bank.member) == 600
    with user:
        top_up.show()
        top_up._amount.set_value(250)
        assert top_up._go.text == "Add 250 credits"
        for amount in (-20, 2.5, 1_001, None, 5):
            top_up._amount.set_value(amount)
            assert top_up._go.text == "Add credits"
        top_up._pay()
    await user.should_see("From 10 to 1,000 credits at a time")
    assert top_up.value is True


async def test_a_page_that_is_closed_leaves_nothing_behind(user: User, bank: Bank) -> None:
    member = session.starling().members._members[bank.member]
    links = len(binding.active_links)
    before = len(member.credits.accounts._listeners)
    areas, listening = len(member.areas), sum(table.listeners for table in member.areas.tables)
    client = await user.open("/credits")
    await until(lambda: len(member.areas) == areas + 1)
    client.delete()
    assert len(member.credits.accounts._listeners) == before
    assert sum(table.listeners for table in member.areas.tables) == listening
    assert not any(query.observed for query in member.queries)
    assert len(binding.active_links) == links
