"""Who is subscribed to what: subscriptions of equal bindings by people who are the same to every policy are one group.

Tables are matched by name, so one that is published later is found by the subscriptions that it fits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from embedded.realtime.changes.bindings import Binding
from embedded.realtime.changes.visibility import Identity
from embedded.realtime.pgoutput import Relation
from embedded.realtime.sight import Snapshot

if TYPE_CHECKING:
    from embedded.realtime.channel import Channel


@dataclass(eq=False)
class Subscription:
    """A channel's. It is told nothing of what could be seen `before` it."""

    channel: Channel
    bindings: tuple[Binding, ...]
    identity: Identity
    legacy: bool
    before: Snapshot
    live: bool = True


@dataclass(eq=False)
class Group:
    """Members for whom every answer is the same."""

    bindings: tuple[Binding, ...]
    identity: Identity
    members: dict[Subscription, None] = field(default_factory=dict)


class Subscriptions:
    """All that are live."""

    def __init__(self) -> None:
        self._groups: dict[tuple[tuple[Binding, ...], Identity], Group] = {}
        self._matches: dict[int, tuple[Relation, list[tuple[Group, tuple[Binding, ...]]]]] = {}  # by table's number

    def __iter__(self) -> Iterator[Subscription]:
        return iter([member for group in self._groups.values() for member in group.members])

    def add(self, subscription: Subscription) -> None:
        """Hears from now on."""
        key = subscription.bindings, subscription.identity
        group = self._groups.setdefault(key, Group(*key))
        group.members[subscription] = None
        self._matches.clear()

    def remove(self, subscription: Subscription) -> None:
        """Hears nothing more. May be called again."""
        subscription.live = False
        key = subscription.bindings, subscription.identity
        if group := self._groups.get(key):
            group.members.pop(subscription, None)
            if not group.members:
                del self._groups[key]
                self._matches.clear()

    def of(self, relation: Relation) -> list[tuple[Group, tuple[Binding, ...]]]:
        """The groups that changes of a table may concern, with the bindings that name it."""
        known = self._matches.get(relation.oid)
        if known is None or known[0] is not relation:
            matching = (
                (group, tuple(one for one in group.bindings if _names(one, relation)))
                for group in self._groups.values()
            )
            known = self._matches[relation.oid] = relation, [match for match in matching if match[1]]
        return known[1]


def _names(binding: Binding, relation: Relation) -> bool:
    return _like(binding.schema, relation.schema) and _like(binding.table, relation.name)


def _like(pattern: str, name: str) -> bool:
    """SQL's LIKE without an escape character; `*` is everything."""
    if pattern == "*":
        return True
    parts = (".*" if char == "%" else "." if char == "_" else re.escape(char) for char in pattern)
    return re.fullmatch("".join(parts), name, re.DOTALL) is not None
