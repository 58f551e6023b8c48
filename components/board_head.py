"""The head of a board: which project it is, what has come of it, who is here, and what it is narrowed to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast
from uuid import UUID

from nicegui import ui

from components.ask_name import ask_name
from components.avatar import Avatar
from components.confirm import confirm
from components.freshness_note import FreshnessNote
from components.icon_button import IconButton
from components.island import Island
from components.tag import Tag
from state.board import Board
from state.projects import MAX_NAME
from state.task_filter import MAX_WORDS, Due, TaskFilter

if TYPE_CHECKING:
    from state.models import Profile
    from state.sync.rows import Rows

MOST = 5  # faces; of the others the number
ANYBODY = "Anybody"
DUE: dict[Due, str] = {"": "Any date", "late": "Late", "week": "Due in 7 days", "none": "No due date"}


class BoardHead(Island):
    """`gone` is called when one has deleted the project."""

    def __init__(self, board: Board, people: Rows[Profile], gone: Callable[[], None]) -> None:
        super().__init__("div")
        self.classes("board-head")
        self._board, self._people, self._gone = board, people, gone
        self._counts = board.count.video_counts(board.project_id)
        self._faces: list[UUID] = []
        with self:
            ui.link("Projects", f"/board?team={board.id}").classes("link")
            Tag("span", "/", "faint").props("aria-hidden=true")
            self._name = Tag("h2", "", "title truncate-1")
            self._words = Tag("span", "", "meta truncate-1")
            FreshnessNote(lambda: board.view.freshness)
            with ui.element("span").classes("end"):
                self._here = ui.element("ul").classes("avatars").props('role=list aria-label="On this board"')
                self._rename = IconButton("edit", "Rename the project", self._ask_name)
                self._delete = IconButton("delete", "Delete the project", self._ask)
        board.here.presence.changed.subscribe(self._show)
        self.client.on_delete(board.projects.subscribe(lambda _: self._show()))
        self.client.on_delete(board.member.circles.on_change(self._show))
        self.client.on_delete(people.subscribe(lambda _: self._show()))
        self.client.on_delete(self._counts.observe(lambda _: self._show()))
        self._show()

    def _show(self) -> None:
        if self.is_deleted:
            return
        project = self._board.project
        self._name.text = project.name if project else ""
        self._name.props["title"] = project.description if project else ""
        counts = self._counts.value
        words: list[str] = []
        if counts is not None:
            words = [f"{n} {thing}{'' if n == 1 else 's'}" for n, thing in (
                (counts.shots, "shot"), (counts.videos, "clip"), (counts.images, "picture")) if n]  # fmt: skip
        self._words.text = " · ".join(words)
        for button in (self._rename, self._delete):
            button.set_visibility(self._board.may_edit and project is not None)
        here = [person.id for person in self._board.here.presence.in_order()]
        if here != self._faces:
            self._faces = here
            self._here.clear()
            with self._here:
                for who in here[:MOST]:
                    profile = self._people.get(who)
                    name = (
                        "You" if who == self._board.member.id else profile.display_name if profile else "Somebody new"
                    )
                    with ui.element("li") as seat:
                        Avatar(profile)
                        Tag("span", name, "sr-only")
                    seat.props["title"] = f"{name} on this board"
                if len(here) > MOST:
                    with ui.element("li"):
                        Tag("span", f"+{len(here) - MOST}", "avatar avatar--more num")

    async def _ask_name(self) -> None:
        if (project := self._board.project) is None:
            return
        with self.client.content:
            name = await ask_name("Rename the project", project.name, most=MAX_NAME)
        if name is not None:
            self._board.rename(name)

    async def _ask(self) -> None:
        with self.client.content:
            sure = await confirm(
                "Delete this project?",
                "Its shots and tasks go for everybody. What was made stays its owners’.",
                "Delete",
            )
        if sure:
            self._board.delete_project()
            self._gone()


class BoardFilters(Island):
    """Words, whose, label, due; `narrow` is told of each change."""

    def __init__(self, board: Board, people: Rows[Profile], narrow: Callable[[TaskFilter], None]) -> None:
        super().__init__("div")
        self.classes("board-filters").props('role=search aria-label="Narrow the tasks"')
        self._board, self._people, self._narrow = board, people, narrow
        with self:
            self._words = ui.input(placeholder="Filter tasks", on_change=self._changed).props(
                f'outlined dense clearable debounce=150 maxlength={MAX_WORDS} aria-label="Filter tasks by words"'
            )
            self._words.classes("board-filters__text")
            self._who = ui.select({"": ANYBODY}, value="", on_change=self._changed)
            self._who.props('outlined dense options-dense aria-label="Filter by person"')
            self._label = ui.select({"": "All labels"}, value="", on_change=self._changed)
            self._label.props('outlined dense options-dense aria-label="Filter by label"')
            self._due = ui.select(dict(DUE), value="", on_change=self._changed)
            self._due.props('outlined dense options-dense aria-label="Filter by due date"')
        self._options: tuple[dict[str, str], dict[str, str]] = ({}, {})
        for rows in (board.tasks, board.people, people):
            self.client.on_delete(rows.subscribe(lambda _: self._offer()))
        self._offer()

    def _offer(self) -> None:
        names = {
            str(row.member_id): profile.display_name if (profile := self._people.get(row.member_id)) else "Somebody new"
            for row in self._board.people.rows
        }
        me = str(self._board.member.id)
        people = {"": ANYBODY, me: "Mine", **{id: name for id, name in names.items() if id != me}}
        labels = {"": "All labels", **{label: label for label in self._board.labels}}
        if (people, labels) != self._options:
            self._options = (people, labels)
            self._who.set_options(people, value=self._who.value if self._who.value in people else "")
            self._label.set_options(labels, value=self._label.value if self._label.value in labels else "")

    def _changed(self) -> None:
        who = str(self._who.value or "")
        due = cast("Due", self._due.value or "")
        words, label = str(self._words.value or ""), str(self._label.value or "")
        self._narrow(TaskFilter(words, UUID(who) if who else None, label, due))
