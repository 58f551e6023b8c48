"""Pages for what is not there and for what broke: calm, in the same look, with a way on."""

from __future__ import annotations

import logging

from fastapi import Request, Response
from fastapi.exception_handlers import http_exception_handler
from nicegui import Client, app, ui
from starlette.exceptions import HTTPException

from components.shell import bare
from components.tag import Tag
from components.theme import ICON

log = logging.getLogger("starling.pages")


def install() -> None:
    """Show these pages in place of NiceGUI's."""
    app.add_exception_handler(404, not_found)
    app.on_page_exception(broke)


async def not_found(request: Request, error: Exception) -> Response:
    """For people a page, for programs that asked an endpoint what FastAPI says."""
    if isinstance(error, HTTPException) and "text/html" not in request.headers.get("accept", ""):
        return await http_exception_handler(request, error)
    log.info("%s is not there", request.url.path)
    with Client(ui.page(""), request=request) as client:
        _explain(
            "travel_explore",
            "There is nothing here",
            "The address may be old, or mistyped. Everything else still works.",
        )
    return client.build_response(request, 404)


def broke(_: Exception) -> None:
    """What is shown instead of a page that could not be built; NiceGUI logs why."""
    _explain(
        "error",
        "This page did not open",
        "Something broke on our side. What you made is safe; please try again in a moment.",
    )


def _explain(icon: str, heading: str, sentence: str) -> None:
    with bare(heading), ui.element("div").classes("explain"):
        ui.icon(ICON + icon).classes("explain__icon").props("aria-hidden=true")
        Tag("h1", heading, "form__heading")
        Tag("p", sentence, "muted")
        with ui.element("div").classes("landing__actions"):
            ui.link("Go to the studio", "/studio").classes("action action--large")
            ui.link("Home", "/").classes("action action--large action--quiet")
