"""What a task says of itself, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from state.board import OPEN, Status

if TYPE_CHECKING:
    from state.models import Task
    from state.sync.mutation import Pending

TITLES: dict[Status, str] = {
    "queued": "Queued",
    "in_progress": "In progress",
    "completed": "Completed",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
ICONS: dict[Status, str] = {
    "queued": "radio_button_unchecked",
    "in_progress": "timelapse",
    "completed": "check_circle",
    "failed": "error",
    "cancelled": "cancel",
}


@dataclass(frozen=True)
class Words:
    """A word on a badge, its tone, and the rest beside it."""

    badge: str = ""
    tone: Literal["", "wait", "fail", "live"] = ""
    text: str = ""


def describe(task: Task, pending: Pending | None, *, running: bool) -> Words:
    """What a card says below its title; nothing for a plain task that is saved."""
    if pending is not None and pending.failed:
        return Words("not saved", "fail", pending.failed)
    if pending is not None and pending.waiting:
        return Words("not sent yet", "wait", "waits for the connection")
    if task.type != "render":
        return Words("failed", "fail", task.error) if task.status == "failed" and task.error else Words()
    if task.status == "failed":
        return Words("failed", "fail", task.error or "It could not be made.")
    if task.status == "in_progress":
        return Words("", "", f"{task.stage or 'Preparing'} · {task.progress} %")
    if running:
        return Words("waiting", "wait", "in line")
    return Words("", "", "Not run yet") if task.status == "queued" else Words()


def due(task: Task, today: date) -> tuple[str, bool]:
    """Today, Tomorrow, Yesterday, or 24 Dec, and whether it is late; nothing where no day is set."""
    day = task.due_date
    if day is None:
        return "", False
    names = {0: "Today", 1: "Tomorrow", -1: "Yesterday"}
    far = (day - today).days
    year = f" {day.year}" if day.year != today.year else ""
    late = far < 0 and task.status in OPEN
    return names.get(far, f"{day.day} {day:%b}{year}") + (", late" if late else ""), late
