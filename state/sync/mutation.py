"""Mutation: writes that show at once, are sent in order, and can be taken back.

M1  Writes to one row are sent one after the other, in the order they were made.
M2  An insert carries an id made here, so sending it twice is sending it once; its echo or its answer, whichever comes
    first, confirms it.
M3  A refused insert stays, marked with the reason, until it is retried or discarded. A refused update or delete is
    taken back: the row is again as it would be without it, with what others did to it in the meantime.
M4  What gets no answer waits, and says so (`waiting`), until it is sent or discarded. While anything waits, writes are
    sent one at a time in the order they were made, whatever their rows: again with backoff, and at once when somebody
    calls `wake`. Too many requests are no silence: the time that was asked for passes first.
M5  A write that alone gets no answer holds up its row and no other: two in a row must be silent before the rest is
    spared the attempt, and the second is the one that was tried least.
M6  Between the answer and the echo no older state is shown: the answer is applied before the write is taken out.
M7  At most `MAX_WRITES` are unconfirmed; what is written beyond that is refused.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel

from state.errors import RateLimited, StateError, Unreachable
from state.tasks import Tasks, within

Row = TypeVar("Row", bound=BaseModel)
Kind: TypeAlias = Literal["insert", "update", "delete"]
Send: TypeAlias = Callable[[], Awaitable[dict[str, Any] | None]]
Sleep: TypeAlias = Callable[[float, asyncio.Event], Awaitable[object]]

FIRST_BACKOFF_S = 0.5
LAST_BACKOFF_S = 8.0
SILENT = 2  # M5
MAX_WRITES = 1_000
FULL = "Too many changes wait for the connection already"

log = logging.getLogger("starling.sync")


@dataclass(eq=False)
class Pending:
    """One write that the database has not confirmed.

    `failed` is the reason, as a sentence, once it was refused; `waiting`: there is no answer, and it will be sent again.
    """

    key: Hashable
    kind: Kind
    send: Send
    changes: dict[str, Any] = field(default_factory=dict)
    row: Any = None
    failed: str | None = None
    waiting: bool = False
    hold: asyncio.Event | None = None  # a delete that can still be undone waits for this
    _number: int = 0  # in the order of all writes to the table
    _silences: int = 0
    _mutations: Any = None

    def retry(self) -> None:
        """Sends a failed write again, under the same id."""
        self._mutations.retry(self)

    def discard(self) -> None:
        """Takes a failed, waiting or held write back as if it had never been made; a delete on its way is past that."""
        self._mutations.discard(self)


class Mutations(Generic[Row]):
    """The unconfirmed writes to one table.

    `touch(key)` is called when what a row should look like changed; `confirm(record)` with the database's answer to an
    insert or update, `gone(key)` after a delete; `refused(sentence)` when a write was given up.
    """

    def __init__(
        self,
        *,
        touch: Callable[[Hashable], None],
        confirm: Callable[[dict[str, Any]], None],
        gone: Callable[[Hashable], None],
        refused: Callable[[str], None],
        sleep: Sleep = within,
    ) -> None:
        self._touch = touch
        self._confirm = confirm
        self._gone = gone
        self._refused = refused
        self._sleep = sleep
        self._lines: dict[Hashable, deque[Pending]] = {}
        self._sending: set[Hashable] = set()  # lines that have a task
        self._waiting: set[Hashable] = set()  # lines that `_replay` sends
        self._stirred = asyncio.Event()
        self._replaying = False
        self._retry_after_s = 0.0
        self._made = 0
        self._tasks = Tasks("mutations")

    def insert(self, row: Row, key: Hashable, send: Send) -> Pending:
        """Shows `row` until the database has it."""
        return self._add(Pending(key, "insert", send, row=row))

    def update(self, key: Hashable, changes: dict[str, Any], send: Send) -> Pending:
        """Shows the row with `changes`, whatever else happens to it."""
        return self._add(Pending(key, "update", send, changes=changes))

    def delete(self, key: Hashable, send: Send, *, hold_s: float = 0.0) -> Pending:
        """Hides the row at once and deletes it after `hold_s` seconds, during which `discard` undoes it."""
        pending = Pending(key, "delete", send)
        if hold_s:
            pending.hold = asyncio.Event()
            self._tasks.start(self._release(pending.hold, hold_s), f"hold delete of {key}")
        return self._add(pending)

    def pending(self, key: Hashable) -> Pending | None:
        """The write to show beside a row: a failed one before any other."""
        line = self._lines.get(key, ())
        return next((p for p in line if p.failed), None) or (line[-1] if line else None)

    @property
    def waiting(self) -> int:
        """How many rows have writes that wait for the connection."""
        return len(self._waiting)

    @property
    def unconfirmed(self) -> int:
        """How many writes the database has not confirmed, refused ones among them."""
        return sum(map(len, self._lines.values()))

    def wake(self) -> None:
        """There is a connection: what waits is sent at once."""
        if self._waiting:
            self._stirred.set()

    def keys(self) -> list[Hashable]:
        """Of all rows with unconfirmed writes."""
        return list(self._lines)

    def fold(self, key: Hashable, held: Row | None) -> Row | None:
        """The row as it should look: `held`, with the unconfirmed writes on top."""
        row = held
        for pending in self._lines.get(key, ()):
            match pending.kind:
                case "insert":
                    row = row if held is not None else pending.row
                case "update":
                    row = row and row.model_copy(update=pending.changes)
                case "delete":
                    row = None
        return row

    def retry(self, pending: Pending) -> None:
        """See Pending.retry."""
        if pending.failed is None:
            return
        pending.failed = None
        if pending in self._lines.get(pending.key, ()):
            self._touch(pending.key)
            self._run(pending.key)
        else:  # M7
            self._add(pending)

    def discard(self, pending: Pending) -> None:
        """See Pending.discard. What was written on top of a discarded insert goes with it."""
        if pending.kind != "delete" or (pending.hold is not None and not pending.hold.is_set()):
            self._take_back(pending)

    def _take_back(self, pending: Pending) -> None:
        line = self._lines.get(pending.key)
        if line is None or pending not in line:
            return
        if pending.kind == "insert":
            line.clear()
        else:
            line.remove(pending)
        if pending.hold is not None:
            pending.hold.set()
        self._settle(pending.key)
        if pending.key in self._waiting:
            self._move_on(pending.key)
            self._stirred.set()

    async def flush(self) -> None:
        """Sends what is held back for an undo or waits, and returns when nothing is unsent."""
        self.wake()
        for line in self._lines.values():
            for pending in line:
                if pending.hold is not None:
                    pending.hold.set()
        await self._tasks.wait()

    def forget(self) -> None:
        """Gives up everything that was not confirmed, without a word."""
        self._lines.clear()
        self._tasks.cancel()

    async def close(self) -> None:
        """Ends all sending."""
        await self._tasks.close()

    def _add(self, pending: Pending) -> Pending:
        pending._mutations = self
        if self.unconfirmed >= MAX_WRITES:  # M7
            pending.failed = FULL
            self._refused(FULL)
            return pending
        self._made += 1
        pending._number = self._made
        pending.waiting = pending.key in self._waiting
        self._lines.setdefault(pending.key, deque()).append(pending)
        self._touch(pending.key)
        self._run(pending.key)
        return pending

    def _run(self, key: Hashable) -> None:
        if key not in self._sending and key not in self._waiting:  # M1
            self._sending.add(key)
            self._tasks.start(self._send_line(key), f"send writes to {key}")

    async def _send_line(self, key: Hashable) -> None:
        try:
            while (pending := await self._next(key)) is not None:
                if self._waiting:  # M4
                    self._let_wait(key)
                    self._stirred.set()
                    return
                if not await self._attempt(pending):
                    self._let_wait(key)
                    return
        finally:
            self._sending.discard(key)

    async def _next(self, key: Hashable) -> Pending | None:
        """The write to send, when it may be; None: nothing is left, or it was refused and stays."""
        while line := self._lines.get(key):
            pending = line[0]
            if pending.failed is not None:
                return None
            if pending.hold is not None:
                await pending.hold.wait()
            if self._is_first(pending):  # not undone
                return pending
        return None

    async def _attempt(self, pending: Pending) -> bool:
        """Sends a write once; False: there is no answer."""
        try:
            record = await pending.send()
        except Unreachable as error:
            pending._silences += 1
            if isinstance(error, RateLimited):
                self._retry_after_s = error.retry_after_s
            return not self._is_first(pending)  # discarded: nothing to wait for
        except StateError as error:
            self._give_up(pending, str(error))
            return True
        except Exception:
            log.exception("A write to %s stumbled", pending.key)
            self._give_up(pending, "Something unexpected happened")
            return True
        try:
            if pending.kind == "delete":
                self._gone(pending.key)
            elif record is not None:
                self._confirm(record)
        except Exception:  # the database has it all the same, and the next fetch will show it
            log.exception("The answer to a write to %s could not be read", pending.key)
        if self._is_first(pending):  # M6
            self._lines[pending.key].popleft()
            self._settle(pending.key)
        return True

    # Without a connection ------------------------------------------------------------------------------------------

    def _let_wait(self, key: Hashable) -> None:
        if key not in self._lines:
            return
        self._waiting.add(key)
        self._show_waiting(key, True)
        if not self._replaying:
            self._replaying = True
            self._stirred.clear()
            self._tasks.start(self._replay(), "replay")

    def _show_waiting(self, key: Hashable, waiting: bool) -> None:
        for pending in self._lines.get(key, ()):
            pending.waiting = waiting
        self._touch(key)

    async def _replay(self) -> None:
        """M4."""
        silences = 0
        try:
            while self._waiting:
                pause = random.uniform(0.5, 1.0) * min(LAST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** min(silences, 10))
                limit, self._retry_after_s = self._retry_after_s, 0.0
                await self._sleep(max(pause, limit), asyncio.Event() if limit else self._stirred)
                self._stirred.clear()
                silences = 0 if await self._pass() else silences + 1
        finally:
            self._replaying = False

    async def _pass(self) -> bool:
        """Sends what waits, in order, until it falls silent; whether anything was answered. M5."""
        silent: set[Hashable] = set()
        in_a_row, answered = 0, False
        while heads := [line[0] for key in self._waiting - silent if (line := self._lines.get(key))]:
            pending = min(heads, key=lambda head: (head._silences if in_a_row else 0, head._number))
            if await self._attempt(pending):
                in_a_row, answered = 0, True
                self._move_on(pending.key)
                continue
            silent.add(pending.key)
            in_a_row += 1
            if in_a_row == SILENT or self._retry_after_s:
                break
        return answered

    def _move_on(self, key: Hashable) -> None:
        """What is next in a line that was answered waits no longer, if it is refused, held, or not there."""
        line = self._lines.get(key)
        if line and line[0].failed is None and line[0].hold is None:
            return
        self._waiting.discard(key)
        if line:
            self._show_waiting(key, False)
            self._run(key)

    def _give_up(self, pending: Pending, reason: str) -> None:
        pending.waiting = False
        if pending.kind == "insert":
            pending.failed = reason
            self._touch(pending.key)
        else:
            self._take_back(pending)
        self._refused(reason)

    def _is_first(self, pending: Pending) -> bool:
        line = self._lines.get(pending.key)
        return bool(line) and line[0] is pending

    def _settle(self, key: Hashable) -> None:
        if key in self._lines and not self._lines[key]:
            del self._lines[key]
        self._touch(key)

    async def _release(self, hold: asyncio.Event, after_s: float) -> None:
        await within(after_s, hold)
        hold.set()
