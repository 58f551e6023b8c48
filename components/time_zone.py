"""Where the person at this browser lives, as far as a calendar is concerned."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from weakref import WeakKeyDictionary

from nicegui import Client, ui
from nicegui.events import GenericEventArguments

from state.days import known_zone, time_zone

SAID = "starling_zone"  # a cookie of every request after a browser's first (static/starling.js), and an event
ASK = f"emitEvent('{SAID}', Intl.DateTimeFormat().resolvedOptions().timeZone)"


_heard: WeakKeyDictionary[Client, str] = WeakKeyDictionary()  # who has moved since they came


def zone_of(client: Client) -> str:
    """The zone that the browser of this page named last."""
    return _heard.get(client) or known_zone(client.request.cookies.get(SAID))


def move(client: Client, zone: str) -> None:
    """The browser of this page is in another zone than it was when the page was asked for."""
    _heard[client] = known_zone(zone)


def here(client: Client, moment: datetime) -> datetime:
    """The same moment, with the day and the hour that it has where the browser of this page is."""
    return moment.astimezone(time_zone(zone_of(client)))


def local(moment: datetime, zone: str, form: str = "%H:%M") -> str:
    """14:03 where somebody lives; 14:03 UTC for as long as no browser has said where that is."""
    return f"{moment.astimezone(time_zone(zone)):{form}}{' UTC' if zone == 'UTC' else ''}"


def browser_zone(moved: Callable[[str], None]) -> str:
    """The zone that this browser is in, as far as it has said; `moved` is called if it turns out to be in another one."""
    client = ui.context.client
    before = zone_of(client)

    def hear(event: GenericEventArguments) -> None:
        zone = known_zone(event.args)
        if zone != zone_of(client):
            move(client, zone)
            moved(zone)

    ui.on(SAID, hear)
    client.on_connect(lambda: client.run_javascript(ASK) and None)
    return before
