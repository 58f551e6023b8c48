"""What stands in a letter: variables that are filled in for each contact. The database fills them in when it is sent
(`private.fill_in`); here a page shows what will come of it, and says what is wrong before it is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from state.models import Contact

MAX_NAME = 80
MAX_SUBJECT = 200
MAX_BODY = 10_000
VARIABLE = re.compile(r"\{\{([^{}]*)\}\}")
URL = re.compile(r"""https?://[^\s\x01-\x1f<>"]*[^\s\x01-\x1f<>".,;:!?)\]}']""")  # as private.email_urls

VARIABLES = {
    "first_name": "First name",
    "name": "Name",
    "company": "Company",
    "title": "Title",
    "email": "E-mail",
    "sender": "You",
    "team": "Team",
}

EXAMPLES = (  # name, subject, body
    (
        "Welcome",
        "Good to meet you, {{first_name|there}}",
        "Hello {{first_name|there}},\n\nthank you for your interest in what we make. Here is our latest work:\n"
        "https://example.com/portfolio\n\nWe would love to hear what catches your eye.\n\n{{sender}}\n{{team}}",
    ),
    (
        "Follow-up",
        "Shall we go on, {{first_name|there}}?",
        "Hello {{first_name|there}},\n\na week ago we sent you our proposal for {{company|your project}}. Is there anything you miss in it?\n"
        "Pick a time that suits you: https://example.com/calendar\n\n{{sender}}",
    ),
)


def fault(subject: str, body: str) -> tuple[str, str] | None:
    """What is wrong, as the field's name and a sentence; None: it may be sent."""
    if not subject.strip():
        return "subject", "It needs a subject"
    if not body.strip():
        return "body", "It needs a text"
    for field, text, most in (("subject", subject, MAX_SUBJECT), ("body", body, MAX_BODY)):
        if len(text) > most:
            return field, f"At most {most:,} letters"
        for said in VARIABLE.findall(text):
            name = said.partition("|")[0].strip()
            if name not in VARIABLES:
                return field, f"There is no {{{{{name}}}}}"
        if re.search(r"\{\{|\}\}", VARIABLE.sub("", text)):
            return field, "A variable is not closed: {{first_name}}"
    return None


def fill_in(source: str, variables: Mapping[str, str]) -> str:
    """What a contact gets to read."""

    def said(found: re.Match[str]) -> str:
        name, _, otherwise = found.group(1).partition("|")
        return variables.get(name.strip(), "").strip() or otherwise.partition("|")[0].strip()

    return VARIABLE.sub(said, source)


def gaps(source: str, variables: Mapping[str, str]) -> list[str]:
    """The variables that leave a hole: nothing is known, and nothing was said to stand for it."""
    said = (
        found.group(1).partition("|") for found in VARIABLE.finditer(source) if not fill_in(found.group(), variables)
    )
    return list(dict.fromkeys(name.strip() for name, _, _ in said if name.strip() in VARIABLES))


def called(subject: str) -> str:
    """What a campaign is called by its subject: Good to meet you, …"""
    words = fill_in(subject, dict.fromkeys(VARIABLES, "…")).strip()
    return words if words.strip("… ") else subject.strip()


def variables_of(contact: Contact | None, *, sender: str, team: str) -> dict[str, str]:
    """Of a contact; of somebody made up, when there is none."""
    own = {"sender": sender, "team": team}
    if contact is None:
        return {
            "name": "Ada Lovelace", "first_name": "Ada", "email": "ada@example.com", "company": "Analytical Engines",
            "title": "Founder", **own,
        }  # fmt: skip
    return {
        "name": contact.name,
        "first_name": contact.name.strip().partition(" ")[0],
        "email": contact.email,
        "company": contact.company,
        "title": contact.title,
        **own,
    }


def parts(text: str) -> list[tuple[str, bool]]:
    """A text in pieces, and whether each is a link."""
    pieces: list[tuple[str, bool]] = []
    end = 0
    for found in URL.finditer(text):
        pieces += [(text[end : found.start()], False), (found[0], True)]
        end = found.end()
    return [piece for piece in [*pieces, (text[end:], False)] if piece[0]]
