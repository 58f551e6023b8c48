"""Mutation: writes that show at once, are sent in order, and can be taken back.

M1  Writes to one row are sent one after the other, in the order they were made.
M2  An insert carries an id made here, so sending it twice is sending it once; its echo or its answer, whichever comes
    first, confirms it.
M3  A refused insert stays, marked with the reason, until it is retried or discarded. A refused update or delete is
    taken back: the row is again as it would be without it, with what others did to it in the meantime.
M4  What gets no answer is sent again, with backoff, `ATTEMPTS` times; then it counts as refused.
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

from state.errors import StateError, Unreachable
from state.tasks import Tasks

Row = TypeVar("Row", bound=BaseModel)
Kind: TypeAlias = Literal["insert", "update", "delete"]
Send: TypeAlias = Callable[[], Awaitable[dict[str, Any] | None]]
Sleep: TypeAlias = Callable[[float], Awaitable[None]]

ATTEMPTS = 6
FIRST_BACKOFF_S = 0.5
LAST_BACKOFF_S = 8.0

log = logging.getLogger("starling.sync")


@dataclass(eq=False)
class Pending:
    """One write that the database has not confirmed. `failed` is its reason, as a sentence, once it was refused."""

    key: Hashable
    kind: Kind
    send: Send
    changes: dict[str, Any] = field(default_factory=dict)
    row: Any = None
    failed: str | None = None
    hold: asyncio.Event | None = None  # a delete that can still be undone waits for this
    _mutations: Any = None

    def retry(self) -> None:
        """Sends a failed write again, under the same id."""
        self._mutations.retry(self)

    def discard(self) -> None:
        """Takes a failed or held write back as if it had never been made; a delete on its way is past that."""
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
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._touch = touch
        self._confirm = confirm
        self._gone = gone
        self._refused = refused
        self._sleep = sleep
        self._lines: dict[Hashable, deque[Pending]] = {}
        self._sending: set[Hashable] = set()
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
        self._touch(pending.key)
        self._run(pending.key)

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

    async def flush(self) -> None:
        """Sends what is held back for an undo, and waits until nothing is in flight."""
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
        line = self._lines.setdefault(pending.key, deque())
        line.append(pending)
        self._touch(pending.key)
        self._run(pending.key)
        return pending

    def _run(self, key: Hashable) -> None:
        if key not in self._sending:  # M1
            self._sending.add(key)
            self._tasks.start(self._send_line(key), f"send writes to {key}")

    async def _send_line(self, key: Hashable) -> None:
        try:
            await self._send_all(key)
        finally:
            self._sending.discard(key)

    async def _send_all(self, key: Hashable) -> None:
        while line := self._lines.get(key):
            pending = line[0]
            if pending.failed is not None:
                return  # waits for retry or discard
            if pending.hold is not None:
                await pending.hold.wait()
            if not self._is_first(pending):  # undone
                continue
            try:
                record = await self._send(pending)
                if pending.kind == "delete":
                    self._gone(key)
                elif record is not None:
                    self._confirm(record)
            except StateError as error:
                self._give_up(pending, str(error))
                continue
            except Exception:
                log.exception("A write to %s stumbled", key)
                self._give_up(pending, "Something unexpected happened")
                continue
            if self._is_first(pending):
                self._lines[key].popleft()
                self._settle(key)

    async def _send(self, pending: Pending) -> dict[str, Any] | None:
        for attempt in range(ATTEMPTS):
            try:
                return await pending.send()
            except Unreachable:
                if attempt == ATTEMPTS - 1:
                    raise
                await self._sleep(random.uniform(0.5, 1.0) * min(LAST_BACKOFF_S, FIRST_BACKOFF_S * 2**attempt))
        raise AssertionError("unreachable")

    def _give_up(self, pending: Pending, reason: str) -> None:
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
        try:
            async with asyncio.timeout(after_s):
                await hold.wait()
        except TimeoutError:
            hold.set()
