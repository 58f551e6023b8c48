"""The front door: what Starling is, shown by what happens in it right now."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from components import session
from components.counter import Counter
from components.demo_members import demo_members
from components.island import Island
from components.job_row import JobRow
from components.link_preview import preview
from components.live_list import LiveList
from components.newest import Newest
from components.shell import Shell, shell
from components.showcase import Showcase
from components.tag import Tag
from pages.dashboard import dashboard_page
from state.gallery import GalleryCount
from state.generation import Studio
from state.models import Job
from state.sync.mutation import Pending
from state.sync.rows import Rows
from state.world import World

PICTURES = 9
JOBS = 3


@ui.page("/")
async def page() -> None:
    """A landing for guests, a dashboard for members."""
    visitor = await session.visitor()
    if visitor.member:
        with shell("Dashboard", visitor) as around:
            dashboard_page(visitor.member, around)
        return
    preview(visitor, "/")
    with shell(title="Home", visitor=visitor) as around, ui.element("div").classes("landing"):
        with ui.element("div").classes("landing__words"):
            Tag("h2", "Type a prompt. Everybody sees it come into focus.", "landing__headline")
            Tag(
                "p",
                "Starling is a live studio: every stroke of progress, every preview and every finished picture "
                "appears in all open browsers the moment it happens.",
                "landing__lead",
            )
            _ways_in(around, visitor)
            _numbers(visitor.world)
            BeingMade(visitor.world, visitor.studio)
        Showcase(visitor.world.generations, visitor.world.people, visitor.studio.media, most=PICTURES)


def _ways_in(around: Shell, visitor: session.Visitor) -> None:
    demo = visitor.starling.sessions.demo
    with ui.element("div").classes("landing__actions"):
        if demo:
            demo_members(demo, around.toasts)
        else:
            ui.link("Create account", "/sign-in?create=true").classes("action action--large")
            ui.link("Sign in", "/sign-in").classes("action action--large action--quiet")
    with ui.element("p").classes("landing__more secondary"):
        if demo:
            ui.link("Create account", "/sign-in?create=true").classes("link")
            Tag("span", "or")
        ui.link("Look around the studio as a guest", "/studio").classes("link")


def _numbers(world: World) -> None:
    with ui.element("dl").classes("landing__numbers"):
        LiveNumber(world.people, "member", "members")
        LiveNumber(world.generations, "public picture", "public pictures", count=world.studio.count("All"))
        LiveNumber(world.jobs, "being made now", "being made now")


class LiveNumber(Island):
    """How many rows there are, at any moment; `count` knows those that are not loaded, too."""

    def __init__(self, rows: Rows[Any], one: str, many: str, *, count: GalleryCount | None = None) -> None:
        super().__init__("div")
        self._rows, self._count, self._one, self._many = rows, count, one, many
        with self:
            self._name = Tag("dt", many)
            with ui.element("dd"):
                self._counter = Counter()
        self.client.on_delete(rows.subscribe(lambda _: self._show()))
        if count is not None:
            self.client.on_delete(count.observe(self._show))
        self._show()

    def _show(self) -> None:
        known = self._count.number if self._count else None
        number = len(self._rows.rows) if known is None else known
        self._counter.set(number, "" if self._rows.complete or known is not None else "+")
        self._name.text = self._one if number == 1 else self._many


class BeingMade(Island):
    """What is being rendered right now, as everybody may see it; nothing when nothing is."""

    def __init__(self, world: World, studio: Studio) -> None:
        super().__init__("section")
        self.classes("landing__jobs").props('aria-label="Being made now"')
        self._world, self._studio = world, studio
        self._jobs = Newest(world.jobs, JOBS, lambda job: job.status == "active")
        with self:
            rows = ui.element("ul").classes("card card--flush divided")
        LiveList(self._jobs, self._row, rows, changed=self._changed)
        self._changed()

    def _row(self, job: Job, pending: Pending | None) -> JobRow:
        return JobRow(job, pending, studio=self._studio, people=self._world.people)

    def _changed(self) -> None:
        self.set_visibility(bool(self._jobs.rows))
