"""What all sockets of one Realtime server share."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from embedded.database import Database
from embedded.keys import Keys
from embedded.realtime.authorization import Authorizer
from embedded.realtime.changes import Feed
from embedded.realtime.hub import Hub
from embedded.realtime.limits import Limits, Rate
from embedded.realtime.outbox import Postman

if TYPE_CHECKING:
    from embedded.realtime.client import Client

RATE_WINDOW_S = 60.0


@dataclass
class Counts:
    """What has happened since the start."""

    sockets_opened: int = 0
    slow_readers: int = 0  # sockets that were cut off for it
    joins: int = 0
    joins_refused: int = 0
    frames_received: int = 0
    frames_ignored: int = 0  # of these, malformed
    changes: int = 0  # rows off the replication stream


@dataclass
class Server:
    """The parts that channels, sockets and HTTP endpoints are given."""

    database: Database
    keys: Keys
    limits: Limits
    replication_up: Callable[[], bool]  # what commits now will arrive
    postman: Postman = field(default_factory=Postman)
    clients: set[Client] = field(default_factory=set)
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        plan = self.limits.plan_messages_per_second
        self.hub = Hub(None if plan is None else Rate(plan, self.limits.plan_window_s, time.monotonic))
        self.authorizer = Authorizer(self.database)
        self.changes = Feed(self.database)
        self.events = Rate(self.limits.max_events_per_second, RATE_WINDOW_S, time.monotonic)
        self.joins = Rate(self.limits.max_joins_per_second, RATE_WINDOW_S, time.monotonic)
