"""The contacts as a table: sorted by its head, written in its cells, picked by its boxes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from nicegui import ui

from components.contact_row import COLUMNS, WRITTEN, CellEditor, ContactRow
from components.freshness_note import FreshnessNote
from components.island import Island
from components.live_list import LiveList
from components.region_state import RegionState
from components.sentinel import MoreBelow
from components.tag import Tag
from state.contact_fields import TITLES
from state.contact_rows import Book, ContactList, use_list
from state.looking import Spot

if TYPE_CHECKING:
    from nicegui.events import GenericEventArguments

    from components.contact_menu import ContactMenu
    from state.contact_look import Look, Sort
    from state.contacts import Contacts
    from state.models import Contact, Profile
    from state.sync.mutation import Pending
    from state.sync.rows import Rows

SKELETONS = 8
HEARD = "(event) => starling.contactRows(event, (said) => emit(said))"
SORTED: dict[str, Sort] = {"name": "name", "company": "company", "when": "changed"}


class ContactTable(Island):
    """The region "Contacts". `choose` is called with another look, `open_` with a contact, `picked` when others are picked."""

    def __init__(
        self,
        desk: Contacts,
        look: Look,
        people: Rows[Profile],
        menu: ContactMenu,
        *,
        choose: Callable[[Look], None],
        open_: Callable[[UUID], None],
        picked: Callable[[], None],
        failed: Callable[[str], None],
        begin: Callable[[], None],
    ) -> None:
        super().__init__("section")
        self.classes("contacts__table card card--flush").props("aria-label=Contacts role=region")
        self._desk, self._people, self._menu = desk, people, menu
        self._choose, self._open, self._picked = choose, open_, picked
        self._editing: CellEditor | None = None
        self.picks: set[UUID] = set()
        self.alike = False  # all that are like these are picked, those that are not loaded among them
        self.book: Book[ContactList] = Book(lambda look: use_list(desk, look), look)
        with self:
            with ui.element("div").classes("contacts__grid").props("role=table"):
                with ui.element("div").classes("contact contact--head").props("role=row"):
                    with ui.element("label").classes("contact__pick").props("role=columnheader"):
                        self._all = ui.element("input").props('type=checkbox aria-label="Pick all that are loaded"')
                        self._all.on(
                            "change", lambda event: self.pick_all(bool(event.args)),
                            js_handler="(event) => emit(event.target.checked)",
                        )  # fmt: skip
                    self._heads = {column: self._head(column) for column in (*COLUMNS, "when")}
                with ui.element("div").classes("contacts__rows").props("role=rowgroup") as rows:
                    pass
            for event in ("click", "keydown", "change"):
                rows.on(event, self._heard, js_handler=HEARD)
            self._state = RegionState(
                self.book,
                skeleton=skeleton,
                empty="No contacts yet.",
                action=("Add a contact", begin) if desk.may_edit else None,
            )
            self.list: LiveList[Contact, ContactRow] = LiveList(self.book, self._row, rows, changed=self._changed)
            with ui.element("div").classes("contacts__foot meta"):
                FreshnessNote(lambda: self.book.shown.view.freshness)
            self._more = MoreBelow(self.list.load_more, failed)
        self._ends: list[Callable[[], object]] = [
            desk.looking.on_change(self._look),
            people.subscribe(lambda _: self._look()),
            lambda: desk.looking.look(self, None),
            self.list.close,
            self.book.close,
        ]
        self.client.on_delete(self.end)
        self._changed()

    def end(self) -> None:
        """Nobody looks here any more."""
        ends, self._ends = self._ends, []
        for end in ends:
            end()

    def choose(self, look: Look) -> None:
        """Show the contacts of another look as soon as they are there."""
        if look == self.book.look:
            return
        self.list.quiet = True  # what is shown next is not news
        if self.alike and look.narrowing != self.book.look.narrowing:
            self.pick_all(False)
        self.book.choose(look)
        self._changed()

    def pick_all(self, on: bool) -> None:
        """All that are loaded, or none."""
        self.alike = False
        self.picks = {row.contact.id for row in self.list.items.values()} if on else set()
        for row in self.list.items.values():
            row.pick(on)
        self._tell_picks()

    def pick_alike(self) -> None:
        """All that there are, until one is picked otherwise or others are looked for."""
        self.pick_all(True)
        self.alike = True
        self._picked()

    @property
    def chosen(self) -> list[Contact]:
        """The contacts that are picked, as they are now."""
        return [row.contact for row in self.list.items.values() if row.contact.id in self.picks]

    def _head(self, column: str) -> Tag:
        title = "Changed" if column == "when" else TITLES[column]
        if column not in SORTED:
            return Tag("span", title, f"contact__head contact__head--{column}").props("role=columnheader")
        with ui.element("div").classes(f"contact__head contact__head--{column}").props("role=columnheader"):
            head = Tag("button", title, "contact__sort").props("type=button")
            head.on("click", lambda: self._sort(SORTED[column]), args=[])
        return head

    def _sort(self, sort: Sort) -> None:
        look = self.book.look
        down = not look.descending if look.sort == sort else sort == "changed"
        self._choose(replace(look, sort=sort, descending=down))

    def _row(self, contact: Contact, pending: Pending | None) -> ContactRow:
        return ContactRow(contact, pending, desk=self._desk, people=self._people)

    def _heard(self, event: GenericEventArguments) -> None:
        said = event.args if isinstance(event.args, dict) else {}
        try:
            row = self.list.items.get(UUID(str(said.get("contact"))))
        except ValueError:
            return
        if row is None:
            return
        match said.get("what"), said.get("field"):
            case "open", _:
                self._open(row.contact.id)
            case "pick", _:
                self.alike = False
                (self.picks.add if said.get("on") is True else self.picks.discard)(row.contact.id)
                row.pick(row.contact.id in self.picks)
                self._tell_picks()
            case "edit", str(field):
                self._edit(row, field)

    def _edit(self, row: ContactRow, field: str) -> None:
        if not self._desk.may_edit or (self._editing is not None and self._editing.error):
            return
        contact = row.contact
        if field == "stage":
            self._menu.ask_stage(row.cell(field), contact.stage, lambda stage: self._save(row.contact, "stage", stage))
        elif field == "owner_id":
            self._menu.ask_owner(row.cell(field), contact.owner_id, lambda owner: self._give(row.contact, owner))
        elif field in WRITTEN:
            self._editing = row.begin(field, self._save)
            self._desk.looking.look(self, Spot(contact.id, field))

    def _save(self, contact: Contact, field: str, value: str) -> None:
        self._editing = None
        self._desk.looking.look(self, None)
        self._desk.edit(self.book.get(contact.id) or contact, {field: value})

    def _give(self, contact: Contact, owner: UUID | None) -> None:
        self._desk.edit(self.book.get(contact.id) or contact, {"owner_id": owner})

    def _changed(self) -> None:
        if self.book.settled:
            self.list.quiet = False
        look = self.book.look
        for column, sort in SORTED.items():
            head = self._heads[column]
            way = "descending" if look.descending else "ascending"
            head.props["data-way"] = way if look.sort == sort else "none"
            assert head.parent_slot is not None
            head.parent_slot.parent.props(f"aria-sort={head.props['data-way']}")
            head.update()
        here = {row.contact.id for row in self.list.items.values()}
        if self.alike and here:
            if here != self.picks:
                self.pick_alike()
        elif self.picks - here:
            self.alike = False
            self.picks &= here
            self._tell_picks()
        narrowed = look.narrowed
        self._state.show(
            len(self.list.items),
            empty="No contact is like that."
            if narrowed
            else "No contacts yet. Those of the team appear here, whoever adds them.",
        )

    def _tell_picks(self) -> None:
        self._all.props["checked"] = bool(self.picks) and len(self.picks) == len(self.list.items)
        self._all.update()
        self._picked()

    def _look(self) -> None:
        for row in self.list.items.values():
            row.look()


def skeleton() -> None:
    """Rows that are coming."""
    for _ in range(SKELETONS):
        with ui.element("div").classes("contact"):
            ui.element("div").classes("contact__pick")
            for column in (*COLUMNS, "when"):
                with ui.element("div").classes(f"contact__cell contact__cell--{column}"):
                    ui.element("div").classes("skeleton skeleton--line")
