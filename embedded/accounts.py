"""The system user that Postgres runs as, because it refuses to run as root."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

SYSTEM_USER = "pgserver"  # the same user that the pip package itself makes


@dataclass(frozen=True)
class Account:
    """A user of this machine."""

    name: str
    uid: int
    gid: int


def account_for(cluster: Path) -> Account | None:
    """Whom Postgres must become to work on the data directory `cluster`; None: nobody else.

    An existing directory keeps its owner, so a stack that an ordinary user made also starts as root.
    """
    if os.geteuid() != 0:
        return None
    if cluster.exists() and (owner := cluster.stat().st_uid) != 0:
        return Account(str(owner), owner, cluster.stat().st_gid)
    entry = _system_user()
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def can_enter(account: Account, folder: Path) -> bool:
    """True when `account` may pass through `folder` and everything above it (by mode bits; ACLs are not read)."""
    for place in (folder, *folder.parents):
        status = place.stat()
        if status.st_uid == account.uid:
            needed = stat.S_IXUSR
        elif status.st_gid == account.gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not status.st_mode & needed:
            return False
    return True


def _system_user() -> pwd.struct_passwd:
    """The user `pgserver`, made if need be; `nobody` where no user can be made (a container without useradd)."""
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    try:
        command = f"useradd --system --user-group --no-create-home --shell /usr/sbin/nologin {SYSTEM_USER}"
        subprocess.run(command.split(), check=True, capture_output=True)
        return pwd.getpwnam(SYSTEM_USER)
    except (OSError, subprocess.CalledProcessError, KeyError):
        return pwd.getpwnam("nobody")
