"""Audience: the pages that depend on something, and whether anybody looks at them. Nobody polls for an empty room.

A page is `seen` while it is not hidden, and `active` while there was input lately; what that means the browser says
(`components/static/session.js`).
"""

from __future__ import annotations

from collections.abc import Callable

from state.signal import Signal, Unsubscribe


class Seat:
    """One open page. `see` and `act` say what the browser says of it; `leave` is called once, when it is gone."""

    def __init__(self, audience: Audience, page: str | None, turn: int) -> None:
        self.seen = True
        self.active = True
        self.connected = True  # False while its browser may come back to it, but most likely went on to another page
        self.page = page
        self.turn = turn  # the higher, the later somebody turned to it
        self._audience = audience

    def see(self, seen: bool) -> None:
        """The browser says that the page was shown or hidden."""
        if seen != self.seen:
            self.seen = seen
            self._audience._turned(self, seen)

    def act(self, active: bool) -> None:
        """The browser says that there was no input for a while, or that there is again."""
        if active != self.active:
            self.active = active
            self._audience._turned(self, active)

    def leave(self) -> None:
        """The page is gone."""
        self._audience._seats.discard(self)
        self._audience._changed.emit(None)


class Audience:
    """`len` is the number of open pages."""

    def __init__(self) -> None:
        self._seats: set[Seat] = set()
        self._changed: Signal[None] = Signal()
        self._turns = 0

    def __len__(self) -> int:
        return len(self._seats)

    @property
    def looking(self) -> bool:
        """Whether any page is open and visible."""
        return any(seat.seen for seat in self._seats)

    @property
    def active(self) -> bool:
        """Whether somebody is at any visible page."""
        return any(seat.seen and seat.active for seat in self._seats)

    @property
    def page(self) -> str | None:
        """The path of the page that they turned to last; of a hidden one only when all are."""
        last = max(self._seats, key=lambda seat: (seat.seen, seat.turn), default=None)
        return last.page if last else None

    def shows(self, page: str | None) -> bool:
        """Whether the page with this path is before somebody's eyes."""
        return page is not None and any(seat.connected and seat.seen and seat.page == page for seat in self._seats)

    @property
    def attended(self) -> bool:
        """Whether somebody is at any page that is before their eyes, one that they have just left not counted."""
        return any(seat.connected and seat.seen and seat.active for seat in self._seats)

    def enter(self, page: str | None = None) -> Seat:
        """A page was opened; `page` is its path."""
        self._turns += 1
        seat = Seat(self, page, self._turns)
        self._seats.add(seat)
        self._changed.emit(None)
        return seat

    def _turned(self, seat: Seat, towards: bool) -> None:
        if towards:
            self._turns += 1
            seat.turn = self._turns
        self._changed.emit(None)

    def on_change(self, listener: Callable[[], None]) -> Unsubscribe:
        """`listener` is called whenever a page comes or goes, is shown or hidden."""
        return self._changed.subscribe(lambda _: listener())
