"""Runs services on a real socket, behind the least of a gateway: the token goes into `request.state.token`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from embedded.keys import Keys
from embedded.ports import listen
from supabase import AsyncClient, AsyncClientOptions, acreate_client


class _Tokens:
    """What the gateway does for the services: the bearer token, or the key."""

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            token = headers.get("authorization", "").removeprefix("Bearer ") or headers.get("apikey", "")
            scope.setdefault("state", {})["token"] = self._keys.as_jwt(token)
        await self._app(scope, receive, send)


@asynccontextmanager
async def served(services: Mapping[str, list[BaseRoute]], keys: Keys) -> AsyncIterator[str]:
    """The URL under which the routes of `services` answer, each below its prefix."""
    app = Starlette(routes=[Mount(prefix, routes=routes) for prefix, routes in services.items()])
    with listen(0, "--port") as listener:
        config = uvicorn.Config(_Tokens(app, keys), log_level="warning", lifespan="off")
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]), name="serve")
        try:  # the socket listens already: who comes early waits in its backlog
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


async def client(url: str, key: str, http: httpx.AsyncClient) -> AsyncClient:
    """A supabase-py client of its own session, over the shared `http`."""
    options = AsyncClientOptions(auto_refresh_token=False, persist_session=False, httpx_client=http)
    return await acreate_client(url, key, options)
