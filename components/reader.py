"""Reader: of a long list the part that one reader has got to, as rows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from components.excerpt import Excerpt
from state.signal import Signal, Unsubscribe
from state.sync.query import SortKey
from state.sync.rows import Batch, Row, Rows


class Reader(Excerpt[Row]):
    """The first `page` of `rows`, and as many more with each `load_more`: what others have loaded into rows that are
    shared costs this reader nothing. What comes in front does not push anything out at the end. `close` ends it."""

    def __init__(self, rows: Rows[Row], sort_key: Callable[[Row], SortKey], page: int) -> None:
        super().__init__(rows)
        self._sort_key, self._page = sort_key, page
        self._end: SortKey | None = None  # the last row that is shown; None: nothing to end at yet
        self._changed: Signal[Batch[Row]] = Signal()
        self._leave = rows.subscribe(self._on_batch)
        self._go_on()

    def close(self) -> None:
        """Follows no longer."""
        self._leave()

    @property
    def rows(self) -> Sequence[Row]:
        return self._behind.rows[: self._number]

    @property
    def complete(self) -> bool:
        return self._behind.complete and self._number == len(self._behind.rows)

    def subscribe(self, listener: Callable[[Batch[Row]], None]) -> Unsubscribe:
        return self._changed.subscribe(listener)

    async def load_more(self) -> None:
        """Shows a page more, and asks for it if nobody has. Raises StateError."""
        wanted = self._number + self._page
        while len(self._behind.rows) < wanted and not self._behind.complete:
            before = len(self._behind.rows)
            await self._behind.load_more()
            if len(self._behind.rows) == before:
                break
        self._go_on()
        self._changed.emit(Batch())

    @property
    def _number(self) -> int:
        return bisect_right(self._behind.rows, self._end, key=self._sort_key) if self._end is not None else 0

    def _go_on(self) -> None:
        rows = self._behind.rows[: self._number + self._page]
        self._end = self._sort_key(rows[-1]) if rows else self._end

    def _on_batch(self, batch: Batch[Row]) -> None:
        if self._number < self._page:  # at the beginning, and when most of what was shown is gone
            self._go_on()
        self._changed.emit(batch)
