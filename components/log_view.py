"""The log of the live layer on a page: new lines come in batches, and are filtered where they are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from nicegui.element import Element

from state.live_log import Line, LiveLog

SHOWN = 500  # lines that a browser keeps


class LogView(Element, component="static/vue/log_view.js"):
    """`me`: whose lines say "you". `may_switch`: whether this person may have debug lines made; they are until the switch
    is off or the page is gone."""

    def __init__(self, log: LiveLog, read: Callable[[int], list[Line]], *, me: UUID | None, may_switch: bool) -> None:
        super().__init__()
        self._log, self._read = log, read
        self._name = f"member {me}" if me else ""
        self._enough: Callable[[], None] | None = None
        self._props["most"] = SHOWN
        self._props["may-switch"] = may_switch
        self._props["debug"] = log.debug
        self._last = log.last
        self._props["lines"] = [self._told(line) for line in read(0)[-SHOWN:]]
        if may_switch:
            self.on("debug", lambda event: self._switch(bool(event.args)))
        self.client.on_delete(lambda: self._switch(False))

    def look(self) -> None:
        """Sends what is new."""
        if self._log.last != self._last:
            lines, self._last = self._read(self._last), self._log.last
            if lines:
                self.run_method("append", [self._told(line) for line in lines[-SHOWN:]])
        if self._props["debug"] != self._log.debug:
            with self._props.suspend_updates():
                self._props["debug"] = self._log.debug
            self.run_method("sayDebug", self._log.debug)

    def _switch(self, on: bool) -> None:
        if on and self._enough is None:
            self._enough = self._log.verbose()
        elif not on and self._enough is not None:
            self._enough()
            self._enough = None

    def _told(self, line: Line) -> dict[str, Any]:
        text = line.text.replace(self._name, "you", 1) if self._name else line.text
        return {"n": line.number, "at": line.at, "level": line.level, "prefix": line.prefix, "text": text}
