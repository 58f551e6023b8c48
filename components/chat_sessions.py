"""The chats one is in: the one where something was said last first, with how much of it is new."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from nicegui import ui

from components.ago import Ago
from components.ask_name import ask_name
from components.chat_search import ChatSearch
from components.confirm import confirm
from components.freshness_note import FreshnessNote
from components.icon_button import IconButton
from components.island import Island
from components.live_list import LiveList
from components.message_text import plain
from components.region_state import RegionState
from components.tag import Tag
from state.chats import MAX_TITLE, Chats
from state.errors import StateError
from state.generation import first_name
from state.sync.view import View

if TYPE_CHECKING:
    from components.toasts import Toasts
    from state.models import ChatSession, Profile
    from state.sync.mutation import Pending
    from state.sync.rows import Rows

PATH = "/chat"
SKELETONS = 6


def path_of(session: UUID) -> str:
    """The page of one chat."""
    return f"{PATH}/{session}"


class ChatSessions(Island):
    """The region "Chats". `here` is the one that is open beside it."""

    def __init__(self, chats: Chats, people: Rows[Profile], toasts: Toasts, here: UUID | None) -> None:
        super().__init__("nav")
        self.classes("chats").props("aria-label=Chats")
        self._chats, self._people, self._toasts, self._here = chats, people, toasts, here
        self._archived = False
        view = View((chats.table, chats.member.connection.freshness))
        with self:
            with ui.element("div").classes("chats__head"):
                with ui.element("h2").classes("section-title"):
                    Tag("span", "Chats")
                    FreshnessNote(lambda: view.freshness)
                self._shelf = IconButton("inventory_2", "Show archived chats", self._turn)
                IconButton("search", "Search in messages", lambda: ChatSearch(chats, people))
                IconButton("edit_square", "New chat", self.begin)
            with ui.element("div").classes("chats__rows"):
                rows = ui.element("ul").classes("chats__list")
                self._state = RegionState(
                    chats.table, skeleton=_skeleton, empty="You are in no chat yet.", action=("Begin one", self.begin)
                )
        self._inside: frozenset[UUID] = frozenset()
        self._list: LiveList[ChatSession, SessionRow] = LiveList(
            chats.table, self._row, rows, shows=self._shows, changed=self._changed
        )
        chats.changed.subscribe(self._again)
        self.client.on_delete(people.subscribe(lambda _: self._again()))
        self._changed()

    def _shows(self, session: ChatSession) -> bool:
        return self._chats.mine(session) and (session.status == "archived") == self._archived

    def _row(self, session: ChatSession, pending: Pending | None) -> SessionRow:
        return SessionRow(session, self._chats, self._people, here=session.id == self._here)

    def _changed(self) -> None:
        empty = "Nothing is archived." if self._archived else "You are in no chat yet."
        self._state.show(len(self._list.items), empty=empty)

    def _again(self) -> None:
        inside = frozenset(session.id for session in self._chats.all)
        if inside != self._inside:
            self._inside = inside
            self._list.filter(self._shows)
        for row in self._list.items.values():
            row.show()

    def _turn(self) -> None:
        self._archived = not self._archived
        self._shelf.rename("Show the others" if self._archived else "Show archived chats")
        self._shelf.props(f"aria-pressed={'true' if self._archived else 'false'}")
        self._list.filter(self._shows)

    async def begin(self) -> None:
        """Asks for a title, and goes to a new chat."""
        with self.client.content:
            title = await ask_for_chat()
        if not title:
            return
        try:
            made = await self._chats.create(title)
        except StateError as error:
            self._toasts.failed(str(error))
        else:
            ui.navigate.to(path_of(made.id))


class SessionRow:
    """One chat: its title, how the last message begins, and how many are new."""

    def __init__(self, session: ChatSession, chats: Chats, people: Rows[Profile], *, here: bool) -> None:
        self._session, self._chats, self._people = session, chats, people
        with (
            Island("li").classes("chats__item") as self.element,
            ui.link(target=path_of(session.id)).classes("chats__row") as link,
        ):
            if here:
                link.props("aria-current=page")
            with ui.element("div").classes("chats__words"):
                with ui.element("div").classes("chats__top"):
                    self._title = Tag("span", "", "strong truncate-1")
                    self._when = Ago(session.last_activity)
                self._below = Tag("span", "", "meta truncate-1")
            self._count = Tag("span", "", "chats__count num")
            self._spoken = Tag("span", "", "sr-only")
        self.show()

    def update(self, session: ChatSession, pending: Pending | None) -> None:
        """As `Item` says."""
        self._session = session
        self.show()

    def show(self) -> None:
        """Title, beginning and count."""
        session = self._session
        unread = self._chats.unread(session)
        self._title.text = session.title
        self._when.show(session.last_activity)
        self._below.text = self._beginning()
        self._count.text = "99+" if unread > 99 else str(unread)
        self._count.set_visibility(unread > 0)
        self._spoken.text = f"{unread} unread" if unread else ""

    def _beginning(self) -> str:
        session = self._session
        if session.status == "archived":
            return "Archived"
        words = plain(session.snippet)
        if session.snippet_by == self._chats.member.id:
            return f"You: {words}"
        if session.snippet_by is not None:
            return f"{first_name(self._people.get(session.snippet_by))}: {words}"
        return words


async def ask_for_chat() -> str | None:
    """The title of a new one; None when it was left."""
    return await ask_name("New chat", most=MAX_TITLE, action="Create", label="Title")


async def ask_to_leave(session: ChatSession) -> bool:
    """Whether somebody who would leave a chat means it."""
    return await confirm(
        f"Leave {session.title}?",
        "What is said in it from now on you will not see. Somebody in it can let you in again.",
        "Leave",
    )


def _skeleton() -> None:
    for n in range(SKELETONS):
        with ui.element("div").classes("chats__row"), ui.element("div").classes("chats__words"):
            ui.element("div").classes("skeleton skeleton--line").style(f"width:{45 + 9 * (n % 4)}%")
            ui.element("div").classes("skeleton skeleton--line").style(f"width:{75 - 11 * (n % 3)}%")
