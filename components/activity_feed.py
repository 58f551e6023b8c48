"""What members did, newest first: ten rows that come in by themselves, and a chip that says how many are new."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

from nicegui import ui

from components.ago import Ago
from components.avatar import Avatar
from components.freshness_note import FreshnessNote
from components.island import Island
from components.live_list import LiveList
from components.newest import Newest
from components.person_link import PersonLink
from components.region_state import RegionState
from components.tag import Tag
from components.theme import ICON
from state.activities import SHOWN, Feed
from state.activity_words import words
from state.models import Activity, Profile
from state.sync.mutation import Pending
from state.sync.rows import Rows

SKELETONS = 6
EMPTY = "Nothing has happened yet. Make a picture, add a contact or publish something, and it shows here."


class ActivityItem:
    """An item of a LiveList. A dot says that it is new."""

    def __init__(
        self, activity: Activity, _: Pending | None, *, people: Rows[Profile], reaches: Callable[[str], bool]
    ) -> None:
        self.activity = activity
        self._people, self._reaches = people, reaches
        self.element = Island("li").classes("deed")
        self._draw()

    def update(self, activity: Activity, _: Pending | None) -> None:
        """Show this state of the row."""
        self.activity = activity
        self.element.clear()
        self._draw()

    def mark(self, *, new: bool) -> None:
        """New, or seen."""
        self.element.classes(add="deed--new") if new else self.element.classes(remove="deed--new")

    def _draw(self) -> None:
        person = self._people.get(self.activity.member_id)
        said = words(self.activity)
        with self.element:
            with ui.element("span").classes("deed__face"):
                Avatar(person)
                ui.icon(ICON + said.icon).classes("deed__kind").props("aria-hidden=true")
            with ui.element("p").classes("deed__words"):
                PersonLink(person, "strong")
                Tag("span", f" {said.verb} ")
                if said.path and self._reaches(said.path.partition("?")[0]) and said.thing:
                    ui.link(said.thing, said.path).classes("deed__thing")
                else:
                    Tag("span", said.thing, "deed__thing")
            Ago(self.activity.created_at, "meta deed__when")


class ActivityFeed(Island):
    """The region "Activity". `feeds` by the name that chooses them; the first is shown. `reaches`: whether there is a page."""

    def __init__(self, feeds: dict[str, Feed], people: Rows[Profile], *, reaches: Callable[[str], bool]) -> None:
        super().__init__("div")
        self.classes("deeds")
        self._feeds, self._people, self._reaches = feeds, people, reaches
        self._chosen = next(iter(feeds))
        self._lists: dict[str, LiveList[Activity, ActivityItem]] = {}
        self._boxes: dict[str, tuple[ui.element, RegionState]] = {}
        with self:
            with ui.element("div").classes("deeds__head"):
                with ui.element("div").classes("segments").props('role=group aria-label="Whose"'):
                    self._buttons = {
                        name: ui.button(name, color=None, on_click=partial(self.choose, name)).props("flat")
                        for name in feeds
                    }
                FreshnessNote(lambda: self.feed.view.freshness)
                self._chip = ui.button("", color=None, on_click=self.seen).classes("deeds__new btn--primary")
                self._chip.props("unelevated aria-live=polite")
            self._stage = ui.element("div").classes("deeds__stage")
        for name, feed in feeds.items():
            feed.open()
            self.client.on_delete(feed.close)
            self.client.on_delete(feed.changed.subscribe(partial(self._changed, name)))
        self.client.on_delete(
            people.subscribe(lambda batch: self._renamed({row.id for row in batch.updated + batch.inserted}))
        )
        self.choose(self._chosen)

    @property
    def feed(self) -> Feed:
        """The one that is shown."""
        return self._feeds[self._chosen]

    @property
    def shown(self) -> Sequence[Activity]:
        """What stands there, first to last."""
        return [item.activity for item in self._lists[self._chosen].items.values()]

    @property
    def chip(self) -> str:
        """What it says; nothing when it is not there."""
        return self._chip.text if self._chip.visible else ""

    def choose(self, name: str) -> None:
        """Show this feed."""
        self._chosen = name
        if name not in self._boxes:
            self._make(name)
        for other, (box, _) in self._boxes.items():
            box.set_visibility(other == name)
        for other, button in self._buttons.items():
            button.props["aria-pressed"] = str(other == name).lower()
        self._show()

    def seen(self) -> None:
        """All of it has been looked at."""
        self.feed.seen()

    def _make(self, name: str) -> None:
        feed = self._feeds[name]
        with self._stage, ui.element("div") as box:
            rows = ui.element("ul").classes("deeds__rows").props("aria-label=Activity")
            state = RegionState(feed.rows, skeleton=_skeleton, empty=EMPTY)
            self._boxes[name] = box, state
            self._lists[name] = LiveList(
                Newest(feed.rows, SHOWN),
                partial(ActivityItem, people=self._people, reaches=self._reaches),
                rows,
                changed=self._show,
            )

    def _changed(self, name: str, _: None) -> None:
        if name == self._chosen:
            self._show()

    def _show(self) -> None:
        if self.is_deleted or self._chosen not in self._lists:
            return
        feed, items = self.feed, self._lists[self._chosen].items
        self._boxes[self._chosen][1].show(len(items))
        self._chip.text = f"{feed.new} new"
        self._chip.set_visibility(feed.new > 0)
        for item in items.values():
            item.mark(new=feed.is_new(item.activity.id))

    def _renamed(self, people: set[UUID]) -> None:
        for items in self._lists.values():
            for item in items.items.values():
                if item.activity.member_id in people:
                    item.update(item.activity, None)


def _skeleton() -> None:
    for _ in range(SKELETONS):
        with ui.element("div").classes("deed"):
            ui.element("span").classes("deed__face skeleton deed__blank")
            ui.element("div").classes("skeleton skeleton--line")
