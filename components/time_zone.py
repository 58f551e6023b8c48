"""Where the person at this browser lives, as far as a calendar is concerned."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import app, ui
from nicegui.events import GenericEventArguments

from state.days import known_zone

STORED = "zone"  # key in app.storage.user: what this browser said last
SAID = "starling_zone"
ASK = f"emitEvent('{SAID}', Intl.DateTimeFormat().resolvedOptions().timeZone)"


def browser_zone(moved: Callable[[str], None]) -> str:
    """The zone that this browser named last time; `moved` is called if it turns out to be in another one."""
    before = known_zone(app.storage.user.get(STORED))
    client = ui.context.client

    def hear(event: GenericEventArguments) -> None:
        zone = known_zone(event.args)
        if zone != known_zone(app.storage.user.get(STORED)):
            app.storage.user[STORED] = zone
            moved(zone)

    ui.on(SAID, hear)
    client.on_connect(lambda: client.run_javascript(ASK) and None)
    return before
