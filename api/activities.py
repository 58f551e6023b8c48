"""/api/dashboard/activities: what a team did, and to log what one did oneself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter
from fastapi import Query as Parameter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from api.caller import As
from api.paging import Cursor, Limit, page_of
from api.problems import wrong
from api.teams import Team, team_of
from state.sync.query import Order, Query, Where

router = APIRouter(tags=["activities"])

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class Activity(BaseModel):
    """Something that a member did."""

    id: UUID
    team_id: UUID | None = Field(description="None: it is theirs alone, as what they generate is")
    member_id: UUID
    kind: str
    entity_type: str | None
    entity_id: UUID | None
    title: str
    params: dict[str, Any]
    created_at: datetime


class Activities(BaseModel):
    """One page, newest first."""

    activities: list[Activity]
    next: str | None = Field(description="The cursor of the next page, if there is one")


class NewActivity(BaseModel):
    """What one did. With an id of the caller's it is logged once, however often it is sent."""

    model_config = ConfigDict(extra="forbid")

    id: UUID | None = None
    team_id: UUID | None = Field(default=None, description="Whose it is as well; without it, your own team")
    kind: Literal["note", "call", "meeting", "email", "task"]
    title: Words
    entity_type: Annotated[str, StringConstraints(pattern=r"^[a-z_]{2,60}$")] | None = None
    entity_id: UUID | None = None


@router.get("/dashboard/activities")
async def list_activities(
    who: As,
    team_id: Team = None,
    mine: Annotated[bool, Parameter(description="Your own, in all teams and beside them")] = False,
    kind: Annotated[str | None, Parameter(pattern=r"^[a-z_]{3,40}$")] = None,
    since: AwareDatetime | None = None,
    limit: Limit = 20,
    cursor: Cursor = "",
) -> Activities:
    """Newest first."""
    where = [Where("member_id", "eq", who.id)] if mine else [Where("team_id", "eq", await team_of(who, team_id))]
    if mine and team_id is not None:
        where.append(Where("team_id", "eq", await team_of(who, team_id)))
    if kind is not None:
        where.append(Where("kind", "eq", kind))
    if since is not None:
        where.append(Where("created_at", "gte", since))
    query = Query("member_activities", tuple(where), (Order("created_at", descending=True),))
    rows, following = await page_of(who, query, limit, cursor)
    return Activities(activities=[Activity.model_validate(row) for row in rows], next=following)


@router.post("/dashboard/activities", status_code=201)
async def log_activity(who: As, new: NewActivity) -> Activity:
    """Shows on the team's open pages at once."""
    if new.entity_id is not None and new.entity_type is None:
        raise wrong("entity_type", "Needed with an entity_id")
    team = await team_of(who, new.team_id)
    arguments = new.model_dump(mode="json", exclude={"id", "team_id"})
    arguments |= {"activity_id": str(new.id or uuid4()), "team_id": str(team)}
    return Activity.model_validate(await who.api.rpc("log_activity", arguments))
