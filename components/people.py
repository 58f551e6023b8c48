"""Who is here: three avatars and "+n" in the header; in a menu everybody by name, and who was here lately."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from nicegui import ui

from components.avatar import Avatar
from components.island import Island
from components.navigation import whereabouts
from components.person_link import PersonLink
from components.tag import Tag
from state.errors import StateError

if TYPE_CHECKING:
    from uuid import UUID

    from state.attendance import LastSeen
    from state.models import Profile
    from state.realtime.presence import Person, Presence
    from state.sync.rows import Rows

UNKNOWN = "Somebody new"
SHOWN = 3  # avatars before "+n"


class PeopleHere(Island):
    """Follows a room's presence. The places are made once and only change what they show; `recently` is asked when the
    menu opens."""

    def __init__(
        self,
        presence: Presence,
        profiles: Rows[Profile],
        me: UUID,
        recently: Callable[[], Awaitable[list[LastSeen]]],
    ) -> None:
        super().__init__("div")
        self._presence, self._profiles, self._me, self._recently = presence, profiles, me, recently
        self._recent: list[LastSeen] = []
        self.classes("people")
        with self:
            with ui.element("ul").classes("avatars").props('role=list aria-label="People here"'):
                self._seats = [_Seat() for _ in range(SHOWN)]
                with ui.element("li") as self._more:
                    self._more_count = ui.label().classes("avatar avatar--more num").props("aria-hidden=true")
                    self._more_names = ui.label().classes("sr-only")
            with ui.element("button").classes("people__open").props('type=button aria-label="Show who is here"'):
                self._menu = (
                    ui.menu().classes("menu--header").props('anchor="bottom right" self="top right" :offset="[0, 10]"')
                )
                self._menu.on("before-show", self._opened)
        presence.changed.subscribe(self._refresh)
        unsubscribe = profiles.subscribe(lambda _: self._refresh())
        self.client.on_delete(unsubscribe)
        self._refresh()

    def _everybody(self) -> list[tuple[Person, Profile | None]]:
        return [(person, self._profiles.get(person.id)) for person in self._presence.in_order()]

    def _refresh(self) -> None:
        everybody = self._everybody()
        for index, seat in enumerate(self._seats):
            seat.show(*everybody[index]) if index < len(everybody) else seat.set_visibility(False)
        others = everybody[SHOWN:]
        nobody = self._presence.confirmed and self._presence.hidden and not everybody  # alone, and seen by nobody
        self._more.set_visibility(bool(others) or nobody)
        self._more_count.text = "0" if nobody else f"+{len(others)}"
        self._more_names.text = "Nobody" if nobody else ", ".join(_spoken(*other) for other in others)
        self.set_visibility(bool(everybody) or nobody)
        if self._menu.value:
            self._list()

    async def _opened(self) -> None:
        self._list()  # with what was known the last time
        try:
            self._recent = await self._recently()
        except StateError:
            return  # who is here is shown all the same
        if not self.is_deleted:
            self._list()

    def _list(self) -> None:
        everybody = self._everybody()
        here = {person.id for person, _ in everybody}
        recent = [
            (seen, profile) for seen in self._recent if seen.id not in here and (profile := self._profiles.get(seen.id))
        ]
        self._menu.clear()
        with self._menu:
            ui.label(f"{len(everybody) or 'Nobody'} here").classes("menu__title")
            for person, profile in everybody:
                with ui.element("div").classes("person"):
                    Avatar(profile)
                    _who(profile, whereabouts(person.metadata.get("page")), me=person.id == self._me)
                    tone = "tone-live" if person.status == "online" else "tone-wait"
                    with ui.element("span").classes(f"person__status {tone}"):
                        ui.element("i").classes("dot")
                        Tag("span", person.status)
            if recent:
                ui.separator()
                ui.label("Recently here").classes("menu__title")
            for seen, profile in recent:
                with ui.element("div").classes("person person--gone"):
                    Avatar(profile)
                    _who(profile, f"last seen {ago(seen.ago)}")


def _who(profile: Profile | None, below: str, *, me: bool = False) -> None:
    with ui.element("div").classes("person__who"):
        with ui.element("div").classes("person__name"):
            PersonLink(profile, "truncate-1", unknown=UNKNOWN)
            if me:
                Tag("span", "you", "badge")
        if below:
            Tag("div", below, "meta truncate-1")


def ago(time: timedelta) -> str:
    """just now, 5 min ago, 3 h ago, 2 d ago"""
    minutes = int(time.total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 24 * 60 else f"{minutes // (24 * 60)} d ago"


class _Seat(ui.element):
    """One avatar of the list, with the person's name for those who do not see it."""

    def __init__(self) -> None:
        super().__init__("li")
        with self:
            self._avatar = Avatar()
            self._spoken = ui.label().classes("sr-only")
            self._tip = ui.tooltip()

    def show(self, person: Person, profile: Profile | None) -> None:
        self._avatar.show(profile, away=person.status == "away")
        self._spoken.text = self._tip.text = _spoken(person, profile)
        self.set_visibility(True)


def _name(profile: Profile | None) -> str:
    return profile.display_name if profile else UNKNOWN


def _spoken(person: Person, profile: Profile | None) -> str:
    return f"{_name(profile)}, {person.status}"
