"""How long ago something was, in as few characters as possible, and right for as long as it is looked at."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from weakref import WeakKeyDictionary

from nicegui import Client

from components.tag import Tag
from components.time_zone import here, local, zone_of

TICK_S = 20.0


class Ago(Tag):
    """A `<time>`; all of a page change together."""

    def __init__(self, moment: datetime, classes: str = "meta") -> None:
        super().__init__("time", "", classes)
        self._since(moment)
        self.tick(datetime.now(UTC))
        _clock(self.client).times.append(self)

    def show(self, moment: datetime) -> None:
        """Show how long ago another moment is."""
        if moment != self._moment:
            self._since(moment)
            self.tick(datetime.now(UTC))

    def _since(self, moment: datetime) -> None:
        self._moment = here(self.client, moment)
        self.props["datetime"] = moment.isoformat()
        self.props["title"] = local(moment, zone_of(self.client), "%d %B %Y, %H:%M")

    def tick(self, now: datetime) -> None:
        """Show how long ago it is at `now`."""
        text = ago(self._moment, now)
        if text != self.text:
            self.text = text


def ago(moment: datetime, now: datetime) -> str:
    """now, 5 min, 3 h, 2 d, 21 Nov, 21 Nov 2025; in 5 min, of what is still to come"""
    seconds, ahead = abs((now - moment).total_seconds()), "in " if moment > now else ""
    if seconds < 60:
        return "now"
    if seconds < 3600:
        return f"{ahead}{int(seconds // 60)} min"
    if seconds < 24 * 3600:
        return f"{ahead}{int(seconds // 3600)} h"
    if seconds < 7 * 24 * 3600:
        return f"{ahead}{int(seconds // (24 * 3600))} d"
    return f"{moment.day} {moment:%b}" if moment.year == now.year else f"{moment.day} {moment:%b %Y}"


class _Clock:
    """The times of one page."""

    def __init__(self, client: Client) -> None:
        self.times: list[Ago] = []
        self._later = self._wait()
        client.on_delete(lambda: self._later.cancel())

    def _wait(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def _tick(self) -> None:
        self.times = [time for time in self.times if not time.is_deleted]
        now = datetime.now(UTC)
        for time in self.times:
            time.tick(now)
        self._later = self._wait()


_clocks: WeakKeyDictionary[Client, _Clock] = WeakKeyDictionary()


def _clock(client: Client) -> _Clock:
    clock = _clocks.get(client)
    if clock is None:
        clock = _clocks[client] = _Clock(client)
    return clock
