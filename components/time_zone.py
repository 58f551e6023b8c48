"""Where the person at this browser lives, as far as a calendar is concerned."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from nicegui import Client, ui
from nicegui.events import GenericEventArguments

from components.kept import kept
from state.days import known_zone, time_zone

STORED = "zone"  # key in `kept`: what this browser said last
SAID = "starling_zone"
ASK = f"emitEvent('{SAID}', Intl.DateTimeFormat().resolvedOptions().timeZone)"


def zone_of(client: Client) -> str:
    """The zone that this browser named last."""
    return known_zone(kept(client).get(STORED))


def local(moment: datetime, zone: str, form: str = "%H:%M") -> str:
    """14:03 where somebody lives; 14:03 UTC for as long as no browser has said where that is."""
    return f"{moment.astimezone(time_zone(zone)):{form}}{' UTC' if zone == 'UTC' else ''}"


def browser_zone(moved: Callable[[str], None]) -> str:
    """The zone that this browser named last time; `moved` is called if it turns out to be in another one."""
    client = ui.context.client
    before = zone_of(client)

    def hear(event: GenericEventArguments) -> None:
        zone = known_zone(event.args)
        if zone != zone_of(client):
            kept(client)[STORED] = zone
            moved(zone)

    ui.on(SAID, hear)
    client.on_connect(lambda: client.run_javascript(ASK) and None)
    return before
