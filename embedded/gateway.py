"""The one address of the stack: what a hosted project's gateway does before a service sees a request.

API keys, CORS, the largest body, a request id, one log line and one count a request, and an answer when the database is
away. `/metrics` is answered before all of that.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, quote

import asyncpg
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from embedded.database import UNAVAILABLE
from embedded.keys import InvalidToken, Keys
from embedded.metrics import PATH as METRICS_PATH
from embedded.metrics import Metrics

log = logging.getLogger("embedded.requests")

MAX_BODY_BYTES = 10_000_000
MAX_UPLOAD_BYTES = 60_000_000  # storage itself answers for its buckets' limits, at most 50 MiB

# A client's own id for its request, as far as it cannot be mistaken for anything else in a log.
REQUEST_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)

# Served without a key: what browsers open by themselves, and what proves itself by a token in its query.
OPEN_PATHS = re.compile(
    r"/auth/v1/(health|authorize|callback|verify|\.well-known/.*)"
    r"|/storage/v1/(status|version|object/public/.*|object/info/public/.*|object/sign/.*|object/upload/sign/.*|render/image/(public|sign)/.*)"
)

NO_KEY = {"message": "No API key found in request", "hint": "No `apikey` request header or url param was found."}
WRONG_KEY = {"message": "Invalid API key", "hint": "Double check your Supabase `anon` or `service_role` API key."}
NO_ROUTE = {"message": "no Route matched with those values"}
TOO_LARGE = {"message": "Request size limit exceeded"}
BROKEN = {"message": "An unexpected error occurred"}
DATABASE_AWAY = {"message": "The database is not available at the moment. Try again."}

# ConnectionError is what connecting raises; the client errors are asyncpg's for a connection that is going or gone.
DATABASE_ERRORS = (ConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError, *UNAVAILABLE)

CORS = (
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, "
        b"Range-Unit, Sb-Request-Id",
    ),
)
PREFLIGHT_METHODS = "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT"


class BodyTooLarge(Exception):
    """The request's body went past its limit while it was read."""


def create_app(
    keys: Keys, services: Mapping[str, Sequence[BaseRoute]], metrics: Metrics | None = None
) -> ASGIApp:  # fmt: skip
    """The gateway over `services`: path prefixes and the routes below them. Without `metrics` nothing is counted."""
    mounts = [Mount(prefix, app=_router(routes)) for prefix, routes in services.items()]
    return Gateway(ExceptionMiddleware(_router(mounts)), keys, tuple(services), metrics)


def _router(routes: Sequence[BaseRoute]) -> Router:
    return Router(routes, redirect_slashes=False, default=_no_route)


async def _no_route(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})  # before it was accepted: HTTP 403
    else:
        await JSONResponse(NO_ROUTE, 404)(scope, receive, send)


class Gateway:
    """ASGI middleware; sets `request.state.token`, the JWT that a request acts with, and `request.state.request_id`."""

    def __init__(self, app: ASGIApp, keys: Keys, prefixes: Sequence[str], metrics: Metrics | None) -> None:
        self._app = app
        self._keys = keys
        self._prefixes = prefixes
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        request_id = _request_id(headers)
        scope.setdefault("state", {})["request_id"] = request_id
        if scope["type"] != "http":
            await self._app(scope, receive, send)  # a websocket's key is Realtime's to judge
            return
        if scope["path"] == METRICS_PATH and self._metrics:
            await self._metrics(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = [
                    (name, value)
                    for name, value in message.get("headers", ())
                    if not name.startswith(b"access-control-")
                ]
                added = [*CORS, (b"sb-request-id", request_id.encode())]
                if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
                    added += _preflight(headers)
                message = {**message, "headers": [*own, *added]}
            await send(message)

        try:
            await self._handle(scope, headers, receive, send_with_headers)
        except Exception as error:
            if status:
                raise  # half an answer is out: all that is left is to cut the connection
            if isinstance(error, BodyTooLarge):
                await JSONResponse(TOO_LARGE, 413)(scope, receive, send_with_headers)
            elif isinstance(error, DATABASE_ERRORS):
                log.warning("%s %s: the database is away: %r", scope["method"], scope["path"], error)
                await JSONResponse(DATABASE_AWAY, 503)(scope, receive, send_with_headers)
            else:
                log.exception("%s %s failed", scope["method"], scope["path"])
                await JSONResponse(BROKEN, 500)(scope, receive, send_with_headers)
        finally:
            # Never the query string: it may carry keys and signatures. And one line, whatever the path holds.
            elapsed_ms = (time.perf_counter() - started) * 1000
            path = quote(scope["path"], errors="replace")
            log.info("%s %s %d %.1f ms %s", scope["method"], path, status, elapsed_ms, request_id)
            if self._metrics:
                self._metrics.answered(self._service(scope["path"]), status)

    async def _handle(self, scope: Scope, headers: Mapping[str, str], receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await Response(status_code=HTTPStatus.NO_CONTENT)(scope, receive, send)
            return
        token, refusal = self._token(scope, headers)
        if refusal:
            await JSONResponse(refusal, 401)(scope, receive, send)
            return
        limit = MAX_UPLOAD_BYTES if scope["path"].startswith("/storage/v1/") else MAX_BODY_BYTES
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > limit:
            await JSONResponse(TOO_LARGE, 413)(scope, receive, send)
            return
        scope["state"]["token"] = token
        await self._app(scope, _limited(receive, limit), send)

    def _service(self, path: str) -> str:
        return next((prefix for prefix in self._prefixes if path.startswith(f"{prefix}/")), "")

    def _token(self, scope: Scope, headers: Mapping[str, str]) -> tuple[str, Mapping[str, str] | None]:
        """The token a request acts with, or why it may not pass."""
        apikey = headers.get("apikey") or _query_key(scope)
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        bearer = self._keys.as_jwt(bearer.strip()) if scheme.lower() == "bearer" else ""
        if apikey:
            if not self._is_good(apikey):
                return "", WRONG_KEY
            return bearer or self._keys.as_jwt(apikey), None
        if bearer and self._is_good(bearer):
            return bearer, None
        if OPEN_PATHS.fullmatch(scope["path"]):
            return bearer or self._keys.anon_key, None
        return "", WRONG_KEY if bearer else NO_KEY

    def _is_good(self, key: str) -> bool:
        try:
            self._keys.verify(key)
        except InvalidToken:
            return False
        return True


def _request_id(headers: Mapping[str, str]) -> str:
    """The id that the client gave its request, or a new one."""
    given = headers.get("sb-request-id") or headers.get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else str(uuid.uuid4())


def _query_key(scope: Scope) -> str:
    if b"apikey=" not in scope["query_string"]:
        return ""
    return parse_qs(scope["query_string"].decode("latin-1")).get("apikey", [""])[0]


def _preflight(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    asked = headers.get("access-control-request-headers", "authorization, apikey, content-type, x-client-info")
    return [
        (b"access-control-allow-methods", PREFLIGHT_METHODS.encode()),
        (b"access-control-allow-headers", asked.encode("latin-1")),
        (b"access-control-max-age", b"3600"),
        (b"vary", b"Access-Control-Request-Headers"),
    ]


def _limited(receive: Receive, limit: int) -> Receive:
    """`receive`, which raises BodyTooLarge once more than `limit` bytes came: chunked bodies name no length."""
    received = 0

    async def counting() -> Any:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise BodyTooLarge
        return message

    return counting
