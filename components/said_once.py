"""What a browser says is heard once, though its socket breaks.

A socket can be dead for many seconds before either side knows, and what is clicked meanwhile reaches nobody. So the browser
numbers what it says, and says again with the next socket what was not confirmed (static/starling.js); socket.io confirms what
has come in here.

Invariants
1. What a page says is handled once at most, however often it arrives: a confirmation gets lost as well.
2. It is handled in the order in which it was said; what an old socket brings late was heard already.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from nicegui import Client, core

EVENT = "event"

_heard: WeakKeyDictionary[Client, tuple[str, int]] = WeakKeyDictionary()  # which document, and its last number


def install() -> None:
    """In front of what NiceGUI does with the events of all pages."""
    handle: Callable[[str, dict[str, Any]], None] = core.sio.handlers["/"][EVENT]

    def hear(socket: str, message: dict[str, Any]) -> None:
        if is_news(Client.instances.get(message["client_id"]), message.pop("said", None)):
            handle(socket, message)

    core.sio.on(EVENT, hear)


def is_news(client: Client | None, said: tuple[str, int] | None) -> bool:
    """Whether `client` has not heard this yet; from now on it has. What has no number is always news."""
    if client is None or said is None:
        return True
    document, number = said
    former, last = _heard.get(client, ("", 0))
    if document == former and number <= last:
        return False
    _heard[client] = document, number
    return True
