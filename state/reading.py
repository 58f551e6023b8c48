"""Reading: the messages of a chat around where one reads it, however many there are.

At the end of a chat one sees `Chat.messages`, the newest. Further back one sees pages: page n has the messages whose `seq` is
n * PAGE + 1 to (n + 1) * PAGE, which stays so for ever. Each is a `LiveTable`, so what is shown of the past is as right as
what is shown of the present. All tabs of a member share the pages that any of them holds.

R1  What is shown is without a hole: pages in a row, and the newest messages only while they follow on the last page.
R2  At most `MOST` pages are held; a page more at one end is a page less at the other.
R3  A page is shown when all of it has come; what was wanted before something else was wanted is not shown any more.
R4  Whoever does not stand at the end is not pushed: what they look at stays, whatever is said meanwhile. Who stands at the
    end sees whatever is said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from state.errors import StateError, Unreachable
from state.models import Message
from state.signal import Signal, Unsubscribe, leave_all
from state.sync.live_table import LiveTable
from state.sync.mutation import Pending
from state.sync.query import Order, Query, Where
from state.sync.rows import Batch, Phase
from state.sync.union import Union
from state.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from state.chat import Chat

PAGE = 60
MOST = 6  # pages
REPLIES = 200  # of a thread, until more of it are asked for


def page_of(seq: int) -> int:
    """On which page a message stands."""
    return (seq - 1) // PAGE


@dataclass(frozen=True)
class Span:
    """Pages in a row; those from `first` to `last`."""

    first: int
    last: int

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.last + 1))

    @property
    def top(self) -> int:
        """The largest `seq` on it."""
        return (self.last + 1) * PAGE

    def older(self) -> Span:
        """With a page more of the past. R2"""
        first = max(0, self.first - 1)
        return Span(first, min(self.last, first + MOST - 1))

    def newer(self) -> Span:
        """With a page more towards the end. R2"""
        last = self.last + 1
        return Span(max(self.first, last - MOST + 1), last)

    @staticmethod
    def around(seq: int, newest: int) -> Span:
        """The page of this message, and one on either side."""
        page = page_of(seq)
        return Span(max(0, page - 1), max(page, min(page + 1, page_of(newest))))


class Pages:
    """The pages that anybody holds, by number."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._tables: dict[int, LiveTable[Message]] = {}
        self._users: dict[int, int] = {}
        self._tasks = Tasks(f"chat {chat.id}")

    def __len__(self) -> int:
        return len(self._tables)

    def get(self, id: Hashable) -> Message | None:
        """A message, if it stands on one of them."""
        return next((row for table in self._tables.values() if (row := table.get(id)) is not None), None)

    def use(self, number: int) -> LiveTable[Message]:
        """A page, until it is left as often as it was used."""
        self._users[number] = self._users.get(number, 0) + 1
        if number not in self._tables:
            bounds = (Where("seq", "gt", number * PAGE), Where("seq", "lte", (number + 1) * PAGE))
            of_page = Query("chat_messages", (self._chat.of_session, *bounds), (Order("seq", True, "never"),))
            table = self._chat.table(of_page, Message, limit=PAGE + 1, outbox=self._chat.messages)  # it is never full
            self._tables[number] = table
            table.open()
        return self._tables[number]

    def leave(self, number: int) -> None:
        """The last who leaves it closes it."""
        self._users[number] -= 1
        if not self._users[number]:
            del self._users[number]
            self.close_soon(self._tables.pop(number))

    def close_soon(self, table: LiveTable[Message]) -> None:
        """Closes a table of the chat's that nobody looks at any more."""
        self._tasks.start(self._chat.drop(table), "close a page")

    async def close(self) -> None:
        """The chat closes those that are left."""
        await self._tasks.close()


