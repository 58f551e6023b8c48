"""The HTTP side of REST: from a request to an action, through one transaction, to a response."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import parse_qsl

import asyncpg
import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from embedded.database import CUT_OFF, Connection, Database
from embedded.keys import Claims, InvalidToken, Keys
from embedded.rest import actions
from embedded.rest.actions import Action, Asked, Outcome
from embedded.rest.cache import SchemaCache
from embedded.rest.calls import Arguments, find_function
from embedded.rest.errors import NotInCache, RestError, from_postgres, from_token, is_header, is_status
from embedded.rest.headers import Terms
from embedded.rest.parser import parse_query
from embedded.rest.payload import content_type, parse_arguments, parse_rows
from embedded.rest.schema import Name, Schema
from embedded.rest.sql import quote
from embedded.rest.syntax import Query

SCHEMAS = ("public", "graphql_public")  # what a hosted project exposes
EXTRA_SEARCH_PATH = ("public", "extensions")
MAX_ROWS = 1000  # as on a hosted project
METHODS = ("OPTIONS", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
CALL_METHODS = ("OPTIONS", "GET", "HEAD", "POST")

BODILESS = (204, 304)
ENDLESS = 2**62  # beyond any row

Prepared = TypeVar("Prepared")

log = logging.getLogger(__name__)


class Rest:
    """PostgREST's protocol over one database. `tx_allowed` lets clients ask for `tx=rollback`; hosted projects don't."""

    def __init__(
        self, database: Database, keys: Keys, *, schemas: Sequence[str] = SCHEMAS, tx_allowed: bool = False
    ) -> None:
        self.routes: list[BaseRoute] = [Route("/{path:path}", self)]
        self.cache = SchemaCache(database, schemas)
        self._database = database
        self._keys = keys
        self._schemas = schemas
        self._tx_allowed = tx_allowed

    async def start(self) -> None:
        """Reads the schema and follows its changes."""
        await self.cache.start()

    async def stop(self) -> None:
        await self.cache.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except RestError as error:
            response = error.response()
        except ClientDisconnect:
            return
        if request.method == "HEAD":
            response = Response(None, response.status_code, response.headers)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        name, is_call = _resource(request)
        try:
            claims = self._keys.verify(request.state.token)
        except InvalidToken as error:
            raise from_token(error, request.state.token) from error
        terms = Terms.read(request.headers, request.method, self._schemas, tx_allowed=self._tx_allowed)
        query = parse_query(_pairs(request.scope["query_string"]), call=is_call and terms.reads)
        qualified = (terms.schema, name)
        if request.method == "OPTIONS":
            allowed = await self._prepare(lambda schema: _allowed(schema, query, qualified, is_call=is_call))
            return Response(None, 200, {"Allow": allowed})
        _narrow(query, terms)
        raw = await request.body() if request.method in ("POST", "PUT", "PATCH") else b""

        def prepare(schema: Schema) -> Action:
            asked = Asked(schema, query, terms, MAX_ROWS)
            return _call(asked, request, qualified, raw) if is_call else _action(asked, request, qualified, raw)

        return await self._run(await self._prepare(prepare), request, claims, terms)

    async def _prepare(self, prepare: Callable[[Schema], Prepared]) -> Prepared:
        """What `prepare` makes of the schema, after a second look at the database when a name is not known."""
        seen = self.cache.schema
        try:
            return prepare(seen)
        except NotInCache:
            if not await self.cache.reload_after_miss(seen):
                raise
            return prepare(self.cache.schema)

    async def _run(self, action: Action, request: Request, claims: Claims, terms: Terms) -> Response:
        """Runs the action in its transaction; whatever is wrong with its outcome undoes it."""
        search_path = ", ".join(quote(name) for name in dict.fromkeys((terms.schema, *EXTRA_SEARCH_PATH)))
        acting = self._database.acting(
            claims, headers=request.headers, method=request.method, path=f"/{request.path_params['path']}",
            readonly=action.readonly, keep=terms.preferences.get("tx") != "rollback", search_path=search_path,
        )  # fmt: skip
        try:
            async with acting as connection:
                if timezone := terms.preferences.get("timezone"):
                    await connection.execute("select set_config('timezone', $1, true)", timezone)
                estimate = await _estimate(connection, action)
                row = await connection.fetchrow(action.sql, *action.values)
                outcome = _outcome(row, estimate)
                _check_rows(outcome, action, terms)
                return self._response(action, outcome, row, terms)
        except asyncpg.PostgresError as error:
            raise from_postgres(error, anonymous=claims["role"] == "anon") from error
        except CUT_OFF as error:
            log.warning("rest: %s", error)
            raise RestError(503, "PGRST001", "Database client error. Retrying the connection.") from error

    def _response(self, action: Action, outcome: Outcome, row: asyncpg.Record, terms: Terms) -> Response:
        """The answer with the headers that all have, and those and the status that SQL has set."""
        answer = action.answer(outcome)
        status = _status_of(row["status"]) or answer.status
        headers = {**answer.headers, **terms.preferences.applied(*action.applied)}
        if answer.body is not None:
            headers["Content-Type"] = terms.media.content_type
            if len(self._schemas) > 1:
                headers["Content-Profile"] = terms.schema
        response = Response(None if status in BODILESS else answer.body, status, headers)
        for name, value in _headers_of(row["headers"]):
            response.headers[name] = value
        return response


def _resource(request: Request) -> tuple[str, bool]:
    """The table or function that the path names, and whether it is a function. PGRST101, 117, 125 or 126 if none."""
    match str(request.path_params["path"]).strip("/").split("/"):
        case [""]:
            raise RestError(404, "PGRST126", "Root endpoint metadata is disabled")
        case ["rpc", name]:
            is_call = True
        case [name]:
            is_call = False
        case _:
            raise RestError(404, "PGRST125", "Invalid path specified in request URL")
    if request.method not in METHODS:
        raise RestError(405, "PGRST117", f"Unsupported HTTP method: {request.method}")
    if is_call and request.method not in CALL_METHODS:
        raise RestError(405, "PGRST101", f"Cannot use the {request.method} method on RPC")
    return name, is_call


def _allowed(schema: Schema, query: Query, name: Name, *, is_call: bool) -> str:
    """The methods of a table, or of the function that a call with these parameters means."""
    if not is_call:
        return actions.allowed(actions.find_table(schema, name))
    function = find_function(schema, name, _direct(query))
    return ",".join(("OPTIONS", "POST") if function.volatile else CALL_METHODS)


def _action(asked: Asked, request: Request, name: tuple[str, str], raw: bytes) -> Action:
    table = actions.find_table(asked.schema, name)
    if request.method in ("GET", "HEAD"):
        return actions.read(asked, table)
    if request.method == "DELETE":
        return actions.delete(asked, table)
    body = parse_rows(raw, content_type(request), asked.query.columns)
    if request.method == "POST":
        return actions.insert(asked, table, body, path=f"/{name[1]}")
    if request.method == "PUT":
        return actions.replace(asked, table, body)
    return actions.update(asked, table, body)


def _call(asked: Asked, request: Request, name: tuple[str, str], raw: bytes) -> Action:
    if request.method == "POST":
        arguments = parse_arguments(raw, content_type(request), asked.query.columns)
    else:
        arguments = _direct(asked.query)
    return actions.invoke(asked, name, arguments)


def _direct(query: Query) -> Arguments:
    """The arguments that the parameters of a call pass."""
    return Arguments(frozenset(key for key, _ in query.arguments), tuple(query.arguments))


def _pairs(query_string: bytes) -> list[tuple[str, str]]:
    """The decoded parameters; what has no `=` says nothing."""
    said = "&".join(part for part in query_string.decode(errors="replace").split("&") if "=" in part)
    return parse_qsl(said, keep_blank_values=True, errors="replace")


def _narrow(query: Query, terms: Terms) -> None:
    """Lays the window of the `Range` header over the query's own."""
    if terms.first == 0 and terms.rows is None:
        return
    offset, limit = query.offsets.get((), 0), query.limits.get(())
    start = max(offset, terms.first)
    end = min(
        ENDLESS if limit is None else offset + limit,
        ENDLESS if terms.rows is None else terms.first + terms.rows,
    )
    query.offsets[()] = start
    if end != ENDLESS:
        query.limits[()] = max(0, end - start)


