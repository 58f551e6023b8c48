"""How live the page is: a pill in the header with both hops behind it, and a bar while something is missing.

Both are small client-side components, because they must tell the truth exactly when the server cannot reach the page:
the hop from browser to app is watched in the browser, the hop from app to Supabase is told by the server.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nicegui.element import Element

if TYPE_CHECKING:
    from state.realtime.connection import Connection, Status


class _Follower(Element):
    """A component that shows one connection's status and can act on it.

    `own`: it is this person's, so they may switch it off. The world's belongs to all guests; they may only hurry it.
    """

    def __init__(self, connection: Connection, *, own: bool) -> None:
        super().__init__()
        self._connection = connection
        self._props["own"] = own
        self._show()
        connection.changed.subscribe(self._show)
        self.on("reconnect", lambda: self._reconnect(own), args=[])
        if own:
            self.on("disconnect", connection.pause, args=[])

    def _reconnect(self, own: bool) -> None:
        if own or self._connection.status.state == "offline":
            self._connection.reconnect()

    def _show(self) -> None:
        status = describe(self._connection.status, datetime.now(UTC))
        if self._props.get("status") != status:
            self._props["status"] = status
            self.update()


class ConnectionPill(_Follower, component="static/vue/connection_pill.js"):
    """The pill: one word, the round trip, a coloured dot; a click opens both hops with Reconnect and Disconnect."""


class OfflineBar(_Follower, component="static/vue/offline_bar.js"):
    """The slim amber bar under the header: since when, what is shown meanwhile, when the next attempt is."""


def describe(status: Status, now: datetime) -> dict[str, object]:
    """What the browser needs of `status`. Times to wait are told as milliseconds from `now`: clocks may differ."""
    return {
        "state": status.state,
        "since": status.since.isoformat(),
        "attempts": status.attempts,
        "retryIn": max(0, round((status.retry_at - now).total_seconds() * 1000)) if status.retry_at else None,
        "error": status.error,
        "roundTrip": round(status.round_trip_ms) if status.round_trip_ms is not None else None,
        "paused": status.paused,
    }
