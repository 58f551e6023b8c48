"""What a board derives: counts and pages, each under its key of reference 5, as `families.py` lists them.

They are fetched while somebody looks, when a change concerns their family, and as often as its freshness says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from state.models import Generation, Task
from state.sync.cached_query import CachedQuery
from state.sync.query import Query, Where
from state.task_filter import TaskFilter

if TYPE_CHECKING:
    from state.member import Member

PAGE = 25
ALL = TaskFilter()


@dataclass(frozen=True)
class ShotCounts:
    """Of one shot: what has come of it, how much of that is in a place, clips, and tasks that are open."""

    results: int
    placed: int
    videos: int
    tasks: int


@dataclass(frozen=True)
class VideoCounts:
    """Of one project: its shots, clips, pictures, and how many of both are in no place."""

    shots: int
    videos: int
    images: int
    unplaced: int


class BoardQueries:
    """Of one member; what they may not see is not counted."""

    def __init__(self, member: Member) -> None:
        self._member = member

    def status_counts(self, project: UUID, filter: TaskFilter = ALL) -> CachedQuery[dict[str, int]]:
        """How many tasks that pass are in each column; empty columns are left out."""

        async def fetch() -> dict[str, int]:
            rows = await self._rows("task_status_counts", project, **filter.asked)
            return {row["status"]: row["tasks"] for row in rows}

        return self._member.queries.query(("task-status-counts", project, *_narrowed(filter)), fetch)

    def video_counts(self, project: UUID) -> CachedQuery[VideoCounts]:
        """What has come of a project."""

        async def fetch() -> VideoCounts:
            (row,) = await self._rows("project_video_counts", project)
            return VideoCounts(**row)

        return self._member.queries.query(("project-video-counts", project), fetch)

    def shots(self, project: UUID) -> CachedQuery[dict[UUID, ShotCounts]]:
        """By shot of a project."""

        async def fetch() -> dict[UUID, ShotCounts]:
            rows = await self._rows("shot_counts", project)
            return {UUID(row.pop("shot_id")): ShotCounts(**row) for row in rows}

        return self._member.queries.query(("shots", project), fetch)

    def unpositioned(self, shot: UUID) -> CachedQuery[int]:
        """How many results of a shot are in no place."""
        query = Query("generations", (Where("shot_id", "eq", shot), Where("position", "is", None)))

        async def fetch() -> int:
            return await self._member.api.count(query)

        return self._member.queries.query(("unpositioned-count", shot), fetch)

    def in_all(self, project: UUID) -> CachedQuery[int]:
        """How many results a project has, behind what is loaded too."""
        query = Query("generations", (Where("project_id", "eq", project),))

        async def fetch() -> int:
            return await self._member.api.count(query)

        return self._member.queries.query(("unified-generations", "count", "project", project), fetch)

    def task(self, task: UUID) -> CachedQuery[Task | None]:
        """One task, wherever it is; None: it is gone, or nothing for oneself."""

        async def fetch() -> Task | None:
            rows = await self._member.api.select(Query("tasks", (Where("id", "eq", task),)), 1)
            return Task.model_validate(rows[0]) if rows else None

        return self._member.queries.query(("tasks", task), fetch)

    def tasks(
        self, project: UUID, page: int, limit: int = PAGE, status: str | None = None, filter: TaskFilter = ALL
    ) -> CachedQuery[list[Task]]:
        """A page of the tasks that pass, from 1: those to be done first; of one column, if `status` names it."""

        async def fetch() -> list[Task]:
            rows = await self._rows("tasks_page", project, page=page, page_size=limit, status=status, **filter.asked)
            return [Task.model_validate(row) for row in rows]

        key = ("tasks", "paginated", project, page, limit, status, *_narrowed(filter))
        return self._member.queries.query(key, fetch)

    def results(
        self, project: UUID, page: int, limit: int = PAGE, kind: str | None = None
    ) -> CachedQuery[list[Generation]]:
        """A page of what has come of a project, the newest first; only pictures or clips, if `kind` says so."""

        async def fetch() -> list[Generation]:
            rows = await self._rows("results_page", project, page=page, page_size=limit, kind=kind)
            return [Generation.model_validate(row) for row in rows]

        return self._member.queries.query(("unified-generations", "project", project, page, limit, kind), fetch)

    def of_shot(self, shot: UUID) -> CachedQuery[list[Generation]]:
        """What has come of a shot, in no particular order."""
        query = Query("generations", (Where("shot_id", "eq", shot),))

        async def fetch() -> list[Generation]:
            return [Generation.model_validate(row) for row in await self._member.api.select(query, 200)]

        return self._member.queries.query(("unified-generations", "shot", shot), fetch)

    async def _rows(self, function: str, project: UUID, **more: Any) -> list[dict[str, Any]]:
        return list(await self._member.api.rpc(function, {"project_id": str(project), **more}))


def _narrowed(filter: TaskFilter) -> tuple[tuple[str, str], ...]:
    """The end of a key; nothing where nothing is narrowed: the key is that of reference 5 then."""
    return tuple(filter.asked.items())
