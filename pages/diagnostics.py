"""/diagnostics: one line that says whether all is well, and below it everything that the line is made of."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from nicegui import ui
from nicegui.events import GenericEventArguments

from components import session
from components.command_palette import Command
from components.connection_card import BrowserHop, ConnectionCard, size
from components.connection_pill import reconnect
from components.fact_table import Column, FactTable
from components.island import Island
from components.live_chart import LiveChart
from components.log_view import LogView
from components.selftest_panel import SelftestPanel
from components.shell import Shell, shell
from components.tag import Tag
from components.theme import ICON, Mode
from components.trial_panel import TrialPanel
from state.facts import Facts
from state.trials import Trials

if TYPE_CHECKING:
    from components.session import Visitor
    from state.diagnostics import Diagnostics, Verdict
    from state.member import Member
    from state.realtime.metrics import Meter

EVERY_S = 1.0
VERDICT_ICONS = {"live": "check_circle", "wait": "schedule", "fail": "error"}

CONNECTION = Column("connection", "Connection", wide=True)
STAGES = {"live": "live", "joined": "wait", "joining": "wait", "idle": "wait", "refused": "fail"}
PHASES = {"ready": "live", "loading": "wait", "failed": "fail"}
MODES = {"relaxed": "live", "ageing": "wait", "polling": "fail"}

FRESHNESS = (
    Column("family", "Family", under="connection"),
    CONNECTION,
    Column("mode", "Mode", "badge", MODES, hint="How much Realtime is trusted: relaxed, ageing, or polling without it"),
    Column("interval", "Every", hint="The polling interval that follows from it"),
    Column("due_s", "Next", "due", wide=True, hint="When the database is asked next, if somebody looks"),
    Column("age_s", "Last event", "age"),
)
TABLES = (
    Column("table", "Table", under="connection"),
    CONNECTION,
    Column("phase", "Phase", "badge", PHASES),
    Column("rows", "Rows", "number"),
    Column("limit", "Limit", "number", wide=True),
    Column("fetches", "Fetches", "number", wide=True),
    Column("failures", "Failed", "number", wide=True),
    Column("changes", "Changes", "number"),
    Column("changes_a_second", "A second", "number", wide=True),
    Column("waiting_writes", "Unconfirmed", "number", wide=True),
    Column("listeners", "Listeners", "number", wide=True),
    Column("error", "Error", wide=True, spare=True),
)
CHANNELS = (
    Column("topic", "Topic", under="connection"),
    CONNECTION,
    Column("stage", "Stage", "badge", STAGES),
    Column("uses", "Uses", "number"),
    Column("error", "Error", wide=True, spare=True),
)
QUERIES = (
    Column("key", "Key", under="connection"),
    CONNECTION,
    Column("phase", "Phase", "badge", PHASES),
    Column("observers", "Observers", "number"),
    Column("fetches", "Fetches", "number", wide=True),
    Column("age_s", "Fetched", "age"),
    Column("interval", "Every"),
    Column("error", "Error", wide=True, spare=True),
)
LATENCY = (
    Column("table", "Table", under="connection"),
    CONNECTION,
    Column("count", "Changes", "number"),
    Column("p50", "Median", "number"),
    Column("p95", "p95", "number"),
    Column("p99", "p99", "number", wide=True),
    Column("worst", "Worst", "number", wide=True),
)
OTHERS = (
    Column("connection", "Member"),
    Column("state", "State", "badge", {"live": "live", "offline": "fail", "unauthorized": "fail", "closed": "fail"}),
    Column("sockets", "Sockets", "number"),
    Column("changes", "Changes", "number"),
    Column("gaps", "Gaps", "number", wide=True),
    Column("errors", "Errors", "number"),
    Column("last_error", "Last error", wide=True, spare=True),
)


@ui.page("/diagnostics")
async def page() -> None:
    """For guests and members alike; who sees what is `Diagnostics`' to decide."""
    visitor = await session.visitor()
    with shell("Diagnostics", visitor) as around, ui.element("div").classes("diagnostics"):
        DiagnosticsPage(visitor, around)


