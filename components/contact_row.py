"""One contact in the table: its cells, which can be written in, and who else looks at it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nicegui import ui

from components.avatar import Avatar
from components.contact_menu import StageBadge
from components.island import Island
from components.tag import Tag
from components.time_zone import here
from components.viewer import when
from state.contact_fields import TITLES, fault

if TYPE_CHECKING:
    from uuid import UUID

    from state.contacts import Contacts
    from state.models import Contact, Profile
    from state.sync.mutation import Pending
    from state.sync.rows import Rows

MOST_TAGS = 2  # by name; of the others the number
COLUMNS = ("name", "company", "email", "phone", "stage", "tags", "owner_id")
WRITTEN = ("name", "company", "email", "phone", "tags")  # in the cell itself; the others by a menu


class ContactRow:
    """As `Item` of a LiveList. What happens in it is heard by the table (`static/starling_contacts.js`)."""

    def __init__(self, contact: Contact, pending: Pending | None, *, desk: Contacts, people: Rows[Profile]) -> None:
        self.contact = contact
        self._pending = pending
        self._desk, self._people = desk, people
        self._cells: dict[str, ui.element] = {}
        self._said: dict[str, object] = {}
        with Island("div").classes("contact") as self.element:
            self.element.props("role=row").props["data-contact"] = str(contact.id)
            with ui.element("label").classes("contact__pick").props("role=cell"):
                self._box = ui.element("input").props("type=checkbox data-pick")
                self._box.props["aria-label"] = f"Pick {contact.name}"
            with ui.element("div").classes("contact__who").props("role=cell"):
                self._name = Tag("button", "", "contact__name truncate-1").props("type=button data-open data-stop")
                self._title = Tag("span", "", "meta truncate-1")
                self._state = Tag("span", "", "badge")
                self._here = ui.element("span").classes("avatars contact__here")
            for field in COLUMNS[1:]:
                self._cells[field] = self._cell(field)
            self._when = Tag("div", "", "contact__when meta num").props("role=cell")
        self.update(contact, pending)

    def update(self, contact: Contact, pending: Pending | None) -> None:
        """Show this state; only what became different is sent."""
        self.contact, self._pending = contact, pending
        self._say("name", contact.name, lambda: setattr(self._name, "text", contact.name))
        self._say("title", contact.title, lambda: setattr(self._title, "text", contact.title))
        for field, cell in self._cells.items():
            self._say(field, getattr(contact, field), lambda field=field, cell=cell: self._draw(field, cell))
        self._say("when", contact.updated_at, self._tell_when)
        failed, waits = bool(pending and pending.failed), bool(pending and pending.waiting)
        self._say("state", (failed, waits, pending and pending.failed), lambda: self._tell_state(failed, waits))
        self.look()

    def look(self) -> None:
        """Who else is here, and whose their names are."""
        here = self._desk.looking.at(self.contact.id)
        self._say("here", here, lambda: self._show_here(here))

    def pick(self, picked: bool) -> None:
        """Whether it is among those that something is done to."""
        self._box.props["checked"] = picked
        self._box.update()
        self.element.classes(add="contact--picked" if picked else "", remove="" if picked else "contact--picked")

    def cell(self, field: str) -> ui.element:
        """Where a field stands."""
        return self._cells[field]

    def begin(self, field: str, save: Callable[[Contact, str, str], None]) -> CellEditor | None:
        """Write in a cell; `save` gets what was written, if it is without fault."""
        if field not in self._cells or self.element.is_deleted:
            return None
        return CellEditor(self, field, save)

    def draw(self, field: str) -> None:
        """Show a field again."""
        self._draw(field, self._cells[field])

    def _say(self, what: str, now: object, show: Callable[[], object]) -> None:
        if what not in self._said or self._said[what] != now:
            self._said[what] = now
            show()

    def _cell(self, field: str) -> ui.element:
        cell = (
            ui.element("div").classes(f"contact__cell contact__cell--{field}").props("role=cell tabindex=-1 data-stop")
        )
        if self._desk.may_edit:
            cell.props["data-field"] = field
            cell.classes("contact__cell--open")
        return cell

    def _draw(self, field: str, cell: ui.element) -> None:
        if isinstance(cell.default_slot.children[0] if cell.default_slot.children else None, CellEditor):
            return  # somebody writes here; it says itself what others did
        cell.clear()
        value = getattr(self.contact, field)
        with cell:
            match field:
                case "stage":
                    StageBadge(value)
                case "tags":
                    for tag in value[:MOST_TAGS]:
                        Tag("span", tag, "contact-tag truncate-1")
                    if len(value) > MOST_TAGS:
                        Tag("span", f"+{len(value) - MOST_TAGS}", "meta num").props["title"] = ", ".join(value)
                case "owner_id":
                    self._draw_owner(value)
                case _:
                    Tag("span", value, "truncate-1").props["title"] = value
        cell.props["aria-label"] = f"{TITLES[field]}: {self._plain(field) or 'nothing yet'}"

    def _draw_owner(self, owner: UUID | None) -> None:
        if owner is not None:
            profile = self._people.get(owner)
            Avatar(profile)
            Tag("span", profile.display_name.split()[0] if profile else "Somebody", "truncate-1 contact__owner")

    def _plain(self, field: str) -> str:
        value = getattr(self.contact, field)
        if field == "owner_id":
            profile = self._people.get(value) if value else None
            return profile.display_name if profile else ""
        return ", ".join(value) if isinstance(value, list) else str(value)

    def _tell_when(self) -> None:
        now = datetime.now(UTC)
        text = when(here(self.element.client, self.contact.updated_at), now)
        self._when.text = text.removesuffix(f" {now.year}")  # the column is narrow

    def _tell_state(self, failed: bool, waits: bool) -> None:
        reason = self._pending.failed if self._pending else None
        self._state.text = "not saved" if failed else "not sent yet" if waits else ""
        self._state.props["title"] = reason or ""
        self._state.classes(
            add="badge--fail" if failed else "badge--wait", remove="badge--wait" if failed else "badge--fail"
        )
        self._state.set_visibility(failed or waits)

    def _show_here(self, here: dict[UUID, str | None]) -> None:
        self._here.clear()
        with self._here:
            for who, field in list(here.items())[:3]:
                profile = self._people.get(who)
                name = profile.display_name if profile else "Somebody"
                words = f"{name} writes {TITLES[field].lower()}" if field else f"{name} is looking at this"
                Avatar(profile).props["title"] = words
                Tag("span", words, "sr-only")


class CellEditor(ui.input):
    """A cell that is being written in. Enter and leaving it save, Esc does not."""

    def __init__(self, row: ContactRow, field: str, save: Callable[[Contact, str, str], None]) -> None:
        self._row, self._field, self._save = row, field, save
        value = getattr(row.contact, field)
        self._base = value
        self._done = False
        cell = row.cell(field)
        cell.clear()
        with cell:
            super().__init__(value=", ".join(value) if isinstance(value, list) else value, on_change=self._forgive)
        self.props("dense outlined autofocus no-error-icon hide-bottom-space").classes("contact__editor")
        self.props["aria-label"] = TITLES[field]
        self.on("keydown.enter.stop.prevent", lambda: self.finish(stay=True), args=[])
        self.on("keydown.esc.stop", self.cancel, args=[])
        self.on("blur", self.finish, args=[])

    def finish(self, *, stay: bool = False) -> None:
        """Save, unless something is wrong with it; `stay`: the focus stays in the cell."""
        if self._done:
            return
        text = str(self.value or "")
        if wrong := fault(self._field, text):
            self.error = wrong
            return
        self._end(stay=stay)
        self._save(self._row.contact, self._field, text)

    def cancel(self) -> None:
        """Leave it as it was."""
        if not self._done:
            self._end(stay=True)

    def _end(self, *, stay: bool) -> None:
        self._done = True
        cell = self._row.cell(self._field)
        cell.clear()
        self._row.draw(self._field)
        if stay:
            self._row.element.client.run_javascript(f"document.getElementById('{cell.html_id}')?.focus()")

    def _forgive(self) -> None:
        self.error = None
