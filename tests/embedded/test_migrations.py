"""Migrations: applied in order, each or not at all, recorded, and never as a superuser; on both Postgres versions."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from embedded.bootstrap import bootstrap, owner_dsn
from embedded.errors import MigrationFailed
from embedded.keys import Keys
from embedded.migrations import find, migrate
from embedded.postgres import Postgres
from tests.embedded.processes import PROJECT


@pytest.fixture(scope="module", params=[18, 16])
async def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    keys = Keys.create()
    data = tmp_path_factory.mktemp(f"postgres-{request.param}")
    postgres = Postgres(data, admin_password=keys.admin_password, version=request.param)
    await postgres.start()
    await bootstrap(postgres, keys)
    yield owner_dsn(postgres, keys)
    await postgres.stop()


@pytest.fixture(scope="module", autouse=True)
async def applied(server: str) -> list[str]:
    """The project's migrations come first; the tests' own have later versions."""
    return await migrate(server, PROJECT / "supabase")


@pytest.fixture(scope="module")
async def owner(server: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(server)
    yield connection
    await connection.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "migrations").mkdir()
    return tmp_path


def write(project: Path, name: str, script: str) -> None:
    (project / "migrations" / name).write_text(script)


async def test_the_projects_own_migrations_apply_once(
    server: str, applied: list[str], owner: asyncpg.Connection
) -> None:
    assert applied == [*sorted(file.name for file in (PROJECT / "supabase" / "migrations").glob("*.sql")), "seed.sql"]
    assert await migrate(server, PROJECT / "supabase") == []
    recorded = await owner.fetch(
        "select version, name from supabase_migrations.schema_migrations where version < '3' order by version"
    )
    assert [(row["version"], row["name"]) for row in recorded] == [
        (m.version, m.name) for m in find(PROJECT / "supabase")
    ]


async def test_a_failing_migration_leaves_nothing_and_says_where(
    server: str, owner: asyncpg.Connection, project: Path
) -> None:
    write(project, "30000101000000_good.sql", "create table public.good (id int);")
    write(project, "30000101000001_bad.sql", "create table public.bad (id int);\n\nselect frob from public.good;")
    with pytest.raises(MigrationFailed, match=r'30000101000001_bad\.sql:3 .*column "frob" does not exist.*42703'):
        await migrate(server, project)
    assert await owner.fetchval("select to_regclass('public.good') is not null and to_regclass('public.bad') is null")
    write(project, "30000101000001_bad.sql", "create table public.bad (id int);")
    assert await migrate(server, project) == ["30000101000001_bad.sql"]


async def test_an_edited_migration_is_pointed_out(server: str, project: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(project, "30000102000000_edited.sql", "select 1;")
    await migrate(server, project)
    write(project, "30000102000000_edited.sql", "select 2;")
    with caplog.at_level(logging.WARNING):
        assert await migrate(server, project) == []
    assert "30000102000000_edited.sql changed after it was applied" in caplog.text


async def test_what_a_migration_sets_is_for_itself(server: str, project: Path) -> None:
    write(project, "30000103000000_sets.sql", "set search_path = ''; create table public.mine (id int);")
    write(project, "30000103000001_after.sql", "insert into mine values (1);")
    assert len(await migrate(server, project)) == 2


async def test_new_tables_are_granted_to_nobody(owner: asyncpg.Connection) -> None:
    await owner.execute("create table public.closed (id int)")
    for role in ("anon", "authenticated", "service_role"):
        assert not await owner.fetchval(
            "select has_table_privilege($1, 'public.closed', 'select, insert, update, delete')", role
        )


@pytest.mark.parametrize(
    "statement",
    [
        "alter table storage.objects add column mine int",
        "alter table auth.users disable row level security",
        "comment on table auth.users is 'mine'",
        "create table auth.mine (id int)",
        "create index on storage.objects (owner)",
        "drop schema realtime cascade",
        "drop function storage.operation()",
        "delete from storage.objects",
        "truncate storage.objects",
        "set role supabase_storage_admin",
        "create role mine superuser",
    ],
)
async def test_the_platforms_schemas_are_not_the_owners(owner: asyncpg.Connection, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await owner.execute(statement)


async def test_the_owner_adds_policies_and_triggers_to_the_platforms_tables(owner: asyncpg.Connection) -> None:
    await owner.execute("""
        create policy mine on storage.objects for select to anon using (false);
        create policy mine on realtime.messages for select to anon using (false);
        create function public.mine() returns trigger language plpgsql as 'begin return new; end';
        create trigger mine after insert on auth.users for each row execute function public.mine();
        drop trigger mine on auth.users;
        drop policy mine on storage.objects;
        drop policy mine on realtime.messages;
    """)
