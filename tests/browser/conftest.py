"""The whole of Starling in a process of its own, and a real Chromium in front of it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil
import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.people import PATIENCE_MS

PROJECT = Path(__file__).parents[2]
READY = "Starling is ready at "
START_S = 90
STOP_S = 30
CHROMIUMS = ("chromium-headless-shell", "chromium", "google-chrome")

expect.set_options(timeout=PATIENCE_MS)


@dataclass(frozen=True)
class Running:
    """A Starling with a data folder of its own."""

    address: str
    data: Path
    process: psutil.Process

    def child(self, module: str) -> psutil.Process:
        """The child that runs `module` now. Raises LookupError when there is none."""
        for child in self.process.children():
            with suppress(psutil.Error):
                if module in child.cmdline():
                    return child
        raise LookupError(module)

    @contextmanager
    def held(self, module: str) -> Iterator[None]:
        """The child that runs `module` does nothing in the block: no haste is needed to be before it."""
        child = self.child(module)
        child.suspend()
        try:
            yield
        finally:
            child.resume()


@asynccontextmanager
async def run_starling(data: Path, **settings: str) -> AsyncIterator[Running]:
    """`main.py` on free ports, ended with all its children."""
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("SUPABASE_", "STARLING_", "PYTEST_", "NICEGUI_"))
    }
    environment |= {"STARLING_DATA": str(data), "STARLING_PORT": "0", "STARLING_API_PORT": "0", "STARLING_DB_PORT": "0"}
    environment |= {"STARLING_CROWD_S": "0"}  # what happens is what the test does
    process = await asyncio.create_subprocess_exec(
        sys.executable, "main.py", cwd=PROJECT, env=environment | settings, stdout=asyncio.subprocess.PIPE
    )
    running = psutil.Process(process.pid)
    try:
        async with asyncio.timeout(START_S):
            address = await _address(process)
        draining = asyncio.create_task(_drain(process), name="drain")
        yield Running(address, data, running)
        draining.cancel()
    finally:
        family: list[psutil.Process] = []
        with suppress(psutil.Error, ProcessLookupError):  # a test may have ended it
            family = [running, *running.children(recursive=True)]
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOP_S):
            await process.wait()
        assert not [member for member in family if member.is_running() and member.status() != psutil.STATUS_ZOMBIE]


async def shorten(running: Running) -> None:
    """Takes back the demo members' first pictures but for those already begun: nobody's own waits behind all of them."""
    owner = await asyncpg.connect(json.loads((running.data / "secret.json").read_text())["db_url"])
    async with asyncio.timeout(START_S):
        while not await owner.fetchval("select count(*) from public.generation_jobs where status <> 'waiting'"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await owner.execute("delete from public.generation_jobs where status = 'waiting'")
    await owner.close()


@pytest.fixture(scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """A running Starling that tests share, with an empty data folder. Nothing fails by chance."""
    data = tmp_path_factory.mktemp("starling")
    steady = {"STARLING_FAILURE_RATE": "0", "STARLING_TRAINING_FAILURE_RATE": "0", "STARLING_RENDER_SECONDS": "0.5"}
    steady |= {"STARLING_ASSISTANT_PACE": "3"}  # so that one sees it grow
    async with run_starling(data, **steady) as started:
        await shorten(started)
        yield started


@pytest.fixture(scope="session")
def starling(running: Running) -> str:
    """Its address."""
    return running.address


async def _drain(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    async for _ in process.stdout:
        pass


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async for line in process.stdout:
        if line.decode().startswith(READY):
            return line.decode().removeprefix(READY).strip()
    raise AssertionError(f"Starling did not start (exit status {await process.wait()})")


@pytest.fixture(scope="session")
async def one_chromium() -> AsyncIterator[Browser]:
    """The Chromium of this machine: the one that has no windows at all if it is there, at half the work."""
    program = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if program is None and "CI" not in os.environ:
        pytest.skip("there is no Chromium here")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.fixture
async def chromium(one_chromium: Browser) -> AsyncIterator[Browser]:
    """Chromium without a page; those that a test leaves open would go on drawing beside all the tests after it."""
    yield one_chromium
    for context in one_chromium.contexts:
        await context.close()
