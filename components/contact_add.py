"""The dialog for a new contact, with what is wrong said at the field."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nicegui import ui

from components.field import Field
from components.tag import Tag
from state.contact_fields import FIELDS, STAGES, faults

if TYPE_CHECKING:
    from state.contacts import Contacts
    from state.models import Contact


class AddContact(ui.dialog):
    """`added` is called with each new one. Made once for a page; `show` opens it, empty."""

    def __init__(self, desk: Contacts, added: Callable[[Contact], None]) -> None:
        super().__init__()
        self._desk, self._added = desk, added
        self.props('aria-label="New contact"')
        with self, ui.card().classes("add-contact"), ui.element("form") as form:
            form.on("submit.prevent", self._add, args=[])
            Tag("h2", "New contact", "title")
            self.fields = {
                field.name: Field(field.title, name=f"new-{field.name}", autocomplete="off") for field in FIELDS
            }
            self.fields["name"].props("autofocus")
            with ui.element("div").classes("field"):
                Tag("span", "Stage", "field__label")
                with ui.element("div").classes("contact-panel__stages").props("role=radiogroup aria-label=Stage"):
                    self._stages = {stage: self._choice(stage, title) for stage, title in STAGES.items()}
            self._tags = Field("Tags", name="new-tags", autocomplete="off")
            self._tags.props["placeholder"] = "vip, berlin"
            with ui.element("div").classes("confirm__actions"):
                ui.button("Cancel", color=None, on_click=self.close).props("flat")
                ui.button("Add contact", color=None).props("unelevated type=submit").classes("btn--primary")
        self._choose("lead")

    def show(self) -> None:
        """Open it, empty, for those who may add."""
        if not self._desk.may_edit:
            return
        for field in (*self.fields.values(), self._tags):
            field.value = ""
            field.error = None
        self._choose("lead")
        self.open()

    def _choice(self, stage: str, title: str) -> Tag:
        button = Tag("button", title, "contact-panel__stage").props("type=button role=radio")
        button.on("click", lambda: self._choose(stage), args=[])
        return button

    def _choose(self, stage: str) -> None:
        self._stage = stage
        for one, button in self._stages.items():
            button.props["aria-checked"] = str(one == stage).lower()
            button.update()

    def _add(self) -> None:
        fields: dict[str, object] = {name: str(field.value or "") for name, field in self.fields.items()}
        fields |= {"stage": self._stage, "tags": str(self._tags.value or "")}
        wrong = faults(fields)
        for name, sentence in reversed(wrong.items()):
            (self._tags if name == "tags" else self.fields[name]).say(sentence)
        if not wrong:
            contact, _ = self._desk.add(fields)
            self.close()
            self._added(contact)
