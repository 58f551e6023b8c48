"""Signal: listeners to one thing. One that raises is logged; the others, and the next value, are served."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar

log = logging.getLogger("starling")

T = TypeVar("T")
Unsubscribe: TypeAlias = Callable[[], None]


def leave_all(subscriptions: list[Unsubscribe]) -> None:
    """Calls them in order, and empties the list."""
    while subscriptions:
        subscriptions.pop(0)()


class Signal(Generic[T]):
    """`subscribe` returns the unsubscribe; calling that twice is harmless."""

    def __init__(self) -> None:
        self._listeners: dict[int, Callable[[T], None]] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._listeners)

    def subscribe(self, listener: Callable[[T], None]) -> Unsubscribe:
        """Until the returned function is called."""
        number = self._next
        self._next += 1
        self._listeners[number] = listener
        return lambda: self._listeners.pop(number, None) and None

    def emit(self, value: T) -> None:
        """Calls everybody who is subscribed."""
        for listener in list(self._listeners.values()):
            try:
                listener(value)
            except Exception:
                log.exception("A listener failed")
