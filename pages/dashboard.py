"""A member's dashboard: what is going on, in numbers that are right at any moment and a feed of what was done.

Cards of other areas are added in a line: `TEAM_CARDS` counts a table of the team's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from nicegui import ui

from components.activity_feed import ActivityFeed
from components.command_palette import Command
from components.credit_balance import CreditBalance
from components.dashboard_grid import Card, DashboardGrid
from components.job_row import JobRow
from components.live_list import LiveList
from components.navigation import leads_somewhere
from components.newest import Newest
from components.number_cards import Bars, ConnectionHealth, CountCard, OnlineCard, RunningCard
from components.price_strip import PriceStrip
from components.region_state import RegionState
from components.shell import Shell
from components.tag import Tag
from components.team_region import TeamRegion
from components.team_switcher import TeamSwitcher
from components.theme import ICON
from components.time_zone import browser_zone
from state.activities import Feed, TeamActivities, use_own_activities
from state.dashboard import running_jobs, use_dashboard
from state.days import time_zone
from state.member import Member
from state.models import Job
from state.sync.mutation import Pending

DAYS = 14
JOBS = 4
SYMBOLS = ("BTC", "ETH", "SOL", "XRP", "BNB", "DOGE")


@dataclass(frozen=True)
class Counted:
    """A table of the team's whose rows a card counts."""

    table: str
    title: str
    icon: str
    path: str
    note: str


TEAM_CARDS = (
    Counted("contacts", "Contacts", "contacts", "/contacts", "people your team knows"),
    Counted("member_activities", "Activities", "bolt", "", "done by your team"),
    Counted("sent_emails", "E-mails", "mail", "/emails", "written by your team"),
)


def dashboard_page(member: Member, around: Shell) -> None:
    """Lay out the page inside the shell and bind it to what is live."""
    zone = browser_zone(lambda _: None)
    grids: list[DashboardGrid] = []

    def draw(space: TeamActivities) -> None:
        cards = _cards(member, space, zone)
        dashboard, leave = use_dashboard(member, [card.name for card in cards])
        ui.context.client.on_delete(leave)
        grids.append(DashboardGrid(dashboard, cards, head=lambda: TeamSwitcher(member)))

    TeamRegion(member, "activities", TeamActivities, draw, _skeleton)
    member.studio.failures.subscribe(around.toasts.failed)
    around.commands.add(
        Command(
            "Arrange the dashboard",
            icon=f"{ICON}dashboard_customize",
            action=lambda: grids[0].toggle() if grids else None,
            section="Home",
        )
    )


def _cards(member: Member, space: TeamActivities, zone: str) -> list[Card]:
    """All there are, in the order in which they stand until somebody moves them."""
    world = member.world
    counted = [
        Card(of.table, of.title, "number", partial(CountCard, space.count(of.table), of.note), of.icon, _path(of.path))
        for of in TEAM_CARDS
    ]
    return [
        *counted,
        Card("running", "Running jobs", "number", lambda: RunningCard(running_jobs(member)), "autorenew", "/studio"),
        Card(
            "online", "People online", "number", lambda: OnlineCard(member.presence, world.people, member.id), "group"
        ),
        Card("credits", "Credits", "number", partial(_credits, member, zone), "toll", "/credits"),
        Card("connection", "Connection", "number", lambda: ConnectionHealth(member.connection), "wifi", "/diagnostics"),
        Card("prices", "Prices", "wide", lambda: PriceStrip(world, SYMBOLS), path="/market"),
        Card("activity", "Activity", "tall", partial(_feed, member, space)),
        Card("fortnight", "The last 14 days", "half", partial(_fortnight, space, zone)),
        Card("queue", "Queue", "half", partial(_queue, member), path="/studio"),
    ]


def _feed(member: Member, space: TeamActivities) -> ActivityFeed:
    own, leave = use_own_activities(member)
    ui.context.client.on_delete(leave)
    fresh = member.connection.freshness
    feeds = {
        "Everything": Feed(fresh, space.feed, own.table),
        "Team": Feed(fresh, space.feed),
        "Yours": Feed(fresh, own.table),
    }
    return ActivityFeed(feeds, member.world.people, reaches=leads_somewhere)


def _credits(member: Member, zone: str) -> None:
    with ui.element("p").classes("dash-number"):
        CreditBalance(member.credits, size="large")
    bars = Bars(lambda number: f"{number:,} spent")
    query = member.credits.spending(DAYS, zone)

    def show() -> None:
        if (spent := query.value) is not None:
            days = [sum(day) for day in zip(*spent.by_purpose.values(), strict=True)] or [0] * DAYS
            bars.show(days, datetime.now(time_zone(zone)))

    ui.context.client.on_delete(query.observe(lambda _: show()))
    show()


def _fortnight(space: TeamActivities, zone: str) -> None:
    with ui.element("p").classes("dash-line secondary"):
        total = Tag("b", "–", "num strong")
        what = Tag("span", " activities of your team")
    bars = Bars(lambda number: f"{number:,} {'activity' if number == 1 else 'activities'}", tall=True)
    with ui.element("p").classes("bars__ends meta").props("aria-hidden=true"):
        Tag("span", "two weeks ago")
        Tag("span", "today")
    query = space.days(DAYS, zone)

    def show() -> None:
        if query.value is not None:
            total.text = f"{sum(query.value):,}"
            what.text = f" {'activity' if sum(query.value) == 1 else 'activities'} of your team"
            bars.show(query.value, datetime.now(time_zone(zone)))

    ui.context.client.on_delete(query.observe(lambda _: show()))
    show()


def _queue(member: Member) -> None:
    studio = member.studio
    jobs = Newest(studio.queue, JOBS)
    rows = ui.element("ul").classes("dash-queue divided")
    state = RegionState(
        jobs,
        skeleton=_line,
        empty="Nothing is being made right now.",
        action=("Write a prompt", lambda: ui.navigate.to("/studio")),
    )

    def row(job: Job, pending: Pending | None) -> JobRow:
        return JobRow(job, pending, studio=studio, people=member.world.people)

    made: LiveList[Job, JobRow] = LiveList(jobs, row, rows, changed=lambda: state.show(len(jobs.rows)))
    state.show(len(made.items))


def _line() -> None:
    ui.element("div").classes("skeleton skeleton--line")


def _path(path: str) -> str:
    return path if leads_somewhere(path) else ""


def _skeleton() -> None:
    with ui.element("div").classes("dash__cards"):
        for size in ("number",) * 7 + ("wide", "tall", "half", "half"):
            ui.element("div").classes(f"card dash-card dash-card--{size} skeleton")
