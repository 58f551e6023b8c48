"""Reads the schema cache from pg_catalog."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import asyncpg
import orjson

from embedded.database import Connection
from embedded.rest.schema import (
    Column,
    ForeignKey,
    Function,
    Name,
    Parameter,
    Relationship,
    Schema,
    Table,
    over_views,
    relate,
)

# A domain reads as its base type, as Postgres itself treats literals beside a domain's values.
BASE_TYPES = """
with recursive base as (
  select oid, oid as base from pg_type where typtype <> 'd'
  union all
  select t.oid, b.base from pg_type t join base b on b.oid = t.typbasetype where t.typtype = 'd'
), columns as (
  select a.attrelid, json_agg(json_build_object(
           'name', a.attname, 'type', format_type(b.base, -1),
           'default', case when a.attidentity = 'd'
                        then format('nextval(%L)', pg_get_serial_sequence(a.attrelid::regclass::text, a.attname))
                        when a.attgenerated = '' and a.attidentity = '' then pg_get_expr(d.adbin, d.adrelid)
                      end) order by a.attnum) as columns
  from pg_attribute a
  join base b on b.oid = a.atttypid
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attnum > 0 and not a.attisdropped
  group by a.attrelid
)
"""

TABLES = (
    BASE_TYPES
    + """
select c.oid, n.nspname as schema, c.relname as name, c.relkind in ('v', 'm') as is_view, k.columns,
       pg_relation_is_updatable(c.oid, true) as changes,
       array(select a.attname::text
             from pg_constraint p, unnest(p.conkey) with ordinality as key(attnum, position)
             join pg_attribute a on a.attnum = key.attnum
             where p.conrelid = c.oid and p.contype = 'p' and a.attrelid = c.oid
             order by key.position) as primary_key
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join columns k on k.attrelid = c.oid
where n.nspname = any($1::text[]) and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
order by 2, 3
"""
)

FOREIGN_KEYS = """
with keys as (
  select f.conname, f.conrelid, f.confrelid, f.conkey,
         array(select a.attname::text from unnest(f.conkey) with ordinality as k(attnum, position)
               join pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.attnum order by position) as columns,
         array(select a.attname::text from unnest(f.confkey) with ordinality as k(attnum, position)
               join pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.attnum order by position) as foreign_columns
  from pg_constraint f
  where f.contype = 'f' and f.conparentid = 0
)
select conname as constraint, conrelid as table, columns, confrelid as foreign_table, foreign_columns,
       exists (select from pg_constraint u
               where u.conrelid = keys.conrelid and u.contype in ('p', 'u')
                 and u.conkey <@ keys.conkey and u.conkey @> keys.conkey) as unique
from keys order by 1, 2
"""

FUNCTIONS = (
    BASE_TYPES
    + """
select n.nspname as schema, p.proname as name, coalesce(p.proargnames, '{}') as names,
       coalesce(p.proargmodes::text[], array_fill('i'::text, array[p.pronargs])) as modes,
       array(select format_type(b.base, -1)
             from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as t(oid, position)
             left join base b on b.oid = t.oid order by position) as types,
       p.pronargdefaults as defaults, p.proretset as returns_set, p.prorettype = 'void'::regtype as is_void,
       format_type(r.base, -1) as returns, p.provolatile = 'v' as volatile, k.columns as returns_columns,
       rt.typrelid as returns_table, at.typrelid as of_table, p.prorows = 1 as single
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join base r on r.oid = p.prorettype
join pg_type rt on rt.oid = r.base
left join columns k on k.attrelid = rt.typrelid
left join pg_type at on p.pronargs = 1 and at.oid = p.proargtypes[0] and at.typtype = 'c'
where n.nspname = any($1::text[]) and p.prokind = 'f'
  and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
