"""What a board is narrowed to. Columns ask it of the tasks that they hold, lists let the database (`narrowed_tasks`) ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from uuid import UUID

if TYPE_CHECKING:
    from state.models import Task

Due: TypeAlias = Literal["", "late", "week", "none"]

MAX_WORDS = 200
WEEK = timedelta(days=6)  # from today


@dataclass(frozen=True)
class TaskFilter:
    """The empty one shows everything."""

    text: str = ""
    assignee: UUID | None = None
    label: str = ""
    due: Due = ""

    def shows(self, task: Task, today: date | None = None) -> bool:
        """Whether a task passes."""
        words = f"{task.title} {task.description} {' '.join(task.labels)}".lower()
        return (
            all(word in words for word in self.text.lower().split())
            and self.assignee in (None, task.assignee)
            and (not self.label or self.label in task.labels)
            and self._is_due(task, today or datetime.now(UTC).date())
        )

    @property
    def asked(self) -> dict[str, Any]:
        """As the database is asked for the same; empty when everything passes."""
        wishes = {
            "words": self.text.strip(), "assignee": str(self.assignee or ""), "label": self.label, "due": self.due
        }  # fmt: skip
        return {name: wish for name, wish in wishes.items() if wish}

    def _is_due(self, task: Task, today: date) -> bool:
        match self.due:
            case "late":
                return task.due_date is not None and task.due_date < today and task.status in ("queued", "in_progress")
            case "week":
                return task.due_date is not None and today <= task.due_date <= today + WEEK
            case "none":
                return task.due_date is None
            case _:
                return True
