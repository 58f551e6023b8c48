"""What a region shows in place of its rows: that they are coming, that there are none, that they did not come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from components.tag import Tag
from components.theme import ICON
from state.sync.rows import Rows


class RegionState:
    """Follows `rows`; call `show` after each batch. `skeleton` draws what comes, in its shape; `shown` is the number of rows."""

    def __init__(
        self,
        rows: Rows[Any],
        *,
        skeleton: Callable[[], None],
        empty: str,
        action: tuple[str, Callable[[], Any]] | None = None,
    ) -> None:
        self._rows = rows
        self._skeleton = ui.element("div").classes("region__skeleton").props("aria-hidden=true")
        with self._skeleton:
            skeleton()
        with ui.element("div").classes("empty") as self._empty:
            self._sentence = Tag("p", empty)
            self._button = ui.button(action[0], color=None, on_click=action[1]).props("flat") if action else None
        with ui.element("div").classes("trouble").props("role=alert") as self._trouble:
            ui.icon(f"{ICON}error").props("aria-hidden=true")
            self._reason = Tag("p", "")

    def show(self, shown: int, *, empty: str | None = None, offer: bool = True) -> None:
        """Follow the phase; `empty` is what to say now if nothing is shown, `offer` whether the action helps then."""
        phase = self._rows.phase
        if empty is not None:
            self._sentence.text = empty
        if self._button is not None:
            self._button.set_visibility(offer)
        self._reason.text = f"{self._rows.error or 'This did not load.'} Starling keeps trying."
        self._skeleton.set_visibility(phase == "loading" and not shown)
        self._empty.set_visibility(phase == "ready" and not shown)
        self._trouble.set_visibility(phase == "failed" and not shown)
