"""/t/o/{token}.gif, /t/c/{token}, /t/u/{token}: what stands in e-mail. Plain answers to whoever has the letter: no page, no cookie,
nothing kept by anybody on the way. Whoever follows a link that leads nowhere is told so: tokens cannot be guessed.

They are served in front of everything else, the middleware that begins sessions among it.
"""

from __future__ import annotations

import asyncio
import logging
from base64 import b64decode
from contextlib import suppress
from typing import Any

from nicegui import app
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from state.errors import StateError
from state.starling import Starling
from state.tracking import Pace, Tracking, is_ahead

log = logging.getLogger("starling.tracking")

PREFIX = "/t/"
ANSWER_S = 5.0
PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
HEADERS = {
    "Cache-Control": "no-store, no-cache, must-revalidate, private, max-age=0",
    "Pragma": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
}
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: Canvas; color: CanvasText;
       font: 15px/1.6 Inter, system-ui, sans-serif }}
main {{ max-width: 400px; padding: 24px }}
h1 {{ font-size: 20px; font-weight: 600; margin: 0 0 8px }}
p {{ margin: 0 0 20px; opacity: .75 }}
button {{ font: inherit; font-weight: 500; min-height: 44px; padding: 0 20px; border: 0; border-radius: 10px; cursor: pointer;
         background: #6d4aff; color: #fff }}
button:focus-visible {{ outline: 2px solid #6d4aff; outline-offset: 2px }}
</style></head><body><main><h1>{title}</h1><p>{text}</p>{form}</main></body></html>"""
FORM = '<form method="post"><button type="submit">Unsubscribe</button></form>'

ASK = ("Unsubscribe?", "You will get no more e-mail from this sender. Nothing else changes.", FORM)
DONE = ("You are unsubscribed", "This sender will not write to you any more. You can close this page.", "")
NOWHERE = ("This link leads nowhere", "It may be old, or not have come through whole. Nothing has changed.", "")
LATER = ("Not right now", "We could not look that up. Please try again in a moment.", "")


def install(starling: Starling) -> None:
    """Serves the three addresses."""
    app.state.tracking = Tracking(starling.world.api)
    app.build_middleware_stack = lambda: Front(type(app).build_middleware_stack(app))


class Front:
    """Answers below /t/, and leaves everything else to what is behind it."""

    def __init__(self, behind: ASGIApp) -> None:
        self._behind = behind
        self._tracking: Starlette = tracking()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI says."""
        ours = scope["type"] == "http" and scope["path"].startswith(PREFIX)
        await (self._tracking if ours else self._behind)(scope, receive, send)


def tracking() -> Starlette:
    """The three addresses as an app of their own."""
    routes = [
        Route("/t/o/{name}", opened, methods=["GET", "HEAD"]),
        Route("/t/c/{token}", clicked, methods=["GET", "HEAD"]),
        Route("/t/u/{token}", leaving, methods=["GET", "HEAD"]),
        Route("/t/u/{token}", left, methods=["POST"]),
    ]
    made = Starlette(routes=routes, exception_handlers={404: nothing, 405: nothing, 500: broken})
    made.state.pace = Pace()
    return made


async def opened(request: Request) -> Response:
    """The picture, whatever the token: it was opened."""
    token, dot, suffix = request.path_params["name"].partition(".")
    if (dot + suffix) == ".gif" and _counts(request):
        with suppress(StateError, TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                await _tracking().opened(token, _agent(request))
    return Response(PIXEL, media_type="image/gif", headers=HEADERS)


async def clicked(request: Request) -> Response:
    """On to where the database says that the link leads."""
    try:
        async with asyncio.timeout(ANSWER_S):
            url = await _tracking().clicked(request.path_params["token"], _agent(request), counted=_counts(request))
    except (StateError, TimeoutError):
        return _page(LATER, 503, {"Retry-After": "5"})
    if url is None:
        return _page(NOWHERE, 404)
    return Response(status_code=302, headers={**HEADERS, "Location": _ascii(url)})


async def leaving(request: Request) -> Response:
    """Asks first: what looks through mail on its way follows links, and unsubscribes nobody."""
    return await _leave(request, ASK, sure=False)


async def left(request: Request) -> Response:
    """The button, or a mail program's own (RFC 8058). What it sends along is not read."""
    return await _leave(request, DONE, sure=True)


async def _leave(request: Request, words: tuple[str, str, str], *, sure: bool) -> Response:
    if sure and not _pace(request):
        return _page(LATER, 429, {"Retry-After": "5"})
    try:
        async with asyncio.timeout(ANSWER_S):
            known = await _tracking().unsubscribed(request.path_params["token"], sure=sure)
    except (StateError, TimeoutError):
        return _page(LATER, 503, {"Retry-After": "5"})
    return _page(words) if known else _page(NOWHERE, 404)


async def nothing(_: Request, error: Any) -> Response:
    """404 and 405."""
    headers = {**HEADERS, **(getattr(error, "headers", None) or {})}
    return PlainTextResponse("There is nothing here\n", error.status_code, headers)


async def broken(request: Request, _: Exception) -> Response:
    """500. The error is raised again behind this, and logged."""
    return _page(LATER, 500)


def _tracking() -> Tracking:
    return app.state.tracking


def _counts(request: Request) -> bool:
    return not is_ahead(request.method, request.headers) and _pace(request)


def _pace(request: Request) -> bool:
    pace: Pace = request.app.state.pace
    return pace.allows(request.client.host if request.client else "")


def _agent(request: Request) -> str:
    return request.headers.get("user-agent", "").replace("\x00", "")


def _ascii(url: str) -> str:
    """As a header can say it."""
    return "".join(
        letter if letter.isascii() else "".join(f"%{byte:02X}" for byte in letter.encode()) for letter in url
    )


def _page(words: tuple[str, str, str], status: int = 200, more: dict[str, str] | None = None) -> Response:
    title, text, form = words
    return HTMLResponse(PAGE.format(title=title, text=text, form=form), status, {**HEADERS, **(more or {})})
