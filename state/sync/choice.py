"""Choice: the rows of one area at a time. A page that chooses another goes on showing the last until the next is there."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, Protocol, TypeVar

from state.signal import Signal, Unsubscribe
from state.sync.mutation import Pending
from state.sync.rows import Batch, Phase, Row, Rows
from state.sync.view import View


class Showing(Protocol[Row]):
    """What is chosen: rows, and how fresh they are."""

    @property
    def rows(self) -> Rows[Row]: ...

    @property
    def view(self) -> View: ...


S = TypeVar("S", bound=Showing)
Wish = TypeVar("Wish")


class Choice(Generic[S, Wish, Row]):
    """`use` gives the area of a wish, and what leaves it. They are Rows, like those of any table."""

    def __init__(self, use: Callable[[Wish], tuple[S, Unsubscribe]], wish: Wish) -> None:
        self.wish = wish  # what was chosen last
        self._use = use
        self._listeners: Signal[Batch[Row]] = Signal()
        self.shown, self._leave = use(wish)
        self._coming: tuple[S, Unsubscribe] | None = None
        self._unsubscribe = self.shown.rows.subscribe(self._listeners.emit)
        self._stop: Unsubscribe = lambda: None

    @property
    def view(self) -> View:
        """How fresh the rows are."""
        return self.shown.view

    @property
    def settled(self) -> bool:
        """Whether what was chosen last is shown."""
        return self._coming is None and self.phase != "loading"

    def choose(self, wish: Wish) -> None:
        """Shows the rows of another wish as soon as they are there."""
        if wish == self.wish:
            return
        self._give_up()
        self.wish = wish
        area, leave = self._use(wish)
        self._coming = area, leave
        self._stop = area.rows.subscribe(lambda _: self._arrived())
        self._arrived()

    def close(self) -> None:
        """Nobody looks any more."""
        self._give_up()
        self._unsubscribe()
        self._leave()

    def _arrived(self) -> None:
        if self._coming is None or self._coming[0].rows.phase == "loading":
            return
        self._stop()
        self._unsubscribe()
        self._leave()
        (self.shown, self._leave), self._coming = self._coming, None
        self._unsubscribe = self.shown.rows.subscribe(self._listeners.emit)
        self._listeners.emit(Batch())

    def _give_up(self) -> None:
        if self._coming is not None:
            self._stop()
            self._coming[1]()
            self._coming = None

    # Rows ----------------------------------------------------------------------------------------------------------

    @property
    def rows(self) -> Sequence[Row]:
        """In their order."""
        return self.shown.rows.rows

    @property
    def phase(self) -> Phase:
        """Of what is shown."""
        return self.shown.rows.phase

    @property
    def error(self) -> str | None:
        """Why it did not load."""
        return self.shown.rows.error

    @property
    def complete(self) -> bool:
        """False: there are more."""
        return self.shown.rows.complete

    def get(self, key: Hashable) -> Row | None:
        """One of them."""
        return self.shown.rows.get(key)

    def subscribe(self, listener: Callable[[Batch[Row]], None]) -> Unsubscribe:
        """As LiveTable does; what is shown after `choose` comes with an empty batch."""
        return self._listeners.subscribe(listener)

    async def load_more(self) -> None:
        """The next page. Raises StateError."""
        await self.shown.rows.load_more()

    def pending(self, key: Hashable) -> Pending | None:
        """The unconfirmed write to a row, if any."""
        return self.shown.rows.pending(key)
