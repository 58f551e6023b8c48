"""One contact beside the others: its fields, each saved as one leaves it; who else is here; and its timeline."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from nicegui import ui

from components.avatar import Avatar
from components.contact_menu import ContactMenu
from components.contact_timeline import Timeline
from components.freshness_note import FreshnessNote
from components.icon_button import IconButton
from components.island import Island
from components.tag import Tag
from components.theme import ICON
from state.contact_fields import FIELDS, MAX_NOTES, STAGES, TITLES, fault
from state.contact_rows import use_file
from state.contacts import Contacts, editor
from state.looking import Spot

if TYPE_CHECKING:
    from state.models import Contact, Profile
    from state.sync.rows import Rows

MOST_QUOTED = 40


class ContactPanel(Island):
    """The region "Contact". `closed` is called when it closes, `remove` when its contact is to be deleted."""

    def __init__(
        self,
        desk: Contacts,
        contact: UUID,
        people: Rows[Profile],
        menu: ContactMenu,
        *,
        closed: Callable[[], None],
        remove: Callable[[list[Contact]], None],
    ) -> None:
        super().__init__("aside")
        self.classes("contact-panel card card--flush").props("aria-label=Contact role=region tabindex=-1")
        self.contact_id = contact
        self._desk, self._people, self._menu, self._closed, self._remove = desk, people, menu, closed, remove
        self.file, self._leave = use_file(desk, contact)
        self._ends: list[Callable[[], object]] = [self._leave]
        self._drawn = False
        with self:
            with ui.element("div").classes("contact-panel__top"):
                self._here = ui.element("div").classes("contact-panel__here")
                FreshnessNote(lambda: self.file.view.freshness)
                if desk.may_edit:
                    self._write = IconButton("mail", "Write an e-mail", self._ask_to_write)
                    self._write.set_visibility(False)
                    IconButton("delete", "Delete the contact", self._ask_to_remove)
                IconButton("close", "Close", closed)
            self._body = ui.element("div").classes("contact-panel__body")
            with self._body:
                _skeleton()
        self.on("keydown.esc", closed, args=[])
        self._ends += [
            self.file.contacts.subscribe(lambda _: self._show()),
            desk.looking.on_change(self._look),
            lambda: desk.looking.look(self, None),
        ]
        desk.looking.look(self, Spot(contact))
        self.client.on_delete(self.end)
        self._look()
        self._show()

    def end(self) -> None:
        """Nobody looks here any more."""
        ends, self._ends = self._ends, []
        for end in ends:
            end()

    def writing(self, field: str | None) -> None:
        """Which field is being written."""
        if self._ends:
            self._desk.looking.look(self, Spot(self.contact_id, field))

    def save(self, field: str, value: Any) -> None:
        """Write a field, which is without fault."""
        if (contact := self.file.contact) is not None:
            self._desk.edit(contact, {field: value})

    def name_of(self, who: UUID | None) -> str:
        """As everybody may know them."""
        profile = self._people.get(who) if who else None
        return profile.display_name if profile else "Somebody"

    def _show(self) -> None:
        if self.is_deleted:
            return
        contact = self.file.contact or self._desk.find(self.contact_id)
        if contact is None:
            if self.file.contacts.phase == "ready":
                self._body.clear()
                self._drawn = False
                with self._body:
                    Tag("p", "This contact is no longer there.", "secondary")
            elif self.file.contacts.phase == "failed":
                self._body.clear()
                with self._body:
                    Tag("p", f"{self.file.contacts.error}. Starling keeps trying.", "secondary").props("role=alert")
            return
        if not self._drawn:
            self._draw(contact)
        if self._desk.may_edit:
            self._write.set_visibility(bool(contact.email))
        self._title.text = contact.name
        self._below.text = " · ".join(word for word in (contact.title, contact.company) if word) or "No company yet"
        for field in self._fields.values():
            field.show(contact)
        for stage, button in self._stages.items():
            button.props["aria-pressed"] = str(stage == contact.stage).lower()
            button.update()
        self._show_owner(contact)

    def _draw(self, contact: Contact) -> None:
        self._drawn = True
        locked = not self._desk.may_edit
        self._body.clear()
        with self._body:
            self._title = Tag("h2", contact.name, "contact-panel__name")
            self._below = Tag("p", "", "secondary")
            with ui.element("div").classes("contact-panel__stages").props("role=group aria-label=Stage"):
                self._stages = {
                    stage: Tag("button", title, "contact-panel__stage")
                    .props("type=button")
                    .on("click", partial(self.save, "stage", stage), args=[])
                    for stage, title in STAGES.items()
                }
                for button in self._stages.values():
                    button.props["disabled"] = locked
            with ui.element("div").classes("contact-panel__fields"):
                self._fields = {field.name: PanelField(self, contact, field.name, locked=locked) for field in FIELDS}
                with ui.element("div").classes("field"):
                    Tag("span", "Owner", "field__label")
                    self._owner = Tag("button", "", "contact-panel__owner").props("type=button aria-haspopup=menu")
                    self._owner.props["disabled"] = locked
                    self._owner.on("click", self._ask_owner, args=[])
                self._fields["tags"] = PanelField(self, contact, "tags", locked=locked)
                self._fields["notes"] = PanelField(self, contact, "notes", locked=locked)
            self._drawn_owner: object = self
            Timeline(self.file, self._people, self._team)

    def _team(self) -> list[Profile]:
        found = [self._people.get(place.member_id) for place in self._desk.members.rows]
        return [profile for profile in found if profile is not None]

    def _show_owner(self, contact: Contact) -> None:
        profile = self._people.get(contact.owner_id) if contact.owner_id else None
        if (contact.owner_id, profile) == self._drawn_owner:
            return
        self._drawn_owner = contact.owner_id, profile
        self._owner.clear()
        with self._owner:
            if contact.owner_id:
                Avatar(profile)
            Tag(
                "span",
                self.name_of(contact.owner_id) if contact.owner_id else "Nobody yet",
                "truncate-1",
            )
            ui.icon(f"{ICON}expand_more").props("aria-hidden=true")

    def _ask_owner(self) -> None:
        contact = self.file.contact
        if contact is not None and self._desk.may_edit:
            self._menu.ask_owner(self._owner, contact.owner_id, partial(self.save, "owner_id"))

    def _ask_to_write(self) -> None:
        ui.navigate.to(f"/emails?team={self._desk.id}&to={self.contact_id}")

    def _ask_to_remove(self) -> None:
        if (contact := self.file.contact) is not None:
            self._closed()
            self._remove([contact])

    def _look(self) -> None:
        if self.is_deleted:
            return
        self._here.clear()
        with self._here:
            for who, field in list(self._desk.looking.at(self.contact_id).items())[:4]:
                with ui.element("span").classes("contact-panel__person"):
                    Avatar(self._people.get(who))
                    name = self.name_of(who).split()[0]
                    Tag("span", f"{name} writes {TITLES[field].lower()}" if field else f"{name} is here", "meta")


class PanelField:
    """A labelled input of the panel. What others change shows at once, but never under one's own cursor."""

    def __init__(self, panel: ContactPanel, contact: Contact, name: str, *, locked: bool) -> None:
        self._panel, self._name = panel, name
        self._contact = contact
        self._value = self._text(contact)  # as it is in the database, as far as is known
        self._base = self._value  # as it was when one began to write
        self._writing = False
        kind = ui.textarea if name == "notes" else ui.input
        with ui.element("div").classes(f"field contact-panel__field contact-panel__field--{name}"):
            Tag("label", TITLES[name], "field__label").props(f"for=contact-{name}")
            self.input: ui.input | ui.textarea = kind(value=self._value, on_change=self._forgive)
            self.input.props(f"outlined dense for=contact-{name} no-error-icon hide-bottom-space autocomplete=off")
            if field := next((field for field in FIELDS if field.name == name), None):
                self.input.props(f"type={field.kind}")
            self.input.props(f"autogrow maxlength={MAX_NOTES}" if name == "notes" else "")
            self.input.props["readonly"] = locked
            if name == "tags":
                self.input.props["placeholder"] = "vip, berlin"
            with ui.element("div").classes("contact-panel__notice").props("role=status") as self._notice:
                self._words = Tag("span", "")
                self._take = Tag("button", "Take theirs", "link").props("type=button")
                self._take.on("click", self._take_theirs, args=[])
            self._notice.set_visibility(False)
        if not locked:
            self.input.on("focus", self._begin, args=[])
            self.input.on("blur", self.finish, args=[])
            if name != "notes":
                self.input.on("keydown.enter", js_handler="(event) => event.target.blur()")

    def show(self, contact: Contact) -> None:
        """Show this state, or say that it is another while one writes."""
        self._contact = contact
        text = self._text(contact)
        if text == self._value:
            return
        self._value = text
        by = editor(contact, self._name)
        mine = by == self._panel.file.member.id
        if self._writing and not mine and self.input.value != text:
            quoted = text if len(text) <= MOST_QUOTED else f"{text[:MOST_QUOTED]}…"
            said = f"to “{quoted}”" if text else "to nothing"
            self._words.text = (
                f"{self._panel.name_of(by)} changed this {said} while you were editing. Saving keeps yours."
            )
            self._notice.set_visibility(True)
        elif not self._writing and self.input.value != text:
            self.input.value = text

    def finish(self) -> None:
        """Save what was written, unless something is wrong with it."""
        text = str(self.input.value or "")
        if wrong := fault(self._name, text):
            self.input.error = wrong
            return
        if self._writing:
            self._writing = False
            self._panel.writing(None)
        self._notice.set_visibility(False)
        if text == self._base:  # not touched: what others wrote stays
            self.input.value = self._value
        elif text.strip() != self._value:
            self._panel.save(self._name, text)
        self._base = text

    def _begin(self) -> None:
        self._writing = True
        self._base = self._value
        self._panel.writing(self._name)

    def _take_theirs(self) -> None:
        self.input.value = self._value
        self._notice.set_visibility(False)

    def _forgive(self) -> None:
        self.input.error = None

    def _text(self, contact: Contact) -> str:
        value = getattr(contact, self._name)
        return ", ".join(value) if isinstance(value, list) else str(value)


def _skeleton() -> None:
    for _ in range(5):
        ui.element("div").classes("skeleton skeleton--line")
