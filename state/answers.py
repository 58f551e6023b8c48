"""Answers: what the assistant is saying in a chat, word by word, until the row has it.

W1  Words of a later attempt replace those of an earlier one; of an earlier one nothing is heard any more.
W2  Words that do not follow on what was heard are passed over: the worker says all of it again every two seconds, and so
    does the row at the end.
W3  What was heard is forgotten when the row says that the answer has ended, or the chat is over. There are at most `MOST`.
W4  Only the session's feed is listened to, on which nobody but the worker speaks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from state.signal import Signal, Unsubscribe, leave_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from state.api import Api
    from state.models import Message
    from state.realtime.circle import Circle
    from state.sync.live_table import LiveTable
    from state.sync.rows import Batch

EVENT = "words"
MOST = 8
MOST_TEXT = 8_000


@dataclass
class Heard:
    """What has come of one answer."""

    attempt: int
    text: str


class Answers:
    """Part of a `Chat`. Listeners are told which answer goes on."""

    def __init__(self, api: Api, circle: Circle, messages: LiveTable[Message]) -> None:
        self._api, self._circle, self._messages = api, circle, messages
        self._heard: dict[UUID, Heard] = {}
        self._stopping: set[UUID] = set()
        self._changed: Signal[UUID] = Signal()
        self._leave: list[Unsubscribe] = []

    def text(self, message: Message) -> str:
        """What is to be shown of a message: its own text, or what has been heard of an answer under way."""
        heard = self._heard.get(message.id)
        return heard.text if heard and under_way(message) else message.content

    def stopping(self, message: Message) -> bool:
        """Whether it has been asked to stop, and has not yet."""
        return message.id in self._stopping and under_way(message)

    @property
    def streaming(self) -> list[Message]:
        """The answers that are under way, the newest first."""
        return [row for row in self._messages.rows if under_way(row)]

    def on_change(self, listener: Callable[[UUID], None]) -> Unsubscribe:
        """`listener` is told of each answer that goes on."""
        return self._changed.subscribe(listener)

    async def stop(self, message: Message) -> None:
        """What was said so far stays. Raises StateError."""
        if not under_way(message):
            return
        self._stopping.add(message.id)
        self._changed.emit(message.id)
        try:
            await self._api.rpc("stop_answer", {"message_id": str(message.id)})
        except BaseException:
            self._stopping.discard(message.id)
            self._changed.emit(message.id)
            raise

    def regenerate(self, message: Message) -> None:
        """Has it made anew, in its place; shows at once."""
        kept = {key: value for key, value in metadata_of(message).items() if key in ("answers", "asked_by")}
        changes = {"content": "", "message_type": "text", "status": "sending", "metadata": kept}
        self._heard.pop(message.id, None)
        send = partial(self._api.rpc, "regenerate_answer", {"message_id": str(message.id)})
        self._messages.mutations.update(message.id, changes, send)

    def open(self) -> None:
        """From now on it listens."""
        self._leave = [
            self._circle.on_broadcast(EVENT, self._on_words),
            self._circle.on_end(lambda _: self._heard.clear()),  # W3
            self._messages.subscribe(self._on_messages),
        ]

    def close(self) -> None:
        """Listens no more."""
        leave_all(self._leave)
        self._heard.clear()
        self._stopping.clear()

    def _on_words(self, payload: Any) -> None:
        try:
            id, attempt, at = UUID(payload["message"]), int(payload["attempt"]), int(payload["at"])
            words = str(payload["words"])
        except (KeyError, TypeError, ValueError, AttributeError):
            return
        row, heard = self._messages.get(id), self._heard.get(id)
        if row is not None and not under_way(row):
            return  # W3: these come late
        before = heard.text if heard and heard.attempt == attempt else ""
        if (heard and attempt < heard.attempt) or not 0 <= at <= len(before):
            return  # W1, W2
        if heard is None and len(self._heard) >= MOST:
            self._heard.pop(next(iter(self._heard)))
        self._heard[id] = Heard(attempt, (before[:at] + words)[:MOST_TEXT])
        self._changed.emit(id)

    def _on_messages(self, _: Batch[Message]) -> None:
        for id in list(self._heard):
            if (row := self._messages.get(id)) is not None and not under_way(row):
                del self._heard[id]  # W3
        self._stopping = {id for id in self._stopping if (row := self._messages.get(id)) is None or under_way(row)}


def under_way(message: Message) -> bool:
    """Whether the assistant is still at it."""
    return message.role == "assistant" and message.status == "sending" and message.deleted_at is None


def metadata_of(message: Message) -> dict[str, Any]:
    """Of any message; what makes no sense is nothing."""
    return message.metadata if isinstance(message.metadata, dict) else {}
