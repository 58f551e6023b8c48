"""What somebody may do in a team, as a word that opens the choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from nicegui import ui

from components.tag import Tag
from components.theme import ICON
from state.teams import ROLES, Role

MEANING: dict[Role, str] = {
    "owner": "invites, removes, gives roles",
    "editor": "adds and changes everything",
    "viewer": "sees everything, changes nothing",
}


class RoleMenu(Tag):
    """A button with the role; `choose` is called with another one. `of` says whose it is, for those who do not see it."""

    def __init__(self, role: Role, choose: Callable[[Role], None], *, of: str, roles: Sequence[Role] = ROLES) -> None:
        super().__init__("button", "", "pill role-menu")
        self.props("type=button aria-haspopup=menu")
        self.role: Role = role
        self._of = of
        self._items: dict[Role, ui.menu_item] = {}
        with self:
            self._word = Tag("span")
            ui.icon(f"{ICON}expand_more").classes("faint").props("aria-hidden=true")
            with ui.menu().props('role=menu anchor="bottom right" self="top right" :offset="[0, 6]"'):
                for one in roles:
                    with ui.menu_item(on_click=partial(choose, one)).props("role=menuitemradio") as self._items[one]:
                        ui.label(one.capitalize())
                        Tag("span", MEANING[one], "meta person-menu__hint")
                        ui.icon(f"{ICON}check").classes("person-menu__check").props("aria-hidden=true")
        self.show(role)

    def offer(self, role: Role, *, offered: bool) -> None:
        """Whether it can be chosen."""
        self._items[role].set_visibility(offered)

    def show(self, role: Role) -> None:
        """It is this one now."""
        self.role = role
        self._word.text = role.capitalize()
        self.props["aria-label"] = f"Role of {self._of}: {role}"
        for one, item in self._items.items():
            item.props["aria-checked"] = str(one == role).lower()
