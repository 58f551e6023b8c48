"""The stream under everything: that it is said to be up, and what a loss of it costs (nothing)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import asyncpg
import pytest

from embedded.bootstrap import bootstrap, requests_dsn
from embedded.database import Database
from embedded.keys import Keys
from embedded.postgres import Postgres
from embedded.realtime import SLOT, sight
from embedded.realtime.pgoutput import Begin, Change, Delete, Insert, Truncate, Update
from embedded.realtime.replication import ReplicationStream
from tests.embedded.realtime_support import Socket, open_socket, serve, until

READY = {
    "message": "Replication connection established",
    "status": "ok",
    "extension": "system",
    "channel": "rep",
}
END_STREAM = "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1"

END_SIGHT = "select pg_terminate_backend(pid) from pg_stat_activity where query = $1"


@pytest.fixture
async def url(database: Database, keys: Keys, postgres: Postgres) -> AsyncIterator[str]:
    async with serve(database, keys, postgres.dsn()) as url:
        yield url


@pytest.fixture
async def socket(url: str, keys: Keys) -> AsyncIterator[Socket]:
    async with open_socket(url, keys.anon_key) as socket:
        yield socket


async def send(database: Database, n: int) -> None:
    await database.admin.execute("select realtime.send(jsonb_build_object('n', $1::int), 'n', 'rep', false)", n)


async def number(socket: Socket) -> int:
    while not isinstance(frame := await socket.receive(), bytes):
        pass
    return number_in(frame)


def number_in(frame: bytes) -> int:
    return int(frame.rpartition(b'"n": ')[2].partition(b",")[0].partition(b"}")[0])


async def test_a_join_is_told_that_the_stream_is_up(socket: Socket):
    await socket.join("realtime:rep", broadcast={"replication_ready": True})
    assert await socket.receive() == ["1", None, "realtime:rep", "system", READY]


async def test_a_lost_stream_loses_nothing_and_repeats_nothing(socket: Socket, database: Database):
    await socket.join("realtime:rep")
    for n in range(0, 30, 3):
        await send(database, n)
        await database.admin.execute(END_STREAM if n % 2 else END_SIGHT, SLOT if n % 2 else sight.SNAPSHOT)
        await send(database, n + 1)
        await send(database, n + 2)
    assert [await number(socket) for _ in range(30)] == list(range(30))
    assert await socket.quiet()


async def test_what_was_delivered_is_confirmed_and_what_concerns_nobody_too(socket: Socket, database: Database):
    await socket.join("realtime:rep")
    await send(database, 1)
    assert await number(socket) == 1
    confirmed = "select confirmed_flush_lsn >= $2 from pg_replication_slots where slot_name = $1"
    for statement in (
        "select 1",
        "create table public.rt_other as select generate_series(1, 1000)",
        "drop table public.rt_other",
    ):
        await database.admin.execute(statement)
        now = await database.admin.fetchval("select pg_current_wal_lsn()")
        await until(lambda now=now: database.admin.fetchval(confirmed, SLOT, now))


async def test_who_resumes_is_not_told_again_what_was_handed_over(database: Database, postgres: Postgres):
    # Invariant 2: stopped in the middle of a transaction, too, with its commit still on the way.
    await database.admin.execute(
        "create table public.rt_again (id int); create publication rt_again for table rt_again"
    )
    told: list[object] = []
    heard = asyncio.Event()

    def changed(change: Change, _: Begin) -> None:
        assert isinstance(change, Insert)
        told.append(change.new[0])
        heard.set()

    try:
        for n in range(5):
            heard.clear()
            stream = ReplicationStream(postgres.dsn(), "rt_again", ["rt_again"], changed, lambda: None)
            await stream.start()
            await database.admin.execute("insert into rt_again select $1 from generate_series(1, 2000)", n)
            await asyncio.wait_for(heard.wait(), 30)
            await stream.stop()
        assert told == [str(n).encode() for n in range(5) for _ in range(2000)]
    finally:
        unused = "select not active from pg_replication_slots where slot_name = 'rt_again'"
        await until(lambda: database.admin.fetchval(unused))
        await database.admin.execute("select pg_drop_replication_slot('rt_again')")
        await database.admin.execute("drop table public.rt_again cascade; drop publication rt_again")


@pytest.fixture
async def own_postgres(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Postgres]:
    """A server that a test may treat badly."""
    server = Postgres(tmp_path_factory.mktemp("own"), admin_password=keys.admin_password)
    await server.start()
    try:
        await bootstrap(server, keys)
        yield server
    finally:
        await server.stop()


async def test_sockets_outlive_a_restart_of_postgres(own_postgres: Postgres, keys: Keys):
    database = await Database.connect(requests_dsn(own_postgres, keys), own_postgres.dsn())
    async with serve(database, keys, own_postgres.dsn()) as url, open_socket(url, keys.anon_key) as socket:
        await socket.join("realtime:rep")
        await send(database, 1)
        assert await number(socket) == 1
        await own_postgres.restart()
        await socket.join("realtime:rep", "2", broadcast={"replication_ready": True})
        assert await socket.event("system") == READY
        await send(database, 2)
        assert await number(socket) == 2
    await database.close()


async def test_who_reads_because_of_news_does_not_read_what_was_before(
    own_postgres: Postgres, keys: Keys, monkeypatch: pytest.MonkeyPatch
):
    # Invariant 4: a standby that never answers keeps a commit that is in the log already from everybody.
    monkeypatch.setattr(sight, "PATIENCE_S", 60)
    database = await Database.connect(requests_dsn(own_postgres, keys), own_postgres.dsn())
    reader = await asyncpg.connect(own_postgres.dsn())
    await reader.execute("create table public.rt_seen (n int)")
    waiting = "select count(*) from pg_stat_activity where wait_event = 'SyncRep'"
    told = "select sent_lsn >= pg_current_wal_flush_lsn() from pg_stat_replication"

    async def commit() -> None:
        for n in itertools.count():
            async with database.admin.acquire() as connection, connection.transaction():
                await connection.execute("insert into public.rt_seen values ($1)", n)
                await connection.execute("select realtime.send(jsonb_build_object('n', $1::int), 'n', 'rep', false)", n)

    async with serve(database, keys, own_postgres.dsn()) as url, open_socket(url, keys.anon_key) as socket:
        await socket.join("realtime:rep")
        committing = asyncio.create_task(commit())
        heard: list[int] = []
        for standby in ("nobody", "", "nobody", ""):
            await reader.execute(f"alter system set synchronous_standby_names = '{standby}'")
            await reader.execute("select pg_reload_conf()")
            if standby:
                await until(lambda: reader.fetchval(waiting))
                await until(lambda: reader.fetchval(told))
            await socket.send("phoenix", "heartbeat", {}, "quiet", None)
            while isinstance(frame := await socket.receive(), bytes):
                heard.append(number_in(frame))
                assert await reader.fetchval("select max(n) from public.rt_seen") >= heard[-1]
        committing.cancel()
        await asyncio.gather(committing, return_exceptions=True)
        last = await reader.fetchval("select max(n) from public.rt_seen")
        while not heard or heard[-1] < last:
            heard.append(await number(socket))
        assert heard == list(range(last + 1))
    await reader.close()
    await database.close()


async def test_row_changes_outlive_a_restart_of_postgres(own_postgres: Postgres, keys: Keys):
    # F5: and what is asked for meanwhile is had as soon as there is somebody to ask.
    database = await Database.connect(requests_dsn(own_postgres, keys), own_postgres.dsn())
    await database.admin.execute(
        "create table public.rows (id int primary key); grant select on public.rows to anon;"
        "alter table public.rows enable row level security; create policy all_ on public.rows for select using (true);"
        "alter publication supabase_realtime add table public.rows"
    )
    asked = [{"event": "*", "schema": "public", "table": "rows"}]
    async with serve(database, keys, own_postgres.dsn()) as url, open_socket(url, keys.anon_key) as socket:
        await socket.join("realtime:before", postgres_changes=asked)
        assert (await socket.event("system"))["status"] == "ok"
        restarting = asyncio.create_task(own_postgres.restart())
        await socket.join("realtime:meanwhile", "2", postgres_changes=asked)
        await restarting
        while (system := await socket.event("system"))["channel"] != "meanwhile":
            pass
        assert system["message"] == "Subscribed to PostgreSQL"
        await database.admin.execute("insert into public.rows values (1)")
        told = [await socket.event("postgres_changes") for _ in range(2)]
        assert [one["data"]["record"] for one in told] == [{"id": 1}, {"id": 1}]
    await database.close()


async def test_a_publication_that_is_made_anew_stops_nothing(own_postgres: Postgres, keys: Keys):
    # Invariant 5.
    database = await Database.connect(requests_dsn(own_postgres, keys), own_postgres.dsn())
    await database.admin.execute(
        "create table public.anew (id int primary key); grant select on public.anew to anon;"
        "alter table public.anew enable row level security; create policy all_ on public.anew for select using (true)"
    )
    await database.admin.execute("alter publication supabase_realtime add table public.anew")
    async with serve(database, keys, own_postgres.dsn()) as url, open_socket(url, keys.anon_key, 1) as socket:
        await socket.join("realtime:rep")
        await database.admin.execute("drop publication supabase_realtime")
        await database.admin.execute("insert into public.anew values (1)")
        await send(database, 1)
        assert (await socket.event("broadcast"))["payload"]["n"] == 1
        await database.admin.execute("create publication supabase_realtime for table public.anew")
        asked = [{"event": "*", "schema": "public", "table": "anew"}]
        await socket.join("realtime:anew", "2", postgres_changes=asked)
        assert (await socket.event("system"))["status"] == "ok"
        await database.admin.execute("insert into public.anew values (2)")
        assert (await socket.event("postgres_changes"))["data"]["record"] == {"id": 2}
    await database.close()


async def test_a_slot_that_postgres_gave_up_is_made_anew(own_postgres: Postgres):
    changes: asyncio.Queue[Change] = asyncio.Queue()
    connection = await asyncpg.connect(own_postgres.dsn())
    await connection.execute("create table public.rt (id int); create publication rt for table public.rt")
    stream = ReplicationStream(
        own_postgres.dsn(), "rt", ["rt"], lambda change, _: changes.put_nowait(change), lambda: None
    )
    await stream.start()
    await stream.stop()
    status = "select wal_status from pg_replication_slots where slot_name = 'rt'"
    async with asyncio.timeout(30):
        while await connection.fetchval(status) != "lost":  # more WAL than Postgres keeps for a slot
            await connection.execute("insert into public.rt values (1)")
            await connection.execute("select pg_switch_wal()")
            await connection.execute("checkpoint")
    await stream.start()
    await connection.execute("insert into public.rt values (2)")
    change = await asyncio.wait_for(changes.get(), 30)
    assert isinstance(change, Insert)
    assert change.new == (b"2",)
    await stream.stop()
    await connection.close()


async def test_a_slot_that_was_left_behind_keeps_little(own_postgres: Postgres):
    """Whatever made the slot, and whatever the folder was set to before: each start says how much WAL slots may keep."""
    connection = await asyncpg.connect(own_postgres.dsn())
    await connection.execute("select pg_create_logical_replication_slot('of_another_version', 'pgoutput')")
    await connection.execute("alter system set max_slot_wal_keep_size = -1")
    await own_postgres.stop()
    await own_postgres.start()
    await connection.close()
    connection = await asyncpg.connect(own_postgres.dsn())
    left = await connection.fetchrow("select active, safe_wal_size from pg_replication_slots")
    assert left is not None
    assert not left["active"]
    assert 0 < left["safe_wal_size"] <= 300_000_000  # null if there were no limit
    await connection.close()


async def test_every_kind_of_change_is_decoded_in_order(database: Database, postgres: Postgres):
    changes: list[Change] = []
    arrived = asyncio.Event()

    def changed(change: Change, transaction: Begin) -> None:
        changes.append(change)
        if isinstance(change, Truncate):
            arrived.set()
        if len(changes) == 1:
            raise RuntimeError("a consumer's fault is no end of the stream")

    await database.admin.execute(
        "create table public.rt_kinds (id int primary key, body text); create publication rt_kinds for table public.rt_kinds"
    )
    stream = ReplicationStream(postgres.dsn(), "rt_kinds", ["rt_kinds"], changed, lambda: None)
    await stream.start()
    try:
        for statement in (
            "insert into rt_kinds values (1, 'a'), (2, null)",
            "update rt_kinds set body = 'b' where id = 1",
            "update rt_kinds set id = 3 where id = 2",
            "delete from rt_kinds where id = 3",
            "alter table rt_kinds add column more int",
            "insert into rt_kinds values (4, 'd', 5)",
            "truncate rt_kinds",
        ):
            await database.admin.execute(statement)
        await asyncio.wait_for(arrived.wait(), 30)
        assert [type(change) for change in changes] == [Insert, Insert, Update, Update, Delete, Insert, Truncate]
        _, second, third, fourth, fifth, sixth, _ = changes
        assert isinstance(second, Insert)
        assert second.new == (b"2", None)
        assert isinstance(third, Update)
        assert (third.old, third.new) == (None, (b"1", b"b"))
        assert isinstance(fourth, Update)
        assert (fourth.old, fourth.old_is_key, fourth.new) == ((b"2", None), True, (b"3", None))
        assert isinstance(fifth, Delete)
        assert (fifth.old, fifth.old_is_key) == ((b"3", None), True)
        assert isinstance(sixth, Insert)
        assert sixth.relation.as_dict(sixth.new) == {"id": b"4", "body": b"d", "more": b"5"}
    finally:
        await stream.stop()
        unused = "select not active from pg_replication_slots where slot_name = 'rt_kinds'"
        await until(lambda: database.admin.fetchval(unused))
        await database.admin.execute("select pg_drop_replication_slot('rt_kinds')")
        await database.admin.execute("drop table public.rt_kinds cascade; drop publication rt_kinds")
