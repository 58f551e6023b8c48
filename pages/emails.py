"""/emails: what a team writes to its contacts, and what becomes of it. /emails/{campaign}: one campaign on its way."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from fastapi import Response
from fastapi.responses import RedirectResponse
from nicegui import background_tasks, ui

from components import session
from components.command_palette import Command
from components.email_campaigns import PATH, CampaignHead, Campaigns, back
from components.email_compose import Compose
from components.email_list import EmailList
from components.email_suppressed import Suppressed
from components.email_templates import Templates
from components.shell import Shell, shell, sign_in_path
from components.team_region import TeamRegion
from components.theme import ICON
from components.time_zone import browser_zone
from components.toasts import Toast
from state.email_rows import Sieve
from state.emails import Emails
from state.errors import StateError
from state.models import Contact
from state.sync.query import Query, Where
from state.teams import use_teams

if TYPE_CHECKING:
    from state.member import Member
    from state.models import EmailCampaign

TO = "to"  # /emails?to=<contact> writes to one


@ui.page(PATH)
async def page() -> Response | None:
    """For members; guests sign in first."""
    return await _page(None)


@ui.page(PATH + "/{campaign}")
async def campaign_page(campaign: str) -> Response | None:
    """One campaign; what is no campaign's id is all of them."""
    try:
        return await _page(UUID(campaign))
    except ValueError:
        return RedirectResponse(PATH)


async def _page(campaign: UUID | None) -> Response | None:
    visitor = await session.visitor()
    if visitor.member is None:
        return RedirectResponse(sign_in_path(f"{PATH}/{campaign}" if campaign else PATH))
    with shell("E\u2011mail", visitor, tab="E-mail") as around:  # a title is one line
        emails_page(visitor.member, around, campaign)
    return None


def emails_page(member: Member, around: Shell, campaign: UUID | None) -> None:
    """Lay out the page inside the shell and bind it to what is live."""
    browser_zone(lambda _: None)
    teams, leave = use_teams(member)
    ui.context.client.on_delete(leave)

    def draw(desk: Emails) -> None:
        sender = member.profile.display_name if member.profile else "You"
        team = next((team.name for team in teams.all if team.id == desk.id), "Your team")
        if campaign is not None:
            draw_campaign(desk, campaign)
            return

        def sent(made: EmailCampaign) -> None:
            go = ("Show", lambda: ui.navigate.to(f"{PATH}/{made.id}?team={desk.id}"))
            words = f"“{made.name}” goes to {made.recipients:,}" + (" contacts" if made.recipients != 1 else " contact")
            around.toasts.show(Toast(words, icon=f"{ICON}send", tone="live", action=go, urgent=True))

        compose = Compose(desk, sent, sender=sender, team=team)
        with ui.element("div").classes("emails__columns"):
            with ui.element("div").classes("emails__main"):
                letters = EmailList(
                    desk, Sieve(), failed=around.toasts.failed, begin=compose.show if desk.may_edit else None
                )
            with ui.element("div").classes("emails__side"):
                write = ui.button("Write an e-mail", icon=f"{ICON}edit", color=None, on_click=lambda: compose.show())
                write.classes("btn--primary emails__write").props("unelevated")
                Campaigns(desk)
                templates = Templates(
                    desk, around.mode, around.toasts, write=lambda template: compose.show(template=template),
                    show=lambda template: letters.choose(template=template), sender=sender, team=team,
                )  # fmt: skip
                Suppressed(desk)

        offer = around.commands.offer(
            lambda: desk.may_edit,
            Command("Write an e-mail", icon=f"{ICON}edit", keys="n", action=compose.show, section="E-mail"),
            Command("New template", icon=f"{ICON}description", action=templates.dialog.show, section="E-mail"),
        )

        def follow_role() -> None:
            write.set_visibility(desk.may_edit)
            offer()

        ui.context.client.on_delete(member.circles.on_change(follow_role))
        follow_role()
        with suppress(ValueError):
            asked = UUID(ui.context.client.request.query_params.get(TO, ""))
            if desk.may_edit:
                ui.navigate.history.replace(f"{PATH}?team={desk.id}")  # once: not again when it is loaded again
                background_tasks.create(write_to(desk, asked, compose), name="write to a contact")

    def draw_campaign(desk: Emails, id: UUID) -> None:
        back(desk)
        CampaignHead(desk, id, member.world.people, around.toasts.failed)
        EmailList(desk, Sieve(campaign=id), failed=around.toasts.failed, begin=None)

    with ui.element("div").classes("emails"):
        TeamRegion(member, "emails", Emails, draw, coming)
    member.studio.failures.subscribe(around.toasts.failed)


async def write_to(desk: Emails, contact: UUID, compose: Compose) -> None:
    """Opens a letter to one contact, if there is such a one."""
    query = Query("contacts", (Where("id", "eq", contact), Where("team_id", "eq", desk.id)))
    with suppress(StateError):
        found = [Contact.model_validate(row) for row in await desk.member.api.select(query, 1)]
        if not compose.is_deleted:
            compose.show(found)


def coming() -> None:
    """What comes, in its shape."""
    with ui.element("div").classes("emails__columns"):
        ui.element("div").classes("skeleton emails__coming")
        ui.element("div").classes("skeleton emails__coming")
