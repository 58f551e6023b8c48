"""Opening a socket: the serializer version and the API key, and HTTP answers to what is wrong with them."""

from __future__ import annotations

from uuid import uuid4

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from embedded.keys import InvalidToken
from embedded.realtime.client import Client
from embedded.realtime.errors import token_message
from embedded.realtime.outbox import EXTENSION
from embedded.realtime.serializer import Version
from embedded.realtime.server import Server


class Handshake:
    """The ASGI application of `/websocket`; uvicorn must run with `ws=WebSocketProtocol`."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        try:
            version = Version(websocket.query_params.get("vsn", Version.V1.value))
        except ValueError:
            return await websocket.send_denial_response(Response(status_code=403))
        key = websocket.query_params.get("apikey") or websocket.headers.get("x-api-key")
        if not key:
            return await _deny(websocket, "API key is missing")
        token = self._server.keys.as_jwt(key)
        try:
            self._server.keys.verify(token)
        except InvalidToken as error:
            return await _deny(websocket, "Token has expired" if error.reason == "expired" else token_message(error))
        transport = scope["extensions"][EXTENSION]
        await websocket.accept()
        # From here on frames go past Starlette, whose checks cost more than the frames.
        return await Client(self._server, receive, send, transport, version, token, _id(scope)).run()


def _id(scope: Scope) -> str:
    """The gateway's request id, or without a gateway one of our own."""
    return scope.get("state", {}).get("request_id") or str(uuid4())


async def _deny(websocket: WebSocket, error: str) -> None:
    headers = {"content-type": "application/json; charset=utf-8"}
    await websocket.send_denial_response(JSONResponse({"error": error}, 401, headers))
