"""Discussion: what is said of one task."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from state.models import TaskComment
from state.space import Space
from state.sync.live_table import LiveTable
from state.sync.query import Order, Query, Where
from state.teams import KIND

if TYPE_CHECKING:
    from state.member import Member
    from state.signal import Unsubscribe

MAX_COMMENT = 2000


class Discussion(Space):
    """Used by `use_discussion`."""

    def __init__(self, member: Member, team: UUID, task: UUID) -> None:
        super().__init__(member, KIND, team)
        self.task_id = task
        self.comments: LiveTable[TaskComment] = self.table(
            Query("task_comments", (Where("task_id", "eq", task),), (Order("created_at"),)), TaskComment, limit=1000
        )

    def say(self, body: str) -> UUID:
        """Shows at once. Whoever is named by @username is told."""
        id, now = uuid4(), datetime.now(UTC)
        row = TaskComment(
            id=id, team_id=self.id, task_id=self.task_id, author_id=self.member.id, body=body, created_at=now,
            updated_at=now, version=0,
        )  # fmt: skip
        args = {"comment_id": str(id), "task_id": str(self.task_id), "body": body}
        self.comments.mutations.insert(row, id, partial(self.member.api.rpc, "comment_on_task", args))
        return id

    def take_back(self, comment: UUID) -> None:
        """One's own; one that was refused is discarded."""
        pending = self.comments.pending(comment)
        if pending is not None and pending.failed:
            pending.discard()
            return
        self.comments.mutations.delete(comment, partial(self.member.api.delete, "task_comments", comment))


def use_discussion(member: Member, team: UUID, task: UUID) -> tuple[Discussion, Unsubscribe]:
    """What is said of a task, until the returned function is called."""
    return member.circles.use(f"discussion {task}", KIND, team, lambda: Discussion(member, team, task))
