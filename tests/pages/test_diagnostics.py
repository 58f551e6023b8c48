"""The diagnostics page: who sees what, what it does, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from nicegui import ElementFilter, app, binding, ui
from nicegui.testing import User

from components import session
from components.fact_table import FactTable
from components.log_view import LogView
from components.trial_panel import TrialPanel
from tests.pages.conftest import app_with
from tests.pages.test_studio import LONG
from tests.state.support import until

if TYPE_CHECKING:
    from embedded.stack import Address

PATH = "/diagnostics"


async def sign_in(user: User, name: str = "Ada") -> None:
    await user.open("/sign-in")
    user.find(f"Sign in as {name}").click()
    await user.should_see("Gallery", retries=LONG)
    starling = session.starling()
    await until(lambda: all(m.connection.status.state == "live" for m in starling.members))


def table(user: User, name: str) -> FactTable:
    with user:
        return next(t for t in ElementFilter(kind=FactTable) if t._props["name"] == name)


def timer_of(user: User) -> ui.timer:
    """The page's own: made last."""
    with user:
        return list(ElementFilter(kind=ui.timer))[-1]


def look(user: User) -> None:
    """The second has passed."""
    timer = timer_of(user)
    assert timer.callback is not None
    timer.callback()


@pytest.fixture
async def dev(supabase: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[User]:
    """Somebody whose app is in development mode."""
    monkeypatch.setenv("STARLING_DEV", "1")
    async with app_with(supabase.api_url, supabase.publishable_key, tmp_path, monkeypatch) as somebody:
        yield somebody


async def test_a_guest_sees_the_world_and_whether_all_is_well(user: User) -> None:
    world = session.starling().world
    await until(lambda: world.connection.status.state == "live" and all(t.phase == "ready" for t in world.tables))
    await user.open(PATH)
    await user.should_see("Diagnostics")
    verdict = session.starling().diagnostics.verdict(None)
    await user.should_see(verdict.sentence.split(":")[0])
    await user.should_see("App to Supabase, for everybody")
    await user.should_not_see("App to Supabase, for you")
    assert [row["topic"] for row in table(user, "Channels").rows] == ["world"]
    assert {row["connection"] for row in table(user, "Tables").rows} == {"World"}
    assert [row["family"] for row in table(user, "Freshness").rows][:2] == ["profiles", "models"]
    await user.should_see("Run the self-test")
    await user.should_not_see("Disconnect")  # the world's connection is everybody's


async def test_a_member_sees_their_own_too_and_nobody_elses(user: User) -> None:
    await sign_in(user)
    (member,) = session.starling().members
    await user.open(PATH)
    await user.should_see("App to Supabase, for you")
    assert {row["connection"] for row in table(user, "Tables").rows} == {"You", "World"}
    assert f"member:{member.id}" in {row["topic"] for row in table(user, "Channels").rows}
    await user.should_not_see("Other members")
    await user.should_not_see("Development panel")


async def test_only_what_differs_is_sent(user: User, supabase: Address) -> None:
    await sign_in(user)
    (member,) = session.starling().members
    await user.open(PATH)
    tables = table(user, "Tables")
    sent: list[object] = []
    tables.run_method = lambda *args, **_: sent.append(args)  # type: ignore[method-assign,assignment,return-value]
    tables.update = lambda: sent.append("everything")  # type: ignore[method-assign]
    look(user)
    sent.clear()
    before = next(row for row in tables.rows if row["table"] == "generation_jobs" and row["connection"] == "You")
    connection = await asyncpg.connect(supabase.db_url)
    await connection.execute(
        """insert into public.generation_jobs (owner_id, kind, prompt, model_id, params, visibility)
           select $1, 'image', 'a job', id, '{"width": 512, "height": 512, "count": 1, "seed": 1, "duration": 4}', 'private'
           from public.models where slug = 'aurora'""",
        member.id,
    )
    await connection.close()
    await until(lambda: len(member.jobs.rows) == 1)
    look(user)
    ((method, patches, _),) = sent  # type: ignore[misc]
    assert method == "patch"
    assert patches[before["id"]]["rows"] == before["rows"] == 1
    assert "table" not in patches[before["id"]]


async def test_nothing_is_sent_while_nobody_looks(user: User) -> None:
    await user.open(PATH)
    timer = timer_of(user)
    with user:
        layout = ui.context.client.layout
        (seen,) = [x for x in layout._event_listeners.values() if x.type == session.VISIBLE][-1:]
    assert timer.active
    layout._handle_event({"listener_id": seen.id, "args": False})
    assert not timer.active
    layout._handle_event({"listener_id": seen.id, "args": True})
    assert timer.active


async def test_a_member_can_reconnect_and_disconnect_their_own(user: User) -> None:
    await sign_in(user)
    (member,) = session.starling().members
    await user.open(PATH)
    user.find("Disconnect").click()
    await until(lambda: member.connection.status.paused and member.connection.status.state == "offline")
    look(user)
    await user.should_see("Your connection is switched off; what is watched is asked for every 5 s.")
    assert {row["mode"] for row in table(user, "Freshness").rows if row["connection"] == "You"} == {"polling"}
    await user.should_see("switched off")


async def test_the_snapshot_can_be_taken_away(user: User) -> None:
    await sign_in(user)
    await user.open(PATH)
    user.find(marker="download-snapshot").click()
    response = await user.download.next()
    shot = json.loads(response.content)
    assert [c["connection"] for c in shot["connections"]] == ["You", "World"]
    (family,) = session.starling().sessions._families.values()
    assert family.access_token not in response.text
    assert "@" not in response.text


async def test_the_log_is_followed_and_its_switch_ends_with_the_page(user: User) -> None:
    await sign_in(user)
    client = await user.open(PATH)
    log = session.starling().diagnostics.log
    with user:
        view = next(iter(ElementFilter(kind=LogView)))
    sent: list[dict[str, str]] = []
    view.run_method = lambda name, lines: sent.extend(lines) if name == "append" else None  # type: ignore[assignment,return-value,method-assign]
    logging.getLogger("starling.freshness").info("world: a line")
    (member,) = session.starling().members
    logging.getLogger("starling.freshness").info("%s: another", member.name)
    logging.getLogger("starling.freshness").info("member 00000000-0000-4000-8000-000000000000: not for you")
    look(user)
    assert [(line["prefix"], line["text"]) for line in sent if line["prefix"] == "Freshness"] == [
        ("Freshness", "world: a line"),
        ("Freshness", "you: another"),
    ]
    assert not log.debug
    (switch,) = [x for x in view._event_listeners.values() if x.type == "debug"]
    view._handle_event({"listener_id": switch.id, "args": True})
    assert log.debug
    client.delete()
    assert not log.debug


async def test_a_guest_may_not_make_the_process_talk(user: User) -> None:
    await user.open(PATH)
    with user:
        view = next(iter(ElementFilter(kind=LogView)))
    assert view._props["may-switch"] is False
    assert [x for x in view._event_listeners.values() if x.type == "debug"] == []


async def test_the_development_panel_is_for_development_mode_only(user: User) -> None:
    await sign_in(user)
    await user.open(PATH)
    with user:
        assert list(ElementFilter(kind=TrialPanel)) == []
    for label in ("Queue a job", "Drop the socket", "Expire the token", "Pause Realtime", "Flood"):
        await user.should_not_see(label)


async def test_the_development_panel_breaks_things_and_says_what_followed(dev: User) -> None:
    await sign_in(dev)
    (member,) = session.starling().members
    await dev.open(PATH)
    await dev.should_see("Do something, and read here what follows.")
    dev.find("Drop the socket").click()
    await until(lambda: member.connection.sockets >= 2 and member.connection.status.state == "live")
    await dev.should_see("Dropped the socket; live")
    await dev.should_see("generations asked for every 5 s: ")  # while it was away
    dev.find("Pause Realtime").click()
    await dev.should_see("Resume Realtime")
    dev.find("Resume Realtime").click()
    await until(lambda: member.connection.status.state == "live")
    dev.find("Queue a job").click()
    await until(lambda: len(member.jobs.rows) >= 1)


async def test_what_cannot_be_tried_is_said(dev: User) -> None:
    await dev.open(PATH)
    dev.find("Queue a job").click()
    await dev.should_see("Sign in first: this changes rows, and a guest has none")


async def test_a_page_that_is_closed_leaves_nothing_behind(dev: User) -> None:
    await sign_in(dev)
    starling = session.starling()
    (member,) = starling.members
    gone = await dev.open("/sign-in")
    gone.delete()

    def held() -> list[object]:
        return [
            *(len(table._listeners) for table in (*starling.world.tables, *member.tables)),
            len(member.connection.changed.callbacks),
            len(starling.world.connection.changed.callbacks),
            sorted(t.get_name() for t in asyncio.all_tasks() if "trials" in t.get_name() or "_look" in t.get_name()),
            len(binding.active_links),
        ]

    before = held()
    client = await dev.open(PATH)
    assert held() != before
    client.delete()
    await until(lambda: held() == before, f"{before}, it is {held()}")
    assert app.state.starling is starling
