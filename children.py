"""The child processes of main.py: started, watched, brought back when they die, and ended in order.

A child notices the death of its parent by the end of its standard input, whatever killed it; so no child outlives it.
"""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

log = logging.getLogger("starling.children")

FIRST_BACKOFF_S = 0.5
LAST_BACKOFF_S = 30.0
STEADY_S = 60.0  # who has run this long starts again without delay
END_S = 10.0


class ChildFailed(RuntimeError):
    """A child ended before it was ready; it has said why on standard error."""


class Child:
    """`python -m module arguments`. It is ready when it has printed its first line, which `ready` gets to see.

    `arguments` is asked anew before each start, so that a child comes back on the ports that it had.
    """

    def __init__(
        self, name: str, module: str, arguments: Callable[[], Sequence[str]], *, cwd: Path, ready_s: float = 180.0
    ) -> None:
        self.name = name
        self.ready_line = ""
        self._module = module
        self._arguments = arguments
        self._cwd = cwd
        self._ready_s = ready_s
        self._process: subprocess.Popen[str] | None = None
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> str:
        """Returns its first line. Raises ChildFailed."""
        self._launch()
        self._watcher = threading.Thread(target=self._watch, name=f"watch {self.name}", daemon=True)
        self._watcher.start()
        return self.ready_line

    def stop(self) -> None:
        """Asks it to end, and makes sure that it does."""
        self._stopping.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                log.warning("The %s does not end; it is killed.", self.name)
                process.kill()
                process.wait()
        if self._watcher is not None:
            self._watcher.join(1)

    def _launch(self) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", self._module, "--watch-stdin", *self._arguments()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=self._cwd,
            start_new_session=True,  # Ctrl-C is for main.py, which ends its children in order
        )  # fmt: skip
        self._process = process
        timer = threading.Timer(self._ready_s, process.kill)
        timer.start()
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        timer.cancel()
        if not line:
            process.wait()
            raise ChildFailed(f"The {self.name} did not start (exit status {process.returncode}).")
        self.ready_line = line
        threading.Thread(target=self._drain, args=(process,), name=f"drain {self.name}", daemon=True).start()

    def _drain(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with contextlib.suppress(ValueError):
            for line in process.stdout:
                log.info("%s: %s", self.name, line.rstrip())

    def _watch(self) -> None:
        failures = 0
        while True:
            started = time.monotonic()
            if self._process is not None:
                self._process.wait()
            if self._stopping.is_set():
                return
            failures = 0 if time.monotonic() - started > STEADY_S else failures + 1
            status = self._process.returncode if self._process else None
            delay = min(LAST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** (failures - 1)) if failures else 0.0
            print(f"The {self.name} ended (status {status}); it is started again in {delay:.1f} s.", flush=True)
            if self._stopping.wait(delay):
                return
            try:
                self._launch()
                if self._stopping.is_set() and self._process is not None:
                    self._process.terminate()
                    return
                print(f"The {self.name} is back.", flush=True)
            except (ChildFailed, OSError) as error:
                print(error, flush=True)
