"""Asking before something that cannot be undone."""

from __future__ import annotations

from nicegui import ui

from components.tag import Tag


async def confirm(question: str, consequence: str, action: str) -> bool:
    """Shows a dialog; whether `action`, the button's verb, was chosen. Esc and a click beside it are a no."""
    with ui.dialog() as dialog, ui.card().classes("confirm"):
        dialog.props["aria-label"] = question
        Tag("h2", question, "title")
        Tag("p", consequence, "secondary")
        with ui.element("div").classes("confirm__actions"):
            ui.button("Cancel", color=None, on_click=lambda: dialog.submit(False)).props("flat autofocus")
            ui.button(action, color=None, on_click=lambda: dialog.submit(True)).props("flat").classes("btn--danger")
    try:
        return bool(await dialog)
    finally:
        dialog.delete()
