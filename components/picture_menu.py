"""The menu of a picture: one per gallery, opened beside whichever tile asks for it."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from components.picture_actions import PictureActions
from components.theme import ICON
from state.models import Generation


class PictureMenu(ui.menu):
    """`show` opens it for one picture."""

    def __init__(self, actions: PictureActions, open_picture: Callable[[Generation], None]) -> None:
        super().__init__()
        self._actions, self._open_picture = actions, open_picture
        self.props('no-parent-event anchor="bottom right" self="top right" :offset="[0, 6]"')

    def show(self, picture: Generation, beside: ui.element) -> None:
        """Open it at `beside`."""
        self.clear()
        with self:
            self._item("Open", "open_in_full", lambda: self._open_picture(picture))
            for offer in self._actions.offers(picture):
                self._item(offer.title, offer.icon, offer.act, danger=offer.danger)
        self.props["target"] = f"#{beside.html_id}"
        self.open()

    def _item(self, title: str, icon: str, act: Callable[[], object], *, danger: bool = False) -> None:
        with ui.menu_item(on_click=act).classes("menu__item--danger" if danger else ""):
            ui.icon(ICON + icon).props("aria-hidden=true")
            ui.label(title)
