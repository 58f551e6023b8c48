"""Roster: who is in a room, as the server tells it: whole after a join, then by differences.

It takes the place of realtime-py's, which applies a difference that comes before the whole, and tells metas apart by a
field that their senders can set: one who sets it to a list ends the reader of everybody in the room.

O1  A difference that comes before the whole state waits for it: nobody is shown, or missed, by half of the news.
O2  Metas of a key are told apart by the server's `phx_ref` alone. What makes no sense is passed over, and nothing raises.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from realtime._async.presence import AsyncRealtimePresence

EARLY = 1000  # differences that wait for the whole state


class Roster(AsyncRealtimePresence):
    """`state` is key → metas. `on_sync` is told after every change of it."""

    def __init__(self) -> None:
        super().__init__()
        self._whole = False
        self._early: deque[Any] = deque(maxlen=EARLY)
        self._metas: dict[str, dict[str, Any]] = {}  # key → phx_ref → meta

    def _on_state_event(self, payload: Any) -> None:
        self._whole = True
        self._metas = {}
        self._add(payload)
        while self._early:
            self._apply(self._early.popleft())
        self._tell()

    def _on_diff_event(self, payload: Any) -> None:
        if not self._whole:
            self._early.append(payload)  # O1
            return
        self._apply(payload)
        self._tell()

    def _apply(self, diff: Any) -> None:
        """Joins first: a meta that is replaced comes and goes in one difference."""
        if not isinstance(diff, dict):
            return
        self._add(diff.get("joins"))
        for key, ref, _ in _entries(diff.get("leaves")):
            metas = self._metas.get(key)
            if metas is not None and metas.pop(ref, None) is not None and not metas:
                del self._metas[key]

    def _add(self, state: Any) -> None:
        for key, ref, meta in _entries(state):
            self._metas.setdefault(key, {})[ref] = meta

    def _tell(self) -> None:
        self.state = {key: list(metas.values()) for key, metas in self._metas.items()}
        if self.on_sync_callback is not None:
            self.on_sync_callback()


def _entries(state: Any) -> Iterator[tuple[str, str, Any]]:
    """(key, phx_ref, meta) of all that is sound (O2)."""
    if not isinstance(state, dict):
        return
    for key, entry in state.items():
        metas = entry.get("metas") if isinstance(entry, dict) else None
        for meta in metas if isinstance(metas, list) else ():
            ref = meta.get("phx_ref") if isinstance(meta, dict) else None
            if isinstance(ref, str):
                yield key, ref, meta
