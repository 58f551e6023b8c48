"""A symbol with a number beside it that can be pressed: likes, comments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from components.counter import Counter
from components.tag import Tag


class CountButton(ui.element):
    """`one` and `many` name what is counted, for screen readers: "like", "likes". A pressed one is filled."""

    def __init__(self, icon: str, action: Callable[[], Any], classes: str, *, one: str, many: str) -> None:
        super().__init__("button")
        self.classes(f"count-button {classes}").props("type=button")
        self._one, self._many = one, many
        with self:
            Tag("span", icon, "count-button__icon material-symbols-rounded").props("aria-hidden=true")
            self._counter = Counter()
        self.on("click.stop", action, args=[])

    def show(self, number: int, name: str, *, pressed: bool | None = None) -> None:
        """`name` says what pressing it does; `pressed` is None for what is no switch."""
        self._counter.set(number)
        self.props["title"] = name
        self.props["aria-label"] = f"{name}, {number:,} {self._one if number == 1 else self._many}"
        if pressed is not None:
            self.props["aria-pressed"] = str(pressed).lower()
