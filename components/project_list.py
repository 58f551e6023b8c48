"""The projects of a team, with what there is to count of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nicegui import ui

from components.counter import Counter
from components.field import Field
from components.freshness_note import FreshnessNote
from components.island import Island
from components.line import Line
from components.live_list import LiveList
from components.region_state import RegionState
from components.tag import Tag
from components.task_words import TITLES
from components.theme import ICON
from state.board import STATUSES
from state.projects import MAX_NAME, Projects

if TYPE_CHECKING:
    from state.models import Project
    from state.sync.mutation import Pending


class ProjectList(Island):
    """The region "Projects"."""

    def __init__(self, space: Projects) -> None:
        super().__init__("section")
        self.classes("projects").props("aria-label=Projects role=region")
        self._space = space
        with self:
            with ui.element("h2").classes("section-title"):
                Tag("span", "Projects")
                self._count = Counter()
                FreshnessNote(lambda: space.view.freshness)
            with ui.element("div").classes("projects__new") as self._form:
                self._name = Field("New project", name="project", autocomplete="off").props(f"maxlength={MAX_NAME}")
                create = ui.button("Create", color=None).classes("btn--primary")
                self.line = Line(self._name, self._create, create)
            rows = ui.element("ul").classes("projects__rows")
            self._state = RegionState(space.projects, skeleton=skeleton, empty="")
            self._list: LiveList[Project, ProjectCard] = LiveList(
                space.projects, self._card, rows, changed=self._changed
            )
        self.client.on_delete(space.member.circles.on_change(self._changed))
        self._changed()

    @property
    def cards(self) -> list[ProjectCard]:
        """In order."""
        return list(self._list.items.values())

    def _card(self, project: Project, pending: Pending | None) -> ProjectCard:
        return ProjectCard(project, pending, self._space)

    def _changed(self) -> None:
        edit = self._space.may_edit
        if self._space.projects.phase == "ready":
            self._count.set(len(self._space.projects.rows))
        yours = "Name your first project above: its board opens at once." if edit else "This team has no project yet."
        self._state.show(len(self._space.projects.rows), empty=yours)
        self._form.set_visibility(edit)

    async def _create(self, name: str) -> str | None:
        if not name:
            return "Give it a name"
        id = self._space.create(name[:MAX_NAME])
        await self._space.projects.mutations.flush()
        pending = self._space.projects.pending(id)
        if pending is None and not self.is_deleted:
            ui.navigate.to(f"/board/{id}?team={self._space.id}")
        return None


class ProjectCard:
    """One project: a link to its board."""

    def __init__(self, project: Project, pending: Pending | None, space: Projects) -> None:
        self._project = project
        self._by_status = space.count.status_counts(project.id)
        self._made = space.count.video_counts(project.id)
        with Island("li").classes("card project") as self.element:
            with ui.link(target=f"/board/{project.id}?team={space.id}").classes("project__link"):
                ui.icon(f"{ICON}view_kanban").props("aria-hidden=true")
                self._name = Tag("span", "", "strong truncate-1")
            self._below = Tag("p", "", "meta clamp-2")
            with ui.element("div").classes("project__bar").props("role=img") as self._bar:
                self._parts = {
                    status: ui.element("i").classes(f"project__part status-bar--{status.replace('_', '-')}")
                    for status in STATUSES
                }
            self._words = Tag("p", "", "meta num")
            self._made_words = Tag("p", "", "meta num")
        for query in (self._by_status, self._made):
            self.element.client.on_delete(query.observe(lambda _: self._show()))
        self.update(project, pending)

    def update(self, project: Project, pending: Pending | None) -> None:
        """As `Item` says."""
        self._project = project
        self._name.text = project.name
        refused = f"Not saved: {pending.failed}" if pending is not None and pending.failed else ""
        self._below.text = refused or project.description
        self._below.set_visibility(bool(self._below.text))
        self._show()

    @property
    def words(self) -> str:
        """What is counted."""
        return f"{self._words.text} · {self._made_words.text}"

    def _show(self) -> None:
        if self.element.is_deleted:
            return
        counts = self._by_status.value or {}
        said = [f"{counts[status]} {TITLES[status].lower()}" for status in STATUSES if counts.get(status)]
        known = self._by_status.phase == "ready"
        self._words.text = " · ".join(said) if said else "No tasks yet" if known else "Counting"
        self._bar.props["aria-label"] = self._words.text
        for status, part in self._parts.items():
            part.style(f"flex-grow:{counts.get(status, 0)}")
        made = self._made.value
        words = (
            [
                f"{n} {thing}{'' if n == 1 else 's'}"
                for n, thing in ((made.shots, "shot"), (made.videos, "clip"), (made.images, "picture"))
                if n
            ]
            if made
            else []
        )
        self._made_words.text = " · ".join(words)


def skeleton() -> None:
    """Projects that are coming."""
    with ui.element("div").classes("projects__rows"):
        for _ in range(3):
            with ui.element("div").classes("card project"):
                ui.element("div").classes("skeleton skeleton--line")
                ui.element("div").classes("skeleton skeleton--short")
