"""Keyboard shortcuts of one page, and the list of them that "?" opens.

Keys are written as they are pressed: "g s" is g, then s; "Mod+K" is ⌘K or Ctrl-K. They rest while somebody types.
The browser listens, so that only what means something travels to the server.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from nicegui.element import Element

EVERYWHERE = "Everywhere"  # the section that comes last
Action = Callable[[], Any]  # may be a coroutine function


@dataclass(frozen=True)
class Shortcut:
    """`to` leads to a page, `action` runs here; with neither, the part of the page it belongs to listens itself."""

    keys: str
    title: str
    section: str = "This page"
    action: Action | None = None
    to: str | None = None


class Shortcuts(Element, component="static/vue/shortcuts.js"):
    """The page's shortcuts; made once by the shell."""

    def __init__(self) -> None:
        super().__init__()
        self._ids = count()
        self._shortcuts: dict[int, Shortcut] = {}
        self.on("run", lambda event: self._run(event.args))
        self.add(Shortcut("?", "Show all shortcuts", EVERYWHERE, action=self.show))

    def add(self, *shortcuts: Shortcut) -> Callable[[], None]:
        """Make them work; returns what takes them away again."""
        ids = [next(self._ids) for _ in shortcuts]
        self._shortcuts.update(zip(ids, shortcuts, strict=True))
        self._send()

        def remove() -> None:
            for key in ids:
                self._shortcuts.pop(key, None)
            self._send()

        return remove

    def show(self) -> None:
        """Open the list."""
        self.run_method("show")

    def _run(self, key: int) -> Any:
        shortcut = self._shortcuts.get(key)
        return shortcut.action() if shortcut and shortcut.action else None

    def _send(self) -> None:
        self._props["shortcuts"] = [
            {
                "id": key,
                "keys": s.keys,
                "title": s.title,
                "section": s.section,
                "to": s.to,
                "acts": bool(s.action or s.to),
            }
            for key, s in sorted(self._shortcuts.items(), key=lambda item: item[1].section == EVERYWHERE)
        ]
        self.update()
