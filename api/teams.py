"""Which team a request is about: the one it names, else the member's own."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query as Parameter

from api.caller import Caller
from api.problems import not_there
from state.sync.query import Query, Where

Team = Annotated[UUID | None, Parameter(description="One of your teams; without it, your own")]


async def team_of(caller: Caller, team: UUID | None) -> UUID:
    """Raises ApiProblem: they are not in it."""
    which = Where("personal_of", "eq", caller.id) if team is None else Where("id", "eq", team)
    rows = await caller.api.select(Query("teams", (which,)), 1, columns=("id",))
    if not rows:
        raise not_there("team")
    return UUID(rows[0]["id"])
