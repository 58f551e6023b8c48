"""Oneself: the avatar, and behind it the name and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nicegui import ui

from components import session
from components.avatar import Avatar
from components.tag import Tag
from components.theme import ICON

if TYPE_CHECKING:
    from state.member import Member


def person_menu(member: Member, *, wide: bool = False) -> ui.element:
    """A button that opens the menu; `wide` writes the name beside the avatar."""
    profile = member.profile
    with ui.element("button").props("type=button aria-haspopup=menu") as button:
        button.props["aria-label"] = f"{profile.display_name}, your account"
        Avatar(profile)
        if wide:
            with ui.element("span").classes("person-menu__who rail__word"):
                Tag("span", profile.display_name, "strong truncate-1")
                Tag("span", f"@{profile.username}", "meta truncate-1")
            ui.icon(f"{ICON}unfold_more").classes("rail__word faint")
        place = 'anchor="top left" self="bottom left"' if wide else 'anchor="bottom right" self="top right"'
        with ui.menu().props(f'{place} :offset="[0, 10]"'):
            with ui.element("div").classes("person menu__part"):
                Avatar(profile, large=True)
                with ui.element("div"):
                    Tag("div", profile.display_name, "strong")
                    Tag("div", f"@{profile.username}", "meta")
            ui.separator()
            with ui.menu_item(on_click=session.sign_out):
                ui.icon(f"{ICON}logout").props("aria-hidden=true")
                ui.label("Sign out")
    return button
