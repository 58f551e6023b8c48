"""The HTTP API: what programs may ask, as the member whose access token they bring.

A folder beside `pages`, because it is the same for programs: what somebody outside may ask, laid out on top of `state` (of which
it uses REST, its questions and its errors). It draws nothing and knows neither pages nor components. It is an application of its own,
mounted at /api, so that its errors are its own (A2). What it writes goes the way of everything else, so open pages show it at once.

A1  The database decides: every question goes to Supabase with the caller's own token, and nothing here has another.
A2  Whatever goes wrong, the answer is a `Problem` in JSON, never a page.
A3  A member asks as often as `caller.PER_MINUTE` says, whichever of their tokens they use; an address that brings bad tokens
    less. Past that: 429 with Retry-After.
A4  A body is at most `MAX_BODY` bytes, whatever its headers say.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi_offline import FastAPIOffline
from nicegui import app

from api import activities, contacts
from api.body_limit import BodyLimit
from api.caller import Callers
from api.problems import PROBLEMS, explain_problems
from state.starling import Starling

PATH = "/api"
STATIC = "/static-offline-docs"  # what the page of the document is made of
ROOM = "<style>.swagger-ui .markdown p { line-height: 2 }</style>"  # its code would cover the lines around
ABOUT = """
Contacts and activities of the teams you are in. Send a Supabase access token of yours as bearer token:
`POST /auth/v1/token?grant_type=password` of the Supabase project gives you one, and it lasts an hour.

Lists are paged by cursor: send `next` of one answer as `cursor` of the next question. What is written here shows at once on
every open page.
"""


def install(starling: Starling, dark: Callable[[], bool]) -> None:
    """Serves it beside the pages. `dark`: whether whoever asks has chosen so."""
    app.remove_route(PATH)  # that of another root object in this process: tests have many
    app.mount(PATH, build(starling, dark))


def build(starling: Starling, dark: Callable[[], bool] = lambda: True) -> FastAPI:
    """The application that is mounted."""
    api = FastAPIOffline(
        docs_url=None,
        redoc_url=None,
        title="Starling",
        version="1",
        description=ABOUT,
        responses=PROBLEMS,
        separate_input_output_schemas=False,
        static_url=STATIC,
    )

    @api.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        page = get_swagger_ui_html(
            openapi_url=f"{PATH}{api.openapi_url}",
            title="Starling API",
            swagger_js_url=f"{PATH}{STATIC}/swagger-ui-bundle.js",
            swagger_css_url=f"{PATH}{STATIC}/swagger-ui.css",
            swagger_favicon_url="/favicon.ico",
        )
        text = bytes(page.body).decode().replace("</head>", ROOM + "</head>", 1)
        return HTMLResponse(text.replace("<html>", '<html class="dark-mode">', 1) if dark() else text)

    api.state.callers = Callers(starling.project)
    explain_problems(api)
    api.include_router(activities.router)
    api.include_router(contacts.router)
    api.add_middleware(BodyLimit)
    if origins := starling.settings.allowed_origins:
        api.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=["Retry-After"],
        )
    return api
