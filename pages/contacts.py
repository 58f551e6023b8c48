"""/contacts: whom a team knows. A table or a pipeline, and one of them beside it."""

from __future__ import annotations

from fastapi import Response
from fastapi.responses import RedirectResponse
from nicegui import ui

from components import session
from components.command_palette import Command
from components.contacts_view import PATH, ContactsView, coming
from components.shell import Shell, shell, sign_in_path
from components.team_region import TeamRegion
from components.theme import ICON
from state.contacts import Contacts
from state.member import Member


@ui.page(PATH)
async def page() -> Response | None:
    """For members; guests sign in first."""
    visitor = await session.visitor()
    if visitor.member is None:
        return RedirectResponse(sign_in_path(PATH))
    with shell("Contacts", visitor) as around:
        contacts_page(visitor.member, around)
    return None


def contacts_page(member: Member, around: Shell) -> None:
    """Lay out the page inside the shell and bind it to what is live."""

    def draw(desk: Contacts) -> None:
        view = ContactsView(desk, member.world.people, around.toasts)
        commands = [
            Command(
                "Show as table or pipeline",
                icon=f"{ICON}view_kanban",
                keys="v",
                action=view.toggle_way,
                section="Contacts",
            ),
            Command("Export as CSV", icon=f"{ICON}download", action=view.export, section="Contacts"),
            Command(
                "Search contacts",
                icon=f"{ICON}search",
                keys="/",
                action=lambda: view.bar.search.run_method("focus"),
                section="Contacts",
            ),
        ]
        around.commands.add(*commands)
        follow_role = around.commands.offer(
            lambda: desk.may_edit,
            Command("Add a contact", icon=f"{ICON}person_add", keys="n", action=view.add.show, section="Contacts"),
            Command("Import a CSV file", icon=f"{ICON}upload", action=view.importing.show, section="Contacts"),
        )
        ui.context.client.on_delete(member.circles.on_change(follow_role))

    TeamRegion(member, "contacts", Contacts, draw, coming)
    member.studio.failures.subscribe(around.toasts.failed)
