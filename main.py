"""Starling: reads the settings, brings up what is missing, and serves the pages.

Without SUPABASE_URL the embedded Supabase and the worker run as child processes; with it, the app alone does.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from children import Child, ChildFailed
from settings import PROJECT, Settings, SettingsError, load
from state.live_log import Discreet

if TYPE_CHECKING:
    from state.sign_in import DemoAccount

SIMULATED = "NICEGUI_USER_SIMULATION"  # set by NiceGUI's test fixtures: pages are built, but nothing is served
COLLECT_AFTER = (5_000, 20, 10)  # objects made, young collections, middle ones: everything after about 140 pages
LEFT_EARLY = ("No response returned.", "'REQUEST_METHOD'", "'Session is disconnected'")
NO_SESSION = ("Invalid session ", "'Session is disconnected' ")
RECONNECT_S = 15.0  # a page that was left is kept as long; one that was cut off longer: components/session.py


def main() -> None:
    """Runs until Ctrl-C or SIGTERM."""
    logging.basicConfig(level=logging.WARNING)
    signal.signal(signal.SIGTERM, end)
    try:
        settings = load(Settings)
        speak(debug=settings.realtime_debug)
        furnish(settings.data)
        with claim(settings.host, settings.port) as door:
            settings.port = door.getsockname()[1]
            if settings.hosted:
                serve(settings, door)
            else:
                with backend(settings):
                    serve(settings, door)
    except (SettingsError, ChildFailed) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        pass


@contextmanager
def backend(settings: Settings) -> Iterator[None]:
    """The embedded Supabase and the worker, watched over while the pages are served."""
    data = str(settings.data.resolve())
    ports = [settings.api_port, settings.db_port]
    embedded = Child(
        "embedded Supabase", "embedded",
        lambda: ["--json", "--demo", "--data", data, "--port", str(ports[0]), "--db-port", str(ports[1])],
        cwd=PROJECT,
    )  # fmt: skip
    worker = Child("worker", "worker", lambda: ["--demo"], cwd=PROJECT)
    os.environ["STARLING_DATA"] = data
    os.environ["STARLING_PORT"] = str(settings.port)  # links in e-mail lead there
    try:
        address = json.loads(embedded.start())
        ports[:] = [urlsplit(address[name]).port for name in ("api_url", "db_url")]  # it comes back where it was
        worker.start()
        yield
    finally:
        worker.stop()
        embedded.stop()


def speak(*, debug: bool) -> None:
    """What standard error is told: never a secret, and what the live layer does only when it is asked for."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(Discreet("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        handler.setLevel(logging.DEBUG if debug else logging.WARNING)


def serve(settings: Settings, door: socket.socket | None = None) -> None:
    """The pages, in this process, to whoever comes in by `door`."""
    os.environ.setdefault("NICEGUI_STORAGE_PATH", str(settings.data / "browsers"))
    # NiceGUI reads that path when it is imported.
    from nicegui import app, ui

    import api
    import pages  # noqa: F401  (importing a page is what registers it)
    from api import tracking
    from components import browser_rules, said_once, session, theme, upload_guard
    from pages import health
    from state.starling import Starling, storage_secret

    for name in ("uvicorn.error", "engineio.server"):
        logging.getLogger(name).addFilter(worth_saying)
    starling = Starling(settings)
    theme.install()
    upload_guard.install()
    browser_rules.install()
    said_once.install()
    session.install(starling)
    health.install(starling)
    tracking.install(starling)
    api.install(starling, theme.wants_dark)
    app.on_startup(starling.open)
    app.on_shutdown(starling.close)
    if SIMULATED not in os.environ:
        app.on_startup(collect_rarely)
        app.on_startup(lambda: welcome(settings, starling.sessions.demo))
    ui.run(
        host=settings.host,
        port=settings.port,
        fd=door.fileno() if door else None,
        title="Starling",
        language="en-US",  # said in the page too: NiceGUI leaves it out unless it is told
        favicon=PROJECT / "components" / "static" / "favicon.svg",
        storage_secret=storage_secret(settings),
        reconnect_timeout=RECONNECT_S,
        reload=False,
        show=False,
        ws_per_message_deflate=False,  # a third of a megabyte for each open page, to make small messages smaller
        tailwind=False,  # nothing uses it, and a page loads a fifth faster without
        show_welcome_message=False,
    )


def welcome(settings: Settings, accounts: Sequence[DemoAccount]) -> None:
    """Says where it is, and who one can be."""
    print(f"Starling is ready at {settings.address}", flush=True)
    for account in accounts:
        print(f"  {account.name:<6} {account.email}   password {account.password}", flush=True)


def collect_rarely() -> None:
    """Open pages are hundreds of thousands of objects that live long: to walk them all as often as Python does by itself
    stops everybody for a tenth of a second each time. Closed pages are garbage only this finds, a megabyte each."""
    gc.collect()
    gc.freeze()  # what is there now stays
    gc.set_threshold(*COLLECT_AFTER)


def worth_saying(record: logging.LogRecord) -> bool:
    """A browser that leaves before its answer is there makes Starlette raise, in the middle of what it asks Engine.IO, and one
    that was cut off asks once more for the connection it had; nobody needs to hear of it."""
    error = record.exc_info[1] if record.exc_info else None
    left = isinstance(error, RuntimeError | KeyError) and str(error) in LEFT_EARLY
    return not left and not record.getMessage().startswith(NO_SESSION)


def furnish(folder: Path) -> None:
    """Makes the data folder. Raises SettingsError when nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SettingsError(
            f"STARLING_DATA: {folder} cannot be written to ({reason(error)}); name a folder of your own"
        ) from None


def claim(host: str, port: int) -> socket.socket:
    """Takes the port, any free one for 0, before anything is started: whoever comes early waits until the pages are there,
    and nobody else gets it meanwhile. Raises SettingsError when it is taken."""
    try:
        door = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise SettingsError(
            f"STARLING_PORT: port {port} on {host} is not free ({reason(error)}); take another one, or 0 for any"
        ) from None
    # Those who come in have it from the door: asyncio sets it only where it knows the family, which uvicorn does not say.
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return door


def reason(error: OSError) -> str:
    """In the system's words, without what else Python says."""
    return os.strerror(error.errno) if error.errno else str(error)


def end(_signal: int, _frame: FrameType | None) -> None:
    """SIGTERM ends as Ctrl-C does."""
    raise KeyboardInterrupt


if __name__ in {"__main__", "__mp_main__"}:
    if SIMULATED in os.environ:
        serve(load(Settings))
    else:
        main()
