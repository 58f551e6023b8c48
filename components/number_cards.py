"""Numbers of the dashboard: each the point of its card, right at any moment, with a line of what it is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from nicegui import ui

from components.counter import Counter
from components.tag import Tag
from state.generation import first_name
from state.models import Profile
from state.realtime.connection import Connection
from state.realtime.presence import Presence
from state.sync.cached_query import CachedQuery
from state.sync.rows import Rows

DAYS = 14


class CountCard:
    """What one query counts. `note` says more of it, from its value."""

    def __init__(self, query: CachedQuery[int], note: str = "") -> None:
        self._query = query
        self.counter = _number()
        self._note = Tag("p", note, "meta truncate-1")
        self._words = note
        self.counter.client.on_delete(query.observe(lambda _: self._show()))
        self._show()

    def _show(self) -> None:
        if self._query.value is not None:
            self.counter.set(self._query.value)
        self._note.text = self._query.error or self._words


class RunningCard:
    """One's own jobs that are at work, and those that wait."""

    def __init__(self, query: CachedQuery[tuple[int, int]]) -> None:
        self._query = query
        self.counter = _number()
        self._note = Tag("p", "", "meta truncate-1")
        self.counter.client.on_delete(query.observe(lambda _: self._show()))
        self._show()

    def _show(self) -> None:
        if self._query.value is not None:
            running, waiting = self._query.value
            self.counter.set(running)
            self._note.text = f"{waiting:,} waiting" if waiting else "none waiting"


class OnlineCard:
    """How many people are in the studio, and who."""

    def __init__(self, presence: Presence, people: Rows[Profile], me: object) -> None:
        self._presence, self._people, self._me = presence, people, me
        self.counter = _number()
        self._note = Tag("p", "", "meta truncate-1")
        presence.changed.subscribe(self._show)
        self.counter.client.on_delete(people.subscribe(lambda _: self._show()))
        self._show()

    def _show(self) -> None:
        here = self._presence.in_order()
        self.counter.set(len(here))
        names = ["you" if p.id == self._me else first_name(self._people.get(p.id)) for p in here]
        said = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        self._note.text = said[:1].upper() + said[1:] if said else "Nobody can see you here"


class ConnectionHealth:
    """Whether what is shown is live, and how quickly news is here."""

    TONES = {"live": ("Live", "live"), "connecting": ("Connecting", "wait"), "degraded": ("Slow", "wait")}  # noqa: RUF012

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        with ui.element("p").classes("dash-number dash-health") as self._state:
            ui.element("i").classes("dot")
            self._word = Tag("b", "")
        self._note = Tag("p", "", "meta truncate-1")
        connection.changed.subscribe(self._show)
        self._show()

    def _show(self) -> None:
        status = self._connection.status
        word, tone = self.TONES.get(status.state, ("Offline", "fail"))
        self._word.text = word
        self._state.classes(replace=f"dash-number dash-health tone-{tone}")
        trip = status.round_trip_ms
        self._note.text = (
            f"{trip:.0f} ms there and back" if trip is not None and status.state == "live" else status.error or ""
        )


class Bars:
    """A small chart: a bar for each day, the last one today."""

    def __init__(self, what: Callable[[int], str], tone: str = "brand", *, tall: bool = False) -> None:
        self._what = what
        self._numbers: Sequence[int] = ()
        with (
            ui.element("div")
            .classes(f"bars bars--{tone}{' bars--tall' if tall else ''}")
            .props("role=img") as self.element
        ):
            self._bars = [ui.element("i").style("--of:0") for _ in range(DAYS)]

    def show(self, numbers: Sequence[int], today: datetime) -> None:
        """The oldest first; `today` where they live whose days they are."""
        if numbers == self._numbers:
            return
        self._numbers = numbers
        most = max(numbers, default=0) or 1
        for back, (bar, number) in enumerate(zip(reversed(self._bars), reversed(numbers), strict=False)):
            bar.style(f"--of:{number / most:.3f}")
            bar.props["title"] = f"{today - timedelta(days=back):%d %b}: {self._what(number)}"
        self.element.props["aria-label"] = f"{self._what(sum(numbers))} in {len(numbers)} days"


def _number() -> Counter:
    with ui.element("p").classes("dash-number"):
        return Counter()
