"""What a message's loose parts are taken for, whatever stands in them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from state.chat import reactions_of
from state.chat_files import Attachment, attachments_of
from state.models import Message


def message(**differs: Any) -> Message:
    """A message of nobody's."""
    now = datetime.now(UTC)
    plain: dict[str, Any] = {
        "id": uuid4(), "session_id": uuid4(), "author_id": None, "role": "user", "message_type": "text", "status": "delivered",
        "content": "a wren", "metadata": {}, "reply_to": None, "thread": None, "replies": 0, "reactions": {}, "seq": 1, "spoken": 1, "edited_at": None,
        "deleted_at": None, "created_at": now, "updated_at": now, "version": 1,
    }  # fmt: skip
    return Message(**plain | differs)


def test_reactions_that_make_no_sense_are_left_out():
    assert reactions_of(message(reactions={"👍": ["a"], "x": 3})) == {"👍": ["a"]}
    assert reactions_of(message(reactions=[])) == {}


def test_files_that_make_no_sense_are_left_out():
    file = Attachment("a/b/c.png", "<script>.png", "image/png", 3, width=4, height=5)
    sound = message(metadata={"attachments": [file.described, {"path": 1}, "x", None]})
    assert attachments_of(sound) == [file]
    for metadata in ({}, {"attachments": {}}, [], None):
        assert attachments_of(message(metadata=metadata)) == []
