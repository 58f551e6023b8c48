"""What stands over the contacts: searching, stages, tags, saved filters, and what can be done to those that are picked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from nicegui import background_tasks, ui

from components.confirm import confirm
from components.counter import Counter
from components.field import Field
from components.icon_button import IconButton
from components.island import Island
from components.tag import Tag
from components.theme import ICON
from components.toasts import Toast
from state.contact_fields import STAGES, fault, split_tags
from state.contact_look import MAX_SEARCH, Look, look_of
from state.contacts import MOST_ALIKE, UNDO_S, Contacts, Counts
from state.errors import StateError

if TYPE_CHECKING:
    from components.contact_menu import ContactMenu
    from components.toasts import Toasts
    from state.models import Contact, ContactFilter
    from state.signal import Unsubscribe
    from state.sync.cached_query import CachedQuery

MAX_FILTER_NAME = 60
REST_S = 0.2


class ContactBar(Island):
    """`choose` is called with another look."""

    def __init__(self, desk: Contacts, look: Look, *, choose: Callable[[Look], None]) -> None:
        super().__init__("div")
        self.classes("contacts__bar")
        self._desk, self._look, self._choose = desk, look, choose
        self._stop: Unsubscribe = lambda: None
        self._later: asyncio.TimerHandle | None = None
        with self:
            self.search = ui.input(placeholder="Search", value=look.search, on_change=self._on_search)
            self.search.props(f'outlined dense clearable maxlength={MAX_SEARCH} aria-label="Search contacts"')
            self.search.classes("contacts__search")
            with self.search.add_slot("prepend"):
                ui.icon(f"{ICON}search").props("aria-hidden=true")
            with ui.button(icon=f"{ICON}sell", color=None).props(
                'flat aria-haspopup=menu aria-label="Tag"'
            ) as self._tag:
                self._tag_word = Tag("span", "Tag", "truncate-1")
                with ui.menu().props('role=menu :offset="[0, 6]"'):
                    self._tags = ui.element("div").classes("contacts__menu")
            self._mine = ui.button("Mine", icon=f"{ICON}person", color=None, on_click=self._on_mine).props("flat")
            with ui.button(icon=f"{ICON}bookmark", color=None).props(
                'flat aria-haspopup=menu aria-label="Saved filters"'
            ) as saved:
                saved.props["title"] = "Saved filters"
                with ui.menu().props('role=menu :offset="[0, 6]"') as self._menu:
                    self._filters = ui.element("div").classes("contacts__menu")
        self._stages = Island("div").classes("contacts__stages").props("role=group aria-label=Stage")
        with self._stages:
            self._chips = {stage: self._chip(stage) for stage in (None, *STAGES)}
            self._found = Tag("span", "", "meta num contacts__found").props("role=status")
        self._counted: Look | None = None
        self.client.on_delete(desk.counts.observe(lambda query: self._show_counts(query.value)))
        self.client.on_delete(desk.filters.subscribe(lambda _: self._show_filters()))
        self.client.on_delete(self._end)
        self._show_counts(desk.counts.value)
        self.show(look)

    def show(self, look: Look) -> None:
        """Another look has been chosen."""
        self._look = look
        self._count(look)
        if self._later is None and str(self.search.value or "").strip() != look.search:
            self.search.value = look.search
        for stage, (chip, _) in self._chips.items():
            chip.props["aria-pressed"] = str(stage == look.stage).lower()
            chip.update()
        self._tag_word.text = look.tag or "Tag"
        self._tag.props["aria-pressed"] = str(look.tag is not None).lower()
        self._mine.props["aria-pressed"] = str(look.owner == self._desk.member.id).lower()
        for button in (self._tag, self._mine):
            button.update()
        self._show_filters()

    @property
    def total(self) -> int | None:
        """How many contacts there are of the look; None while nobody has counted."""
        look, counts = self._look, self._desk.counts.value
        if look.narrowing != Look(stage=look.stage).narrowing:
            return self._desk.total(look).value
        if counts is None:
            return None
        return counts.total if look.stage is None else counts.stages.get(look.stage, 0)

    @property
    def stages(self) -> ui.element:
        """The choice of a stage, to be put where the page has room for it; the pipeline has a column for each instead."""
        return self._stages

    def _count(self, look: Look) -> None:
        """How many are found, while not all are shown."""
        if self._counted is not None and self._counted.narrowing == look.narrowing:
            return
        self._counted = look
        self._stop()
        self._found.text = ""
        self._stop = lambda: None
        if look.narrowing != (Look(stage=look.stage)).narrowing:  # the number of a stage is on its chip

            def tell(query: CachedQuery[int]) -> None:
                if query.value is not None:
                    self._found.text = f"{query.value:,} found"

            total = self._desk.total(look)
            self._stop = total.observe(tell)
            tell(total)

    def _end(self) -> None:
        self._stop()
        if self._later is not None:
            self._later.cancel()

    def _chip(self, stage: str | None) -> tuple[ui.button, Counter]:
        button = ui.button(color=None, on_click=lambda: self._choose(replace(self._look, stage=stage))).props("flat")
        with button:
            Tag("span", STAGES[stage] if stage else "All")
            count = Counter()
        return button, count

    def _on_search(self) -> None:
        """Looks for what was written once one rests: the browser's own delay loses what is written while a menu closes."""
        if self._later is not None:
            self._later.cancel()
        self._later = asyncio.get_running_loop().call_later(REST_S, self._search)

    def _search(self) -> None:
        self._later = None
        search = str(self.search.value or "").strip()[:MAX_SEARCH]
        if search != self._look.search and not self.is_deleted:
            with self:
                self._choose(replace(self._look, search=search))

    def _on_mine(self) -> None:
        me = self._desk.member.id
        self._choose(replace(self._look, owner=None if self._look.owner == me else me))

    def _show_counts(self, counts: Counts | None) -> None:
        if counts is None:
            return
        for stage, (_, counter) in self._chips.items():
            counter.set(counts.total if stage is None else counts.stages.get(stage, 0))
        self._tags.clear()
        with self._tags:
            ui.label("Tags").classes("menu__title")
            if not counts.tags:
                Tag("p", "No contact has a tag yet.", "menu__part secondary")
            for tag, number in counts.tags:
                with ui.menu_item(on_click=partial(self._take_tag, tag)).props("role=menuitemradio"):
                    Tag("span", tag, "truncate-1")
                    Tag("span", f"{number:,}", "meta num person-menu__hint")
            if self._look.tag:
                ui.separator()
                ui.menu_item("Any tag", on_click=partial(self._take_tag, None))

    def _take_tag(self, tag: str | None) -> None:
        self._choose(replace(self._look, tag=None if tag == self._look.tag else tag))

    def _show_filters(self) -> None:
        self._filters.clear()
        with self._filters:
            ui.label("Saved filters").classes("menu__title")
            for filter in self._desk.filters.rows:
                with ui.menu_item(on_click=partial(self._take_filter, filter)):
                    ui.icon(f"{ICON}bookmark").props("aria-hidden=true")
                    Tag("span", filter.name, "truncate-1")
                    IconButton(
                        "close", f"Forget {filter.name}", partial(self._desk.remove_filter, filter), "person-menu__hint"
                    )
            if not self._desk.filters.rows:
                Tag("p", "Search, or choose a stage or a tag, and save it here.", "menu__part secondary")
            if self._look.narrowed:
                ui.separator()
                with ui.menu_item(on_click=self._ask_name):
                    ui.icon(f"{ICON}add").props("aria-hidden=true")
                    ui.label("Save what is chosen")
                with ui.menu_item(
                    on_click=lambda: self._choose(Look(sort=self._look.sort, descending=self._look.descending))
                ):
                    ui.icon(f"{ICON}filter_list_off").props("aria-hidden=true")
                    ui.label("Show all")

    def _take_filter(self, filter: ContactFilter) -> None:
        self._choose(look_of(filter.settings))

    def _ask_name(self) -> None:
        look = self._look
        words = [look.search, STAGES.get(look.stage or "", ""), look.tag or "", "mine" if look.owner else ""]
        ask("Save the filter", "Name", " · ".join(word for word in words if word)[:MAX_FILTER_NAME], "Save",
            lambda name: self._desk.save_filter(name[:MAX_FILTER_NAME], look))  # fmt: skip


