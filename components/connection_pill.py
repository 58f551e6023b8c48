"""How live the page is: a pill in the header with both hops behind it, and a bar while something is missing.

Both are small client-side components, because they must tell the truth exactly when the server cannot reach the page:
the hop from browser to app is watched in the browser, the hop from app to Supabase is told by the server.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nicegui.element import Element

if TYPE_CHECKING:
    from state.realtime.connection import Connection, Status


# The first of these that any connection is in is what the page says.
GRAVEST = ("unauthorized", "closed", "offline", "connecting", "degraded", "live")


class _Follower(Element):
    """A component that shows the worst of what a page depends on, and can act on it.

    A member's page depends on their own connection and on the world's. The latter belongs to everybody: `own` says that
    the first one is this person's, who may switch it off; the others they may only hurry.
    """

    def __init__(self, *connections: Connection, own: bool) -> None:
        super().__init__()
        self._connections = connections
        self._props["own"] = own
        self._show()
        for connection in connections:
            connection.changed.subscribe(self._show)
        self.on("reconnect", lambda: reconnect(*connections, own=own), args=[])
        if own:
            self.on("disconnect", connections[0].pause, args=[])

    def _show(self) -> None:
        status = describe(worst([connection.status for connection in self._connections]), datetime.now(UTC))
        if self._props.get("status") != status:
            self._props["status"] = status
            self.update()


class ConnectionPill(_Follower, component="static/vue/connection_pill.js"):
    """The pill: one word, the round trip, a coloured dot; a click opens both hops with Reconnect and Disconnect."""


class OfflineBar(_Follower, component="static/vue/offline_bar.js"):
    """The slim amber bar under the header: since when, what is shown meanwhile, when the next attempt is."""


def worst(statuses: Sequence[Status]) -> Status:
    """The status in which most is missing; the first one of equals."""
    return min(statuses, key=lambda status: GRAVEST.index(status.state))


def reconnect(*connections: Connection, own: bool) -> None:
    """One's own connection anew; the others, if they wait for their next attempt, at once."""
    for number, connection in enumerate(connections):
        if (own and number == 0) or connection.status.retry_at is not None:
            connection.reconnect()


def describe(status: Status, now: datetime) -> dict[str, object]:
    """What the browser needs of `status`. Times to wait are told as milliseconds from `now`: clocks may differ."""
    return {
        "state": status.state,
        "since": status.since.isoformat(),
        "attempts": status.attempts,
        "retryIn": max(0, round((status.retry_at - now).total_seconds() * 1000)) if status.retry_at else None,
        "error": status.error,
        "quality": status.quality,
        "roundTrip": round(status.round_trip_ms) if status.round_trip_ms is not None else None,
        "paused": status.paused,
    }
