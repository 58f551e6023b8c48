"""Rows: what pages watch. A LiveTable is one, a Union of several is one; a page cannot tell the difference."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, Protocol, TypeAlias, TypeVar

from state.sync.mutation import Pending

Row = TypeVar("Row")
Unsubscribe: TypeAlias = Callable[[], None]
Phase: TypeAlias = Literal["loading", "ready", "failed"]

log = logging.getLogger("starling.sync")


@dataclass(frozen=True)
class Batch(Generic[Row]):
    """What became different since the last batch. Empty: only `phase`, `complete` or a pending state did."""

    inserted: list[Row] = field(default_factory=list)
    updated: list[Row] = field(default_factory=list)
    deleted: list[Row] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.inserted or self.updated or self.deleted)


class Rows(Protocol[Row]):
    """Rows in order, and a batch whenever they change. Unchanged rows are the same objects."""

    @property
    def rows(self) -> Sequence[Row]: ...

    @property
    def phase(self) -> Phase: ...

    @property
    def error(self) -> str | None: ...

    @property
    def complete(self) -> bool: ...

    def get(self, key: Hashable) -> Row | None: ...

    def subscribe(self, listener: Callable[[Batch[Row]], None]) -> Unsubscribe: ...

    async def load_more(self) -> None: ...

    def pending(self, key: Hashable) -> Pending | None: ...


class Listeners(Generic[Row]):
    """Who wants to hear of batches. One that raises is logged and hears the next one all the same."""

    def __init__(self) -> None:
        self._listeners: dict[int, Callable[[Batch[Row]], None]] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._listeners)

    def subscribe(self, listener: Callable[[Batch[Row]], None]) -> Unsubscribe:
        """Returns the unsubscribe; calling it twice is harmless."""
        number = self._next
        self._next += 1
        self._listeners[number] = listener
        return lambda: self._listeners.pop(number, None) and None

    def tell(self, batch: Batch[Row]) -> None:
        """Calls everybody who is subscribed."""
        for listener in list(self._listeners.values()):
            try:
                listener(batch)
            except Exception:
                log.exception("A listener failed on a batch")
