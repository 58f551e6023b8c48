"""Projects: those of one team, with what there is to count of each."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from state.board_queries import BoardQueries
from state.models import Project
from state.space import Space
from state.sync.live_table import LiveTable
from state.sync.query import Order, Query, Where
from state.sync.view import View
from state.teams import KIND

if TYPE_CHECKING:
    from state.member import Member

MAX_NAME = 80


class Projects(Space):
    """Used by `TeamRegion(member, "projects", Projects, …)`."""

    def __init__(self, member: Member, team: UUID) -> None:
        super().__init__(member, KIND, team)
        mine = Query("projects", (Where("team_id", "eq", team),), (Order("created_at"),))
        self.projects: LiveTable[Project] = self.table(mine, Project)
        self.count = BoardQueries(member)
        self.view = View((self.projects, member.connection.freshness))

    def create(self, name: str, description: str = "") -> UUID:
        """A new project; shows at once."""
        id, now = uuid4(), datetime.now(UTC)
        row = Project(
            id=id, team_id=self.id, name=name, description=description, created_by=self.member.id,
            created_at=now, updated_at=now, version=0,
        )  # fmt: skip
        args = {"project_id": str(id), "team_id": str(self.id), "name": name, "description": description}
        self.projects.mutations.insert(row, id, partial(self.member.api.rpc, "create_project", args))
        return id

    def edit(self, project: UUID, **changes: Any) -> None:
        """Its name or description; shows at once."""
        send = partial(self.member.api.update, "projects", project, changes)
        self.projects.mutations.update(project, changes, send)

    def delete(self, project: UUID) -> None:
        """With its shots and tasks; shows at once."""
        send = partial(self.member.api.rpc, "delete_project", {"project_id": str(project)})
        self.projects.mutations.delete(project, send)
