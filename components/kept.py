"""What the server keeps for the browser of a page, whatever draws it.

`app.storage.user` is that of the request in which the running task began: for what is drawn because something came in, and
for what is pressed in it afterwards, that may be a browser of somebody else's, or one that is long gone.
"""

from __future__ import annotations

from typing import Any

from nicegui import Client, app
from nicegui.storage import request_contextvar


def kept(client: Client) -> dict[str, Any]:
    """To read and to write, as `app.storage.user`."""
    before = request_contextvar.set(client.request)
    try:
        return app.storage.user
    finally:
        request_contextvar.reset(before)
