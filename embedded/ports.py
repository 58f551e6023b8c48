"""Ports of this machine: a free one, and who holds one that is not."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress

import psutil

from embedded.errors import PortTaken

LOOPBACK = "127.0.0.1"


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
    with suppress(psutil.Error):  # some systems tell nobody but root; and who listened may just have ended
        for one in psutil.net_connections("tcp"):
            if one.status == psutil.CONN_LISTEN and one.pid and one.laddr and one.laddr.port == port:
                return f"{psutil.Process(one.pid).name()} (pid {one.pid})"
    return "another process"
