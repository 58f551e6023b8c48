"""What must be known of a table to tell its changes: its key, whether rows are guarded, and who may read which column.

Postgres sends a table's description again whenever anything about it changed (grants and row security, too), and a
description here is as good as the one in the stream that it was made for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import orjson

from embedded.database import Connection
from embedded.realtime.pgoutput import Relation

DESCRIBE = """
select c.relrowsecurity as guarded,
       format('%I.%I', n.nspname, c.relname) as name,
       (select coalesce(jsonb_agg(jsonb_build_object(
                 'name', a.attname, 'quoted', quote_ident(a.attname), 'type', t.typname,
                 'cast', a.atttypid::regtype::text, 'key', a.attnum = any(k.conkey),
                 'readers', (select coalesce(jsonb_agg(r.rolname), '[]') from pg_catalog.pg_roles r
                             where r.rolname = any($2) and has_column_privilege(r.oid, c.oid, a.attnum, 'SELECT'))
               ) order by a.attnum), '[]')::text
        from pg_catalog.pg_attribute a
        join pg_catalog.pg_type t on t.oid = a.atttypid
        left join pg_catalog.pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
       (select array_agg(type::regtype::text order by n) from unnest($3::oid[]) with ordinality as x(type, n)) as casts,
       (select coalesce(array_agg(r.rolname::text), '{}') from pg_catalog.pg_roles r
        where r.rolname = any($2) and (r.rolbypassrls or r.rolsuper)) as trusted
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid = $1
"""


@dataclass(frozen=True)
class Column:
    """A column as it is now; `quoted` and `cast` (its type) can go into a statement."""

    name: str
    quoted: str
    type: str
    cast: str
    is_key: bool
    readers: frozenset[str]


@dataclass(frozen=True)
class Table:
    """`casts` are the types of the relation's columns, in the order of its rows."""

    relation: Relation
    roles: frozenset[str]  # those that were asked about
    name: str
    guarded: bool
    columns: tuple[Column, ...]
    casts: tuple[str, ...]
    trusted: frozenset[str]  # roles that row security does not concern

    @cached_property
    def key(self) -> list[Column]:
        """The columns of the primary key."""
        return [column for column in self.columns if column.is_key]

    def readable(self, role: str, select: tuple[str, ...] | None) -> list[Column]:
        """What a subscriber is shown: the selected columns and the key, as far as its role may read them."""
        return [
            column
            for column in self.columns
            if role in column.readers and (select is None or column.is_key or column.name in select)
        ]


class Tables:
    """Descriptions, remembered."""

    def __init__(self) -> None:
        self._known: dict[int, Table] = {}

    async def describe(self, connection: Connection, relation: Relation, roles: Iterable[str]) -> Table | None:
        """The table of a change; None when it is gone."""
        known = self._known.get(relation.oid)
        wanted = frozenset(roles)
        if known and known.relation is relation and wanted <= known.roles:
            return known
        if known and known.relation is relation:
            wanted |= known.roles
        types = [column.type_oid for column in relation.columns]
        row = await connection.fetchrow(DESCRIBE, relation.oid, sorted(wanted), types)
        if row is None:
            self._known.pop(relation.oid, None)
            return None
        columns = tuple(
            Column(one["name"], one["quoted"], one["type"], one["cast"], bool(one["key"]), frozenset(one["readers"]))
            for one in orjson.loads(row["columns"])
        )
        table = Table(
            relation, wanted, row["name"], row["guarded"], columns, tuple(row["casts"] or ()), frozenset(row["trusted"])
        )
        self._known[relation.oid] = table
        return table

    def forget(self) -> None:
        """Everything may have changed."""
        self._known.clear()
