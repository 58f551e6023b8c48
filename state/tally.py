"""Tally: a number that the database keeps for each post, as one member sees it who is changing it.

T1  What one does counts at once: the number is what one saw before, and one more or less, whatever is on its way.
T2  The answer brings the number and the version of the post that counts it. Until a post of that version is there the
    answer holds; from then on the post does. So the number neither trembles nor counts anything twice, in whatever order
    answer and post arrive.
T3  What was refused or taken back counts no longer; with the last of it, the post's own number is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from state.models import Post


@dataclass
class _Own:
    number: int
    unanswered: int = 0
    version: int = 0  # the state of the post that counts what was answered


class Tally:
    """`counted` reads the post's own number; `changed` is told of posts that show another one now."""

    def __init__(self, counted: Callable[[Post], int], changed: Callable[[UUID], None]) -> None:
        self._counted = counted
        self._changed = changed
        self._own: dict[UUID, _Own] = {}

    def __len__(self) -> int:
        """Posts whose number is not their own."""
        return len(self._own)

    def of(self, post: Post) -> int:
        """The number to show."""
        own = self._own.get(post.id)
        if own is None:
            return self._counted(post)
        if not own.unanswered and post.version >= own.version:  # T2
            del self._own[post.id]
            return self._counted(post)
        return own.number

    def expect(self, post: Post, change: int) -> None:
        """A write that changes the number is on its way. T1"""
        own = self._own.setdefault(post.id, _Own(self.of(post)))
        own.number += change
        own.unanswered += 1
        self._changed(post.id)

    def answered(self, post_id: UUID, number: int, version: int) -> None:
        """The database has done it; this is what it counts in that version of the post. T2"""
        own = self._own.get(post_id)
        if own is None:
            return
        own.unanswered = max(0, own.unanswered - 1)
        own.version = max(own.version, version)
        if not own.unanswered and own.number != number:
            own.number = number
            self._changed(post_id)

    def failed(self, post_id: UUID, change: int) -> None:
        """It has not been done, and will not be. T3"""
        own = self._own.get(post_id)
        if own is None:
            return
        own.unanswered -= 1
        own.number -= change
        if own.unanswered <= 0 and not own.version:
            del self._own[post_id]
        self._changed(post_id)

    def forget(self) -> None:
        """Nothing of it counts any more."""
        self._own.clear()
