"""Activities and the dashboard: feeds that say how many are new (F1, F2), numbers that the database would give, and cards that
stay where their member put them (D1, D2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from state.activities import CADENCE_S, SHOWN, Feed, TeamActivities, log, use_own_activities
from state.activity_words import KINDS, words
from state.dashboard import Dashboard, running_jobs, use_dashboard
from state.errors import Refused
from state.member import Member
from state.models import Activity
from state.starling import Starling
from tests.state.support import PASSWORD, Account, add_job, hasten, until

CARDS = ("contacts", "prices", "activity")
LOG = "select private.log_activity($1, $2, $3, $4)"


@pytest.fixture
async def member(starling: Starling, account: Callable[[], Awaitable[Account]]) -> Member:
    """Somebody new, with a tab that looks."""
    someone = await account()
    member = starling.members.of(await starling.sessions.sign_in(someone.email, PASSWORD))
    assert member is not None
    member.audience.enter("/")
    await until(lambda: member.connection.status.state == "live" and member.circles.of("team"))
    return member


@pytest.fixture
async def space(member: Member) -> AsyncIterator[TeamActivities]:
    """Of their own team."""
    (place,) = member.circles.of("team")
    id = place.circle_id
    made, leave = member.circles.use("activities", "team", id, lambda: TeamActivities(member, id))
    yield made
    leave()


@pytest.fixture
async def feed(member: Member, space: TeamActivities) -> AsyncIterator[Feed]:
    """Everything, ready."""
    own, leave = use_own_activities(member)
    made = Feed(member.connection.freshness, space.feed, own.table)
    made.open()
    await until(lambda: made.rows.phase == "ready" and space.circle.live)
    yield made
    made.close()
    leave()


async def test_what_happens_comes_in_and_is_new_until_somebody_has_looked(
    member: Member, space: TeamActivities, feed: Feed, db: asyncpg.Connection
):
    assert (list(feed.shown), feed.new) == ([], 0)
    await db.execute(LOG, member.id, space.id, "contact_added", "Anna Bell")
    await db.execute(LOG, member.id, None, "generation_finished", "a wren")
    await until(lambda: [row.kind for row in feed.shown] == ["generation_finished", "contact_added"])
    assert feed.new == 2
    assert all(feed.is_new(row.id) for row in feed.shown)
    feed.seen()
    assert feed.new == 0
    await db.execute(LOG, member.id, space.id, "contact_deleted", "Anna Bell")
    await until(lambda: feed.new == 1)
    assert feed.is_new(feed.shown[0].id)


async def test_ten_are_shown_of_any_burst_and_the_numbers_are_those_of_the_database(
    member: Member, space: TeamActivities, feed: Feed, db: asyncpg.Connection
):
    batches: list[int] = []
    leave = [
        space.count("member_activities").observe(lambda _: None),
        space.count("contacts").observe(lambda _: None),
        space.days(14, "UTC").observe(lambda _: None),
        space.feed.subscribe(lambda batch: batches.append(len(batch.inserted))),
    ]

    async def add(number: int) -> None:
        fields = {"name": f"Person {number}"}
        await member.api.rpc("add_contact", {"contact_id": str(uuid4()), "team_id": str(space.id), "fields": fields})

    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(add(number) for number in range(40)))

    async def true(table: str) -> int | None:
        return await db.fetchval(f"select count(*) from public.{table} where team_id = $1", space.id)

    assert (await true("contacts"), await true("member_activities")) == (40, 40)
    await until(lambda: space.count("contacts").value == 40 and space.count("member_activities").value == 40)
    await until(lambda: feed.new == 40)
    await until(lambda: sum(space.days(14, "UTC").value or ()) == 40)
    newest = await db.fetch(
        "select id from public.member_activities where team_id = $1 order by created_at desc, id limit $2",
        space.id, SHOWN,
    )  # fmt: skip
    await until(lambda: [row.id for row in feed.shown] == [row["id"] for row in newest])
    took_s = asyncio.get_running_loop().time() - began
    assert len(batches) <= 2 + took_s / CADENCE_S, "what comes within 300 ms comes together"
    for unsubscribe in leave:
        unsubscribe()


async def test_a_feed_can_be_flushed(member: Member, space: TeamActivities, feed: Feed, db: asyncpg.Connection):
    await db.execute(LOG, member.id, space.id, "contact_added", "Anna Bell")
    await until(lambda: feed.new == 1)
    before = space.feed.changes
    await db.execute(LOG, member.id, space.id, "contact_added", "Jonas Reed")
    await until(lambda: space.feed.changes > before)
    feed.flush()
    assert [row.title for row in feed.shown] == ["Jonas Reed", "Anna Bell"]


async def test_what_comes_again_because_something_went_is_not_new(
    member: Member, space: TeamActivities, feed: Feed, db: asyncpg.Connection
):
    await db.execute(LOG, member.id, space.id, "contact_added", "Anna Bell")
    await until(lambda: feed.new == 1)
    feed.seen()
    await db.execute(LOG, member.id, space.id, "contact_added", "Jonas Reed")
    await until(lambda: feed.new == 1)
    await db.execute("delete from public.member_activities where id = $1", feed.shown[0].id)
    await until(lambda: [row.title for row in feed.shown] == ["Anna Bell"])
    assert feed.new == 0


async def test_whoever_has_left_a_team_sees_nothing_more_of_what_they_did_there(
    member: Member, db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
):
    hasten(monkeypatch, relaxed_s=60, poll_s=60)  # nobody asks by themselves
    own, leave = use_own_activities(member)
    team = uuid4()
    await db.execute("insert into public.teams (id, name) values ($1, 'Wrens')", team)
    await db.execute(
        "insert into public.team_members (team_id, member_id, role) values ($1, $2, 'editor')", team, member.id
    )
    await until(lambda: member.circles.get("team", team))
    await db.execute(LOG, member.id, team, "note", "There")
    await db.execute(LOG, member.id, None, "note", "Here")
    await until(lambda: [row.title for row in own.table.rows] == ["Here", "There"])
    await db.execute("delete from public.team_members where team_id = $1", team)
    await until(lambda: [row.title for row in own.table.rows] == ["Here"])
    await db.execute("delete from public.teams where id = $1", team)
    leave()


async def test_one_logs_oneself_and_is_told_what_is_wrong(member: Member, space: TeamActivities, feed: Feed):
    made = await space.log("call", "Talked about wrens")
    await until(lambda: [row.id for row in feed.shown] == [made.id])
    with pytest.raises(Refused) as wrong:
        await log(member, None, "generation_finished", "A forgery")
    assert wrong.value.hint == "kind"


async def test_running_jobs_are_counted_by_the_database(member: Member, db: asyncpg.Connection):
    query = running_jobs(member)
    leave = query.observe(lambda _: None)
    await until(lambda: query.value == (0, 0))
    await add_job(db, member.id, status="active")
    await add_job(db, member.id)
    await until(lambda: query.value == (1, 1))
    leave()


# Words ---------------------------------------------------------------------------------------------------------------


def activity(kind: str, title: str = "Anna Bell", **params: Any) -> Activity:
    now = datetime.now(UTC)
    values = {
        "id": uuid4(),
        "team_id": None,
        "member_id": uuid4(),
        "entity_type": None,
        "entity_id": None,
        "version": 1,
    }
    values |= {"kind": kind, "title": title, "params": params, "created_at": now, "updated_at": now}
    return Activity.model_validate(values)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (activity("contact_added"), "added the contact Anna Bell"),
        (activity("contact_edited", fields=["stage"]), "edited the stage of Anna Bell"),
        (activity("contact_edited", fields=["email", "name"]), "edited the e-mail and the name of Anna Bell"),
        (activity("contact_edited", fields=["a", "b", "c"]), "edited 3 fields of Anna Bell"),
        (activity("contact_edited", fields="nonsense"), "edited Anna Bell"),
        (activity("contact_imported", "", count=10_000), "imported 10,000 contacts"),
        (activity("contact_deleted", "", count=7), "deleted 7 contacts"),
        (activity("generation_finished", "a wren"), "made “a wren”"),
        (activity("credits_added", "100 credits"), "added 100 credits"),
        (activity("team_role", "Grace", role="viewer"), "changed the role of Grace to viewer"),
        (activity("team_left", "Grace"), "left the team"),
        (activity("call", "Talked about wrens"), "logged a call: Talked about wrens"),
        (activity("shot_moved", "Opening"), "shot moved Opening"),
        (activity("email_sent", "Tides", count=2, later=False), "wrote to 2 contacts: Tides"),
        (activity("email_sent", "Tides", count=1, later=True), "scheduled an e-mail to one contact: Tides"),
    ],
)
def test_each_says_what_was_done(told: Activity, said: str):
    assert words(told).did == said


def test_a_contact_is_one_click_away_while_it_is_there():
    told = activity("contact_added").model_copy(update={"team_id": uuid4(), "entity_id": uuid4()})
    assert words(told).path == f"/contacts?team={told.team_id}&contact={told.entity_id}"
    assert words(told.model_copy(update={"kind": "contact_deleted"})).path == ""
    several = {"kind": "contact_imported", "entity_id": None, "params": {"count": 9}}
    assert words(told.model_copy(update=several)).path == f"/contacts?team={told.team_id}"


def test_what_was_done_in_a_team_leads_to_that_team():
    told = activity("project_added").model_copy(update={"team_id": uuid4()})
    assert words(told).path == f"/board?team={told.team_id}"
    assert words(activity("generation_finished")).path == "/studio"
    post = activity("post_commented", "Over here").model_copy(update={"entity_id": uuid4()})
    assert (words(post).did, words(post).path) == ("commented on “Over here”", f"/feed?post={post.entity_id}")


async def test_every_kind_that_the_database_writes_has_words(db: asyncpg.Connection):
    sources = await db.fetchval(
        "select string_agg(prosrc, ' ') from pg_proc where proname in "
        "('log_top_up', 'log_post', 'log_post_comment', 'log_comment', 'log_team', 'log_joining', 'log_leaving')"
    )
    written = {kind for kind in KINDS if f"'{kind}'" in str(sources)}
    assert {
        "credits_added",
        "post_published",
        "post_commented",
        "contact_commented",
        "team_joined",
        "team_left",
    } <= written


# The dashboard -------------------------------------------------------------------------------------------------------


@pytest.fixture
async def dashboard(member: Member) -> AsyncIterator[Dashboard]:
    made, leave = use_dashboard(member, CARDS)
    await until(lambda: made.table.rows)
    yield made
    leave()


async def stored(db: asyncpg.Connection, member: UUID) -> tuple[list[str], list[str]]:
    row = await db.fetchrow("select cards, hidden from public.dashboards where id = $1", member)
    assert row is not None
    return row["cards"], row["hidden"]


async def test_cards_stay_where_they_are_put(member: Member, dashboard: Dashboard, db: asyncpg.Connection):
    assert dashboard.order == list(CARDS)
    dashboard.move("activity", "contacts")
    dashboard.step("contacts", 1)
    dashboard.show("prices", shown=False)
    assert dashboard.shown == ["activity", "contacts"]  # D2
    await until(lambda: dashboard.table.mutations.unconfirmed == 0)
    assert await stored(db, member.id) == (["activity", "prices", "contacts"], ["prices"])
    dashboard.show("prices")
    dashboard.reset()
    assert dashboard.shown == list(CARDS)
    await until(lambda: dashboard.table.mutations.unconfirmed == 0)
    assert await stored(db, member.id) == ([], [])


async def test_another_browser_arranges_and_new_cards_appear(
    member: Member, dashboard: Dashboard, db: asyncpg.Connection
):
    told: list[list[str]] = []
    leave = dashboard.table.subscribe(lambda _: told.append(dashboard.shown))
    await db.execute(
        "update public.dashboards set cards = '{activity,weather,contacts}', hidden = '{weather}' where id = $1",
        member.id,
    )
    await until(lambda: told and told[-1] == ["activity", "contacts", "prices"])  # D1
    dashboard.show("contacts", shown=False)
    await until(lambda: dashboard.table.mutations.unconfirmed == 0)
    assert await stored(db, member.id) == (["activity", "contacts", "prices", "weather"], ["contacts", "weather"])
    dashboard.move("nonsense", None)
    dashboard.step("contacts", 1)  # hidden
    dashboard.show("nonsense", shown=False)
    assert dashboard.table.mutations.unconfirmed == 0
    leave()


async def test_what_is_refused_is_taken_back(starling: Starling, account: Callable[[], Awaitable[Account]]):
    someone = await account()
    member = starling.members.of(await starling.sessions.sign_in(someone.email, PASSWORD))
    assert member is not None
    dashboard, leave = use_dashboard(member, ("Bad Name", "contacts"))
    await until(lambda: dashboard.table.rows)
    dashboard.move("contacts", "Bad Name")
    assert dashboard.order == ["contacts", "Bad Name"]
    await until(lambda: dashboard.order == ["Bad Name", "contacts"])
    leave()
