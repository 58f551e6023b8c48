"""The thread of a chat: messages, newest at the bottom, who types, and what is new below."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from nicegui import background_tasks, ui
from nicegui.events import GenericEventArguments

from components.chat_message import Around, MessageItem, Place
from components.confirm import confirm
from components.island import Island
from components.live_list import LiveList
from components.region_state import RegionState
from components.tag import Tag
from components.theme import ICON
from state.chat import PENDING, Chat
from state.errors import StateError
from state.generation import first_name
from state.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from components.toasts import Toasts
    from state.chats import Chats
    from state.models import Message, Profile
    from state.sync.mutation import Pending
    from state.sync.rows import Rows

GROUP = timedelta(minutes=5)
SKELETONS = 5


class Scroll(ui.element, component="static/vue/chat_thread.js"):
    """Runs from the bottom up; says where the reader is, and keeps what they look at where it is."""

    def end(self, ends: bool) -> None:
        """Whether the newest message is at its end."""
        if self._props.get("end") is not ends:
            self._props["end"] = ends
            self.update()


class ChatThread(ui.element):
    """The region "Messages". `reply` and `edit` are what the composer does with a message; `thread` shows what was replied."""

    def __init__(
        self,
        chat: Chat,
        chats: Chats,
        people: Rows[Profile],
        toasts: Toasts,
        *,
        reply: Callable[[Message], None],
        edit: Callable[[Message], None],
        thread: Callable[[Message], None] | None = None,
    ) -> None:
        super().__init__("section")
        self.classes("chat-thread").props("role=region aria-label=Thread")
        self._chat, self._chats, self._people, self._toasts = chat, chats, people, toasts
        self._reply, self._edit, self._thread = reply, edit, thread or reply
        self._reading = Reading(chat)
        self._around = Around(chat, people, chats.files, self.names, self.act)
        self._bottom, self._visible = True, False
        self._loading = False
        self._new_from: int | None = None  # behind which one had not read when one came
        self._unread_then = 0
        self._told = 0  # up to which message all has been told
        self._left_at: int | None = None  # how much had been said when the reader left the end
        with self:
            self._scroll = Scroll()
            self._scroll.on("place", self._placed)
            self._scroll.on("older", lambda: self._page(self._list.load_more), args=[])
            self._scroll.on("newer", lambda: self._page(self._reading.newer), args=[])
            with self._scroll:
                list_ = Island("ul").classes("thread__list")
                with ui.element("div").classes("thread__state"):
                    self._state = RegionState(
                        self._reading, skeleton=thread_skeleton, empty="Nothing has been said here yet. Say something."
                    )
            with Island("div").classes("thread__over"):
                self._jump = ui.element("button").classes("chip thread__unread").props("type=button")
                self._jump.on("click", self._jump_to_unread, args=[])
                with self._jump:
                    ui.icon(f"{ICON}arrow_upward").props("aria-hidden=true")
                    self._jump_words = Tag("span", "")
                self._chip = ui.element("button").classes("chip thread__new").props("type=button")
                self._chip.on("click", self.down, args=[])
                with self._chip:
                    ui.icon(f"{ICON}arrow_downward").props("aria-hidden=true")
                    self._chip_words = Tag("span", "")
            self._typing = Typists(chat, people)
        self._jump.set_visibility(False)
        self._chip.set_visibility(False)
        self._list: LiveList[Message, MessageItem] = LiveList(
            self._reading, self._item, list_, news=lambda row: row.seq > self._told, changed=self._changed
        )
        self.client.on_delete(self.close)
        self.client.on_delete(chat.answers.on_change(self._heard))
        self.client.on_delete(chat.member.credits.observe(self._again_cards))
        self.client.on_delete(people.subscribe(lambda _: self._again()))
        self.client.on_delete(chat.participants.subscribe(lambda _: self._again()))
        self.client.on_delete(chat.reads.subscribe(lambda _: self._changed()))
        self._changed()

    def close(self) -> None:
        """Reads no more; where it is gone before its page is."""
        self._chats.follow(self, None)
        self._list.close()
        self._reading.close()

    @property
    def items(self) -> list[MessageItem]:
        """As they are shown, the newest first."""
        return list(self._list.items.values())

    def names(self) -> dict[str, UUID]:
        """Who may be mentioned: those in the chat, by user name."""
        inside = (self._people.get(place.member_id) for place in self._chat.participants.rows)
        return {profile.username: profile.id for profile in inside if profile}

    def down(self) -> None:
        """To the newest message."""
        if not self._reading.ends:
            self._turn(self._reading.end)
        self._scroll.run_method("down")

    async def show(self, id: UUID) -> None:
        """Scrolls to a message, wherever it stands."""
        try:
            found = await self._chat.find(id)
            there = found is not None and await self._reach(found.seq)
        except StateError as error:
            self._toasts.failed(str(error))
            return
        if there:
            self._scroll.run_method("show", str(id))
        else:
            self._toasts.failed("That message is gone")

    def show_when_known(self, id: UUID) -> None:
        """As `show`, once the messages are there."""
        waiting = True

        def look(*_: object) -> None:
            nonlocal waiting
            if waiting and self._chat.messages.phase == "ready":
                waiting = False
                background_tasks.create(self.show(id), name="show the message of a link")

        self.client.on_delete(self._chat.messages.subscribe(look))
        look()

    # What comes ----------------------------------------------------------------------------------------------------

    def _item(self, row: Message, pending: Pending | None) -> MessageItem:
        return MessageItem(row, pending, self._around)

    def _changed(self) -> None:
        rows = self._reading.rows
        self._state.show(len(rows))
        self._scroll.end(self._reading.ends)
        self._told = self._chat.newest.seq if self._chat.newest else 0
        self._show_chip()
        mark = self._chat.mark
        if self._new_from is None and mark and rows and self._chat.session and self._chats.counts.phase == "ready":
            self._new_from = mark.read_seq
            session = self._chat.session
            self._unread_then = self._chats.unread(session) if session else 0
            first = self._first_new()
            self._jump_words.text = f"{self._unread_then} unread"
            self._jump.set_visibility(self._unread_then > 12 or (self._unread_then > 0 and first is None))
        self._arrange()
        self._say_read()

    def _arrange(self) -> None:
        """Groups, days, what is new and who has read it: each from the message that stands before."""
        items = self.items
        seen = self._seen(items)
        fresh = self._first_new()
        for item, before in zip(items, [*items[1:], None], strict=False):
            row = item.row
            older = before.row if before is not None else None
            item.place(
                Place(
                    head=older is None or not _together(older, row),
                    before=older.created_at.isoformat() if older else None,
                    fresh=fresh is not None and row.id == fresh,
                    seen=seen.get(row.id, ()),
                    replies=row.replies,
                )
            )

    def _first_new(self) -> UUID | None:
        """The first message one had not read, if it is among those that are there."""
        if self._new_from is None or not self._unread_then:
            return None
        new = None
        for row in self._reading.rows:
            if row.seq <= self._new_from:
                return new
            if row.seq < PENDING and row.role != "system" and row.author_id != self._chat.member.id:
                new = row.id
        return new if self._reading.complete else None

    def _seen(self, items: list[MessageItem]) -> dict[UUID, tuple[UUID, ...]]:
        """Each reader stands at the last message that they have seen and did not write."""
        seen: dict[UUID, tuple[UUID, ...]] = {}
        shown = PENDING if self._reading.ends else max((item.row.seq for item in items[:1]), default=0)
        inside = {place.member_id for place in self._chat.participants.rows}
        for mark in self._chat.reads.rows:
            if mark.member_id == self._chat.member.id or mark.member_id not in inside or mark.read_seq > shown:
                continue
            last = next(
                (item.row for item in items if item.row.seq <= mark.read_seq and item.row.role != "system"), None
            )
            if last is not None and last.author_id != mark.member_id:
                seen[last.id] = (*seen.get(last.id, ()), mark.member_id)
        return seen

    def _again(self) -> None:
        for item in self.items:
            item.show()
        self._arrange()

    def _again_cards(self) -> None:
        """A balance stands on some."""
        for item in self.items:
            if item.row.message_type == "adapter_action":
                item.show()

    def _heard(self, id: UUID) -> None:
        if (item := self._list.items.get(id)) is not None:
            item.hear()

    # Where the reader is -------------------------------------------------------------------------------------------

    def _placed(self, event: GenericEventArguments) -> None:
        self._bottom, self._visible = bool(event.args.get("bottom")), bool(event.args.get("visible"))
        newest = self._chat.newest
        if self._bottom:
            self._left_at = None
        elif self._left_at is None and newest is not None:
            self._left_at = newest.spoken
        self._turn(lambda: self._reading.stands(at_end=self._bottom, below_half=event.args.get("lower") is not False))
        self._show_chip()
        self._say_read()

    def _show_chip(self) -> None:
        newest = self._chat.newest
        count = newest.spoken - self._left_at if newest is not None and self._left_at is not None else 0
        self._chip_words.text = f"{count:,} new message{'s' if count != 1 else ''}" if count > 0 else "To the newest"
        self._chip.set_visibility(not self._bottom)

    def _turn(self, change: Callable[[], None]) -> None:
        """What comes and goes by it is no news."""
        quiet, self._list.quiet = self._list.quiet, True
        change()
        self._list.quiet = quiet

    def _say_read(self) -> None:
        seen = self._bottom and self._visible and self._chat.messages.phase == "ready"
        self._chats.follow(self, self._chat.id if seen and self._new_from is not None else None)
        if seen:
            self._chat.read()

    async def _page(self, load: Callable[[], Awaitable[object]]) -> None:
        """A page more, this way or that."""
        if self._loading or self._reading.phase != "ready":
            return
        self._loading = True
        self._list.quiet = True
        try:
            await load()
        except StateError as error:
            self._toasts.failed(str(error))
        finally:
            self._loading = self._list.quiet = False

    async def _reach(self, seq: int) -> bool:
        self._list.quiet = True
        try:
            return await self._reading.reach(seq)
        finally:
            self._list.quiet = False

    async def _jump_to_unread(self) -> None:
        self._jump.set_visibility(False)
        try:
            await self._reach((self._new_from or 0) + 1)
        except StateError as error:
            self._toasts.failed(str(error))
            return
        self._arrange()
        rows = [row for row in self._reading.rows if row.seq > (self._new_from or 0)]
        if target := self._first_new() or (rows[-1].id if rows else None):
            self._scroll.run_method("show", str(target))

    # What one does with a message ----------------------------------------------------------------------------------

    def act(self, name: str, message: Message, value: Any) -> None:
        """What somebody does with a message, by its name."""
        match name:
            case "thread":
                self._thread(message)
            case "reply":
                self._reply(message)
            case "edit":
                self._edit(message)
            case "delete":
                background_tasks.create(self._delete(message), name="ask before a message is deleted")
            case "react" if isinstance(value, str) and 0 < len(value) <= 16:
                self._chat.react(message, value)
            case "retry":
                self._chat.retry(message.id)
            case "discard":
                self._chat.discard(message.id)
            case "stop":
                background_tasks.create(self._stop(message), name="stop an answer")
            case "again":
                self._chat.answers.regenerate(message)
            case "jump" if isinstance(value, str):
                background_tasks.create(self.show(UUID(value)), name="show what is replied to")

    async def _delete(self, message: Message) -> None:
        with self.client.content:
            if await confirm("Delete this message?", "It goes for everybody in this chat, for good.", "Delete"):
                self._chat.delete(message)

    async def _stop(self, message: Message) -> None:
        try:
            await self._chat.answers.stop(message)
        except StateError as error:
            self._toasts.failed(str(error))


class Typists(Island):
    """Who is writing, and whose files are on their way."""

    def __init__(self, chat: Chat, people: Rows[Profile]) -> None:
        super().__init__("div")
        self.classes("thread__typing").props("role=status aria-live=polite")
        self._chat, self._people = chat, people
        with self:
            self._dots = ui.element("span").classes("typing-dots").props("aria-hidden=true")
            with self._dots:
                for _ in range(3):
                    ui.element("i")
            self._words = Tag("span", "", "meta truncate-1")
        self.client.on_delete(chat.on_presence(lambda _: self._show()))
        if chat.uploads:
            self.client.on_delete(chat.uploads.on_change(self._show))
        self._show()

    def _show(self) -> None:
        writing = [first_name(self._people.get(id)) for id in self._chat.typists]
        sending = [
            f"{first_name(self._people.get(upload.who))} is sending {upload.name[:40]}, {upload.percent} %"
            for upload in (self._chat.uploads.others if self._chat.uploads else [])
        ]
        self._words.text = " · ".join([*([typing_words(writing)] if writing else []), *sending[:2]])
        self._dots.set_visibility(bool(writing or sending))


def typing_words(names: list[str]) -> str:
    """Ada is typing; Ada and Grace are typing; Ada and 3 others are typing"""
    match names:
        case []:
            return ""
        case [one]:
            return f"{one} is typing"
        case [one, two]:
            return f"{one} and {two} are typing"
        case [one, *others]:
            return f"{one} and {len(others)} others are typing"
    return ""


def _together(older: Message, row: Message) -> bool:
    same = (older.author_id, older.role) == (row.author_id, row.role)
    return same and row.role != "system" and row.reply_to is None and row.created_at - older.created_at < GROUP


def thread_skeleton() -> None:
    for n in range(SKELETONS):
        with ui.element("div").classes("msg msg--head msg--coming"):
            ui.element("div").classes("avatar skeleton")
            with ui.element("div").classes("msg__main"):
                ui.element("div").classes("skeleton skeleton--line").style(f"width:{30 + 12 * (n % 4)}%")
                ui.element("div").classes("skeleton skeleton--line").style(f"width:{60 - 9 * (n % 3)}%")
