"""What every answer tells a browser not to do with it: show it in a frame of another site, take it for another type, or run scripts of
other hosts. Pages are drawn by scripts in them and by templates compiled there, so those two stay allowed; nothing that somebody
wrote becomes either."""

from __future__ import annotations

from nicegui import app
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

RULES = {
    "Content-Security-Policy": (
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def install() -> None:
    """For everything this process answers."""
    app.add_middleware(BrowserRules)


class BrowserRules:
    """ASGI: adds the headers that an answer does not have."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in RULES.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)
