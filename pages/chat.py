"""/chat and /chat/{session}: what people say to each other beside the work."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from fastapi import Response
from fastapi.responses import RedirectResponse
from nicegui import ui

from components import session
from components.chat_composer import ChatComposer
from components.chat_people import ChatPeople
from components.chat_region import ChatRegion
from components.chat_replies import ChatReplies
from components.chat_search import ChatSearch
from components.chat_sessions import PATH, ChatSessions
from components.chat_thread import ChatThread, thread_skeleton
from components.command_palette import Command
from components.icon_button import IconButton
from components.island import Island
from components.price_strip import PriceStrip
from components.shell import Shell, shell, sign_in_path
from components.tag import Tag
from components.theme import ICON
from state.chat import Chat
from state.chats import Chats, use_chats
from state.member import Member


@ui.page(PATH)
async def page() -> Response | None:
    """The chats one is in."""
    return await _page(None)


@ui.page(f"{PATH}/{{session_id}}")
async def page_of_one(session_id: str, message: str = "") -> Response | None:
    """One of them; `message` is shown."""
    with suppress(ValueError):
        return await _page(UUID(session_id), message)
    return RedirectResponse(PATH)


async def _page(chat: UUID | None, message: str = "") -> Response | None:
    visitor = await session.visitor()
    if visitor.member is None:
        return RedirectResponse(sign_in_path(f"{PATH}/{chat}" if chat else PATH))
    with shell("Chat", visitor) as around:
        chat_page(visitor.member, around, chat, message)
    return None


def chat_page(member: Member, around: Shell, here: UUID | None, message: str = "") -> None:
    """Lay out the page inside the shell and bind it to what is live."""
    chats, leave = use_chats(member)
    ui.context.client.on_delete(leave)
    people = member.world.people
    around.content.classes("content--whole")

    def draw(chat: Chat) -> None:
        one_chat(chat, chats, around, message)

    with ui.element("div").classes("chat chat--open" if here else "chat"):
        sessions = ChatSessions(chats, people, around.toasts, here)
        if here:
            ChatRegion(member, chats, here, draw, thread_skeleton)
        else:
            with ui.element("div").classes("chat-none"):
                ui.icon(f"{ICON}forum").props("aria-hidden=true")
                Tag("p", "Choose a chat, or begin one", "title")
                Tag("p", "What is said arrives at once in every open browser.", "secondary")
                ui.button("Begin a chat", color=None, on_click=sessions.begin).classes("btn--primary")
    member.studio.failures.subscribe(around.toasts.failed)
    search = Command(
        "Search in messages", icon=f"{ICON}search", keys="", action=lambda: ChatSearch(chats, people), section="Chat"
    )
    around.commands.add(search)


def one_chat(chat: Chat, chats: Chats, around: Shell, message: str) -> None:
    """Its head, thread, composer and people."""
    people = chat.member.world.people
    with ui.element("div").classes("chat-one"):
        with Island("header").classes("chat-head"):
            with ui.link(target=PATH).classes("chat-head__back").props('aria-label="All chats"'):
                ui.icon(f"{ICON}arrow_back").props("aria-hidden=true")
            with ui.element("div").classes("chat-head__words"):
                title = Tag("h2", "", "strong truncate-1")
                below = Tag("p", "", "meta truncate-1")
            IconButton("search", "Search in this chat", lambda: ChatSearch(chats, people, chat.id))
            panel = IconButton("group", "People", lambda: about.classes(toggle="chat-people--open"))
        if chat.prices is not None:
            with ui.element("div").classes("chat-prices"):
                PriceStrip(chat.member.world, chat.prices.symbols)
        thread = ChatThread(
            chat, chats, people, around.toasts,
            reply=lambda message: composer.reply(message), edit=lambda message: composer.edit(message),
            thread=lambda message: replies.open_for(message),
        )  # fmt: skip
        composer = ChatComposer(chat, people, around.toasts, sent=thread.down)
        replies = ChatReplies(chat, chats, people, around.toasts, thread)
    about = ChatPeople(chat, chats, people, around.toasts)
    panel.props(f"aria-controls={about.html_id}")

    def show() -> None:
        session = chat.session
        title.text = session.title if session else ""
        inside, here = len(chat.participants.rows), len(chat.people)
        words = [f"{inside} {'person' if inside == 1 else 'people'}", f"{here} here" if here else ""]
        words += [session.status] if session and session.status != "active" else []
        below.text = " · ".join(word for word in words if word)

    chat.changed.subscribe(show)
    around.content.client.on_delete(chat.on_presence(lambda _: show()))
    show()
    with suppress(ValueError):
        thread.show_when_known(UUID(message))
