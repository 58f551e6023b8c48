"""Status: what a connection says of itself, and the transitions it may make.

| from \\ to      | connecting | live | degraded | offline | unauthorized | closed |
|----------------|------------|------|----------|---------|--------------|--------|
| connecting     |            | yes  | yes      | yes     | yes          | yes    |
| live           |            |      | yes      | yes     | yes          | yes    |
| degraded       |            | yes  |          | yes     | yes          | yes    |
| offline        | yes        |      |          |         | yes          | yes    |
| unauthorized   | yes        |      |          | yes     |              | yes    |
| closed         | yes        |      |          |         |              |        |
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, TypeAlias

from nicegui import binding

State: TypeAlias = Literal["connecting", "live", "degraded", "offline", "unauthorized", "closed"]

TRANSITIONS: dict[State, frozenset[State]] = {
    "connecting": frozenset({"live", "degraded", "offline", "unauthorized", "closed"}),
    "live": frozenset({"degraded", "offline", "unauthorized", "closed"}),
    "degraded": frozenset({"live", "offline", "unauthorized", "closed"}),
    "offline": frozenset({"connecting", "unauthorized", "closed"}),
    "unauthorized": frozenset({"connecting", "offline", "closed"}),
    "closed": frozenset({"connecting"}),
}


class IllegalTransition(RuntimeError):
    """A connection tried to go where its table does not let it."""


@binding.bindable_dataclass
class Status:
    """`connecting`: a socket or its channels are on the way. `live`: every channel joined and the last probe answered.
    `degraded`: a socket, but a channel or the probe is late. `offline`: no socket; `retry_at` says when the next attempt
    is, `paused` that there will be none until it is switched on again. `unauthorized`: the token was refused.

    `attempts` counts those that failed since it was last live; `round_trip_ms` is the last probe's.
    """

    state: State = "closed"
    since: datetime = datetime.fromtimestamp(0, UTC)
    attempts: int = 0
    retry_at: datetime | None = None
    error: str | None = None
    round_trip_ms: float | None = None
    paused: bool = False

    @property
    def said(self) -> tuple[object, ...]:
        """Everything there is to say; different when anything has changed."""
        return (self.state, self.attempts, self.retry_at, self.error, self.round_trip_ms, self.paused)

    def go(self, state: State, *, error: str | None = None, retry_at: datetime | None = None) -> bool:
        """Moves to `state`; False when it is there already. Raises IllegalTransition, naming both states."""
        self.error, self.retry_at = error, retry_at
        if state == self.state:
            return False
        if state not in TRANSITIONS[self.state]:
            raise IllegalTransition(f"A connection that is {self.state} cannot become {state}")
        self.state, self.since = state, datetime.now(UTC)
        if state == "live":
            self.attempts = 0
        return True
