"""What each kind of request does: its statement, and the answer made of what the statement returned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal
from urllib.parse import quote as percent_encoded
from urllib.parse import urlencode

from embedded.rest.calls import Arguments, call, find_function, result
from embedded.rest.errors import NotInCache, RestError
from embedded.rest.headers import CSV, Media, Terms
from embedded.rest.plan import Node, expand_star, plan
from embedded.rest.schema import Name, Schema, Table
from embedded.rest.sql import Parameters, Reader, qualified, quote
from embedded.rest.syntax import Filter, Query
from embedded.rest.write import Body, Writer, returned_columns

PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))  # what a Location keeps as it is; no header may hold the rest

SOURCE = "pgrst_source"  # the rows that a change or a call gives, to be read from like a table


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, understood, beside the schema it is about."""

    schema: Schema
    query: Query
    terms: Terms
    max_rows: int

    def prefers(self, name: str) -> str | None:
        return self.terms.preferences.get(name)

    def body(self, column: str = "", *, single: bool = False) -> str | None:
        """The expression of the answer's body, which HEAD does without."""
        return None if self.terms.method == "HEAD" else _body(self.terms.media, column, single=single)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a statement returned. `total` counts rows without limit, if asked; `key` is the first row's primary key."""

    page: int
    body: str
    total: int | None = None
    key: dict[str, str | None] = field(default_factory=dict)
    updated: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A response before the headers that all responses get; without a body there is no type."""

    status: int
    headers: dict[str, str]
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """One statement in one transaction, and how its outcome is answered. `applied` are the preferences it heeds."""

    sql: str
    values: list[object]
    answer: Callable[[Outcome], Answer]
    applied: tuple[str, ...]
    readonly: bool = False
    estimate: tuple[str, list[object]] | None = None  # the statement whose plan tells how many rows there are


def find_table(schema: Schema, name: Name) -> Table:
    """A table by its name. PGRST205 if the cache has none."""
    if table := schema.tables.get(name):
        return table
    known = [table for schema_name, table in schema.tables if schema_name == name[0]]
    close = get_close_matches(name[1], known, 1)
    raise NotInCache(
        404, "PGRST205", f"Could not find the table '{name[0]}.{name[1]}' in the schema cache",
        hint=f"Perhaps you meant the table '{name[0]}.{close[0]}'" if close else None,
    )  # fmt: skip


def allowed(table: Table) -> str:
    """The methods that a table or view takes."""
    methods = ["OPTIONS", "GET", "HEAD"]
    methods += ["POST"] if table.insertable else []
    methods += ["PUT"] if table.insertable and table.updatable and table.primary_key else []
    methods += ["PATCH"] if table.updatable else []
    methods += ["DELETE"] if table.deletable else []
    return ",".join(methods)


def read(asked: Asked, table: Table) -> Action:
    """GET and HEAD of a table or view."""
    root = plan(asked.schema, table, asked.query, max_rows=asked.max_rows, conditions_of_root=True)
    parameters, source = Parameters(), qualified(table.name)
    rows = Reader(parameters).read(root, source)
    sql, estimate = None, None
    match asked.prefers("count"):
        case "exact":
            sql = f"(select count(*) from ({Reader(parameters).count(root, source)}) as _)"
        case "estimated":  # exact as far as it is cheap
            counted, limit = Reader(parameters).count(root, source), parameters.add(asked.max_rows + 1, "bigint")
            sql = f"(select count(*) from ({counted} limit {limit}) as _)"
    if asked.prefers("count") in ("planned", "estimated"):
        estimating = Parameters()
        estimate = (f"explain (format json) {Reader(estimating).count(root, source)}", estimating.values)
    statement = _statement(rows, asked.body(), total=sql)
    heeded = ("count", "tx", "handling", "timezone")
    return Action(
        statement, parameters.values, lambda outcome: _page(root, outcome), heeded, readonly=True, estimate=estimate
    )


def invoke(asked: Asked, name: Name, arguments: Arguments) -> Action:
    """A function call; what it returns is filtered, ordered and selected from like a table."""
    function = find_function(asked.schema, name, arguments)
    if asked.terms.preferences.max_affected is not None and not function.returns_set:
        message = "Function must return SETOF or TABLE when max-affected preference is used with handling=strict"
        raise RestError(400, "PGRST128", message)
    root = plan(asked.schema, result(function), asked.query, max_rows=asked.max_rows, conditions_of_root=True)
    parameters, source = Parameters(), f"{SOURCE} as {quote(root.alias)}"
    calling = call(function, arguments, parameters)
    rows = Reader(parameters).read(root, source)
    counting = asked.prefers("count") is not None
    total = f"(select count(*) from ({Reader(parameters).count(root, source)}) as _)" if counting else None
    column = "" if function.rows else ".pgrst_scalar"
    body = asked.body(column, single=not function.returns_set)

    def answer(outcome: Outcome) -> Answer:
        page = _page(root, outcome)
        return Answer(204, page.headers) if function.returns == "void" else page

    return Action(
        _statement(rows, body, source=calling, total=total), parameters.values, answer,
        ("count", "tx", "handling", "timezone", "max-affected"), readonly=asked.terms.reads or not function.volatile,
    )  # fmt: skip


def insert(asked: Asked, table: Table, body: Body, *, path: str) -> Action:
    """POST: 201, or 200 when a merging upsert inserted nothing."""
    resolution = asked.prefers("resolution")
    target = asked.query.on_conflict or table.primary_key
    how: dict[str | None, Literal["merge", "ignore"]] = {"merge-duplicates": "merge", "ignore-duplicates": "ignore"}
    change = _Change(asked, table, table.primary_key if asked.prefers("return") == "headers-only" else ())
    change.write(
        change.writer.insert(
            table, body, change.returning, on_conflict=target, resolution=how.get(resolution),
            defaults=asked.prefers("missing") == "default",
        )
    )  # fmt: skip

    def answer(outcome: Outcome) -> Answer:
        all_updated = resolution == "merge-duplicates" and outcome.page == outcome.updated
        headers = {"Content-Range": _content_range(0, 0, change.total(outcome))}
        if outcome.key and outcome.page == 1:
            key = {name: "is.null" if value is None else f"eq.{value}" for name, value in outcome.key.items()}
            headers["Location"] = f"{percent_encoded(path, safe=PRINTABLE)}?{urlencode(key, quote_via=percent_encoded)}"
        status = 200 if all_updated else 201
        return change.answer(outcome, status, status, headers)

    heeded = ("return", "count", "tx", "missing", "handling", "timezone")
    return change.action(answer, ("resolution", *heeded) if target else heeded)


def replace(asked: Asked, table: Table, body: Body) -> Action:
    """PUT: one row named by its primary key, inserted or replaced. PGRST105, 114 or 115 when it is not exactly that."""
    _check_names_one_row(asked.query, table)
    change = _Change(asked, table)
    conditions = [condition for _, condition in asked.query.conditions]
    where = change.writer.reader.where(Node(table, "pgrst_body", conditions=conditions))
    change.write(
        change.writer.insert(
            table, body, change.returning, on_conflict=table.primary_key, resolution="merge", where=where
        )
    )

    def answer(outcome: Outcome) -> Answer:
        if outcome.page != 1:
            raise RestError(400, "PGRST115", "Payload values do not match URL in primary key column(s)")
        return change.answer(outcome, 200 if outcome.updated else 201, 204, {})

    return change.action(answer, ("return", "count", "tx", "handling", "timezone"))


def update(asked: Asked, table: Table, body: Body) -> Action:
    """PATCH of the rows that the filters choose."""
    change = _Change(asked, table)
    change.write(change.writer.update(table, body, change.chosen, change.returning))

    def answer(outcome: Outcome) -> Answer:
        headers = {"Content-Range": _content_range(0, outcome.page, change.total(outcome))}
        return change.answer(outcome, 200, 204, headers)

    return change.action(answer, ("return", "count", "tx", "missing", "handling", "timezone", "max-affected"))


def delete(asked: Asked, table: Table) -> Action:
    """DELETE of the rows that the filters choose."""
    change = _Change(asked, table)
    change.write(change.writer.delete(table, change.chosen, change.returning))

    def answer(outcome: Outcome) -> Answer:
        headers = {"Content-Range": _content_range(0, 0, change.total(outcome))}
        return change.answer(outcome, 200, 204, headers)

    return change.action(answer, ("return", "count", "tx", "handling", "timezone", "max-affected"))


class _Change:
    """What all changes of a table share: the rows to change, what is read back, the answer with or without it."""

    def __init__(self, asked: Asked, table: Table, key: tuple[str, ...] = ()) -> None:
        self.asked = asked
        self.key = key
        self.parameters = Parameters()
        self.writer = Writer(self.parameters)
        self.root = plan(asked.schema, table, asked.query, max_rows=None, conditions_of_root=False)
        self.root.select = expand_star(self.root)
        self.represented = asked.prefers("return") == "representation"
        self.returning = returned_columns(self.root if self.represented else Node(table, self.root.alias), key)
        conditions = [condition for path, condition in asked.query.conditions if not path]
        self.chosen = Node(table, self.root.alias, conditions=conditions)
        self.sql = ""

    def write(self, statement: str) -> None:
        rows = f"select * from {SOURCE}"
        if self.represented:
            rows = Reader(self.parameters).read(self.root, f"{SOURCE} as {quote(self.root.alias)}")
        body = self.asked.body() if self.represented else None
        self.sql = _statement(rows, body, source=statement, key=self.key)

    def action(self, answer: Callable[[Outcome], Answer], heeded: tuple[str, ...]) -> Action:
        return Action(self.sql, self.parameters.values, answer, heeded)

    def total(self, outcome: Outcome) -> int | None:
        return outcome.page if self.asked.prefers("count") else None

    def answer(self, outcome: Outcome, full: int, minimal: int, headers: dict[str, str]) -> Answer:
        """With the status `full` and the rows if they are wanted, else `minimal`."""
        return Answer(full, headers, outcome.body) if self.represented else Answer(minimal, headers)


def _statement(
    rows: str, body: str | None, *, source: str | None = None, total: str | None = None, key: tuple[str, ...] = ()
) -> str:
    """The whole request as one statement of one row, of which `service` makes an Outcome."""
    first = (
        f"(select json_object_agg(key, value) from (select {', '.join(map(quote, key))} from {SOURCE} limit 1) as one,"
        " json_each_text(row_to_json(one)))"
    )
    return (
        f"with {f'{SOURCE} as ({source}), ' if source else ''}pgrst_rows as ({rows})"
        f" select {total or 'null::bigint'} as total, count(*) as page, {body or 'null'}::text as body,"
        f" {first if key else 'null::json'} as key,"
        " nullif(current_setting('response.headers', true), '') as headers,"
        " nullif(current_setting('response.status', true), '') as status,"
        " nullif(current_setting('pgrst.updated', true), '') as updated"
        " from pgrst_rows as _postgrest_t"
    )


def _body(media: Media, column: str = "", *, single: bool = False) -> str:
    """The expression that makes the answer's body of the rows `_postgrest_t`."""
    if media.type == CSV:
        names = (
            "(select coalesce(string_agg(name, ','), '') from (select json_object_keys(row_to_json(one)) as name"
            " from (select * from pgrst_rows limit 1) as one) as _)"
        )
        row = "_postgrest_t::text"
        return rf"({names} || e'\n' || coalesce(string_agg(substring({row}, 2, length({row}) - 2), e'\n'), ''))"
    rows = f"json_agg(_postgrest_t{column})"
    rows = f"json_strip_nulls({rows})" if media.stripped else rows
    return f"coalesce({rows}->0, 'null')" if single or media.singular else f"coalesce({rows}, '[]')"


