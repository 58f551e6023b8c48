"""Status: what a connection says of itself, and the transitions it may make.

| from \\ to      | connecting | live | degraded | offline | unauthorized | closed |
|----------------|------------|------|----------|---------|--------------|--------|
| connecting     |            | yes  | yes      | yes     | yes          | yes    |
| live           | yes        |      | yes      | yes     |              | yes    |
| degraded       | yes        | yes  |          | yes     |              | yes    |
| offline        | yes        |      |          |         | yes          | yes    |
| unauthorized   | yes        |      |          | yes     |              | yes    |
| closed         | yes        |      |          |         |              |        |

A socket that was lost makes it `connecting`, and most are back within a second. It is `offline` after `PATIENCE` attempts
that failed or `PATIENCE_S` seconds without a socket, whichever comes first, and then stays so, however many attempts are
made, until there is a socket again. Switched off by hand it is `offline` at once. Before it is `unauthorized` it has let
go of its socket.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from statistics import median
from typing import Literal, TypeAlias

from nicegui import binding

State: TypeAlias = Literal["connecting", "live", "degraded", "offline", "unauthorized", "closed"]
Quality: TypeAlias = Literal["good", "fair", "poor"]

TRANSITIONS: dict[State, frozenset[State]] = {
    "connecting": frozenset({"live", "degraded", "offline", "unauthorized", "closed"}),
    "live": frozenset({"connecting", "degraded", "offline", "closed"}),
    "degraded": frozenset({"connecting", "live", "offline", "closed"}),
    "offline": frozenset({"connecting", "unauthorized", "closed"}),
    "unauthorized": frozenset({"connecting", "offline", "closed"}),
    "closed": frozenset({"connecting"}),
}

PATIENCE = 3  # attempts; reference 5 gives up here, and this only says so
PATIENCE_S = 3.0  # an attempt may hang for long
GOOD_MS = 150.0
FAIR_MS = 500.0


class IllegalTransition(RuntimeError):
    """A connection tried to go where its table does not let it."""


def quality_of(trips_ms: Collection[float], *, late: bool) -> Quality | None:
    """By the median of the last few round trips: a single slow one says little. None before the first answer."""
    if late:
        return "poor"
    if not trips_ms:
        return None
    typical = median(trips_ms)
    return "good" if typical < GOOD_MS else "fair" if typical < FAIR_MS else "poor"


@binding.bindable_dataclass
class Status:
    """`connecting`: a socket or its channels are on the way. `live`: every channel joined and the last probe answered.
    `degraded`: a socket, but a channel or the probe is late, or messages are lost. `offline`: no socket for a while;
    `retry_at` says when the next attempt is, `paused` that there will be none until it is switched on again.
    `unauthorized`: the token was refused.

    `attempts` counts those that failed since it was last live; `error` is the last one's reason. `round_trip_ms` is the
    last probe's, `quality` that of the last few; both are None while there is no socket.
    """

    state: State = "closed"
    since: datetime = datetime.fromtimestamp(0, UTC)
    attempts: int = 0
    retry_at: datetime | None = None
    error: str | None = None
    round_trip_ms: float | None = None
    quality: Quality | None = None
    paused: bool = False

    @property
    def said(self) -> tuple[object, ...]:
        """Everything there is to say; different when anything has changed."""
        return (self.state, self.attempts, self.retry_at, self.error, self.round_trip_ms, self.quality, self.paused)

    def go(self, state: State, *, error: str | None = None, retry_at: datetime | None = None) -> bool:
        """Moves to `state`; False when it is there already. Raises IllegalTransition, naming both states."""
        if state != self.state and state not in TRANSITIONS[self.state]:
            raise IllegalTransition(f"A connection that is {self.state} cannot become {state}")
        self.error, self.retry_at = error, retry_at
        if state == self.state:
            return False
        self.state, self.since = state, datetime.now(UTC)
        return True
