"""What to be told of, and whether this browser tells it while nobody looks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import groupby

from nicegui import ui
from nicegui.events import GenericEventArguments, ValueChangeEventArguments

from components.region_state import RegionState
from components.settings_part import Part
from components.tag import Tag
from state.models import NotificationKind
from state.notifications import NotificationChoices

SAID = {
    "on": "On: this browser tells you while Starling is not to be seen.",
    "off": "Off in this browser.",
    "blocked": "This browser refuses: allow notifications for this page in its own settings.",
    "unavailable": "This browser has none, or not at this address.",
}
STATE = "starling_telling"  # the browser says how it is with it
ASK = "async () => emit(await starling.telling.turn({on}))"


class NotificationsPart(Part):
    """Follows what is chosen in other tabs."""

    def __init__(self, choices: NotificationChoices) -> None:
        super().__init__("notifications", "Notifications", "What you are told of by the bell, and by this browser.")
        self._choices = choices
        self._switches: dict[str, tuple[ui.switch, ui.switch]] = {}
        self._showing = False
        with self:
            with ui.element("div").classes("permission"):
                self._word = Tag("p", "", "secondary").props("role=status")
                self._on = ui.button("Turn on", color=None).props("flat")
                self._on.on("click", self._answered, js_handler=ASK.format(on="true"))
                self._off = ui.button("Turn off", color=None).props("flat")
                self._off.on("click", self._answered, js_handler=ASK.format(on="false"))
            self._rows = ui.element("div").classes("kinds").props('role=group aria-label="What to be told of"')
            self._state = RegionState(choices.kinds, skeleton=_skeleton, empty="There is nothing to be told of yet.")
        self._say("off")
        for table in choices.tables:
            self.client.on_delete(table.subscribe(lambda _: self._show()))
        ui.on(STATE, self._answered)
        self.client.on_connect(self._ask)
        self._show()

    # This browser --------------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        self.client.run_javascript(f"emitEvent('{STATE}', starling.telling.state())")

    def _answered(self, event: GenericEventArguments) -> None:
        self._say(str(event.args))

    def _say(self, state: str) -> None:
        self._word.text = SAID.get(state, SAID["unavailable"])
        self._on.set_visibility(state == "off")
        self._off.set_visibility(state == "on")

    # The kinds -----------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        if self.is_deleted:
            return
        places: dict[str, int] = {}  # each section once, where its first kind is
        for kind in self._choices.kinds.rows:
            places.setdefault(kind.section, len(places))
        kinds = sorted(self._choices.kinds.rows, key=lambda kind: places[kind.section])
        self._state.show(len(kinds))
        if [kind.kind for kind in kinds] != list(self._switches):
            self._draw(kinds)
        self._showing = True
        for kind, (in_app, browser) in self._switches.items():
            told, by_browser = self._choices.of(kind)
            in_app.value, browser.value = told, told and by_browser
            browser.set_enabled(told)
        self._showing = False

    def _draw(self, kinds: list[NotificationKind]) -> None:
        self._rows.clear()
        self._switches = {}
        with self._rows:
            with ui.element("div").classes("kind kind--head meta").props("aria-hidden=true"):  # each switch says it
                for name in ("", "Bell", "Browser"):
                    Tag("span", name)
            for section, of_section in groupby(kinds, key=lambda kind: kind.section):
                Tag("h3", section, "kinds__section")
                for kind in of_section:
                    self._switches[kind.kind] = self._row(kind)

    def _row(self, kind: NotificationKind) -> tuple[ui.switch, ui.switch]:
        def switch(name: str, changed: Callable[[ValueChangeEventArguments], None]) -> ui.switch:
            made = ui.switch(value=True, on_change=changed).props("dense")
            made.props["aria-label"] = f"{kind.title}: {name}"
            return made

        with ui.element("div").classes("kind"):
            with ui.element("div"):
                Tag("div", kind.title)
                if kind.description:
                    Tag("div", kind.description, "meta")
            return switch("by the bell", partial(self._changed, kind.kind)), switch(
                "by this browser", partial(self._changed, kind.kind)
            )

    def _changed(self, kind: str, _: ValueChangeEventArguments) -> None:
        if self._showing:
            return
        in_app, browser = self._switches[kind]
        told, chosen = bool(in_app.value), self._choices.of(kind)
        # While one is told nothing the second switch is off, whatever was chosen there before: that is kept.
        self._choices.choose(kind, in_app=told, browser=bool(browser.value) if told and chosen[0] else chosen[1])


def _skeleton() -> None:
    for _ in range(5):
        ui.element("div").classes("skeleton skeleton--line")