order by 1, 2, p.oid
"""
)

VIEWS = """
select c.oid as view, r.ev_action::text as action
from pg_rewrite r
join pg_class c on c.oid = r.ev_class
join pg_namespace n on n.oid = c.relnamespace
where r.rulename = '_RETURN' and n.nspname = any($1::text[])
"""
VIEW_COLUMNS = "select attrelid as table, attnum as number, attname as name from pg_attribute where attnum > 0"

UPDATE, INSERT, DELETE = 4, 8, 16  # the bits of pg_relation_is_updatable

# In a view's stored query: braces, escaped characters, and what a target entry says of its origin.
NODE = re.compile(
    r"\\.|[{}]|:resno (\d+) :resname (?:\\.|\S)+ :ressortgroupref \d+ :resorigtbl (\d+) :resorigcol (\d+)"
)
TARGET_DEPTH = 2  # a target entry of the view's own query: ({QUERY … :targetList ({TARGETENTRY …


async def read_schema(connection: Connection, schemas: Sequence[str]) -> Schema:
    """Reads everything in `schemas` from the catalog, in one snapshot."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("set local search_path = ''")  # so that types are written with their schema
        table_rows = await connection.fetch(TABLES, list(schemas))
        key_rows = await connection.fetch(FOREIGN_KEYS)
        function_rows = await connection.fetch(FUNCTIONS, list(schemas))
        view_rows = await connection.fetch(VIEWS, list(schemas))
        attribute_rows = await connection.fetch(VIEW_COLUMNS) if view_rows else []

    names: dict[int, Name] = {row["oid"]: (row["schema"], row["name"]) for row in table_rows}
    attributes = {(row["table"], row["number"]): row["name"] for row in attribute_rows}
    views = _view_origins({row["view"]: row["action"] for row in view_rows}, names, attributes)

    tables = {
        names[row["oid"]]: Table(
            names[row["oid"]], _columns(row["columns"]), tuple(row["primary_key"]), row["is_view"],
            insertable=bool(row["changes"] & INSERT), updatable=bool(row["changes"] & UPDATE),
            deletable=bool(row["changes"] & DELETE),
        )
        for row in table_rows
    }  # fmt: skip
    for view, sources in views.items():
        for table, shown in sources.items():
            key = tables[table].primary_key
            if key and all(column in shown for column in key) and not tables[view].primary_key:
                tables[view] = replace(tables[view], primary_key=tuple(shown[column] for column in key))

    keys = [
        ForeignKey(
            row["constraint"], names[row["table"]], tuple(row["columns"]),
            names[row["foreign_table"]], tuple(row["foreign_columns"]), row["unique"],
        )
        for row in key_rows if row["table"] in names and row["foreign_table"] in names
    ]  # fmt: skip

    functions: dict[Name, list[Function]] = {}
    computed: list[Relationship] = []
    for row in function_rows:
        function = _function(row, names, tables)
        functions.setdefault(function.name, []).append(function)
        if row["of_table"] in names:
            of, returned = names[row["of_table"]], names.get(row["returns_table"])
            if returned:
                computed.append(
                    Relationship(
                        "computed", of, returned, function=function.name,
                        to_one=row["single"] or not function.returns_set,
                    )
                )  # fmt: skip
            elif not function.returns_set:
                tables[of].computed[function.name[1]] = Column(function.name[1], function.returns)
    return Schema(tables, functions, relate(tables, over_views(keys, views), computed))


def _columns(text: str | None) -> dict[str, Column]:
    return {column["name"]: Column(**column) for column in orjson.loads(text or "[]")}


def _function(row: asyncpg.Record, names: dict[int, Name], tables: dict[Name, Table]) -> Function:
    name = (row["schema"], row["name"])
    argument_names = [*row["names"], *[""] * (len(row["modes"]) - len(row["names"]))]
    arguments = list(zip(argument_names, row["modes"], row["types"], strict=True))
    inputs = [argument for argument in arguments if argument[1] in "ibv"]
    outputs = {name: Column(name, type_) for name, mode, type_ in arguments if mode in "obt"}
    first_default = len(inputs) - row["defaults"]
    parameters = tuple(
        Parameter(argument, type_, required=index < first_default, variadic=mode == "v")
        for index, (argument, mode, type_) in enumerate(inputs)
    )
    rows = None
    if row["returns_table"] in names:
        rows = tables[names[row["returns_table"]]]
    elif row["returns_columns"] or outputs or row["returns"] == "record":
        rows = Table(name, outputs or _columns(row["returns_columns"]))
    returns = "void" if row["is_void"] else row["returns"]
    return Function(name, parameters, returns, row["returns_set"], row["volatile"], rows)


def _view_origins(
    actions: dict[int, str], names: dict[int, Name], attributes: dict[tuple[int, int], str]
) -> dict[Name, dict[Name, dict[str, str]]]:
    """For each view the tables it reads and which of its columns shows which of theirs, through views of views."""
    direct = {view: _targets(action) for view, action in actions.items()}

    def origin(table: int, column: int) -> tuple[int, int]:
        seen = set()
        while table in direct and (table, column) not in seen:
            seen.add((table, column))
            table, column = direct[table].get(column, (0, 0))
        return table, column

    views: dict[Name, dict[Name, dict[str, str]]] = {}
    for view, targets in direct.items():
        sources = views.setdefault(names[view], {})
        for number, target in targets.items():
            table, column = origin(*target)
            if table in names and (table, column) in attributes and (view, number) in attributes:
                sources.setdefault(names[table], {}).setdefault(attributes[table, column], attributes[view, number])
    return views


def _targets(action: str) -> dict[int, tuple[int, int]]:
    """A view's columns that are plain columns of a table: number → that table's oid and the column's number there."""
    targets, depth = {}, 0
    for node in NODE.finditer(action):
        if node[0] == "{":
            depth += 1
        elif node[0] == "}":
            depth -= 1
        elif node[1] and depth == TARGET_DEPTH and node[2] != "0":
            targets[int(node[1])] = (int(node[2]), int(node[3]))
    return targets
