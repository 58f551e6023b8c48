"""The contacts that pages show: as a list, as a pipeline of stages, and one with all that happened with it.

Each is a space of its own, shared by all tabs that look at the same. A page that narrows them down otherwise goes on showing
the last ones until the next are there (`Book`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from pydantic import BaseModel

from state.contact_fields import STAGES
from state.contact_look import Look
from state.contacts import KIND, Contacts
from state.models import Activity, Contact, ContactComment, SentEmail
from state.signal import Unsubscribe, leave_all
from state.space import Space
from state.sync.choice import Choice, Showing
from state.sync.live_table import LiveTable
from state.sync.query import Order, Query, Where
from state.sync.union import Union
from state.sync.view import View

PAGE = 50
TIMELINE = 100
EXPORT_PAGE = 1_000
NEWEST = (Order("created_at", descending=True, nulls="never"),)


class ContactList(Space):
    """The contacts of one look, in its order, fifty at a time."""

    def __init__(self, desk: Contacts, look: Look) -> None:
        super().__init__(desk.member, KIND, desk.id)
        self.look = look
        self._desk = desk
        self.rows: LiveTable[Contact] = self.table(look.query(desk.id), Contact, limit=PAGE)
        self.view = View((self.rows, desk.member.connection.freshness))
        self._leave: Unsubscribe = lambda: None

    def open(self) -> None:
        """As `Area` says."""
        self._leave = self._desk.follow(self.rows)
        super().open()

    async def close(self) -> None:
        """As `Area` says."""
        await super().close()
        self._leave()


class Pipeline(Space):
    """The contacts of one look by stage, those that came there last on top. One that is moved is in its new stage at once."""

    def __init__(self, desk: Contacts, look: Look) -> None:
        super().__init__(desk.member, KIND, desk.id)
        self.look = look
        self._desk = desk
        self.stages: dict[str, LiveTable[Contact]] = {
            stage: self.table(replace(look, stage=stage).query(desk.id), Contact, limit=PAGE) for stage in STAGES
        }
        tables = list(self.stages.values())
        self.rows: Union[Contact] = Union(tables, sort_key=tables[0].query.sort_key)
        self.view = View(*((table, desk.member.connection.freshness) for table in tables))
        self._leave: list[Unsubscribe] = []

    def open(self) -> None:
        """As `Area` says."""
        self._leave = [self._desk.follow(table) for table in self.stages.values()]
        self.rows.open()
        super().open()

    async def close(self) -> None:
        """As `Area` says."""
        self.rows.close()
        await super().close()
        leave_all(self._leave)


S = TypeVar("S", bound=Showing[Contact])


class Book(Choice[S, Look, Contact], Generic[S]):
    """What one page shows of the contacts."""

    @property
    def look(self) -> Look:
        """What was chosen last."""
        return self.wish


def use_list(desk: Contacts, look: Look) -> tuple[ContactList, Unsubscribe]:
    """The list of one look, until the returned function is called."""
    return desk.member.circles.use(f"contacts {look}", KIND, desk.id, lambda: ContactList(desk, look))


def use_pipeline(desk: Contacts, look: Look) -> tuple[Pipeline, Unsubscribe]:
    """The pipeline of one look, until the returned function is called."""
    look = by_move(look)
    return desk.member.circles.use(f"pipeline {look}", KIND, desk.id, lambda: Pipeline(desk, look))


def by_move(look: Look) -> Look:
    """As a pipeline has it: all stages, and on top who came there last."""
    return replace(look, stage=None, sort="moved", descending=True)


# One contact ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Source:
    """A table whose rows are part of what happened with a contact: `where` says which. They have `created_at`."""

    table: str
    row: type[BaseModel]
    where: Callable[[UUID], tuple[Where, ...]]


# What a contact's timeline is made of. Whoever keeps something about contacts adds a line here, and says in
# components/contact_timeline.py how it reads.
SOURCES: list[Source] = [
    Source("contact_comments", ContactComment, lambda contact: (Where("contact_id", "eq", contact),)),
    Source(
        "member_activities",
        Activity,
        lambda contact: (Where("entity_id", "eq", contact), Where("kind", "neq", "contact_commented")),
    ),
    Source("sent_emails", SentEmail, lambda contact: (Where("contact_id", "eq", contact),)),
]


class ContactFile(Space):
    """One contact, and all that happened with it: `timeline`, newest first."""

    def __init__(self, desk: Contacts, contact: UUID) -> None:
        super().__init__(desk.member, KIND, desk.id)
        self.contact_id = contact
        self._desk = desk
        self.contacts = self.table(Query("contacts", (Where("id", "eq", contact),)), Contact)
        self.sources: dict[str, LiveTable[Any]] = {
            source.table: self.table(Query(source.table, source.where(contact), NEWEST), source.row, limit=TIMELINE)
            for source in SOURCES
        }
        first = next(iter(self.sources.values()))
        self.timeline: Union[Any] = Union(list(self.sources.values()), sort_key=first.query.sort_key)
        self.view = View(*((table, desk.member.connection.freshness) for table in self._made))
        self._leave: Unsubscribe = lambda: None

    @property
    def contact(self) -> Contact | None:
        """None before it is loaded (`contacts.phase`), or when it is gone."""
        return self.contacts.get(self.contact_id)

    @property
    def comments(self) -> LiveTable[ContactComment]:
        """What the team says of it."""
        return self.sources["contact_comments"]

    def comment(self, body: str) -> None:
        """Says something of it; shows at once."""
        now = datetime.now(UTC)
        row = ContactComment(
            id=uuid4(), team_id=self.id, contact_id=self.contact_id, author_id=self.member.id, body=body.strip(),
            created_at=now, updated_at=now, version=0,
        )  # fmt: skip
        args = {"comment_id": str(row.id), "contact_id": str(self.contact_id), "body": row.body}
        self.comments.mutations.insert(row, row.id, partial(self.member.api.rpc, "comment_on_contact", args))

    def may_remove(self, comment: ContactComment) -> bool:
        """Whether one may take a comment away."""
        return self.may_edit and (comment.author_id == self.member.id or self.role == "owner")

    def remove(self, comment: ContactComment) -> None:
        """Takes a comment away; shows at once."""
        send = partial(self.member.api.rpc, "remove_contact_comment", {"comment_id": str(comment.id)})
        self.comments.mutations.delete(comment.id, send)

    def open(self) -> None:
        """As `Area` says."""
        self._leave = self._desk.follow(self.contacts)
        self.timeline.open()
        super().open()

    async def close(self) -> None:
        """As `Area` says."""
        self.timeline.close()
        await super().close()
        self._leave()


def use_file(desk: Contacts, contact: UUID) -> tuple[ContactFile, Unsubscribe]:
    """One contact, until the returned function is called."""
    return desk.member.circles.use(f"contact {contact}", KIND, desk.id, lambda: ContactFile(desk, contact))


async def every(desk: Contacts, look: Look) -> AsyncIterator[list[Contact]]:
    """All contacts of a look, those that nobody has loaded among them, a page at a time. Raises StateError."""
    query, last = look.query(desk.id), None
    while True:
        records = await desk.member.api.select(query, EXPORT_PAGE, last)
        page = [Contact.model_validate(record) for record in records]
        yield page
        if len(page) < EXPORT_PAGE:
            return
        last = page[-1]
