"""A part of the settings: a heading, a sentence, and a form that is sent by Enter or by its button."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from components.island import Island
from components.tag import Tag
from state.errors import StateError


class Part(Island):
    """A section of the page with the anchor `id`; what is made inside the `with` is its content."""

    def __init__(self, id: str, title: str, sentence: str = "") -> None:
        super().__init__("section")
        self.classes("part card").props(f'aria-labelledby="{id}-title"')
        with self:
            ui.element("span").classes("part__anchor").props(f"id={id}")  # the island's own id is not ours to choose
            with ui.element("header").classes("part__head"):
                Tag("h2", title, "title").props(f"id={id}-title")
                if sentence:
                    Tag("p", sentence, "secondary")


class SettingsForm(ui.element):
    """One attempt at a time. `send` gives sentences for the fields that are wrong, by name, or says what it did."""

    def __init__(self, submit: str, send: Callable[[], Awaitable[str | None]]) -> None:
        super().__init__("form")
        self.classes("part__form").props("novalidate method=post")
        self._submit, self._send, self._busy = submit, send, False
        self.on("submit.prevent", self._on_submit, args=[])

    def finish(self) -> None:
        """Draws the button, below the fields."""
        with self, ui.element("div").classes("part__foot"):
            self._button = ui.button(self._submit, color=None).classes("btn--primary").props("flat type=submit")
            self._said = Tag("p", "", "part__said").props("role=status")

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Beside the button."""
        self._said.text = text
        self._said.classes(add="part__said--wrong" if wrong else "", remove="" if wrong else "part__said--wrong")

    async def _on_submit(self) -> None:
        if self._busy:
            return
        self._busy = True
        self._button.props("loading")
        self.say("")
        try:
            self.say(await self._send() or "")
        except StateError as error:
            self.say(f"{error}.", wrong=True)
        finally:
            self._busy = False
            self._button.props(remove="loading")
