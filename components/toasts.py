"""Short news at the lower right: at most three at once, at most one a second, each with at most one action.

News of others waits its turn, and what waits is merged by its group ("5 new pictures"). What answers something the
person did just now (`urgent`) appears at once and may push the oldest away.

Invariants
1. Never more than `AT_ONCE` toasts are on the page.
2. Between two toasts that are not urgent lie at least `PACE_S` seconds.
3. Waiting toasts of one group are one toast; at most `WAITING` groups wait, the oldest gives way.
4. While the pointer or the focus is on a toast, its time stands still.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from nicegui import ui

from components.island import Island

AT_ONCE = 3
PACE_S = 1.0
WAITING = 20
SECONDS = 5.0


class Timer(Protocol):
    """Something that will happen unless it is cancelled."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """What is needed of an event loop."""

    def time(self) -> float: ...

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer: ...


@dataclass(frozen=True)
class Toast:
    """What a toast says. `picture` is a URL; `many(n)` is the text for n toasts of one `group` merged."""

    text: str
    picture: str | None = None
    icon: str | None = None
    tone: str = ""  # "", "live", "wait", "fail" or "info"
    action: tuple[str, Callable[[], Any]] | None = None
    seconds: float | None = SECONDS  # None: stays until closed
    urgent: bool = False
    group: str | None = None
    many: Callable[[int], str] | None = None


class Toasts(Island):
    """The toasts of one page; made once by the shell. `clock` is the running loop unless a test brings its own."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__("section")
        self._clock: Clock = clock or asyncio.get_running_loop()
        self.classes("toasts").props('aria-label="Notifications" aria-live=polite')
        self._waiting: OrderedDict[object, tuple[Toast, int]] = OrderedDict()
        self._shown: list[_ToastCard] = []
        self._last = float("-inf")  # loop time of the last toast that was not urgent
        self._timer: Timer | None = None
        self.client.on_delete(self._stop)

    def show(self, toast: Toast | str) -> None:
        """Show `toast` now or as soon as it is its turn."""
        if self.is_deleted:
            return
        toast = Toast(toast) if isinstance(toast, str) else toast
        if toast.urgent:
            self._place(toast)
            return
        key = toast.group if toast.group is not None else object()
        _, number = self._waiting.pop(key, (toast, 0))
        self._waiting[key] = (toast, number + 1)
        if len(self._waiting) > WAITING:
            self._waiting.popitem(last=False)
        self._pump()

    def failed(self, text: str, *, action: tuple[str, Callable[[], Any]] | None = None) -> None:
        """Say at once that something the person did was refused or lost; once, though it befell many things."""
        if action is None and any(card.said == text for card in self._shown):
            return
        self.show(Toast(text, icon="sym_r_error", tone="fail", action=action, seconds=8.0, urgent=True))

    def _pump(self) -> None:
        """Show what waits, when its time has come and there is room; else look again then."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if not self._waiting or self.is_deleted or len(self._shown) >= AT_ONCE:
            return  # _gone() pumps again when there is room
        wait = self._last + PACE_S - self._clock.time()
        if wait > 0:
            self._timer = self._clock.call_later(wait, self._pump)
            return
        self._last = self._clock.time()
        _, (toast, number) = self._waiting.popitem(last=False)
        if number > 1 and toast.many:
            toast = replace(toast, text=toast.many(number))
        self._place(toast)
        self._pump()

    def _place(self, toast: Toast) -> None:
        while len(self._shown) >= AT_ONCE:
            self._shown[0].close()
        with self:
            self._shown.append(_ToastCard(toast, self._gone, self._clock))

    def _gone(self, card: _ToastCard) -> None:
        self._shown.remove(card)
        self._pump()

    def _stop(self) -> None:
        self._waiting.clear()
        if self._timer:
            self._timer.cancel()
        for card in self._shown:
            card.stop()


class _ToastCard(ui.element):
    """One toast; counts its own time down."""

    def __init__(self, toast: Toast, gone: Callable[[_ToastCard], None], clock: Clock) -> None:
        super().__init__("div")
        self._gone, self._seconds, self._clock = gone, toast.seconds, clock
        self.said = toast.text
        self._timer: Timer | None = None
        self._closed = False
        self.classes(f"toast tone-{toast.tone}" if toast.tone else "toast")
        if toast.tone == "fail":
            self.props("role=alert")
        with self:
            if toast.picture:
                ui.element("img").classes("toast__picture").props('alt=""').props["src"] = toast.picture
            elif toast.icon:
                ui.icon(toast.icon).classes("tone-text").props("aria-hidden=true")
            ui.label(toast.text).classes("toast__text")
            if toast.action:
                label, act = toast.action
                ui.button(label, color=None, on_click=lambda: self._act(act)).classes("btn--link").props("flat")
            ui.button(icon="sym_r_close", color=None, on_click=self.close).classes(
                "btn--icon btn--small btn--bare"
            ).props('flat aria-label="Dismiss"')
        for event in ("mouseenter", "focusin"):
            self.on(event, lambda _: self.stop())
        for event in ("mouseleave", "focusout"):
            self.on(event, lambda _: self._run_down())
        self._run_down()

    def _act(self, act: Callable[[], Any]) -> Any:
        self.close()
        return act()

    def _run_down(self) -> None:
        self.stop()
        if self._seconds is not None and not self._closed:
            self._timer = self._clock.call_later(self._seconds, self.close)

    def stop(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        self.stop()
        if self._closed or self.is_deleted:
            return
        self._closed = True
        self._gone(self)
        self.delete()
