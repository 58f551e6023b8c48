"""The command palette: ⌘K or Ctrl-K, a few letters, Enter. Filtering happens in the browser, so it keeps pace with typing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from nicegui.element import Element

from components.shortcuts import EVERYWHERE, Action, Shortcut, Shortcuts


@dataclass(frozen=True)
class Command:
    """Something one can do by name. `to` leads to a page, `action` runs here (it may be a coroutine function).

    `keys` is a shortcut that does the same, as in components/shortcuts.py.
    """

    title: str
    hint: str = ""
    icon: str = ""
    keys: str = ""
    action: Action | None = None
    to: str | None = None
    section: str = "This page"


class CommandPalette(Element, component="static/vue/command_palette.js"):
    """The commands of one page; made once by the shell."""

    def __init__(self, shortcuts: Shortcuts) -> None:
        super().__init__()
        self._shortcuts = shortcuts
        self._ids = count()
        self._commands: dict[int, Command] = {}
        self.on("run", lambda event: self._run(event.args))
        shortcuts.add(Shortcut("Mod+K", "Search or jump", EVERYWHERE))
        self._send()

    def add(self, *commands: Command) -> Callable[[], None]:
        """Offer them, with their shortcuts; returns what takes them away again."""
        ids = [next(self._ids) for _ in commands]
        self._commands.update(zip(ids, commands, strict=True))
        self._send()
        forget_keys = self._shortcuts.add(
            *(Shortcut(c.keys, c.title, c.section, c.action, c.to) for c in commands if c.keys)
        )

        def remove() -> None:
            for key in ids:
                self._commands.pop(key, None)
            self._send()
            forget_keys()

        return remove

    def offer(self, may: Callable[[], bool], *commands: Command) -> Callable[[], None]:
        """Offer them while one may; to be called again when that may be otherwise."""
        remove: Callable[[], None] | None = None

        def look() -> None:
            nonlocal remove
            if remove is None and may():
                remove = self.add(*commands)
            elif remove is not None and not may():
                remove()
                remove = None

        look()
        return look

    def _run(self, key: int) -> Any:
        command = self._commands.get(key)
        return command.action() if command and command.action else None

    def _send(self) -> None:
        self._props["commands"] = [
            {
                "id": key,
                "title": c.title,
                "hint": c.hint,
                "icon": c.icon,
                "keys": c.keys,
                "to": c.to,
                "section": c.section,
            }
            for key, c in sorted(self._commands.items(), key=lambda item: item[1].section == EVERYWHERE)
        ]
        self.update()
