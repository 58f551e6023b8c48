"""The viewer: one picture or clip as large as the window, what made it, and what to do with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlencode
from uuid import UUID

from nicegui import background_tasks, ui

from components.avatar import Avatar
from components.icon_button import IconButton
from components.naming import follow_names
from components.person_link import PersonLink
from components.picture_actions import PictureActions
from components.signed_image import SignedImage
from components.tag import Tag
from components.theme import ICON
from components.time_zone import here, local, zone_of
from state.generation import Studio
from state.models import Generation, Model, Profile
from state.sync.rows import Batch, Rows

QUERY = "picture"  # /studio?picture=<id> opens it
REFOCUS = "setTimeout(() => starling.refocus(document.getElementById('{}')))"
SWIPE = "(event) => starling.swipe(event, (way) => emit(way))"


class Viewer(ui.dialog):
    """`shown` gives the pictures that the arrows lead through, in order; `gallery` are all that can be shown, those of the
    studio unless something else is said."""

    def __init__(
        self,
        studio: Studio,
        people: Rows[Profile],
        actions: PictureActions,
        *,
        shown: Callable[[], list[Generation]],
        path: str,
        gallery: Rows[Generation] | None = None,
    ) -> None:
        super().__init__()
        self._gallery = gallery or studio.gallery
        self._beyond: Rows[Generation] | None = None
        self._studio, self._people, self._actions, self._shown, self._path = studio, people, actions, shown, path
        self._picture: Generation | None = None
        self._place = 0
        self.props('maximized transition-duration=120 aria-label="Picture"').classes("viewer")
        self.on("hide", self._closed, args=[])
        with self, ui.element("div").classes("viewer__frame"):
            with ui.element("div").classes("viewer__stage") as self._stage:
                self._media = ui.element("div").classes("viewer__media")
                IconButton(
                    "chevron_left", "Previous picture", lambda: self.step(-1), "viewer__arrow viewer__arrow--back"
                )
                IconButton("chevron_right", "Next picture", lambda: self.step(1), "viewer__arrow viewer__arrow--on")
            for touch in ("touchstart", "touchend"):
                self._stage.on(touch, lambda event: self.step(1 if event.args == "next" else -1), js_handler=SWIPE)
            self._details = ui.element("aside").classes("viewer__details").props("aria-label=Details")
            IconButton("close", "Close", self.close, "viewer__close")
        self.on("keydown.left", lambda: self.step(-1), args=[])
        self.on("keydown.right", lambda: self.step(1), args=[])
        self.client.on_delete(self._gallery.subscribe(self._on_batch))
        self.client.on_delete(actions.on_change(self.name))
        follow_names(people, lambda: (self,), self)

    def show(self, picture: Generation) -> None:
        """Open it at this picture."""
        self._present(picture)
        self.open()

    def show_id(self, picture_id: UUID) -> bool:
        """Open it at the picture with this id; False if it is neither in the gallery nor the one beyond."""
        picture = self._get(picture_id)
        if picture is not None:
            self.show(picture)
        return picture is not None

    @property
    def named(self) -> tuple[UUID, ...]:
        """Whose picture is shown."""
        return (self._picture.owner_id,) if self._picture is not None else ()

    def name(self) -> None:
        """Say whose it is, and what can be done with it."""
        if self._picture is not None and not self.is_deleted:
            self._describe(self._picture)

    def reach(self, beyond: Rows[Generation]) -> None:
        """Show what lies behind the loaded gallery, too."""
        self._beyond = beyond
        self.client.on_delete(beyond.subscribe(self._on_batch))

    def _get(self, picture_id: UUID) -> Generation | None:
        return self._gallery.get(picture_id) or (self._beyond.get(picture_id) if self._beyond is not None else None)

    def step(self, way: int) -> None:
        """Go on by `way` pictures, as far as there are any."""
        pictures = self._shown()
        place = self._find(pictures) + way
        if self._picture is not None and 0 <= place < len(pictures):
            self._present(pictures[place])

    # How it follows the gallery -----------------------------------------------------------------------------------------

    def _on_batch(self, batch: Batch[Generation]) -> None:
        if self._picture is None or self.is_deleted:
            return
        now = self._get(self._picture.id)
        if now is None:  # deleted, by oneself or somebody else: on to the one that took its place
            pictures = self._shown()
            if pictures:
                self._present(pictures[min(self._place, len(pictures) - 1)])
            else:
                self.close()
        elif now is not self._picture:
            self._picture = now
            self._describe(now)

    def _find(self, pictures: list[Generation]) -> int:
        identity = self._picture.id if self._picture else None
        return next((index for index, picture in enumerate(pictures) if picture.id == identity), self._place)

    # What it shows ------------------------------------------------------------------------------------------------------

    def _present(self, picture: Generation) -> None:
        self._picture = picture
        pictures = self._shown()
        self._place = self._find(pictures)
        self._media.clear()
        self._media.style(f"--ratio:{picture.width / picture.height:.4f};--mean:{picture.colour}")
        with self._media:
            SignedImage(self._studio.media, picture.poster_path, "viewer__poster", lazy=False)
            if picture.kind == "image":
                path = picture.media_path
                SignedImage(self._studio.media, path, "viewer__picture", alt=picture.prompt, lazy=False)
            else:
                background_tasks.create(self._play(picture), name=f"play {picture.media_path}")
        self._describe(picture)
        with self:  # a batch may be what shows it, in nobody's slot
            ui.navigate.history.replace(f"{self._path}?{urlencode({QUERY: str(picture.id)})}")
        background_tasks.create(self._prepare(pictures), name="prepare the next pictures")

    async def _play(self, picture: Generation) -> None:
        url = await self._studio.media.url(picture.media_path)
        if url is not None and self._picture is not None and self._picture.id == picture.id and not self.is_deleted:
            with self._media:
                clip = ui.element("video").classes("viewer__picture signed-image signed-image--here")
                clip.props("controls loop autoplay playsinline :muted=true")
                clip.props["aria-label"] = picture.prompt
                clip.props["src"] = url

    async def _prepare(self, pictures: list[Generation]) -> None:
        """Let the browser fetch the neighbours, so that an arrow shows them at once."""
        for place in (self._place + 1, self._place - 1):
            if 0 <= place < len(pictures) and pictures[place].kind == "image":
                url = await self._studio.media.url(pictures[place].media_path)
                if url is not None and not self.is_deleted:
                    self.client.run_javascript(f"new Image().src = {url!r}")

    def _describe(self, picture: Generation) -> None:
        owner = self._people.get(picture.owner_id)
        model = next((model for model in self._studio.models.rows if model.id == picture.model_id), None)
        self._details.clear()
        with self._details:
            with ui.element("div").classes("viewer__owner"):
                Avatar(owner)
                with ui.element("div"):
                    PersonLink(owner, "strong")
                    made = Tag("div", when(here(self.client, picture.created_at), datetime.now(UTC)), "meta")
                    made.props["title"] = local(picture.created_at, zone_of(self.client), "%d %B %Y, %H:%M")
            Tag("p", picture.prompt, "viewer__prompt")
            with ui.element("dl").classes("viewer__facts"):
                for name, value in facts(picture, model):
                    Tag("dt", name)
                    Tag("dd", value, "num")
            with ui.element("div").classes("viewer__actions"):
                for offer in self._actions.offers(picture):
                    button = ui.button(offer.title, icon=ICON + offer.icon, color=None)
                    button.on_click(partial(self._act, offer.title, offer.act))
                    button.props("flat align=left no-wrap").classes("btn--danger" if offer.danger else "")
        self.client.run_javascript(REFOCUS.format(self._details.html_id))

    def _act(self, title: str, act: Callable[[], object]) -> object:
        if title.startswith("Reuse"):
            self.close()
        return act()

    def _closed(self) -> None:
        self._picture = None
        self._media.clear()
        ui.navigate.history.replace(self._path)


def facts(picture: Generation, model: Model | None) -> list[tuple[str, str]]:
    """What made it, in the order of the list."""
    facts = [("Model", model.name if model else picture.model_name or "no longer there"), ("Seed", str(picture.seed))]
    facts.append(("Size", f"{picture.width} × {picture.height}"))
    if picture.duration:
        facts.append(("Length", f"{picture.duration:.0f} s"))
    facts.append(("Seen by", "everybody" if picture.visibility == "public" else "only you"))
    return facts


def when(moment: datetime, now: datetime) -> str:
    """just now, 5 minutes ago, 3 hours ago, 21 November 2026"""
    minutes = int((now - moment).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 24 * 60:
        number, unit = (minutes, "minute") if minutes < 60 else (minutes // 60, "hour")
        return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return f"{moment.day} {moment:%B %Y}"
