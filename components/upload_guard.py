"""What a browser uploads is refused before it is read when it is larger than any page takes.

NiceGUI reads a whole upload before it asks the page; the limit that a page names is kept by the browser alone. What a page
takes of a kind is checked again where the file arrives, so this is about how much one request may cost.
"""

from __future__ import annotations

import re
from typing import Any

from nicegui import app
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_FILE = 20 * 2**20  # bytes: what a page may take at most
LARGEST_BODY = LARGEST_FILE + 64 * 2**10  # with the form around it
UPLOADS = re.compile(r"/_nicegui/client/[^/]+/upload/\d+/?")
TOO_LARGE = f"A file is larger than {LARGEST_FILE // 2**20} MB"


def install() -> None:
    """In front of every upload of every page."""
    app.add_middleware(UploadGuard)


class _TooLarge(Exception):
    """More came than was said, or than is taken."""


class UploadGuard:
    """ASGI: answers 413 by the length that a request names, or once more has come than any page takes."""

    def __init__(self, app: ASGIApp, largest: int = LARGEST_BODY) -> None:
        self._app, self._largest = app, largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not UPLOADS.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        if length.isdigit() and int(length) > self._largest:
            await _refuse(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, self._counted(receive), sending)
        except _TooLarge:
            if begun:
                raise  # half an answer is out
            await _refuse(scope, receive, send)

    def _counted(self, receive: Receive) -> Receive:
        """Chunked bodies name no length."""
        received = 0

        async def counting() -> Any:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._largest:
                raise _TooLarge
            return message

        return counting


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    answer = PlainTextResponse(TOO_LARGE, 413, headers={"connection": "close"})  # the rest is not read
    await answer(scope, receive, send)
