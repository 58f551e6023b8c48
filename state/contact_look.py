"""Look: which contacts one looks at, and in which order. It is what a saved filter keeps, and what an address may name."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast
from uuid import UUID

from state.contact_fields import STAGES, words
from state.sync.query import Order, Query, Where

Sort: TypeAlias = Literal["name", "company", "added", "changed", "moved"]
SORTS: dict[Sort, str] = {
    "name": "name_key",
    "company": "company_key",
    "added": "created_at",
    "changed": "updated_at",
    "moved": "stage_since",
}
MAX_SEARCH = 100


@dataclass(frozen=True)
class Look:
    """`search`: words with which the words of a contact begin; `owner`: who looks after it."""

    search: str = ""
    stage: str | None = None
    tag: str | None = None
    owner: UUID | None = None
    sort: Sort = "name"
    descending: bool = False

    @property
    def narrowing(self) -> tuple[Any, ...]:
        """What decides which contacts these are, whatever their order."""
        return (words(self.search), self.stage, self.tag, self.owner)

    @property
    def alike(self) -> dict[str, Any]:
        """The same for the database's own search: `edit_contacts_alike`."""
        owner = str(self.owner) if self.owner else None
        return {"words": words(self.search), "stage": self.stage, "tag": self.tag, "owner": owner}

    @property
    def narrowed(self) -> bool:
        """Whether it leaves any out."""
        return any(self.narrowing)

    def query(self, team: UUID) -> Query:
        """As a window on the table."""
        where = [Where("team_id", "eq", team)]
        where += [Where("search", "contains", f" {word}") for word in words(self.search)]
        if self.stage is not None:
            where.append(Where("stage", "eq", self.stage))
        if self.tag is not None:
            where.append(Where("tags", "has", self.tag))
        if self.owner is not None:
            where.append(Where("owner_id", "eq", self.owner))
        return Query("contacts", tuple(where), (Order(SORTS[self.sort], self.descending, nulls="never"),))

    def settings(self) -> dict[str, Any]:
        """For `contact_filters`."""
        return {
            "search": self.search,
            "stage": self.stage,
            "tag": self.tag,
            "owner": str(self.owner) if self.owner else None,
            "sort": self.sort,
            "descending": self.descending,
        }


def look_of(settings: Any) -> Look:
    """What settings say; what makes no sense is left out."""
    said = settings if isinstance(settings, dict) else {}
    owner = None
    with suppress(ValueError, TypeError, AttributeError):
        owner = UUID(said["owner"]) if said.get("owner") else None
    stage, tag, sort = said.get("stage"), said.get("tag"), said.get("sort")
    return Look(
        search=str(said.get("search") or "")[:MAX_SEARCH],
        stage=stage if stage in STAGES else None,
        tag=tag if isinstance(tag, str) and tag else None,
        owner=owner,
        sort=cast("Sort", sort) if sort in SORTS else "name",
        descending=said.get("descending") is True,
    )