class DiagnosticsPage:
    """Lays the page out and follows what is live, once a second while somebody looks."""

    def __init__(self, visitor: Visitor, around: Shell) -> None:
        self._visitor = visitor
        self._member: Member | None = visitor.member
        self._diagnostics: Diagnostics = visitor.starling.diagnostics
        self._toasts = around.toasts
        self._verdict = VerdictLine(self._reconnect, self._copy, self._download)
        self._hops = self._connections()
        self._charts = charts(around.mode)
        with ui.element("div").classes("diagnostics__pair"):
            with section("Freshness", "How old the data is, and so how often the database is asked"):
                self._freshness = table("Freshness", FRESHNESS, "Nothing is followed yet.")
            self._beside()
        with section("Tables", "Rows that are kept equal to the database"):
            self._tables = table("Tables", TABLES, "No table is open.")
        with ui.element("div").classes("diagnostics__pair"):
            with section("Channels", "Topics that are joined over Realtime"):
                self._channels = table("Channels", CHANNELS, "No topic is joined.")
            with section("Latency", "From the commit of a change until the page knows it, in milliseconds"):
                self._latency = table("Latency", LATENCY, "No change has come in yet.")
        with section("Queries", "Counts and other derived values, fetched when something they depend on changed"):
            self._queries = table("Queries", QUERIES, "No page that is open has derived values.")
        SelftestPanel(visitor.starling.selftest, self._member.id if self._member else None)
        self._others = None
        if self._diagnostics.dev:
            with section("Other members", "Everybody else in this process; shown in development mode only"):
                self._others = table("Other members", OTHERS, "Nobody else is here.")
        with section("Log", "What the live layer has said, without tokens"):
            log, me, dev = self._diagnostics.log, self._member.id if self._member else None, self._diagnostics.dev
            read = partial(log.since, me=me, everything=dev)
            self._log = LogView(log, read, me=me, may_switch=me is not None or dev)
        self._look()
        self._timer = ui.timer(EVERY_S, self._look, immediate=False)
        ui.on(session.VISIBLE, self._on_seen)
        around.commands.add(
            Command("Copy the snapshot", icon=f"{ICON}content_copy", action=self._copy, section="Diagnostics"),
            Command("Download the snapshot", icon=f"{ICON}download", action=self._download, section="Diagnostics"),
        )

    def _connections(self) -> list[ConnectionCard]:
        world, member = self._visitor.world.connection, self._member
        cards: list[ConnectionCard] = []
        with ui.element("div").classes("diagnostics__hops"):
            BrowserHop()
            if member:
                own = member.connection
                cards.append(ConnectionCard("App to Supabase, for you", reconnect=own.reconnect, pause=own.pause))
            hurry = partial(reconnect, world, own=False)  # it is everybody's: nobody may end it while it works
            cards.append(ConnectionCard("App to Supabase, for everybody", reconnect=hurry))
        return cards

    def _beside(self) -> None:
        """What stands beside the freshness, so that one sees there what it does."""
        if self._diagnostics.dev:
            with section("Development panel", "Break something, and watch the freshness beside it"):
                TrialPanel(Trials(self._visitor.starling, self._member), self._toasts)

    # Following -----------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Shows how things are; only what differs is sent."""
        diagnostics, me = self._diagnostics, self._member
        subjects = diagnostics.subjects(me)
        self._verdict.show(diagnostics.verdict(me))
        connections = diagnostics.connections(me)
        for card, facts in zip(self._hops, connections, strict=False):
            card.show(facts)
        self._show_charts([subject.connection.meter for subject in subjects[: len(self._hops)]])
        self._freshness.show([spelled(fact) for fact in diagnostics.families(me)])
        self._tables.show(diagnostics.tables(me))
        self._channels.show(diagnostics.channels(me))
        self._queries.show([spelled(fact) for fact in diagnostics.queries(me)])
        self._latency.show(
            [
                {"connection": facts["connection"], "table": name, **numbers}
                for facts in connections
                for name, numbers in facts["latency_ms"].items()
            ]
        )
        if self._others is not None:
            self._others.show(connections[len(self._hops) :])
        self._log.look()

    def _show_charts(self, meters: list[Meter]) -> None:
        changes = added([meter.changes_ring.series() for meter in meters])
        received = added([meter.bytes_ring.series() for meter in meters])
        late = [max(at) * 1000 for at in zip(*(meter.latency_ring.series() for meter in meters), strict=True)]
        lag = [number * 1000 for number in self._diagnostics.lag.ring.series()]
        for chart, numbers in zip(self._charts, (changes, received, late, lag), strict=True):
            chart.show(numbers, numbers[-1])

    def _on_seen(self, event: GenericEventArguments) -> None:
        self._timer.active = bool(event.args)
        if self._timer.active:
            self._look()

    # What can be done ----------------------------------------------------------------------------------------------

    def _reconnect(self) -> None:
        connections = [self._visitor.world.connection]
        if self._member:
            connections.insert(0, self._member.connection)
        reconnect(*connections, own=self._member is not None)

    def _snapshot(self) -> str:
        return json.dumps(self._diagnostics.snapshot(self._member), indent=2, ensure_ascii=False)

    def _copy(self) -> None:
        ui.run_javascript(f"starling.copy({json.dumps(self._snapshot())})")
        self._toasts.show("The snapshot is in the clipboard")

    def _download(self) -> None:
        ui.download.content(self._snapshot().encode(), "starling-diagnostics.json", "application/json")


