"""The gallery: one's own pictures and everybody's public ones, newest first, filling and emptying by itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from nicegui import ui

from components.counter import Counter
from components.freshness_note import FreshnessNote
from components.island import Island
from components.live_list import LiveList
from components.media_tile import MediaTile, TileHost
from components.naming import follow_names
from components.picture_actions import PictureActions
from components.picture_menu import PictureMenu
from components.region_state import RegionState
from components.sentinel import MoreBelow, Sentinel
from components.tag import Tag
from components.theme import ICON
from state.generation import Studio
from state.models import Generation, Profile
from state.signal import Unsubscribe
from state.sync.mutation import Pending
from state.sync.rows import Rows

SKELETONS = 6
NOTHING = {
    "All": "No picture here yet.",
    "Favourites": "No favourites yet. The heart on a picture of yours puts it here.",
}
ARROWS = "(event) => starling.moveInGrid(event)"


class Gallery(Island):
    """The region "Gallery". `begin` is what an empty one offers; `shown` are the pictures in the order one sees."""

    def __init__(
        self,
        studio: Studio,
        people: Rows[Profile],
        actions: PictureActions,
        *,
        open_picture: Callable[[Generation], None],
        failed: Callable[[str], None],
        begin: tuple[str, Callable[[], Any]],
    ) -> None:
        super().__init__("section")
        self.classes("gallery").props("aria-label=Gallery role=region")
        self._studio = studio
        self._filter = "All"
        self._settled = False
        self.filters = list(studio.filters)
        with self:
            with ui.element("h2").classes("section-title"):
                Tag("span", "Gallery")
                self._count = Counter()
                FreshnessNote(lambda: studio.gallery_view.freshness)
                with ui.element("span").classes("end gallery__filters").props('role=group aria-label="Show"'):
                    self._chips = {name: self._chip(name) for name in self.filters}
            self._state = RegionState(studio.gallery, skeleton=_draw_skeleton, empty=NOTHING["All"], action=begin)
            Sentinel(near=lambda: self._list.hold(False), past=lambda: self._list.hold(True))
            self._waiting = ui.button(icon=f"{ICON}arrow_upward", color=None, on_click=self._go_up)
            self._waiting.classes("gallery__waiting btn--primary").props("unelevated").set_visibility(False)
            grid = ui.element("ul").classes("gallery__grid").props("aria-label=Pictures")
            grid.on("keydown", js_handler=ARROWS)
            self._menu = PictureMenu(actions, open_picture)
            self._host = TileHost(
                studio=studio,
                owner=lambda picture: people.get(picture.owner_id),
                open=open_picture,
                menu=self._menu.show,
                favourite=actions.favourite,
            )
            self._list: LiveList[Generation, MediaTile] = LiveList(
                studio.gallery, self._tile, grid, changed=self._changed
            )
            self._end = MoreBelow(self._list.load_more, failed)
        self._unobserve = self._observe()
        self.client.on_delete(lambda: self._unobserve())
        follow_names(people, lambda: self._list.items.values(), self)
        self._changed()

    @property
    def shown(self) -> list[Generation]:
        """The pictures that the filter lets through, in order."""
        return [tile.picture for tile in self._list.items.values()]

    @property
    def _number(self) -> int | None:
        """How many there are in all; None while only those that are loaded are known."""
        return self._studio.count(self._filter).number

    def choose(self, name: str) -> None:
        """Show only these: "All", "Mine", "Favourites", "Images" or "Videos"."""
        self._filter = name
        self._unobserve()
        self._unobserve = self._observe()
        self._list.filter(partial(self._studio.shows, self._studio.filters[name]))
        self._end.look_again()

    def _observe(self) -> Unsubscribe:
        return self._studio.count(self._filter).observe(self._changed)

    def _chip(self, name: str) -> ui.button:
        return ui.button(name, color=None, on_click=partial(self.choose, name)).props("flat")

    def _tile(self, picture: Generation, pending: Pending | None) -> MediaTile:
        return MediaTile(picture, pending, host=self._host, fresh=self._settled and not self._list.quiet)

    def _go_up(self) -> None:
        self._list.hold(False)
        self.client.run_javascript(f"getHtmlElement({self.id}).scrollIntoView({{behavior: starling.pace}})")

    def _changed(self) -> None:
        shown = len(self._list.items) + self._list.held
        self._settled = self._settled or self._studio.gallery.phase == "ready"
        if self._settled:
            self._count.set(shown if self._number is None else self._number, "+" if self._number is None else "")
        empty = NOTHING.get(self._filter, f"Nothing under {self._filter} yet.")
        self._state.show(max(shown, self._number or 0), empty=empty, offer=self._filter != "Favourites")
        self._waiting.text = f"{self._list.held} new"
        self._waiting.set_visibility(self._list.held > 0)
        for name, chip in self._chips.items():
            chip.props["aria-pressed"] = str(name == self._filter).lower()


def _draw_skeleton() -> None:
    with ui.element("div").classes("gallery__grid"):
        for _ in range(SKELETONS):
            ui.element("div").classes("tile skeleton")
