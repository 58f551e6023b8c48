"""/team: who works with whom. Members, roles and invitations of one team, and the teams one is in."""

from __future__ import annotations

from fastapi import Response
from fastapi.responses import RedirectResponse
from nicegui import ui

from components import session
from components.shell import Shell, shell, sign_in_path
from components.team_card import TeamCard
from components.team_invite import TeamInvite
from components.team_list import Invitations, TeamList
from components.team_members import TeamMembers, skeleton
from components.team_region import TeamRegion
from state.member import Member
from state.teams import TeamSpace, use_teams

PATH = "/team"


@ui.page(PATH)
async def page() -> Response | None:
    """For members."""
    visitor = await session.visitor()
    if visitor.member is None:
        return RedirectResponse(sign_in_path(PATH))
    with shell("Team", visitor) as around:
        team_page(visitor.member, around)
    return None


def team_page(member: Member, around: Shell) -> None:
    """Lay out the page inside the shell and bind it to what is live."""
    teams, leave = use_teams(member)
    ui.context.client.on_delete(leave)
    people = member.world.people

    def draw(space: TeamSpace) -> None:
        with ui.element("div").classes("team__parts"):
            TeamMembers(space, people)
            TeamInvite(space, people)
            TeamCard(space, people, around.toasts, gone=lambda: ui.navigate.to(PATH))

    def coming() -> None:
        with ui.element("div").classes("card card--flush team__coming"):
            skeleton()

    with ui.element("div").classes("team"):
        Invitations(teams, people, around.toasts)
        with ui.element("div").classes("team__columns"):
            TeamRegion(member, "team", TeamSpace, draw, coming)
            TeamList(teams)
    member.studio.failures.subscribe(around.toasts.failed)
