"""The dashboard of one member: which cards it has, in which order. It is theirs, whichever browser they use.

D1  Every card of the page is either shown or hidden: one that the database does not name stands behind those it does, in the
    page's order, so that a new card appears by itself; a name that the page does not know is kept, and shown by nobody.
D2  What one does shows at once in all one's tabs, and is taken back when it is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from state.areas import Area
from state.models import Dashboard as Arrangement
from state.signal import Unsubscribe
from state.sync.cached_query import CachedQuery
from state.sync.live_table import LiveTable
from state.sync.query import Query, Where

if TYPE_CHECKING:
    from state.member import Member


class Dashboard(Area):
    """`cards`: the names of all there are, in the page's order. Used by `use_dashboard`."""

    def __init__(self, member: Member, cards: Sequence[str]) -> None:
        self.cards = tuple(cards)
        self._member = member
        self.table: LiveTable[Arrangement] = member.table(
            Query("dashboards", (Where("id", "eq", member.id),)), Arrangement
        )

    @property
    def tables(self) -> tuple[LiveTable[Any], ...]:
        """As `Area` says."""
        return (self.table,)

    @property
    def order(self) -> list[str]:
        """All cards of the page, hidden ones among them. D1"""
        row = self.table.get(self._member.id)
        named = [name for name in (row.cards if row else []) if name in self.cards]
        return [*dict.fromkeys(named), *(name for name in self.cards if name not in named)]

    @property
    def hidden(self) -> set[str]:
        """Those of them that are not shown."""
        row = self.table.get(self._member.id)
        return set(row.hidden if row else ()) & set(self.cards)

    @property
    def shown(self) -> list[str]:
        """The others, in order."""
        return [name for name in self.order if name not in self.hidden]

    def move(self, name: str, before: str | None) -> None:
        """Puts a card before another one that is shown; None: behind all."""
        if name not in self.cards or name == before or (before is not None and before not in self.cards):
            return
        order = [other for other in self.order if other != name]
        order.insert(len(order) if before is None else order.index(before), name)
        if order != self.order:
            self._arrange(order, self.hidden)

    def step(self, name: str, by: int) -> None:
        """Moves a card by so many places among those that are shown."""
        shown = self.shown
        if name not in shown:
            return
        others = [other for other in shown if other != name]
        place = min(max(shown.index(name) + by, 0), len(others))
        self.move(name, others[place] if place < len(others) else None)

    def show(self, name: str, *, shown: bool = True) -> None:
        """Shows or hides a card."""
        if name in self.cards and (name in self.hidden) == shown:
            self._arrange(self.order, self.hidden - {name} if shown else self.hidden | {name})

    def reset(self) -> None:
        """As the page has it."""
        self._arrange([], set())

    def _arrange(self, order: list[str], hidden: set[str]) -> None:
        row = self.table.get(self._member.id)
        if row is None:
            return
        unknown = [name for name in row.cards if name not in self.cards]
        changes = {
            "cards": [*order, *unknown] if order else [],
            "hidden": sorted({*hidden, *(name for name in row.hidden if name not in self.cards)}),
        }
        self.table.mutations.update(row.id, changes, partial(self._member.api.rpc, "arrange_dashboard", changes))
        self.table.flush()  # the next step goes on from this one


def running_jobs(member: Member) -> CachedQuery[tuple[int, int]]:
    """How many of their jobs are at work, and how many wait; to be observed."""

    async def count() -> tuple[int, int]:
        running, waiting = [
            await member.api.count(
                Query("generation_jobs", (Where("owner_id", "eq", member.id), Where("status", "eq", status)))
            )
            for status in ("active", "waiting")
        ]
        return running, waiting

    return member.queries.query(("job-status-counts", member.id), count)


def use_dashboard(member: Member, cards: Sequence[str]) -> tuple[Dashboard, Unsubscribe]:
    """A member's, until the returned function is called."""
    return member.areas.use("dashboard", lambda: Dashboard(member, cards))
