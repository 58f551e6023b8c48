"""Chat: one session as one of its people sees it: messages, who is here, who types, and prices. Reference 3's
`useRealtimeChat` as one object.

T1  Messages are in the order of their `seq`, which the database gives: the same on every screen. What one has sent and
    the database has not confirmed comes last, in the order in which one sent it.
T2  A message carries an id made here: sent again, for want of an answer or by hand, it is said once.
T3  What one sends is sent one after the other, so that it arrives in the order in which it was written: what is behind
    one that got no answer waits with it.
T4  `on_message` is told of every message once, in order, and not of those that were there before or are only paged in.
    What one said oneself after a gap waits until the gap is filled.
T5  The mark of what one has read only moves forward; it is told at once, and then every `READ_EVERY_S` at most.
T6  Each part can be left out, and then costs nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from nicegui import Event

from state.answers import Answers
from state.attendance import Status
from state.chat_files import Attachment, Uploads
from state.chats import KIND
from state.errors import StateError, Unreachable
from state.market import DEFAULT, Price, Prices, use_market
from state.models import ChatSession, Message, Participant, ReadMark
from state.patience import Impatience
from state.reading import Pages
from state.realtime.presence import Person
from state.room import Room
from state.signal import Signal, Unsubscribe, leave_all
from state.space import Space
from state.sync.live_table import LiveTable
from state.sync.mutation import Pending
from state.sync.query import Order, Query, Where
from state.sync.rows import Batch
from state.tasks import Tasks

if TYPE_CHECKING:
    from state.member import Member

PENDING = 2**62  # the place of what the database has not placed yet: behind all it has
PAGE = 60
READ_EVERY_S = 1.0  # everybody in it is told, of everybody
MAX_CONTENT = 8_000


@dataclass(frozen=True)
class Options:
    """What is wanted of a chat; the defaults are reference 3's, in seconds where it has milliseconds.

    `reconnect_interval_s`: while there is no connection, the next attempt is not later than that. `events_per_second`
    limits what one says in the room.
    """

    presence: bool = True
    prices: bool = True
    price_symbols: tuple[str, ...] = DEFAULT
    reconnect_interval_s: float = 5.0
    presence_timeout_s: float = 30.0
    typing_timeout_s: float = 3.0
    events_per_second: int = 10


DEFAULTS = Options()


class Chat(Space):
    """`changed` fires when the session, its people or the read marks did. Used by `use_chat`."""

    def __init__(self, member: Member, session: UUID, options: Options = DEFAULTS) -> None:
        super().__init__(member, KIND, session)
        of_session = self.of_session = Where("session_id", "eq", session)
        newest = (Order("seq", descending=True, nulls="first"),)
        self.options = options
        self.changed: Event[[]] = Event()
        self.messages: LiveTable[Message] = self.table(
            Query("chat_messages", (of_session,), newest), Message, limit=PAGE
        )
        self.participants: LiveTable[Participant] = self.table(
            Query("chat_participants", (of_session,), (Order("created_at"),)), Participant
        )
        self.reads: LiveTable[ReadMark] = self.table(
            Query("chat_reads", (of_session,), (Order("created_at"),)), ReadMark
        )
        self._sessions: LiveTable[ChatSession] = self.table(
            Query("chat_sessions", (Where("id", "eq", session),)), ChatSession, feed=member.feed
        )
        self.pages = Pages(self)
        self.answers = Answers(member.api, self.circle, self.messages)
        self.here: Room | None = None
        self.uploads: Uploads | None = None
        if options.presence:  # T6
            self.here = self.room(confirm_s=options.presence_timeout_s, expire_s=options.typing_timeout_s)
            self.uploads = Uploads(self.here, member.id, options.events_per_second)
        self.prices: Prices | None = None
        self._impatience = Impatience(member.connection, options.reconnect_interval_s)
        self._messages: Signal[Message] = Signal()
        self._people: Signal[list[Person]] = Signal()
        self._ticks: Signal[Price] = Signal()
        self._last_seq: int | None = None
        self._sent = 0
        self._turn = asyncio.Lock()
        self._seen = 0
        self._marking = False
        self.elsewhere: dict[UUID, Message | None] = {}  # that were asked for by their id
        self._tasks = Tasks(f"chat {session}")
        self._leave: list[Unsubscribe] = []

    # What is known of it -------------------------------------------------------------------------------------------

    @property
    def session(self) -> ChatSession | None:
        """None while nothing is known."""
        return self._sessions.get(self.id)

    @property
    def owner(self) -> bool:
        """Whether one may archive it, remove people, and delete what others said."""
        return self.role == "owner"

    @property
    def archived(self) -> bool:
        """Whether nothing is said in it any more."""
        return self.session is not None and self.session.status == "archived"

    @property
    def mark(self) -> ReadMark | None:
        """How far one has read oneself."""
        return next((mark for mark in self.reads.rows if mark.member_id == self.member.id), None)

    @property
    def placed(self) -> list[Message]:
        """The newest that the database has, the last one first."""
        return [row for row in self.messages.rows if row.seq < PENDING]

    @property
    def newest(self) -> Message | None:
        """The last one that the database has."""
        return next((row for row in self.messages.rows if row.seq < PENDING), None)

    def get(self, message: UUID) -> Message | None:
        """A message, if it is among the newest or on a page that somebody reads."""
        return self.messages.get(message) or self.pages.get(message)

    def readers(self, message: Message) -> list[UUID]:
        """Who, beside its author and oneself, has seen it."""
        return [
            mark.member_id
            for mark in self.reads.rows
            if mark.read_seq >= message.seq and mark.member_id not in (message.author_id, self.member.id)
        ]

    @property
    def typists(self) -> list[UUID]:
        """Who else is writing."""
        return sorted(self.here.typing.typists, key=str) if self.here else []

    @property
    def people(self) -> list[Person]:
        """Who is here."""
        return self.here.presence.in_order() if self.here else []

    def get_price(self, symbol: str) -> Price | None:
        """What is known of a symbol's price."""
        return self.prices.get_price(symbol) if self.prices else None

    def on_message(self, listener: Callable[[Message], None]) -> Unsubscribe:
        """T4"""
        return self._messages.subscribe(listener)

    def on_presence(self, listener: Callable[[list[Person]], None]) -> Unsubscribe:
        """`listener` is told who is here whenever that changes, and who types."""
        return self._people.subscribe(listener)

    def on_price(self, listener: Callable[[Price], None]) -> Unsubscribe:
        """`listener` is told of each price that moved."""
        return self._ticks.subscribe(listener)

    # Saying something ----------------------------------------------------------------------------------------------

    def send(
        self,
        content: str,
        *,
        id: UUID | None = None,
        reply_to: UUID | None = None,
        attachments: list[Attachment] | None = None,
        message_type: str = "text",
    ) -> Message:
        """Says something, under an id that may be given; it shows at once. T1, T2"""
        self._sent += 1
        now = datetime.now(UTC)
        above = self.get(reply_to) if reply_to else None
        files = [file.described for file in attachments or []]
        metadata: dict[str, Any] = {"attachments": files} if files else {}
        row = Message(
            id=id or uuid4(), session_id=self.id, author_id=self.member.id, role="user", message_type=message_type,
            status="sending", content=content, metadata=metadata, reply_to=reply_to, reactions={}, replies=0,
            thread=(above.thread or above.id) if above else reply_to, seq=PENDING + self._sent, spoken=0,
            edited_at=None, deleted_at=None, created_at=now, updated_at=now, version=0,
        )  # fmt: skip
        arguments = {
            "message_id": str(row.id), "session_id": str(self.id), "content": content, "message_type": message_type,
            "metadata": metadata, "reply_to": str(reply_to) if reply_to else None,
        }  # fmt: skip
        self.messages.mutations.insert(row, row.id, partial(self._in_turn, row.seq, arguments))
        if self.here:
            self.here.typing.stop()
        return row

    async def _in_turn(self, place: int, arguments: dict[str, Any]) -> Any:
        async with self._turn:  # T3
            if any(waits.row.seq < place for waits in self._unsent()):
                raise Unreachable  # it got no answer: this one waits behind it
            return await self.member.api.rpc("send_message", arguments)

    def _unsent(self) -> list[Pending]:
        """What one said and could not be sent yet."""
        mutations = self.messages.mutations
        pending = [found for key in mutations.keys() if (found := mutations.pending(key)) is not None]  # noqa: SIM118
        return [found for found in pending if found.kind == "insert" and found.waiting]

    def retry(self, message: UUID) -> None:
        """Sends one that was refused again. T2"""
        if (pending := self.messages.pending(message)) is not None:
            pending.retry()

    def discard(self, message: UUID) -> None:
        """Takes back one that was refused, or waits."""
        if (pending := self.messages.pending(message)) is not None:
            pending.discard()

    def edit(self, message: Message, content: str) -> None:
        """Says it differently."""
        changes = {"content": content, "edited_at": datetime.now(UTC)}
        self._change(message, changes, "edit_message", content=content)

    def delete(self, message: Message) -> None:
        """Takes it back; its place stays."""
        changes = {"content": "", "metadata": {}, "reactions": {}, "deleted_at": datetime.now(UTC)}
        self._change(message, changes, "delete_message")

    def react(self, message: Message, emoji: str) -> None:
        """Adds one's reaction, or takes it back."""
        me = str(self.member.id)
        reactions = reactions_of(message)
        on = me not in reactions.get(emoji, [])
        who = [*reactions.get(emoji, []), me] if on else [id for id in reactions[emoji] if id != me]
        changed = {**reactions, emoji: who}
        shown = {name: ids for name, ids in changed.items() if ids}
        self._change(message, {"reactions": shown}, "react", emoji=emoji, wanted=on)

    def _change(self, message: Message, changes: dict[str, Any], function: str, **arguments: Any) -> None:
        send = partial(self.member.api.rpc, function, {"message_id": str(message.id), **arguments})
        self.messages.mutations.update(message.id, changes, send)

    def set_typing(self, typing: bool = True) -> None:
        """One writes, or has stopped."""
        if self.here:
            self.here.typing.typing() if typing else self.here.typing.stop()

    def set_status(self, status: Status | None) -> None:
        """Be seen as online, away or offline, here and everywhere; None follows what one does."""
        self.member.set_status(status)

    # Reading -------------------------------------------------------------------------------------------------------

    def read(self, seq: int | None = None) -> None:
        """One has seen all up to this message, or the last there is. T5"""
        last = self.newest.seq if self.newest else 0
        self._seen = max(self._seen, min(seq if seq is not None else last, last))
        mark = self.mark
        if mark is not None and self._seen > mark.read_seq and not self._marking and not self.over:
            self._marking = True
            self._tasks.start(self._say_read(), "say what was read")

    async def _say_read(self) -> None:
        try:
            said = 0
            while self._seen > said and not self.over:
                said = self._seen
                with suppress(StateError):  # the next message says it again
                    await self.member.api.rpc("mark_read", {"session_id": str(self.id), "seq": said})
                await asyncio.sleep(READ_EVERY_S)
        finally:
            self._marking = False

    async def find(self, message: UUID) -> Message | None:
        """A message by its id, wherever it stands; None when it is not of this session. Raises StateError."""
        if (row := self.get(message)) is not None:
            return row
        if message not in self.elsewhere:
            where = (Where("session_id", "eq", self.id), Where("id", "eq", message))
            rows = await self.member.api.select(Query("chat_messages", where), 1)
            if len(self.elsewhere) >= PAGE:
                self.elsewhere.pop(next(iter(self.elsewhere)))
            self.elsewhere[message] = Message.model_validate(rows[0]) if rows else None
        return self.elsewhere[message]

    # People --------------------------------------------------------------------------------------------------------

    async def invite(self, username: str) -> Participant:
        """Lets somebody in by their user name. Raises StateError; Refused.hint is `username` when that is what is wrong."""
        return Participant.model_validate(await self._ask("invite_to_chat", username=username))

    def remove(self, place: Participant) -> None:
        """Removes somebody; shows at once."""
        send = partial(self._ask, "remove_from_chat", member_id=str(place.member_id))
        self.participants.mutations.delete(place.id, send)

    async def leave(self) -> None:
        """Raises StateError."""
        await self._ask("leave_chat")

    async def _ask(self, function: str, **arguments: Any) -> Any:
        return await self.member.api.rpc(function, {"session_id": str(self.id), **arguments})

    # Life ----------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """As `Area` says."""
        super().open()
        self.answers.open()
        self._leave = [
            self.messages.subscribe(self._on_messages),
            *(t.subscribe(lambda _: self.changed.emit()) for t in (self.participants, self.reads, self._sessions)),
            self._impatience.begin(),
        ]
        if self.here:
            self.here.presence.changed.subscribe(self._on_people, unsubscribe_on_delete=False)
            self._leave.append(self.here.typing.on_change(self._on_people))
        if self.options.prices:
            market, leave = use_market(self.member.world)
            self.prices = Prices(market, self.options.price_symbols, self._ticks.emit)
            self._leave += [self.prices.close, leave]

    async def close(self) -> None:
        """As `Area` says."""
        leave_all(self._leave)
        self.answers.close()
        if self.here:
            self.here.presence.changed.unsubscribe(self._on_people)
        if self.uploads:
            self.uploads.close()
        await self._tasks.close()
        await self.pages.close()
        await super().close()

    def _on_people(self) -> None:
        self._people.emit(self.people)

    def _on_messages(self, _: Batch[Message]) -> None:
        if self.messages.phase != "ready":
            return
        rows = self.messages.rows
        if self._last_seq is None:
            self._last_seq = self.newest.seq if self.newest else 0
            return
        told = self._last_seq
        new = [row for row in takewhile(lambda row: row.seq > told, rows) if row.seq < PENDING]
        for row in reversed(new):
            if row.seq != self._last_seq + 1 and row is not rows[-1]:
                break  # what is missing between comes with the next fetch
            self._last_seq = row.seq
            self._messages.emit(row)


def reactions_of(message: Message) -> dict[str, list[str]]:
    """Who reacted, by emoji; what makes no sense is left out."""
    found = message.reactions if isinstance(message.reactions, dict) else {}
    return {emoji: [str(id) for id in ids] for emoji, ids in found.items() if isinstance(ids, list)}


def use_chat(member: Member, session: UUID, options: Options = DEFAULTS) -> tuple[Chat, Unsubscribe]:
    """One session, until the returned function is called. Pages that want different parts of it get different ones."""
    return member.circles.use(f"chat {options}", KIND, session, lambda: Chat(member, session, options))
