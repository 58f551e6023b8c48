"""Starts one program as another user, and makes it end with the process that asked for it.

A script of its own, run by `python -I -S launcher.py …`, because both things must happen between fork and exec, where
a process with threads may not run Python safely. It replaces itself by the program, so nothing extra stays running
(except where the kernel cannot tie a child to its parent, see `watch`).

    --parent PID     end when this process ends
    --user UID:GID   run as this user (needs root)
    --reach          let that user pass through folders that only root may enter, for example below /root
"""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import subprocess
import sys
import time

CANNOT_REACH = 77  # exit status: this kernel or container does not let us grant --reach

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522

WATCH_S = 0.2


class CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class CapabilitySets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def libc() -> ctypes.CDLL:
    """The C library, with errno kept."""
    return ctypes.CDLL(None, use_errno=True)


def check(result: int) -> None:
    """Raises OSError when a C call failed."""
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def keep_reach(uid: int, gid: int) -> None:
    """Becomes `uid`, keeping one capability, CAP_DAC_OVERRIDE, through exec.

    Postgres refuses to be root, and no other user may enter /root: with this nobody has to open up folders. Without
    SECBIT_NO_SETUID_FIXUP access(2), by which Postgres looks for itself, would not count the capability.
    """
    c = libc()
    check(c.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0))
    become(uid, gid)
    mask = 1 << CAP_DAC_OVERRIDE
    header = CapabilityHeader(CAPABILITY_VERSION_3, 0)
    sets = (CapabilitySets * 2)(CapabilitySets(mask, mask, mask), CapabilitySets(0, 0, 0))
    check(c.capset(ctypes.byref(header), ctypes.byref(sets)))
    check(c.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0))


def become(uid: int, gid: int) -> None:
    """Gives up root for `uid`, for good."""
    os.setgroups([gid])
    os.setgid(gid)
    os.setuid(uid)


def watch(parent: int, command: list[str]) -> int:
    """Runs `command` as a child and stops it when `parent` is gone: for kernels without PR_SET_PDEATHSIG."""
    child = subprocess.Popen(command)
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, lambda received, _frame: child.send_signal(received))
    while child.poll() is None:
        if os.getppid() != parent:
            child.send_signal(signal.SIGINT)
            return child.wait()
        time.sleep(WATCH_S)
    return child.returncode


def main() -> int:
    """Becomes the program that the arguments name; returns an exit status only when it could not."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--user")
    parser.add_argument("--reach", action="store_true")
    parser.add_argument("--watch", action="store_true", default=sys.platform != "linux")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()

    os.umask(0o077)
    if options.user:
        uid, gid = map(int, options.user.split(":"))
        try:
            keep_reach(uid, gid) if options.reach else become(uid, gid)
        except (OSError, AttributeError) as error:
            print(f"launcher: {error}", file=sys.stderr)
            return CANNOT_REACH
    if options.watch:
        return watch(options.parent, options.command)
    # After the change of user, which clears it. SIGINT is Postgres's fast, clean shutdown.
    check(libc().prctl(PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0))
    if os.getppid() != options.parent:
        return 1  # it died before the line above
    return os.execv(options.command[0], options.command)


if __name__ == "__main__":
    sys.exit(main())
