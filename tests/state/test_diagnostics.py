"""Diagnostics: D1 to D3, and the one line."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from state.member import Member
from state.starling import Starling
from tests.state.support import PASSWORD, Account, add_generations, settings_of, until

if TYPE_CHECKING:
    from embedded.stack import Address

NewAccount = Callable[[], Awaitable[Account]]


async def sign_in(starling: Starling, account: Account) -> tuple[str, Member]:
    """A session, and its member with everything ready."""
    id = await starling.sessions.sign_in(account.email, PASSWORD)
    member = starling.members.of(id)
    assert member is not None
    await ready(starling)
    await until(lambda: member.connection.status.state == "live" and all(t.phase == "ready" for t in member.tables))
    return id, member


async def ready(starling: Starling) -> None:
    world = starling.world
    await until(lambda: world.connection.status.state == "live" and all(t.phase == "ready" for t in world.tables))


@pytest.fixture
async def dev(supabase: Address, tmp_path: Path) -> AsyncIterator[Starling]:
    """In development mode, saying all it does."""
    settings = settings_of(supabase, tmp_path).model_copy(update={"dev": True, "realtime_debug": True})
    root = Starling(settings)
    root.open()
    yield root
    await root.close()


async def test_a_snapshot_is_json_and_has_a_face_for_everything(
    starling: Starling, account: NewAccount, db: asyncpg.Connection
) -> None:
    someone = await account()
    _, member = await sign_in(starling, someone)
    await add_generations(db, someone.id, 2)
    await until(lambda: len(member.generations.rows) == 2 and member.generations.changes)
    shot = json.loads(json.dumps(starling.diagnostics.snapshot(member)))
    assert [c["connection"] for c in shot["connections"]] == ["You", "World"]
    assert {c["topic"] for c in shot["channels"]} == {"world", "room:studio", f"member:{someone.id}"}
    mine = next(t for t in shot["tables"] if t["connection"] == "You" and t["table"] == "generations")
    assert (mine["rows"], mine["phase"], mine["error"], mine["waiting_writes"]) == (2, "ready", None, 0)
    assert mine["fetches"] >= 1
    assert mine["changes"] == 1
    fresh = next(f for f in shot["freshness"] if f["connection"] == "You" and f["family"] == "generations")
    assert fresh["interval_s"] > 0
    assert shot["connections"][0]["latency_ms"]["generations"]["count"] == 1
    assert shot["process"]["members"] == 1
    assert shot["process"]["memory_bytes"] > 1_000_000
    assert shot["verdict"]["level"] in ("live", "wait")


async def test_no_secret_is_in_a_snapshot_or_the_log(  # D1, G1
    dev: Starling, account: NewAccount, supabase: Address
) -> None:
    one, other = await account(), await account()
    session, member = await sign_in(dev, one)
    _, neighbour = await sign_in(dev, other)
    secrets = {
        supabase.publishable_key, supabase.secret_key, supabase.anon_key, supabase.service_role_key,
        supabase.jwt_secret, PASSWORD, one.email, other.email, session,
    }  # fmt: skip
    for family in dev.sessions._families.values():
        secrets |= {family.access_token, family.refresh_token}
        await dev.sessions.token(family, renew=True)
        secrets |= {family.access_token, family.refresh_token}
    member.connection.drop_socket()
    neighbour.connection.doubt_token()
    await until(lambda: member.connection.sockets >= 2 and neighbour.connection.sockets >= 2)
    await until(lambda: member.connection.status.state == neighbour.connection.status.state == "live")
    sockets = member.connection.sockets
    member.connection.reconnect()
    await until(lambda: member.connection.sockets > sockets and member.connection.status.state == "live")
    for who in (member, neighbour, None):
        said = json.dumps(dev.diagnostics.snapshot(who))
        assert not [secret for secret in secrets if secret in said]
    lines = dev.diagnostics.log.since(0, None, everything=True)
    assert {line.prefix for line in lines} >= {"Realtime", "Reconnect", "Tokens", "Freshness", "SmartPolling"}
    assert any(line.level == "debug" for line in lines)
    said = "\n".join(line.text for line in lines)
    assert str(other.id) in said  # it is no empty log
    assert not [secret for secret in secrets if secret in said]


async def test_nobody_sees_anything_of_another_member(starling: Starling, account: NewAccount) -> None:  # D2
    one, other = await account(), await account()
    _, member = await sign_in(starling, one)
    _, neighbour = await sign_in(starling, other)
    await until(lambda: neighbour.profile)
    name = neighbour.profile.display_name if neighbour.profile else ""
    with_everything_said = starling.diagnostics.log.verbose()
    neighbour.connection.reconnect()
    await until(lambda: neighbour.connection.sockets >= 2)
    with_everything_said()
    for who in (member, None):
        said = json.dumps(starling.diagnostics.snapshot(who))
        assert str(other.id) not in said
        assert name
        assert name not in said
    assert str(one.id) not in json.dumps(starling.diagnostics.snapshot(None))
    guest = starling.diagnostics.snapshot(None)
    assert [c["connection"] for c in guest["connections"]] == ["World"]
    assert guest["process"]["members"] == 2  # a number says nothing of anybody
    assert not {"versions", "tasks", "memory_bytes"} & set(guest["process"])


async def test_in_development_mode_everything_is_to_be_seen(dev: Starling, account: NewAccount) -> None:  # D2
    someone = await account()
    _, member = await sign_in(dev, someone)
    await until(lambda: member.profile is not None)
    assert member.profile is not None
    guest = dev.diagnostics.snapshot(None)
    assert [c["connection"] for c in guest["connections"]] == ["World", member.profile.display_name]
    assert f"member:{someone.id}" in {c["topic"] for c in guest["channels"]}
    assert "versions" in guest["process"]


async def test_the_one_line_says_what_is_the_matter(starling: Starling, account: NewAccount) -> None:
    _, member = await sign_in(starling, await account())
    verdict = starling.diagnostics.verdict
    until_calm = lambda: verdict(member).level == "live" or "Busy" in verdict(member).sentence  # noqa: E731
    await until(until_calm, f"well, it says {verdict(member)}")
    member.connection.pause()
    await until(lambda: member.connection.status.state == "offline")
    assert verdict(member).level == "wait"
    assert verdict(member).sentence == "Your connection is switched off; what is watched is asked for every 5 s."
    assert verdict(None).level == "live" or "Busy" in verdict(None).sentence  # a guest's world is well
    member.connection.reconnect()
    await until(until_calm)


async def test_a_project_that_does_not_answer_is_said(tmp_path: Path) -> None:
    (tmp_path / "public.json").write_text(json.dumps({"api_url": "http://127.0.0.1:9", "publishable_key": "sb_p"}))
    from settings import Settings

    root = Starling(Settings(data=tmp_path, _env_file=None))  # type: ignore[call-arg]
    assert root.diagnostics.not_ready() == "The rows are on their way"
    root.open()
    await until(lambda: all(table.phase == "failed" for table in root.world.tables))
    await until(lambda: root.world.connection.meter.errors > 0)
    assert root.diagnostics.verdict(None).level == "fail"
    assert root.diagnostics.not_ready() == "Supabase does not answer"
    await root.close()


async def test_it_is_ready_when_the_rows_are_there(starling: Starling) -> None:
    await ready(starling)
    assert starling.diagnostics.not_ready() is None


async def test_a_blocked_event_loop_is_noticed(starling: Starling) -> None:
    await ready(starling)
    await asyncio.sleep(0.1)
    time.sleep(0.4)  # noqa: ASYNC251
    await until(lambda: starling.diagnostics.lag.recent > 0.3)
    sentence = starling.diagnostics.verdict(None).sentence
    assert sentence.startswith("Busy: everything waited for ")


async def test_reading_needs_nobody_to_have_listened(starling: Starling) -> None:  # D3
    await ready(starling)

    def listeners() -> list[Any]:
        return [len(table._listeners) for table in starling.world.tables]

    before = listeners()
    starling.diagnostics.snapshot(None)
    assert listeners() == before
