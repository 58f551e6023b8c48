"""Importing a file: what is in it, which column is which field, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast
from uuid import UUID, uuid4

from nicegui import ui

from components.tag import Tag
from components.upload_end import upload_end
from state import contact_import
from state.contact_fields import TITLES, faults
from state.contact_import import IMPORTED, Duplicates, NotReadable, Outcome, Sheet, fields_of, guess, read
from state.errors import StateError

if TYPE_CHECKING:
    from nicegui.events import UploadEventArguments

    from state.contacts import Contacts

PREVIEW = 5
MOST_FAULTS = 50
DUPLICATES: dict[Duplicates, str] = {
    "skip": "Leave those out whose e-mail is there already",
    "fill": "Fill what is empty in those that are there",
    "add": "Add all, even if their e-mail is there",
}
NOT_IMPORTED = -1
REJECTED = {
    "max-file-size": f"The file is larger than {contact_import.MOST_BYTES // 1_000_000} MB.",
    "accept": "This is not a CSV file. Spreadsheets can save one.",
    "max-files": "One file at a time, please.",
}
TELL = "(entries) => emit(entries[0].failedPropValidation)"


class ImportContacts(ui.dialog):
    """Made once for a page; `show` opens it. `done` is called with a sentence when contacts have been imported."""

    def __init__(self, desk: Contacts, done: Callable[[str], None]) -> None:
        super().__init__()
        self._desk, self._done = desk, done
        self._sheet: Sheet | None = None
        self._mapping: dict[str, int] = {}
        self._duplicates: Duplicates = "skip"
        self._id: UUID = uuid4()
        self._busy = False
        self.props('aria-label="Import contacts"')
        with self, ui.card().classes("contact-import"):
            with ui.element("div").classes("contact-import__head"):
                Tag("h2", "Import contacts", "title")
                self._what = Tag("p", "", "secondary")
            self._body = ui.element("div").classes("contact-import__body")
            with ui.element("div").classes("confirm__actions contact-import__actions"):
                self._wrong = Tag("p", "", "field__error").props("role=alert")
                ui.button("Close", color=None, on_click=self.close).props("flat")
                self._go = (
                    ui.button("Import", color=None, on_click=self.send).classes("btn--primary").props("unelevated")
                )

    def show(self) -> None:
        """Ask for a file, if one may import."""
        if not self._desk.may_edit:
            return
        self._sheet = None
        self._wrong.text = ""
        self._what.text = f"A CSV file with a heading, {contact_import.MOST_ROWS:,} rows at most."
        self._go.set_visibility(False)
        self._body.clear()
        with self._body:
            self._upload = upload_end(
                self._read,
                auto_upload=True,
                max_files=1,
                max_file_size=contact_import.MOST_BYTES,
                label="Choose a CSV file, or drop it here",
            )
            self._upload.on(
                "rejected",
                lambda event: self._say(REJECTED.get(str(event.args), "It cannot be taken.")),
                js_handler=TELL,
            )
            self._upload.props('accept=".csv,.tsv,.txt,text/csv" flat').classes("contact-import__file")
        self.open()

    async def take(self, name: str, content: bytes) -> None:
        """Show what is in a file."""
        try:
            self._sheet = await read(name, content)
        except NotReadable as error:
            self._say(str(error))
            self._upload.reset()  # for another one
            return
        self._id = uuid4()
        self._mapping = guess(self._sheet.columns)
        self._wrong.text = ""
        self._draw()

    async def send(self) -> None:
        """Import it."""
        sheet = self._sheet
        if sheet is None or self._busy:
            return
        if "name" not in self._mapping:
            self._say("Which column is the name?")
            return
        self._busy = True
        self._go.props("loading")
        self._say("")
        try:
            outcome = await contact_import.send(self._desk, self._id, sheet, self._mapping, self._duplicates)
        except StateError as error:
            self._say(f"Nothing was imported: {error}")
        else:
            self._show_outcome(outcome)
        finally:
            self._busy = False
            if not self.is_deleted:
                self._go.props(remove="loading")

    async def _read(self, event: UploadEventArguments) -> None:
        await self.take(event.file.name, await event.file.read())

    def _say(self, sentence: str) -> None:
        if not self.is_deleted:
            self._wrong.text = sentence

    def _draw(self) -> None:
        sheet = self._sheet
        assert sheet is not None
        rows = len(sheet.rows)
        self._what.text = f"{sheet.name}: {rows:,} {'row' if rows == 1 else 'rows'}. Which column is which field?"
        self._go.set_visibility(True)
        self._go.text = f"Import {rows:,}"
        options = {NOT_IMPORTED: "Not imported"} | dict(enumerate(sheet.columns))
        self._body.clear()
        with self._body:
            with ui.element("div").classes("contact-import__columns"):
                for field in IMPORTED:
                    with ui.element("div").classes("field"):
                        Tag("span", TITLES[field], "field__label")
                        choice = ui.select(options, value=self._mapping.get(field, NOT_IMPORTED))
                        choice.props("outlined dense options-dense").props["aria-label"] = f"Column for {TITLES[field]}"
                        choice.on_value_change(lambda event, field=field: self._match(field, event.value))
            self._preview = ui.element("div").classes("contact-import__preview")
            same = ui.radio(DUPLICATES, value=self._duplicates).props("dense").classes("contact-import__same")
            same.on_value_change(lambda event: setattr(self, "_duplicates", cast("Duplicates", event.value)))
        self._draw_preview()

    def _match(self, field: str, place: int) -> None:
        self._mapping.pop(field, None)
        if place != NOT_IMPORTED:
            self._mapping[field] = place
        self._id = uuid4()
        self._draw_preview()

    def _draw_preview(self) -> None:
        assert self._sheet is not None
        fields = [field for field in IMPORTED if field in self._mapping]
        self._preview.clear()
        with self._preview, ui.element("table").classes("contact-import__table"):
            with ui.element("thead"), ui.element("tr"):
                for field in fields:
                    Tag("th", TITLES[field]).props("scope=col")
            with ui.element("tbody"):
                for row in self._sheet.rows[:PREVIEW]:
                    made = fields_of(row, self._mapping)
                    wrong = faults({"name": "", **made})
                    with ui.element("tr"):
                        for field in fields:
                            value = made.get(field, "")
                            text = ", ".join(value) if isinstance(value, list) else str(value)
                            cell = Tag("td", text, "contact-import__wrong" if field in wrong else "")
                            cell.props["title"] = wrong.get(field, text)

    def _show_outcome(self, outcome: Outcome) -> None:
        words = [f"{outcome.added:,} added"]
        words += [f"{outcome.filled:,} filled"] if outcome.filled else []
        words += [f"{outcome.skipped:,} there already"] if outcome.skipped else []
        words += [f"{outcome.failed:,} with errors"] if outcome.failed else []
        said = ", ".join(words)
        if not outcome.failed:
            self.close()
            self._done(f"Imported: {said}")
            return
        self._what.text = f"{said}. What is right is imported; these rows are not:"
        self._go.set_visibility(False)
        self._body.clear()
        with self._body, ui.element("ul").classes("contact-import__faults divided"):
            for fault in outcome.errors[:MOST_FAULTS]:
                with ui.element("li"):
                    Tag("span", f"Row {fault.row:,}", "num strong")
                    Tag("span", TITLES.get(fault.field, "Row"), "meta")
                    Tag("span", fault.message)
            if len(outcome.errors) > MOST_FAULTS:
                Tag("li", f"and {len(outcome.errors) - MOST_FAULTS} more", "meta")
