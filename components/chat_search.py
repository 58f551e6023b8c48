"""Search in what was said: in all one's chats, or in one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from nicegui import ui

from components.avatar import Avatar
from components.message_text import plain
from components.tag import Tag
from components.time_zone import local, zone_of
from state.chats import Chats
from state.errors import StateError

if TYPE_CHECKING:
    from state.models import Message, Profile
    from state.sync.rows import Rows

PAUSE_MS = 200
SHOWN = 300  # characters


class ChatSearch(ui.dialog):
    """Opens at once; gone when it is closed."""

    def __init__(self, chats: Chats, people: Rows[Profile], session: UUID | None = None) -> None:
        with ui.context.client.content:
            super().__init__(value=True)
        self._chats, self._people, self._session = chats, people, session
        self._asked = 0
        self.props('position=top aria-label="Search in messages"').on("hide", self.delete, args=[])
        with self, ui.card().classes("chat-search"):
            field = ui.input(on_change=lambda event: self._search(str(event.value or "")))
            field.props(
                f'autofocus borderless debounce={PAUSE_MS} placeholder="Search in messages" aria-label="Search in messages"'
            )
            self._rows = ui.element("ul").classes("chat-search__rows")
            self._word = Tag("p", "Words, “a phrase”, or the beginning of one.", "secondary chat-search__word")

    async def _search(self, words: str) -> None:
        self._asked += 1
        asked = self._asked
        if len(words.strip()) < 2:
            found: list[Message] = []
            word = "Words, “a phrase”, or the beginning of one."
        else:
            try:
                found = await self._chats.search(words, self._session)
                word = "" if found else "Nobody has said that."
            except StateError as error:
                found, word = [], str(error)
        if asked != self._asked or self.is_deleted:
            return  # something else was typed meanwhile
        self._rows.clear()
        self._word.text = word
        titles = {} if self._session else {session.id: f" in {session.title}" for session in self._chats.all}
        with self._rows:
            for message in found:
                self._row(message, titles.get(message.session_id, ""))

    def _row(self, message: Message, title: str) -> None:
        author = self._people.get(message.author_id) if message.author_id else None
        target = f"/chat/{message.session_id}?message={message.id}"
        with ui.element("li"), ui.link(target=target).classes("chat-search__row"):
            Avatar(author)
            with ui.element("div").classes("chats__words"):
                name = "Assistant" if message.role == "assistant" else author.display_name if author else "Somebody"
                when = local(message.created_at, zone_of(self.client), "%-d %b %Y, %H:%M")
                Tag("span", f"{when} · {name}{title}", "meta truncate-1")
                Tag("span", plain(message.content, SHOWN), "secondary")
