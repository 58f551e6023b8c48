"""What one writes: text, mentions, emoji, files that are uploaded while one writes, and voice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from nicegui import background_tasks, events, ui

from components.avatar import initials, ink
from components.chat_message import ASSISTANT, summary
from components.emoji import EMOJI
from components.kept import kept
from components.upload_end import upload_end
from state.chat import MAX_CONTENT, Chat
from state.chat_files import MAX_FILE, MAX_FILES, TYPES, Attachment, place_for
from state.chats import BUCKET
from state.errors import StateError

if TYPE_CHECKING:
    from components.toasts import Toasts
    from state.models import Message, Profile
    from state.sync.rows import Rows

DRAFTS = "chat-drafts"  # kept for the browser
MOST_DRAFTS = 50
STORED_PERCENT = 95
COMMANDS = (  # of the assistant: what is typed, an example of what comes behind it, what it does
    {"command": "/imagine ", "example": "a lighthouse in fog", "does": "Draws a picture with your credits"},
    {"command": "/price ", "example": "BTC", "does": "What a coin costs"},
    {"command": "/balance", "example": "", "does": "Your credits, shown to you alone"},
    {"command": "/help", "example": "", "does": "What the assistant understands"},
)


@dataclass
class OnItsWay:
    """A file between the browser and Storage."""

    name: str
    type: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    voice: bool = False


class ChatComposer(ui.element, component="static/vue/chat_composer.js"):
    """`sent` is called after a message was sent. Without `voice` nothing is recorded; an `eager` one takes the cursor where
    there is a keyboard; all that is said in a `thread` replies."""

    def __init__(
        self,
        chat: Chat,
        people: Rows[Profile],
        toasts: Toasts,
        *,
        sent: Callable[[], object] = lambda: None,
        voice: bool = True,
        eager: bool = True,
        thread: UUID | None = None,
    ) -> None:
        with ui.element("div").classes("sr-only").props("inert aria-hidden=true"):
            upload = upload_end(self._arrived, max_file_size=MAX_FILE)
        super().__init__()
        self._chat, self._people, self._toasts, self._sent = chat, people, toasts, sent
        self._coming: dict[str, OnItsWay] = {}
        self._files: dict[str, Attachment] = {}
        self._thread = thread
        self._draft = f"{chat.id} {thread}" if thread else str(chat.id)
        self._replying: UUID | None = None
        self._editing: Message | None = None
        self._props.update(
            {
                "url": upload.props["url"], "files": [], "people": [], "commands": [], "emoji": list(EMOJI), "closed": "", "replying": None,
                "editing": None, "draft": self._drafts.get(self._draft, ""), "shelf": f"{chat.member.id} {self._draft}", "placeholder": "Write a message",
                "most": MAX_CONTENT, "largest": MAX_FILE, "accept": ",".join(sorted(TYPES)), "enableVoice": voice, "eager": eager,
            }
        )  # fmt: skip
        for name, handler in (
            ("send", self._send), ("save", self._save), ("draft", self._keep), ("begin", self._begin), ("progress", self._progress),
            ("failed", self._failed), ("take_back", self._take_back),
        ):  # fmt: skip
            self.on(name, handler)
        self.on("cancel", self._cancel, args=[])
        self.on("typing", lambda: chat.set_typing(), args=[])
        self.on("rest", lambda: chat.set_typing(False), args=[])
        self.on("edit_last", self._edit_last, args=[])
        chat.changed.subscribe(self._show)
        self.client.on_delete(people.subscribe(lambda _: self._show()))
        self._show()

    @property
    def _drafts(self) -> dict[str, str]:
        return kept(self.client).get(DRAFTS, {})

    def reply(self, message: Message) -> None:
        """The next message answers this one."""
        self._replying = message.id
        author = self._people.get(message.author_id) if message.author_id else None
        name = "Assistant" if message.role == "assistant" else author.display_name if author else "Somebody"
        self._say(replying={"name": name, "text": summary(message)}, editing=None)

    def edit(self, message: Message) -> None:
        """What stands in the field changes this message."""
        self._editing = message
        self._say(editing={"id": str(message.id), "text": message.content}, replying=None)

    def focus(self) -> None:
        """Puts the cursor into the field."""
        self.run_method("focus")

    # What one does -------------------------------------------------------------------------------------------------

    def _send(self, event: events.GenericEventArguments) -> None:
        text = str(event.args.get("text", ""))[:MAX_CONTENT]
        files = list(self._files.values())
        try:
            id = UUID(event.args.get("id"))
        except (TypeError, ValueError):
            return
        self.run_method("took", str(id))
        if (not text.strip() and not files) or self._chat.messages.get(id) is not None:
            return  # the browser says again what it does not know to have arrived
        self._chat.send(text, id=id, reply_to=self._replying or self._thread, attachments=files)
        self._files.clear()
        self._replying = None
        self._keep_draft("")
        self._say(files=[], replying=None)
        self._sent()

    def _save(self, event: events.GenericEventArguments) -> None:
        id, text = str(event.args.get("id", "")), str(event.args.get("text", ""))[:MAX_CONTENT]
        message = self._editing  # which may be far from what is shown by now
        if message is not None and str(message.id) == id and text != message.content:
            self._chat.edit(message, text) if text else self._chat.delete(message)
        self._say(editing=None)

    def _cancel(self) -> None:
        self._replying = None
        self._say(replying=None, editing=None)

    def _edit_last(self) -> None:
        mine = (row for row in self._chat.messages.rows if row.author_id == self._chat.member.id)
        last = next((row for row in mine if row.role == "user" and row.version and row.deleted_at is None), None)
        if last is not None and last.content:
            self.edit(last)

    def _keep(self, event: events.GenericEventArguments) -> None:
        self._keep_draft(event.args if isinstance(event.args, str) else "")

    def _keep_draft(self, text: str) -> None:
        drafts = {id: kept for id, kept in self._drafts.items() if id != self._draft}
        if text.strip():
            drafts[self._draft] = text[:MAX_CONTENT]
        kept(self.client)[DRAFTS] = dict(list(drafts.items())[-MOST_DRAFTS:])

    # Files ---------------------------------------------------------------------------------------------------------

    async def _begin(self, event: events.GenericEventArguments) -> None:
        told = event.args
        type_ = str(told.get("type", ""))
        if type_ not in TYPES or len(self._coming) + len(self._files) >= MAX_FILES:
            words = "no kind of file that is sent here" if type_ not in TYPES else f"at most {MAX_FILES} files at once"
            self.run_method("done", told.get("id"), words)
            return
        id = str(told.get("id"))[:64]
        self._coming[id] = OnItsWay(
            str(told.get("name", "file"))[:200] or "file", type_, _whole(told.get("width")), _whole(told.get("height")),
            _number(told.get("seconds")), told.get("voice") is True,
        )  # fmt: skip
        await self._tell(id, 0)

    async def _progress(self, event: events.GenericEventArguments) -> None:
        if (id := str(event.args.get("id"))) in self._coming:
            await self._tell(id, min(STORED_PERCENT, int(_number(event.args.get("percent")) or 0)))

    async def _arrived(self, event: events.UploadEventArguments) -> None:
        """The app has it; now it goes to Storage."""
        id = event.file.name
        coming = self._coming.get(id)
        if coming is None:
            return
        error = ""
        if event.file.size() > MAX_FILE:
            error = "it is too large"
        else:
            path = place_for(self._chat.id, self._chat.member.id, coming.type)
            try:
                await self._chat.member.api.upload(BUCKET, path, await event.file.read(), coming.type)
            except StateError as failure:
                error = str(failure)
            else:
                self._stored(id, coming, path, event.file.size())
        if id in self._coming:
            del self._coming[id]
            await self._tell_of(id, coming.name, 100)
        if not self.is_deleted:
            self.run_method("done", id, error)

    def _stored(self, id: str, coming: OnItsWay, path: str, size: int) -> None:
        file = Attachment(path, coming.name, coming.type, size, coming.width, coming.height, coming.seconds)
        if id not in self._coming:  # taken back meanwhile
            self._discard(path)
        elif coming.voice:
            self._chat.send("", attachments=[file], reply_to=self._thread, message_type="voice")
        else:
            self._files[id] = file
            self._say_files()

    async def _failed(self, event: events.GenericEventArguments) -> None:
        if (coming := self._coming.pop(str(event.args), None)) is not None:
            await self._tell_of(str(event.args), coming.name, 100)

    def _take_back(self, event: events.GenericEventArguments) -> None:
        if (file := self._files.pop(str(event.args), None)) is not None:
            self._discard(file.path)
            self._say_files()

    def _discard(self, path: str) -> None:
        async def remove() -> None:
            try:
                await self._chat.member.api.remove(BUCKET, [path])
            except StateError:
                return  # nobody refers to it; it goes with its chat

        background_tasks.create(remove(), name="remove an attachment")

    async def _tell(self, id: str, percent: int) -> None:
        await self._tell_of(id, self._coming[id].name, percent)

    async def _tell_of(self, id: str, name: str, percent: int) -> None:
        if self._chat.uploads is not None:
            await self._chat.uploads.say(id, name, percent)

    # What is shown -------------------------------------------------------------------------------------------------

    def _say_files(self) -> None:
        self._say(files=[{"id": id, "name": file.name, "image": file.image} for id, file in self._files.items()])

    def _show(self) -> None:
        if self.is_deleted:
            return
        inside = (self._people.get(place.member_id) for place in self._chat.participants.rows)
        people = [
            {
                "username": p.username, "name": p.display_name, "colour": p.colour, "ink": ink(p.colour),
                "initials": initials(p.display_name),
            }
            for p in inside if p is not None and p.id != self._chat.member.id
        ]  # fmt: skip
        session = self._chat.session
        commands: list[dict[str, str]] = []
        if session and session.assistant:
            commands = list(COMMANDS)
            if people:  # alone with it, one need not call it
                people.append({"username": "assistant", **ASSISTANT})
        named = f"Write to {session.title}" if session else "Write a message"
        named = "Reply in this thread" if self._thread else named
        closed = "This chat is archived" if self._chat.archived else ""
        self._say(people=people, commands=commands, closed=closed, placeholder=named)

    def _say(self, **props: Any) -> None:
        if any(self._props.get(name) != value for name, value in props.items()):
            self._props.update(props)
            self.update()


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and 0 <= value < 1e9 else None


def _whole(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number else None
