"""A number that is always right, and stirs when it changes."""

from __future__ import annotations

from components.tag import Tag

STIRS = ("counter--up", "counter--again")  # the same motion twice: another name starts it again


class Counter(Tag):
    """`set` shows a number; what follows it ("+") is not counted."""

    def __init__(self) -> None:
        super().__init__("b", "", "num counter")
        self._stir = 0

    def set(self, number: int, suffix: str = "") -> None:
        """Show this number."""
        text = f"{number:,}{suffix}"
        if text == self.text:
            return
        if self.text:
            self.classes(remove=STIRS[self._stir])
            self._stir = 1 - self._stir
            self.classes(add=STIRS[self._stir])
        self.text = text
