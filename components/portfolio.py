"""What somebody has made for everybody to see, newest first, live."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from components.freshness_note import FreshnessNote
from components.island import Island
from components.live_list import LiveList
from components.media_tile import MediaTile, TileHost
from components.picture_actions import PictureActions
from components.picture_menu import PictureMenu
from components.region_state import RegionState
from components.sentinel import MoreBelow
from components.tag import Tag
from state.generation import Studio
from state.models import Generation, Profile
from state.people import Portfolio
from state.sync.mutation import Pending
from state.sync.view import View

ARROWS = "(event) => starling.moveInGrid(event)"


class PortfolioGrid(Island):
    """The region "Pictures". A picture that its owner deletes vanishes at once for them, and comes back if that is undone."""

    def __init__(
        self,
        owner: Profile,
        portfolio: Portfolio,
        studio: Studio,
        actions: PictureActions,
        *,
        open_picture: Callable[[Generation], None],
        failed: Callable[[str], None],
    ) -> None:
        super().__init__("section")
        self.classes("gallery").props("aria-label=Pictures role=region")
        self._studio = studio
        self._mine = studio.member is not None and studio.member.id == owner.id
        view = View((portfolio.pictures, studio.world.connection.freshness))
        empty = "None of your pictures is public." if self._mine else f"{owner.display_name} shows no picture yet."
        begin = ("Make one", lambda: ui.navigate.to("/studio")) if self._mine else None
        with self:
            with ui.element("h2").classes("section-title"):
                Tag("span", "Pictures")
                FreshnessNote(lambda: view.freshness)
            self._state = RegionState(portfolio.pictures, skeleton=_skeleton, empty=empty, action=begin)
            grid = ui.element("ul").classes("gallery__grid").props("aria-label=Pictures")
            grid.on("keydown", js_handler=ARROWS)
            menu = PictureMenu(actions, open_picture)
            host = TileHost(
                studio=studio, owner=lambda _: owner, open=open_picture, menu=menu.show, favourite=actions.favourite
            )

            def build(picture: Generation, pending: Pending | None) -> MediaTile:
                return MediaTile(picture, pending, host=host, fresh=False)

            self._list: LiveList[Generation, MediaTile] = LiveList(
                portfolio.pictures, build, grid, shows=self._stays, changed=self._changed
            )
            MoreBelow(self._list.load_more, failed)
        if self._mine and studio.member is not None:
            own = studio.member.generations
            self.client.on_delete(own.subscribe(lambda _: self._list.filter(self._stays)))
        self._changed()

    @property
    def shown(self) -> list[Generation]:
        """In order."""
        return [tile.picture for tile in self._list.items.values()]

    def _stays(self, picture: Generation) -> bool:
        if not self._mine or self._studio.member is None:
            return True
        pending = self._studio.member.generations.pending(picture.id)
        return pending is None or (pending.kind != "delete" and pending.changes.get("visibility") != "private")

    def _changed(self) -> None:
        self._state.show(len(self._list.items))


def _skeleton() -> None:
    with ui.element("div").classes("gallery__grid"):
        for _ in range(6):
            ui.element("div").classes("tile skeleton")
