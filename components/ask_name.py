"""Asking for the name of something."""

from __future__ import annotations

from nicegui import ui

from components.field import Field
from components.tag import Tag


async def ask_name(
    question: str, name: str = "", *, most: int, action: str = "Rename", label: str = "Name"
) -> str | None:
    """Shows a dialog; the new name, or None when it is as it was or nobody wants another. Esc and Cancel are a no."""
    with ui.dialog() as dialog, ui.card().classes("confirm"):
        dialog.props["aria-label"] = question
        Tag("h2", question, "title")
        field = Field(label, name="new-name", autocomplete="off", value=name).props(f"maxlength={most} autofocus")

        def answer() -> None:
            wanted = str(field.value or "").strip()[:most]
            if wanted:
                dialog.submit(wanted)
            else:
                field.say(f"Give it a {label.lower()}")

        field.on("keydown.enter", answer, args=[])
        with ui.element("div").classes("confirm__actions"):
            ui.button("Cancel", color=None, on_click=lambda: dialog.submit(None)).props("flat")
            ui.button(action, color=None, on_click=answer).classes("btn--primary")
    try:
        said = await dialog
    finally:
        dialog.delete()
    return said if isinstance(said, str) and said != name else None
