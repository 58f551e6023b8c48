"""The catalog holds what rights.py says and nothing else, and keeps to the rules that every table follows: in a new
project on Postgres 18, and in one on Postgres 16 that would grant everything if it were let."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import asyncpg
import pytest

from tests.supabase.rights import (
    BUCKETS,
    FUNCTIONS,
    HARMLESS,
    POLICIES,
    PUBLISHED,
    SPELLED,
    TABLES,
    Bucket,
    Table,
)

ROLES = ("anon", "authenticated", "service_role")
OURS = "('public', 'private', 'live')"

RELATIONS = f"""
select format('%s.%s', c.relnamespace::regnamespace, c.relname) as name, c.relkind::text as kind, c.relrowsecurity as guarded, c.oid
from pg_class c where c.relnamespace::regnamespace::text in {OURS} and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
"""
# Everything granted to anybody but the owner, on tables and on single columns; 0 is PUBLIC.
GRANTS = """
select coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'public') as role, lower(a.privilege_type) as privilege, null as column
from pg_class c, aclexplode(c.relacl) a where c.oid = $1 and a.grantee <> c.relowner
union all
select coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'public'), lower(a.privilege_type), t.attname
from pg_class c join pg_attribute t on t.attrelid = c.oid, aclexplode(t.attacl) a where c.oid = $1 and a.grantee <> c.relowner
"""


@pytest.fixture(params=["sql", "older"])
def catalog(request: pytest.FixtureRequest) -> asyncpg.Connection:
    return request.getfixturevalue(request.param)


async def test_tables_and_columns_are_granted_as_written(catalog: asyncpg.Connection):
    found: dict[str, dict[str, frozenset[str]]] = {}
    for relation in await catalog.fetch(RELATIONS):
        grants: dict[str, set[str]] = defaultdict(set)
        for role, privilege, column in await catalog.fetch(GRANTS, relation["oid"]):
            grants[role].add(f"{privilege}({column})" if column else privilege)
        if relation["kind"] != "S":
            found[relation["name"]] = {role: frozenset(granted) for role, granted in grants.items()}
        else:
            assert not grants, f"{relation['name']} is a sequence of the database's own"
    expected = {
        name: {role: table.of(role) for role in ROLES if table.of(role)} for name, table in TABLES.items()
    }  # fmt: skip
    assert found == expected


async def test_functions_are_granted_as_written(catalog: asyncpg.Connection):
    rows = await catalog.fetch(
        f"""
        select format('%s.%s(%s)', p.pronamespace::regnamespace, p.proname, pg_get_function_identity_arguments(p.oid)) as full,
               p.proname, p.pronamespace::regnamespace::text as schema, p.proargtypes::regtype[]::text[] as types,
               array(select coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'public')
                     from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee <> p.proowner) as roles,
               array(select r from unnest($1::text[]) r where has_function_privilege(r, p.oid, 'execute')
                     and has_schema_privilege(r, p.pronamespace, 'usage')) as callers
        from pg_proc p where p.pronamespace::regnamespace::text in {OURS}""",
        list(ROLES),
    )
    found = {f"{r['schema']}.{r['proname']}({', '.join(r['types'])})": r for r in rows}
    assert {name: frozenset(row["roles"]) for name, row in found.items()} == FUNCTIONS
    assert {name: frozenset(row["callers"]) for name, row in found.items()} == FUNCTIONS
    assert {row["proname"] for row in rows if row["schema"] == "public"} == HARMLESS.keys()


async def test_functions_with_their_owners_rights_trust_no_search_path(catalog: asyncpg.Connection):
    loose = await catalog.fetch(f"""
        select p.oid::regprocedure::text from pg_proc p
        where p.pronamespace::regnamespace::text in {OURS} and p.prosecdef
          and not coalesce('search_path=""' = any (p.proconfig), false)""")
    assert loose == []


async def test_policies_are_those_written(catalog: asyncpg.Connection):
    rows = await catalog.fetch("""
        select schemaname || '.' || tablename as relation, policyname, lower(cmd) as command, permissive,
               array(select r::text from unnest(roles) r order by r) as roles
        from pg_policies where schemaname in ('public', 'private', 'live', 'realtime', 'storage', 'auth')""")
    assert {(r["relation"], r["policyname"]): (r["command"], tuple(r["roles"])) for r in rows} == POLICIES
    assert {r["permissive"] for r in rows} == {"PERMISSIVE"}


async def test_every_table_of_the_api_is_guarded_row_by_row(catalog: asyncpg.Connection):
    relations = {row["name"]: row for row in await catalog.fetch(RELATIONS) if row["kind"] != "S"}
    assert [name for name, row in relations.items() if name.startswith("public.") and not row["guarded"]] == []
    assert {row["kind"] for row in relations.values()} == {"r"}, (
        "a view would need a test of whose rights it reads with"
    )


async def test_schemas_are_closed_but_for_those_written(catalog: asyncpg.Connection):
    open_ = await catalog.fetch(
        """
        select n.nspname, r from pg_namespace n, unnest($1::text[]) r
        where n.nspname in ('public', 'private', 'live')
          and (has_schema_privilege(r, n.oid, 'create') or n.nspname = 'private' and has_schema_privilege(r, n.oid, 'usage'))
        """,
        list(ROLES),
    )
    assert open_ == []


async def test_every_table_has_its_key_its_times_and_its_version(catalog: asyncpg.Connection):
    for name in (name for name in TABLES if name.startswith("public.")):
        columns = await catalog.fetch(
            "select attname, format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = $1::text::regclass and attnum > 0 and not attisdropped",
            name,
        )
        types = {row["attname"]: row["type"] for row in columns}
        assert types.items() >= {
            "id": "uuid", "created_at": "timestamp with time zone", "updated_at": "timestamp with time zone", "version": "bigint",
        }.items(), name  # fmt: skip
        stamped = "select 1 from pg_trigger where tgrelid = $1::text::regclass and tgname = 'stamp' and tgtype = 1 | 2 | 4 | 16"
        assert await catalog.fetchval(stamped, name), (
            f"{name} has no trigger `stamp` before insert or update of each row"
        )


async def test_texts_have_a_limit(catalog: asyncpg.Connection):
    """A text column is checked by length, by pattern or by a list of values, or refers to one that is."""
    unlimited = await catalog.fetch("""
        select format('%s.%s', a.attrelid::regclass, a.attname) as column
        from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped and a.atttypid = 'text'::regtype
          and not exists (select from pg_constraint k where k.conrelid = c.oid and k.contype in ('c', 'f') and a.attnum = any (k.conkey))""")
    assert unlimited == []


async def test_every_foreign_key_has_an_index(catalog: asyncpg.Connection):
    bare = await catalog.fetch(f"""
        select k.conrelid::regclass::text, k.conname from pg_constraint k
        join pg_class c on c.oid = k.conrelid
        where k.contype = 'f' and c.relnamespace::regnamespace::text in {OURS}
          and not exists (
            select from pg_index i
            where i.indrelid = k.conrelid and i.indpred is null and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)""")
    assert bare == []


async def test_every_column_that_a_policy_asks_for_has_an_index(catalog: asyncpg.Connection):
    """It leads an index, or an index is made for its value (`where visibility = 'public'`)."""
    bare = await catalog.fetch(f"""
        select distinct c.oid::regclass::text as relation, a.attname as column
        from pg_depend d
        join pg_class c on c.oid = d.refobjid
        join pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid
        where d.classid = 'pg_policy'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0
          and c.relnamespace::regnamespace::text in {OURS}
          and not exists (
            select from pg_index i
            left join pg_depend p on p.classid = 'pg_class'::regclass and p.objid = i.indexrelid
                                 and p.refobjid = c.oid and p.refobjsubid = a.attnum
            where i.indrelid = c.oid
              and (i.indkey[0] = a.attnum or i.indpred is not null and p.objid is not null and a.attnum <> all (i.indkey::int2[])))""")
    assert bare == []


async def test_buckets_are_those_written(catalog: asyncpg.Connection):
    rows = await catalog.fetch("select id, name, public, file_size_limit, allowed_mime_types from storage.buckets")
    assert {
        r["id"]: Bucket(r["public"], r["file_size_limit"], frozenset(r["allowed_mime_types"])) for r in rows
    } == BUCKETS


async def test_topics_are_those_written(catalog: asyncpg.Connection):
    sources = await catalog.fetch(
        "select prosrc from pg_proc where oid in ('live.may_read'::regproc, 'live.may_write'::regproc)"
    )
    literals = set(re.findall(r"'([^']*)'", " ".join(row["prosrc"] for row in sources)))
    assert literals - {"broadcast", "presence"} == SPELLED


async def test_only_these_tables_are_published(catalog: asyncpg.Connection):
    rows = await catalog.fetch(
        "select schemaname || '.' || tablename from pg_publication_tables where pubname = 'supabase_realtime'"
    )
    assert {row[0] for row in rows} == PUBLISHED


async def test_api_requests_end_in_time(catalog: asyncpg.Connection):
    """A costly filter of a visitor's ends after some seconds; nothing of ours lifts the platform's limits."""
    settings = await catalog.fetchval("select rolconfig from pg_roles where rolname = 'authenticator'")
    assert {"statement_timeout=8s", "lock_timeout=8s"} <= set(settings or ())
    lifted = await catalog.fetchval(f"""
        select count(*) from pg_proc p, unnest(p.proconfig) s
        where p.pronamespace::regnamespace::text in {OURS} and s like '%timeout%'""")
    assert lifted == 0


def test_the_folder_does_not_shadow_the_package():
    folder = Path(__file__).parents[2] / "supabase"
    assert list(folder.rglob("__init__.py")) == []
    assert list(folder.rglob("*.py")) == []


def test_a_table_says_what_may_be_done_to_parts_of_it():
    table = Table(authenticated=frozenset({"update(a)"}))
    assert table.may("authenticated", "update")
    assert not table.may("anon", "update")
