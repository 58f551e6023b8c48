"""Loss is assumed: what happens on the real stack when messages vanish without a word. Beats are quick here; the rest is real.

Without beats a table would be right again after its next reconciling only, `RELAXED_S` later.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import asyncpg
import httpx
import pytest

from embedded.keys import Keys
from embedded.postgres import SUPERUSER
from embedded.realtime import SLOT, Limits
from embedded.stack import Address, Stack
from state.api import Project
from state.realtime import beats as beats_module
from state.realtime.connection import Connection
from state.world import World
from tests.conftest import PROJECT
from tests.state.support import Account, add_generations, hasten, make_account, until
from worker.api import Api
from worker.beat import Beat

QUICK = 20  # times quicker than real beats
BEAT_S = 5.0 / QUICK
SOON_S = 30.0  # for a busy machine: nothing is reconciled by then


@dataclass
class Studio:
    """A world on a stack of its own, a worker that beats, and both keys of the database."""

    address: Address
    world: World
    db: asyncpg.Connection
    admin: asyncpg.Connection
    owner: Account

    async def lose(self, *statements: str) -> None:
        """Runs statements while the server has no replication, and no slot that would keep what it missed."""
        dropped = False
        while not dropped:
            try:
                await self.admin.execute(
                    "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1", SLOT
                )
                await self.admin.execute("select pg_drop_replication_slot($1)", SLOT)
                dropped = True
            except asyncpg.PostgresError:
                await asyncio.sleep(0.005)  # its connection has not ended yet, or is back already
        for statement in statements:
            await self.db.execute(statement)

    async def stored(self) -> dict[Any, int]:
        """What the table should hold."""
        rows = await self.db.fetch(
            "select id, version from public.generations where visibility = 'public' order by created_at desc limit 200"
        )
        return {row["id"]: row["version"] for row in rows}

    async def comes_right(self) -> None:
        """Waits until the table is equal to the database."""
        async with asyncio.timeout(SOON_S):
            while {row.id: row.version for row in self.world.generations.rows} != await self.stored():  # noqa: ASYNC110
                await asyncio.sleep(0.05)


@asynccontextmanager
async def stack_of(folder: Path, limits: Limits | None = None) -> AsyncIterator[tuple[Address, Path]]:
    """A stack whose replication may be shot at: its address, and its file of keys."""
    made = Stack(folder, migrations=PROJECT / "supabase", limits=limits)
    yield await made.start(), made.folder.keys
    await made.stop()


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Address, Path]]:
    async with stack_of(tmp_path_factory.mktemp("loss")) as made:
        yield made


@asynccontextmanager
async def studio_on(address: Address, keys: Path, http: httpx.AsyncClient) -> AsyncIterator[Studio]:
    """Live, and with beats."""
    project = Project.connect(address.api_url, address.publishable_key)
    world = World(project)
    at = urlsplit(address.db_url)
    secret = quote(Keys.load_or_create(keys).admin_password, safe="")
    db = await asyncpg.connect(address.db_url)
    admin = await asyncpg.connect(f"postgresql://{SUPERUSER}:{secret}@{at.hostname}:{at.port}/postgres")
    async with Api.connect(address.api_url, address.secret_key) as api:
        beating = asyncio.create_task(beat_on(Beat(api)))
        world.open()
        await until(lambda: world.connection.status.state == "live" and world.generations.phase == "ready")
        await until(lambda: world.beats.heard >= 2)
        yield Studio(address, world, db, admin, await make_account(address, http))
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
    await world.close()
    await project.close()
    await db.close()
    await admin.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beats_module, "SILENCE_S", beats_module.SILENCE_S / QUICK)
    monkeypatch.setattr(beats_module, "LOOK_S", 0.05)
    hasten(monkeypatch, relaxed_s=600, poll_s=600)


@pytest.fixture
async def studio(stack: tuple[Address, Path], http: httpx.AsyncClient, quick: None) -> AsyncIterator[Studio]:
    async with studio_on(*stack, http) as made:
        yield made


async def beat_on(beat: Beat) -> None:
    while True:
        await beat.send()
        await asyncio.sleep(BEAT_S)


async def test_what_a_killed_replication_lost_is_found_by_the_beats(studio: Studio):  # B2
    """Again and again, while rows are written; nobody reconnects, and nothing else tells."""
    world = studio.world
    ids = await add_generations(studio.db, studio.owner.id, 5, visibility="public")
    await studio.comes_right()
    sockets = world.connection.sockets
    for turn in range(4):
        lost = world.beats.missed + world.beats.silences
        await studio.lose(
            f"update public.generations set favourite = {turn % 2 == 0} where id = '{ids[turn]}'",
            f"delete from public.generations where id = '{ids[4]}'",
            "select public.beat()",
        )
        await add_generations(studio.db, studio.owner.id, 3, visibility="public")
        await studio.comes_right()
        await until(lambda lost=lost: world.beats.missed + world.beats.silences > lost)
    assert world.connection.sockets == sockets
    await until(lambda: world.connection.status.state == "live", "three beats came in a row")


async def test_a_replication_that_is_away_is_said_and_its_return_too(studio: Studio):  # B2, B4
    said: list[tuple[str, str | None]] = []
    status = studio.world.connection.status
    studio.world.connection.changed.subscribe(
        lambda: said.append((status.state, status.error)), unsubscribe_on_delete=False
    )
    await studio.lose(*["select public.beat()"] * 3)
    await until(lambda: status.state == "live" and "degraded" in {state for state, _ in said})
    assert {state for state, _ in said} == {"degraded", "live"}
    assert {reason for state, reason in said if state == "degraded"} <= {beats_module.MISSED, beats_module.SILENT}


async def test_what_a_plans_limit_dropped_is_found_by_the_beats(
    tmp_path: Path, http: httpx.AsyncClient, quick: None
):  # B2, B4
    """A hosted plan's limit, averaged over a second instead of a minute: what is above it vanishes, beats as well."""
    limits = Limits(plan_messages_per_second=100, plan_window_s=1)
    async with stack_of(tmp_path, limits) as (address, keys), studio_on(address, keys, http) as studio:
        world = studio.world
        ids = await add_generations(studio.db, studio.owner.id, 20, visibility="public")
        await studio.comes_right()
        heard, written = world.generations.changes, 0
        states: set[str] = set()
        world.connection.changed.subscribe(
            lambda: states.add(world.connection.status.state), unsubscribe_on_delete=False
        )
        change = "".join(f"update public.generations set favourite = not favourite where id = '{id}';" for id in ids)
        async with asyncio.timeout(60):
            while world.beats.missed + world.beats.silences == 0 or written < 1000:
                await studio.db.execute(change)
                written += 20
        await until(lambda: "degraded" in states)
        await studio.comes_right()
        assert world.generations.changes - heard < written - 100, "most were never told"
        await until(lambda: world.connection.status.state == "live")


async def test_members_are_told_of_what_the_world_has_found(studio: Studio):  # B6
    mine = Connection(f"{studio.address.api_url}/realtime/v1", studio.address.publishable_key, studio.owner.identity)
    gaps: list[None] = []
    feed = mine.channel(f"member:{studio.owner.id}")
    feed.on_change("generations", lambda _: None)
    feed.on_live(lambda: gaps.append(None))
    unfollow = studio.world.beats.follow(mine)
    mine.open()
    await until(lambda: feed.live)
    before = len(gaps)
    await studio.lose("select public.beat()")
    await until(lambda: len(gaps) > before)
    unfollow()
    await mine.close()
