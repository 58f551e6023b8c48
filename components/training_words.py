"""What is said of a training: one badge, one line."""

from __future__ import annotations

from dataclasses import dataclass

from components.job_row import UNSENT, duration, given_back, still
from state.models import TrainingJob
from state.sync.mutation import Pending

TONES = {"completed": "live", "failed": "fail", "cancelled": "", "waiting": "wait", "active": "brand"}
NAMES = {"completed": "done", "active": "training"}


@dataclass(frozen=True)
class Words:
    """A word on a badge, its tone, and the rest beside it."""

    badge: str
    tone: str
    text: str


def describe(job: TrainingJob, pending: Pending | None = None, *, elapsed_s: float = 0.0) -> Words:
    """`elapsed_s`: since the worker last said how long it will take."""
    if pending is not None and pending.failed:
        return Words("not sent", "fail", pending.failed)
    if pending is not None and pending.waiting:
        return Words("not sent yet", "wait", UNSENT)
    badge, tone = NAMES.get(job.status, job.status), TONES.get(job.status, "")
    match job.status:
        case "failed":
            return Words(badge, tone, (job.error or "It did not work out.") + given_back(job.cost))
        case "waiting":
            return Words(badge, tone, "Trying again soon" if job.failures else "Next in line")
        case "active":
            parts = [job.stage or "Preparing", f"{job.progress} %"]
            if left := time_left(job, elapsed_s):
                parts.append(left)
            return Words(badge, tone, " · ".join(parts))
        case "completed":
            return Words(badge, tone, f"{job.total_steps:,} steps · loss {loss(job.loss)}")
        case _:
            after = f"After {job.current_step:,} of {job.total_steps:,} steps"
            return Words(badge, tone, after + given_back(job.cost))


def time_left(job: TrainingJob, elapsed_s: float = 0.0) -> str:
    """12 s left, or nothing when nobody knows."""
    if job.status != "active" or job.eta_s is None:
        return ""
    return still(job.eta_s - elapsed_s)


def time_taken(job: TrainingJob) -> str:
    """1 min 20 s, of one that is done."""
    if job.status != "completed" or job.started_at is None or job.finished_at is None:
        return ""
    return duration(round((job.finished_at - job.started_at).total_seconds()))


def loss(value: float | None) -> str:
    """0.213, or a dash."""
    return "–" if value is None else f"{value:.3f}"


def rate(value: float) -> str:
    """4e-4, as those who train write it."""
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
