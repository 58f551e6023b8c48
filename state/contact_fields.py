"""The fields of a contact: what they are called, and what may stand in them. The database says so as well (contact_faults)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STAGES = {"lead": "Lead", "qualified": "Qualified", "proposal": "Proposal", "won": "Won", "lost": "Lost"}
MAX_NAME = 120
MAX_NOTES = 5_000
MAX_TAGS = 20
MAX_TAG = 40
EMAIL = re.compile(r"[^\s@,;<>\"]+@[^\s@,;<>\"]+\.[^\s@,;<>\".]+")
PHONE = re.compile(r"[0-9A-Za-z+()#*./ -]{0,40}")
# What words are made of: everything but the signs of ASCII, as `private.words` has it.
BETWEEN = re.compile(r"[\x00-/:-@\[-`{-\x7f]+")


@dataclass(frozen=True)
class FieldOf:
    """A field that is written as text; `kind` is the input's."""

    name: str
    title: str
    kind: str = "text"


FIELDS = (
    FieldOf("name", "Name"),
    FieldOf("company", "Company"),
    FieldOf("title", "Title"),
    FieldOf("email", "E-mail", "email"),
    FieldOf("phone", "Phone", "tel"),
)
TITLES = {field.name: field.title for field in FIELDS} | {
    "stage": "Stage",
    "tags": "Tags",
    "notes": "Notes",
    "owner_id": "Owner",
}


def fault(name: str, value: Any) -> str | None:
    """What is wrong with a value, as a sentence; None: it may be written."""
    if name == "tags":
        tags = split_tags(value) if isinstance(value, str) else value
        if len(tags) > MAX_TAGS:
            return f"At most {MAX_TAGS} tags"
        return f"A tag has 1 to {MAX_TAG} letters" if any(len(tag) > MAX_TAG for tag in tags) else None
    if name == "owner_id":
        return None
    text = str(value).strip()
    match name:
        case "name" if not text:
            return "A contact needs a name"
        case "name" | "company" | "title" if len(text) > MAX_NAME:
            return f"At most {MAX_NAME} letters"
        case "notes" if len(text) > MAX_NOTES:
            return f"At most {MAX_NOTES:,} letters"
        case "email" if text and (len(text) > 254 or not EMAIL.fullmatch(text)):
            return "This is not an e-mail address"
        case "phone" if not PHONE.fullmatch(text):
            return "This is not a phone number"
        case "stage" if text not in STAGES:
            return "There is no such stage"
        case _:
            return None


def faults(fields: Mapping[str, Any]) -> dict[str, str]:
    """By field, what is wrong."""
    return {name: wrong for name, value in fields.items() if (wrong := fault(name, value))}


def clean(name: str, value: Any) -> Any:
    """A value as the database will have it."""
    if name == "tags":
        return split_tags(value) if isinstance(value, str) else sorted({tidy(tag) for tag in value if tag.strip()})
    if name == "notes" or not isinstance(value, str):
        return value
    return value.strip().lower() if name == "email" else value.strip()


def split_tags(text: str) -> list[str]:
    """Tags as one writes them: between commas or semicolons, in whatever order and case."""
    return sorted({tidy(tag) for tag in re.split(r"[,;]", text) if tag.strip()})


def tidy(tag: str) -> str:
    """A tag as it is kept."""
    return re.sub(r"\s+", " ", tag.strip().lower())


def words(text: str) -> tuple[str, ...]:
    """The words of a search: what begins with all of them is found. The first six."""
    return tuple(dict.fromkeys(word for word in BETWEEN.split(text.lower()) if word))[:6]
