"""`python -m embedded`: runs the stack until SIGINT or SIGTERM.

Exit status: 0 after a signal or the end of standard input, 1 when the stack could not start or go on (one line on
standard error says why).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import logging.handlers
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import uvloop

from embedded.errors import StackError
from embedded.stack import Address, Stack

LOG_BYTES = 5_000_000


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m embedded", description="Supabase on this machine, without Docker.")
    parser.add_argument("--data", type=Path, default=Path(".starling"), help="data folder (default: .starling)")
    parser.add_argument("--port", type=int, default=54321, help="port of the API; 0: any free one (default: 54321)")
    parser.add_argument("--db-port", type=int, default=54322, help="port of Postgres; 0: any free one (default: 54322)")
    parser.add_argument(
        "--migrations", type=Path, default=Path("supabase"), metavar="DIR",
        help="the project's supabase folder: DIR/migrations/*.sql, DIR/seed.sql (default: supabase)",
    )  # fmt: skip
    parser.add_argument("--reset", action="store_true", help="start with an empty database and no files")
    parser.add_argument("--demo", action="store_true", help="create the demo members")
    parser.add_argument("--json", action="store_true", help="when ready, print one line of JSON and nothing else")
    parser.add_argument("--watch-stdin", action="store_true", help="end when standard input does")
    return parser.parse_args(arguments)


async def run(options: argparse.Namespace) -> None:
    """Starts the stack and returns after it has stopped. Raises StackError."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if options.watch_stdin:
        await loop.connect_read_pipe(lambda: EndOfInput(stop), sys.stdin)

    stack = Stack(
        options.data, port=options.port, db_port=options.db_port, migrations=options.migrations,
        with_demo=options.demo, reset=options.reset,
    )  # fmt: skip
    _log_to(stack.folder.log)
    stopped = asyncio.create_task(stop.wait(), name="stop signal")
    starting = asyncio.create_task(stack.start(), name="start")
    await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.wait({starting})
        return
    try:
        _say(starting.result(), options.json)
        await asyncio.wait({stopped, stack.failed}, return_when=asyncio.FIRST_COMPLETED)
        if stack.failed.done():
            stack.failed.result()
    finally:
        await stack.stop()


class EndOfInput(asyncio.Protocol):
    """Sets an event when the pipe it reads is closed: the portable sign that a parent has died."""

    def __init__(self, ended: asyncio.Event) -> None:
        self._ended = ended

    def connection_lost(self, exc: Exception | None) -> None:
        """The other end is gone."""
        self._ended.set()


def _say(address: Address, as_json: bool) -> None:
    if as_json:
        print(json.dumps(asdict(address)), flush=True)
        return
    print(f"Supabase is ready at {address.api_url}", f"  database         {address.db_url}", sep="\n")
    print(
        f"  publishable key  {address.publishable_key}",
        f"  secret key       {address.secret_key}",
        sep="\n",
        flush=True,
    )


def _log_to(file: Path) -> None:
    """Everything into the data folder, warnings to standard error as well."""
    file.parent.mkdir(parents=True, exist_ok=True)
    kept = logging.handlers.RotatingFileHandler(file, maxBytes=LOG_BYTES, backupCount=1, delay=True)
    shown = logging.StreamHandler(sys.stderr)
    shown.setLevel(logging.WARNING)
    logging.basicConfig(
        level=logging.INFO, handlers=[kept, shown], format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )

    # While Postgres is away its pools say so with a traceback each; the stack says it once.
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)


def main() -> int:
    """Runs the command line; returns the exit status."""
    options = parse()
    os.umask(0o077)  # databases, uploads and keys are for whoever started this
    try:
        uvloop.run(run(options))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
