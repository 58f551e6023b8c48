"""What one member watches in the market, and what they want to be told of: the same in all their tabs.

The database fires alerts, in the tick that takes a price across, whether a page is open or not; what is here shows them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from uuid import UUID, uuid4

from pydantic import BaseModel, Field, ValidationError, model_validator

from state.areas import Area
from state.models import PriceAlert, Watched
from state.signal import Unsubscribe
from state.sync.live_table import LiveTable
from state.sync.query import Order, Query, Where

if TYPE_CHECKING:
    from state.member import Member

Kind: TypeAlias = Literal["above", "below", "percent"]

MOST = 50  # symbols watched, and alerts: what the database allows
LARGEST = 1e12
PERCENT = (0.01, 1000.0)


class AlertDraft(BaseModel):
    """An alert as it is sent. `threshold` is a price, or by percent how far it moves, up or down."""

    symbol: str
    kind: Kind = "above"
    threshold: float = Field(gt=0, lt=LARGEST, allow_inf_nan=False)

    @model_validator(mode="after")
    def _percent(self) -> AlertDraft:
        if self.kind == "percent" and not PERCENT[0] <= self.threshold <= PERCENT[1]:
            raise ValueError("percent")
        return self

    @classmethod
    def check(cls, symbol: str, kind: Any, threshold: Any) -> AlertDraft | str:
        """A draft, or a sentence that says what is wrong."""
        if threshold in (None, ""):
            return "By how many percent?" if kind == "percent" else "At which price?"
        try:
            return cls(symbol=symbol, kind=kind, threshold=threshold)
        except ValidationError:
            return "From 0.01 to 1,000 %" if kind == "percent" else "A price above zero"


def use_watching(member: Member) -> tuple[Watching, Unsubscribe]:
    """What the member watches, until the returned function is called."""
    return member.areas.use("watching", lambda: Watching(member))


class Watching(Area):
    """An area of a member's: `use_watching` opens it."""

    def __init__(self, member: Member) -> None:
        self._member = member
        mine = (Where("owner_id", "eq", member.id),)
        self.watchlist: LiveTable[Watched] = member.table(Query("watchlists", mine, (Order("position"),)), Watched)
        self.alerts: LiveTable[PriceAlert] = member.table(
            Query("price_alerts", mine, (Order("created_at", descending=True),)), PriceAlert
        )

    @property
    def tables(self) -> Sequence[LiveTable[Any]]:
        """See Area."""
        return (self.watchlist, self.alerts)

    # The list -------------------------------------------------------------------------------------------------------

    @property
    def symbols(self) -> list[str]:
        """Watched, in the member's order."""
        return list(dict.fromkeys(row.symbol for row in self.watchlist.rows))

    def watches(self, symbol: str) -> bool:
        """Whether it is on the list."""
        return any(row.symbol == symbol for row in self.watchlist.rows)

    def watch(self, symbol: str) -> None:
        """Puts it at the end of the list; it shows at once."""
        self.watchlist.flush()  # what was done just now counts
        if self.watches(symbol):
            return
        id, now = uuid4(), datetime.now(UTC)
        last = max((row.position for row in self.watchlist.rows), default=0.0)
        row = Watched(
            id=id, owner_id=self._member.id, symbol=symbol, position=last + 1, created_at=now, updated_at=now, version=0
        )
        args = {"watch_id": str(id), "symbol": symbol, "position": row.position}
        send = partial(self._member.api.rpc, "watch_symbol", args)
        self.watchlist.mutations.insert(row, id, send)

    def unwatch(self, symbol: str) -> None:
        """Takes it off the list."""
        self.watchlist.flush()
        for row in [row for row in self.watchlist.rows if row.symbol == symbol]:
            if not self._discard(self.watchlist, row.id):
                send = partial(self._member.api.delete, "watchlists", row.id)
                self.watchlist.mutations.delete(row.id, send)

    def move(self, symbol: str, place: int) -> None:
        """Puts it at this place among the others; 0 is the first."""
        self.watchlist.flush()
        row = next((row for row in self.watchlist.rows if row.symbol == symbol), None)
        others = [other for other in self.watchlist.rows if other.symbol != symbol]
        if row is None or not others:
            return
        place = min(max(place, 0), len(others))
        if place == 0:
            position = others[0].position - 1
        elif place == len(others):
            position = others[-1].position + 1
        else:
            position = (others[place - 1].position + others[place].position) / 2
        changes = {"position": position}
        send = partial(self._member.api.update, "watchlists", row.id, changes)
        self.watchlist.mutations.update(row.id, changes, send)

    # Alerts ---------------------------------------------------------------------------------------------------------

    def set_alert(self, draft: AlertDraft, price: float) -> UUID:
        """Makes and arms an alert; `price` is the one of now, from which percents count. Its id."""
        id, now = uuid4(), datetime.now(UTC)
        row = PriceAlert(
            id=id, owner_id=self._member.id, symbol=draft.symbol, kind=draft.kind, threshold=draft.threshold,
            reference_price=price, armed=True, armed_at=now, triggered_at=None, triggered_price=None, created_at=now,
            updated_at=now, version=0,
        )  # fmt: skip
        args = {"alert_id": str(id), "symbol": draft.symbol, "kind": draft.kind, "threshold": draft.threshold}
        self.alerts.mutations.insert(row, id, partial(self._member.api.rpc, "set_price_alert", args))
        return id

    def arm(self, alert_id: UUID, on: bool) -> None:
        """Arms one that has fired or rests, at the price of now; or lets it rest. One that was refused is sent again."""
        pending = self.alerts.pending(alert_id)
        if pending is not None and pending.failed:
            pending.retry()
            return
        args = {"alert_id": str(alert_id), "armed": on}
        self.alerts.mutations.update(alert_id, {"armed": on}, partial(self._member.api.rpc, "arm_price_alert", args))

    def remove_alert(self, alert_id: UUID) -> None:
        """Removes it."""
        if not self._discard(self.alerts, alert_id):
            send = partial(self._member.api.delete, "price_alerts", alert_id)
            self.alerts.mutations.delete(alert_id, send)

    @staticmethod
    def _discard(table: LiveTable[Any], key: UUID) -> bool:
        """Whether the row was only wished for: refused, or still waiting to be sent."""
        pending = table.pending(key)
        if pending is None or pending.kind != "insert" or not (pending.failed or pending.waiting):
            return False
        pending.discard()
        return True
