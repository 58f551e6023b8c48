"""The stream of committed changes from Postgres: logical replication, read in the event loop.

States: away → opening → up → away …

Invariants
1. Changes are handed over in commit order, each once for the life of this object: a reconnect resumes behind the
   last change handed over, within a transaction too.
2. The slot outlives the connection, so nothing is lost while the stream is away. What was handed over is confirmed
   within about a second, so Postgres can drop its WAL, and before `stop` returns, so the next object that resumes
   from the slot is not told it again. A slot that Postgres gave up (`max_slot_wal_keep_size`) is made anew.
3. A consumer that raises loses that one change, never the stream.
4. A transaction is handed over once others can see it (or after `PATIENCE_S`): who reads because of it does not read
   what was before. Until then nothing is read on, so the order stays and nothing is kept in memory.
5. Who drops a publication and makes it anew stops nothing: Postgres (18) does without it meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Sequence
from typing import Any

import asyncpg
import psycopg2
from psycopg2 import errors
from psycopg2.extras import REPLICATION_LOGICAL, LogicalReplicationConnection

from embedded.database import CUT_OFF
from embedded.realtime.pgoutput import Begin, Change, Commit, Decoded, Decoder, MalformedMessage, Relation
from embedded.realtime.sight import Sight
from embedded.tasks import ended

log = logging.getLogger(__name__)

MESSAGES_PER_TICK = 200  # then others get their turn: writers above all
CONFIRM_EVERY_S = 1  # psycopg2 allows no less
FIRST_RETRY_S = 0.05
LAST_RETRY_S = 2.0
SLOT_FREE_WITHIN_S = 10.0
CONFIRM_POLL_S = 0.005
CONFIRMED_WITHIN_S = 1.0  # at the end; else the next one is told some changes again
CONFIRMED = "select confirmed_flush_lsn >= %s::pg_lsn from pg_replication_slots where slot_name = %s"
# Values are told as text that Postgres reads back, whatever a project has set for its own sessions.
TEXT_FORMAT = "-c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=3 -c bytea_output=hex"


class StreamLost(Exception):
    """The server ended the stream without an error, as it does when it shuts down."""


class ReplicationStream:
    """Reads `publications` through the slot `slot` and calls `on_change(change, transaction)` for each change.

    `on_up` is called whenever the stream is (again) up. Both are called in the event loop and must not block.
    """

    def __init__(
        self,
        dsn: str,
        slot: str,
        publications: Sequence[str],
        on_change: Callable[[Change, Begin], None],
        on_up: Callable[[], None],
    ) -> None:
        self._dsn = dsn
        self._slot = slot
        self._publications = publications
        self._on_change = on_change
        self._on_up = on_up
        self._sight = Sight(dsn)
        self._looking: asyncio.Task[None] | None = None  # whether others can see what is read next
        self._task: asyncio.Task[None] | None = None
        self._lost: asyncio.Future[None] | None = None
        self._connection: Any = None  # psycopg2's replication types are not annotated
        self._cursor: Any = None
        self._descriptor: int | None = None
        self._decoder = Decoder()
        self._done_lsn = 0  # end of the last transaction handed over
        self._transaction: Begin | None = None
        self._handed_over = 0  # changes of the transaction in flight …
        self._to_skip = 0  # … and those that a reconnect sends a second time

    @property
    def up(self) -> bool:
        """Whether changes that commit now will arrive."""
        return self._lost is not None and not self._lost.done()

    async def start(self) -> None:
        """Opens the stream. Raises psycopg2.Error when it cannot be opened; later losses are repaired by itself."""
        try:
            async with asyncio.timeout(SLOT_FREE_WITHIN_S):
                while not await self._try_open():  # noqa: ASYNC110
                    await asyncio.sleep(FIRST_RETRY_S)
        except TimeoutError as error:
            raise errors.ObjectInUse(f"the replication slot {self._slot} is in use by another server") from error
        self._task = asyncio.create_task(self._run(), name="realtime replication stream")

    async def stop(self) -> None:
        """Closes the stream; the slot stays, for the next start to resume from."""
        await ended(self._task)
        with contextlib.suppress(psycopg2.Error, TimeoutError):
            async with asyncio.timeout(CONFIRMED_WITHIN_S):
                await self._confirm_all()
        self._close()

    async def _confirm_all(self) -> None:
        """Returns when Postgres knows of all that was handed over: what it has not read when we close, it never does."""
        while self.up and self._transaction is not None:  # noqa: ASYNC110 - its commit is still to come
            await asyncio.sleep(CONFIRM_POLL_S)
        if not self.up or not self._done_lsn:
            return
        self._cursor.send_feedback(force=True)
        watching = await asyncio.to_thread(psycopg2.connect, self._dsn)
        try:
            with watching.cursor() as cursor:
                done = f"{self._done_lsn >> 32:X}/{self._done_lsn & 0xFFFFFFFF:X}"
                cursor.execute(CONFIRMED, (done, self._slot))
                while (row := cursor.fetchone()) and not row[0]:
                    await asyncio.sleep(CONFIRM_POLL_S)
                    cursor.execute(CONFIRMED, (done, self._slot))
        finally:
            watching.close()

    async def _run(self) -> None:
        retry_s = FIRST_RETRY_S
        while True:
            try:
                if not self.up:
                    await self._open()
                    log.info("the replication stream is up again")
                retry_s = FIRST_RETRY_S
                await self._until_lost()
            except (psycopg2.Error, StreamLost, MalformedMessage, asyncpg.PostgresError, *CUT_OFF) as error:
                log.warning("the replication stream is away: %s", str(error).strip() or type(error).__name__)
                self._close()
                await asyncio.sleep(retry_s)
                retry_s = min(retry_s * 2, LAST_RETRY_S)

    async def _try_open(self) -> bool:
        """False while a connection that has just ended still holds the slot."""
        try:
            await self._open()
        except errors.ObjectInUse:
            return False
        return True

    async def _open(self) -> None:
        connecting = asyncio.create_task(asyncio.to_thread(self._connect))
        try:
            self._connection, self._cursor = await asyncio.shield(connecting)
        except asyncio.CancelledError:  # the thread cannot be stopped: close what it will have opened
            connecting.add_done_callback(_close_late)
            raise
        self._decoder = Decoder()
        self._to_skip = 0
        self._lost = asyncio.get_running_loop().create_future()
        # libpq closes its descriptor by itself when the server goes away, and the number may be another socket's a
        # moment later, for which the event loop would then never report anything. A duplicate is ours to close.
        self._descriptor = os.dup(self._connection.fileno())
        self._keep_reading()
        self._on_up()
        self._read()  # what came while connecting may already wait in libpq, where no file descriptor tells of it

    def _connect(self) -> tuple[Any, Any]:
        connection: Any = psycopg2.connect(
            self._dsn, connection_factory=LogicalReplicationConnection, options=TEXT_FORMAT
        )
        try:
            cursor: Any = connection.cursor()
            cursor.execute("select wal_status from pg_replication_slots where slot_name = %s", (self._slot,))
            row = cursor.fetchone()
            if row and row[0] == "lost":
                log.warning("Postgres gave the replication slot up: messages sent meanwhile are lost")
                cursor.drop_replication_slot(self._slot)
            if not row or row[0] == "lost":
                cursor.create_replication_slot(self._slot, output_plugin="pgoutput")
            cursor.start_replication(
                self._slot,
                REPLICATION_LOGICAL,
                start_lsn=self._done_lsn,
                decode=False,
                status_interval=CONFIRM_EVERY_S,
                options={
                    "proto_version": "1",
                    "publication_names": ",".join(f'"{name}"' for name in self._publications),
                },
            )
        except BaseException:
            connection.close()
            raise
        return connection, cursor

    def _close(self) -> None:
        if self._connection is None:
            return
        if self._looking:
            self._looking.cancel()
            self._looking = None
        if self._lost and not self._lost.done():
            self._lost.cancel()
        self._stop_reading()
        self._connection.close()
        self._connection = self._cursor = None
        self._sight.close()

    async def _until_lost(self) -> None:
        assert self._lost is not None
        while not self._lost.done():
            await asyncio.wait({self._lost}, timeout=CONFIRM_EVERY_S)
            self._read()  # also sends what is due to be confirmed
        self._lost.result()

    def _read(self) -> None:
        """Hands over what has arrived; the event loop calls it when there is something to read."""
        if not self.up or self._looking:
            return
        try:
            for _ in range(MESSAGES_PER_TICK):
                heard = self._cursor.io_timestamp
                if (message := self._cursor.read_message()) is None:
                    if heard == self._cursor.io_timestamp:
                        # Neither data nor keepalive: part of a message, or the end. Only sending tells which.
                        self._cursor.send_feedback(force=True)
                    return
                decoded = self._decoder.decode(message.payload)
                if isinstance(decoded, Begin) and not self._sight.shows(decoded.xid):
                    self._pause_reading()
                    self._looking = asyncio.create_task(self._look(decoded), name="realtime sight")
                    return
                self._handle(decoded)
            asyncio.get_running_loop().call_soon(self._read)
        except (psycopg2.Error, MalformedMessage) as error:
            self._fail(error)

    async def _look(self, begin: Begin) -> None:
        """Reads on when others can see the transaction."""
        try:
            await self._sight.wait(begin.xid)
        except (asyncpg.PostgresError, *CUT_OFF) as error:
            self._fail(error)
        else:
            self._looking = None
            self._handle(begin)
            self._keep_reading()
            self._read()

    def _fail(self, error: Exception) -> None:
        assert self._lost is not None
        self._stop_reading()
        self._lost.set_exception(StreamLost() if "no COPY in progress" in str(error) else error)

    def _keep_reading(self) -> None:
        assert self._descriptor is not None
        asyncio.get_running_loop().add_reader(self._descriptor, self._read)

    def _pause_reading(self) -> None:
        assert self._descriptor is not None
        asyncio.get_running_loop().remove_reader(self._descriptor)

    def _stop_reading(self) -> None:
        if self._descriptor is not None:
            self._pause_reading()
            os.close(self._descriptor)
            self._descriptor = None

    def _handle(self, decoded: Decoded) -> None:
        match decoded:
            case None | Relation():
                pass
            case Begin() as begin:
                resumed = self._transaction is not None and self._transaction.lsn == begin.lsn
                self._to_skip = self._handed_over if resumed else 0
                self._transaction, self._handed_over = begin, self._to_skip
            case Commit(end_lsn=end_lsn):
                self._transaction, self._handed_over = None, 0
                self._done_lsn = end_lsn
                self._cursor.send_feedback(flush_lsn=end_lsn)
            case change:
                if self._to_skip:
                    self._to_skip -= 1
                    return
                assert self._transaction is not None, "a change outside a transaction"
                self._handed_over += 1
                try:
                    self._on_change(change, self._transaction)
                except Exception:
                    log.exception("a change could not be passed on")


def _close_late(connecting: asyncio.Task[tuple[Any, Any]]) -> None:
    if not connecting.cancelled() and not connecting.exception():
        connecting.result()[0].close()
