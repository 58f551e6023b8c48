"""What one does to one's queue as a whole: pause it, empty it. The buttons in its head, the note that it is paused."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from nicegui import ui

from components.icon_button import IconButton
from components.tag import Tag
from components.theme import ICON

if TYPE_CHECKING:
    from uuid import UUID

    from state.queue import OwnQueue


class QueueButtons:
    """Pause or resume, and a menu with what ends many jobs. `show` follows."""

    def __init__(self, own: OwnQueue) -> None:
        self._own = own
        with ui.element("span").classes("end"):
            self._pause = IconButton("pause", "Pause the queue", self.toggle)
            more = IconButton("more_horiz", "More for the queue", lambda: self._menu.open())
            more.props("aria-haspopup=menu")
            self._menu = ui.menu().props(
                'role=menu no-parent-event anchor="bottom right" self="top right" :offset="[0, 6]"'
            )
            self._menu.props["target"] = f"#{more.html_id}"
            self._menu.on("before-show", self._fill)
        self._dialog = ui.dialog()

    def toggle(self) -> None:
        """Pause the queue, or go on."""
        self._own.resume() if self._own.paused else self._own.pause()

    def show(self) -> None:
        """Follow the queue."""
        paused = self._own.paused
        name = "Resume the queue" if paused else "Pause the queue"
        if self._pause.props.get("aria-label") != name:
            self._pause.text = "play_arrow" if paused else "pause"
            self._pause.rename(name)

    def cancel_waiting(self) -> None:
        """Asks whether all that wait shall be cancelled."""
        self._confirm([job.id for job in self._own.waiting], "waiting")

    def cancel_all(self) -> None:
        """Asks whether everything shall be cancelled, what is being made too."""
        self._confirm([job.id for job in [*self._own.running, *self._own.waiting]], "all")

    def _fill(self) -> None:
        waiting, running = len(self._own.waiting), len(self._own.running)
        self._menu.clear()
        with self._menu:
            paused = self._own.paused
            _item("Resume" if paused else "Pause", "play_arrow" if paused else "pause", self.toggle)
            _item(f"Cancel what waits ({waiting})", "playlist_remove", self.cancel_waiting, enabled=waiting > 0)
            both = waiting + running
            _item(f"Cancel everything ({both})", "cancel", self.cancel_all, enabled=both > 0, danger=True)

    def _confirm(self, ids: list[UUID], what: str) -> None:
        """What is cancelled is what was asked about, not what came since."""
        if not ids:
            return
        number = "1 job" if len(ids) == 1 else f"{len(ids)} jobs"
        self._dialog.clear()
        with self._dialog, ui.card().classes("confirm"):
            title = (
                f"Cancel {number} that wait{'s' if len(ids) == 1 else ''}?"
                if what == "waiting"
                else f"Cancel {number}?"
            )
            Tag("h2", title, "strong")
            self._dialog.props["aria-label"] = title
            rest = "What is being made goes on." if what == "waiting" else "What is being made stops too."
            Tag("p", f"{rest} Credits are given back at once.", "secondary")
            with ui.element("div").classes("confirm__actions"):
                keep = ui.button("Keep them", color=None, on_click=self._dialog.close).props("flat")
                keep.props["autofocus"] = True
                ui.button(f"Cancel {number}", color=None, on_click=partial(self._cancel, ids)).props("flat").classes(
                    "btn--danger"
                )
        self._dialog.open()

    def _cancel(self, ids: list[UUID]) -> None:
        self._dialog.close()
        self._own.cancel(ids)


class PausedNote:
    """Says that the queue is paused, and offers to go on."""

    def __init__(self, own: OwnQueue) -> None:
        self._own = own
        with ui.element("div").classes("queue__paused").props("role=status") as self._element:
            ui.icon(f"{ICON}pause_circle").props("aria-hidden=true")
            Tag("span", "Paused. Nothing of yours is begun until you resume.")
            ui.button("Resume", color=None, on_click=own.resume).props("flat").classes("btn--link")
        self.show()

    def show(self) -> None:
        """Follow the queue."""
        self._element.set_visibility(self._own.paused)


def _item(title: str, icon: str, act: object, *, enabled: bool = True, danger: bool = False) -> None:
    with ui.menu_item(on_click=act).classes("menu__item--danger" if danger else "") as item:  # type: ignore[arg-type]
        ui.icon(ICON + icon).props("aria-hidden=true")
        ui.label(title)
    item.props["disable"] = not enabled
