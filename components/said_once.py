"""What a browser says is heard once, though its socket breaks.

A socket can be dead for many seconds before either side knows, and what is clicked meanwhile reaches nobody. So the browser
numbers what it says, and says again with the next socket what was not confirmed (static/starling.js); socket.io confirms what
has come in here.

Invariants
1. What a page says is handled once at most, however often it arrives: a confirmation gets lost as well.
2. It is handled in the order in which it was said, with nothing left out: what an old socket brings late was heard already, and
   what comes before its turn is not confirmed, so that it is said again behind what was lost.
3. A page is spoken for by its own sockets alone, and what no page of ours says is not heard: it neither counts nor raises.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from engineio.payload import Payload
from nicegui import Client, core

EVENT = "event"
ANSWERS = ("javascript_response", "ack", "log")  # what else a page says
LONGEST_NAME = 64
MOST_AT_ONCE = 5000  # of the smallest of events, a request may not be larger

log = logging.getLogger(__name__)

_heard: WeakKeyDictionary[Client, tuple[str, int]] = WeakKeyDictionary()  # which document, and its last number


def install() -> None:
    """In front of what NiceGUI does with what all pages say."""
    Payload.max_decode_packets = MOST_AT_ONCE  # without a WebSocket, all that is said again is one request
    handlers: dict[str, Callable[..., None]] = core.sio.handlers["/"]
    core.sio.on(EVENT, unmoved(once(handlers[EVENT])))
    for name in ANSWERS:
        core.sio.on(name, unmoved(handlers[name]))


def once(handle: Callable[..., None]) -> Callable[..., object]:
    """`handle`, for what is news."""

    def hear(socket: str, message: dict[str, Any]) -> object:
        client, said = Client.instances.get(message["client_id"]), message.pop("said", None)
        news = is_news(client, said) if client and socket in client._socket_to_document_id else None
        if news:
            handle(socket, message)
        return core.sio.not_handled if news is None else None  # which confirms nothing

    return hear


def unmoved(handle: Callable[..., object]) -> Callable[..., object]:
    """`handle`, which does not mind what anybody sends: what goes wrong in a page's own handlers NiceGUI tells by itself."""

    def hear(*said: Any) -> object:
        try:
            return handle(*said)
        except Exception as error:
            log.info("A browser said what no page says: %r", error)
            return None

    return hear


def is_news(client: Client, said: Any) -> bool | None:
    """Whether `client` has not heard this yet; from now on it has. None: something before it was lost. What has no number is
    always news."""
    if said is None:
        return True
    document, number = said
    if not isinstance(document, str) or len(document) > LONGEST_NAME or not isinstance(number, int):
        raise ValueError(said)
    former, last = _heard.get(client, ("", 0))
    if document == former and number != last + 1:
        return False if number <= last else None
    _heard[client] = document, number
    return True