async def _estimate(connection: Connection, action: Action) -> int | None:
    if action.estimate is None:
        return None
    explained = await connection.fetchval(action.estimate[0], *action.estimate[1])
    return int(orjson.loads(explained)[0]["Plan"]["Plan Rows"])


def _outcome(row: asyncpg.Record, estimate: int | None) -> Outcome:
    total = row["total"]
    if estimate is not None and (total is None or total > MAX_ROWS):
        total = max(estimate, total or 0)
    key = orjson.loads(row["key"]) if row["key"] else {}
    return Outcome(row["page"], row["body"] or "", total, key, int(row["updated"] or 0))


def _check_rows(outcome: Outcome, action: Action, terms: Terms) -> None:
    """PGRST116 when one row was wanted, PGRST124 when more were touched than allowed; both undo the change."""
    if terms.media.singular and outcome.page != 1:
        details = f"The result contains {outcome.page} rows"
        raise RestError(406, "PGRST116", "Cannot coerce the result to a single JSON object", details=details)
    limit = terms.preferences.max_affected if "max-affected" in action.applied else None
    if limit is not None and outcome.page > limit:
        message = "Query result exceeds max-affected preference constraint"
        raise RestError(400, "PGRST124", message, details=f"The query affects {outcome.page} rows")


def _headers_of(text: str | None) -> list[tuple[str, str]]:
    """The headers in the setting `response.headers`: `[{"name": "value"}, …]`."""
    try:
        pairs = [pair for one in orjson.loads(text or "[]") for pair in one.items()]
        if not all(is_header(name, value) for name, value in pairs):
            raise ValueError(text)
    except (ValueError, AttributeError, TypeError) as error:
        message = "response.headers guc must be a JSON array composed of objects with a single key and a string value"
        raise RestError(500, "PGRST111", message) from error
    return pairs


def _status_of(text: str | None) -> int | None:
    """The status in the setting `response.status`."""
    if text is None:
        return None
    if not is_status(text):
        raise RestError(500, "PGRST112", "response.status guc must be a valid status code")
    return int(text)
