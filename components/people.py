"""Who is here: three avatars and "+n" in the header, everybody by name in a menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nicegui import ui

from components.avatar import Avatar
from components.island import Island
from components.tag import Tag

if TYPE_CHECKING:
    from uuid import UUID

    from state.models import Profile
    from state.realtime.presence import Person, Presence
    from state.sync.rows import Rows

SHOWN = 3  # avatars before "+n"


class PeopleHere(Island):
    """Follows a room's presence. The places are made once and only change what they show."""

    def __init__(self, presence: Presence, profiles: Rows[Profile], me: UUID) -> None:
        super().__init__("div")
        self._presence, self._profiles, self._me = presence, profiles, me
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
                self._menu.on("before-show", self._list_everybody)
        presence.changed.subscribe(self._refresh)
        unsubscribe = profiles.subscribe(lambda _: self._refresh())
        self.client.on_delete(unsubscribe)
        self._refresh()

    def _everybody(self) -> list[tuple[Person, Profile | None]]:
        """The others first, who came first first; oneself last."""
        people = sorted(self._presence.people.values(), key=lambda person: (person.id == self._me, person.since))
        return [(person, self._profiles.get(person.id)) for person in people]

    def _refresh(self) -> None:
        everybody = self._everybody()
        for index, seat in enumerate(self._seats):
            seat.show(*everybody[index]) if index < len(everybody) else seat.set_visibility(False)
        others = everybody[SHOWN:]
        self._more.set_visibility(bool(others))
        self._more_count.text = f"+{len(others)}"
        self._more_names.text = ", ".join(_spoken(*other) for other in others)
        self.set_visibility(bool(everybody))
        if self._menu.value:
            self._list_everybody()

    def _list_everybody(self) -> None:
        everybody = self._everybody()
        self._menu.clear()
        with self._menu:
            ui.label(f"{len(everybody)} here").classes("menu__title")
            for person, profile in everybody:
                with ui.element("div").classes("person"):
                    Avatar(profile)
                    Tag("span", _name(profile), "truncate-1")
                    if person.id == self._me:
                        Tag("span", "you", "badge")
                    tone = "tone-live" if person.status == "online" else "tone-wait"
                    with ui.element("span").classes(f"person__status {tone}"):
                        ui.element("i").classes("dot")
                        Tag("span", person.status)


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
    return profile.display_name if profile else "Somebody new"


def _spoken(person: Person, profile: Profile | None) -> str:
    return f"{_name(profile)}, {person.status}"
