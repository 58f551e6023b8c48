"""How many messages one has not read, beside the way to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.island import Island
from components.tag import Tag
from state.chats import use_chats

if TYPE_CHECKING:
    from state.member import Member

MOST = 99


class UnreadChats(Island):
    """Of all one's chats together; not there when there are none."""

    def __init__(self, member: Member) -> None:
        super().__init__("span")
        self.classes("unread")
        self._chats, leave = use_chats(member)
        self.client.on_delete(leave)
        with self:
            self._count = Tag("span", "", "unread__count num").props("aria-hidden=true")
            self._spoken = Tag("span", "", "sr-only")
        self._chats.changed.subscribe(self._show)
        self._show()

    def _show(self) -> None:
        count = self._chats.unread_in_all
        self._count.text = f"{MOST}+" if count > MOST else str(count)
        self._spoken.text = f"{count} unread messages"
        self.set_visibility(count > 0)
