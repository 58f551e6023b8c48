"""One message on the screen: what its row says, put into words for `chat_message.js`, which draws it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nicegui import background_tasks, ui
from nicegui.events import GenericEventArguments

from components.avatar import UNKNOWN_COLOUR, initials, ink
from components.chat_action import card_of
from components.emoji import QUICK
from components.message_text import parse, plain
from state.answers import metadata_of, under_way
from state.chat import Chat, reactions_of
from state.chat_files import Attachment, attachments_of
from state.errors import StateError

if TYPE_CHECKING:
    from uuid import UUID

    from state.media import Media
    from state.models import Message, Profile
    from state.sync.mutation import Pending
    from state.sync.rows import Rows

ASSISTANT = {"name": "Assistant", "colour": "#7c6cff", "ink": "#ffffff", "initials": "A"}
EVENTS = frozenset({"created", "joined", "left", "removed", "renamed", "archived", "restored", "assistant"})


@dataclass(frozen=True)
class Place:
    """What a message's neighbours say of it: whether it begins a group, when the one before it was, whether what is new
    begins here, who has read up to here, and how many replies follow."""

    head: bool = True
    before: str | None = None
    fresh: bool = False
    seen: tuple[UUID, ...] = ()
    replies: int = 0
    thread: bool = False  # it is shown with what it replies to


@dataclass(frozen=True)
class Around:
    """What all messages of one thread share. `act(name, message, value)` is what somebody does with one."""

    chat: Chat
    people: Rows[Profile]
    files: Media
    names: Callable[[], dict[str, UUID]]  # of who is in the chat, by user name
    act: Callable[[str, Message, Any], None]
    quoted: dict[UUID, str] = field(default_factory=dict)


class MessageItem(ui.element, component="static/vue/chat_message.js"):
    """As `Item` says; `place` tells it what stands around it."""

    def __init__(self, row: Message, pending: Pending | None, around: Around) -> None:
        super().__init__()
        self.row, self._pending, self._around = row, pending, around
        self.stands = Place()
        self._urls: dict[str, str | None] = {}
        self.on("act", self._act)
        self.show()

    @property
    def element(self) -> ui.element:
        """As `Item` says."""
        return self

    def update(self, row: Message | None = None, pending: Pending | None = None) -> None:  # type: ignore[override]
        """Shows this state of the row. Without one it is NiceGUI that sends the element again."""
        if row is not None:
            self.row, self._pending = row, pending
            self.show()
        else:
            super().update()

    def place(self, place: Place) -> None:
        """Something around it changed."""
        if place != self.stands:
            self.stands = place
            self.show()

    def show(self) -> None:
        """Says it all again: names may have changed, files may have come."""
        said = self._said()
        if said != self._props.get("m"):
            self._props["m"] = said
            super().update()

    def hear(self) -> None:
        """The assistant has said more of it, or shall stop: only words go to the browser, as long as nothing else changed."""
        body = self._body()
        if body != self._props["m"]["body"]:
            self._props["m"] = {**self._props["m"], "body": body}
            self.run_method("hear", body)
        self.show()

    def _body(self) -> list[Any]:
        around = self._around
        own = around.people.get(around.chat.member.id)
        return parse(around.chat.answers.text(self.row), around.names(), own.username if own else "")

    def _said(self) -> dict[str, Any]:
        row, chat, around = self.row, self._around.chat, self._around
        me = chat.member.id
        own = around.people.get(me)
        mine = row.author_id == me and row.role == "user"
        asked = row.role == "assistant" and metadata_of(row).get("asked_by") == str(me)
        deleted = row.deleted_at is not None
        state = self._state()
        open_ = not deleted and not state and not under_way(row) and row.role != "system" and not chat.archived
        body = [] if deleted else self._body()
        return {
            "id": str(row.id), "at": row.created_at.isoformat(), "before": self.stands.before, "head": self.stands.head,
            "fresh": self.stands.fresh, "role": row.role, "mine": mine, **self._author(),
            "event": row.content, "body": body, "card": row.message_type == "adapter_action", **self._answer(), "deleted": deleted,
            "edited": row.edited_at is not None and not deleted, "state": state,
            "reason": (self._pending.failed or "") if self._pending else "",
            "named": own is not None and any(part_names(part, own.username) for part in body),
            "files": [self._file(file) for file in attachments_of(row)], "quote": self._quote(),
            "replies": self.stands.replies,
            "reactions": self._reactions(), "seen": [_disc(around.people.get(who)) for who in self.stands.seen],
            "open": open_, "erasable": open_ and (mine or asked or chat.owner), "quick": list(QUICK),
        }  # fmt: skip

    def _state(self) -> str:
        """sending, waiting, failed, or nothing: the database has it."""
        if self._pending is None:
            return ""
        if self._pending.kind != "insert":
            return ""
        return "failed" if self._pending.failed else "waiting" if self._pending.waiting else "sending"

    def _answer(self) -> dict[str, Any]:
        """What is to be known of an answer of the assistant's beside its words."""
        row, chat = self.row, self._around.chat
        if row.role != "assistant":
            return {"live": False}
        about, live = metadata_of(row), under_way(row)
        command = row.message_type == "adapter_action"
        return {
            "live": live, "stopping": chat.answers.stopping(row), "stopped": about.get("stopped") is True,
            "trouble": str(about.get("error") or "It broke off.")[:300] if row.status == "error" else "",
            "action": card_of(row, chat.member, self._around.people),
            "again": not live and not chat.archived and (not command or about.get("asked_by") == str(chat.member.id)),
        }  # fmt: skip

    def _author(self) -> dict[str, Any]:
        if self.row.role == "assistant":
            simulated = metadata_of(self.row).get("simulated") is True
            return {**ASSISTANT, "badge": "simulated" if simulated else "assistant"}
        profile = self._around.people.get(self.row.author_id) if self.row.author_id else None
        return {**_disc(profile), "badge": ""}

    def _reactions(self) -> list[dict[str, Any]]:
        people, me = self._around.people, str(self._around.chat.member.id)
        by_id = {str(profile.id): profile.display_name for profile in people.rows}
        return [
            {
                "emoji": emoji, "count": len(who), "mine": me in who,
                "names": ", ".join("You" if id == me else by_id.get(id, "Somebody") for id in who[:12]),
            }
            for emoji, who in reactions_of(self.row).items() if who
        ]  # fmt: skip

    def _quote(self) -> dict[str, str] | None:
        id = self.row.reply_to
        if id is None or self.row.deleted_at is not None or self.stands.thread:
            return None
        found = self._around.chat.get(id)
        if found is None and id in self._around.chat.elsewhere:
            found = self._around.chat.elsewhere[id]
        elif found is None:
            background_tasks.create(self._look_up(id), name="look up what is replied to")
        if found is None:
            return {"id": str(id), "name": "", "text": "An earlier message"}
        author = self._around.people.get(found.author_id) if found.author_id else None
        name = "Assistant" if found.role == "assistant" else author.display_name if author else "Somebody"
        return {"id": str(id), "name": name, "text": summary(found)}

    async def _look_up(self, id: UUID) -> None:
        try:
            await self._around.chat.find(id)
        except StateError:
            return  # it is asked for again when the message is shown again
        if not self.is_deleted and id in self._around.chat.elsewhere:
            self.show()

    # Files ---------------------------------------------------------------------------------------------------------

    def _file(self, file: Attachment) -> dict[str, Any]:
        if file.path not in self._urls:
            self._urls[file.path] = self._around.files.peek(file.path)
            if self._urls[file.path] is None:
                background_tasks.create(self._sign(file.path), name="sign an attachment")
        kind = "image" if file.image else "audio" if file.audio else "file"
        return {
            "path": file.path, "name": file.name, "size": file.size, "kind": kind, "url": self._urls[file.path],
            "w": file.width, "h": file.height, "seconds": file.seconds,
        }  # fmt: skip

    async def _sign(self, path: str) -> None:
        url = await self._around.files.url(path)
        if not self.is_deleted and url != self._urls.get(path):
            self._urls[path] = url
            self.show()

    def _act(self, event: GenericEventArguments) -> None:
        name, value = str(event.args.get("name")), event.args.get("value")
        if name == "stale" and isinstance(value, str) and value in self._urls:
            self._around.files.forget(value)
            background_tasks.create(self._sign(value), name="sign an attachment again")
        else:
            self._around.act(name, self.row, value)


def summary(message: Message) -> str:
    """A message in a few words."""
    if message.deleted_at is not None:
        return "A deleted message"
    if message.content.strip():
        return plain(message.content)
    files = attachments_of(message)
    return files[0].name if files else "A message"


def part_names(part: Any, username: str) -> bool:
    """Whether a part of a text mentions somebody."""
    if not isinstance(part, list):
        return False
    return (part[0] == "at" and part[1] == username) or any(part_names(inner, username) for inner in _inside(part))


def _inside(part: list[Any]) -> list[Any]:
    return [inner for item in part[1:] if isinstance(item, list) for inner in item]


def _disc(profile: Profile | None) -> dict[str, str]:
    colour = profile.colour if profile else UNKNOWN_COLOUR
    name = profile.display_name if profile else "Somebody who left"
    return {
        "name": name,
        "colour": colour,
        "ink": ink(colour),
        "initials": initials(profile.display_name) if profile else "?",
    }
