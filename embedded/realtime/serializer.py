"""Phoenix's two wire formats, as pure functions: bytes and text in, messages out, and the reverse.

Version 1.0.0 sends JSON objects, 2.0.0 JSON arrays and, for broadcasts, binary frames (kind 3 from the client,
kind 4 to it). What goes to many sockets is an `Outgoing`: it encodes itself once per version, however many
members a topic has.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

Wire = str | bytes
"""One websocket frame: text or binary."""

PUSH, USER_PUSH, USER_BROADCAST = 0, 3, 4  # kinds of binary frames
BYTES, JSON = 0, 1  # encodings of a binary broadcast's payload
DEEPEST = 150  # levels that somebody may send: with an envelope around it, what reads JSON in most languages takes 200
WRITTEN = 254  # levels that orjson writes
MAX_FIELD = 255  # sizes in binary frames are one byte


class Version(StrEnum):
    """The serializer that a client chose with `vsn`."""

    V1 = "1.0.0"
    V2 = "2.0.0"


class MalformedFrame(ValueError):
    """A frame that says nothing; the real server ignores it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a client, or to one client. Refs are echoed unchanged and may be anything."""

    join_ref: Any
    ref: Any
    topic: Any
    event: Any
    payload: Any


@dataclass(frozen=True, slots=True)
class UserPush:
    """The payload of a binary broadcast from a client."""

    event: str
    is_json: bool
    data: bytes


def parse(text: Wire) -> Any:
    """The value of a client's JSON. Raises MalformedFrame, also for what nests so deeply that others could not read it.

    What is kept of a client, presence above all, goes out in the messages of others, which must be written and read in spite
    of it; so it is refused at the door.
    """
    try:
        parsed = orjson.loads(text)
        opened = (b"[", b"{") if isinstance(text, bytes) else ("[", "{")
        if sum(map(text.count, opened)) > DEEPEST:  # type: ignore[arg-type]
            deeper = parsed
            for _ in range(WRITTEN - DEEPEST):
                deeper = [deeper]
            orjson.dumps(deeper)
    except orjson.JSONDecodeError as error:
        raise MalformedFrame("not JSON") from error
    except orjson.JSONEncodeError as error:
        raise MalformedFrame("too deep to be sent on") from error
    return parsed


def decode(version: Version, frame: Wire) -> Message:
    """The message in a client's frame. Raises MalformedFrame."""
    if isinstance(frame, bytes):
        if version is Version.V1:
            raise MalformedFrame("version 1.0.0 has no binary frames")
        return _decode_binary(frame)
    parsed = parse(frame)
    if version is Version.V2:
        if not isinstance(parsed, list) or len(parsed) != 5:
            raise MalformedFrame("not an array of five")
        return Message(*parsed)
    if not isinstance(parsed, dict) or not parsed.keys() >= {"topic", "event", "payload", "ref"}:
        raise MalformedFrame("not an object with topic, event, payload and ref")
    return Message(parsed.get("join_ref"), parsed["ref"], parsed["topic"], parsed["event"], parsed["payload"])


def _decode_binary(frame: bytes) -> Message:
    kind = frame[0] if frame else None
    if kind == PUSH:
        sizes, at = frame[1:5], 5
    elif kind == USER_PUSH:
        sizes, at = frame[1:6], 7
    else:
        raise MalformedFrame(f"unknown kind {kind}")
    if len(frame) < at + sum(sizes):
        raise MalformedFrame("shorter than it says")
    fields: list[str] = []
    try:
        for size in sizes:
            fields.append(frame[at : at + size].decode())
            at += size
    except UnicodeDecodeError as error:
        raise MalformedFrame("not UTF-8") from error
    join_ref, ref, topic, event, *_meta = fields
    data = frame[at:]
    if kind == PUSH:
        return Message(join_ref, ref, topic, event, data)
    return Message(join_ref or None, ref or None, topic, "broadcast", UserPush(event, frame[6] == JSON, data))


def pack(frame: Wire) -> bytes:
    """A frame as a server puts it on the wire (RFC 6455: one piece, unmasked)."""
    data, opcode = (frame.encode(), 0x81) if isinstance(frame, str) else (frame, 0x82)
    size = len(data)
    if size < 126:
        return bytes((opcode, size)) + data
    if size < 65536:
        return b"%c\x7e%b%b" % (opcode, size.to_bytes(2, "big"), data)
    return b"%c\x7f%b%b" % (opcode, size.to_bytes(8, "big"), data)


def encode(version: Version, message: Message) -> str:
    """The text frame of a message to one client."""
    if version is Version.V2:
        fields: Any = (message.join_ref, message.ref, message.topic, message.event, message.payload)
    else:
        fields = {"ref": message.ref, "event": message.event, "payload": message.payload, "topic": message.topic}
    return orjson.dumps(fields).decode()


class Outgoing:
    """A message to every member of a topic: no refs, the same in both versions."""

    def __init__(self, topic: str, event: str, payload: Any) -> None:
        self.message = Message(None, None, topic, event, payload)
        self._packets: dict[Version, bytes | None] = {}

    def frame(self, version: Version) -> Wire | None:
        """The frame for `version`; None if this version cannot carry it."""
        return encode(version, self.message)

    def packet(self, version: Version) -> bytes | None:
        """The frame as it goes on the wire, made at its first use."""
        if version not in self._packets:
            frame = self.frame(version)
            self._packets[version] = None if frame is None else pack(frame)
        return self._packets[version]


class OutgoingBroadcast(Outgoing):
    """A broadcast whose payload is already bytes: binary for version 2.0.0, JSON for 1.0.0 unless it is not JSON.

    `meta` (JSON) is what the server adds; it is left out when empty. A topic or an event too long for a binary
    frame's one-byte sizes goes to version 2.0.0 as text.
    """

    def __init__(self, topic: str, event: str, data: bytes, *, is_json: bool = True, meta: bytes = b"") -> None:
        payload: dict[str, Any] = {"event": event}
        if meta:
            payload["meta"] = orjson.Fragment(meta)
        super().__init__(topic, "broadcast", payload | {"payload": orjson.Fragment(data), "type": "broadcast"})
        self.is_json = is_json
        self.parts = (topic.encode(), event.encode(), meta)
        self.data = data

    def frame(self, version: Version) -> Wire | None:
        sizes = [len(part) for part in self.parts]
        if version is Version.V1 or max(sizes) > MAX_FIELD:
            return encode(version, self.message) if self.is_json and _is_json(self.data) else None
        head = bytes((USER_BROADCAST, *sizes, JSON if self.is_json else BYTES))
        return b"".join((head, *self.parts, self.data))


def _is_json(data: bytes) -> bool:
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return True
