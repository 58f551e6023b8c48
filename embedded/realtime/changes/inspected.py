"""Values as Elixir prints them: the real server's messages do, and clients show them to people."""

from __future__ import annotations

from typing import Any

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"})


def inspected(value: Any) -> str:
    """What `inspect` makes of a JSON value."""
    match value:
        case None:
            return "nil"
        case bool():
            return "true" if value else "false"
        case str():
            return '"' + value.translate(_ESCAPES).replace("#{", "\\#{") + '"'
        case list() | tuple():
            return "[" + ", ".join(map(inspected, value)) + "]"
        case dict():
            return "%{" + ", ".join(f"{inspected(key)} => {inspected(one)}" for key, one in sorted(value.items())) + "}"
        case _:
            return str(value)
