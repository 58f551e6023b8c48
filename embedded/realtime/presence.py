"""Who is in a topic: the pure state of Phoenix Presence on one node, and the differences it tells.

A key (a person) has one meta per tracker (a channel of a socket). Replacing a meta is told as a leave of the old
and a join of the new one, which names the old one as `phx_ref_prev`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import orjson

Meta: TypeAlias = "dict[str, Any]"
State: TypeAlias = "dict[str, dict[str, list[Meta]]]"


@dataclass
class Diff:
    """What changed; its `payload` is that of `presence_diff`."""

    joins: State = field(default_factory=dict)
    leaves: State = field(default_factory=dict)

    @property
    def payload(self) -> dict[str, State]:
        return {"joins": self.joins, "leaves": self.leaves}


def _new_ref() -> str:
    return secrets.token_urlsafe(12)


class Presence:
    """Everybody present in one topic."""

    def __init__(self, new_ref: Callable[[], str] = _new_ref) -> None:
        self._new_ref = new_ref
        self._tracked: dict[Hashable, tuple[str, Meta, dict[str, Any]]] = {}  # tracker → key, meta, payload as tracked

    def __bool__(self) -> bool:
        return bool(self._tracked)

    @property
    def state(self) -> State:
        """The payload of `presence_state`."""
        state: State = {}
        for key, meta, _payload in self._tracked.values():
            state.setdefault(key, {"metas": []})["metas"].append(meta)
        return state

    def track(self, tracker: Hashable, key: str, payload: dict[str, Any]) -> Diff | None:
        """Sets the tracker's meta; None when it is what it was. Raises orjson.JSONEncodeError for one nested too deeply."""
        meta: Meta = {"phx_ref": self._new_ref()}
        diff = Diff()
        if before := self._tracked.get(tracker):
            old_key, old_meta, old_payload = before
            if old_key == key and old_payload == payload:
                return None
            meta["phx_ref_prev"] = old_meta["phx_ref"]
            diff.leaves[old_key] = {"metas": [old_meta]}
        meta = payload | meta
        orjson.dumps([[[[[[meta]]]]]])  # raises now, not for everybody who is told of it later
        self._tracked[tracker] = (key, meta, payload)
        diff.joins[key] = {"metas": [meta]}
        return diff

    def untrack(self, tracker: Hashable) -> Diff | None:
        """Removes the tracker's meta; None when there was none."""
        if (before := self._tracked.pop(tracker, None)) is None:
            return None
        key, meta, _payload = before
        return Diff(leaves={key: {"metas": [meta]}})