class PickBar(Island):
    """What can be done to contacts that are picked: `chosen` tells which, `done` lets go of them.

    `known` tells how many are loaded and how many there are; `pick_alike` picks all of these, and `alike` is then their look.
    """

    def __init__(
        self,
        desk: Contacts,
        menu: ContactMenu,
        toasts: Toasts,
        *,
        chosen: Callable[[], list[Contact]],
        known: Callable[[], tuple[int, int]],
        alike: Callable[[], Look | None],
        pick_alike: Callable[[], None],
        done: Callable[[], None],
        remove: Callable[[list[Contact]], None],
    ) -> None:
        super().__init__("div")
        self.classes("contact-picks").props('role=toolbar aria-label="What is picked"')
        self._desk, self._menu, self._toasts = desk, menu, toasts
        self._chosen, self._known, self._alike, self._done, self._remove = chosen, known, alike, done, remove
        with self:
            with ui.element("div").classes("contact-picks__count"):
                self._count = Tag("b", "", "num")
                self._rest = Tag("span", "", "meta num")
                self._all = Tag("button", "", "link num").props("type=button")
                self._all.on("click", pick_alike, args=[])
            with ui.element("span").classes("contact-picks__acts") as self._acts:
                self._stage = self._act("Stage", "flag", lambda: menu.ask_stage(self._stage, None, self._move))
                self._owner = self._act("Owner", "person", lambda: menu.ask_owner(self._owner, None, self._give))
                self._act("Add tags", "new_label", partial(self._ask_tags, more=True))
                self._act("Take tags off", "label_off", partial(self._ask_tags, more=False))
                self._act("Delete", "delete", self._delete).classes("btn--danger")
            IconButton("close", "Pick none", done)
        self.show()

    def show(self) -> None:
        """Others are picked now."""
        number = len(self._chosen())
        loaded, total = self._known()
        alike, few = self._alike() is not None, total <= MOST_ALIKE and self._desk.may_edit
        self.set_visibility(number > 0)
        self._acts.set_visibility(self._desk.may_edit)
        self._count.text = f"All {total:,} picked" if alike else f"{number:,} picked"
        self._rest.text = f"{total - loaded:,} more are not loaded"
        self._rest.set_visibility(total > loaded and not alike and not few)
        self._all.text = f"Pick all {total:,}"
        self._all.set_visibility(total > loaded and not alike and few)

    def _act(self, title: str, icon: str, act: Callable[[], object]) -> ui.button:
        return ui.button(title, icon=ICON + icon, color=None, on_click=act).props("flat")

    def _move(self, stage: str) -> None:
        self._edit({"stage": stage})

    def _give(self, owner: object) -> None:
        self._edit({"owner_id": owner})

    def _ask_tags(self, *, more: bool) -> None:
        def take(text: str) -> None:
            tags = tuple(split_tags(text))
            self._edit({}, more_tags=tags if more else (), less_tags=() if more else tags)

        title = "Add tags" if more else "Take tags off"
        ask(title, "Tags, with commas between", "", title, take, check=lambda text: fault("tags", text))

    async def _delete(self) -> None:
        if (look := self._alike()) is None:
            self._remove(self._chosen())
            return
        _, number = self._known()
        if await confirm(f"Delete {number:,} contacts?", "They are gone for the whole team, and for good.", "Delete"):
            await self._to_all(self._desk.remove_alike(look), "deleted")

    async def _to_all(self, doing: Awaitable[int], done: str) -> None:
        self._done()
        try:
            number = await doing
        except StateError as error:
            self._toasts.failed(str(error))
        else:
            said = f"{number:,} contacts are {done}" if number != 1 else f"One contact is {done}"
            self._toasts.show(Toast(said, icon=f"{ICON}check", tone="live", urgent=True))

    def _edit(self, changes: dict[str, object], **tags: tuple[str, ...]) -> None:
        if (look := self._alike()) is not None:
            doing = self._desk.edit_alike(look, changes, **tags)
            background_tasks.create(self._to_all(doing, "changed"), name="edit all contacts that are alike")
            return
        try:
            self._desk.edit_many(self._chosen(), changes, **tags)
        except ValueError as error:
            self._toasts.failed(str(error))


