"""Chats: the sessions one is in, and how much in each of them one has not read.

Both are told on `member:{id}`: what is new in a session shows on every page, without listening to the session itself.
A session counts what is said in it, and a row of one's own how much of that was read, so unread is a difference: exact,
however many there are.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from nicegui import Event

from state.media import Media
from state.models import ChatCount, ChatSession, Message
from state.signal import Unsubscribe, leave_all
from state.sync.live_table import LiveTable
from state.sync.query import Order, Query, Where
from state.tasks import within

if TYPE_CHECKING:
    from state.member import Member

KIND = "chat"
BUCKET = "attachments"
MAX_TITLE = 80
COME_S = 5.0
PAGE = 200


class Chats:
    """`changed` fires when any of it did. Used by `use_chats`."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.changed: Event[[]] = Event()
        latest = (Order("last_activity", descending=True, nulls="first"),)
        self.table: LiveTable[ChatSession] = member.table(Query("chat_sessions", order=latest), ChatSession, limit=PAGE)
        mine = Query("chat_counts", (Where("member_id", "eq", member.id),), (Order("created_at"),))
        self.counts: LiveTable[ChatCount] = member.table(mine, ChatCount, limit=PAGE)
        self.files = Media(member.api, bucket=BUCKET)
        self._by_session: dict[UUID, ChatCount] = {}
        self._followed: dict[object, UUID] = {}
        self._unsubscribe: list[Unsubscribe] = []

    @property
    def tables(self) -> tuple[LiveTable[Any], ...]:
        """As `Area` says."""
        return (self.table, self.counts)

    @property
    def ready(self) -> bool:
        """Whether it is known which there are."""
        return self.member.circles.table.phase == self.table.phase == "ready"

    def mine(self, session: ChatSession) -> bool:
        """Whether one is in it: whoever is removed knows it before the rows do."""
        return self.member.circles.get(KIND, session.id) is not None

    @property
    def all(self) -> list[ChatSession]:
        """Those one is in, the one in which something was said last first."""
        return [session for session in self.table.rows if self.mine(session)]

    def unread(self, session: ChatSession) -> int:
        """How many messages of others in it one has not seen; none of one that is followed, before its mark says so."""
        count = None if session.id in self._followed.values() else self._by_session.get(session.id)
        return max(0, session.spoken - count.spoken - count.own) if count else 0

    @property
    def unread_in_all(self) -> int:
        """In all that are not archived together."""
        return sum(self.unread(session) for session in self.all if session.status != "archived")

    def follow(self, place: object, session: UUID | None) -> None:
        """What comes in this session is seen as it comes, in this place; None: no longer."""
        if self._followed.get(place) != session:
            if session is None:
                del self._followed[place]
            else:
                self._followed[place] = session
            self.changed.emit()

    # What one does -------------------------------------------------------------------------------------------------

    async def create(self, title: str, *, assistant: bool = True) -> ChatSession:
        """A new session of one's own. Raises StateError."""
        wanted = {"session_id": str(uuid4()), "title": title, "assistant": assistant}
        made = ChatSession.model_validate(await self.member.api.rpc("create_chat", wanted))
        await self._come(made.id)
        return made

    def rename(self, session: ChatSession, title: str) -> None:
        """Shows at once, to everybody in it a moment later."""
        self._change(session, {"title": title.strip()}, "update_chat", title=title)

    def use_assistant(self, session: ChatSession, on: bool) -> None:
        """Whether the assistant answers in it."""
        self._change(session, {"assistant": on}, "update_chat", assistant=on)

    def archive(self, session: ChatSession, archived: bool = True) -> None:
        """Nothing is said in it any more, or is again."""
        status = "archived" if archived else "active"
        self._change(session, {"status": status}, "archive_chat", archived=archived)

    async def search(self, words: str, session: UUID | None = None) -> list[Message]:
        """What was said with these words in all one's sessions, or in one; the newest first. Raises StateError."""
        asked = {"words": words, "session_id": str(session) if session else None}
        return [Message.model_validate(row) for row in await self.member.api.rpc("search_messages", asked)]

    def _change(self, session: ChatSession, changes: dict[str, Any], function: str, **arguments: Any) -> None:
        send = partial(self.member.api.rpc, function, {"session_id": str(session.id), **arguments})
        self.table.mutations.update(session.id, changes, send)

    async def _come(self, session: UUID) -> None:
        """Waits until a session that one is in by now is among those one knows of."""
        come = asyncio.Event()

        def look() -> None:
            if any(known.id == session for known in self.all):
                come.set()

        self.changed.subscribe(look, unsubscribe_on_delete=False)
        look()
        await within(COME_S, come)
        self.changed.unsubscribe(look)

    # Life ----------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """As `Area` says."""
        self._unsubscribe = [
            self.member.circles.on_change(self._on_circles),
            self.table.subscribe(lambda _: self.changed.emit()),
            self.counts.subscribe(lambda _: self._on_counts()),
        ]
        for table in self.tables:
            table.open()

    async def close(self) -> None:
        """As `Area` says."""
        leave_all(self._unsubscribe)
        for table in self.tables:
            await table.close()
        await self.files.close()

    def _on_counts(self) -> None:
        self._by_session = {count.session_id: count for count in self.counts.rows}
        self.changed.emit()

    def _on_circles(self) -> None:
        inside = {place.circle_id for place in self.member.circles.of(KIND)}
        if inside - {session.id for session in self.table.rows} or inside - self._by_session.keys():
            self.table.refresh()  # what was there before one came in was told to others
            self.counts.refresh()
        self.changed.emit()


def use_chats(member: Member) -> tuple[Chats, Unsubscribe]:
    """The sessions of a member, until the returned function is called."""
    return member.areas.use("chats", lambda: Chats(member))
