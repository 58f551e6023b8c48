"""Oneself: the avatar, and behind it the name, what one has made, and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nicegui import ui

from components import session
from components.avatar import Avatar
from components.island import Island
from components.tag import Tag
from components.theme import ICON

if TYPE_CHECKING:
    from state.member import Member


class PersonMenu(Island):
    """A button that opens the menu; `wide` writes the name beside the avatar. Follows the profile and the pictures."""

    def __init__(self, member: Member, *, wide: bool = False) -> None:
        super().__init__("button")
        self.classes("person-menu").props("type=button aria-haspopup=menu")
        self._member = member
        self._avatars: list[Avatar] = []
        self._names: list[Tag] = []
        self._handles: list[Tag] = []
        with self:
            self._avatars.append(Avatar())
            if wide:
                with ui.element("span").classes("person-menu__who rail__word"):
                    self._say("span")
                ui.icon(f"{ICON}unfold_more").classes("rail__word faint").props("aria-hidden=true")
            place = 'anchor="top left" self="bottom left"' if wide else 'anchor="bottom right" self="top right"'
            with ui.menu().props(f'role=menu {place} :offset="[0, 10]"'):
                with ui.element("div").classes("person menu__part"):
                    self._avatars.append(Avatar(large=True))
                    with ui.element("div"):
                        self._say("div")
                        self._pictures = Tag("div", "", "meta num")
                ui.separator()
                with ui.menu_item(on_click=session.sign_out).props("role=menuitem"):
                    ui.icon(f"{ICON}logout").props("aria-hidden=true")
                    ui.label("Sign out")
        self._count = member.studio.count("Mine")
        self._show()
        self.client.on_delete(self._count.observe(self._show))
        self.client.on_delete(member.world.people.subscribe(lambda _: self._show()))

    def _say(self, tag: str) -> None:
        self._names.append(Tag(tag, "", "strong truncate-1"))
        self._handles.append(Tag(tag, "", "meta truncate-1"))

    def _show(self) -> None:
        profile = self._member.profile
        name = profile.display_name if profile else "You"
        for avatar in self._avatars:
            avatar.show(profile)
        for label in self._names:
            label.text = name
        for label in self._handles:
            label.text = f"@{profile.username}" if profile else ""
        made = self._count.number
        self._pictures.text = "" if made is None else f"{made:,} {'picture' if made == 1 else 'pictures'}"
        self.props["aria-label"] = f"{name}, your account"
