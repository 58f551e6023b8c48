"""What REST answers when it cannot do what was asked: PostgREST's codes, HTTP statuses and error body.

Errors
    RestError              any answer with the body `{code, details, hint, message}`
    ├── QueryError         PGRST100: the query string does not parse
    └── NotInCache         PGRST2xx: a name that the schema cache does not know; a reload may help

Source: PostgREST's reference, "Errors". Answers of Postgres keep their SQLSTATE as the code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import asyncpg
import orjson
from starlette.responses import Response

from embedded.keys import InvalidToken

JSON_TYPE = "application/json; charset=utf-8"
STATUS = re.compile(r"[2-5][0-9][0-9]")
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


class RestError(Exception):
    """An answer that is an error, with the status and the body that PostgREST gives it."""

    def __init__(
        self, status: int, code: str, message: str, *,
        details: Any = None, hint: str | None = None, headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.hint = hint
        self.headers = dict(headers or {})

    def body(self) -> bytes:
        """What the client is told."""
        return orjson.dumps({"code": self.code, "details": self.details, "hint": self.hint, "message": self.message})

    def response(self) -> Response:
        """The error as an HTTP response."""
        return Response(self.body(), self.status, {"Content-Type": JSON_TYPE, **self.headers})


class QueryError(RestError):
    """PGRST100: `what` does not parse at `column` (from 1)."""

    def __init__(self, what: str, column: int, details: str) -> None:
        super().__init__(400, "PGRST100", f'"failed to parse {what}" (line 1, column {column})', details=details)


class NotInCache(RestError):
    """PGRST2xx: the schema cache does not know a table, column, relationship or function."""


def is_status(value: object) -> bool:
    """Whether SQL has named a status that an answer can have."""
    return STATUS.fullmatch(str(value)) is not None


def is_header(name: str, value: str) -> bool:
    """Whether SQL has named a header that an answer can have."""
    return HEADER_NAME.fullmatch(name) is not None and HEADER_VALUE.fullmatch(value) is not None


def from_token(error: InvalidToken, token: str) -> RestError:
    """A token that is no good: PGRST301 when it proves nothing, PGRST303 when its claims do not hold."""
    match error.reason:
        case "expired":
            code, message, details = "PGRST303", "JWT expired", None
        case "claims":
            code, message, details = "PGRST303", "Parsing claims failed", None
        case "signature":
            code, message = "PGRST301", "No suitable key or wrong key type"
            details = "None of the keys was able to decode the JWT"
        case _:
            parts = len(token.split("."))
            message = f"Expected 3 parts in JWT; got {parts}" if parts != 3 else "JWT couldn't be decoded"
            code, details = "PGRST301", None
    challenge = f'Bearer error="invalid_token", error_description="{message}"'
    return RestError(401, code, message, details=details, headers={"WWW-Authenticate": challenge})


def from_postgres(error: asyncpg.PostgresError, *, anonymous: bool) -> RestError:
    """What Postgres said, with the HTTP status that PostgREST's table gives its SQLSTATE."""
    fields = error.as_dict()
    code = fields.get("sqlstate") or "XX000"
    message, details, hint = fields.get("message") or "", fields.get("detail"), fields.get("hint")
    if code == "PGRST":
        return _raised(message, details)
    status = _status(code, message, anonymous)
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    return RestError(status, code, message, details=details, hint=hint, headers=headers)


STATUS_OF_SQLSTATE = {
    "22023": 400, "23503": 409, "23505": 409, "25006": 405, "42883": 404, "42P01": 404, "42P17": 500, "53400": 500,
    "57P01": 503, "57P02": 503, "57P03": 503, "P0001": 400,
}  # fmt: skip
STATUS_OF_CLASS = {
    "08": 503, "09": 500, "0L": 403, "0P": 403, "25": 500, "28": 403, "2D": 500, "38": 500, "39": 500, "3B": 500,
    "40": 500, "53": 503, "54": 500, "55": 500, "57": 500, "58": 500, "F0": 500, "HV": 500, "P0": 500, "XX": 500,
}  # fmt: skip


def _status(code: str, message: str, anonymous: bool) -> int:
    if code == "42501":
        return 401 if anonymous else 403
    if code == "21000":
        return 400 if message.endswith("requires a WHERE clause") else 500
    if code == "22023" and message.startswith("role") and message.endswith("does not exist"):
        return 401
    if code.startswith("PT"):
        return int(code[2:]) if is_status(code[2:]) else 500
    return STATUS_OF_SQLSTATE.get(code) or STATUS_OF_CLASS.get(code[:2], 400)


def _raised(message: str, details: str | None) -> RestError:
    """`raise sqlstate 'PGRST'`: message and detail are JSON that name the body, the status and the headers."""
    try:
        body, head = json.loads(message), json.loads(details or "")
        headers = {str(name): str(value) for name, value in head["headers"].items()}
        if not is_status(head["status"]) or not all(map(is_header, headers, headers.values())):
            raise ValueError(head)
        return RestError(
            int(head["status"]), body["code"], body["message"], details=body.get("details"), hint=body.get("hint"),
            headers=headers,
        )  # fmt: skip
    except (ValueError, TypeError, KeyError, AttributeError):
        hint = (
            "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'."
            " DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'."
        )
        text = "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error"
        return RestError(
            500, "PGRST121", text, details=details or "DETAIL is missing in the RAISE statement", hint=hint
        )
