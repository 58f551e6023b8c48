"""Starts and stops everything in order, and keeps Postgres running.

Order of starting: the data folder, the API port, Postgres, bootstrap, migrations, the services, the server. Stopping
goes backwards. A Postgres that ends by itself is started again on the same port; the services reconnect by themselves
and answer 503 meanwhile. One that keeps ending stops the stack, for whoever started it to decide.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import uvicorn

from embedded.auth import Auth
from embedded.bootstrap import bootstrap, owner_dsn, requests_dsn
from embedded.database import Database
from embedded.errors import PostgresFailed, StackError
from embedded.folder import DataFolder
from embedded.gateway import create_app
from embedded.keys import Keys
from embedded.metrics import Metrics
from embedded.migrations import migrate
from embedded.ports import LOOPBACK, listen
from embedded.postgres import Postgres
from embedded.realtime import MAX_FRAME_BYTES, Limits, Realtime, WebSocketProtocol
from embedded.rest import Rest
from embedded.storage import Storage
from embedded.tasks import ended

log = logging.getLogger(__name__)

POOL_SIZE = 20
RESTARTS = 5  # of Postgres within RESTART_WINDOW_S, before the stack gives up
RESTART_WINDOW_S = 60.0
SHUTDOWN_S = 1.5  # for requests that are under way


@dataclass(frozen=True)
class Address:
    """What somebody needs to know to use the stack."""

    api_url: str
    db_url: str
    publishable_key: str
    secret_key: str
    anon_key: str
    service_role_key: str
    jwt_secret: str


class HttpServer(uvicorn.Server):
    """uvicorn without handling signals: the stack ends in its own order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals alone."""
        yield


class Stack:
    """Supabase on this machine. `limits` are Realtime's: a test may want those of a hosted plan.

    `migrations` is a project's `supabase` folder, or None for an empty database. `failed` is done when the stack cannot
    go on, with the reason as its exception.
    """

    def __init__(
        self,
        data: Path,
        *,
        port: int = 0,
        db_port: int = 0,
        migrations: Path | None = None,
        with_demo: bool = False,
        reset: bool = False,
        limits: Limits | None = None,
    ) -> None:
        self.folder = DataFolder(data)
        self._port = port
        self._db_port = db_port
        self._migrations = migrations
        self._with_demo = with_demo
        self._reset = reset
        self._limits = limits
        self._undo = contextlib.AsyncExitStack()
        self._stopping = False

    async def start(self) -> Address:
        """Returns when every service answers. Raises StackError, with nothing left running."""
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            return await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Ends everything, the last thing started first."""
        self._stopping = True
        await self._undo.aclose()

    async def _start(self) -> Address:
        started = time.perf_counter()
        self.folder.claim()
        self._undo.callback(self.folder.release)
        socket = listen(self._port, "--port")
        self._undo.callback(socket.close)
        if self._reset:
            self.folder.reset()

        keys = Keys.load_or_create(self.folder.keys)
        postgres = Postgres(self.folder.path, admin_password=keys.admin_password, port=self._db_port)
        await postgres.start()
        self._undo.push_async_callback(postgres.stop)
        await bootstrap(postgres, keys)
        database = await Database.connect(requests_dsn(postgres, keys), postgres.dsn(), POOL_SIZE)
        self._undo.push_async_callback(_close, database)
        if self._migrations:
            await migrate(owner_dsn(postgres, keys), self._migrations)

        address = Address(
            api_url=f"http://{LOOPBACK}:{socket.getsockname()[1]}",
            db_url=owner_dsn(postgres, keys),
            publishable_key=keys.publishable_key,
            secret_key=keys.secret_key,
            anon_key=keys.anon_key,
            service_role_key=keys.service_role_key,
            jwt_secret=keys.jwt_secret,
        )
        auth = Auth(database, keys, issuer=f"{address.api_url}/auth/v1")
        rest, storage = Rest(database, keys), Storage(database, keys, self.folder.storage)
        realtime, metrics = Realtime(database, keys, postgres.dsn(), self._limits), Metrics()
        metrics.watch(realtime)
        await storage.start()
        for service in (rest, realtime):
            await service.start()
            self._undo.push_async_callback(service.stop)

        routes = {
            "/auth/v1": auth.routes, "/rest/v1": rest.routes, "/storage/v1": storage.routes, "/realtime/v1": realtime.routes,
        }  # fmt: skip
        config = uvicorn.Config(
            create_app(keys, routes, metrics),
            loop="none", lifespan="off", log_config=None, access_log=False, server_header=False, date_header=True,
            ws=WebSocketProtocol, ws_max_size=MAX_FRAME_BYTES, ws_per_message_deflate=False,
            ws_ping_interval=None,  # Realtime closes silent sockets itself
            timeout_graceful_shutdown=int(SHUTDOWN_S + 0.5), proxy_headers=False,
        )  # fmt: skip
        server = HttpServer(config)
        serving = asyncio.create_task(server.serve(sockets=[socket]), name="embedded http")
        self._undo.push_async_callback(_end_server, server, serving)
        while not server.started:
            if serving.done():
                serving.result()
                raise StackError("The HTTP server ended while it started.")
            await asyncio.sleep(0.005)
        serving.add_done_callback(self._http_ended)

        keeper = asyncio.create_task(self._keep(postgres), name="embedded postgres keeper")
        self._undo.push_async_callback(ended, keeper)
        if self._with_demo:
            from embedded import demo  # and with it an HTTP client, which few starts need

            await demo.create_people(address.api_url, keys.secret_key)
        everything = asdict(address)
        self.folder.announce(
            {name: everything[name] for name in ("api_url", "publishable_key", "anon_key")}, everything
        )
        log.info("ready at %s after %.2f s", address.api_url, time.perf_counter() - started)
        return address

    def _http_ended(self, serving: asyncio.Task[None]) -> None:
        if not self._stopping and not self.failed.done():
            reason = "" if serving.cancelled() or not serving.exception() else f": {serving.exception()}"
            self.failed.set_exception(StackError(f"The HTTP server ended by itself{reason}."))

    async def _keep(self, postgres: Postgres) -> None:
        """Starts Postgres again whenever it ends by itself."""
        ends: deque[float] = deque(maxlen=RESTARTS)
        try:
            while True:
                status = await postgres.wait()
                if self._stopping:
                    return
                now = time.monotonic()
                if len(ends) == RESTARTS and now - ends[0] < RESTART_WINDOW_S:
                    raise PostgresFailed(
                        f"Postgres ended {RESTARTS + 1} times within {RESTART_WINDOW_S:.0f} s (see {postgres.log})."
                    )
                ends.append(now)
                log.warning("Postgres ended with status %d; starting it again.", status)
                await postgres.restart()
                log.warning("Postgres is back.")
        except StackError as error:
            if not self.failed.done():
                self.failed.set_exception(error)


async def _end_server(server: HttpServer, serving: asyncio.Task[None]) -> None:
    server.should_exit = True
    try:
        await asyncio.wait_for(serving, SHUTDOWN_S + 1)
    except TimeoutError:
        log.warning("HTTP connections did not end in time.")


async def _close(database: Database) -> None:
    try:
        await asyncio.wait_for(database.close(), 1)
    except TimeoutError:
        database.requests.terminate()
        database.admin.terminate()
