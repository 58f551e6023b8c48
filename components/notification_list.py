"""The list of all notifications, with a filter and what lies further behind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from nicegui import ui

from components.bell import EMPTY, draw_skeletons
from components.counter import Counter
from components.freshness_note import FreshnessNote
from components.island import Island
from components.live_list import LiveList
from components.naming import follow_names
from components.notification_item import Letterbox, NotificationItem
from components.region_state import RegionState
from components.sentinel import MoreBelow
from components.tag import Tag
from state.member import Member
from state.models import Notification
from state.sync.mutation import Pending
from state.sync.view import View

TICK_S = 30.0
FILTERS: dict[str, Callable[[Notification], bool]] = {
    "All": lambda _: True,
    "Unread": lambda told: told.read_at is None,
}


class NotificationList(Island):
    """The region "Notifications"."""

    def __init__(self, member: Member, *, failed: Callable[[str], None]) -> None:
        super().__init__("section")
        self.classes("inbox").props("aria-label=Notifications role=region")
        self._notifications = member.notifications
        self._filter = "All"
        table = member.notifications.table
        view = View((table, member.connection.freshness))
        box = Letterbox(member)
        with self:
            with ui.element("h2").classes("section-title"):
                Tag("span", "Unread")
                self._count = Counter()
                FreshnessNote(lambda: view.freshness)
                with ui.element("span").classes("end").props('role=group aria-label="Show"'):
                    self._chips = {
                        name: ui.button(name, color=None, on_click=partial(self.choose, name)).props("flat")
                        for name in FILTERS
                    }
                    self._all = ui.button("Mark all read", color=None, on_click=member.notifications.read_all)
                    self._all.props("flat")
            with ui.element("div").classes("card card--flush"):
                rows = ui.element("ul").classes("divided").props("aria-label=Notifications")
                self._state = RegionState(table, skeleton=draw_skeletons, empty=EMPTY)

            def build(told: Notification, pending: Pending | None) -> NotificationItem:
                return NotificationItem(told, pending, box=box)

            self._list: LiveList[Notification, NotificationItem] = LiveList(table, build, rows, changed=self._changed)
            self._end = MoreBelow(self._list.load_more, failed)
            ui.timer(TICK_S, self._tick, immediate=False)
        self.client.on_delete(member.notifications.changed.subscribe(lambda _: self._show()))
        follow_names(member.world.people, lambda: self._list.items.values(), self)
        self._changed()
        self._show()

    def choose(self, name: str) -> None:
        """Show all, or those that are unread."""
        self._filter = name
        self._list.filter(FILTERS[name])
        self._show()
        self._end.look_again()

    def _changed(self) -> None:
        empty = EMPTY if self._filter == "All" else "Everything is read."
        self._state.show(len(self._list.items), empty=empty)

    def _show(self) -> None:
        if self.is_deleted:
            return
        self._count.set(self._notifications.unread)
        self._all.set_enabled(self._notifications.unread > 0)
        for name, chip in self._chips.items():
            chip.props["aria-pressed"] = str(name == self._filter).lower()

    def _tick(self) -> None:
        for item in self._list.items.values():
            item.tick()
