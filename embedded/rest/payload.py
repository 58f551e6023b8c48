"""Request bodies: JSON as it is, forms and CSV as the JSON they stand for."""

from __future__ import annotations

import csv
import io
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request

from embedded.rest.calls import UNNAMED, Arguments
from embedded.rest.errors import RestError
from embedded.rest.headers import CSV, JSON
from embedded.rest.write import Body

FORM = "application/x-www-form-urlencoded"


def content_type(request: Request) -> str:
    return request.headers.get("content-type", JSON).partition(";")[0].strip().lower() or JSON


def parse_rows(raw: bytes, type_: str, columns: tuple[str, ...] | None) -> Body:
    """The rows of a body: one object or several that all name the same columns. PGRST102 otherwise.

    `columns`, if given, are the columns that count, whatever the rows name.
    """
    text = _decode(raw)
    if type_ == CSV:
        text = _csv_as_json(text)
    elif type_ == FORM:
        text = orjson.dumps(dict(parse_qsl(text, keep_blank_values=True))).decode()
    elif type_ != JSON:
        raise RestError(400, "PGRST102", f"Content-Type not acceptable: {type_}")
    value = _parse(text)
    rows = value if isinstance(value, list) else [value]
    if columns is None:
        keys = [frozenset(row) if isinstance(row, dict) else None for row in rows]
        if any(key is None or key != keys[0] for key in keys):
            raise RestError(400, "PGRST102", "All object keys must match")
        columns = tuple(sorted(keys[0] or ())) if keys else ()
    return Body(text if isinstance(value, list) else f"[{text}]", columns)


def parse_arguments(raw: bytes, type_: str, columns: tuple[str, ...] | None) -> Arguments:
    """The arguments of a call by POST."""
    text = _decode(raw)
    if type_ == FORM:
        pairs = tuple(parse_qsl(text, keep_blank_values=True))
        return Arguments(frozenset(name for name, _ in pairs), pairs)
    if type_ not in UNNAMED:
        raise RestError(400, "PGRST102", f"Content-Type not acceptable: {type_}")
    if type_ != JSON:
        return Arguments(frozenset(), body=text, body_type=type_)
    value = _parse(text or "{}")
    names = frozenset(columns) if columns is not None else frozenset(value if isinstance(value, dict) else ())
    return Arguments(names, body=text or "{}", body_type=type_)


def _decode(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise RestError(400, "PGRST102", "Empty or invalid json") from error


def _parse(text: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise RestError(400, "PGRST102", "Empty or invalid json") from error


def _csv_as_json(text: str) -> str:
    try:
        header, *lines = csv.reader(io.StringIO(text), strict=True)
        if len({len(line) for line in lines}) > 1:
            raise ValueError(lines)
        rows = [
            {name: None if value == "NULL" else value for name, value in zip(header, line, strict=False)}
            for line in lines
        ]
    except (csv.Error, ValueError) as error:
        raise RestError(400, "PGRST102", "All lines must have same number of fields") from error
    return orjson.dumps(rows).decode()
