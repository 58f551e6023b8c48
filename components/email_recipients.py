"""Choosing who gets a letter: contacts that are searched for, of a stage or with a tag; one by one, or all that are found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from uuid import UUID

from nicegui import background_tasks, ui

from components.counter import Counter
from components.icon_button import IconButton
from components.island import Island
from components.tag import Tag
from components.theme import ICON
from state.contact_fields import STAGES
from state.contact_look import MAX_SEARCH, Look
from state.contacts import Counts, use_contacts
from state.emails import MOST_RECIPIENTS, Emails
from state.errors import StateError
from state.models import Contact

FOUND = 6  # shown of those that are found
CHIPS = 6  # shown of those that are chosen


class RecipientPicker(Island):
    """`changed` is called when others are chosen. Nothing is asked for before `begin`."""

    def __init__(self, desk: Emails, changed: Callable[[], None]) -> None:
        super().__init__("div")
        self.classes("recipients")
        self._desk, self._changed = desk, changed
        self._look = Look()
        self._found: list[Contact] = []
        self.chosen: dict[UUID, Contact] = {}
        self._error = ""
        self._asked = 0
        contacts, leave = use_contacts(desk.member, desk.id)
        self.client.on_delete(leave)
        with self:
            with ui.element("div").classes("recipients__head"):
                Tag("span", "To", "field__label")
                self._count = Counter()
                self._word = Tag("span", "", "meta")
                self._none = Tag("button", "Remove all", "link recipients__none").props("type=button")
                self._none.on("click", self.clear_all, args=[])
            self._chips = ui.element("div").classes("recipients__chips")
            with ui.element("div").classes("recipients__search"):
                self.search = ui.input(placeholder="Search contacts", on_change=self._on_search)
                self.search.props(
                    f'outlined dense clearable debounce=200 maxlength={MAX_SEARCH} aria-label="Search contacts"'
                )
                with self.search.add_slot("prepend"):
                    ui.icon(f"{ICON}search").props("aria-hidden=true")
                self._stage = _Choice("Any stage", dict(STAGES), self._take_stage)
                self._tag = _Choice("Any tag", {}, self._take_tag)
            self._rows = ui.element("ul").classes("recipients__found")
            with ui.element("div").classes("recipients__foot"):
                self._said = Tag("span", "", "meta")
                self._all = ui.button("Add all", color=None, on_click=self._add_all).props("flat")
        self.client.on_delete(contacts.counts.observe(lambda query: self._know_tags(query.value)))
        self._know_tags(contacts.counts.value)
        self._show()

    def begin(self, chosen: list[Contact]) -> None:
        """Ask who there is; with these chosen already."""
        self.chosen = {contact.id: contact for contact in chosen}
        self._ask()
        self._show()

    def clear_all(self) -> None:
        """Nobody."""
        self.chosen = {}
        self._tell()

    def _on_search(self) -> None:
        self._choose(replace(self._look, search=str(self.search.value or "").strip()[:MAX_SEARCH]))

    def _take_stage(self, stage: str | None) -> None:
        self._choose(replace(self._look, stage=stage))

    def _take_tag(self, tag: str | None) -> None:
        self._choose(replace(self._look, tag=tag))

    def _know_tags(self, counts: Counts | None) -> None:
        self._tag.offer({tag: f"{tag} ({n:,})" for tag, n in counts.tags} if counts else {})

    def _choose(self, look: Look) -> None:
        if look != self._look:
            self._look = look
            self._ask()

    def _ask(self) -> None:
        self._asked += 1
        background_tasks.create(self._find(self._asked, self._look), name="find recipients")

    async def _find(self, asked: int, look: Look) -> None:
        found, error = [], ""
        try:
            found = await self._desk.recipients(look)
        except StateError as problem:
            error = str(problem)
        if asked == self._asked and not self.is_deleted:
            self._found, self._error = found, error
            self._show()

    def _add(self, contact: Contact) -> None:
        if len(self.chosen) < MOST_RECIPIENTS:
            self.chosen[contact.id] = contact
        self._tell()

    def _add_all(self) -> None:
        for contact in self._found:
            if len(self.chosen) >= MOST_RECIPIENTS:
                break
            self.chosen.setdefault(contact.id, contact)
        self._tell()

    def _drop(self, contact: Contact) -> None:
        self.chosen.pop(contact.id, None)
        self._tell()

    def _tell(self) -> None:
        self._show()
        self._changed()

    def _show(self) -> None:
        number = len(self.chosen)
        self._count.set(number)
        self._word.text = (
            "contact"
            if number == 1
            else f"contacts, at most {MOST_RECIPIENTS:,}"
            if number >= MOST_RECIPIENTS
            else "contacts"
        )
        self._none.set_visibility(number > 1)
        self._chips.set_visibility(bool(number))
        self._chips.clear()
        with self._chips:
            for contact in list(self.chosen.values())[:CHIPS]:
                with ui.element("span").classes("chip recipients__chip"):
                    Tag("span", contact.name, "truncate-1").props["title"] = contact.email
                    IconButton("close", f"Remove {contact.name}", partial(self._drop, contact))
            if number > CHIPS:
                Tag("span", f"and {number - CHIPS:,} more", "meta")
        left = [contact for contact in self._found if contact.id not in self.chosen]
        self._rows.clear()
        with self._rows:
            for contact in left[:FOUND]:
                with ui.element("li"), ui.element("button").classes("recipients__row").props("type=button") as row:
                    row.on("click", partial(self._add, contact), args=[])
                    Tag("span", contact.name, "truncate-1 strong")
                    Tag("span", contact.email, "meta truncate-1")
                    ui.icon(f"{ICON}add").props("aria-hidden=true")
        more, cut = len(left) - FOUND, len(self._found) >= MOST_RECIPIENTS
        self._said.text = self._error or (
            "and others: search for them" if cut and more > 0
            else f"and {more:,} more" if more > 0
            else "" if left else "Nobody else with an address is like that."
        )  # fmt: skip
        self._all.text = f"Add {'the first' if cut else 'all'} {len(left):,}"
        self._all.set_visibility(len(left) > 1)


class _Choice(ui.button):
    """A button that names what is chosen, and opens the choice."""

    def __init__(self, anything: str, options: dict[str, str], chosen: Callable[[str | None], None]) -> None:
        super().__init__(color=None)
        self.props("flat aria-haspopup=menu")
        self._anything, self._chosen, self._now = anything, chosen, None
        self._options = options
        with self:
            self._name = Tag("span", anything, "truncate-1")
            ui.icon(f"{ICON}expand_more").props("aria-hidden=true")
            with ui.menu().props('role=menu :offset="[0, 6]"'):
                self._items = ui.element("div").classes("contacts__menu")
        self.offer(options)

    def offer(self, options: dict[str, str]) -> None:
        """Choose among these."""
        self._options = options
        self._items.clear()
        with self._items:
            ui.menu_item(self._anything, on_click=partial(self._take, None)).props("role=menuitemradio")
            for value, title in options.items():
                ui.menu_item(title, on_click=partial(self._take, value)).props("role=menuitemradio")

    def _take(self, value: str | None) -> None:
        self._name.text = self._options.get(value, self._anything) if value else self._anything
        self.props["aria-pressed"] = str(value is not None).lower()
        self.update()
        self._chosen(value)
