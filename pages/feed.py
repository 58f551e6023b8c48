"""/feed: what people have published; like it, say something, and see what others do in the moment they do it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nicegui import ui

from components import session
from components.command_palette import Command
from components.feed_list import MAKE, FeedList
from components.link_preview import preview, preview_post
from components.post_host import card_host
from components.post_view import PostView, known
from components.shell import Shell, shell, sign_in_path
from components.theme import ICON
from components.toasts import Toast
from state.feed import feed_of

if TYPE_CHECKING:
    from components.session import Visitor

PATH = "/feed"


@ui.page(PATH)
async def page(post: str = "") -> None:
    """`post`: the id of the one to open at once, wherever in the feed it is."""
    visitor = await session.visitor()
    if (id := known(post)) is None:
        preview(visitor, PATH, "The feed of Starling")
    else:
        await preview_post(visitor, PATH, id)
    with shell("Feed", visitor) as around:
        feed_page(visitor, around, post)


def feed_page(visitor: Visitor, around: Shell, wanted: str) -> None:
    """Lay out the feed for `visitor` inside the shell and bind it to what is live."""
    member, people = visitor.member, visitor.world.people
    feed, leave = feed_of(visitor.world, member)
    ui.context.client.on_delete(leave)

    def sign_in(back: str) -> None:
        ui.navigate.to(sign_in_path(back))

    host = card_host(visitor, feed, around.toasts, open=lambda post: view.show(post.id), sign_in=sign_in)
    posts = FeedList(host, failed=around.toasts.failed, guest=member is None)
    view = PostView(
        host, people, around.toasts, shown=lambda: posts.shown, path=PATH, sign_in=sign_in if member is None else None
    )
    visitor.studio.failures.subscribe(around.toasts.failed)
    around.commands.add(
        Command("Show new posts", icon=f"{ICON}arrow_upward", keys="n", action=posts.go_up, section="Feed"),
        Command("Publish a picture", icon=f"{ICON}publish", to=MAKE, section="Feed"),
    )
    if (id := known(wanted)) is not None:
        view.show(id)
    elif wanted:
        around.toasts.show(Toast("That link leads to no post", icon=f"{ICON}link_off", urgent=True))
