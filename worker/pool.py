"""Render processes: drawing never holds up the loop, and never outlives the worker.

1. A process that dies is replaced: what it drew is drawn once more, then RendererLost.
2. A process whose worker is gone ends itself, whatever killed the worker.
3. Stopping: what has not begun is dropped; a clip looks at its flag between frames; a picture or preview (about a
   second) is drawn to its end and thrown away.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

from worker.errors import RendererLost

T = TypeVar("T")

_NICE = 3  # the pages come before the pictures
_MOST = 4  # processes, unless told otherwise: each takes some 200 MB while it draws
_THREAD_SETTINGS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_END_S = 1.5


class Flag:
    """Tells a render process to stop: an empty file that comes to exist, gone with the pool."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self) -> bool:
        return self._path.exists()

    def raise_(self) -> None:
        self._path.touch()


class RenderPool:
    """At most `processes` at work: by default one per core, two at least, so that a clip does not hold up all pictures."""

    def __init__(self, processes: int | None = None) -> None:
        self._processes = processes or min(max(2, os.cpu_count() or 2), _MOST)
        for name in _THREAD_SETTINGS:
            os.environ[name] = "1"  # children read it when they import numpy
        self._folder = tempfile.TemporaryDirectory(prefix="starling-flags-", ignore_cleanup_errors=True)
        self._executor = self._start()

    def flag(self) -> Flag:
        return Flag(Path(self._folder.name) / uuid.uuid4().hex)

    async def run(self, draw: Callable[..., T], *arguments: Any) -> T:
        """`draw(*arguments)` in a render process. Raises what it raises, or RendererLost."""
        for _ in range(2):
            executor = self._executor
            try:
                return await asyncio.get_running_loop().run_in_executor(executor, draw, *arguments)
            except BrokenProcessPool:
                # everybody who waited on it comes here; the first one replaces it
                if self._executor is executor:
                    executor.shutdown(wait=False)
                    self._executor = self._start()
        raise RendererLost("The renderer died twice")

    async def warm(self) -> None:
        """Starts a process and lets it import what it needs, so that the first picture does not wait for that."""
        await self.run(_import_renderer)

    async def close(self) -> None:
        """Ends all processes within about a second and a half."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(_end, multiprocessing.active_children())
        self._folder.cleanup()

    def _start(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._processes, mp_context=context, initializer=_begin)


def _end(children: list[BaseProcess]) -> None:
    """Waits for processes to end, then makes them."""
    end = time.monotonic() + _END_S
    for child in children:
        child.join(max(0.0, end - time.monotonic()))
        child.kill()


def _begin() -> None:
    """First thing in every render process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the worker decides
    os.nice(_NICE)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # a pipe that only the parent holds: its end is the parent's, kill -9 included
        os._exit(1)


def _import_renderer() -> None:
    import worker.render  # noqa: F401
