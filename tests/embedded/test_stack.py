"""How the stack starts and ends: as whom, where, beside what, and however it was killed."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest
import websockets

from embedded import demo
from tests.embedded.processes import PROJECT, as_user, command, embedded, refusal, running, until

QUICK_S = 25  # a fraction of what the patience of whoever is asked to end adds up to, on a busy machine
ROOT = os.geteuid() == 0
USER = "starling-test"


async def execute(db_url: str, statement: str) -> None:
    connection = await asyncpg.connect(db_url)
    await connection.execute(statement)
    await connection.close()


async def value(db_url: str, query: str) -> object:
    connection = await asyncpg.connect(db_url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


@pytest.fixture
def ordinary_user() -> Iterator[pwd.struct_passwd]:
    """A throw-away user of this machine."""
    if not ROOT or shutil.which("useradd") is None:
        pytest.skip("only root can make a user")
    subprocess.run(["useradd", "--create-home", USER], check=True)
    yield pwd.getpwnam(USER)
    subprocess.run(["userdel", "--remove", USER], check=True, capture_output=True)


async def test_it_announces_itself_and_starts_again_quickly(tmp_path: Path) -> None:
    data = tmp_path / "a folder"
    async with embedded(data) as stack:
        names = ["api_url", "db_url", "publishable_key", "secret_key", "anon_key", "service_role_key", "jwt_secret"]
        assert list(stack.address) == names
        public, secret = data / "public.json", data / "secret.json"
        assert json.loads(secret.read_text()) == stack.address
        assert json.loads(public.read_text()) == {
            n: stack.address[n] for n in ("api_url", "publishable_key", "anon_key")
        }
        for file in (secret, data / "keys.json"):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
        await execute(stack.address["db_url"], "create table public.kept (id int); insert into public.kept values (1)")
        assert await stack.end() < QUICK_S
        assert stack.process.returncode == 0
        assert not public.exists()
        assert not secret.exists()
        first = stack.address
    async with embedded(data) as stack:
        assert stack.ready_after_s < QUICK_S
        assert stack.address["jwt_secret"] == first["jwt_secret"]
        assert await value(stack.address["db_url"], "select count(*) from public.kept") == 1


async def test_it_listens_on_this_machine_only(tmp_path: Path) -> None:
    async with embedded(tmp_path) as stack:
        addresses = await value(
            stack.address["db_url"], "select setting from pg_settings where name = 'listen_addresses'"
        )
        assert addresses == "127.0.0.1"
        assert stack.address["api_url"].startswith("http://127.0.0.1:")


async def test_two_stacks_side_by_side(tmp_path: Path) -> None:
    async with embedded(tmp_path / "one") as one, embedded(tmp_path / "two") as two, httpx.AsyncClient() as client:
        for stack, status in ((one, 200), (two, 401)):
            url = f"{stack.address['api_url']}/auth/v1/settings"
            assert (await client.get(url, headers={"apikey": one.address["anon_key"]})).status_code == status


@pytest.mark.skipif(not ROOT, reason="needs a folder that only root may enter")
async def test_as_root_in_a_folder_closed_to_others(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    async with embedded(closed / "data") as stack:
        assert await value(stack.address["db_url"], "select 1") == 1
        assert os.stat(f"/proc/{stack.postgres_pid}").st_uid != 0
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


async def test_as_an_ordinary_user_and_then_as_root(ordinary_user: pwd.struct_passwd) -> None:
    data = Path(ordinary_user.pw_dir) / "data"
    words = as_user(ordinary_user.pw_uid, ordinary_user.pw_gid, command(data))
    async with embedded(data, words=words) as stack:
        assert os.stat(f"/proc/{stack.postgres_pid}").st_uid == ordinary_user.pw_uid
        await execute(stack.address["db_url"], "create table public.kept ()")
    async with embedded(data) as stack:
        assert os.stat(f"/proc/{stack.postgres_pid}").st_uid == ordinary_user.pw_uid
        assert await value(stack.address["db_url"], "select to_regclass('public.kept') is not null")


async def test_a_taken_port_is_named_with_its_holder(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        holder = f"Port {port} is taken by {Path(f'/proc/{os.getpid()}/comm').read_text().strip()} (pid {os.getpid()})."
        for option, setting in (("--port", "STARLING_API_PORT"), ("--db-port", "STARLING_DB_PORT")):
            said = await refusal(tmp_path, option, str(port))
            assert said == f"{holder} Free it, or take any free one: `{option} 0` (of `make run`: {setting}=0)."


async def test_one_stack_per_data_folder(tmp_path: Path) -> None:
    async with embedded(tmp_path) as stack:
        said = await refusal(tmp_path)
        assert said == f"The data folder {tmp_path} is in use by another embedded stack (pid {stack.process.pid})."
        assert await value(stack.address["db_url"], "select 1") == 1


async def test_killed_without_warning_it_leaves_no_process_and_loses_nothing(tmp_path: Path) -> None:
    async with embedded(tmp_path) as stack:
        await execute(stack.address["db_url"], "create table public.kept as select 1 as id")
        postgres = stack.postgres_pid
        await stack.end(signal.SIGKILL)
        await until(lambda: not running(postgres))
    async with embedded(tmp_path) as stack:
        assert await value(stack.address["db_url"], "select count(*) from public.kept") == 1


async def test_everything_killed_at_once_it_recovers(tmp_path: Path) -> None:
    async with embedded(tmp_path) as stack:
        await execute(stack.address["db_url"], "create table public.kept as select 1 as id")
        postgres = stack.postgres_pid
        stack.process.kill()
        os.kill(postgres, signal.SIGKILL)
        await stack.process.wait()
    # The number in postmaster.pid may belong to somebody else by now.
    pid_file = tmp_path / "postgres" / "postmaster.pid"
    pid_file.write_text("\n".join([str(os.getpid()), *pid_file.read_text().splitlines()[1:]]))
    async with embedded(tmp_path) as stack:
        assert await value(stack.address["db_url"], "select count(*) from public.kept") == 1


async def test_a_killed_postgres_is_started_again_under_the_same_address(tmp_path: Path) -> None:
    async with embedded(tmp_path, "--demo") as stack, httpx.AsyncClient(base_url=stack.address["api_url"]) as client:
        await execute(stack.address["db_url"], "create table public.kept as select 1 as id")
        headers = {"apikey": stack.address["publishable_key"]}
        person = {"email": demo.PEOPLE[0].email, "password": demo.PASSWORD}

        async def signs_in() -> bool:
            answer = await client.post("/auth/v1/token?grant_type=password", json=person, headers=headers)
            return answer.status_code == 200

        assert await signs_in()
        killed = stack.postgres_pid
        os.kill(killed, signal.SIGKILL)
        async with asyncio.timeout(30):
            while not await signs_in():  # noqa: ASYNC110 - another process has no event to wait for
                await asyncio.sleep(0.05)
        assert stack.postgres_pid != killed
        assert await value(stack.address["db_url"], "select count(*) from public.kept") == 1


async def test_it_ends_quickly_with_clients_connected(tmp_path: Path) -> None:
    async with embedded(tmp_path) as stack:
        url = f"{stack.address['api_url'].replace('http', 'ws')}/realtime/v1/websocket?vsn=2.0.0&apikey={stack.address['anon_key']}"
        database = await asyncpg.connect(stack.address["db_url"])
        async with websockets.connect(url) as client:
            await client.send('["1","1","realtime:room","phx_join",{"config":{}}]')
            assert "ok" in str(await client.recv())
            postgres = stack.postgres_pid
            assert await stack.end(signal.SIGINT) < QUICK_S
        database.terminate()
        assert stack.process.returncode == 0
        assert not running(postgres)


async def test_it_ends_with_its_standard_input(tmp_path: Path) -> None:
    async with embedded(tmp_path, "--watch-stdin") as stack:
        assert stack.process.stdin is not None
        stack.process.stdin.close()
        assert await asyncio.wait_for(stack.process.wait(), 30) == 0


async def test_a_signal_while_it_starts_is_heeded(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(*command(tmp_path), cwd=PROJECT, stdin=asyncio.subprocess.DEVNULL)
    await until(lambda: (tmp_path / "postgres" / "postmaster.pid").exists())
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 30) == 0
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()


async def test_reset_empties_the_database_and_keeps_the_keys(tmp_path: Path) -> None:
    async with embedded(tmp_path) as stack:
        await execute(stack.address["db_url"], "create table public.gone ()")
        secret = stack.address["jwt_secret"]
    (tmp_path / "mine.txt").write_text("not the stack's")
    async with embedded(tmp_path, "--reset") as stack:
        assert await value(stack.address["db_url"], "select to_regclass('public.gone') is null")
        assert stack.address["jwt_secret"] == secret
    assert (tmp_path / "mine.txt").exists()


async def test_demo_members_are_made_once_and_nobody_else_is_one(tmp_path: Path) -> None:
    for _ in range(2):
        async with (
            embedded(tmp_path, "--demo") as stack,
            httpx.AsyncClient(base_url=stack.address["api_url"]) as client,
        ):
            headers = {"apikey": stack.address["publishable_key"]}
            for person in demo.PEOPLE:
                credentials = {"email": person.email, "password": demo.PASSWORD}
                answer = await client.post("/auth/v1/token?grant_type=password", json=credentials, headers=headers)
                assert answer.status_code == 200
            profiles = "select count(*) from public.profiles where is_demo"
            assert await value(stack.address["db_url"], profiles) == len(demo.PEOPLE)
            pretender = {"email": f"{time.time_ns()}@example.org", "password": "long enough", "data": {"is_demo": True}}
            assert (await client.post("/auth/v1/signup", json=pretender, headers=headers)).status_code == 200
            assert await value(stack.address["db_url"], profiles) == len(demo.PEOPLE)


async def test_where_the_kernel_cannot_tie_processes_a_launcher_watches(tmp_path: Path) -> None:
    """The way of macOS, tried here: a child that outlives its parent's death only for a moment."""
    launcher = str(PROJECT / "embedded" / "launcher.py")
    parent = (
        "import os, subprocess, sys, time;"
        f"subprocess.Popen([sys.executable, '-I', '-S', {launcher!r}, '--watch', '--parent', str(os.getpid()), '--', '/bin/sleep', '60']);"
        "time.sleep(60)"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", parent)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    await until(lambda: bool(children.read_text().split()))
    (watcher,) = map(int, children.read_text().split())
    grandchildren = Path(f"/proc/{watcher}/task/{watcher}/children")
    await until(lambda: bool(grandchildren.read_text().split()))
    (child,) = map(int, grandchildren.read_text().split())
    process.kill()
    await process.wait()
    await until(lambda: not running(child) and not running(watcher))
