"""/u/{username}: somebody, as everybody may see them, and what they have made."""

from __future__ import annotations

from fastapi import HTTPException, Request, Response
from nicegui import ui

from components import session
from components.author_posts import AuthorPosts
from components.deep_link import DeepLink
from components.kept import kept
from components.link_preview import preview_person, preview_post
from components.picture_actions import PictureActions
from components.portfolio import PortfolioGrid
from components.post_host import card_host
from components.post_view import PostView, known
from components.profile_head import ProfileHead
from components.prompt_draft import PromptDraft
from components.prompt_form import STORED
from components.shell import Shell, shell, sign_in_path
from components.viewer import Viewer
from pages import trouble
from state.errors import StateError
from state.feed import feed_of
from state.models import Profile
from state.people import Portfolio, by_name

PATH = "/u/{username}"


@ui.page(PATH)
async def page(request: Request, username: str, picture: str = "", post: str = "") -> Response | None:
    """`picture` or `post`: the id of the one to open at once."""
    visitor = await session.visitor()
    try:
        profile = await by_name(visitor.world, username.lower().removeprefix("@"))
    except StateError:
        profile = None
    if profile is None:
        return await trouble.not_found(request, HTTPException(404))
    if (post_id := known(post)) is not None:
        await preview_post(visitor, PATH.format(username=profile.username), post_id)
    else:
        preview_person(visitor, profile)
    with shell("Profile", visitor, tab=profile.display_name) as around:
        profile_page(visitor, around, profile, picture, post)
    return None


def profile_page(visitor: session.Visitor, around: Shell, profile: Profile, picture: str = "", post: str = "") -> None:
    """Lay out the profile of somebody for `visitor`."""
    world, studio, guest = visitor.world, visitor.studio, visitor.member is None
    path = f"/u/{profile.username}"
    portfolio, leave = world.areas.use(("portfolio", profile.id), lambda: Portfolio(world, profile.id))
    client = ui.context.client
    client.on_delete(leave)

    def reuse(draft: PromptDraft) -> None:
        kept(client)[STORED] = draft.store()  # it waits in the form
        if not guest:
            ui.navigate.to("/studio")

    sign_in = (lambda: ui.navigate.to(sign_in_path("/studio"))) if guest else None
    actions = PictureActions(studio, around.toasts, reuse=reuse, sign_in=sign_in)
    feed, leave_feed = feed_of(world, visitor.member)
    ui.context.client.on_delete(leave_feed)

    def back(path: str) -> None:
        ui.navigate.to(sign_in_path(path))

    host = card_host(visitor, feed, around.toasts, open=lambda post: view.show(post.id), sign_in=back)
    with ui.element("div").classes("profile"):
        ProfileHead(world, visitor.member, profile)
        posts = AuthorPosts(portfolio, host)  # above the pictures they are made of
        grid = PortfolioGrid(
            profile,
            portfolio,
            studio,
            actions,
            open_picture=lambda row: viewer.show(row),
            failed=around.toasts.failed,
        )
        viewer = Viewer(studio, world.people, actions, shown=lambda: grid.shown, path=path, gallery=portfolio.pictures)
        view = PostView(
            host, world.people, around.toasts, shown=lambda: posts.shown, path=path, sign_in=back if guest else None
        )
    if (post_id := known(post)) is not None:
        view.show(post_id)
    elif picture:
        DeepLink(visitor, portfolio.pictures, viewer, around.toasts, picture)
