"""A letter as it goes out: headers, a plain part and an HTML part. Pure functions of what the database hands over.

T1  Nothing that somebody wrote becomes a header line of its own, or HTML: control characters become spaces, the rest is
    escaped. What cannot be written in a header at all raises Unwritable.
T2  Every link that the database knows leads by way of `/t/c/…`; others stay as they are written. Only http and https are links.
T3  Whoever gets it can end it with one click (RFC 8058), or by hand.
T4  Answers go to whoever sent it, as long as they are there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime
from html import escape
from typing import Any

POLICY = SMTP.clone(cte_type="7bit")
URL = re.compile(
    r"""https?://[^\s\x01-\x1f<>"]*[^\s\x01-\x1f<>".,;:!?)\]}']"""
)  # as private.email_urls in the migration
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
STYLE = "font:15px/1.6 -apple-system,'Segoe UI',Roboto,sans-serif;color:#1c1c22;max-width:640px"
QUIET = "color:#6b6b76;font-size:12px;margin-top:32px"


class Unwritable(ValueError):
    """There is no such header: the address, as a rule."""


@dataclass(frozen=True)
class Paper:
    """What all letters have in common. `public_url`: where the app answers, without a slash at the end."""

    public_url: str
    sender: str

    def address(self, kind: str, token: str) -> str:
        """Where a reader's program asks: `o`pened, `c`licked, `u`nsubscribe."""
        return f"{self.public_url}/t/{kind}/{token}{'.gif' if kind == 'o' else ''}"


def write(letter: Mapping[str, Any], paper: Paper) -> EmailMessage:
    """A claimed letter as a message. Raises Unwritable."""
    leave = paper.address("u", letter["token"])
    message = _headed(
        subject=letter["subject"],
        name=f"{letter['sender']} ({letter['team']})",
        to_name=letter["to_name"],
        to_address=letter["to_address"],
        id=letter["id"],
        paper=paper,
    )
    if letter["reply_to"]:
        message["Reply-To"] = _address(letter["sender"], letter["reply_to"])
    message["List-Unsubscribe"] = f"<{leave}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    tracked = {url: paper.address("c", token) for url, token in letter["links"].items()}
    why = f"{clean(letter['team'])} wrote to {clean(letter['to_address'])}."
    plain = URL.sub(lambda found: tracked.get(found[0], found[0]), letter["body"])
    _fill(
        message,
        plain=f"{plain}\n\n-- \n{why} To get no more of it: {leave}\n",
        html=f'<div style="{STYLE}">{markup(letter["body"], tracked)}'
        f'<p style="{QUIET}">{escape(why)} <a href="{escape(leave)}" style="color:inherit">Unsubscribe</a></p></div>'
        f'<img src="{escape(paper.address("o", letter["token"]))}" width="1" height="1" alt="">',
    )
    return message


def note(*, id: str, to_name: str, to_address: str, subject: str, body: str, paper: Paper) -> EmailMessage:
    """A message of the studio's own to a member: nothing in it is followed. Raises Unwritable."""
    message = _headed(subject=subject, name="Starling", to_name=to_name, to_address=to_address, id=id, paper=paper)
    message["Auto-Submitted"] = "auto-generated"
    _fill(message, plain=body + "\n", html=f'<div style="{STYLE}">{markup(body, {})}</div>')
    return message


def markup(text: str, tracked: Mapping[str, str]) -> str:
    """A plain text as HTML: paragraphs, lines, and links."""
    out: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip("\n")):
        parts: list[str] = []
        end = 0
        for found in URL.finditer(paragraph):
            parts.append(escape(paragraph[end : found.start()]))
            parts.append(f'<a href="{escape(tracked.get(found[0], found[0]))}">{escape(found[0])}</a>')
            end = found.end()
        parts.append(escape(paragraph[end:]))
        out.append(f"<p>{''.join(parts)}</p>".replace("\n", "<br>"))
    return "".join(out)


def clean(text: str) -> str:
    """One line."""
    return CONTROL.sub(" ", text).strip()


def _headed(*, subject: str, name: str, to_name: str, to_address: str, id: str, paper: Paper) -> EmailMessage:
    message = EmailMessage(policy=POLICY)
    message["From"] = _address(name, paper.sender)
    message["To"] = _address(to_name, to_address)
    message["Subject"] = clean(subject)
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = f"<{id}@{paper.sender.rpartition('@')[2]}>"  # the same, however often it is tried
    return message


def _address(name: str, address: str) -> Address:
    try:
        return Address(clean(name), addr_spec=address)
    except Exception as error:  # the standard library raises ValueError, HeaderParseError and IndexError
        raise Unwritable(f"It cannot be addressed: {error}") from error


def _fill(message: EmailMessage, *, plain: str, html: str) -> None:
    message.set_content(plain, cte="quoted-printable")
    message.add_alternative(f"<!doctype html><html><body>{html}</body></html>", subtype="html", cte="quoted-printable")
