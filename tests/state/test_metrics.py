"""Meter: N1 to N4 by hand, and what a connection counts of a scripted server and of the real one."""

from __future__ import annotations

import timeit
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg
import pytest

from state.realtime.connection import Connection
from state.realtime.metrics import BUCKETS_S, MAX_TABLES, OTHER, SECONDS, Histogram, Meter, Ring
from state.sync.change import Change
from tests.state.peer import Peer
from tests.state.support import Account, Someone, add_generations, until

if TYPE_CHECKING:
    from embedded.stack import Address

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Hand:
    """A clock that is turned by hand."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds


def test_a_ring_knows_each_of_the_last_sixty_seconds() -> None:
    clock = Hand(1000.0)
    ring = Ring(clock)
    for second in range(SECONDS + 30):
        clock.seconds = 1000.0 + second
        ring.add(second, clock())
    clock.seconds += 1
    assert ring.series() == list(range(30, SECONDS + 30))
    assert ring.a_second() == sum(range(SECONDS + 20, SECONDS + 30)) / 10
    clock.seconds += 2  # nothing for two whole seconds; the one that is running does not count
    assert ring.series()[-3:] == [SECONDS + 29, 0, 0]
    clock.seconds += 10 * SECONDS
    assert ring.series() == [0] * SECONDS


def test_a_clock_that_steps_back_breaks_no_ring() -> None:
    clock = Hand(1000.0)
    ring = Ring(clock)
    ring.add(1, 1000.0)
    clock.seconds = 999.0
    ring.add(1, 999.0)
    clock.seconds = 1001.0
    assert ring.series()[-1] == 2


def test_quantiles_lie_in_the_right_bucket() -> None:
    histogram = Histogram()
    assert histogram.quantile(0.5) is None
    for _ in range(90):
        histogram.add(0.003)
    for _ in range(10):
        histogram.add(0.7)
    median, late = histogram.quantile(0.5), histogram.quantile(0.95)
    assert median is not None
    assert late is not None
    assert 0.002 <= median <= 0.005
    assert 0.5 <= late <= 0.7
    histogram.add(1000.0)
    assert histogram.quantile(1.0) == histogram.worst == 1000.0
    assert len(histogram.counts) == len(BUCKETS_S) + 1


def test_latency_is_by_the_clock_of_the_database() -> None:  # N3
    wall = Hand(NOW.timestamp() + 5.0)
    meter = Meter(wall=wall)
    meter.offset = lambda: -4.9  # this machine is 4.9 s ahead
    meter.change(Change("posts", "INSERT", [{}], at=NOW))
    assert meter.tables["posts"].latency.sum == pytest.approx(0.1)
    meter.offset = lambda: -9.0
    meter.change(Change("posts", "INSERT", [{}], at=NOW))  # applied before it was sent: the clocks disagree
    assert meter.tables["posts"].latency.sum == pytest.approx(0.1)
    assert meter.tables["posts"].latency.count == 2


def test_names_without_end_are_counted_together() -> None:  # N2
    meter = Meter()
    for number in range(MAX_TABLES + 100):
        meter.change(Change(f"table {number}", "INSERT", [{}]))
    assert len(meter.tables) == MAX_TABLES + 1
    assert meter.tables[OTHER].events == 100
    assert meter.changes == MAX_TABLES + 100


def test_counting_is_cheap() -> None:  # N1; far from what it takes, since machines are busy
    meter = Meter()
    change = Change("posts", "INSERT", [{}], at=datetime.now(UTC))
    took = min(timeit.repeat(lambda: meter.change(change), number=2_000, repeat=5)) / 2_000
    assert took < 20e-6


@pytest.fixture
async def connection(peer: Peer) -> AsyncIterator[Connection]:
    made = Connection(peer.url, "a key", Someone("world"))
    made.open()
    yield made
    await made.close()


async def test_a_connection_counts_what_comes_in(connection: Connection, peer: Peer) -> None:
    heard: list[Change] = []
    channel = connection.channel("world")
    channel.on_change("posts", heard.append)
    await until(lambda: channel.live)
    meter = connection.meter
    before = meter.bytes
    await peer.change("world", "posts", {"id": 1, "text": "x" * 4_000}, {"id": 2})
    await peer.broadcast("world", "beat", {"n": 1})
    await peer.broadcast("world", "change", {"nonsense": True})
    await until(lambda: meter.broadcasts and meter.errors)
    assert (meter.tables["posts"].events, meter.tables["posts"].rows, len(heard)) == (1, 2, 1)
    assert meter.bytes > before  # compressed or not, it came off the socket
    assert meter.gaps == 1
    assert meter.last_error == "A change that could not be read was passed over"


async def test_a_lost_socket_is_an_error_and_a_gap_and_bytes_go_on(
    connection: Connection, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("state.realtime.connection.FIRST_BACKOFF_S", 0.02)
    channel = connection.channel("world")
    channel.on_change("posts", lambda _: None)
    await until(lambda: channel.live)
    peer.socket.transport.abort()
    await until(lambda: connection.sockets == 2 and channel.live)
    before = connection.meter.bytes
    assert (connection.meter.errors, connection.meter.gaps) == (1, 2)
    await peer.change("world", "posts", {"id": 1})
    await until(lambda: connection.meter.changes == 1)
    assert connection.meter.bytes > before  # N4: a new socket goes on where the last one ended


async def test_being_asked_to_reconnect_is_no_error(connection: Connection) -> None:
    channel = connection.channel("world")
    channel.on_change("posts", lambda _: None)
    await until(lambda: channel.live)
    connection.reconnect()
    await until(lambda: connection.sockets == 2 and channel.live)
    assert connection.meter.errors == 0


async def test_the_way_from_commit_to_screen_is_measured(supabase: Address, db: asyncpg.Connection, account) -> None:
    someone: Account = await account()
    connection = Connection(f"{supabase.api_url}/realtime/v1", supabase.publishable_key, someone.identity)
    channel = connection.channel(f"member:{someone.id}")
    channel.on_change("generations", lambda _: None)
    connection.open()
    await until(lambda: channel.live)
    await add_generations(db, someone.id, 3)
    await until(lambda: "generations" in connection.meter.tables)
    table = connection.meter.tables["generations"]
    assert (table.events, table.rows) == (1, 3)
    assert 0 < table.latency.worst < 10
    await connection.close()
