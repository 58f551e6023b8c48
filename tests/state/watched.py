"""A connection that remembers where it has been."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from state.realtime.connection import Connection
from state.realtime.status import State
from tests.state.peer import Peer
from tests.state.support import until

EXPIRED = "Token has expired 0 seconds ago"
SLOW = 0.05  # what is late, in these tests
NEVER = 60.0


class Watched(Connection):
    """Remembers where it has been."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.went: list[State] = []
        self.said: list[str | None] = []  # reasons
        self.passed: set[tuple[State, State]] = set()
        self.changed.subscribe(self._remember, unsubscribe_on_delete=False)

    def _remember(self) -> None:
        self.said.append(self.status.error)
        before = self.went[-1] if self.went else "closed"
        if before != self.status.state:
            self.passed.add((before, self.status.state))
            self.went.append(self.status.state)

    async def becomes(self, state: State) -> None:
        """Waits for a state."""
        await until(lambda: self.status.state == state, f"{state}, it is {self.status.state}")


def broken_off(peer: Peer) -> Callable[[], bool]:
    """Whether a second socket was asked for."""
    return lambda: peer.attempts >= 2
