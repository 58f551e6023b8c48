"""The part of a page that shows one chat: from when it is known that one is in it, until one is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from nicegui import ui

from components.chat_sessions import PATH
from components.tag import Tag
from components.theme import ICON
from state.chat import DEFAULTS, Chat, Options, use_chat
from state.chats import KIND, Chats

if TYPE_CHECKING:
    from state.member import Member


class ChatRegion(ui.element):
    """Draws by `draw(chat)` once one is known to be in it; what is drawn ends when one is removed."""

    def __init__(
        self,
        member: Member,
        chats: Chats,
        session: UUID,
        draw: Callable[[Chat], None],
        skeleton: Callable[[], None],
        options: Options = DEFAULTS,
    ) -> None:
        super().__init__("div")
        self.classes("chat-region")
        self.chat: Chat | None = None
        self._member, self._chats, self._session, self._draw, self._options = member, chats, session, draw, options
        self._title = "this chat"
        self._leave: list[Callable[[], object]] = []
        with self:
            self._content = ui.element("div").classes("chat-region__content")
            self._over = ui.element("div").classes("chat-over").props("role=alert")
            self._over.set_visibility(False)
            with self._content:
                self._skeleton = ui.element("div").props("aria-hidden=true")
                with self._skeleton:
                    skeleton()
        with self._gathered():
            chats.changed.subscribe(self._look)
        self._look()

    def end(self) -> None:
        """Deletes it, where the page goes on without it."""
        for leave in self._leave:
            self.client.delete_handlers.remove(leave)
            leave()
        self._leave.clear()
        self.delete()

    @contextmanager
    def _gathered(self) -> Iterator[None]:
        """What is put off in here until the page is gone is done when the region ends, if that is sooner."""
        handlers = self.client.delete_handlers
        before = len(handlers)
        yield
        self._leave += handlers[before:]

    def _look(self) -> None:
        if self.is_deleted:
            return
        if (session := self._chats.table.get(self._session)) is not None:
            self._title = session.title
        if self.chat is not None:
            return
        if self._member.circles.table.phase != "ready":
            return
        if self._member.circles.get(KIND, self._session) is None:
            if not self._over.visible:
                self._say(
                    "There is no such chat", "It is gone, or you are not in it. Somebody who is in it can let you in."
                )
            return
        self._over.set_visibility(False)
        self._content.set_visibility(True)
        self._skeleton.delete()
        with self._gathered():
            self.chat, leave = use_chat(self._member, self._session, self._options)
            self.client.on_delete(leave)
            self.client.on_delete(self.chat.ended.subscribe(lambda _: self._end()))
            with self._content:
                self._draw(self.chat)

    def _end(self) -> None:
        """At once: what hangs in dialogs as well. The tables are empty by now."""
        for element in list(self._content.descendants()):
            if isinstance(element, ui.dialog):
                element.close()
        self._say(
            f"You are no longer in {self._title}.",
            "Its owner removed you, or it is gone. What you had open of it is closed.",
        )

    def _say(self, title: str, sentence: str) -> None:
        self._content.set_visibility(False)
        self._over.clear()
        with self._over:
            ui.icon(f"{ICON}forum").props("aria-hidden=true")
            Tag("p", title, "title")
            Tag("p", sentence, "secondary")
            ui.link("Show my chats", PATH).classes("action action--quiet")
        self._over.set_visibility(True)
