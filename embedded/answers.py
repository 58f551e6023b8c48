"""How Auth and Storage answer: in JSON, and with refusals that know the words of the service they stand for.

Refusal
├── AuthError       auth/errors.py
└── StorageError    storage/errors.py
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

log = logging.getLogger("embedded.answers")

Handler = Callable[[Request], Awaitable[Response]]


class Refusal(Exception):
    """What a service will not do: a status and a message for people."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def response(self, request: Request) -> Response:
        """What the client is told."""
        raise NotImplementedError


def json_response(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """`body` as JSON; bytes are JSON already, Postgres's own."""
    content = body if isinstance(body, bytes) else orjson.dumps(body, default=str)
    return Response(content, status, headers, media_type="application/json")


def route(
    methods: str | Sequence[str], path: str, handler: Handler, translate: Callable[[Exception], Refusal | None] = lambda _: None
) -> Route:  # fmt: skip
    """An endpoint that answers with the refusals of `handler`, and with what `translate` makes one of; all else is the
    gateway's to tell."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except Exception as error:
            refusal = error if isinstance(error, Refusal) else translate(error)
            if refusal is None:
                raise
            if refusal.status >= 500:
                log.error("%s %s: %s", request.method, request.url.path, refusal.message, exc_info=error)
            return refusal.response(request)

    return Route(path, answered, methods=[methods] if isinstance(methods, str) else list(methods))
