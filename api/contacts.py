"""/api/contacts: whom a team knows."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID, uuid4

from fastapi import APIRouter, Response
from fastapi import Query as Parameter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from api.caller import As, Caller
from api.paging import Cursor, Limit, page_of
from api.problems import not_there, wrong
from api.teams import Team, team_of
from state.contact_look import MAX_SEARCH, Look
from state.sync.query import Order, Query, Where

router = APIRouter(tags=["contacts"])

NO_NUL = r"^[^\x00]*$"
Stage: TypeAlias = Literal["lead", "qualified", "proposal", "won", "lost"]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=NO_NUL)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120, pattern=NO_NUL)]
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=254, pattern=r'^([^\s@,;<>"\x00]+@[^\s@,;<>"\x00]+\.[^\s@,;<>".\x00]+)?$'
    ),
]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9A-Za-z+()#*./ -]{0,40}$")]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40, pattern=NO_NUL)]
Search = Annotated[str, StringConstraints(max_length=MAX_SEARCH, pattern=NO_NUL)]
Tags = Annotated[list[Tag], Field(max_length=20)]
Notes = Annotated[str, StringConstraints(max_length=5000, pattern=NO_NUL)]

SORTS: dict[str, Order] = {
    "newest": Order("created_at", descending=True),
    "changed": Order("updated_at", descending=True),
    "name": Order("name_key"),
}


class Contact(BaseModel):
    """Somebody whom a team knows."""

    id: UUID
    team_id: UUID
    name: str
    email: str
    phone: str
    company: str
    title: str
    stage: Stage
    tags: list[str]
    notes: str
    owner_id: UUID | None = Field(description="Who looks after it")
    created_at: datetime
    updated_at: datetime


class Contacts(BaseModel):
    """One page."""

    contacts: list[Contact]
    next: str | None = Field(description="The cursor of the next page, if there is one")


class ContactFields(BaseModel):
    """What can be written. Fields that are left out stay as they are."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    email: Email | None = None
    phone: Phone | None = None
    company: Short | None = None
    title: Short | None = None
    stage: Stage | None = None
    tags: Tags | None = None
    notes: Notes | None = None
    owner_id: UUID | None = None


class NewContact(ContactFields):
    """With an id of the caller's it is made once, however often it is sent."""

    id: UUID | None = None
    team_id: UUID | None = Field(default=None, description="One of your teams; without it, your own")
    name: Name  # type: ignore[assignment]


@router.get("/contacts")
async def list_contacts(
    who: As,
    team_id: Team = None,
    search: Annotated[Search, Parameter(description="Words with which theirs begin: all of the first six")] = "",
    stage: Stage | None = None,
    tag: Tag | None = None,
    email: Annotated[Email | None, Parameter(description="Exactly this address")] = None,
    owner_id: UUID | None = None,
    changed_since: AwareDatetime | None = None,
    sort: Literal["newest", "changed", "name"] = "newest",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Contacts:
    """Those of a team."""
    look = Look(search=search, stage=stage, tag=tag and tag.lower(), owner=owner_id)
    where = list(look.query(await team_of(who, team_id)).where)
    if email is not None:
        where.append(Where("email", "eq", email.lower()))
    if changed_since is not None:
        where.append(Where("updated_at", "gte", changed_since))
    rows, following = await page_of(who, Query("contacts", tuple(where), (SORTS[sort],)), limit, cursor)
    return Contacts(contacts=[Contact.model_validate(row) for row in rows], next=following)


@router.post("/contacts", status_code=201)
async def add_contact(who: As, new: NewContact) -> Contact:
    """Shows on the team's open pages at once."""
    team = await team_of(who, new.team_id)
    fields = new.model_dump(mode="json", exclude={"id", "team_id"}, exclude_none=True)
    arguments = {"contact_id": str(new.id or uuid4()), "team_id": str(team), "fields": fields}
    return Contact.model_validate(await who.api.rpc("add_contact", arguments))


@router.get("/contacts/{id}")
async def get_contact(who: As, id: UUID) -> Contact:
    """One of them."""
    return await _find(who, id)


@router.put("/contacts/{id}")
async def edit_contact(who: As, id: UUID, fields: ContactFields) -> Contact:
    """Writes the fields that are sent, and leaves the others: what others wrote into those meanwhile stays."""
    changes = fields.model_dump(mode="json", exclude_unset=True)
    empty = [name for name, value in changes.items() if value is None and name != "owner_id"]
    if empty:
        raise wrong(empty[0], "Leave it out, or send an empty text")
    return Contact.model_validate(await who.api.rpc("edit_contact", {"contact_id": str(id), "changes": changes}))


@router.delete("/contacts/{id}", status_code=204)
async def delete_contact(who: As, id: UUID) -> Response:
    """For good."""
    contact = await _find(who, id)
    await who.api.rpc("remove_contacts", {"team_id": str(contact.team_id), "ids": [str(id)]})
    return Response(status_code=204)


async def _find(who: Caller, id: UUID) -> Contact:
    rows = await who.api.select(Query("contacts", (Where("id", "eq", id),)), 1)
    if not rows:
        raise not_there("contact")
    return Contact.model_validate(rows[0])
