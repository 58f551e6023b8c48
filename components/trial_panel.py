"""The development panel: what goes wrong out there, done here by hand, and what followed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from nicegui import background_tasks, ui

from components.island import Island
from components.tag import Tag
from components.theme import ICON
from components.toasts import Toasts
from state.errors import StateError
from state.trials import MAX_A_SECOND, MAX_S, STEPS, Trials

A_SECOND, SECONDS = 20, 10


class TrialPanel(Island):
    """Made in development mode only; the trials refuse otherwise, too."""

    def __init__(self, trials: Trials, toasts: Toasts) -> None:
        super().__init__("section")
        self.classes("card trials").props('aria-label="Development panel"')
        self._trials, self._toasts = trials, toasts
        with self:
            with ui.element("div").classes("trials__actions"):
                self._button("Queue a job", "add_photo_alternate", trials.queue_job)
                self._button("Add a contact", "person_add", trials.add_contact)
                self._button("Log an activity", "bolt", trials.log_activity)
                self._button("Drop the socket", "power_off", trials.drop_socket)
                self._button("Expire the token", "key_off", trials.expire_token)
                self._pause = self._button("Pause Realtime", "pause", self._toggle)
            with ui.element("div").classes("trials__flood"):
                self._rate = self._number("Changes a second", A_SECOND, MAX_A_SECOND)
                self._time = self._number("Seconds", SECONDS, MAX_S)
                self._button("Flood", "waves", self._flood)
            with ui.element("ol").classes("trials__steps").props('aria-label="What followed" aria-live=polite'):
                self._none = Tag("li", "Do something, and read here what follows.", "meta")
                self._steps = [self._step() for _ in range(STEPS)]
        trials.open()
        self.client.on_delete(trials.changed.subscribe(lambda _: self._show()))
        self.client.on_delete(lambda: background_tasks.create(trials.close(), name="close trials"))
        self._show()

    def _button(self, label: str, icon: str, action: Callable[[], None]) -> ui.button:
        return ui.button(label, icon=ICON + icon, color=None, on_click=partial(self._try, action)).props("flat")

    def _number(self, label: str, value: int, most: int) -> ui.number:
        field = ui.number(label, value=value, min=1, max=most, precision=0)
        field.props("outlined dense").classes("trials__number")
        return field

    def _step(self) -> tuple[Tag, Tag, Tag]:
        with Tag("li", "", "trials__step") as line:
            return line, Tag("span", "", "meta num"), Tag("span", "")

    def _try(self, action: Callable[[], None]) -> None:
        try:
            action()
        except (StateError, PermissionError) as error:
            self._toasts.failed(str(error))

    def _toggle(self) -> None:
        if self._trials.connection.status.paused:
            self._trials.resume()
        else:
            self._trials.pause()

    def _flood(self) -> None:
        self._trials.flood(int(self._rate.value or 0), int(self._time.value or 0))

    def _show(self) -> None:
        paused = self._trials.connection.status.paused
        self._pause.text = "Resume Realtime" if paused else "Pause Realtime"
        steps = list(self._trials.steps)
        self._none.set_visibility(not steps)
        for number, (line, when, what) in enumerate(self._steps):
            line.set_visibility(number < len(steps))
            if number < len(steps):
                when.text, what.text = f"{steps[number].after_s:.1f} s", steps[number].text