class VerdictLine(Island):
    """Whether all is well, in one sentence, and what one may want to do about it."""

    def __init__(self, again: Callable[[], None], copy: Callable[[], None], download: Callable[[], None]) -> None:
        super().__init__("section")
        self.classes("card verdict").props('aria-label="Verdict"')
        with self:
            self._icon = ui.icon(ICON + VERDICT_ICONS["live"]).classes("verdict__icon").props("aria-hidden=true")
            self._sentence = Tag("p", "", "verdict__sentence").props("role=status")
            with ui.element("div").classes("verdict__actions"):
                ui.button("Reconnect", icon=f"{ICON}refresh", color=None, on_click=again).props("flat")
                ui.button("Copy snapshot", icon=f"{ICON}content_copy", color=None, on_click=copy).props("flat")
                ui.button(icon=f"{ICON}download", color=None, on_click=download).props(
                    'flat aria-label="Download snapshot"'
                ).classes("btn--icon").mark("download-snapshot")

    def show(self, verdict: Verdict) -> None:
        """This is how it is now."""
        self._sentence.text = verdict.sentence
        self._icon.name = ICON + VERDICT_ICONS[verdict.level]
        self.classes(replace=f"card verdict tone-{verdict.level}")


def section(title: str, hint: str) -> ui.element:
    """A part of the page with its heading; what is made inside the `with` is in it."""
    part = ui.element("section").classes("diagnostics__section").props(f'aria-label="{title}"')
    with part, ui.element("div").classes("diagnostics__head"):
        Tag("h2", title, "section-title")
        Tag("p", hint, "meta")
    return part


def table(name: str, columns: tuple[Column, ...], empty: str) -> FactTable:
    """A card with a table; each row is one thing of one connection."""

    def key(fact: Mapping[str, object]) -> str:
        return f"{fact['connection']} {fact.get(columns[0].key)} {fact.get('number', '')}"

    return FactTable(name, columns, key=key, empty=empty).classes("card card--flush")


def charts(mode: Mode) -> list[LiveChart]:
    """Of the last minute."""
    with ui.element("div").classes("diagnostics__charts"):
        return [
            LiveChart("Changes a second", lambda number: f"{number:,.0f}", mode),
            LiveChart("Received a second", size, mode),
            LiveChart("Latency, worst", milliseconds, mode),
            LiveChart("Event loop delay", milliseconds, mode),
        ]


def milliseconds(number: float) -> str:
    """A short time for people."""
    if not number:
        return "–"
    return f"{number:,.0f} ms" if number >= 10 else f"{number:.1f} ms"


def added(series: list[list[float]]) -> list[float]:
    """Second by second."""
    return [sum(numbers) for numbers in zip(*series, strict=True)]


def spelled(fact: Facts) -> Facts:
    """With the interval in words."""
    return {**fact, "interval": f"{fact['interval_s']:.0f} s"}
