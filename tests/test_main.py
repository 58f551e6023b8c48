"""main.py: what it says when it cannot start, and what it leaves behind when it ends: nothing."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from main import claim, worth_saying
from settings import Settings, SettingsError
from tests.browser.conftest import run_starling

PROJECT = Path(__file__).parents[1]


async def refusal(**settings: str) -> str:
    """What main.py says on standard error before it ends with status 1."""
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("SUPABASE_", "STARLING_", "NICEGUI_", "PYTEST_"))
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "main.py", cwd=PROJECT, env=environment | settings, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(30):
        _, said = await process.communicate()
    assert process.returncode == 1
    return said.decode().strip()


async def gone(processes: list[psutil.Process]) -> None:
    """Waits until all of them have ended."""
    async with asyncio.timeout(20):
        while any(runs(process) for process in processes):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        ({"STARLING_PORT": "eighty"}, "STARLING_PORT"),
        ({"STARLING_DB_PORT": "70000"}, "STARLING_DB_PORT"),
        ({"SUPABASE_URL": "nowhere"}, "SUPABASE_URL"),
        ({"SUPABASE_URL": "https://example.org"}, "SUPABASE_PUBLISHABLE_KEY"),
        ({"STARLING_DATA": "/proc"}, "STARLING_DATA: /proc cannot be written to"),
    ],
)
async def test_a_bad_setting_is_named_in_one_line(settings: dict[str, str], variable: str, tmp_path: Path):
    said = await refusal(**({"STARLING_DATA": str(tmp_path), "STARLING_PORT": "0"} | settings))
    assert variable in said
    assert "\n" not in said


async def test_a_taken_port_is_named(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = await refusal(STARLING_DATA=str(tmp_path), STARLING_PORT=port)
    assert f"port {port} on 127.0.0.1 is not free (Address already in use);" in said
    assert "\n" not in said


@pytest.mark.parametrize(("host", "address"), [("127.0.0.1", "http://127.0.0.1:80"), ("::1", "http://[::1]:80")])
def test_an_address_of_ipv6_stands_in_brackets(host: str, address: str) -> None:
    settings = Settings(host=host, port=80, public_url=None)
    assert (settings.address, settings.links) == (address, address)


def test_a_port_that_was_chosen_is_held():
    """Until the pages are served: it may be the next one that the system gives away."""
    with claim("127.0.0.1", 0) as door:
        assert door.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        with pytest.raises(SettingsError, match="is not free"):
            claim("127.0.0.1", door.getsockname()[1])


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("No response returned."), False),
        (RuntimeError("Something else"), True),
        (KeyError("REQUEST_METHOD"), False),
        (KeyError("Session is disconnected"), False),
        (KeyError("else"), True),
    ],
)
def test_a_browser_that_leaves_early_is_no_error(error: Exception, said: bool):
    record = logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, "", (), (type(error), error, None))
    assert worth_saying(record) is said


@pytest.mark.timeout(240)
async def test_it_serves_survives_kill_and_leaves_no_orphans(tmp_path: Path):
    data = tmp_path / "a folder with spaces"
    async with run_starling(data) as running:
        async with httpx.AsyncClient(base_url=running.address) as client:
            assert (await client.get("/")).status_code == 200
            assert (await client.get("/studio")).status_code == 200
        family = running.process.children(recursive=True)
        assert len(family) >= 3
        running.process.kill()  # kill -9: it cannot tell its children
        await gone([running.process, *family])

    async with run_starling(data) as running:  # a stale lock and a killed Postgres are no obstacle
        async with httpx.AsyncClient(base_url=running.address) as client:
            assert (await client.get("/sign-in")).status_code == 200
        family = running.process.children(recursive=True)
        running.process.send_signal(signal.SIGINT)
        await gone([running.process, *family])


def test_a_browser_that_asks_for_a_connection_that_is_gone_is_no_error():
    text = "Invalid session onNMdv6y (further occurrences of this error will be logged with level INFO)"
    assert not worth_saying(logging.LogRecord("engineio.server", logging.ERROR, "", 0, text, (), None))
