"""Board: one project of a team, with its tasks in columns, its shots, and what has come of them.

B1  A task is in the column of its status, at its position; the database reckons both, and everybody sees them alike.
B2  What one does shows in the same moment, reckoned as the database will; what it refuses is as it was before, and is told.
B3  Moves of one's own are sent one after the other, whatever they move: each was reckoned with the one before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, cast
from uuid import UUID, uuid4

from state.board_queries import BoardQueries
from state.holding import Holding
from state.models import Generation, Project, Shot, Task, TeamMember
from state.space import Space
from state.sync.live_table import LiveTable
from state.sync.query import Order, Query, Where
from state.sync.view import View
from state.teams import KIND

if TYPE_CHECKING:
    from state.member import Member
    from state.signal import Unsubscribe
    from state.sync.cached_query import CachedQuery

Status: TypeAlias = Literal["queued", "in_progress", "completed", "failed", "cancelled"]
STATUSES: tuple[Status, ...] = ("queued", "in_progress", "completed", "failed", "cancelled")
OPEN: tuple[Status, ...] = ("queued", "in_progress")

MAX_TITLE = 200
LOADED = 300  # tasks at first: what is to be done comes before what has ended
RESULTS = 500

Placed = TypeVar("Placed", Task, Shot, Generation)


class Board(Space):
    """Used by `use_board`."""

    def __init__(self, member: Member, team: UUID, project: UUID) -> None:
        super().__init__(member, KIND, team)
        self.project_id = project
        of_project = Where("project_id", "eq", project)
        self.projects = self.table(Query("projects", (Where("id", "eq", project),)), Project)
        self.tasks: LiveTable[Task] = self.table(
            Query("tasks", (of_project,), (Order("status", descending=True), Order("position"))), Task, limit=LOADED
        )
        self.shots: LiveTable[Shot] = self.table(Query("shots", (of_project,), (Order("position"),)), Shot)
        self.results: LiveTable[Generation] = self.table(
            Query("generations", (of_project,), (Order("position"), Order("created_at"))), Generation, limit=RESULTS
        )
        self.people = self.table(
            Query("team_members", (Where("team_id", "eq", team),), (Order("created_at"),)), TeamMember
        )
        self.here = self.room(f"board-{project}")
        self.holding = Holding(self.here, member.id)
        self.count = BoardQueries(member)
        freshness = member.connection.freshness
        self.view = View((self.tasks, freshness), (self.shots, freshness), (self.results, freshness))
        self._looked_up: CachedQuery[Task | None] | None = None
        self._sending = asyncio.Lock()

    def open(self) -> None:
        """As `Area` says."""
        super().open()
        self.holding.open()

    async def close(self) -> None:
        """As `Area` says."""
        await self.holding.close()
        await super().close()

    @property
    def project(self) -> Project | None:
        """None while nothing is known, or when it is gone."""
        return self.projects.get(self.project_id)

    def task(self, id: UUID) -> Task | None:
        """As it looks now; behind what is loaded, one that is looked up."""
        held = self.tasks.get(id)
        if held is None and self._looked_up is not None:
            found = self._looked_up.value
            if found is not None and found.id == id and found.project_id == self.project_id:
                return self.tasks.mutations.fold(id, found)
        return held

    def look_up(self, id: UUID, listener: Callable[[], None]) -> Unsubscribe:
        """Follows one task wherever it is, the last one asked for, until the returned function is called."""
        query = self._looked_up = self.count.task(id)
        leave = query.observe(lambda _: listener())

        def end() -> None:
            leave()
            if self._looked_up is query:
                self._looked_up = None

        return end

    def lost(self, id: UUID) -> bool:
        """Whether one that is looked up is known to be gone, or was never here."""
        query = self._looked_up
        return self.tasks.phase == "ready" and query is not None and query.phase == "ready" and self.task(id) is None

    def column(self, status: str) -> list[Task]:
        """Its tasks in order."""
        return [task for task in self.tasks.rows if task.status == status]

    @property
    def labels(self) -> list[str]:
        """All that any task has."""
        return sorted({label for task in self.tasks.rows for label in task.labels})

    # Tasks ---------------------------------------------------------------------------------------------------------

    def create(self, title: str, status: Status = "queued", **wishes: Any) -> UUID:
        """A new task at the end of its column; `wishes` are columns of it. With `render` one that can be run."""
        id, now = uuid4(), datetime.now(UTC)
        column = self.column(status)
        values: dict[str, Any] = {"description": "", "shot_id": None, "assignee": None, "labels": [], "due_date": None}
        values |= {"render": None, **wishes}
        row = Task(
            id=id, team_id=self.id, project_id=self.project_id, type="render" if values["render"] else "task", title=title,
            status=status, progress=100 if status == "completed" else 0, position=column[-1].position + 1 if column else 1,
            job_id=None, stage="", preview_path=None, error=None, created_by=self.member.id, created_at=now, updated_at=now,
            version=0, **values,
        )  # fmt: skip
        args = {"task_id": str(id), "project_id": str(self.project_id), "title": title, "status": status}
        send = partial(self._in_turn, "create_task", args | _plain(values))
        self.tasks.mutations.insert(row, id, send)
        self.tasks.flush()
        return id

    def edit(self, task: UUID, **changes: Any) -> None:
        """Title, description, labels, due date, assignee, shot."""
        send = partial(self.member.api.update, "tasks", task, _plain(changes))
        self.tasks.mutations.update(task, changes, send)
        self.tasks.flush()

    def move(self, task_id: UUID, status: Status, before: UUID | None = None) -> bool:
        """Into a column, before another task or last; whether there was anything to do. B2"""
        task = self.task(task_id)
        others = [task for task in self.column(status) if task.id != task_id]
        if task is None or before == task_id or not self.may_move(task, status):
            return False
        now = [task.id for task in self.column(status)]
        place = next((n for n, other in enumerate(others) if other.id == before), len(others))
        if task.status == status and now == [*(o.id for o in others[:place]), task_id, *(o.id for o in others[place:])]:
            return False
        changes: dict[str, Any] = {"status": status, "position": _between(others, place)}
        if task.type == "task" and status in ("completed", "queued"):
            changes["progress"] = 100 if status == "completed" else 0
        args = {"task_id": str(task_id), "status": status, "before": str(before) if before else None}
        self.tasks.mutations.update(task_id, changes, partial(self._in_turn, "move_task", args))
        self.tasks.flush()
        return True

    def step(self, task_id: UUID, *, by: int = 0, columns: int = 0) -> bool:
        """By so many places down its column (up when negative), or columns to the right; as far as it goes."""
        task = self.tasks.get(task_id)
        if task is None:
            return False
        status: Status = cast("Status", task.status)
        if columns:
            at = STATUSES.index(status) + columns
            if not 0 <= at < len(STATUSES):
                return False
            above = [other for other in self.column(STATUSES[at]) if other.position >= task.position]
            return self.move(task_id, STATUSES[at], above[0].id if above else None)
        line = [other.id for other in self.column(status)]
        place = line.index(task_id)
        line.remove(task_id)
        place = min(max(0, place + by), len(line))
        return self.move(task_id, status, line[place] if place < len(line) else None)

    def may_move(self, task: Task, status: str) -> bool:
        """Of what is rendered the job decides: one may only cancel it, or put it elsewhere once it has ended."""
        if not self.may_edit:
            return False
        if task.type != "render" or task.status == status:
            return True
        return status == "cancelled" if self.running(task) else status != "in_progress"

    def running(self, task: Task) -> bool:
        """Whether a job of it waits or is at work."""
        return task.type == "render" and task.job_id is not None and task.status in OPEN

    def run(self, task_id: UUID) -> None:
        """Has it rendered, at one's own cost; again, once it has ended."""
        task, job = self.task(task_id), uuid4()
        if task is None or self.running(task):
            return
        changes = {"job_id": job, "status": "queued", "progress": 0, "stage": "", "error": None, "preview_path": None}
        args = {"task_id": str(task_id), "job_id": str(job)}
        self.tasks.mutations.update(task_id, changes, partial(self.member.api.rpc, "run_task", args))
        self.tasks.flush()

    def cancel(self, task_id: UUID) -> None:
        """Ends it, and its job whoever ran it."""
        changes = {"status": "cancelled", "stage": "", "preview_path": None}
        send = partial(self.member.api.rpc, "cancel_task", {"task_id": str(task_id)})
        self.tasks.mutations.update(task_id, changes, send)
        self.tasks.flush()

    def delete(self, task_id: UUID) -> None:
        """With what was said of it."""
        pending = self.tasks.pending(task_id)
        if pending is not None and pending.failed:
            pending.discard()
            return
        send = partial(self.member.api.rpc, "delete_task", {"task_id": str(task_id)})
        self.tasks.mutations.delete(task_id, send)
        self.tasks.flush()

    def made_of(self, task: Task) -> list[Generation]:
        """What its last run has brought."""
        return [picture for picture in self.results.rows if task.job_id is not None and picture.job_id == task.job_id]

    def rename(self, name: str) -> None:
        """The project; shows at once."""
        send = partial(self.member.api.update, "projects", self.project_id, {"name": name})
        self.projects.mutations.update(self.project_id, {"name": name}, send)
        self.projects.flush()

    def delete_project(self) -> None:
        """With its shots and tasks."""
        send = partial(self.member.api.rpc, "delete_project", {"project_id": str(self.project_id)})
        self.projects.mutations.delete(self.project_id, send)

    # Shots and results ---------------------------------------------------------------------------------------------

    def create_shot(self, name: str) -> UUID:
        """A new shot behind the others."""
        id, now = uuid4(), datetime.now(UTC)
        last = self.shots.rows[-1].position if self.shots.rows else 0.0
        row = Shot(
            id=id, team_id=self.id, project_id=self.project_id, name=name, description="", position=last + 1,
            created_at=now, updated_at=now, version=0,
        )  # fmt: skip
        args = {"shot_id": str(id), "project_id": str(self.project_id), "name": name}
        self.shots.mutations.insert(row, id, partial(self._in_turn, "create_shot", args))
        self.shots.flush()
        return id

    def edit_shot(self, shot: UUID, **changes: Any) -> None:
        """Name, description."""
        self.shots.mutations.update(shot, changes, partial(self.member.api.update, "shots", shot, changes))
        self.shots.flush()

    def move_shot(self, shot: UUID, before: UUID | None = None) -> bool:
        """Before another shot, or last; whether there was anything to do."""
        now = [other.id for other in self.shots.rows]
        others = [other for other in self.shots.rows if other.id != shot]
        at = next((n for n, other in enumerate(others) if other.id == before), len(others))
        moved = [*(o.id for o in others[:at]), shot, *(o.id for o in others[at:])]
        if shot not in now or before == shot or now == moved or not self.may_edit:
            return False
        args = {"shot_id": str(shot), "before": str(before) if before else None}
        send = partial(self._in_turn, "move_shot", args)
        self.shots.mutations.update(shot, {"position": _between(others, at)}, send)
        self.shots.flush()
        return True

    def step_shot(self, shot: UUID, by: int) -> bool:
        """By so many places along the shots; as far as it goes."""
        line = [other.id for other in self.shots.rows]
        if shot not in line:
            return False
        place = min(max(0, line.index(shot) + by), len(line) - 1)
        line.remove(shot)
        return self.move_shot(shot, line[place] if place < len(line) else None)

    def delete_shot(self, shot: UUID) -> None:
        """Its results and tasks stay, without a shot."""
        self.shots.mutations.delete(shot, partial(self.member.api.delete, "shots", shot))
        self.shots.flush()

    def of_shot(self, shot: UUID | None, *, placed: bool) -> list[Generation]:
        """The results of a shot: those in their places, or those that have none yet."""
        return [p for p in self.results.rows if p.shot_id == shot and (p.position is not None) == placed]

    def put(self, picture: UUID, shot: UUID, before: UUID | None = None, *, placed: bool = True) -> bool:
        """Puts a result into a shot: before another one, last, or in no place; whether there was anything to do."""
        held = self.results.get(picture)
        line = [p.id for p in self.of_shot(shot, placed=True)]
        others = [p for p in self.of_shot(shot, placed=True) if p.id != picture]
        at = next((n for n, other in enumerate(others) if other.id == before), len(others))
        if held is None or before == picture or not self.may_edit:
            return False
        moved = [*(o.id for o in others[:at]), picture, *(o.id for o in others[at:])]
        if held.shot_id == shot and (line == moved if placed else held.position is None):
            return False
        changes = {"shot_id": shot, "position": _between(others, at) if placed else None}
        self.results.mutations.update(picture, changes, self._send_place(picture, shot, before, placed=placed))
        self.results.flush()
        return True

    def attach(self, picture: Generation, shot: UUID) -> None:
        """Puts a picture of one's own into a shot, in no place yet; the team sees it from now on."""
        added = {"team_id": self.id, "project_id": self.project_id, "shot_id": shot, "position": None}
        row = picture.model_copy(update=added)
        self.results.mutations.insert(row, picture.id, self._send_place(picture.id, shot, None, placed=False))
        self.results.flush()

    def detach(self, picture: UUID) -> None:
        """Takes it out of the project; it stays whose it is."""
        none: dict[str, Any] = {"shot_id": None, "position": None}
        send = partial(self._in_turn, "detach_generation", {"generation_id": str(picture)})
        self.results.mutations.update(picture, none, send)
        self.results.flush()

    def _send_place(self, picture: UUID, shot: UUID, before: UUID | None, *, placed: bool) -> Any:
        args = {"generation_id": str(picture), "shot_id": str(shot), "placed": placed}
        return partial(self._in_turn, "place_generation", args | {"before": str(before) if before else None})

    async def _in_turn(self, function: str, args: dict[str, Any]) -> dict[str, Any]:
        """B3."""
        async with self._sending:
            return await self.member.api.rpc(function, args)


def use_board(member: Member, team: UUID, project: UUID) -> tuple[Board, Unsubscribe]:
    """A board, until the returned function is called."""
    return member.circles.use(f"board {project}", KIND, team, lambda: Board(member, team, project))


async def team_of(member: Member, project: UUID) -> UUID | None:
    """Which team a project is of; None: there is no such project for this member. Raises StateError."""
    rows = await member.api.select(Query("projects", (Where("id", "eq", project),)), 1)
    return UUID(rows[0]["team_id"]) if rows else None


def _between(others: Sequence[Placed], at: int) -> float:
    """As `private.between` reckons; when no number is left between the two, the answer corrects this."""
    above = others[at - 1].position if at > 0 else None
    below = others[at].position if at < len(others) else None
    if above is None or below is None:
        return above + 1 if above is not None else below - 1 if below is not None else 1.0
    return (above + below) / 2


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """As JSON can say them."""
    return {
        name: str(value) if isinstance(value, UUID) else value.isoformat() if isinstance(value, date) else value
        for name, value in values.items()
    }
