"""The bell in the header: how many notifications are unread, and in a panel the newest of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nicegui import ui

from components.icon_button import IconButton
from components.island import Island
from components.live_list import LiveList
from components.naming import follow_names
from components.newest import Newest
from components.notification_item import Letterbox, NotificationItem
from components.region_state import RegionState
from components.tag import Tag
from components.theme import ICON
from state.models import Notification
from state.sync.mutation import Pending

if TYPE_CHECKING:
    from state.member import Member

SHOWN = 12
SKELETONS = 3
EMPTY = "Nothing yet. When something you made is finished, or somebody answers it, it is told here."


class Bell(Island):
    """A button with the number on it; the panel is made when it is opened for the first time."""

    def __init__(self, member: Member) -> None:
        super().__init__("button")
        self._member = member
        self._list: LiveList[Notification, NotificationItem] | None = None
        self.classes("bell").props("type=button aria-haspopup=dialog")
        with self:
            ui.icon(f"{ICON}notifications").props("aria-hidden=true")
            self._number = Tag("span", "", "bell__number num").props("aria-hidden=true")
            self._menu = ui.menu().classes("menu--header notices")
            self._menu.props(
                'role=dialog aria-label=Notifications anchor="bottom right" self="top right" :offset="[0, 10]"'
            )
            self._menu.on("before-show", self._opened, args=[])
        self.client.on_delete(member.notifications.changed.subscribe(lambda _: self._show()))
        follow_names(member.world.people, lambda: self._list.items.values() if self._list else (), self)
        self._show()

    def _show(self) -> None:
        unread = self._member.notifications.unread
        self._number.text = "" if not unread else str(unread) if unread < 100 else "99+"
        self._number.set_visibility(bool(unread))
        self.props["aria-label"] = f"Notifications, {unread or 'none'} unread"
        if self._list is not None:
            self._all.set_visibility(bool(unread))

    def _opened(self) -> None:
        if self._list is None:
            self._draw()
        elif self._list is not None:
            for item in self._list.items.values():
                item.tick()

    def _draw(self) -> None:
        notifications = self._member.notifications
        box = Letterbox(self._member, left=self._menu.close)
        newest = Newest(notifications.table, SHOWN)
        with self._menu:
            with ui.element("header").classes("notices__head"):
                Tag("h2", "Notifications", "title")
                self._all = ui.button("Mark all read", color=None, on_click=notifications.read_all)
                self._all.classes("btn--link").props("flat")
                IconButton("settings", "Choose what to be told of", lambda: ui.navigate.to("/settings#notifications"))
            rows = ui.element("ul").classes("notices__list").props("aria-label=Notifications")
            with ui.element("div").classes("notices__none"):
                self._state = RegionState(notifications.table, skeleton=draw_skeletons, empty=EMPTY)
            ui.link("Show all", "/notifications").classes("notices__more link")

        def build(told: Notification, pending: Pending | None) -> NotificationItem:
            return NotificationItem(told, pending, box=box)

        self._list = LiveList(newest, build, rows, changed=self._changed)
        self._changed()
        self._show()

    def _changed(self) -> None:
        if self._list is not None:
            self._state.show(len(self._list.items))


def draw_skeletons() -> None:
    """Notifications that are on their way."""
    for _ in range(SKELETONS):
        with ui.element("div").classes("notice"), ui.element("div").classes("notice__link"):
            ui.element("div").classes("notice__face skeleton")
            with ui.element("div").classes("notice__words"):
                ui.element("div").classes("skeleton skeleton--line")
                ui.element("div").classes("skeleton skeleton--short")