class Reading:
    """One view of a chat, as Rows: the newest message first. The view says where it `stands`, and closes it at the end."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._span: Span | None = None  # None: the newest alone
        self._tables: dict[int, LiveTable[Message]] = {}
        self._rows: list[Message] = []
        self._by_id: dict[Hashable, Message] = {}
        self._joined = True
        self._at_end, self._below_half = True, True
        self._wish = 0
        self._listeners: Signal[Batch[Message]] = Signal()
        self._leave: list[Unsubscribe] = []
        self._going = 0
        self._tasks = Tasks(f"chat {chat.id}")
        self._leave_newest = chat.messages.subscribe(self._on_batch)
        self._show()

    # As Rows -------------------------------------------------------------------------------------------------------

    @property
    def rows(self) -> Sequence[Message]:
        """The newest first; what one has said and is not sent yet before it, if the end is shown."""
        return self._rows

    @property
    def phase(self) -> Phase:
        """Of the newest."""
        return self._chat.messages.phase

    @property
    def error(self) -> str | None:
        """Why they did not come."""
        return self._chat.messages.error

    @property
    def complete(self) -> bool:
        """Whether the first message is among them."""
        return self._chat.messages.complete if self._span is None else self._span.first == 0

    @property
    def ends(self) -> bool:
        """Whether the last message is among them."""
        return self._joined

    def get(self, key: Hashable) -> Message | None:
        """One of them."""
        return self._by_id.get(key)

    def pending(self, key: Hashable) -> Pending | None:
        """The unconfirmed write to it."""
        return self._chat.messages.pending(key)

    def subscribe(self, listener: Callable[[Batch[Message]], None]) -> Unsubscribe:
        """As LiveTable does."""
        return self._listeners.subscribe(listener)

    async def load_more(self) -> None:
        """A page more of the past. Raises StateError."""
        if not self.complete and (around := self._around()) is not None:
            await self._go(around.older() if self._span else around)

    # Where one reads -----------------------------------------------------------------------------------------------

    async def newer(self) -> None:
        """A page more towards the end. Raises StateError."""
        if self._span is not None and not self._joined:
            await self._go(self._span.newer())

    async def reach(self, seq: int) -> bool:
        """Goes to a message, however far it is; whether it is there. Raises StateError."""
        newest = self._chat.newest
        if newest is None or seq > newest.seq:
            self.end()
        elif not any(row.seq == seq for row in self._rows):
            self._at_end = self._below_half = False
            await self._go(Span.around(seq, newest.seq))
        return any(row.seq == seq for row in self._rows)

    def end(self) -> None:
        """Goes to the newest messages."""
        self._at_end = self._below_half = True
        self._wish += 1
        self._take(None, {})

    def stands(self, *, at_end: bool, below_half: bool) -> None:
        """Where the view is: at the very end of what is shown, or at least in the half of it that is nearer to it. R4"""
        self._at_end, self._below_half = at_end and self._joined, below_half
        self._on_batch() if self._left_behind else self._keep_up()

    def close(self) -> None:
        """Holds nothing any more."""
        self._leave_newest()
        self._tasks.cancel()
        self.end()
        self._rows, self._by_id = [], {}

    def _around(self) -> Span | None:
        """The pages that have what is shown, and are held already or shall be."""
        if self._span is not None:
            return self._span
        placed = self._chat.placed
        return Span(max(0, page_of(placed[-1].seq) - 1), page_of(placed[0].seq)) if placed else None

    async def _go(self, span: Span) -> None:
        self._wish += 1
        wish = self._wish
        tables = {number: self._chat.pages.use(number) for number in span}
        self._going += 1
        try:
            for table in tables.values():
                await _come(table)
        except BaseException:
            self._drop(tables)
            raise
        finally:
            self._going -= 1
        if wish == self._wish:
            self._at_end = self._at_end and self._chat.newest is not None and self._chat.newest.seq <= span.top
            self._take(span, tables)
        else:
            self._drop(tables)  # R3

    def _take(self, span: Span | None, tables: dict[int, LiveTable[Message]]) -> None:
        self._change(span, tables)
        self._on_batch()

    def _change(self, span: Span | None, tables: dict[int, LiveTable[Message]]) -> None:
        leave_all(self._leave)
        self._leave = [table.subscribe(self._on_batch) for table in tables.values()]
        before, self._tables, self._span = self._tables, tables, span
        self._drop(before)

    def _drop(self, tables: dict[int, LiveTable[Message]]) -> None:
        for number in tables:
            self._chat.pages.leave(number)

    # What is shown -------------------------------------------------------------------------------------------------

    def _on_batch(self, _: Batch[Message] | None = None) -> None:
        if self._left_behind:
            self._change(None, {})
        self._listeners.emit(self._show())
        self._keep_up()

    @property
    def _left_behind(self) -> bool:
        """Whoever stands at the end goes with the newest messages, once these have left the pages. R4"""
        newest = self._chat.newest
        return self._at_end and self._span is not None and newest is not None and newest.seq > self._span.top

    def _show(self) -> Batch[Message]:
        newest, rows = self._chat.messages, self._chat.messages.rows
        if self._span is None:
            self._joined = True
        else:
            found = {row.id: row for table in self._tables.values() for row in table.rows}
            placed = self._chat.placed
            self._joined = newest.complete or (bool(placed) and placed[-1].seq <= self._span.top + 1)  # R1
            for row in rows if self._joined else ():
                if (held := found.get(row.id)) is None or held.version <= row.version:
                    found[row.id] = row
            rows = sorted(found.values(), key=lambda row: row.seq, reverse=True)
        before = self._by_id
        self._rows = [row if (was := before.get(row.id)) is None or was is row or was != row else was for row in rows]
        self._by_id = {row.id: row for row in self._rows}
        batch: Batch[Message] = Batch(deleted=[row for id, row in before.items() if id not in self._by_id])
        for row in self._rows:
            if (was := before.get(row.id)) is not row:
                (batch.inserted if was is None else batch.updated).append(row)
        return batch

    def _keep_up(self) -> None:
        """Whoever does not stand at the end gets pages under them before the newest messages move on, unless they are far
        behind. R4"""
        newest = self._chat.newest
        if newest is None or self._going or self._at_end:
            return
        if self._span is None:
            self._go_on(Span(page_of(self._chat.placed[-1].seq), page_of(newest.seq)))
        elif self._joined and newest.seq > self._span.top and (self._below_half or len(self._tables) < MOST):
            self._go_on(self._span.newer())

    def _go_on(self, span: Span) -> None:
        async def go() -> None:
            if not self._going:  # whatever was asked for meanwhile
                with suppress(StateError):  # with the next message it is tried again
                    await self._go(span)

        self._tasks.start(go(), "hold what is read")


async def _come(table: LiveTable[Message]) -> None:
    """Waits until the rows of a page are there. Raises StateError."""
    told = asyncio.Event()
    leave = table.subscribe(lambda _: told.set())
    try:
        while table.phase == "loading":
            told.clear()
            await told.wait()
    finally:
        leave()
    if table.phase == "failed":
        raise Unreachable(table.error)


class Thread:
    """A message, and what was replied to it: all of it, however far apart. The newest first."""

    def __init__(self, chat: Chat, root: UUID) -> None:
        self._chat = chat
        newest_first = (Order("seq", True, "never"),)
        self._tables = [
            chat.table(
                Query("chat_messages", (chat.of_session, where), newest_first),
                Message,
                limit=REPLIES,
                outbox=chat.messages,
            )
            for where in (Where("id", "eq", root), Where("thread", "eq", root))
        ]
        self.rows: Union[Message] = Union(
            [chat.messages, *self._tables],
            sort_key=lambda row: (-row.seq,),
            keep=lambda row: root in (row.id, row.thread),
        )

    @property
    def complete(self) -> bool:
        """Whether all of it is there."""
        return self._tables[-1].complete

    async def open(self) -> None:
        """Returns when it is there. Raises StateError."""
        self.rows.open()
        for table in self._tables:
            table.open()
        for table in self._tables:
            await _come(table)

    async def load_more(self) -> bool:
        """Earlier replies; whether there may be more. Raises StateError."""
        await self._tables[-1].load_more()
        return not self.complete

    def close(self) -> None:
        """Holds nothing any more."""
        self.rows.close()
        for table in self._tables:
            self._chat.pages.close_soon(table)
