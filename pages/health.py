"""What programs ask of this process: does it live, may somebody be sent here, and what does it count.

/healthz   200 while the event loop answers
/readyz    200 once the rows that everybody sees are here; else 503 and why
/metrics   for Prometheus: with `STARLING_METRICS_TOKEN` as bearer; without that setting from this machine only
"""

from __future__ import annotations

import secrets
from ipaddress import ip_address

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from nicegui import app
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry

from components import session
from state.prometheus import exposition, registry
from state.starling import Starling

FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")
NEVER_KEPT = {"Cache-Control": "no-store"}


def install(starling: Starling) -> None:
    """Serves the three addresses."""
    app.state.metrics = registry(starling)
    for path, endpoint in (("/healthz", healthz), ("/readyz", readyz), ("/metrics", metrics)):
        app.add_api_route(path, endpoint, methods=["GET"], include_in_schema=False)


async def healthz() -> Response:
    """That this answers is the answer."""
    return JSONResponse({"alive": True}, headers=NEVER_KEPT)


async def readyz() -> Response:
    """Whether people may be sent here."""
    reason = session.starling().diagnostics.not_ready()
    answer = {"ready": False, "reason": reason} if reason else {"ready": True}
    return JSONResponse(answer, 503 if reason else 200, headers=NEVER_KEPT)


async def metrics(request: Request) -> Response:
    """Everything that is counted, in Prometheus' text format."""
    token = session.starling().settings.metrics_token
    if not (bears(request, token.get_secret_value()) if token is not None else from_here(request)):
        return JSONResponse(
            {"error": "Send STARLING_METRICS_TOKEN as bearer token; without that setting only this machine may ask"},
            401 if token is not None else 403,
            headers={"WWW-Authenticate": "Bearer"} if token is not None else None,
        )
    of: CollectorRegistry = app.state.metrics
    return Response(exposition(of), media_type=CONTENT_TYPE_LATEST, headers=NEVER_KEPT)


def bears(request: Request, token: str) -> bool:
    """Whether the request brings that token."""
    scheme, _, brought = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and secrets.compare_digest(brought.strip().encode(), token.encode())


def from_here(request: Request) -> bool:
    """Whether this machine asks, and not through a proxy on it, which would stand for anybody."""
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False
