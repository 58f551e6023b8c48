"""`python -m embedded` as a process of its own, for tests of how it starts and ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
READY_S = 60.0


@dataclass
class Embedded:
    """A running stack: its process, what it printed when ready, and how long that took."""

    process: Process
    data: Path
    address: dict[str, Any]
    ready_after_s: float

    @property
    def postgres_pid(self) -> int:
        """The process id of its Postgres, as Postgres itself notes it."""
        return int((self.data / "postgres" / "postmaster.pid").read_text().split()[0])

    async def end(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Sends a signal and waits for the end; returns the seconds it took."""
        started = time.perf_counter()
        self.process.send_signal(number)
        await asyncio.wait_for(self.process.wait(), 30)
        return time.perf_counter() - started


def command(data: Path, *options: str) -> list[str]:
    """The command line of a stack on free ports (unless `options` say otherwise)."""
    ports = [word for option in ("--port", "--db-port") if option not in options for word in (option, "0")]
    return [sys.executable, "-m", "embedded", "--data", str(data), "--json", *ports, *options]


def as_user(uid: int, gid: int, words: Sequence[str]) -> list[str]:
    """`words` run as somebody else, who may also read a Python that only root could."""
    launcher = [sys.executable, "-I", "-S", str(PROJECT / "embedded" / "launcher.py"), "--parent", str(os.getpid())]
    return [*launcher, "--user", f"{uid}:{gid}", "--reach", "--", *words]


@contextlib.asynccontextmanager
async def embedded(data: Path, *options: str, words: Sequence[str] | None = None) -> AsyncIterator[Embedded]:
    """Starts a stack, waits for its JSON line, and ends it if the test has not."""
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(words or command(data, *options)), cwd=PROJECT, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        line = await asyncio.wait_for(process.stdout.readline(), READY_S)
        assert line, (await process.stderr.read()).decode()
        yield Embedded(process, data, json.loads(line), time.perf_counter() - started)
    finally:
        if process.returncode is None:
            process.terminate()
            await asyncio.wait_for(process.communicate(), 30)


async def refusal(data: Path, *options: str) -> str:
    """What a stack that cannot start says; asserts that it says it in one line and leaves with status 1."""
    process = await asyncio.create_subprocess_exec(
        *command(data, *options), cwd=PROJECT, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), READY_S)
    assert (process.returncode, out) == (1, b""), err.decode()
    said = err.decode().strip()
    assert "\n" not in said, said
    return said


def running(pid: int) -> bool:
    """True while a process runs (one that waits to be reaped does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def until(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    """Returns once `condition` holds."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - another process has no event to wait for
            await asyncio.sleep(0.02)
