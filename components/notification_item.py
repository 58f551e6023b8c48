"""One notification of a list: who or what, one sentence, when, and whether it was read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from nicegui import ui
from nicegui.events import GenericEventArguments

from components.avatar import Avatar
from components.island import Island
from components.notification_words import LOOK, LOOKS, sentence
from components.people import ago
from components.signed_image import SignedImage
from components.tag import Tag
from components.theme import ICON
from state.member import Member
from state.models import Generation, Notification, Profile
from state.sync.mutation import Pending

# A plain click goes where the server says, once it is read; with a key held the browser opens it somewhere else.
FOLLOW = (
    "(event) => { const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey;"
    " if (!elsewhere) event.preventDefault(); emit(elsewhere); }"
)


@dataclass(frozen=True)
class Letterbox:
    """What an item needs of the list it is in."""

    member: Member
    left: Callable[[], object] = lambda: None  # called before one goes to what it is about

    def person(self, id: UUID) -> Profile | None:
        """Whoever did it."""
        return self.member.world.people.get(id)

    def follow(self, told: Notification, *, elsewhere: bool = False) -> None:
        """Reads it, and goes there."""
        self.member.notifications.read(told.id)
        if not elsewhere:
            self.left()
            ui.navigate.to(told.path)

    def picture(self, told: Notification) -> Generation | None:
        """What it shows, if it is a picture that is known here."""
        try:
            (id,) = parse_qs(urlsplit(told.path).query).get("picture", [""])
            return self.member.generations.get(UUID(id))
        except ValueError:
            return None


class NotificationItem:
    """An item of a LiveList."""

    def __init__(self, told: Notification, _: Pending | None, *, box: Letterbox) -> None:
        self.told = told
        self._box = box
        with Island("li").classes("notice") as self.element:
            self._link = ui.link(target=told.path).classes("notice__link")
            self._link.on("click", self._follow, js_handler=FOLLOW)
            with self._link:
                self._face = ui.element("span").classes("notice__face").props("aria-hidden=true")
                with ui.element("span").classes("notice__words"):
                    self._sentence = Tag("span", "", "notice__sentence")
                    self._body = Tag("span", "", "meta truncate-1")
                    self._when = Tag("span", "", "meta")
                if (picture := box.picture(told)) is not None:
                    SignedImage(box.member.media, picture.poster_path, "notice__picture")
            with ui.element("button").classes("notice__read").props("type=button") as self._read:
                ui.element("i")
            self._read.props["aria-label"] = self._read.props["title"] = "Mark as read"
            self._read.on("click", lambda: box.member.notifications.read(self.told.id), args=[])
        self._faces: list[UUID] | None = None
        self.update(told, None)

    @property
    def named(self) -> list[UUID]:
        """Those who did it."""
        return self.told.actor_ids

    def name(self) -> None:
        """Say who did it."""
        self._faces = None
        self.update(self.told, None)

    def update(self, told: Notification, _: Pending | None) -> None:
        """Show this state."""
        self.told = told
        self._sentence.text = sentence(told, self._box.person)
        self._body.text = told.body
        self._body.set_visibility(bool(told.body))
        self._link.props["href"] = told.path
        unread = told.read_at is None
        self.element.classes(add="notice--unread" if unread else "", remove="" if unread else "notice--unread")
        self._read.set_visibility(unread)
        self._link.props["aria-label"] = f"{'Unread: ' if unread else ''}{self._sentence.text}"
        if told.actor_ids != self._faces:
            self._faces = told.actor_ids
            self._draw_face()
        self.tick()

    def tick(self) -> None:
        """Say anew how long ago it was."""
        self._when.text = since(self.told.happened_at)

    def _draw_face(self) -> None:
        self._face.clear()
        icon, tone = LOOKS.get(self.told.kind, LOOK)
        with self._face:
            if self.told.actor_ids:
                Avatar(self._box.person(self.told.actor_ids[0]), large=True)
                ui.icon(ICON + icon).classes(f"notice__mark {tone} tone-text")
            else:
                ui.icon(ICON + icon).classes(f"notice__icon {tone} tone-text")

    def _follow(self, event: GenericEventArguments) -> None:
        self._box.follow(self.told, elsewhere=bool(event.args))


def since(moment: datetime) -> str:
    """5 min ago, 2 d ago, 21 November"""
    passed = max(datetime.now(UTC) - moment, timedelta())
    return ago(passed) if passed < timedelta(days=7) else f"{moment.day} {moment:%B}"
