"""A labelled field of a form: its label above it, its error below it, known to screen readers and password managers."""

from __future__ import annotations

from typing import Literal

from nicegui import ui

from components.icon_button import IconButton
from components.tag import Tag

Kind = Literal["text", "email", "password"]


class Field(ui.input):
    """`name` and `autocomplete` are the attributes that browsers fill forms by."""

    def __init__(
        self, label: str, *, name: str, autocomplete: str, kind: Kind = "text", hint: str = "", value: str = ""
    ) -> None:
        with ui.element("div").classes("field"):
            Tag("label", label, "field__label").props(f"for={name}")
            super().__init__(value=value, on_change=self.forgive)
            self.props(f"outlined for={name} name={name} autocomplete={autocomplete} type={kind} no-error-icon")
            self.props("spellcheck=false autocapitalize=none" if kind != "text" else "")
            if hint:
                self.props["hint"] = hint
            if kind == "password":
                with self.add_slot("append"):
                    self._eye = IconButton("visibility", "Show password", self._reveal)

    def say(self, error: str) -> None:
        """Show `error` below the field and put the cursor into it."""
        self.error = error
        self.run_method("focus")

    def forgive(self) -> None:
        """Take the error away: it is being corrected."""
        self.error = None

    def _reveal(self) -> None:
        hidden = self.props.get("type") == "password"
        self.props["type"] = "text" if hidden else "password"
        self._eye.text = "visibility_off" if hidden else "visibility"
        self._eye.rename("Hide password" if hidden else "Show password")
