"""The data folder of one stack: who works on it, and what lies where.

lock             held while a stack runs; the kernel drops it with the process, however that ends
keys.json        this machine's secrets, made once (mode 600)
postgres/        the database cluster
storage/         uploaded files
public.json      address and publishable keys of the running stack, for the app
secret.json      the same with the secret keys, for the worker (mode 600)
postgres.log, embedded.log
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import IO

from embedded.errors import DataInUse


class DataFolder:
    """The folder `path`; made when it is claimed."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.keys = self.path / "keys.json"
        self.postgres = self.path / "postgres"
        self.storage = self.path / "storage"
        self.public = self.path / "public.json"
        self.secret = self.path / "secret.json"
        self.log = self.path / "embedded.log"
        self._lock: IO[str] | None = None

    def claim(self) -> None:
        """Takes the folder for this process. Raises DataInUse when another stack has it."""
        self.path.mkdir(parents=True, exist_ok=True)
        lock = (self.path / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            holder = lock.read().strip()
            lock.close()
            by = f" (pid {holder})" if holder else ""
            raise DataInUse(f"The data folder {self.path} is in use by another embedded stack{by}.") from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock
        for announcement in (self.public, self.secret):
            announcement.unlink(missing_ok=True)  # of a stack that was killed

    def release(self) -> None:
        """Gives the folder back; nobody is told an address any more."""
        if self._lock:
            self.public.unlink(missing_ok=True)
            self.secret.unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def reset(self) -> None:
        """Removes the database and the uploaded files; the keys stay. Only what a stack made is touched."""
        for place in (self.postgres, self.storage):
            if place.exists():
                shutil.rmtree(place)

    def announce(self, public: dict[str, str], secret: dict[str, str]) -> None:
        """Writes public.json and secret.json, each in one piece."""
        write_json(self.secret, secret)
        write_json(self.public, public, mode=0o644)


def write_json(file: Path, content: dict[str, str], *, mode: int = 0o600) -> None:
    """The whole file or nothing of it, and never readable for more than `mode` says."""
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as stream:
        json.dump(content, stream, indent=2)
    new.replace(file)
