"""LiveList: one element per row, kept in the rows' order without ever being built again.

Invariants, cited by the tests
1. After every batch the container's children are the rows that `shows` lets through, in order, each once (those that
   fade out stand between them for `LEAVE_S`).
2. A row that stays keeps its element: its item is updated only if the row or its unconfirmed write is another object.
3. As few elements move as possible.
4. What arrives after the first filling is marked as new; what is only loaded from further behind, let through by another
   filter, or no news by itself is not.
5. While the list holds, what arrives in front of the first item waits, so that nothing is pushed away from under the
   reader; released, it comes as news.
6. A batch is shown at once; when many pages have one to show at the same moment, each in its turn (`turns`).
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from nicegui import background_tasks, ui

from components.turns import TURNS
from state.sync.mutation import Pending
from state.sync.rows import Batch, Row, Rows

LEAVE_S = 0.12  # the token `fast`: how long what was removed takes to fade
MOST_LEAVING = 12  # more at once vanish without a show
ARRIVE = "arrive"
LEAVE = "leave"

Row_contra = TypeVar("Row_contra", contravariant=True)


@dataclass(frozen=True)
class Remove:
    key: Hashable


@dataclass(frozen=True)
class Move:
    """Put the item behind `after`; None: to the front."""

    key: Hashable
    after: Hashable | None


@dataclass(frozen=True)
class Insert:
    """Make the item and put it behind `after`; None: to the front."""

    key: Hashable
    after: Hashable | None


Operation: TypeAlias = Remove | Move | Insert


def diff(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Operation]:
    """What turns the order `old` into `new`, to be applied one after the other. Keys are unique and not None.

    Moves are as few as possible: what belongs to a longest increasing subsequence stays where it is.
    """
    wanted = set(new)
    operations: list[Operation] = [Remove(key) for key in old if key not in wanted]
    place = {key: index for index, key in enumerate(old)}
    stays = _longest_increasing([place[key] for key in new if key in place])
    after: Hashable | None = None
    for key in new:
        if key not in place:
            operations.append(Insert(key, after))
        elif place[key] not in stays:
            operations.append(Move(key, after))
        after = key
    return operations


def _longest_increasing(numbers: Iterable[int]) -> set[int]:
    """The members of one longest increasing subsequence of different numbers."""
    ends: list[int] = []  # ends[n]: the smallest number that ends an increasing subsequence of length n + 1
    before: dict[int, int | None] = {}
    for number in numbers:
        length = bisect_left(ends, number)
        before[number] = ends[length - 1] if length else None
        ends[length : length + 1] = [number]
    members: set[int] = set()
    number = ends[-1] if ends else None
    while number is not None:
        members.add(number)
        number = before[number]
    return members


class Item(Protocol[Row_contra]):
    """What stands for a row on the page."""

    @property
    def element(self) -> ui.element: ...

    def update(self, row: Row_contra, pending: Pending | None, /) -> None:
        """Show this state of the row."""
        ...


ItemType = TypeVar("ItemType", bound=Item[Any])


class LiveList(Generic[Row, ItemType]):
    """Fills `container` with an item per row until the client is gone.

    `build` makes an item inside the container; its element must be the one new child. `shows` filters; `news` says what may
    be marked as new. `changed` is called after every batch.
    """

    def __init__(
        self,
        rows: Rows[Row],
        build: Callable[[Row, Pending | None], ItemType],
        container: ui.element,
        *,
        shows: Callable[[Row], bool] = lambda _: True,
        news: Callable[[Row], bool] = lambda _: True,
        changed: Callable[[], None] = lambda: None,
        key: str = "id",
    ) -> None:
        self.items: dict[Hashable, ItemType] = {}  # in the order of the rows
        self.quiet = False  # what comes now is not news
        self.held = 0  # rows that wait in front
        self._rows = rows
        self._build = build
        self._container = container
        self._shows = shows
        self._news = news
        self._changed = changed
        self._key = key
        self._known: dict[Hashable, tuple[Any, ...]] = {}
        self._filled = False
        self._holding = False
        self._client = container.client
        self._leave = rows.subscribe(self._on_batch)
        self._client.on_delete(self.close)
        self._sync()

    def close(self) -> None:
        """Follows no longer; for lists that are gone before their page is."""
        self._leave()
        TURNS.leave(self._follow)

    async def load_more(self) -> bool:
        """Adds a page at the end; returns whether there may be more. Raises StateError."""
        if self._rows.phase != "ready" or self._rows.complete:
            return False
        self.quiet = True
        try:
            await self._rows.load_more()
        finally:
            self.quiet = False
        return not self._rows.complete

    def filter(self, shows: Callable[[Row], bool]) -> None:
        """Let other rows through from now on."""
        self._shows = shows
        self.quiet = True
        self._sync()
        self.quiet = False
        self._changed()

    def hold(self, holding: bool) -> None:
        """Keep back what arrives in front, or let it in again."""
        self._holding = holding
        if self.held and not holding:
            self._sync()
            self._changed()

    def _on_batch(self, _: Batch[Row]) -> None:
        if self.quiet:  # what comes later would be news
            self._follow()
        else:
            TURNS.ask(self._follow)

    def _follow(self) -> None:
        if self._client.is_deleted or self._container.is_deleted:
            return
        self._sync()
        self._changed()

    def _sync(self) -> None:
        rows = self._visible()
        if list(rows) != list(self.items):
            self._arrange(rows)
        for key, row in rows.items():
            state = self._state(key, row)
            if any(now is not then for now, then in zip(state, self._known[key], strict=True)):
                self._known[key] = state
                self.items[key].update(row, state[1])
        self._filled = self._filled or self._rows.phase == "ready"

    def _visible(self) -> dict[Hashable, Row]:
        rows = {getattr(row, self._key): row for row in self._rows.rows if self._shows(row)}
        self.held = 0
        if self._holding and not self.quiet and any(key in rows for key in self.items):
            for key in list(takewhile(lambda key: key not in self.items, rows)):
                del rows[key]
                self.held += 1
        return rows

    def _state(self, key: Hashable, row: Row) -> tuple[Row, Pending | None, str | None, bool]:
        pending = self._rows.pending(key)
        return row, pending, pending.failed if pending else None, bool(pending and pending.waiting)

    def _arrange(self, rows: dict[Hashable, Row]) -> None:
        leaving: list[ui.element] = []
        for operation in diff(list(self.items), list(rows)):
            match operation:
                case Remove(key):
                    leaving.append(self.items.pop(key).element)
                    del self._known[key]
                case Move(key, after):
                    self._place(self.items[key].element, after)
                case Insert(key, after):
                    self._known[key] = self._state(key, rows[key])
                    with self._container:
                        item = self.items[key] = self._build(rows[key], self._known[key][1])
                    if self._filled and not self.quiet and self._news(rows[key]):
                        item.element.classes(ARRIVE)
                    self._place(item.element, after)
        self.items = {key: self.items[key] for key in rows}
        self._dismiss(leaving)

    def _place(self, element: ui.element, after: Hashable | None) -> None:
        siblings = self._container.default_slot.children
        anchor = self.items[after].element if after is not None else None
        if len(siblings) > 1 and siblings[-1] is element and siblings[-2] is anchor:
            return  # the usual case while filling
        others = [sibling for sibling in siblings if sibling is not element]
        element.move(target_index=others.index(anchor) + 1 if anchor is not None else 0)

    def _dismiss(self, leaving: list[ui.element]) -> None:
        if self.quiet or len(leaving) > MOST_LEAVING:
            for element in leaving:
                element.delete()
        elif leaving:
            for element in leaving:
                element.classes(add=LEAVE, remove=ARRIVE)
            background_tasks.create(_delete_faded(leaving), name="delete what faded out")


async def _delete_faded(elements: list[ui.element]) -> None:
    await asyncio.sleep(LEAVE_S)
    for element in elements:
        if not element.is_deleted:
            element.delete()
