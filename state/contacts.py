"""Contacts of a team: what is written to them, how many there are, who looks at which, and what one narrows them down to.

The rows that a page shows are in `state.contact_rows`: a table for each way to narrow them down, and one for each contact
that is open. They enter themselves here (`follow`), and a write goes through here:

C1  A write shows at once in every table that holds its contact, and is sent once.
C2  Only what was changed is sent: two people who change different fields of a contact both keep what they wrote.
C3  Of one field the last write counts, and whoever wrote before is told by whom theirs was replaced (`replaced`).
C4  Nothing is forgotten before the time to undo has passed; what is undone was never sent.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from state.contact_fields import clean
from state.contact_look import Look
from state.errors import Refused
from state.looking import Looking
from state.models import Contact, ContactFilter, TeamMember
from state.signal import Signal, Unsubscribe, leave_all
from state.space import Space
from state.sync.cached_query import CachedQuery
from state.sync.live_table import LiveTable
from state.sync.mutation import Pending
from state.sync.query import Order, Query, Where
from state.sync.rows import Batch

if TYPE_CHECKING:
    from state.member import Member

KIND = "team"
UNDO_S = 6.0
MOST_AT_ONCE = 1_000
MOST_ALIKE = 5_000
REPLACED_S = 120.0  # whoever wrote longer ago is not told
MOST_REMEMBERED = 200


@dataclass(frozen=True)
class Counts:
    """How many contacts a team has: in all, by stage, and the tags that most of them have."""

    total: int
    stages: dict[str, int]
    tags: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Replaced:
    """Somebody has written over what one wrote oneself."""

    contact: Contact
    field: str
    by: UUID | None


class Write:
    """One write, in however many tables it shows. C1, C4"""

    def __init__(self, pendings: Iterable[Pending] = ()) -> None:
        self._pendings = list(pendings)

    def undo(self) -> None:
        """Takes it back, if it was not sent."""
        for pending in self._pendings:
            pending.discard()


class Shared:
    """Sends once for all who ask; a refusal is everybody's, and what got no answer is sent again. `key`: their row of the answer."""

    def __init__(self, send: Callable[[], Any]) -> None:
        self._send = send
        self._lock = asyncio.Lock()
        self._answer: Any = None
        self._sent = False
        self._refused: Refused | None = None

    async def __call__(self, key: UUID) -> dict[str, Any] | None:
        async with self._lock:
            if self._refused is not None:
                raise self._refused
            if not self._sent:
                try:
                    self._answer = await self._send()
                except Refused as error:
                    self._refused = error
                    raise
                self._sent = True
        if isinstance(self._answer, list):
            return next((row for row in self._answer if row.get("id") == str(key)), None)
        return self._answer if isinstance(self._answer, dict) else None


