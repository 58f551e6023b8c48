"""What Storage refuses, and how it says so.

StorageError     a status, storage-api's short name for the error, and a sentence

As in storage-api, the body is `{statusCode, error, message}` and the HTTP status is 400 whatever `statusCode` says, but
for failures of the server itself, which are 500.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import asyncpg
import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from embedded import answers
from embedded.answers import Refusal, json_response
from embedded.database import UNAVAILABLE

WRONG_TOKEN = {
    "expired": '"exp" claim timestamp check failed',
    "signature": "signature verification failed",
    "malformed": "Invalid Compact JWS",
    "claims": "Invalid Compact JWS",
}


class StorageError(Refusal):
    """A refusal: what `statusCode` says, storage-api's `error`, and a message for people."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(status, message)
        self.error = error

    def response(self, request: Request) -> Response:
        body = {"statusCode": str(self.status), "error": self.error, "message": self.message}
        return json_response(body, 500 if self.status >= 500 else 400)


def no_such_bucket() -> StorageError:
    """There is no such bucket, or none for the one who asks."""
    return StorageError(404, "Bucket not found", "Bucket not found")


def no_such_object() -> StorageError:
    """There is no such object, or none for the one who asks."""
    return StorageError(404, "not_found", "Object not found")


def too_large() -> StorageError:
    """The file exceeds what the bucket takes."""
    return StorageError(413, "Payload too large", "The object exceeded the maximum allowed size")


def invalid(message: str) -> StorageError:
    """The request is not what the endpoint takes."""
    return StorageError(400, "InvalidRequest", message)


def of_postgres(error: asyncpg.PostgresError) -> StorageError:
    """What Postgres refused, as storage-api tells it."""
    match getattr(error, "sqlstate", None):
        case "42501":
            policy = "row-level security" in str(error)
            return StorageError(
                403, "Unauthorized", "new row violates row-level security policy" if policy else str(error)
            )
        case "23505":
            return StorageError(409, "Duplicate", "The resource already exists")
        case "23503":
            return StorageError(404, "InvalidRequest", "The related resource does not exist")
        case state if state is not None and state.startswith("22"):
            return StorageError(400, "InvalidParameter", str(error))
        case state:
            return StorageError(500, "DatabaseError", f"database error, code: {state}")


def _translated(error: Exception) -> StorageError | None:
    if isinstance(error, ClientDisconnect):
        return StorageError(400, "Aborted", "The upload was cut off")
    if isinstance(error, asyncpg.PostgresError) and not isinstance(error, UNAVAILABLE):
        return of_postgres(error)
    return None


route = partial(answers.route, translate=_translated)


async def json_body(request: Request) -> dict[str, Any]:
    """The request's JSON object; an empty body is an empty one. Raises StorageError."""
    content = await request.body()
    try:
        body = orjson.loads(content or b"{}")
    except orjson.JSONDecodeError as error:
        raise invalid(f"body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise invalid("body must be object")
    if b"\\u0000" in content:
        raise invalid("body must not contain a null character")
    return body


def text(body: dict[str, Any], name: str, default: str | None = None) -> str:
    """The text field `name`. Raises StorageError when it is missing without a default, or no text."""
    value = body.get(name)
    if value is None and default is None:
        raise invalid(f"body must have required property '{name}'")
    if value is not None and not isinstance(value, str):
        raise invalid(f"body/{name} must be string")
    return value if value is not None else default or ""


def whole(body: dict[str, Any], name: str, default: int | None, least: int) -> int:
    """The whole number `name`, also when it comes as text. Raises StorageError when it is missing without a default,
    no number or less than `least`."""
    value = body.get(name, default)
    if value is None:
        raise invalid(f"body must have required property '{name}'")
    try:
        number = int(str(value))
    except ValueError:
        raise invalid(f"body/{name} must be integer") from None
    if not least <= number < 2**31:
        raise invalid(f"body/{name} must be >= {least}")
    return number


def texts(body: dict[str, Any], name: str) -> list[str]:
    """The list of texts `name`, of one at least. Raises StorageError."""
    value = body.get(name)
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise invalid(f"body/{name} must be an array of strings")
    return value
