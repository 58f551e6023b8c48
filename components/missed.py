"""What a browser missed while its socket was away: it gets each element as it is now, not as it was then.

NiceGUI sends the messages again that may not have arrived, after what has changed since. So an older state of an element would
come last, and stay.
"""

from __future__ import annotations

from nicegui import Client
from nicegui.outbox import deleted

UPDATES = ("update", "load_js_components")


def as_it_is_now(client: Client) -> None:
    """To be called when a socket is up, before anything is sent."""
    outbox = client.outbox
    missed = [message for message in outbox.messages if message[1] in UPDATES]
    if not missed:
        return
    kept = [message for message in outbox.messages if message[1] not in UPDATES]
    outbox.messages.clear()
    outbox.messages.extend(kept)
    outbox._loaded_components.clear()  # which may be among what was missed; the outbox sends them with the updates
    for _, _, data in missed:
        for id in data:
            if isinstance(id, int):  # "_id" is the message's own
                outbox.updates[id] = client.elements.get(id, deleted)
