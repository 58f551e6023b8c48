"""python -m worker [--demo] [--json] [--watch-stdin]: works until SIGTERM, SIGINT or the end of its standard input."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import threading
from logging.handlers import RotatingFileHandler

from settings import SettingsError, WorkerSettings, load
from worker.app import run
from worker.errors import NotAllowed, Unavailable

LOG_BYTES = 5_000_000


def main() -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m worker", description="Renders what members ask for.")
    parser.add_argument(
        "--demo", action="store_true", help="fill an empty studio with the demo members' pictures, and let them act"
    )
    parser.add_argument("--json", action="store_true", help="say that it is ready as JSON")
    parser.add_argument("--watch-stdin", action="store_true", help="end when standard input ends")
    arguments = parser.parse_args()
    try:
        settings = load(WorkerSettings)
        _log(settings, child=arguments.watch_stdin)
        asyncio.run(_serve(settings, arguments))
    except (SettingsError, NotAllowed, Unavailable) as error:
        print(_explain(error), file=sys.stderr)
        return 1
    return 0


def _log(settings: WorkerSettings, *, child: bool) -> None:
    """To standard error; a child of main.py writes into the data folder, and only warnings to the terminal it shares."""
    shown = logging.StreamHandler(sys.stderr)
    handlers: list[logging.Handler] = [shown]
    if child:
        shown.setLevel(logging.WARNING)
        settings.data.mkdir(parents=True, exist_ok=True)
        handlers.append(
            RotatingFileHandler(settings.data / "worker.log", maxBytes=LOG_BYTES, backupCount=1, delay=True)
        )
    logging.basicConfig(
        level=logging.INFO, handlers=handlers, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    for noisy in ("httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # it warns of every tick that is still under way when the next is due, which here is meant to be left out
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


async def _serve(settings: WorkerSettings, arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if arguments.watch_stdin:
        threading.Thread(target=_watch_stdin, args=(loop, stop), name="watch standard input", daemon=True).start()

    def ready(name: str) -> None:
        print(json.dumps({"worker": name}) if arguments.json else "ready", flush=True)

    await run(settings, demo=arguments.demo, ready=ready, stop=stop)


def _watch_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """The process that started this one holds the other end: when it dies, however it dies, the input ends."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    loop.call_soon_threadsafe(stop.set)


def _explain(error: Exception) -> str:
    if isinstance(error, NotAllowed):
        return f"SUPABASE_SECRET_KEY is not accepted: {error}"
    if isinstance(error, Unavailable):
        return f"Supabase does not answer at SUPABASE_URL: {error}"
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
