"""The dashboard as a member uses it: every number is the database's, what happens comes in, and cards stay where they are put."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import pytest
from nicegui import ui
from nicegui.testing import User

from components.activity_feed import ActivityFeed
from components.counter import Counter
from components.dashboard_grid import DashboardGrid
from components.session import starling
from state.member import Member
from tests.pages.test_api import client
from tests.pages.test_studio import LONG, only, until

if TYPE_CHECKING:
    from embedded.stack import Address


@pytest.fixture
async def db(supabase: Address) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(supabase.db_url)
    yield connection
    await connection.close()


@pytest.fixture
async def ada(user: User, db: asyncpg.Connection) -> Member:
    """At her dashboard, which nobody has arranged."""
    await db.execute("update public.dashboards set cards = '{}', hidden = '{}'")
    await user.open("/sign-in?next=/")
    user.find("Sign in as Ada").click()
    await user.should_see("People online", retries=LONG)
    (member,) = starling().members
    return member


def number(user: User, card: str) -> str:
    """The point of a card."""
    with user:
        frame = only(user, DashboardGrid).frames[card]
        return next(counter.text for counter in frame.element.descendants() if isinstance(counter, Counter))


async def team_of(db: asyncpg.Connection, member: Member) -> UUID:
    """Which one her dashboard shows."""
    return UUID(str(await db.fetchval("select id from public.teams where personal_of = $1", member.id)))


async def test_after_a_burst_every_number_is_that_of_the_database(
    user: User, ada: Member, db: asyncpg.Connection
) -> None:
    team = await team_of(db, ada)
    token = await ada.token()
    async with client(token=token) as api:
        made = await asyncio.gather(*(api.post("/contacts", json={"name": f"Person {n}"}) for n in range(25)))
        assert {answer.status_code for answer in made} == {201}
        await asyncio.gather(*(api.delete(f"/contacts/{answer.json()['id']}") for answer in made[:5]))
        await api.post("/dashboard/activities", json={"kind": "call", "title": "Talked about wrens"})
    for table in ("contacts", "member_activities"):
        true = await db.fetchval(f"select count(*) from public.{table} where team_id = $1", team)
        await until(lambda table=table, true=true: number(user, table) == f"{true:,}")
    await until(lambda: number(user, "online") == "1")
    await until(lambda: number(user, "running") == "0")
    await user.should_see("Talked about wrens", retries=LONG)
    with user:
        feed = only(user, ActivityFeed)
    assert len(feed.shown) == 10
    await until(lambda: feed.chip == "31 new")
    feed.seen()
    assert feed.chip == ""
    await db.execute("delete from public.contacts where team_id = $1", team)
    await until(lambda: number(user, "contacts") == "0")


async def test_each_feed_shows_its_own(user: User, ada: Member, db: asyncpg.Connection) -> None:
    team = await team_of(db, ada)
    grace = await db.fetchval("select id from public.profiles where username = 'grace'")
    await db.execute("delete from public.member_activities")
    log = "select private.log_activity($1, $2, $3, $4)"
    await db.execute(log, ada.id, None, "generation_finished", "a wren")
    await db.execute(log, grace, team, "note", "Hello from Grace")
    await db.execute(log, ada.id, team, "note", "Hello from Ada")
    await user.should_see("Hello from Ada", retries=LONG)
    with user:
        feed = only(user, ActivityFeed)

    def titles() -> list[str]:
        return [activity.title for activity in feed.shown]

    await until(lambda: titles() == ["Hello from Ada", "Hello from Grace", "a wren"])
    with user:  # each hears of it by a topic of its own
        feed.choose("Team")
        await until(lambda: titles() == ["Hello from Ada", "Hello from Grace"])
        feed.choose("Yours")
        await until(lambda: titles() == ["Hello from Ada", "a wren"])


async def test_cards_are_hidden_and_moved_and_stay_so(user: User, ada: Member, db: asyncpg.Connection) -> None:
    with user:
        grid = only(user, DashboardGrid)
    await until(lambda: grid._dashboard.table.rows)
    before = grid.shown
    assert before[:2] == ["contacts", "member_activities"]
    user.find("Arrange").click()
    with user:
        grid._dashboard.step("contacts", 1)
        grid._dashboard.show("prices", shown=False)
    await until(lambda: grid.shown[:2] == ["member_activities", "contacts"])
    assert "prices" not in grid.shown
    order = [child.props["data-card"] for child in grid._grid.default_slot.children]
    assert order[:2] == ["member_activities", "contacts"]
    await until(lambda: not ada.unsent)
    await until_stored(db, ada)
    await user.open("/")  # as in another browser: the database remembers it
    await user.should_see("People online", retries=LONG)
    with user:
        again = only(user, DashboardGrid)
    await until(lambda: again.shown[:2] == ["member_activities", "contacts"])
    assert "prices" not in again.shown


async def until_stored(db: asyncpg.Connection, member: Member) -> None:
    async with asyncio.timeout(20):
        while await db.fetchval("select hidden from public.dashboards where id = $1", member.id) != ["prices"]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_page_that_is_closed_leaves_nothing_behind(user: User, ada: Member) -> None:
    def followers() -> list[int]:
        tables = [len(table._listeners) for table in ada.tables if table.query.table != "circle_members"]
        return [*tables, len(ada.connection.changed.callbacks), sum(len(q.changed) for q in ada.queries)]

    with user:
        client = ui.context.client
    before = followers()
    second = await user.open("/")
    await user.should_see("People online", retries=LONG)
    await until(lambda: followers() > before)
    second.delete()
    await until(lambda: followers() == before)
    assert client is not second
