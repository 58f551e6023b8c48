"""The contacts that pages show: as a list, as a pipeline of stages, and one with all that happened with it.

Each is a space of its own, shared by all tabs that look at the same. A page that narrows them down otherwise goes on showing
the last ones until the next are there (`Book`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID, uuid4

from pydantic import BaseModel

from state.contact_fields import STAGES
from state.contact_look import Look
from state.contacts import KIND, Contacts
from state.models import Activity, Contact, ContactComment, SentEmail
from state.signal import Signal, Unsubscribe, leave_all
from state.space import Space
from state.sync.live_table import LiveTable
from state.sync.mutation import Pending
from state.sync.query import Order, Query, Where
from state.sync.rows import Batch, Phase, Rows
from state.sync.union import Union
from state.sync.view import View

PAGE = 50
TIMELINE = 100
EXPORT_PAGE = 1_000
NEWEST = (Order("created_at", descending=True, nulls="never"),)


class Shown(Protocol):
    """What a `Book` shows: rows, and how fresh they are."""

    @property
    def rows(self) -> Rows[Contact]: ...

    @property
    def view(self) -> View: ...

    look: Look


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


S = TypeVar("S", bound=Shown)


class Book(Generic[S]):
    """What one page shows: the rows of one look at a time. They are Rows, like those of any table."""

    def __init__(self, use: Callable[[Look], tuple[S, Unsubscribe]], look: Look) -> None:
        self._use = use
        self._listeners: Signal[Batch[Contact]] = Signal()
        self.shown, self._leave = use(look)
        self._coming: tuple[S, Unsubscribe] | None = None
        self._unsubscribe = self.shown.rows.subscribe(self._listeners.emit)
        self._stop: Unsubscribe = lambda: None

    @property
    def look(self) -> Look:
        """What was chosen last."""
        return (self._coming[0] if self._coming else self.shown).look

    @property
    def settled(self) -> bool:
        """Whether what was chosen last is shown."""
        return self._coming is None and self.phase != "loading"

    def choose(self, look: Look) -> None:
        """Shows the contacts of another look as soon as they are there."""
        if look == self.look:
            return
        self._give_up()
        area, leave = self._use(look)
        self._coming = area, leave
        self._stop = area.rows.subscribe(lambda _: self._arrived())
        self._arrived()

    def close(self) -> None:
        """Nobody looks any more."""
        self._give_up()
        self._unsubscribe()
        self._leave()

    def _arrived(self) -> None:
        if self._coming is None or self._coming[0].rows.phase == "loading":
            return
        self._stop()
        self._unsubscribe()
        self._leave()
        (self.shown, self._leave), self._coming = self._coming, None
        self._unsubscribe = self.shown.rows.subscribe(self._listeners.emit)
        self._listeners.emit(Batch())

    def _give_up(self) -> None:
        if self._coming is not None:
            self._stop()
            self._coming[1]()
            self._coming = None

    # Rows ----------------------------------------------------------------------------------------------------------

    @property
    def rows(self) -> Sequence[Contact]:
        """In the order of the look."""
        return self.shown.rows.rows

    @property
    def phase(self) -> Phase:
        """Of what is shown."""
        return self.shown.rows.phase

    @property
    def error(self) -> str | None:
        """Why it did not load."""
        return self.shown.rows.error

    @property
    def complete(self) -> bool:
        """False: there are more."""
        return self.shown.rows.complete

    def get(self, key: Hashable) -> Contact | None:
        """One of them."""
        return self.shown.rows.get(key)

    def subscribe(self, listener: Callable[[Batch[Contact]], None]) -> Unsubscribe:
        """As LiveTable does; what is shown after `choose` comes with an empty batch."""
        return self._listeners.subscribe(listener)

    async def load_more(self) -> None:
        """The next page. Raises StateError."""
        await self.shown.rows.load_more()

    def pending(self, key: Hashable) -> Pending | None:
        """The unconfirmed write to a contact, if any."""
        return self.shown.rows.pending(key)


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
