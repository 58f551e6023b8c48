"""The newest public pictures as a wall that changes while one looks at it."""

from __future__ import annotations

from nicegui import ui

from components.avatar import Avatar
from components.island import Island
from components.live_list import LiveList
from components.newest import Newest
from components.signed_image import SignedImage
from components.tag import Tag
from state.media import Media
from state.models import Generation, Profile
from state.sync.mutation import Pending
from state.sync.rows import Rows


class Showcase(Island):
    """The newest `most` of `pictures`. An empty wall keeps its shape."""

    def __init__(self, pictures: Rows[Generation], people: Rows[Profile], media: Media, *, most: int) -> None:
        super().__init__("section")
        self.classes("showcase").props('aria-label="Newest pictures"')
        self._pictures, self._people, self._media = pictures, people, media
        with self:
            wall = ui.element("ul").classes("showcase__wall")
            with ui.element("div") as self._empty:
                with ui.element("div").classes("showcase__wall showcase__wall--empty").props("aria-hidden=true"):
                    for _ in range(most):
                        ui.element("div").classes("glimpse")
                self._first = Tag("p", "The first picture will hang here.", "showcase__first")
        LiveList(Newest(pictures, most), self._glimpse, wall, changed=self._changed)
        self._changed()

    def _glimpse(self, picture: Generation, _: Pending | None) -> Glimpse:
        return Glimpse(picture, self._people.get(picture.owner_id), self._media)

    def _changed(self) -> None:
        self._empty.set_visibility(not self._pictures.rows)
        self._first.set_visibility(self._pictures.phase == "ready")


class Glimpse:
    """One picture of the wall: who made it, and from which words. It leads to the studio."""

    def __init__(self, picture: Generation, owner: Profile | None, media: Media) -> None:
        self.element = Island("li").classes("glimpse").style(f"background-color:{picture.colour}")
        with self.element, ui.link(target="/studio").classes("glimpse__link"):
            SignedImage(media, picture.poster_path, "glimpse__picture", lazy=False)
            with ui.element("span").classes("glimpse__caption"):
                if owner is not None:
                    Avatar(owner).props["title"] = owner.display_name
                Tag("span", picture.prompt, "clamp-2")

    def update(self, row: Generation, pending: Pending | None) -> None:
        """A finished picture does not change."""
