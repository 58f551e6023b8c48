"""The daily digest: whether a member wants one, from which hour of their day, and what the last ones said."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from state.areas import Area
from state.models import Digest, DigestPreference
from state.signal import Unsubscribe
from state.sync.live_table import LiveTable
from state.sync.query import Order, Query, Where

if TYPE_CHECKING:
    from state.member import Member

USUAL_HOUR = 8
SHOWN = 7


class DigestChoice(Area):
    """An area. Used by `use_digest`."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self.preferences: LiveTable[DigestPreference] = member.table(
            Query("digest_preferences", (Where("id", "eq", member.id),)), DigestPreference
        )
        mine = Query("digests", (Where("owner_id", "eq", member.id),), (Order("created_at", descending=True),))
        self.digests: LiveTable[Digest] = member.table(mine, Digest, limit=SHOWN)

    @property
    def tables(self) -> tuple[LiveTable[Any], ...]:
        """Both."""
        return (self.preferences, self.digests)

    @property
    def wanted(self) -> bool:
        """Not until somebody asks for it."""
        row = self.preferences.get(self._member.id)
        return row is not None and row.wanted

    @property
    def hour(self) -> int:
        """From which hour of their day."""
        row = self.preferences.get(self._member.id)
        return USUAL_HOUR if row is None else row.hour

    @property
    def zone(self) -> str:
        """Where their day is."""
        row = self.preferences.get(self._member.id)
        return "UTC" if row is None else row.zone

    @property
    def last(self) -> Digest | None:
        """The newest one, if there was any."""
        return self.digests.rows[0] if self.digests.rows else None

    def choose(self, *, wanted: bool, hour: int, zone: str) -> None:
        """Shows at once, then is sent."""
        send = partial(self._member.api.rpc, "prefer_digest", {"wanted": wanted, "hour": hour, "zone": zone})
        if self.preferences.get(self._member.id) is not None:
            changes = {"wanted": wanted, "hour": hour, "zone": zone}
            self.preferences.mutations.update(self._member.id, changes, send)
        else:
            now = datetime.now(UTC)
            row = DigestPreference(
                id=self._member.id, wanted=wanted, hour=hour, zone=zone, created_at=now, updated_at=now, version=0
            )
            self.preferences.mutations.insert(row, row.id, send)
        self.preferences.flush()


def use_digest(member: Member) -> tuple[DigestChoice, Unsubscribe]:
    """What a member has chosen, until the returned function is called."""
    return member.areas.use("digest", lambda: DigestChoice(member))
