"""All of the page of contacts but its shell: what is looked for, how it is shown, which one is open, which are picked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from nicegui import ui

from components.contact_add import AddContact
from components.contact_bar import ContactBar, PickBar, removed
from components.contact_board import ContactBoard
from components.contact_import import ImportContacts
from components.contact_menu import ContactMenu
from components.contact_panel import ContactPanel
from components.contact_table import ContactTable, skeleton
from components.kept import kept
from components.tag import Tag
from components.theme import ICON
from components.toasts import Toast
from state.contact_fields import TITLES
from state.contact_import import export
from state.contact_look import Look
from state.errors import StateError

if TYPE_CHECKING:
    from components.toasts import Toasts
    from state.contacts import Contacts, Replaced
    from state.models import Contact, Profile
    from state.sync.rows import Rows

PATH = "/contacts"
QUERY = "contact"  # /contacts?contact=<id> opens it
VIEW = "contacts view"  # key in `kept`
WAYS = {"table": ("Table", "table_rows"), "pipeline": ("Pipeline", "view_kanban")}


class ContactsView(ui.element):
    """`show(contact)` opens one."""

    def __init__(self, desk: Contacts, people: Rows[Profile], toasts: Toasts) -> None:
        super().__init__("div")
        self.classes("contacts")
        self.desk, self._people, self._toasts = desk, people, toasts
        self.look = Look()
        self.panel: ContactPanel | None = None
        self.table: ContactTable | None = None
        self.board: ContactBoard | None = None
        self._exporting = False
        self._may_edit = desk.may_edit
        self._menu = ContactMenu(desk, people)
        self.add = AddContact(desk, self._added)
        self.importing = ImportContacts(
            desk, lambda said: toasts.show(Toast(said, icon=f"{ICON}check", tone="live", urgent=True))
        )
        with self:
            with ui.element("div").classes("contacts__top"):
                self.bar = ContactBar(desk, self.look, choose=self.choose)
                with ui.element("div").classes("contacts__acts"):
                    with ui.element("span").classes("contacts__ways").props("role=group aria-label=View"):
                        self._ways = {way: self._way(way, *words) for way, words in WAYS.items()}
                    more = ui.button(icon=f"{ICON}more_horiz", color=None).props(
                        'flat aria-label="More" aria-haspopup=menu'
                    )
                    more.on_click(lambda: self._more(more))
                    more.classes("btn--icon")
                    self._add_button = ui.button("Add contact", icon=f"{ICON}add", color=None, on_click=self.add.show)
                    self._add_button.classes("btn--primary").props("unelevated")
            self.bar.stages.move(self)
            with ui.element("div").classes("contacts__parts"):
                self._main = ui.element("div").classes("contacts__main")
                self._side = ui.element("div").classes("contacts__side")
            self.picks = PickBar(
                desk, self._menu, toasts, chosen=self._chosen, known=self._known, alike=self._alike,
                pick_alike=self._pick_alike, done=self._pick_none, remove=self._remove,
            )  # fmt: skip
        self.client.on_delete(desk.counts.observe(lambda _: self.picks.show()))
        self.client.on_delete(desk.replaced.subscribe(self._on_replaced))
        self.client.on_delete(desk.member.circles.on_change(self._follow_role))
        self._add_button.set_visibility(self._may_edit)
        self._show_way(kept(self.client).get(VIEW, "table"))
        asked = ui.context.client.request.query_params.get(QUERY, "")
        with suppress(ValueError):
            self.show(UUID(asked))

    def choose(self, look: Look) -> None:
        """Look at others."""
        self.look = look
        self.bar.show(look)
        if self.table:
            self.table.choose(look)
        if self.board:
            self.board.choose(look)

    def show(self, contact: UUID) -> None:
        """Open a contact beside the others."""
        if self.panel is not None and self.panel.contact_id == contact:
            return
        self._drop_panel()
        with self._side:
            self.panel = ContactPanel(
                self.desk, contact, self._people, self._menu, closed=self.close_panel, remove=self._remove
            )
        self.classes("contacts--open")
        ui.navigate.history.replace(f"{PATH}?{urlencode({'team': str(self.desk.id), QUERY: str(contact)})}")

    def close_panel(self) -> None:
        """Only the others are shown."""
        with self:  # whoever asks may be part of the panel, and go with it
            self.classes(remove="contacts--open")
            ui.navigate.history.replace(PATH)
            self._drop_panel()

    def toggle_way(self) -> None:
        """Table or pipeline."""
        self._show_way("table" if self.board else "pipeline")

    async def export(self) -> None:
        """Hand the browser all that are shown, as a file."""
        if self._exporting:
            return
        self._exporting = True
        try:
            text = await export(self.desk, self.look)
        except StateError as error:
            self._toasts.failed(f"The file could not be made: {error}")
        else:
            ui.download.content(text.encode("utf-8-sig"), "starling-contacts.csv", "text/csv")
        finally:
            self._exporting = False

    def _drop_panel(self) -> None:
        if self.panel is not None:
            self.panel.end()
            self.panel.delete()
            self.panel = None

    def _way(self, way: str, title: str, icon: str) -> ui.button:
        button = ui.button(icon=ICON + icon, color=None, on_click=lambda: self._show_way(way)).props("flat")
        button.props["aria-label"] = button.props["title"] = title
        return button.classes("btn--icon")

    def _show_way(self, way: str, *, anew: bool = False) -> None:
        way = way if way in WAYS else "table"
        kept(self.client)[VIEW] = way
        for one, button in self._ways.items():
            button.props["aria-pressed"] = str(one == way).lower()
            button.update()
        self.bar.stages.set_visibility(way == "table")
        if (way == "table") == (self.table is not None) and (self.table or self.board) and not anew:
            return
        for part in (self.table, self.board):
            if part is not None:
                part.end()
                part.delete()
        self.table = self.board = None
        with self._main:
            if way == "table":
                self.table = ContactTable(
                    self.desk, self.look, self._people, self._menu, choose=self.choose, open_=self.show,
                    picked=self.picks.show, failed=self._toasts.failed, begin=self.add.show,
                )  # fmt: skip
            else:
                self.board = ContactBoard(
                    self.desk, self.look, self._people, open_=self.show, failed=self._toasts.failed
                )
        self.picks.show()

    def _more(self, button: ui.button) -> None:
        items: list[tuple[str, str, Callable[[], object]]] = [("download", "Export as CSV", self.export)]
        if self.desk.may_edit:
            items.insert(0, ("upload", "Import a CSV file", self.importing.show))
        self._menu.ask(button, items)

    def _chosen(self) -> list[Contact]:
        return self.table.chosen if self.table else []

    def _known(self) -> tuple[int, int]:
        """How many are loaded, and how many there are."""
        loaded = len(self.table.list.items) if self.table else 0
        all_there = self.table is None or self.table.book.complete
        return loaded, loaded if all_there else max(self.bar.total or 0, loaded)

    def _alike(self) -> Look | None:
        return self.table.book.look if self.table and self.table.alike else None

    def _pick_alike(self) -> None:
        if self.table:
            self.table.pick_alike()

    def _pick_none(self) -> None:
        if self.table:
            self.table.pick_all(False)

    def _remove(self, contacts: list[Contact]) -> None:
        removed(self.desk, contacts, self._toasts)
        self._pick_none()

    def _added(self, contact: Contact) -> None:
        self._toasts.show(
            Toast(
                f"{contact.name} is added", icon=f"{ICON}person_add", tone="live",
                action=("Show", lambda: self.show(contact.id)), urgent=True,
            )
        )  # fmt: skip

    def _on_replaced(self, replaced: Replaced) -> None:
        profile = self._people.get(replaced.by) if replaced.by else None
        name = profile.display_name if profile else "Somebody"
        field = TITLES[replaced.field].lower()
        self._toasts.show(
            Toast(
                f"{name} changed the {field} of {replaced.contact.name} after you", icon=f"{ICON}edit_note", tone="wait",
                action=("Show", lambda: self.show(replaced.contact.id)), seconds=8.0, urgent=True,
            )
        )  # fmt: skip

    def _follow_role(self) -> None:
        """Whoever may only look from now on has nothing left to write in; and the other way round."""
        if self.desk.may_edit == self._may_edit or self.desk.over or self.is_deleted:
            return
        self._may_edit = self.desk.may_edit
        with self:
            self._add_button.set_visibility(self._may_edit)
            for part in (self.add, self.importing, self._menu):
                part.close()
            self._show_way("table" if self.table else "pipeline", anew=True)
            if self.panel is not None:
                contact = self.panel.contact_id
                self._drop_panel()
                self.show(contact)


def coming() -> None:
    """The page before it is known whose contacts these are."""
    with ui.element("div").classes("card card--flush contacts__table"):
        Tag("div", "", "contact contact--head")
        skeleton()
