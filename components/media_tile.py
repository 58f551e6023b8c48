"""A picture or clip in the gallery: its colour at once, its poster when it has loaded, and what to do with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from nicegui import background_tasks, ui

from components.icon_button import IconButton
from components.island import Island
from components.job_row import UNSENT
from components.signed_image import SignedImage
from components.tag import Tag
from state.generation import Studio, first_name
from state.models import Generation, Profile
from state.sync.mutation import Pending

LOCK, CLOUD = "lock", "cloud_off"  # marks: private; not sent yet


@dataclass(frozen=True)
class TileHost:
    """What a tile needs of the gallery it is in."""

    studio: Studio
    owner: Callable[[Generation], Profile | None]
    open: Callable[[Generation], None]
    menu: Callable[[Generation, ui.element], None]  # opens beside the element
    favourite: Callable[[Generation], None]


class MediaTile:
    """One tile. `fresh`: somebody else made it just now, which it says on a tag."""

    def __init__(self, picture: Generation, pending: Pending | None, *, host: TileHost, fresh: bool) -> None:
        self.picture = picture
        self._host = host
        self._mine = mine = host.studio.mine(picture)
        video = picture.kind == "video"
        with Island("li").classes("tile").style(f"background-color:{picture.colour}") as self.element:
            self._open = ui.element("button").classes("tile__open").props("type=button")
            with self._open:
                SignedImage(host.studio.media, picture.poster_path, "tile__poster", alt=picture.prompt)
                Tag("span", picture.prompt, "tile__caption").props("aria-hidden=true")
            self._open.on("click", lambda: host.open(self.picture), args=[])
            self._open.on("contextmenu.prevent", self._on_menu, args=[])
            if video:
                self._clip: ui.element | None = None
                self._open.on("mouseenter", self._on_enter, args=[])
                self._open.on("mouseleave", self._on_leave, args=[])
            self._more = IconButton("more_horiz", "More", self._on_menu, "tile__more")
            self._more.props("aria-haspopup=menu")
            self._heart: IconButton | None = None
            if mine:
                self._heart = IconButton(
                    "favorite", "Add to favourites", lambda: host.favourite(self.picture), "tile__heart"
                )
        self._tags: ui.element | None = None
        self._marks: dict[str, Tag] = {}
        self._new = self._tag("", "tile__tag--new") if fresh and not mine else None
        if video:
            self._tag(f"{picture.duration:.0f} s", "tile__tag--clip num")
        self._unsent = False
        self.name()
        self.update(picture, pending)

    @property
    def named(self) -> tuple[UUID, ...]:
        """Whose it is, unless it is one's own."""
        return () if self._mine else (self.picture.owner_id,)

    def name(self) -> None:
        """Say whose it is."""
        owner = None if self._mine else self._host.owner(self.picture)
        self._spoken = spoken(self.picture, owner)
        if self._new is not None:
            self._new.text = f"New · {first_name(owner)}"
        self._say()

    def update(self, picture: Generation, pending: Pending | None) -> None:
        """Show this state: a picture itself never changes, only its marks do."""
        self.picture = picture
        self._mark(LOCK, picture.visibility == "private")
        self._unsent = pending is not None and pending.waiting
        self._mark(CLOUD, self._unsent)
        self._say()
        if self._heart is not None:
            self._heart.props["aria-pressed"] = str(picture.favourite).lower()
            self._heart.rename("Remove from favourites" if picture.favourite else "Add to favourites")

    def _say(self) -> None:
        name = f"{self._spoken}, {UNSENT}" if self._unsent else self._spoken
        if self._open.props.get("aria-label") != name:
            self._open.props["aria-label"] = name

    def marked(self, icon: str) -> bool:
        """Whether the tile bears this mark now."""
        return icon in self._marks and self._marks[icon].visible

    def _mark(self, icon: str, shown: bool) -> None:
        if shown and icon not in self._marks:
            self._marks[icon] = self._tag(icon, "tile__tag--icon material-symbols-rounded")
        elif icon in self._marks:
            self._marks[icon].set_visibility(shown)

    def _tag(self, text: str, classes: str) -> Tag:
        """Most pictures have none, and a page has many pictures: they are made when they are first needed."""
        if self._tags is None:
            with self.element:
                self._tags = ui.element("div").classes("tile__tags").props("aria-hidden=true")
        with self._tags:
            return Tag("span", text, f"tile__tag {classes}")

    def _on_menu(self) -> None:
        self._host.menu(self.picture, self._more)

    def _on_enter(self) -> None:
        background_tasks.create(self._play(), name=f"play {self.picture.media_path}")

    def _on_leave(self) -> None:
        if self._clip is not None:
            self._clip.delete()
            self._clip = None

    async def _play(self) -> None:
        url = await self._host.studio.media.url(self.picture.media_path)
        if url is None or self._clip is not None or self.element.is_deleted:
            return
        with self._open:
            self._clip = ui.element("video").classes("tile__clip").props("muted loop autoplay playsinline :muted=true")
            self._clip.props["src"] = url


def spoken(picture: Generation, owner: Profile | None) -> str:
    """What screen readers say of a tile."""
    kind = "Clip" if picture.kind == "video" else "Picture"
    by = f", by {owner.display_name}" if owner else ""
    return f"{kind}: {picture.prompt}{by}"
