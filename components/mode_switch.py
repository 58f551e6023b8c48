"""The button between dark and light."""

from __future__ import annotations

from nicegui import ui

from components.theme import ICON, Mode


class ModeSwitch(ui.button):
    """Shows where a click leads: a sun while it is dark, a moon while it is light."""

    def __init__(self, mode: Mode) -> None:
        super().__init__(color=None, on_click=mode.toggle)
        self.classes("btn--icon btn--round mode-switch").props("flat")
        mode.on_change(self._show)
        self._show(mode.dark)

    def _show(self, dark: bool) -> None:
        self.icon = f"{ICON}light_mode" if dark else f"{ICON}dark_mode"
        self.props(f'aria-label="{"Switch to light" if dark else "Switch to dark"}"')
