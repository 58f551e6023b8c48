"""What names people says their names and shows their pictures as they are now, also where it was drawn before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Protocol
from uuid import UUID

from nicegui import ui

from state.models import Profile
from state.signal import Unsubscribe
from state.sync.rows import Batch, Rows


class Names(Protocol):
    """An item of a list, or anything else that was drawn with people in it."""

    @property
    def named(self) -> Collection[UUID]:
        """Whom it names."""
        ...

    def name(self) -> None:
        """Say their names and show their pictures anew."""
        ...


def follow_names(people: Rows[Profile], items: Callable[[], Iterable[Names]], element: ui.element) -> Unsubscribe:
    """`items` that name somebody who has changed are told, until `element` or its page is gone, or the returned function
    is called."""

    def look(batch: Batch[Profile]) -> None:
        if element.is_deleted:
            leave()
            return
        changed = {profile.id for profile in (*batch.inserted, *batch.updated)}
        if changed:
            for item in list(items()):
                if not changed.isdisjoint(item.named):
                    item.name()

    leave = people.subscribe(look)
    element.client.on_delete(leave)
    return leave