class Contacts(Space):
    """Used by `use_contacts`."""

    def __init__(self, member: Member, team: UUID) -> None:
        super().__init__(member, KIND, team)
        of_team, mine = Where("team_id", "eq", team), Where("owner_id", "eq", member.id)
        named = Query("contact_filters", (mine, of_team), (Order("created_at"),))
        self.filters = self.table(named, ContactFilter, feed=member.feed)
        self.members = self.table(Query("team_members", (of_team,), (Order("created_at"),)), TeamMember)
        self.here = self.room("contacts")
        self.looking = Looking(self.here, member.id)
        self.replaced: Signal[Replaced] = Signal()
        self._tables: dict[LiveTable[Contact], int] = {}
        self._written: OrderedDict[tuple[UUID, str], tuple[Any, Any, datetime]] = OrderedDict()

    def open(self) -> None:
        """As `Area` says."""
        super().open()
        self.looking.open()

    async def close(self) -> None:
        """As `Area` says."""
        await self.looking.close()
        await super().close()

    # Reading ---------------------------------------------------------------------------------------------------------

    @property
    def counts(self) -> CachedQuery[Counts]:
        """To be observed."""
        return self.member.queries.query(("contact-counts", self.id), self._count)

    def total(self, look: Look) -> CachedQuery[int]:
        """How many there are of those that `look` lets through; to be observed."""
        query = look.query(self.id)
        return self.member.queries.query(
            ("contacts", "count", self.id, look.narrowing), partial(self.member.api.count, query)
        )

    def find(self, contact: UUID) -> Contact | None:
        """A contact that some table holds."""
        return next((row for table in self._tables if (row := table.get(contact)) is not None), None)

    def follow(self, table: LiveTable[Contact]) -> Unsubscribe:
        """Writes show in this table too, until the returned function is called."""
        self._tables[table] = self._tables.get(table, 0) + 1
        stop = table.subscribe(self._on_batch)

        def leave() -> None:
            leave_all([stop])
            self._tables.pop(table, None)

        return leave

    # Writing ---------------------------------------------------------------------------------------------------------

    def edit(self, contact: Contact, changes: dict[str, Any]) -> Write:
        """Writes these fields of a contact, as far as they are different. C2"""
        wanted = {name: clean(name, value) for name, value in changes.items()}
        wanted = {name: value for name, value in wanted.items() if value != getattr(contact, name)}
        if not wanted:
            return Write()
        self._remember(contact, wanted)
        args = {"contact_id": str(contact.id), "changes": _sent(wanted)}
        send = Shared(partial(self.member.api.rpc, "edit_contact", args))
        return Write(self._show(contact, wanted, send))

    def edit_many(
        self,
        contacts: list[Contact],
        changes: dict[str, Any],
        *,
        more_tags: tuple[str, ...] = (),
        less_tags: tuple[str, ...] = (),
    ) -> Write:
        """Writes the same to many. Raises ValueError for more than `MOST_AT_ONCE`."""
        if len(contacts) > MOST_AT_ONCE:
            raise ValueError(f"At most {MOST_AT_ONCE:,} contacts at once")
        args = {"changes": _sent(changes), "more_tags": list(more_tags), "less_tags": list(less_tags)}
        sends = self._sends("edit_contacts", contacts, args)
        pendings: list[Pending] = []
        for contact in contacts:
            shown = dict(changes)
            if more_tags or less_tags:
                shown["tags"] = sorted({*contact.tags, *more_tags} - {*less_tags})
            self._remember(contact, shown)
            pendings += self._show(contact, shown, sends[contact.id])
        return Write(pendings)

    def add(self, fields: dict[str, Any]) -> tuple[Contact, Write]:
        """A new contact; its fields are without fault."""
        fields = {name: clean(name, value) for name, value in fields.items()}
        contact = self._draft(fields)
        args = {"contact_id": str(contact.id), "team_id": str(self.id), "fields": _sent(fields)}
        send = partial(Shared(partial(self.member.api.rpc, "add_contact", args)), contact.id)
        tables = [table for table in self._tables if table.query.matches(contact)] or list(self._tables)[:1]
        return contact, Write(table.mutations.insert(contact, contact.id, send) for table in tables)

    def remove(self, contacts: list[Contact]) -> Write:
        """They are gone at once, and for good after `UNDO_S`. Raises ValueError for more than `MOST_AT_ONCE`."""
        if len(contacts) > MOST_AT_ONCE:
            raise ValueError(f"At most {MOST_AT_ONCE:,} contacts at once")
        sends = self._sends("remove_contacts", contacts, {})
        return Write(
            table.mutations.delete(contact.id, partial(sends[contact.id], contact.id), hold_s=UNDO_S)
            for contact in contacts
            for table in self._holding(contact.id)
        )

    async def edit_alike(
        self, look: Look, changes: dict[str, Any], *, more_tags: tuple[str, ...] = (), less_tags: tuple[str, ...] = ()
    ) -> int:
        """Writes the same to all that `look` lets through, loaded or not; how many, at most `MOST_ALIKE`. Raises StateError."""
        return await self.member.api.rpc(
            "edit_contacts_alike",
            {
                "team_id": str(self.id), "alike": look.alike, "changes": _sent(changes), "more_tags": more_tags,
                "less_tags": less_tags,
            },
        )  # fmt: skip

    async def remove_alike(self, look: Look) -> int:
        """Removes them, for good. Raises StateError."""
        return await self.member.api.rpc("remove_contacts_alike", {"team_id": str(self.id), "alike": look.alike})

    def save_filter(self, name: str, look: Look) -> None:
        """Keeps a way to narrow them down; shows at once."""
        now = datetime.now(UTC)
        row = ContactFilter(
            id=uuid4(), owner_id=self.member.id, team_id=self.id, name=name.strip(), settings=look.settings(),
            created_at=now, updated_at=now, version=0,
        )  # fmt: skip
        args = {"filter_id": str(row.id), "team_id": str(self.id), "name": row.name, "settings": row.settings}
        send = partial(self.member.api.rpc, "save_contact_filter", args)
        self.filters.mutations.insert(row, row.id, send)

    def remove_filter(self, filter: ContactFilter) -> None:
        """Forgets it; shows at once."""
        send = partial(self.member.api.rpc, "remove_contact_filter", {"filter_id": str(filter.id)})
        self.filters.mutations.delete(filter.id, send)

    # How it works ----------------------------------------------------------------------------------------------------

    def _holding(self, contact: UUID) -> list[LiveTable[Contact]]:
        holding = [table for table in self._tables if table.get(contact) is not None]
        return holding or list(self._tables)[:1]

    def _sends(self, name: str, contacts: list[Contact], args: dict[str, Any]) -> dict[UUID, Shared]:
        """One for all that the database has, and one each for those that are on their way there, which theirs waits for."""

        def send(contacts: list[Contact]) -> Shared:
            ids = [str(contact.id) for contact in contacts]
            return Shared(partial(self.member.api.rpc, name, {"team_id": str(self.id), "ids": ids, **args}))

        known = send([contact for contact in contacts if contact.version])
        return {contact.id: known if contact.version else send([contact]) for contact in contacts}

    def _show(self, contact: Contact, changes: dict[str, Any], send: Shared) -> list[Pending]:
        now = datetime.now(UTC)
        shown = dict(changes)
        if "name" in changes:
            shown["name_key"] = changes["name"].lower()
        if "company" in changes:
            shown["company_key"] = changes["company"].lower()
        if changes.get("stage", contact.stage) != contact.stage:
            shown["stage_since"] = now
        once = partial(send, contact.id)
        return [table.mutations.update(contact.id, shown, once) for table in self._holding(contact.id)]

    def _draft(self, fields: dict[str, Any]) -> Contact:
        now = datetime.now(UTC)
        row = {
            "email": "", "phone": "", "company": "", "title": "", "stage": "lead", "tags": [], "notes": "", "owner_id": None,
            **fields,
        }  # fmt: skip
        return Contact(
            id=uuid4(), team_id=self.id, stage_since=now, edited={}, name_key=row["name"].lower(),
            company_key=row["company"].lower(), search=f" {row['name'].lower()}", created_at=now, updated_at=now, version=0,
            **row,
        )  # fmt: skip

    def _remember(self, contact: Contact, changes: dict[str, Any]) -> None:
        for name, value in changes.items():
            self._written[contact.id, name] = value, _edited(contact).get(name), datetime.now(UTC)
            self._written.move_to_end((contact.id, name))
        while len(self._written) > MOST_REMEMBERED:
            self._written.popitem(last=False)

    def _on_batch(self, batch: Batch[Contact]) -> None:
        if not self._written:
            return
        recently = datetime.now(UTC) - timedelta(seconds=REPLACED_S)
        for row in batch.updated:
            for (contact, name), (value, mark, at) in list(self._written.items()):
                if contact != row.id or getattr(row, name) == value:
                    continue
                by = editor(row, name)
                if by == self.member.id or _edited(row).get(name) == mark:
                    continue  # nobody has written since: it was refused, or undone
                del self._written[contact, name]
                if at > recently:
                    self.replaced.emit(Replaced(row, name, by))  # C3

    async def _count(self) -> Counts:
        record = await self.member.api.rpc("contact_counts", {"team_id": str(self.id)})
        return Counts(record["total"], record["stages"], tuple((tag, n) for tag, n in record["tags"]))


def editor(contact: Contact, name: str) -> UUID | None:
    """Who changed a field last; None: nobody yet, or the database itself."""
    by = _edited(contact).get(name, {}).get("by")
    return UUID(by) if by else None


def _edited(contact: Contact) -> dict[str, Any]:
    return contact.edited if isinstance(contact.edited, dict) else {}


def _sent(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, UUID) else value for name, value in fields.items()}


def use_contacts(member: Member, team: UUID) -> tuple[Contacts, Unsubscribe]:
    """The contacts of one team, until the returned function is called."""
    return member.circles.use("contacts", KIND, team, lambda: Contacts(member, team))
