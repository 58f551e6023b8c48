"""Which bindings can be served: Postgres is asked for the published tables that they name, and whether it can compare
what their filters compare. What it says against that is told in the words of the real server.
"""

from __future__ import annotations

import re

import asyncpg
import orjson

from embedded.database import Connection
from embedded.realtime.changes.bindings import Binding
from embedded.realtime.changes.filters import IS_VALUES, Filter, condition
from embedded.realtime.errors import SubscriptionRefused

PUBLICATION = "supabase_realtime"
MAX_IN_VALUES = 100

NO_TABLE = (
    "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect "
    "parameters: "
)
NOT_SO = (
    "Unable to subscribe to changes with given parameters. An exception happened so please check your connect "
    "parameters: "
)

PUBLISHED = """
select format('%I.%I', t.schemaname, t.tablename) as name,
       (select coalesce(jsonb_object_agg(a.attname, a.atttypid::regtype::text), '{}')::text
        from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
          and has_column_privilege($4::name, c.oid, a.attnum, 'SELECT')) as types
from pg_catalog.pg_publication_tables t
join pg_catalog.pg_namespace n on n.nspname = t.schemaname
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = t.tablename
where t.pubname = $1
  and t.schemaname like (case $2 when '*' then '%' else $2 end) escape ''
  and t.tablename like (case $3 when '*' then '%' else $3 end) escape ''
"""
TEXT_OPERATOR = """
select exists (select from pg_catalog.pg_operator
               where oprname = $2 and oprleft = $1::text::regtype and (oprright = oprleft or $2 = '~~')
                 and oprresult = 'boolean'::regtype)
"""
SYMBOLS = {"like": "~~", "ilike": "~~", "match": "~", "imatch": "~*"}


class _Objection(Exception):
    """What the real server's trigger raises."""


async def admit(connection: Connection, binding: Binding, role: str) -> None:
    """Says nothing against a binding that can be served. Raises SubscriptionRefused, or what asyncpg raises when it
    cannot be asked."""
    try:
        if "\0" in f"{binding}":
            raise _Objection(
                'ERROR 22021 (character_not_in_repertoire) invalid byte sequence for encoding "UTF8": 0x00'
            )
        tables = await connection.fetch(PUBLISHED, PUBLICATION, binding.schema, binding.table, role)
        if not tables:
            raise SubscriptionRefused(f"{NO_TABLE}{binding}")
        for table in tables:
            types = orjson.loads(table["types"])
            for asked in binding.filters:
                if asked.column not in types:
                    raise _objection(f"invalid column for filter {asked.column}")
                await _compare(connection, asked, types[asked.column])
            for column in binding.select or ():
                if column not in types:
                    raise _objection(f"invalid column for select {column}")
    except _Objection as objection:
        raise SubscriptionRefused(f"{NOT_SO}{binding}. Exception: {objection}") from objection
    except (asyncpg.DataError, asyncpg.SyntaxOrAccessError) as error:
        raise SubscriptionRefused(f"{NOT_SO}{binding}. Exception: {_in_postgrex_words(error)}") from error


async def _compare(connection: Connection, asked: Filter, type_: str) -> None:
    """Tries the comparison with nothing: what fails here would fail at every row."""
    operator, value = asked.operator, asked.value
    if operator == "is":
        if value not in IS_VALUES:
            raise _objection("invalid value for is filter: must be null, true, false, or unknown")
        if value != "null" and type_ != "boolean":
            raise _objection(f"is {value} filter requires a boolean column, got {type_}")
        return
    if symbol := SYMBOLS.get(operator):
        if not await connection.fetchval(TEXT_OPERATOR, type_, symbol):
            raise _objection(f"operator {operator} requires a text-compatible column type, got {type_}")
        if operator in ("match", "imatch"):
            try:
                await connection.fetchval("select '' ~ $1", value)
            except asyncpg.DataError as error:
                raise _objection(f"invalid regular expression for {operator} filter: {error.args[0]}") from error
    elif operator == "in":
        values = await connection.fetchval(f"select array_length(($1::text)::{type_}[], 1)", value)
        if (values or 0) > MAX_IN_VALUES:
            raise _objection(f"too many values for `in` filter. Maximum {MAX_IN_VALUES}")
    await connection.fetchval(f"select {condition(asked, f'(null::text)::{type_}', '$1::text', type_)}", value)


def _objection(message: str) -> _Objection:
    return _Objection(f"ERROR P0001 (raise_exception) {message}")


def _in_postgrex_words(error: asyncpg.PostgresError) -> str:
    """The condition's name is that of asyncpg's class: both are Postgres's own list."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__.removesuffix("Error")).lower()
    return f"ERROR {getattr(error, 'sqlstate', '')} ({name}) {error.args[0]}"
