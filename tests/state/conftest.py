"""Fixtures of the tests of `state`: a real stack, people, and the promise that nothing is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import httpx
import pytest
from nicegui import core

from settings import Settings
from state.api import Project
from state.realtime import connection as connection_module
from state.realtime import socket as socket_module
from state.starling import Starling
from tests.state.peer import Peer
from tests.state.support import Account, Someone, leftovers, make_account, remove_account, settings_of, until
from tests.state.watched import NEVER, SLOW, Watched

if TYPE_CHECKING:
    from embedded.stack import Address


@pytest.fixture(autouse=True)
async def clean(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """NiceGUI's events run on this loop; and after each test no task of `state` or of realtime-py is left."""
    monkeypatch.setattr(core, "loop", asyncio.get_running_loop())
    before = leftovers()
    yield
    await until(lambda: not leftovers() - before, "no task is left over")


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    """A Realtime server that does what the test says."""
    async with Peer() as scripted:
        yield scripted


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second is a few milliseconds; backoff is 20 ms."""
    monkeypatch.setattr(connection_module, "FIRST_BACKOFF_S", 0.02)
    monkeypatch.setattr(connection_module, "LAST_BACKOFF_S", 0.02)
    monkeypatch.setattr(socket_module, "PROBE_EVERY_S", 0.02)
    monkeypatch.setattr(socket_module, "CLOSE_S", 0.1)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`impatient(late=…, join=…, lost=…)` in seconds."""

    def set_limits(
        *,
        late: float = SLOW,
        join: float = NEVER,
        lost: float = NEVER,
        connect: float = 10.0,
        patience: float = NEVER,
    ) -> None:
        monkeypatch.setattr(connection_module, "PATIENCE_S", patience)
        monkeypatch.setattr(connection_module, "LATE_S", late)
        monkeypatch.setattr(socket_module, "LATE_S", late)
        monkeypatch.setattr(connection_module, "JOIN_S", join)
        monkeypatch.setattr(socket_module, "PROBE_LOST_S", lost)
        monkeypatch.setattr(socket_module, "CONNECT_S", connect)

    return set_limits


@pytest.fixture
def who() -> Someone:
    return Someone()


@pytest.fixture
async def connection(peer: Peer, who: Someone) -> AsyncIterator[Watched]:
    """Not open yet; one listener on the feed `world`."""
    made = Watched(peer.url, "key", who)
    made.channel("world").on_change("things", lambda _: None)
    yield made
    await made.close()


@pytest.fixture
async def live(connection: Watched) -> Watched:
    connection.open()
    await connection.becomes("live")
    return connection


@pytest.fixture(scope="session")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
async def db(supabase: Address) -> AsyncIterator[asyncpg.Connection]:
    """Straight into Postgres, as its owner: what others do."""
    connection = await asyncpg.connect(supabase.db_url)
    yield connection
    await connection.close()


@pytest.fixture
async def account(supabase: Address, http: httpx.AsyncClient) -> AsyncIterator[Callable[[], Awaitable[Account]]]:
    """`await account()`: somebody new, who is gone after the test."""
    made: list[Account] = []

    async def make() -> Account:
        made.append(await make_account(supabase, http))
        return made[-1]

    yield make
    for one in made:
        await remove_account(supabase, http, one)


@pytest.fixture
async def project(supabase: Address) -> AsyncIterator[Project]:
    """The app's HTTP pool."""
    connected = Project.connect(supabase.api_url, supabase.publishable_key)
    yield connected
    await connected.close()


@pytest.fixture
def config(supabase: Address, tmp_path: Path) -> Settings:
    """The settings of an app whose data folder is a new one."""
    return settings_of(supabase, tmp_path)


@pytest.fixture
async def starling(config: Settings) -> AsyncIterator[Starling]:
    """The app's root object, open."""
    root = Starling(config)
    root.open()
    yield root
    await root.close()
