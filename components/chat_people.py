"""Who is in a chat: online, away, or when they were last here; letting somebody in, and taking somebody out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from nicegui import background_tasks, ui

from components.ask_name import ask_name
from components.avatar import Avatar
from components.chat_sessions import PATH, ask_to_leave
from components.confirm import confirm
from components.icon_button import IconButton
from components.island import Island
from components.line import Line
from components.live_list import LiveList
from components.people import ago
from components.tag import Tag
from components.theme import ICON
from state.attendance import LastSeen, Status
from state.chat import Chat
from state.chats import MAX_TITLE, Chats
from state.errors import StateError

if TYPE_CHECKING:
    from uuid import UUID

    from components.toasts import Toasts
    from state.models import Participant, Profile
    from state.sync.mutation import Pending
    from state.sync.rows import Rows

SUGGESTED = 6
STATUSES: tuple[tuple[Status, str], ...] = (("online", "Online"), ("away", "Away"), ("offline", "Appear offline"))


class ChatPeople(Island):
    """The region "People"."""

    def __init__(self, chat: Chat, chats: Chats, people: Rows[Profile], toasts: Toasts) -> None:
        super().__init__("aside")
        self.classes("chat-people").props("aria-label=People role=region")
        self._chat, self._chats, self._people, self._toasts = chat, chats, people, toasts
        self._seen: dict[UUID, LastSeen] = {}
        self._offered: list[UUID] = []
        with self:
            with ui.element("div").classes("chat-people__head"):
                Tag("h2", "People", "section-title")
            self._rows = ui.element("ul").classes("chat-people__rows")
            with ui.element("div").classes("chat-people__invite") as self._invite:
                self._name = ui.input(on_change=self._suggest).props(
                    'outlined dense autocomplete=off placeholder="Let somebody in" aria-label="User name" maxlength=60'
                )
                self.line = Line(self._name, self._let_in)
                self._found = (
                    ui.element("ul").classes("chat-people__found").props("role=listbox aria-label=Suggestions")
                )
            with ui.element("label").classes("chat-people__switch") as self._assistant_row:
                Tag("span", "The assistant answers", "secondary")
                self._assistant = ui.switch(on_change=self._switch).props('aria-label="The assistant answers"')
            with ui.element("div").classes("chat-people__ways"):
                ui.button("Rename", icon=f"{ICON}edit", color=None, on_click=self._rename).props("flat")
                self._archive = ui.button(
                    "Archive", icon=f"{ICON}inventory_2", color=None, on_click=self._put_away
                ).props("flat")
                ui.button("Leave", icon=f"{ICON}logout", color=None, on_click=self._leave).props("flat")
        self._list: LiveList[Participant, PersonRow] = LiveList(chat.participants, self._row, self._rows)
        self.client.on_delete(chat.on_presence(lambda _: self._again()))
        self.client.on_delete(people.subscribe(lambda _: self._again()))
        chat.changed.subscribe(self._again)
        background_tasks.create(self._look(), name="when others were here")
        self._again()

    def _row(self, place: Participant, pending: Pending | None) -> PersonRow:
        return PersonRow(place, self._chat, self._people, lambda who: self._seen.get(who))

    def _again(self) -> None:
        if self.is_deleted:
            return
        for row in self._list.items.values():
            row.show()
        session = self._chat.session
        self._invite.set_visibility(not self._chat.archived)
        self._assistant_row.set_visibility(not self._chat.archived)
        self._archive.set_visibility(self._chat.owner)
        self._archive.text = "Restore" if self._chat.archived else "Archive"
        if session is not None and self._assistant.value != session.assistant:
            self._assistant.set_value(session.assistant)

    async def _look(self) -> None:
        try:
            self._seen = {seen.id: seen for seen in await self._chat.member.attendance.recently_here()}
        except StateError:
            return
        self._again()

    # Letting in ----------------------------------------------------------------------------------------------------

    def _suggest(self) -> None:
        begun = str(self._name.value or "").strip().lstrip("@").casefold()
        inside = {place.member_id for place in self._chat.participants.rows}
        fits = [
            profile for profile in self._people.rows
            if begun and profile.id not in inside
            and (profile.username.startswith(begun) or any(w.startswith(begun) for w in profile.display_name.casefold().split()))
        ]  # fmt: skip
        offered, self._offered = self._offered, [profile.id for profile in fits[:SUGGESTED]]
        if offered == self._offered:
            return  # somebody may be about to press one
        self._found.clear()
        with self._found:
            for profile in fits[:SUGGESTED]:
                with (
                    ui.element("li"),
                    ui.element("button").classes("chat-people__one").props("type=button role=option") as one,
                ):
                    one.on("click", partial(self._choose, profile.username), args=[])
                    Avatar(profile)
                    Tag("span", profile.display_name, "truncate-1")
                    Tag("span", f"@{profile.username}", "meta")

    async def _choose(self, username: str) -> None:
        self._name.value = ""
        await self.line.send(username)

    async def _let_in(self, username: str) -> str | None:
        try:
            if username:
                await self._chat.invite(username)
        except StateError as error:
            return str(error)
        return None

    # The chat itself -----------------------------------------------------------------------------------------------

    def _switch(self) -> None:
        session = self._chat.session
        if session is not None and self._assistant.value != session.assistant:
            self._chats.use_assistant(session, bool(self._assistant.value))

    async def _rename(self) -> None:
        session = self._chat.session
        if session is None:
            return
        with self.client.content:
            title = await ask_name("Rename the chat", session.title, most=MAX_TITLE, label="Title")
        if title:
            self._chats.rename(session, title)

    def _put_away(self) -> None:
        if (session := self._chat.session) is not None:
            self._chats.archive(session, session.status != "archived")

    async def _leave(self) -> None:
        session = self._chat.session
        if session is None:
            return
        with self.client.content:
            sure = await ask_to_leave(session)
        if not sure:
            return
        try:
            await self._chat.leave()
        except StateError as error:
            self._toasts.failed(str(error))
        else:
            ui.navigate.to(PATH)


class PersonRow:
    """One of them. One's own row opens the status menu; owners may take others out."""

    def __init__(
        self, place: Participant, chat: Chat, people: Rows[Profile], seen: Callable[[UUID], LastSeen | None]
    ) -> None:
        self._place, self._chat, self._people, self._seen = place, chat, people, seen
        self._me = place.member_id == chat.member.id
        with Island("li").classes("chat-person") as self.element:
            self._avatar = Avatar()
            with ui.element("div").classes("person__who"):
                with ui.element("div").classes("person__name"):
                    self._name = Tag("span", "", "strong truncate-1")
                    if self._me:
                        Tag("span", "you", "badge")
                self._below = Tag("div", "", "meta truncate-1")
            if self._me:
                with IconButton("arrow_drop_down", "Your status", lambda: None), ui.menu().props("role=menu"):
                    for status, word in STATUSES:
                        ui.menu_item(word, on_click=partial(chat.set_status, status))
                    ui.menu_item("By what I do", on_click=lambda: chat.set_status(None))
            self._remove = IconButton("person_remove", "Remove", self._ask_to_remove)
        self.show()

    def update(self, place: Participant, pending: Pending | None) -> None:
        """As `Item` says."""
        self._place = place
        self.show()

    @property
    def name(self) -> str:
        """As everybody may know it."""
        profile = self._people.get(self._place.member_id)
        return profile.display_name if profile else "Somebody new"

    def show(self) -> None:
        """Name, and whether they are here."""
        profile = self._people.get(self._place.member_id)
        here = {person.id: person for person in self._chat.people}.get(self._place.member_id)
        hidden = self._me and self._chat.here is not None and self._chat.here.presence.hidden
        self._avatar.show(profile, away=here is not None and here.status == "away", hidden=hidden)
        self._name.text = self.name
        words = [self._status(here.status if here else None, hidden=hidden)]
        words += ["owner"] if self._place.role == "owner" else []
        words += ["typing"] if self._place.member_id in self._chat.typists else []
        self._below.text = " · ".join(words)
        self.element.classes(add="" if here else "chat-person--gone", remove="chat-person--gone" if here else "")
        self._remove.rename(f"Remove {self.name}")
        self._remove.set_visibility(self._chat.owner and not self._me)

    def _status(self, status: str | None, *, hidden: bool) -> str:
        if status is not None:
            return status
        if hidden:
            return "appears offline"
        seen = self._seen(self._place.member_id)
        return f"last seen {ago(seen.ago)}" if seen else "offline"

    async def _ask_to_remove(self) -> None:
        with self.element.client.content:
            sure = await confirm(
                f"Remove {self.name} from the chat?",
                "What they have open of it closes at once. What they said stays.",
                "Remove",
            )
        if sure:
            self._chat.remove(self._place)
