"""The endpoints under /admin/users, for the service role."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from secrets import token_urlsafe
from uuid import UUID

import asyncpg
from starlette.requests import Request
from starlette.responses import Response

from embedded.answers import Handler, json_response, route
from embedded.auth import passwords, users
from embedded.auth.errors import EMAIL_EXISTS, AuthError, field, json_body, mapping
from embedded.database import Connection, Database
from embedded.keys import Claims

ADMIN_ROLES = frozenset({"service_role", "supabase_admin"})
PAGE = 50  # accounts in a page unless told otherwise
LONGEST_PAGE = 1000

DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|m|s|ms|us|µs|ns)")  # as Go writes them: 1h30m
UNIT_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
LONGEST_BAN = timedelta(days=365 * 290)  # what Go's durations can hold


def ban_duration(text: str) -> timedelta | None:
    """A ban as GoTrue reads it: empty leaves things as they are, `none` ends a ban. Raises AuthError."""
    if not text:
        return None
    if text == "none":
        return timedelta()
    if not re.fullmatch(f"(?:{DURATION.pattern})+", text):
        raise AuthError(400, "validation_failed", f'invalid format for ban duration: time: invalid duration "{text}"')
    seconds = sum(float(amount) * UNIT_S[unit] for amount, unit in DURATION.findall(text))
    return timedelta(seconds=min(seconds, LONGEST_BAN.total_seconds()))


class Admin:
    """Lists, creates, changes and removes accounts. `claims_of` reads the bearer token and raises AuthError."""

    def __init__(self, database: Database, claims_of: Callable[[Request], Claims]) -> None:
        self._database = database
        self._claims_of = claims_of
        self.routes = [
            route("GET", "/admin/users", self._guarded(self._list)),
            route("POST", "/admin/users", self._guarded(self._create)),
            route("GET", "/admin/users/{id}", self._guarded(self._get)),
            route("PUT", "/admin/users/{id}", self._guarded(self._update)),
            route("DELETE", "/admin/users/{id}", self._guarded(self._delete)),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            if self._claims_of(request)["role"] not in ADMIN_ROLES:
                raise AuthError(403, "not_admin", "User not allowed")
            return await handler(request)

        return guarded

    async def _list(self, request: Request) -> Response:
        number, size = _positive(request, "page", 1), min(_positive(request, "per_page", PAGE), LONGEST_PAGE)
        async with users.transaction(self._database) as connection:
            search = request.query_params.get("filter", "").replace("\x00", "")
            found, total = await users.page(connection, search, size, (number - 1) * size)
        pages = -(-total // size)
        places = [(number + 1, "next")] * (number < pages) + [(max(pages, 1), "last")]
        path = request.scope.get("root_path", "") + "/admin/users"
        link = ", ".join(f'<{path}?page={place}&per_page={size}>; rel="{name}"' for place, name in places)
        body = {"users": [users.shown(user) for user in found], "aud": users.AUDIENCE}
        return json_response(body, headers={"x-total-count": str(total), "link": link})

    async def _create(self, request: Request) -> Response:
        body = await json_body(request)
        _refuse_phone(body)
        if not field(body, "email"):
            raise AuthError(400, "validation_failed", "Cannot create a user without either an email or phone")
        email = users.valid_email(field(body, "email"))
        password = field(body, "password")
        if password:
            passwords.check_strength(password)
        ban = ban_duration(field(body, "ban_duration"))
        user_id = None
        if wanted := field(body, "id"):
            user_id = _uuid(wanted, AuthError(400, "validation_failed", "ID must conform to the uuid v4 format"))
        password_hash = await passwords.hashed(password or token_urlsafe(48))
        async with users.transaction(self._database, "Database error creating new user") as connection:
            if await users.by_email(connection, email):
                raise AuthError(*EMAIL_EXISTS)
            user_id = await users.create(
                connection, email=email, password_hash=password_hash, data=mapping(body, "user_metadata") or {},
                user_id=user_id, role=field(body, "role") or "authenticated",
            )  # fmt: skip
            await users.put_email_identity(connection, user_id, email, {})
            await users.update(
                connection, user_id, app_metadata=mapping(body, "app_metadata"),
                confirm=body.get("email_confirm") is True, ban=ban,
            )  # fmt: skip
            return json_response(users.shown(await _account(connection, user_id)))

    async def _get(self, request: Request) -> Response:
        async with users.transaction(self._database) as connection:
            return json_response(users.shown(await _account(connection, _path_id(request))))

    async def _update(self, request: Request) -> Response:
        body, user_id = await json_body(request), _path_id(request)
        _refuse_phone(body)
        email, password = field(body, "email"), body.get("password")
        email = users.valid_email(email) if email else None
        if password is not None:
            passwords.check_strength(field(body, "password"))
        ban = ban_duration(field(body, "ban_duration"))
        password_hash = await passwords.hashed(password) if password is not None else None
        async with users.transaction(self._database, "Error updating user") as connection:
            await _account(connection, user_id)
            if email:
                await users.put_email_identity(connection, user_id, email, {})
            await users.update(
                connection, user_id, email=email, password_hash=password_hash, role=field(body, "role") or None,
                user_metadata=mapping(body, "user_metadata"), app_metadata=mapping(body, "app_metadata"),
                confirm=body.get("email_confirm") is True, ban=ban,
            )  # fmt: skip
            if password_hash:
                await connection.execute("delete from auth.sessions where user_id = $1", user_id)
            return json_response(users.shown(await _account(connection, user_id)))

    async def _delete(self, request: Request) -> Response:
        body, user_id = await json_body(request), _path_id(request)
        async with users.transaction(self._database, "Database error deleting user") as connection:
            await _account(connection, user_id)
            await users.delete(connection, user_id, soft=body.get("should_soft_delete") is True)
        return json_response({})


async def _account(connection: Connection, user_id: UUID) -> asyncpg.Record:
    user = await users.by_id(connection, user_id)
    if user is None:
        raise AuthError(404, "user_not_found", "User not found")
    return user


def _refuse_phone(body: dict[str, object]) -> None:
    if body.get("phone"):
        raise AuthError(422, "phone_provider_disabled", "Phone numbers are disabled: this server sends no SMS")


def _path_id(request: Request) -> UUID:
    return _uuid(request.path_params["id"], AuthError(404, "validation_failed", "user_id must be an UUID"))


def _uuid(text: str, refusal: AuthError) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise refusal from None


def _positive(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name) or str(default)
    if not re.fullmatch(r"[1-9]\d{0,8}", text):
        raise AuthError(400, "validation_failed", f'Bad Pagination Parameters: {name} "{text}" is no positive number')
    return int(text)
