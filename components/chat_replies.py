"""A thread: one message, what was replied to it, and a composer whose messages are replies to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from nicegui import background_tasks, ui

from components.chat_composer import ChatComposer
from components.chat_message import Around, MessageItem, Place
from components.icon_button import IconButton
from components.live_list import LiveList
from components.sentinel import MoreBelow
from components.tag import Tag
from state.errors import StateError
from state.reading import Thread

if TYPE_CHECKING:
    from components.chat_thread import ChatThread
    from components.toasts import Toasts
    from state.chat import Chat
    from state.chats import Chats
    from state.models import Message, Profile
    from state.sync.mutation import Pending
    from state.sync.rows import Rows


MOST = 1_000  # replies that are shown


class ChatReplies(ui.dialog):
    """`open_for` shows the thread that a message belongs to; `act` is what the thread beside it does with a message."""

    def __init__(self, chat: Chat, chats: Chats, people: Rows[Profile], toasts: Toasts, beside: ChatThread) -> None:
        super().__init__()
        self._chat, self._people, self._toasts, self._beside = chat, people, toasts, beside
        self._around = Around(chat, people, chats.files, beside.names, self._act)
        self._thread: Thread | None = None
        self._list: LiveList[Message, MessageItem] | None = None
        self.props('position=right full-height aria-label="Thread"').on("hide", self._close)
        self.client.on_delete(self._close)
        with self, ui.card().classes("replies"):
            with ui.element("div").classes("replies__head"):
                self._title = Tag("h2", "Thread", "section-title")
                IconButton("close", "Close the thread", self.close)
            self._rows = ui.element("div").classes("replies__scroll").props("role=log aria-label=Replies tabindex=0")
            self._foot = ui.element("div")

    def open_for(self, message: Message) -> None:
        """Shows the thread, as soon as it is here."""
        background_tasks.create(self._show(message.thread or message.id), name="show a thread")

    async def _show(self, root: UUID) -> None:
        thread = Thread(self._chat, root)
        try:
            await thread.open()
        except StateError as error:
            thread.close()
            self._toasts.failed(str(error))
            return
        if self.is_deleted:
            thread.close()
            return
        self._close()
        self._thread = thread
        with self._rows:
            rows = ui.element("ul").classes("thread__list")
            if not thread.complete:
                MoreBelow(self._more, self._toasts.failed)
        self._list = LiveList(thread.rows, self._item, rows, changed=self._arrange)
        with self._foot:
            ChatComposer(self._chat, self._people, self._toasts, thread=root)
        self._arrange()
        self.open()

    async def _more(self) -> bool:
        """Earlier replies, up to `MOST`."""
        if self._list is None or self._thread is None or len(self._list.items) >= MOST:
            return False
        self._list.quiet = True
        try:
            return await self._thread.load_more()
        finally:
            if self._list is not None:
                self._list.quiet = False

    def _item(self, row: Message, pending: Pending | None) -> MessageItem:
        return MessageItem(row, pending, self._around)

    def _arrange(self) -> None:
        if self._list is None:
            return
        items = list(self._list.items.values())
        for item, before in zip(items, [*items[1:], None], strict=False):
            item.place(Place(before=before.row.created_at.isoformat() if before else None, thread=True))
        replies = items[-1].row.replies if items else 0
        self._title.text = f"Thread · {replies} {'reply' if replies == 1 else 'replies'}"

    def _close(self) -> None:
        if self._list is not None:
            self._list.close()
            self._list = None
        if self._thread is not None:
            self._thread.close()
            self._thread = None
        self._rows.clear()
        self._foot.clear()

    def _act(self, name: str, message: Message, value: Any) -> None:
        if name in ("reply", "thread"):
            for element in self._foot.descendants():
                if isinstance(element, ChatComposer):
                    element.focus()
        else:
            if name == "edit":
                self.close()
            self._beside.act(name, message, value)
