"""/studio: write a prompt, watch it being made, keep what came of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from nicegui import ui

from components import session
from components.chat_panel import ChatPanel
from components.command_palette import Command
from components.deep_link import DeepLink
from components.gallery import Gallery
from components.here_now import HereNow
from components.picture_actions import PictureActions
from components.prompt_form import PromptForm
from components.publisher import Publisher
from components.queue import Queue
from components.shell import Shell, shell, sign_in_path
from components.theme import ICON
from components.toasts import Toast
from components.viewer import Viewer
from state.generation import Draft, News
from state.queue import OwnQueue

if TYPE_CHECKING:
    from components.session import Visitor

PATH = "/studio"
MANY = {  # what a toast says instead of several of a kind
    "made": lambda n: f"{n} new pictures",
    "deleted": lambda n: f"{n} pictures were deleted",
    "joined": lambda n: f"{n} people joined",
}


@ui.page(PATH)
async def page(picture: str = "", model: str = "", show: str = "") -> None:
    """`picture`: the id of the one to open at once; `model`: the slug of the one to draw with; `show`: a filter's name."""
    visitor = await session.visitor()
    with shell("Studio", visitor) as around:
        studio_page(visitor, around, picture, model, show)


def studio_page(visitor: Visitor, around: Shell, picture: str, model: str = "", show: str = "") -> None:
    """Lay out the studio for `visitor` inside the shell and bind it to what is live."""
    studio, people = visitor.studio, visitor.world.people
    member = visitor.member
    guest = member is None
    own = None
    if member is not None:
        own, leave = member.areas.use("queue", lambda: OwnQueue(member))
        ui.context.client.on_delete(leave)

    def sign_in() -> None:
        ui.navigate.to(sign_in_path(PATH))

    def generate(draft: Draft) -> None:
        if guest:
            sign_in()
        else:
            studio.generate(draft)

    with ui.element("div").classes("studio"):
        purse = member.credits if member else None
        form = PromptForm(studio.models, generate, typing=member.typing if member else None, purse=purse, guest=guest)
        begin = ("Sign in to make one", sign_in) if guest else ("Write a prompt", form.focus)
        actions = PictureActions(
            studio,
            around.toasts,
            reuse=form.use,
            sign_in=sign_in if guest else None,
            publisher=Publisher(member, around.toasts) if member else None,
        )
        with ui.element("div").classes("studio__aside"):
            queue = Queue(studio, people, begin=begin, own=own)
            if member is not None:
                HereNow(member.presence, member.typing, people, studio, member.id)
        gallery = Gallery(
            studio,
            people,
            actions,
            open_picture=lambda row: viewer.show(row),
            failed=around.toasts.failed,
            begin=begin,
        )
        viewer = Viewer(studio, people, actions, shown=lambda: gallery.shown, path=PATH)

    async def tell(news: News) -> None:
        made = news.generation
        picture = await studio.media.url(made.poster_path) if made is not None and news.kind == "made" else None
        look = ("View", lambda: viewer.show_id(made.id)) if made is not None and news.kind == "made" else None
        around.toasts.show(Toast(news.text, picture=picture, action=look, group=news.kind, many=MANY.get(news.kind)))

    studio.news.subscribe(tell)
    studio.failures.subscribe(around.toasts.failed)
    around.commands.add(
        Command("Write a prompt", icon=f"{ICON}edit", keys="/", action=form.focus, section="Studio"),
        Command("Generate", icon=f"{ICON}auto_awesome", action=form.submit, section="Studio"),
        Command("Surprise me", icon=f"{ICON}casino", keys="r", action=form.surprise, section="Studio"),
        *queue_commands(queue),
        *(
            Command(
                f"Show {name.lower()}",
                icon=f"{ICON}filter_list",
                action=partial(gallery.choose, name),
                section="Gallery",
            )
            for name in gallery.filters
        ),
    )
    if member is not None:
        beside = ChatPanel(member, around.content, around.toasts)
        chat = Command("Chat beside the studio", icon=f"{ICON}forum", keys="c", action=beside.toggle, section="Chat")
        around.commands.add(chat)
    if picture:
        DeepLink(visitor, studio.gallery, viewer, around.toasts, picture)
    if model:
        form.draw_with(model)
    if show in gallery.filters:
        gallery.choose(show)


def queue_commands(queue: Queue) -> list[Command]:
    """What members do to their queue, by name."""
    if (buttons := queue.buttons) is None:
        return []
    return [
        Command("Pause or resume the queue", icon=f"{ICON}pause", keys="p", action=buttons.toggle, section="Queue"),
        Command("Cancel what waits", icon=f"{ICON}playlist_remove", action=buttons.cancel_waiting, section="Queue"),
        Command("Cancel everything in the queue", icon=f"{ICON}cancel", action=buttons.cancel_all, section="Queue"),
    ]
