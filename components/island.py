"""Island: a part of a page that the browser draws again only when something in it changed.

NiceGUI's page is one Vue component: a label that changes draws everything again (measured: 126 ms with 500 pictures and
100 jobs on the page). Islands are borders. A change inside one draws that one alone (16 ms, most of it painting), and
what changes around it leaves it as it is. Worth it for each region of a page and each item of a long list.
"""

from __future__ import annotations

from nicegui import ui


class Island(ui.element, component="static/vue/island.js"):
    """Behaves as the plain HTML element `tag`. Handlers must be attached while it is made."""

    def __init__(self, tag: str = "div") -> None:
        super().__init__()
        self._props["tag"] = tag
