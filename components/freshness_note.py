"""How fresh a part of a page is, in a few words, while that is not taken for granted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from components.island import Island
from components.tag import Tag
from state.sync.view import ViewFreshness

QUIET_S = 3.0  # how often it looks while there is nothing to say: what passes sooner is not worth a word
TICK_S = 1.0  # and while seconds are counted


class FreshnessNote(Island):
    """Says nothing while all is well; `look` tells how fresh the view is now."""

    def __init__(self, look: Callable[[], ViewFreshness]) -> None:
        super().__init__("span")
        self.classes("freshness meta")
        self._look = look
        with self:
            self._words = Tag("span", "", "num")
        self.set_visibility(False)
        self._later = self._wait(QUIET_S)
        self.client.on_delete(lambda: self._later.cancel())

    def _wait(self, seconds: float) -> asyncio.TimerHandle:
        # A handle, not a ui.timer: that would be a task that outlives the page until it wakes.
        return asyncio.get_running_loop().call_later(seconds, self._show)

    def _show(self) -> None:
        if self.is_deleted:
            return  # its part of the page has gone before the page
        view = self._look()
        words = describe(view)
        self._words.text = words
        self.props["title"] = explain(view) if words else ""
        self.set_visibility(bool(words))
        self._later = self._wait(TICK_S if words else QUIET_S)


def describe(view: ViewFreshness) -> str:
    """checked 12 s ago, every 5 s until live again, or nothing."""
    match view.mode:
        case "relaxed":
            return ""
        case "ageing":
            return _checked(view)
        case "polling":
            return f"every {view.interval_s:.0f} s until live again"


def explain(view: ViewFreshness) -> str:
    """The longer sentence behind the words."""
    checked = _checked(view).capitalize()
    return f"{checked or 'Not loaded yet'}. Without news it is checked again every {view.interval_s:.0f} s."


def _checked(view: ViewFreshness) -> str:
    return "" if view.age_s is None else f"checked {view.age_s:.0f} s ago"
