"""Ports of this machine: a free one, and who holds one that is not."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
from pathlib import Path

from embedded.errors import PortTaken

LOOPBACK = "127.0.0.1"
LISTENING = "0A"  # state column of /proc/net/tcp


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def listen(port: int, option: str) -> socket.socket:
    """A bound socket on 127.0.0.1; 0 takes any free port. Raises PortTaken, whose advice names `option`."""
    # asyncio switches Nagle's algorithm off only where the protocol is named; with it every answer takes 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
    try:
        sock.bind((LOOPBACK, port))
        sock.listen(1024)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(port, holder_of(port), option) from error
        raise
    return sock


def check_free(port: int, option: str) -> None:
    """Raises PortTaken when a server could not listen on `port` now."""
    listen(port, option).close()


def holder_of(port: int) -> str:
    """Who listens on `port`, as well as can be told: "postgres (pid 123)" or "another process"."""
    pid = _pid_from_proc(port) or _pid_from_lsof(port)
    if pid is None:
        return "another process"
    return f"{command_of(pid) or 'a process'} (pid {pid})"


def command_of(pid: int) -> str | None:
    """The name of the program that runs as `pid`, or None when there is none."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        pass
    if Path("/proc/self").exists():
        return None
    answer = subprocess.run(["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return Path(answer.stdout.strip()).name or None


def _pid_from_proc(port: int) -> int | None:
    inodes: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            columns = line.split()
            if columns[3] == LISTENING and int(columns[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{columns[9]}]")
    if not inodes:
        return None
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            if any(os.readlink(entry) in inodes for entry in folder.iterdir()):
                return int(folder.parent.name)
        except OSError:
            continue  # another user's process, or one that just ended
    return None


def _pid_from_lsof(port: int) -> int | None:
    try:
        command = ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-t"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return None
    first = answer.stdout.split()
    return int(first[0]) if first else None
