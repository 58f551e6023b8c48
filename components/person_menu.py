"""Oneself: the avatar, and behind it the name, what one has made, how one is seen, and the way out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from nicegui import ui

from components import session
from components.avatar import Avatar
from components.island import Island
from components.tag import Tag
from components.theme import ICON

if TYPE_CHECKING:
    from state.attendance import Status
    from state.member import Member

WORDS: dict[Status, str] = {"online": "Online", "away": "Away", "offline": "Seen as offline"}
TONES: dict[Status, str] = {"online": "tone-live", "away": "tone-wait", "offline": ""}
CHOICES: dict[Status | None, tuple[str, str]] = {  # title, and what it means
    None: ("Automatic", "away after 5 minutes"),
    "online": ("Online", ""),
    "away": ("Away", ""),
    "offline": ("Appear offline", "you still see others"),
}


class PersonMenu(Island):
    """A button that opens the menu; `wide` writes name and status beside the avatar. Follows the profile, the pictures
    and the status."""

    def __init__(self, member: Member, *, wide: bool = False) -> None:
        super().__init__("button")
        self.classes("person-menu").props("type=button aria-haspopup=menu")
        self._member = member
        self._avatars: list[Avatar] = []
        self._names: list[Tag] = []
        self._statuses: list[_StatusWord] = []
        self._choices: dict[Status | None, ui.menu_item] = {}
        with self:
            self._avatars.append(Avatar(card=False))
            if wide:
                with ui.element("span").classes("person-menu__who rail__word"):
                    self._names.append(Tag("span", "", "strong truncate-1"))
                    self._statuses.append(_StatusWord())
                ui.icon(f"{ICON}unfold_more").classes("rail__word faint").props("aria-hidden=true")
            place = 'anchor="top left" self="bottom left"' if wide else 'anchor="bottom right" self="top right"'
            with ui.menu().props(f'role=menu {place} :offset="[0, 10]"'):
                with ui.element("div").classes("person menu__part"):
                    self._avatars.append(Avatar(large=True, card=False))
                    with ui.element("div"):
                        self._names.append(Tag("div", "", "strong truncate-1"))
                        self._handle = Tag("div", "", "meta truncate-1")
                        self._pictures = Tag("div", "", "meta num")
                ui.separator()
                with ui.element("div").props('role=group aria-label="How others see you"'):
                    for chosen, words in CHOICES.items():
                        self._choices[chosen] = self._choice(chosen, *words)
                ui.separator()
                self._way("Your profile", "account_circle", self._to_profile)
                self._way("Settings", "settings", lambda: ui.navigate.to("/settings"))
                ui.separator()
                with ui.menu_item(on_click=session.sign_out).props("role=menuitem"):
                    ui.icon(f"{ICON}logout").props("aria-hidden=true")
                    ui.label("Sign out")
        self._count = member.studio.count("Mine")
        self._show()
        self.client.on_delete(self._count.observe(self._show))
        self.client.on_delete(member.world.people.subscribe(lambda _: self._show()))
        self.client.on_delete(member.attendance.on_change(self._show))

    def _way(self, title: str, icon: str, go: Callable[[], None]) -> None:
        with ui.menu_item(on_click=go).props("role=menuitem"):
            ui.icon(ICON + icon).props("aria-hidden=true")
            ui.label(title)

    def _to_profile(self) -> None:
        if (profile := self._member.profile) is not None:
            ui.navigate.to(f"/u/{profile.username}")

    def _choice(self, chosen: Status | None, title: str, hint: str) -> ui.menu_item:
        with ui.menu_item(on_click=partial(self._member.set_status, chosen)).props("role=menuitemradio") as item:
            tone = TONES[chosen] if chosen else "dot--automatic"
            ui.element("i").classes(f"dot {tone} {'dot--hollow' if chosen == 'offline' else ''}")
            ui.label(title)
            if hint:
                Tag("span", hint, "meta person-menu__hint")
            ui.icon(f"{ICON}check").classes("person-menu__check").props("aria-hidden=true")
        return item

    def _show(self) -> None:
        profile, attendance = self._member.profile, self._member.attendance
        name = profile.display_name if profile else "You"
        for avatar in self._avatars:
            avatar.show(profile, away=attendance.status == "away", hidden=attendance.chosen == "offline")
        for label in self._names:
            label.text = name
        made = self._count.number
        self._pictures.text = "" if made is None else f"{made:,} {'picture' if made == 1 else 'pictures'}"
        status = attendance.status
        if status == "offline" and attendance.chosen != "offline":
            status = "online"  # this page is a tab; it is only not counted yet
        for word in self._statuses:
            word.show(status)
        self._handle.text = f"@{profile.username}" if profile else ""
        for chosen, item in self._choices.items():
            item.props["aria-checked"] = str(chosen == attendance.chosen).lower()
        self.props["aria-label"] = f"{name}, your account"


class _StatusWord(ui.element):
    """A dot and its word."""

    def __init__(self) -> None:
        super().__init__("span")
        self.classes("person-menu__status meta")
        with self:
            self._dot = ui.element("i").classes("dot")
            self._word = Tag("span", "", "truncate-1")

    def show(self, status: Status) -> None:
        tones = {"tone-live", "tone-wait", "dot--hollow"}
        look = TONES[status] or "dot--hollow"
        self._dot.classes(add=look, remove=" ".join(tones - {look}))
        self._word.text = WORDS[status]
