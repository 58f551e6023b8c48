"""Rows that a test changes by hand, and rows of the database as they come."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime
from typing import Generic, TypeVar
from uuid import UUID, uuid4

from state.models import Generation, Job, Model
from state.signal import Signal, Unsubscribe
from state.sync.mutation import Pending
from state.sync.rows import Batch, Phase

Row = TypeVar("Row")
MOMENT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
ADA, GRACE = UUID(int=1), UUID(int=2)


class HandRows(Generic[Row]):
    """`put` a list of rows in order; whoever is subscribed hears of it."""

    def __init__(self, rows: Sequence[Row] = (), *, phase: Phase = "ready", behind: Sequence[Row] = ()) -> None:
        self.rows: Sequence[Row] = list(rows)
        self.phase: Phase = phase
        self.error: str | None = None
        self.unconfirmed: dict[Hashable, Pending] = {}
        self.listeners: Signal[Batch[Row]] = Signal()
        self._behind = list(behind)

    @property
    def complete(self) -> bool:
        return not self._behind

    def get(self, key: Hashable) -> Row | None:
        return next((row for row in self.rows if getattr(row, "id") == key), None)  # noqa: B009

    def pending(self, key: Hashable) -> Pending | None:
        return self.unconfirmed.get(key)

    def subscribe(self, listener: Callable[[Batch[Row]], None]) -> Unsubscribe:
        return self.listeners.subscribe(listener)

    async def load_more(self) -> None:
        rows, self._behind = [*self.rows, *self._behind], []
        self.put(rows)

    def put(self, rows: Sequence[Row]) -> None:
        self.rows = list(rows)
        self.listeners.emit(Batch())


def job(prompt: str = "a lighthouse", **values: object) -> Job:
    """A public image job of Ada's that waits."""
    row: dict[str, object] = {
        "id": uuid4(), "owner_id": ADA, "kind": "image", "prompt": prompt, "negative_prompt": "", "model_id": None,
        "params": {"width": 1024, "height": 1024, "count": 1, "seed": 1, "duration": 4}, "visibility": "public",
        "status": "waiting", "progress": 0, "stage": "", "eta_s": None, "preview_path": None, "error": None, "cost": 2,
        "attempt": 0, "failures": 0, "priority": 0, "batch": None, "dismissed": False, "retried_from": None,
        "started_at": None, "finished_at": None, "created_at": MOMENT, "updated_at": MOMENT, "version": 1, "held": False,
        "tries": 1, "position": MOMENT.timestamp(),
    }  # fmt: skip
    return Job.model_validate(row | values)


def picture(prompt: str = "a lighthouse", **values: object) -> Generation:
    """A public picture of Ada's."""
    id = uuid4()
    row: dict[str, object] = {
        "id": id, "owner_id": ADA, "job_id": None, "ordinal": 0, "kind": "image", "prompt": prompt, "model_id": UUID(int=7),
        "model_name": "", "seed": 81233, "media_path": f"{id}.webp", "poster_path": f"{id}-poster.webp", "media_type": "image/webp", "bytes": 9,
        "width": 1216, "height": 816, "duration": None, "colour": "#203040", "favourite": False, "visibility": "public",
        "team_id": None, "project_id": None, "shot_id": None, "position": None,
        "created_at": MOMENT, "updated_at": MOMENT, "version": 1,
    }  # fmt: skip
    return Generation.model_validate(row | values)


def model(name: str = "Aurora", **values: object) -> Model:
    """A base model that makes pictures and clips."""
    row: dict[str, object] = {
        "id": uuid4(), "slug": name.lower(), "name": name, "description": "Soft light", "kind": "base", "owner_id": None,
        "visibility": "public", "makes": ["image", "video"], "style": {"palette": ["#0b1026", "#7c6cff"]}, "cost": 2,
        "position": 1, "created_at": MOMENT, "updated_at": MOMENT, "version": 1,
    }  # fmt: skip
    return Model.model_validate(row | values)
