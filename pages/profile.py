"""/u/{username}: somebody, as everybody may see them, and what they have made."""

from __future__ import annotations

from fastapi import HTTPException, Request, Response
from nicegui import app, ui

from components import session
from components.picture_actions import PictureActions
from components.portfolio import PortfolioGrid
from components.profile_head import ProfileHead
from components.prompt_draft import PromptDraft
from components.prompt_form import STORED
from components.shell import Shell, shell, sign_in_path
from components.viewer import Viewer
from pages import trouble
from pages.studio import open_when_known
from state.errors import StateError
from state.models import Profile
from state.people import Portfolio, by_name

PATH = "/u/{username}"


@ui.page(PATH)
async def page(request: Request, username: str, picture: str = "") -> Response | None:
    """`picture`: the id of the one to open at once."""
    visitor = await session.visitor()
    try:
        profile = await by_name(visitor.world, username.lower().removeprefix("@"))
    except StateError:
        profile = None
    if profile is None:
        return await trouble.not_found(request, HTTPException(404))
    with shell("Profile", visitor, tab=profile.display_name) as around:
        profile_page(visitor, around, profile, picture)
    return None


def profile_page(visitor: session.Visitor, around: Shell, profile: Profile, picture: str) -> None:
    """Lay out the profile of somebody for `visitor`."""
    world, studio, guest = visitor.world, visitor.studio, visitor.member is None
    path = f"/u/{profile.username}"
    portfolio, leave = world.areas.use(("portfolio", profile.id), lambda: Portfolio(world, profile.id))
    ui.context.client.on_delete(leave)

    def reuse(draft: PromptDraft) -> None:
        app.storage.user[STORED] = draft.store()  # it waits in the form
        if not guest:
            ui.navigate.to("/studio")

    sign_in = (lambda: ui.navigate.to(sign_in_path("/studio"))) if guest else None
    actions = PictureActions(studio, around.toasts, reuse=reuse, sign_in=sign_in)
    with ui.element("div").classes("profile"):
        ProfileHead(world, visitor.member, profile)
        # Posts come here, above the pictures they are made of.
        grid = PortfolioGrid(
            profile,
            portfolio,
            studio,
            actions,
            open_picture=lambda row: viewer.show(row),
            failed=around.toasts.failed,
        )
        viewer = Viewer(studio, world.people, actions, shown=lambda: grid.shown, path=path, gallery=portfolio.pictures)
    if picture:
        open_when_known(portfolio.pictures, viewer, around, picture)
