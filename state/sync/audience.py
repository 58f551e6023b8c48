"""Audience: the pages that depend on something, and whether anybody looks at them. Nobody polls for an empty room."""

from __future__ import annotations

from collections.abc import Callable

from state.signal import Signal, Unsubscribe


class Seat:
    """One open page. `see` says whether anybody looks at it; `leave` is called once, when it is gone."""

    def __init__(self, audience: Audience) -> None:
        self.seen = True
        self._audience = audience

    def see(self, seen: bool) -> None:
        """The browser says that the page was shown or hidden."""
        if seen != self.seen:
            self.seen = seen
            self._audience._changed.emit(None)

    def leave(self) -> None:
        """The page is gone."""
        self._audience._seats.discard(self)
        self._audience._changed.emit(None)


class Audience:
    """`len` is the number of open pages."""

    def __init__(self) -> None:
        self._seats: set[Seat] = set()
        self._changed: Signal[None] = Signal()

    def __len__(self) -> int:
        return len(self._seats)

    @property
    def looking(self) -> bool:
        """Whether any page is open and visible."""
        return any(seat.seen for seat in self._seats)

    def enter(self) -> Seat:
        """A page was opened."""
        seat = Seat(self)
        self._seats.add(seat)
        self._changed.emit(None)
        return seat

    def on_change(self, listener: Callable[[], None]) -> Unsubscribe:
        """`listener` is called whenever a page comes or goes, is shown or hidden."""
        return self._changed.subscribe(lambda _: listener())
