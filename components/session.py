"""Who is looking at this page: the bridge from a browser's cookie to the live state behind it.

The cookie holds a random session id that is made at sign-in, so one that was planted before is worth nothing. A page
cannot set cookies over its socket; it goes through `/session/begin` with a ticket that works once, in that browser.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from copy import copy
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse
from nicegui import app, ui
from nicegui.events import GenericEventArguments

from components import missed
from state.generation import Studio
from state.member import LINGER_S, SIGNED_OUT, Member
from state.starling import Starling
from state.sync.audience import Seat
from state.world import World

COOKIE = "starling_session"
COOKIE_S = 30 * 24 * 3600
TICKET_S = 30
MAX_TICKETS = 1000
VISIBLE = "starling_visible"  # all sent by static/session.js
ACTIVE = "starling_active"
LEFT = "starling_left"  # as the last word of a page that one goes away from, or closes
LEAVE_S = 15.0  # whoever is gone for less was not away: a page that is left is followed by the next one
KEPT_S = LINGER_S + 10  # a page whose browser was cut off waits for it, while the member behind it is still there
MOST_KEPT = 200  # of two megabytes each, as long as they are open and as long as they wait


@dataclass(frozen=True)
class Visitor:
    """`member` is None for a guest."""

    starling: Starling
    world: World
    member: Member | None
    studio: Studio


@dataclass(frozen=True)
class Ticket:
    """A session on its way into a cookie."""

    session_id: str
    browser_id: str
    expires: float


_tickets: dict[str, Ticket] = {}
_kept: set[str] = set()  # pages that wait


def install(starling: Starling) -> None:
    """Makes the state known to the pages of this process, and serves the two addresses that change the cookie."""
    app.state.starling = starling
    app.add_api_route("/session/begin", begin, methods=["GET"], include_in_schema=False)
    app.add_api_route("/session/end", end, methods=["GET"], include_in_schema=False)


def starling() -> Starling:
    """The root of this process' state."""
    return app.state.starling


async def visitor() -> Visitor:
    """Whoever has opened the page that is being built. Their tab counts from when its socket is up until it is gone for
    `LEAVE_S`; the page itself is kept longer, so that one is where one was after a cut, and need not load it again."""
    root = starling()
    client = ui.context.client
    client.page = copy(client.page)  # how long it is kept is its own
    session_id = client.request.cookies.get(COOKIE)
    member = root.members.of(session_id)
    audiences = [root.world.audience, *([member.audience] if member else [])]
    seats: list[Seat] = []
    said = {VISIBLE: True, ACTIVE: True, LEFT: False}  # the browser may say it before the seats are taken
    leaving: asyncio.TimerHandle | None = None

    def connected() -> None:
        stay()
        said[LEFT] = False
        missed.as_it_is_now(client)
        if not seats:
            seats.extend(audience.enter(client.page.path) for audience in audiences)
            show()
        for seat in seats:
            seat.connected = True

    def disconnected() -> None:
        nonlocal leaving
        if client.has_socket_connection:
            return  # said of a former socket, after the next one is up
        for seat in seats:  # they count all the same, for a while: whoever goes on to another page is not away
            seat.connected = False
        stay()
        leaving = asyncio.get_running_loop().call_later(LEAVE_S, leave)
        waits = not said[LEFT] and len(_kept) < MOST_KEPT
        client.page.reconnect_timeout = KEPT_S if waits else None
        if waits:
            _kept.add(client.id)

    def stay() -> None:
        _kept.discard(client.id)
        if leaving is not None:
            leaving.cancel()

    def leave() -> None:
        while seats:
            seats.pop().leave()

    def gone() -> None:
        stay()
        leave()

    def show() -> None:
        for seat in seats:
            seat.see(said[VISIBLE])
            seat.act(said[ACTIVE])

    def hear(name: str, event: GenericEventArguments) -> None:
        said[name] = bool(event.args)
        show()

    def released(id: str, _: str) -> None:
        if id == session_id and member is not None and not member.over:
            with client:  # the rows stay, for this person's other browsers: not for this one
                ui.navigate.to("/session/end")

    if member is not None:
        member.released.subscribe(released)
    client.on_connect(connected)
    client.on_disconnect(disconnected)
    client.on_delete(gone)
    for name in said:
        ui.on(name, partial(hear, name))
    return Visitor(root, root.world, member, (member or root.world).studio)


async def sign_in(email: str, password: str, *, to: str = "/studio") -> None:
    """Signs this browser in and goes to `to`. Raises SignInError, RateLimited or Unreachable."""
    _hand_over(await starling().sessions.sign_in(email, password, agent=_agent()), to)


async def sign_up(email: str, password: str, username: str, display_name: str, *, to: str = "/studio") -> None:
    """Makes an account, signs this browser in and goes to `to`. Raises SignInError, RateLimited or Unreachable."""
    session_id = await starling().sessions.sign_up(email, password, username, display_name, agent=_agent())
    _hand_over(session_id, to)


async def sign_out(reason: str = SIGNED_OUT) -> None:
    """Ends this browser's session and goes to the front door; other tabs of it say the reason."""
    session_id = ui.context.client.request.cookies.get(COOKIE)
    if session_id:
        await starling().members.sign_out(session_id, reason)
    ui.navigate.to("/session/end")


def session_id() -> str | None:
    """That of the browser whose page this is."""
    return ui.context.client.request.cookies.get(COOKIE)


def _agent() -> str:
    return ui.context.client.request.headers.get("user-agent", "")


def _hand_over(session_id: str, to: str) -> None:
    now = time.monotonic()
    for old in [name for name, ticket in _tickets.items() if ticket.expires < now]:
        del _tickets[old]
    while len(_tickets) >= MAX_TICKETS:
        del _tickets[next(iter(_tickets))]
    name = secrets.token_urlsafe(24)
    _tickets[name] = Ticket(session_id, app.storage.browser["id"], now + TICKET_S)
    ui.navigate.to(f"/session/begin?{urlencode({'ticket': name, 'to': to})}")


async def begin(request: Request, ticket: str = "", to: str = "/studio") -> RedirectResponse:
    """Sets the cookie that a ticket stands for; a session that this browser had before ends."""
    found = _tickets.pop(ticket, None)
    if found is None or found.expires < time.monotonic() or found.browser_id != request.session.get("id"):
        return RedirectResponse("/sign-in", 303)
    former = request.cookies.get(COOKIE)
    if former and former != found.session_id:
        await starling().members.sign_out(former)
    response = RedirectResponse(internal(to), 303)
    response.set_cookie(
        COOKIE, found.session_id, max_age=COOKIE_S, httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )
    return response


async def end(request: Request) -> RedirectResponse:
    """Forgets the cookie, once its session is over: a link from elsewhere signs nobody out."""
    response = RedirectResponse("/", 303)
    if starling().sessions.get(request.cookies.get(COOKIE)) is None:
        response.delete_cookie(COOKIE)
    return response


def internal(path: str) -> str:
    """`path`, if it leads somewhere in this app; the studio otherwise."""
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if plain else "/studio"
