"""Plain HTML elements with text, where Quasar has nothing better: headings, buttons, list items."""

from __future__ import annotations

from nicegui.elements.mixins.text_element import TextElement


class Tag(TextElement):
    """`Tag("h1", "Studio", "title")`: a tag, its text and its classes. Attributes come by `.props()`."""

    def __init__(self, tag: str, text: str = "", classes: str = "") -> None:
        super().__init__(tag=tag, text=text)
        self.classes(classes)
