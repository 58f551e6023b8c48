"""Importing contacts: a file is read off the loop, its columns are matched with fields, and all rows are sent in one go.

Exporting writes what can be imported again.
"""

from __future__ import annotations

import asyncio
import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any, Literal, TypeAlias
from uuid import UUID

from state.contact_fields import TITLES, split_tags
from state.contact_look import Look
from state.contact_rows import every
from state.contacts import Contacts
from state.models import Contact
from state.spreadsheet import unmarked, write

MOST_ROWS = 10_000
MOST_BYTES = 8_000_000
MOST_COLUMNS = 60
MOST_EXPORTED = 200_000
SEPARATOR = re.compile(r"sep=([,;|\t])\r?\n[\r\n]*", re.IGNORECASE)  # what Excel writes above the heading
EXPORTED = ("name", "company", "title", "email", "phone", "stage", "tags", "notes")
IMPORTED = EXPORTED

Duplicates: TypeAlias = Literal["skip", "fill", "add"]

# Headings that other programs write, without what is between words.
HEADINGS = {
    "name": ("name", "fullname", "contact", "contactname", "displayname"),
    "company": ("company", "organization", "organisation", "companyname", "account", "firm"),
    "title": ("title", "jobtitle", "position", "role"),
    "email": ("email", "mail", "emailaddress", "email1", "workemail"),
    "phone": ("phone", "telephone", "mobile", "phonenumber", "tel", "cell"),
    "stage": ("stage", "status", "pipeline"),
    "tags": ("tags", "labels", "categories", "groups"),
    "notes": ("notes", "note", "comment", "comments", "description"),
}


class NotReadable(ValueError):
    """A file of which no contacts can be made; `str(error)` is a sentence."""


@dataclass(frozen=True)
class Sheet:
    """A file as it was read. `rows` are as long as `columns`."""

    name: str
    columns: tuple[str, ...]
    rows: list[list[str]]


@dataclass(frozen=True)
class Fault:
    """What is wrong in a row, counted from 1 without the heading."""

    row: int
    field: str
    message: str


@dataclass(frozen=True)
class Outcome:
    """What came of an import."""

    added: int
    filled: int
    skipped: int
    failed: int
    errors: tuple[Fault, ...]


async def read(name: str, content: bytes) -> Sheet:
    """A CSV file, in a thread of its own. Raises NotReadable."""
    return await asyncio.to_thread(parse, name, content)


def parse(name: str, content: bytes) -> Sheet:
    """Commas, semicolons, tabs, or what `sep=` names; UTF-8, UTF-16, or what Windows writes. Raises NotReadable."""
    if len(content) > MOST_BYTES:
        raise NotReadable(f"The file is larger than {MOST_BYTES // 1_000_000} MB")
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig").lstrip("\r\n")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    if "\0" in text:
        raise NotReadable("This is not a CSV file")
    told = SEPARATOR.match(text)
    text = text[told.end() :] if told else text
    head = text[: text.find("\n") if "\n" in text else None]
    delimiter = told[1] if told else max(",;\t", key=head.count)
    try:
        lines = [row for row in csv.reader(StringIO(text, newline=""), delimiter=delimiter) if any(map(str.strip, row))]
    except csv.Error as error:
        raise NotReadable("This is not a CSV file") from error
    if len(lines) < 2:
        raise NotReadable("The file needs a heading and at least one row")
    if len(lines) - 1 > MOST_ROWS:
        raise NotReadable(f"The file has {len(lines) - 1:,} rows; {MOST_ROWS:,} at most can be imported at once")
    columns = tuple(heading.strip() or f"Column {n}" for n, heading in enumerate(lines[0][:MOST_COLUMNS], 1))
    width = len(columns)
    return Sheet(name, columns, [(row + [""] * width)[:width] for row in lines[1:]])


def guess(columns: Sequence[str]) -> dict[str, int]:
    """For each field the column whose heading speaks of it."""
    plain = [re.sub(r"[^a-z0-9]", "", column.lower()) for column in columns]
    found: dict[str, int] = {}
    for field, headings in HEADINGS.items():
        place = next((plain.index(heading) for heading in headings if heading in plain), None)
        if place is not None:
            found[field] = place
    return found


def fields_of(row: Sequence[str], mapping: dict[str, int]) -> dict[str, Any]:
    """A row as fields of a contact; what is empty is left out."""
    fields: dict[str, Any] = {}
    for field, place in mapping.items():
        text = unmarked(row[place].strip())
        if not text:
            continue
        fields[field] = split_tags(text) if field == "tags" else text.lower() if field == "stage" else text
    return fields


async def send(
    desk: Contacts, import_id: UUID, sheet: Sheet, mapping: dict[str, int], duplicates: Duplicates = "skip"
) -> Outcome:
    """Imports all rows at once: others hear of one change. Sent again under the same id it is made once. Raises StateError."""
    rows = await asyncio.to_thread(lambda: [fields_of(row, mapping) for row in sheet.rows])
    args = {
        "import_id": str(import_id),
        "team_id": str(desk.id),
        "rows": rows,
        "on_duplicate": duplicates,
        "source": sheet.name[:120],
    }
    made = await desk.member.api.rpc("import_contacts", args)
    faults = tuple(Fault(error["row"], error["field"], error["message"]) for error in made["errors"])
    return Outcome(made["added"], made["filled"], made["skipped"], made["failed"], faults)


async def export(desk: Contacts, look: Look) -> str:
    """The contacts of a look as CSV, `MOST_EXPORTED` at most. Raises StateError."""
    contacts: list[Contact] = []
    async for page in every(desk, look):
        contacts += page
        if len(contacts) >= MOST_EXPORTED:
            break
    return await asyncio.to_thread(as_csv, contacts)


def as_csv(contacts: Sequence[Contact]) -> str:
    """For a spreadsheet, or to be imported again."""
    return write([TITLES[name] for name in EXPORTED], map(_line, contacts))


def _line(contact: Contact) -> list[str]:
    return [", ".join(contact.tags) if name == "tags" else str(getattr(contact, name)) for name in EXPORTED]
