"""What Auth refuses, and how it says so.

AuthError    status, GoTrue's error code and a sentence

Clients that send `X-Supabase-Api-Version: 2024-01-01` (supabase-py, supabase-js) read `{code, message}` with the error
code in `code`; others get the older `{code, error_code, msg}` with the status in `code`.
"""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from embedded.answers import Refusal, json_response

EMAIL_EXISTS = (422, "email_exists", "A user with this email address has already been registered")
USER_EXISTS = (422, "user_already_exists", "User already registered")

API_VERSION = "2024-01-01"
API_VERSION_HEADER = "x-supabase-api-version"


class AuthError(Refusal):
    """A refusal: HTTP `status`, GoTrue's `code`, a message for people, and the fields that this code has beyond these."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(status, message)
        self.code = code
        self.more = more

    def response(self, request: Request) -> Response:
        """The error in the form that this client reads."""
        if request.headers.get(API_VERSION_HEADER, "") >= API_VERSION:
            body = {"code": self.code, "message": self.message, **self.more}
            return json_response(body, self.status, {API_VERSION_HEADER: API_VERSION})
        return json_response(
            {"code": self.status, "error_code": self.code, "msg": self.message, **self.more}, self.status
        )


async def json_body(request: Request) -> dict[str, Any]:
    """The request's JSON object; an empty body is an empty one. Raises AuthError (bad_json)."""
    try:
        body = orjson.loads(await request.body() or b"{}")
    except orjson.JSONDecodeError as error:
        raise AuthError(400, "bad_json", f"Could not parse request body as JSON: {error}") from error
    if not isinstance(body, dict):
        raise AuthError(400, "bad_json", "Could not parse request body as JSON: an object is expected")
    return body


def field(body: dict[str, Any], name: str) -> str:
    """The text field `name`, empty when it is missing or null. Raises AuthError (bad_json) for another type."""
    value = body.get(name) or ""
    if not isinstance(value, str):
        raise AuthError(400, "bad_json", f"Could not parse request body as JSON: {name} must be a string")
    if "\x00" in value:
        raise AuthError(400, "validation_failed", f"{name} must not contain a null character")
    return value


def mapping(body: dict[str, Any], name: str) -> dict[str, Any] | None:
    """The object field `name`, None when it is missing or null. Raises AuthError (bad_json) for another type."""
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise AuthError(400, "bad_json", f"Could not parse request body as JSON: {name} must be an object")
    try:
        written = orjson.dumps([[[[[[[[value]]]]]]]])  # as deep as any answer holds it
    except orjson.JSONEncodeError as error:  # orjson reads deeper values than it writes
        raise AuthError(400, "bad_json", f"Could not parse request body as JSON: {name} nests too deeply") from error
    if b"\\u0000" in written:
        raise AuthError(400, "validation_failed", f"{name} must not contain a null character")
    return value
