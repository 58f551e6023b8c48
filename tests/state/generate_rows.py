"""`make types`: the row types of all public tables, by the official CLI from a database that has just been migrated."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from pathlib import Path

from embedded.bootstrap import bootstrap, owner_dsn
from embedded.keys import Keys
from embedded.migrations import migrate
from embedded.postgres import Postgres

PROJECT = Path(__file__).parents[2]
ROWS = PROJECT / "state" / "rows.py"
CLI = PROJECT / "tests" / "embedded" / "cli"


async def generate() -> str:
    """What `state/rows.py` should be. Raises LookupError where the CLI cannot be installed."""
    program = CLI / "node_modules" / ".bin" / "supabase"
    if not program.exists():
        if (npm := shutil.which("npm")) is None:
            raise LookupError("npm")
        await run(npm, "install", "--no-package-lock", "--no-audit", "--no-fund", cwd=CLI)
    with tempfile.TemporaryDirectory() as folder:
        keys = Keys.create()
        postgres = Postgres(Path(folder) / "postgres", admin_password=keys.admin_password)
        await postgres.start()
        try:
            await bootstrap(postgres, keys)
            dsn = owner_dsn(postgres, keys)
            await migrate(dsn, PROJECT / "supabase")
            return await run(
                str(program), "gen", "types", "--lang", "python", "--schema", "public", "--agent", "no", "--db-url", dsn,
                cwd=Path(folder),
            )  # fmt: skip
        finally:
            await postgres.stop()


async def run(*command: str, cwd: Path) -> str:
    """The standard output of a command that must succeed."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(Path.home()), "SUPABASE_TELEMETRY_DISABLED": "1"}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    if process.returncode:
        raise RuntimeError(err.decode())
    return out.decode()


if __name__ == "__main__":
    try:
        ROWS.write_text(asyncio.run(generate()))
    except LookupError as missing:
        sys.exit(f"{missing} is needed for this")
