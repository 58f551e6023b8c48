"""The dialog in which a letter is written to one or many contacts, now or at a time of one's choice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from nicegui import ui

from components.email_letter import LetterForm, Preview
from components.email_recipients import RecipientPicker
from components.field import Field
from components.icon_button import IconButton
from components.tag import Tag
from components.theme import ICON
from components.time_zone import zone_of
from state.days import time_zone

if TYPE_CHECKING:
    from state.emails import Emails
    from state.models import Contact, EmailCampaign, EmailTemplate

MOST_AHEAD = timedelta(days=365)


class Compose(ui.dialog):
    """`sent` is called with the campaign. Made once for a page; `show` opens it."""

    def __init__(self, desk: Emails, sent: Callable[[EmailCampaign], None], *, sender: str, team: str) -> None:
        super().__init__()
        self._desk, self._sent = desk, sent
        self._template: UUID | None = None
        self.props('no-backdrop-dismiss aria-label="New e-mail"')
        with self, ui.card().classes("compose"):
            with ui.element("div").classes("compose__head"):
                Tag("h2", "New e-mail", "title")
                with ui.button(color=None).props("flat aria-haspopup=menu") as self._from:
                    ui.icon(f"{ICON}description").props("aria-hidden=true")
                    self._from_name = Tag("span", "Use a template", "truncate-1")
                    with ui.menu().props('role=menu :offset="[0, 6]"'):
                        self._templates = ui.element("div").classes("contacts__menu")
                IconButton("close", "Close", self.close, "compose__close")
            with ui.element("div").classes("compose__parts"):
                with ui.element("div").classes("compose__form"):
                    self.picker = RecipientPicker(desk, self._show)
                    self.letter = LetterForm(self._show)
                self.preview = Preview(sender=sender, team=team)
            with ui.element("div").classes("compose__foot"):
                self._said = Tag("p", "", "field__error").props("role=alert")
                self._at = Field("Send at", name="send-at", autocomplete="off", kind="text")
                self._at.props('type=datetime-local aria-label="Send at"').on_value_change(self._show)
                self._when = Tag("span", "", "meta")
                self._send = ui.button("Send", icon=f"{ICON}send", color=None, on_click=self.send)
                self._send.classes("btn--primary").props("unelevated")
        self.client.on_delete(desk.templates.subscribe(lambda _: self._offer()))
        self._offer()

    def show(self, contacts: list[Contact] | None = None, template: EmailTemplate | None = None) -> None:
        """Open it: to these, with the words of this template."""
        self._template = None
        self._from_name.text = "Use a template"
        self.letter.write("", "")
        self._at.value = ""
        self._said.text = ""
        if template is not None:
            self._take(template)
        self.picker.begin(contacts or [])
        self._show()
        self.open()

    def send(self) -> None:
        """To the database, if nothing is wrong."""
        self._said.text = ""
        if not self.picker.chosen:
            self._said.text = "Choose who gets it."
            return
        if not self.letter.check():
            return
        at = self._time()
        if self._at.value and (wrong := _wrong(at, datetime.now(UTC))):
            self._at.say(wrong)
            return
        subject, body = self.letter.words
        template = self._desk.templates.get(self._template) if self._template else None
        name = template.name if template and "{{" in subject else ""  # which reads better than variables
        campaign = self._desk.send(self.picker.chosen, subject, body, template=self._template, name=name, at=at)
        self.close()
        self._sent(campaign)

    def _offer(self) -> None:
        if self.is_deleted:
            return
        self._templates.clear()
        self._from.set_visibility(bool(self._desk.templates.rows))
        with self._templates:
            for template in self._desk.templates.rows:
                with ui.menu_item(on_click=partial(self._take, template)):
                    Tag("span", template.name, "truncate-1")

    def _take(self, template: EmailTemplate) -> None:
        self._template = template.id
        self._from_name.text = template.name
        self.letter.write(template.subject, template.body)

    def _time(self) -> datetime | None:
        try:
            return (
                datetime.fromisoformat(str(self._at.value or ""))
                .replace(tzinfo=time_zone(zone_of(self.client)))
                .astimezone(UTC)
            )
        except (ValueError, OverflowError):
            return None

    def _show(self) -> None:
        number = len(self.picker.chosen)
        self._said.text = ""
        self.preview.show(*self.letter.words, list(self.picker.chosen.values())[:50])
        self._when.text = (
            f"in {zone_of(self.client).replace('_', ' ')}" if self._at.value else "Without a time it goes now."
        )
        self._send.text = ("Schedule" if self._at.value else "Send") + (f" to {number:,}" if number > 1 else "")


def _wrong(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "Not a time"
    if at <= now:
        return "That is over already"
    return "At most a year ahead" if at > now + MOST_AHEAD else ""
