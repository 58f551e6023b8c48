"""The server under the stack: what it finds in its folder when it starts, and how sure its data is."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import asyncpg
import pytest

from embedded.errors import PostgresFailed
from embedded.postgres import Postgres
from tests.embedded.processes import running


async def test_what_is_committed_is_on_the_disk(postgres: Postgres) -> None:
    connection = await asyncpg.connect(postgres.dsn())
    settings = {
        name: await connection.fetchval(f"show {name}") for name in ("fsync", "synchronous_commit", "wal_level")
    }
    assert settings == {"fsync": "on", "synchronous_commit": "on", "wal_level": "logical"}
    assert await connection.fetchval("show unix_socket_directories") == ""
    assert await connection.fetchval("show server_encoding") == "UTF8"
    assert await connection.fetchval("select lower('ÄÖÜ')") == "äöü"
    await connection.close()


async def test_a_server_left_behind_is_stopped_and_its_data_taken_over(tmp_path: Path) -> None:
    left = Postgres(tmp_path, admin_password="secret")
    await left.start()
    connection = await asyncpg.connect(left.dsn())
    await connection.execute("create table kept as select 1 as id")
    pid = left.pid
    assert pid is not None

    server = Postgres(tmp_path, admin_password="secret")
    started = time.perf_counter()
    await server.start()
    assert time.perf_counter() - started < 40
    assert not running(pid)
    assert await asyncio.wait_for(left.wait(), 30) == 0
    connection = await asyncpg.connect(server.dsn())
    assert await connection.fetchval("select id from kept") == 1
    await connection.close()
    await server.stop()
    assert server.pid is None


async def test_a_cluster_of_another_version_is_refused(tmp_path: Path) -> None:
    older = Postgres(tmp_path, admin_password="secret", version=16)
    await older.start()
    await older.stop()
    with pytest.raises(PostgresFailed, match=r"made by Postgres 16, this is 18\. Start with --reset"):
        await Postgres(tmp_path, admin_password="secret").start()


async def test_a_half_made_cluster_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "postgres.new" / "base").mkdir(parents=True)
    server = Postgres(tmp_path, admin_password="secret")
    await server.start()
    await server.stop()
    assert not (tmp_path / "postgres.new").exists()


async def test_why_it_did_not_start_is_said(tmp_path: Path) -> None:
    server = Postgres(tmp_path, admin_password="secret")
    await server.start()
    await server.stop()
    (tmp_path / "postgres" / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(PostgresFailed, match="no_such_setting"):
        await server.start()
