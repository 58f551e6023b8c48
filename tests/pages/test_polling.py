"""Every page with Realtime refused from the start: it polls and is right, and all relaxes when Realtime returns."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from nicegui.testing import User

from components import freshness_note
from components.session import starling
from state.api import Project
from state.sync import freshness
from tests.pages.conftest import app_with
from tests.pages.test_counts import demo
from tests.pages.test_diagnostics import look, table
from tests.pages.test_studio import LONG
from tests.state.doorway import Doorway
from tests.state.support import add_generations, hasten, until

if TYPE_CHECKING:
    from embedded.stack import Address

PICTURES = {"guest": ("/", "/sign-in", "/studio"), "member": ("/studio",)}  # pages that show them


@pytest.fixture
async def db(supabase: Address) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(supabase.db_url)
    await connection.execute("delete from public.generation_jobs; delete from public.generations")
    yield connection
    await connection.close()


@pytest.fixture
async def door(supabase: Address, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Doorway]:
    """The app's sockets go through it, its REST calls do not. It is shut."""
    async with Doorway(supabase.api_url) as shut:
        shut.shut()
        monkeypatch.setattr(Project, "realtime_url", f"{shut.url}/realtime/v1")
        yield shut


@pytest.fixture
async def user(
    supabase: Address, door: Doorway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[User]:
    hasten(monkeypatch, poll_s=0.2)
    monkeypatch.setattr(freshness_note, "QUIET_S", 0.1)
    async with app_with(supabase.api_url, supabase.publishable_key, tmp_path, monkeypatch) as somebody:
        yield somebody


@pytest.mark.parametrize("who", ["guest", "member"])
async def test_every_page_polls_and_relaxes_when_realtime_returns(
    user: User, door: Doorway, db: asyncpg.Connection, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # L2, F1, F3
    grace = await demo(db, "grace")
    if who == "member":
        await user.open("/sign-in")
        user.find("Sign in as Ada").click()
        await user.should_see("Gallery", retries=LONG)
    for path in PICTURES[who]:
        await user.open(path)
        (picture,) = await add_generations(db, grace, visibility="public", prompt=f"polled for {path}")
        await user.should_see(f"polled for {path}", retries=LONG)
        await db.execute("delete from public.generations where id = $1", picture)
        await user.should_not_see(f"polled for {path}", retries=LONG)
    owners = [starling().world, *starling().members]
    assert len(owners) == (2 if who == "member" else 1)
    assert all(owner.connection.status.state != "live" for owner in owners)

    monkeypatch.setattr(freshness, "POLL_S", 5.0)
    await user.should_see("every 5 s until live again", retries=LONG)
    await user.open("/diagnostics")
    families = table(user, "Freshness").rows
    assert {row["connection"] for row in families} == ({"You", "World"} if who == "member" else {"World"})
    assert {(row["mode"], row["interval"]) for row in families} == {("polling", "5 s")}

    door.open()
    for owner in owners:
        owner.connection.reconnect()
    await until(lambda: all(owner.connection.status.state == "live" for owner in owners), within_s=30)
    for owner in owners:
        owner.connection.freshness.beat()
    look(user)
    assert {(row["mode"], row["interval"]) for row in table(user, "Freshness").rows} == {("relaxed", "30 s")}
    await until(lambda: all(table.phase == "ready" for owner in owners for table in owner.tables))
    for path in PICTURES[who]:
        await user.open(path)
        await add_generations(db, grace, visibility="public", prompt=f"heard of for {path}")
        await user.should_see(f"heard of for {path}", retries=LONG)
    await user.should_not_see("until live again", retries=LONG)
    for owner in owners:
        for one in owner.tables:
            fresh = await owner.api.select(one.query, 1000)
            truth = [(row["id"], row["version"]) for row in fresh]
            await until(lambda t=one, truth=truth: [(str(row.id), row.version) for row in t.rows] == truth)