def _content_range(offset: int, page: int, total: int | None) -> str:
    rows = f"{offset}-{offset + page - 1}" if page else "*"
    return f"{rows}/{'*' if total is None else total}"


def _page(root: Node, outcome: Outcome) -> Answer:
    """200, or 206 when there is more than this page; 416 and PGRST103 when the page begins beyond the end."""
    total, page, offset = outcome.total, outcome.page, root.offset
    if total is not None and offset > total:
        details = f"An offset of {offset} was requested, but there are only {total} rows."
        error = RestError(416, "PGRST103", "Requested range not satisfiable", details=details)
        return Answer(416, {"Content-Range": _content_range(0, 0, total)}, error.body().decode())
    status = 206 if total is not None and page < total else 200
    return Answer(status, {"Content-Range": _content_range(offset, page, total)}, outcome.body)


def _check_names_one_row(query: Query, table: Table) -> None:
    if query.limits or query.offsets:
        raise RestError(400, "PGRST114", "limit/offset querystring parameters are not allowed for PUT")
    named = [
        condition.field.name
        for path, condition in query.conditions
        if not path and isinstance(condition, Filter) and not condition.negated and not condition.field.path
        and condition.operation.operator == "eq" and condition.operation.quantifier is None
    ]  # fmt: skip
    if not named or sorted(named) != sorted(table.primary_key) or len(named) != len(query.conditions):
        message = "Filters must include all and only primary key columns with 'eq' operators"
        raise RestError(405, "PGRST105", message)
