"""Chat beside the work: a panel on the right of a page, so that people talk while they generate.

Whether it is open, and on which chat, is remembered for the person; on phones it is a sheet, and no page begins with one.
Nothing of a chat is followed while it is closed.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

from nicegui import ui

from components.chat_composer import ChatComposer
from components.chat_region import ChatRegion
from components.chat_sessions import PATH, ask_for_chat, path_of
from components.chat_thread import ChatThread, thread_skeleton
from components.icon_button import IconButton
from components.kept import kept
from components.tag import Tag
from components.theme import ICON
from state.chats import use_chats
from state.errors import StateError

if TYPE_CHECKING:
    from components.toasts import Toasts
    from state.chat import Chat
    from state.member import Member

KEPT = "chat-beside"  # in `kept`: {"open": bool, "chat": id}


class ChatPanel:
    """Made last, inside the page's content, which makes room for it."""

    def __init__(self, member: Member, content: ui.element, toasts: Toasts) -> None:
        self._member, self._content, self._toasts = member, content, toasts
        self._chats, leave = use_chats(member)
        content.client.on_delete(leave)
        before = kept(content.client).get(KEPT)
        self._kept: dict[str, Any] = before if isinstance(before, dict) else {}
        self._open = False
        self._here: UUID | None = None
        self._region: ChatRegion | None = None
        self._thread: ChatThread | None = None
        self._restoring = False
        with ui.element("aside").classes("beside").props('id=chat-beside aria-label="Chat"') as self._panel:
            with ui.element("header").classes("beside__head"):
                self._picker = ui.select({}, on_change=lambda event: self._choose(event.value))
                self._picker.props('dense borderless options-dense aria-label="Which chat"').classes("beside__picker")
                with ui.link(target=PATH).classes("icon-button").props('title="Open in full"') as self._full:
                    self._full.props('aria-label="Open this chat in full"')
                    ui.icon(f"{ICON}open_in_full").props("aria-hidden=true")
                IconButton("close", "Close the chat", self.toggle)
            self._body = ui.element("div").classes("beside__body")
            with ui.element("div").classes("beside__none") as self._none:
                Tag("p", "You are in no chat yet", "strong")
                Tag("p", "Begin one, and let others in: then you can talk while you make things.", "secondary")
                ui.button("Begin a chat", color=None, on_click=self._begin).classes("btn--primary")
        self._button = ui.element("button").classes("beside__open").props("type=button aria-controls=chat-beside")
        self._button.on("click", self.toggle, args=[])
        with self._button:
            ui.icon(f"{ICON}forum").props("aria-hidden=true")
            Tag("span", "Chat")
            self._count = Tag("span", "", "chats__count num")
        self._chats.changed.subscribe(self._look)
        if self._kept.get("open") is True:
            self._panel.classes("beside--kept")  # a phone shows the page first
            self._restoring = True
            self._turn(True)
        self._look()

    @property
    def open(self) -> bool:
        """Whether it is."""
        return self._open

    def toggle(self) -> None:
        """Opens or closes it, and remembers that."""
        self._restoring = False
        if self._open and "beside--kept" in self._panel.classes:
            self._panel.classes(remove="beside--kept")  # on a phone it was not to be seen
            return
        self._turn(not self._open)
        self._keep()

    def shut(self) -> None:
        """Closes it, however it came to be open."""
        self._panel.classes(remove="beside--kept")
        if self._open:
            self._turn(False)
            self._keep()

    def _turn(self, on: bool) -> None:
        self._open = on
        self._panel.classes(toggle="beside--on") if on != ("beside--on" in self._panel.classes) else None
        self._content.classes(toggle="content--beside") if on != ("content--beside" in self._content.classes) else None
        self._button.props(f"aria-expanded={'true' if on else 'false'}")
        if not on:
            self._panel.classes(remove="beside--kept")
            self._clear()
        self._look()

    def _keep(self) -> None:
        self._kept = {"open": self._open, "chat": str(self._here or self._kept.get("chat") or "")}
        kept(self._content.client)[KEPT] = self._kept

    # Which chat ----------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        if self._panel.is_deleted:
            return
        unread = self._chats.unread_in_all
        self._count.text = "99+" if unread > 99 else str(unread)
        self._count.set_visibility(unread > 0)
        if not self._open or not self._chats.ready:
            self._none.set_visibility(False)
            return
        chats = [chat for chat in self._chats.all if chat.status != "archived"]
        self._none.set_visibility(not chats)
        options = {str(chat.id): chat.title for chat in chats}
        if self._here is None and chats:
            kept = str(self._kept.get("chat", ""))
            self._show(UUID(kept) if kept in options else chats[0].id)
        here = str(self._here) if self._here else None
        if here and here not in options:
            options[here] = "A chat you are no longer in"
        if (options, here) != (self._picker.options, self._picker.value):
            self._picker.set_options(options, value=here)

    def _choose(self, value: Any) -> None:
        with suppress(ValueError, TypeError):
            if (id := UUID(value)) != self._here:
                self._restoring = False
                self._show(id)
                self._keep()

    def _show(self, id: UUID) -> None:
        self._clear()
        self._here = id
        self._full.props(f"href={path_of(id)}")
        with self._body:
            self._region = ChatRegion(self._member, self._chats, id, self._draw, thread_skeleton)

    def _clear(self) -> None:
        self._here = None
        if self._thread is not None:
            self._thread.close()
            self._thread = None
        if self._region is not None:
            self._region.end()
            self._region = None

    def _draw(self, chat: Chat) -> None:
        people = self._member.world.people
        with ui.element("div").classes("chat-one"):
            thread = self._thread = ChatThread(
                chat, self._chats, people, self._toasts,
                reply=lambda message: composer.reply(message), edit=lambda message: composer.edit(message),
            )  # fmt: skip
            composer = ChatComposer(
                chat, people, self._toasts, sent=thread.down, voice=False, eager=not self._restoring
            )

    async def _begin(self) -> None:
        with self._content:
            title = await ask_for_chat()
        if title:
            try:
                made = await self._chats.create(title)
            except StateError as error:
                self._toasts.failed(str(error))
            else:
                self._show(made.id)
                self._keep()
                self._look()
