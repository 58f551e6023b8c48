"""Render processes: replaced when they die, gone when the worker is."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from worker.errors import RendererLost
from worker.pool import RenderPool

PROJECT = Path(__file__).parents[2]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(marker: str) -> int:
    if not Path(marker).exists():
        Path(marker).touch()
        die()
    return os.getpid()


async def test_a_process_that_dies_is_replaced(tmp_path: Path) -> None:
    pool = RenderPool(1)
    try:
        first = await pool.run(os.getpid)
        second = await pool.run(die_once, str(tmp_path / "died"))
        assert alive(second)
        assert second != first
        with pytest.raises(RendererLost):
            await pool.run(die)
        assert await pool.run(os.getpid)
    finally:
        await pool.close()


async def test_closing_leaves_no_process_whatever_it_is_busy_with() -> None:
    pool = RenderPool(2)
    pid = await pool.run(os.getpid)
    busy = asyncio.ensure_future(pool.run(time.sleep, 60))
    started = time.monotonic()
    await pool.close()
    assert time.monotonic() - started < 45
    assert not alive(pid)
    busy.cancel()


async def test_no_orphans_when_the_worker_is_killed() -> None:
    program = """
import asyncio, os, time
from worker.pool import RenderPool
async def main():
    pool = RenderPool(1)
    print(await pool.run(os.getpid), flush=True)
    await pool.run(time.sleep, 60)
if __name__ == "__main__":
    asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", program, cwd=PROJECT, stdout=PIPE)
    assert parent.stdout is not None
    pid = int(await asyncio.wait_for(parent.stdout.readline(), 30))
    parent.kill()
    await parent.wait()
    async with asyncio.timeout(20):
        while alive(pid):  # noqa: ASYNC110 (nothing tells)
            await asyncio.sleep(0.02)
