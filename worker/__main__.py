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

from settings import SettingsError, WorkerSettings, load
from worker.app import run
from worker.errors import NotAllowed, Unavailable


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m worker", description="Renders what members ask for.")
    parser.add_argument(
        "--demo", action="store_true", help="put the first pictures of the demo members into an empty studio"
    )
    parser.add_argument("--json", action="store_true", help="say that it is ready as JSON")
    parser.add_argument("--watch-stdin", action="store_true", help="end when standard input ends")
    arguments = parser.parse_args()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # it warns of every tick that is still under way when the next is due, which here is meant to be left out
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    try:
        asyncio.run(_serve(load(WorkerSettings), arguments))
    except (SettingsError, NotAllowed, Unavailable) as error:
        print(_explain(error), file=sys.stderr)
        return 1
    return 0


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
