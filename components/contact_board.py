"""The contacts as a pipeline: a column for each stage, and a card for each contact that is dragged, or moved by keys."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from nicegui import ui

from components.avatar import Avatar
from components.contact_menu import StageBadge
from components.freshness_note import FreshnessNote
from components.island import Island
from components.live_list import LiveList
from components.sentinel import MoreBelow
from components.tag import Tag
from state.contact_fields import STAGES
from state.contact_rows import Book, Pipeline, by_move, use_pipeline

if TYPE_CHECKING:
    from nicegui.events import GenericEventArguments

    from state.contact_look import Look
    from state.contacts import Contacts, Counts
    from state.models import Contact, Profile
    from state.sync.mutation import Pending
    from state.sync.rows import Rows

MOST_TAGS = 2  # by name; of the others the number
HEARD = "(event) => starling.contactCards(event, (said) => emit(said), {movable})"
KEYS = "Arrow keys go from card to card; with Shift, left and right move the card to another stage"


class ContactBoard(Island):
    """The region "Pipeline"."""

    def __init__(
        self,
        desk: Contacts,
        look: Look,
        people: Rows[Profile],
        *,
        open_: Callable[[UUID], None],
        failed: Callable[[str], None],
    ) -> None:
        super().__init__("section")
        self.classes("contact-pipeline").props("aria-label=Pipeline role=region")
        self._desk, self._people, self._open, self.failed = desk, people, open_, failed
        self.book: Book[Pipeline] = Book(lambda look: use_pipeline(desk, look), by_move(look))
        heard = HEARD.format(movable=str(desk.may_edit).lower())
        with self:
            with ui.element("div").classes("contact-pipeline__columns") as columns:
                self._columns = {stage: Column(self, stage) for stage in STAGES}
            for event in ("click", "keydown", "pointerdown"):
                columns.on(event, self._heard, js_handler=heard)
            self._said = Tag("div", "", "sr-only").props("aria-live=polite")
            FreshnessNote(lambda: self.book.shown.view.freshness)
        self._ends: list[Callable[[], object]] = [
            desk.counts.observe(lambda query: self._count(query.value)),
            desk.looking.on_change(self._look),
            *(column.list.close for column in self._columns.values()),
            self.book.close,
        ]
        self.client.on_delete(self.end)
        self._count(desk.counts.value)

    def end(self) -> None:
        """Nobody looks here any more."""
        ends, self._ends = self._ends, []
        for end in ends:
            end()

    @property
    def desk(self) -> Contacts:
        """Whose they are."""
        return self._desk

    @property
    def people(self) -> Rows[Profile]:
        """Their names."""
        return self._people

    @property
    def narrowed(self) -> bool:
        """Whether some are left out."""
        return self.book.look.narrowed

    def choose(self, look: Look) -> None:
        """Show the contacts of another look as soon as they are there."""
        for column in self._columns.values():
            column.list.quiet = True
        self.book.choose(by_move(look))

    async def more(self, stage: str) -> bool:
        """The next of one stage; whether there may be more. Raises StateError."""
        table = self.book.shown.stages[stage]
        if table.phase != "ready" or table.complete:
            return False
        await table.load_more()
        return not table.complete

    def _heard(self, event: GenericEventArguments) -> None:
        said = event.args if isinstance(event.args, dict) else {}
        try:
            contact = self.book.get(UUID(str(said.get("contact"))))
        except ValueError:
            return
        if contact is None:
            return
        stage = said.get("stage")
        if said.get("what") == "open":
            self._open(contact.id)
        elif stage in STAGES and self._desk.may_edit:
            self._desk.edit(contact, {"stage": stage})
            self._said.text = f"{contact.name} is now in {STAGES[stage]}"

    def _count(self, counts: Counts | None) -> None:
        for stage, column in self._columns.items():
            column.tell(None if counts is None else counts.stages.get(stage, 0))

    def _look(self) -> None:
        for column in self._columns.values():
            for card in column.list.items.values():
                card.look()


class Column(Island):
    """One stage."""

    def __init__(self, board: ContactBoard, stage: str) -> None:
        super().__init__("div")
        self.classes("contact-pipeline__column").props["data-stage"] = stage
        self._board, self._stage = board, stage
        self._total: int | None = None
        with self:
            with ui.element("h3").classes("contact-pipeline__head"):
                StageBadge(stage)
                self._count = Tag("span", "", "num meta")
            with ui.element("div").classes("contact-pipeline__cards"):
                cards = ui.element("div").classes("contact-pipeline__list")
                cards.props["aria-label"] = f"{STAGES[stage]}. {KEYS}"
                self._empty = Tag("p", "Nobody here.", "meta contact-pipeline__empty")
                self.list: LiveList[Contact, Card] = LiveList(
                    board.book, self._card, cards, shows=lambda row: row.stage == stage, changed=self._changed
                )
                self._skeleton = ui.element("div").classes("contact-pipeline__coming").props("aria-hidden=true")
                with self._skeleton:
                    for _ in range(2):
                        ui.element("div").classes("contact-card skeleton")
                MoreBelow(partial(board.more, stage), board.failed)
        self._changed()

    def tell(self, count: int | None) -> None:
        """How many there are in all."""
        self._total = count
        self._say_count()

    def _say_count(self) -> None:
        shown = len(self.list.items)
        complete = self._board.book.shown.stages[self._stage].complete
        if self._board.narrowed or self._total is None:
            self._count.text = f"{shown:,}" + ("" if complete else "+")
        else:
            self._count.text = f"{max(self._total, shown) if not complete else shown:,}"

    def _card(self, contact: Contact, pending: Pending | None) -> Card:
        return Card(contact, pending, self._board)

    def _changed(self) -> None:
        book = self._board.book
        if not hasattr(self, "list"):
            return
        if book.settled:
            self.list.quiet = False
        self._skeleton.set_visibility(book.phase == "loading" and not self.list.items)
        self._empty.set_visibility(book.phase == "ready" and not self.list.items)
        self._say_count()


class Card:
    """One contact."""

    def __init__(self, contact: Contact, pending: Pending | None, board: ContactBoard) -> None:
        self._board = board
        self._contact = contact
        self._here: dict[UUID, str | None] | None = None
        with Island("button").classes("contact-card") as self.element:
            self.element.props("type=button").props["data-contact"] = str(contact.id)
            self._name = Tag("span", "", "contact-card__name truncate-1")
            self._company = Tag("span", "", "meta truncate-1")
            with ui.element("span").classes("contact-card__foot"):
                self._tags = ui.element("span").classes("contact-card__tags")
                self._people = ui.element("span").classes("avatars")
        self._drawn: tuple[object, ...] = ()
        self.update(contact, pending)

    def update(self, contact: Contact, pending: Pending | None) -> None:
        """As `Item` says."""
        self._contact = contact
        self._name.text = contact.name
        self._company.text = contact.company or contact.title or contact.email
        self.element.classes(
            add="contact-card--unsent" if pending and pending.waiting else "",
            remove="" if pending and pending.waiting else "contact-card--unsent",
        )
        drawn = (tuple(contact.tags), contact.owner_id)
        if drawn != self._drawn:
            self._drawn = drawn
            self._tags.clear()
            with self._tags:
                for tag in contact.tags[:MOST_TAGS]:
                    Tag("span", tag, "contact-tag truncate-1")
                if len(contact.tags) > MOST_TAGS:
                    Tag("span", f"+{len(contact.tags) - MOST_TAGS}", "meta num").props["title"] = ", ".join(
                        contact.tags
                    )
            self._here = None
        self.look()

    def look(self) -> None:
        """Who looks after it, and who looks at it."""
        here = self._board.desk.looking.at(self._contact.id)
        if here == self._here:
            return
        self._here = here
        self._people.clear()
        with self._people:
            owner = self._contact.owner_id
            for who in dict.fromkeys([*([owner] if owner else []), *list(here)[:3]]):
                profile = self._board.people.get(who)
                avatar = Avatar(profile)
                name = profile.display_name if profile else "Somebody"
                avatar.props["title"] = f"{name} is looking at this" if who in here else f"{name} looks after this"
                if who in here:
                    avatar.classes("avatar--looking")
