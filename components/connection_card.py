"""What there is to know of one hop: from the browser to the app, or from the app to Supabase."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from nicegui import ui
from nicegui.element import Element

from components.island import Island
from components.tag import Tag
from components.theme import ICON
from state.facts import Facts

TONES = {
    "live": "live", "connecting": "wait", "degraded": "wait", "paused": "wait", "offline": "fail", "unauthorized": "fail",
    "closed": "fail",
}  # fmt: skip
FACTS = ("Since", "Round trip", "Sockets", "Received", "Gaps", "Errors", "Beats", "Next try")
WORDS = {"unauthorized": "signed out", "paused": "switched off"}


class BrowserHop(Element, component="static/vue/browser_hop.js"):
    """The way from this browser to the app, measured there."""


class ConnectionCard(Island):
    """`reconnect` and `pause` are offered when they are given."""

    def __init__(
        self, title: str, *, reconnect: Callable[[], Any] | None = None, pause: Callable[[], Any] | None = None
    ) -> None:
        super().__init__("section")
        self.classes("card hop-card").props(f'aria-label="{title}"')
        self._paused = False
        with self:
            with ui.element("div").classes("hop-card__head"):
                Tag("h3", title, "strong truncate-1")
                with ui.element("span").classes("hop-card__state") as self._tone:
                    ui.element("i").classes("dot")
                    self._word = Tag("span")
            with ui.element("div").classes("hop-card__facts"):
                self._facts = {name: self._fact(name) for name in FACTS}
            self._error = Tag("p", "", "hop-card__error")
            if reconnect or pause:
                with ui.element("div").classes("hop-card__actions"):
                    if reconnect:
                        self._again = ui.button("Reconnect", icon=f"{ICON}refresh", color=None, on_click=reconnect)
                        self._again.props("flat")
                    if pause:
                        self._off = ui.button("Disconnect", icon=f"{ICON}link_off", color=None, on_click=pause)
                        self._off.props("flat")
        self._can_pause = pause is not None

    def show(self, facts: Facts) -> None:
        """As `connection_facts` has them."""
        state = facts["state"]
        self._word.text = WORDS.get(state, state)
        self._tone.classes(replace=f"hop-card__state tone-{TONES[state]}")
        for name, text in spoken(facts).items():
            self._facts[name][1].text = text
        self._facts["Next try"][0].set_visibility(facts["retry_at"] is not None)
        self._facts["Beats"][0].set_visibility(facts["beats"] is not None)
        shown = facts["error"] if state != "live" else None
        self._error.text = shown or ""
        self._error.set_visibility(bool(shown))
        if self._can_pause:
            self._off.set_enabled(state != "paused")

    def _fact(self, name: str) -> tuple[ui.element, Tag]:
        with ui.element("dl").classes("hop-card__fact") as pair:
            Tag("dt", name, "meta")
            value = Tag("dd", "–", "num truncate-1")
        return pair, value


def spoken(facts: Facts) -> dict[str, str]:
    """The facts of a connection in words."""
    age = facts["last_error_age_s"]
    retry = facts["retry_at"]
    left = (datetime.fromisoformat(retry) - datetime.now(UTC)).total_seconds() if retry else 0
    quality, beats = facts["quality"], facts["beats"] or {"heard": 0, "missed": 0}
    trip = "–" if facts["round_trip_ms"] is None else f"{facts['round_trip_ms']:.0f} ms"
    return {
        "Since": since(datetime.fromisoformat(facts["since"])),
        "Round trip": f"{trip}, {quality}" if quality else trip,
        "Beats": f"{beats['heard']:,}, {beats['missed']:,} missed",
        "Next try": f"in {max(0, left):.0f} s",
        "Sockets": f"{facts['sockets']:,}",
        "Received": size(facts["bytes"]),
        "Gaps": f"{facts['gaps']:,}" + (f", {facts['overflows']:,} overflows" if facts["overflows"] else ""),
        "Errors": f"{facts['errors']:,}" + (f", {ago(age)}" if age is not None else ""),
    }


def since(moment: datetime) -> str:
    """How long it has been so."""
    return ago((datetime.now(UTC) - moment).total_seconds()).removesuffix(" ago") if moment.timestamp() else "–"


def ago(seconds: float) -> str:
    """A duration in one unit."""
    for limit, unit, length in ((60, "s", 1), (3600, "min", 60), (86_400, "h", 3600)):
        if seconds < limit:
            return f"{seconds // length:.0f} {unit} ago"
    return f"{seconds // 86_400:.0f} d ago"


def size(number: float) -> str:
    """Bytes for people."""
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 100 else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"
