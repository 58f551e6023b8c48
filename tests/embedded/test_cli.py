"""The official Supabase CLI, unmodified, against the embedded database."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from embedded.bootstrap import bootstrap, owner_dsn
from embedded.keys import Keys
from embedded.migrations import find, migrate
from embedded.postgres import Postgres
from embedded.statements import split
from tests.embedded.node import install
from tests.embedded.processes import PROJECT

pytestmark = pytest.mark.node

CLI = Path(__file__).parent / "cli"  # package.json pins the version
COMMAND_S = 60


@dataclass
class Project:
    """A working copy of `supabase/`, the database it is applied to, and the CLI between the two."""

    folder: Path
    db_url: str
    home: Path

    async def cli(self, *words: str) -> str:
        """Runs a command with --db-url; returns standard output and asserts success."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "DO_NOT_TRACK": "1",
            "SUPABASE_TELEMETRY_DISABLED": "1",
        }
        process = await asyncio.create_subprocess_exec(
            str(CLI / "node_modules" / ".bin" / "supabase"), *words, "--db-url", self.db_url, "--agent", "no",
            cwd=self.folder, env=environment,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await asyncio.wait_for(process.communicate(), COMMAND_S)
        assert process.returncode == 0, err.decode() + out.decode()
        return out.decode()


@pytest.fixture(scope="module")
async def installed() -> None:
    """The CLI, from npm, once per checkout."""
    await install(CLI)


@pytest.fixture(scope="module")
async def project(installed: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Project]:
    """The project with all its migrations applied by the embedded stack."""
    keys = Keys.create()
    postgres = Postgres(tmp_path_factory.mktemp("postgres"), admin_password=keys.admin_password)
    await postgres.start()
    await bootstrap(postgres, keys)
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(PROJECT / "supabase", folder / "supabase", ignore=shutil.ignore_patterns(".temp"))
    dsn = owner_dsn(postgres, keys)
    await migrate(dsn, folder / "supabase")
    yield Project(folder, dsn, tmp_path_factory.mktemp("home"))
    await postgres.stop()


async def test_migration_list_shows_both_sides_equal(project: Project) -> None:
    listing = await project.cli("migration", "list")
    rows = re.findall(r"`(\d{14})`\s*\|\s*`(\d{14})`", listing)
    assert rows == [(migration.version, migration.version) for migration in find(project.folder / "supabase")]
    assert "` `" not in listing  # an empty cell: only one side has it


async def test_push_has_nothing_to_do(project: Project) -> None:
    assert "up to date" in await project.cli("db", "push", "--dry-run", "--include-seed")


async def test_push_applies_a_new_migration_which_the_stack_then_knows(project: Project) -> None:
    file = project.folder / "supabase" / "migrations" / "30000101000000_pushed.sql"
    file.write_text(
        "-- by; the CLI\ncreate table public.pushed (id int primary key);\n\ninsert into public.pushed values (1), (2);\n"
    )
    await project.cli("db", "push", "--yes")
    assert await migrate(project.db_url, project.folder / "supabase") == []
    connection = await asyncpg.connect(project.db_url)
    recorded = await connection.fetchval(
        "select statements from supabase_migrations.schema_migrations where version = '30000101000000'"
    )
    assert recorded == split(file.read_text())
    assert await connection.fetchval("select count(*) from public.pushed") == 2
    await connection.close()


async def test_types_are_generated(project: Project) -> None:
    python = await project.cli("gen", "types", "--lang", "python")
    assert "class PublicProfiles(BaseModel):" in python
    compile(python, "rows.py", "exec")
    typescript = await project.cli("gen", "types", "--lang", "typescript")
    assert "export type Database = {" in typescript
    assert '"generation_jobs": {' in typescript
