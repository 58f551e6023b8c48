"""Broadcasts by HTTP: many messages in one request, or one message whose body is its payload."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from embedded.keys import Claims, InvalidToken
from embedded.realtime.channel import PREFIX
from embedded.realtime.errors import DatabaseAway
from embedded.realtime.hub import TopicName
from embedded.realtime.serializer import MalformedFrame, Outgoing, parse
from embedded.realtime.server import Server

log = logging.getLogger(__name__)

BLANK, INVALID, TOO_LARGE = "can't be blank", "is invalid", "Payload size exceeds tenant limit"
CONTENT_TYPES = {"application/json": True, "application/octet-stream": False}
UNSUPPORTED = "Unsupported Media Type. Use application/json or application/octet-stream"

Handler = Callable[[Request, Claims], Awaitable[Response]]


@dataclass(frozen=True)
class _Message:
    to: TopicName
    event: str
    payload: dict[str, Any]


class HttpBroadcast:
    """The endpoints below `/api/broadcast`."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.routes = [
            Route("/api/broadcast", self._authorized(self._many), methods=["POST"]),
            Route("/api/broadcast/{topic:path}/events/{event}", self._authorized(self._one), methods=["POST"]),
        ]

    def _authorized(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                claims = self._server.keys.verify(_token(request))
            except InvalidToken:
                return JSONResponse({"message": "Unauthorized"}, 401)
            if not self._server.events.add():
                return JSONResponse({"message": "Too many requests"}, 429)
            response = await handler(request, claims)
            rate = self._server.events
            response.headers["x-rate-limit"] = str(rate.per_second)
            response.headers["x-rate-rolling"] = f"{rate.average:g}"
            response.headers["x-rate-limit-remaining"] = str(max(0, int(rate.per_second - rate.average)))
            return response

        return endpoint

    async def _many(self, request: Request, claims: Claims) -> Response:
        try:
            body = parse(await request.body())
        except MalformedFrame:
            return HTMLResponse("Bad Request", 400)
        messages, errors = _parse(body, self._server.limits.max_payload_bytes)
        if errors is not None:
            return JSONResponse({"errors": {"messages": errors}}, 422)
        permitted: dict[TopicName, bool] = {}
        for message in messages:
            if message.to not in permitted:
                permitted[message.to] = await self._permitted(claims, message.to)
            if permitted[message.to]:
                payload = {"event": message.event, "payload": message.payload, "type": "broadcast"}
                self._server.hub.send(message.to, Outgoing(PREFIX + message.to.name, "broadcast", payload))
        return Response(status_code=202)

    async def _one(self, request: Request, claims: Claims) -> Response:
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type not in CONTENT_TYPES:
            return JSONResponse({"error": UNSUPPORTED}, 415)
        is_json, data = CONTENT_TYPES[content_type], await request.body()
        if is_json:
            try:
                parse(data)
            except MalformedFrame:
                return HTMLResponse("Bad Request", 400)
        if len(data) > self._server.limits.max_payload_bytes:
            return JSONResponse({"errors": {"payload": [TOO_LARGE]}}, 422)
        to = TopicName(request.path_params["topic"], request.query_params.get("private") == "true")
        if not await self._permitted(claims, to):
            return JSONResponse({"message": "Unauthorized"}, 403)
        self._server.hub.broadcast(to, request.path_params["event"], data, is_json=is_json)
        return Response(status_code=202)

    async def _permitted(self, claims: Claims, to: TopicName) -> bool:
        if not to.private:
            return True
        try:
            return await self._server.authorizer.may_write(claims, to.name, "broadcast")
        except DatabaseAway as error:
            log.warning("a broadcast to %s could not be checked: %s", to.name, error)
            return False


def _token(request: Request) -> str:
    """What the gateway found, else a bearer, else the API key."""
    if token := getattr(request.state, "token", None):
        return token
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    return bearer if scheme.lower() == "bearer" else request.headers.get("apikey", "")


def _parse(body: Any, max_bytes: int) -> tuple[list[_Message], list[Any] | None]:
    """The messages of a batch, or what is wrong with it: one object per message, empty for a good one."""
    listed = body.get("messages") if isinstance(body, dict) else None
    if listed is None or listed == []:
        return [], [BLANK]
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        return [], [INVALID]
    errors = [_errors_of(one, max_bytes) for one in listed]
    if any(errors):
        return [], errors
    return [
        _Message(TopicName(one["topic"], one.get("private") in (True, "true")), one["event"], one["payload"])
        for one in listed
    ], None


def _errors_of(message: dict[str, Any], max_bytes: int) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    for field, kind in (("topic", str), ("event", str), ("payload", dict)):
        value = message.get(field)
        if value is None or value == "":
            errors[field] = [BLANK]
        elif not isinstance(value, kind):
            errors[field] = [INVALID]
        elif field == "payload" and len(orjson.dumps(value)) > max_bytes:
            errors[field] = [TOO_LARGE]
    return errors
