"""What a client asks for when it joins. Nonsense is not an error: it is taken as the default, as the real server does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from embedded.realtime.errors import JoinRefused

MAX_REPLAYED = 25


@dataclass(frozen=True)
class Replay:
    """Past messages of a private channel: the last `limit` since `since_ms` (Unix milliseconds)."""

    since_ms: int
    limit: int = MAX_REPLAYED


@dataclass(frozen=True)
class JoinConfig:
    """The `config` of a join."""

    private: bool = False
    echo: bool = False  # `broadcast.self`: the sender gets its own broadcasts
    ack: bool = False
    replication_ready: bool = False
    replay: Replay | None = None
    presence_enabled: bool = False
    presence_key: str = field(default_factory=lambda: str(uuid4()))
    postgres_changes: tuple[dict[str, Any], ...] = ()

    @classmethod
    def parse(cls, payload: Any) -> JoinConfig:
        """Reads a join's payload. Raises JoinRefused for a replay that cannot be."""
        config = _object(_object(payload).get("config"))
        broadcast, presence = _object(config.get("broadcast")), _object(config.get("presence"))
        private = _boolean(config.get("private"))
        key = presence.get("key")
        changes = config.get("postgres_changes")
        return cls(
            private=private,
            echo=_boolean(broadcast.get("self")),
            ack=_boolean(broadcast.get("ack")),
            replication_ready=_boolean(broadcast.get("replication_ready")),
            replay=_replay(broadcast.get("replay"), private),
            presence_enabled=_boolean(presence.get("enabled")),
            presence_key=key if isinstance(key, str) and key else str(uuid4()),
            postgres_changes=tuple(one for one in changes if isinstance(one, dict))
            if isinstance(changes, list)
            else (),
        )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _boolean(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _replay(value: Any, private: bool) -> Replay | None:
    if value is None:
        return None
    if not private:
        raise JoinRefused("UnableToReplayMessages: Replay is not allowed for public channels")
    since, limit = _object(value).get("since"), _object(value).get("limit", MAX_REPLAYED)
    if type(since) is not int or type(limit) is not int or not 0 <= since < 253402300800_000:  # until the year 10000
        raise JoinRefused("UnableToReplayMessages: Replay params are not valid")
    return Replay(since, max(1, min(limit, MAX_REPLAYED)))
