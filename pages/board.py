"""/board: the projects of a team; /board/{project}: its tasks in columns, its shots, and what has come of them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from fastapi import Response
from fastapi.responses import RedirectResponse
from nicegui import ui

from components import session
from components.board_columns import BoardColumns
from components.board_head import BoardFilters, BoardHead
from components.board_shots import BoardShots
from components.command_palette import Command
from components.project_list import ProjectList, skeleton
from components.render_form import RenderForm
from components.result_list import ResultList
from components.shell import Shell, shell, sign_in_path
from components.tag import Tag
from components.task_list import TaskList
from components.task_panel import QUERY, TaskPanel
from components.team_region import TeamRegion
from components.theme import ICON
from state.board import Board, team_of
from state.errors import StateError
from state.projects import Projects
from state.task_filter import TaskFilter

if TYPE_CHECKING:
    from state.member import Member

PATH = "/board"


@ui.page(PATH)
async def page() -> Response | None:
    """For members."""
    visitor = await session.visitor()
    if visitor.member is None:
        return RedirectResponse(sign_in_path(PATH))
    with shell("Board", visitor) as around:
        projects_page(visitor.member, around)
    return None


@ui.page(PATH + "/{project}")
async def board(project: UUID, team: UUID | None = None) -> Response | None:
    """One project. The team is in the address; where it is not, it is looked up."""
    visitor = await session.visitor()
    path = f"{PATH}/{project}"
    if visitor.member is None:
        return RedirectResponse(sign_in_path(path))
    if team is None:
        try:
            found = await team_of(visitor.member, project)
        except StateError:
            found = None  # the page says what is wrong
        if found is not None:
            return RedirectResponse(f"{path}?team={found}")
    with shell("Board", visitor) as around:
        board_page(visitor.member, around, project)
    return None


def projects_page(member: Member, around: Shell) -> None:
    """Lay out the page inside the shell and bind it to what is live."""

    def draw(space: Projects) -> None:
        ProjectList(space)

    with ui.element("div").classes("board-page"):
        TeamRegion(member, "projects", Projects, draw, skeleton)
    member.studio.failures.subscribe(around.toasts.failed)


def board_page(member: Member, around: Shell, project: UUID) -> None:
    """Lay out the page inside the shell and bind it to what is live."""
    path, people = f"{PATH}/{project}", member.world.people

    def draw(board: Board) -> None:
        panel = TaskPanel(
            board,
            people,
            path,
            lost=lambda: around.toasts.failed("This task is not there any more, or not in this project"),
        )
        form = RenderForm(board, member.studio)
        BoardHead(board, people, gone=lambda: ui.navigate.to(f"{PATH}?team={board.id}"))
        with ui.element("div").classes("trouble").props("role=alert") as missing:
            ui.icon(f"{ICON}error").props("aria-hidden=true")
            Tag("p", "There is no such project here. Somebody may have deleted it.")
        with ui.element("div").classes("board-parts") as parts:
            shots = BoardShots(board)
            with ui.element("div").classes("board-bar"):
                filters = BoardFilters(board, people, lambda filter: narrow(filter))
                with ui.element("span").classes("end"):
                    view = ui.toggle(
                        {"columns": "Columns", "list": "List", "results": "Results"}, value="columns", clearable=False
                    )
                    view.props("flat no-caps unelevated").classes("board-bar__view")
                    render = ui.button("New render", color=None, on_click=form.show).classes("btn--primary")
            columns = BoardColumns(board, people, around.toasts, panel.show)
            tasks = TaskList(board, people, panel.show)
            pages = {"list": tasks, "results": ResultList(board, shots.look)}

        def narrow(filter: TaskFilter) -> None:
            columns.narrow(filter)
            tasks.narrow(filter)

        def choose() -> None:
            columns.settle()
            columns.set_visibility(view.value not in pages)
            filters.set_visibility(view.value != "results")  # of tasks
            for name, part in pages.items():
                part.set_visibility(view.value == name)
                part.watch() if view.value == name else part.rest()

        def look() -> None:
            known = board.projects.phase == "ready"
            missing.set_visibility(known and board.project is None)
            parts.set_visibility(not known or board.project is not None)
            render.set_visibility(board.may_edit)
            offer()
            open_asked()

        def open_asked() -> None:
            nonlocal asked
            if asked is not None and board.project is not None:
                id, asked = asked, None
                panel.show_one(id)

        offer = around.commands.offer(
            lambda: board.may_edit, Command("New render", icon=f"{ICON}add_photo_alternate", action=form.show)
        )
        asked = _asked()
        view.on_value_change(choose)
        choose()
        look()
        client = ui.context.client
        for table in (board.projects, board.tasks):
            client.on_delete(table.subscribe(lambda _: look()))
        client.on_delete(member.circles.on_change(look))

    with ui.element("div").classes("board-page"):
        TeamRegion(member, f"board {project}", lambda m, team: Board(m, team, project), draw, _coming)
    member.studio.failures.subscribe(around.toasts.failed)


def _asked() -> UUID | None:
    """The task that the address names."""
    try:
        return UUID(ui.context.client.request.query_params.get(QUERY, ""))
    except ValueError:
        return None


def _coming() -> None:
    with ui.element("div").classes("lanes"):
        for _ in range(5):
            with ui.element("div").classes("lane"):
                ui.element("div").classes("skeleton skeleton--short")
                for _ in range(2):
                    with ui.element("div").classes("task"):
                        ui.element("div").classes("skeleton skeleton--line")