def ask(
    title: str,
    label: str,
    value: str,
    action: str,
    take: Callable[[str], None],
    *,
    check: Callable[[str], str | None] = lambda _: None,
) -> None:
    """A dialog with one field; `take` gets what was written."""
    with ui.context.client.content:
        dialog = ui.dialog()
        dialog.props["aria-label"] = title
    with dialog, ui.card().classes("confirm"):
        Tag("h2", title, "title")
        field = Field(label, name="asked", autocomplete="off")
        field.value = value
        field.props("autofocus")

        def finish() -> None:
            text = str(field.value or "").strip()
            if wrong := check(text) if text else "Write something first":
                field.say(wrong)
                return
            dialog.close()
            take(text)

        field.on("keydown.enter", finish, args=[])
        with ui.element("div").classes("confirm__actions"):
            ui.button("Cancel", color=None, on_click=dialog.close).props("flat")
            ui.button(action, color=None, on_click=finish).classes("btn--primary").props("unelevated")
    dialog.on("hide", dialog.delete, args=[])
    dialog.open()


def removed(desk: Contacts, contacts: list[Contact], toasts: Toasts) -> None:
    """Deletes contacts, and offers to undo it."""
    try:
        write = desk.remove(contacts)
    except ValueError as error:
        toasts.failed(str(error))
        return
    said = f"{contacts[0].name} is deleted" if len(contacts) == 1 else f"{len(contacts):,} contacts are deleted"
    toasts.show(Toast(said, icon=f"{ICON}delete", action=("Undo", write.undo), seconds=UNDO_S, urgent=True))
