"""Checks of what travels: subscriptions, broadcasts, presence, Postgres Changes, round trips."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime
from secrets import token_hex
from statistics import median
from typing import Any

from state.realtime.presence import Presence
from state.selftest.bench import Bench
from state.selftest.line import Frame, Line, line
from state.selftest.people import Tester, ignore
from state.selftest.result import Failed
from state.sync.query import Query, Where

ROOM = "room:studio"
HEARTBEATS = 5
KEPT = 100  # of what is heard meanwhile; the oldest go first
GRACE_S = 0.25  # a forged broadcast and a true one take different ways: no order holds between them


async def subscription(bench: Bench) -> str:
    """Both members' feeds become live, which takes the server's word that replication is ready; another's is refused."""
    one, other = bench.pair
    feeds = [channel for tester in bench.pair for channel in (tester.world, tester.feed)]
    started = time.perf_counter()
    for tester in bench.pair:
        tester.follow()

    def trouble() -> str | None:
        told = [
            channel.error or tester.connection.status.error
            for tester in bench.pair
            for channel in (tester.world, tester.feed)
        ]
        return next((reason for reason in told if reason), None)

    await bench.until(
        lambda: all(channel.live for channel in feeds), "world and both members' feeds to be live", trouble
    )
    took = (time.perf_counter() - started) * 1000
    strange = one.connection.channel(f"member:{other.id}")
    leave = strange.on_broadcast("selftest", ignore)
    try:
        await bench.until(
            lambda: strange.stage not in ("idle", "joining"), "an answer to joining another member's feed", trouble
        )
        if strange.stage != "refused":
            raise Failed("A member may listen to another member's feed")
    finally:
        leave()
    return f"World and own feeds live, replication ready, after {took:.0f} ms; another's feed is refused"


async def database_broadcast(bench: Bench) -> str:
    """What one writes reaches the other; what is private to one reaches them, and not the other."""
    one, other = bench.pair
    heard: dict[str, deque[Any]] = {"one": deque(maxlen=KEPT), "other": deque(maxlen=KEPT)}
    with ExitStack() as listening:
        listening.callback(one.feed.on_change("generations", heard["one"].append))
        for channel in (other.world, other.feed):
            listening.callback(
                channel.on_change(
                    "generations", lambda change: heard["other"].append(change) if _tells(change, one) else None
                )
            )
        try:
            await one.api.update("generations", one.rows["generations"], {"favourite": True})
            await bench.until(
                lambda: any(_tells(change, one) for change in heard["one"]),
                "a private row to arrive at its owner",
                lambda: one.connection.status.error,
            )
        finally:
            await one.api.update("generations", one.rows["generations"], {"favourite": False})
        took = await bench.travels(one, other)  # T4: behind both changes of the private row
        if heard["other"]:
            raise Failed("A private row was announced to somebody else")
    return f"A change reached the other member {took:.0f} ms after it was sent to the database; a private row only its owner"


def _tells(change: Any, owner: Tester) -> bool:
    return any(record.get("owner_id") == str(owner.id) for record in change.records)


async def broadcast(bench: Bench) -> str:
    """Members talk in the studio's room, both ways; on a feed nobody but the database does."""
    one, other = bench.pair
    rooms = {tester: tester.connection.channel(ROOM) for tester in bench.pair}
    heard: deque[tuple[Tester, Any, float]] = deque(maxlen=KEPT)
    took: list[float] = []
    with ExitStack() as listening:
        for tester, room in rooms.items():
            listening.callback(
                room.on_broadcast(
                    "selftest", lambda said, who=tester: heard.append((who, said.get("mark"), time.perf_counter()))
                )
            )
        await bench.until(
            lambda: all(room.live for room in rooms.values()),
            f"{ROOM} to be live",
            lambda: _reason(rooms[one].error, one),
        )
        for speaker, listener in ((one, other), (other, one)):
            mark, sent = token_hex(6), time.perf_counter()
            await rooms[speaker].send("selftest", {"mark": mark})
            await bench.until(
                lambda listener=listener, mark=mark: any((who, said) == (listener, mark) for who, said, _ in heard),
                "a broadcast to arrive at the other member", lambda: _reason(None, one),
            )  # fmt: skip
            took.append(next(at - sent for who, said, at in heard if (who, said) == (listener, mark)) * 1000)
        if not await one.world.send("selftest", {"forged": True}):
            raise Failed("The feed world was lost meanwhile")
        await bench.travels(one, other)  # T4
        await asyncio.sleep(GRACE_S)
        if other.uninvited:
            raise Failed("A member may broadcast on the feed world, where only the database speaks")
    return f"Both ways in {ROOM} within {max(took):.0f} ms; world carries nothing of members"


def _reason(error: str | None, tester: Tester) -> str | None:
    return error or tester.connection.status.error


async def presence(bench: Bench) -> str:
    """Both see each other come, and one sees the other go."""
    one, other = bench.pair
    rooms = [Presence(tester.connection, ROOM, tester.id) for tester in bench.pair]
    ids = {tester.id for tester in bench.pair}
    try:
        started = time.perf_counter()
        for room in rooms:
            room.open()
            room.show("online", 1, datetime.now(UTC))
        await bench.until(
            lambda: all(ids <= set(room.people) for room in rooms),
            "both members to see each other",
            lambda: _reason(None, one),
        )
        came = (time.perf_counter() - started) * 1000
        left = time.perf_counter()
        rooms[0].withdraw()
        await bench.until(
            lambda: one.id not in rooms[1].people,
            "a member who leaves to be seen leaving",
            lambda: _reason(None, other),
        )
        return f"Seen to come after {came:.0f} ms, joining included, and to go after {(time.perf_counter() - left) * 1000:.0f} ms"
    finally:
        for room in rooms:
            await room.close()


async def postgres_changes(bench: Bench) -> str:
    """A foreign client hears of its member's private row, by the server's own way, and not of the other's."""
    async with AsyncExitStack() as lines:
        mine, theirs = [await lines.enter_async_context(line(bench.project)) for _ in range(2)]
        one, other = bench.pair
        for tester, wire in ((one, mine), (other, theirs)):
            await _subscribe(bench, tester, wire)
        took = await _changes(bench, one, mine)
        await _changes(bench, other, theirs)  # T4: the other's change comes behind the one's
        if any(_record(frame) == one.rows["generations"] for frame in theirs.frames):
            raise Failed("Postgres Changes tell of a private row to somebody else")
    return (
        f"Subscribed to generations; a change of a private row reached its owner after {took:.0f} ms, and nobody else"
    )


async def _subscribe(bench: Bench, tester: Tester, wire: Line) -> None:
    topic = f"realtime:member:{tester.id}"
    config = {
        "broadcast": {"ack": False, "self": False}, "presence": {"enabled": False}, "private": True,
        "postgres_changes": [{"event": "UPDATE", "schema": "public", "table": "generations"}],
    }  # fmt: skip
    bench.waiting_for = lambda: "the reply to a join"
    answer = await wire.ask(topic, "phx_join", {"config": config, "access_token": await tester.token()})
    if answer["status"] != "ok":
        raise Failed(f"The join was refused: {answer['response'].get('reason', answer['response'])}")
    bench.waiting_for = lambda: "the word that Postgres Changes are subscribed to"
    told = await wire.wait(lambda f: f["event"] == "system" and f["payload"].get("extension") == "postgres_changes")
    if told["payload"]["status"] != "ok":
        raise Failed(f"Not served here: {told['payload']['message'].partition('. ')[0]}")


async def _changes(bench: Bench, tester: Tester, wire: Line) -> float:
    """The member changes their row; milliseconds until their line tells them so."""
    row = tester.rows["generations"]
    sent = time.perf_counter()
    try:
        await tester.api.update("generations", row, {"favourite": True})
        bench.waiting_for = lambda: "a change of a row to arrive as a Postgres Change"
        await wire.wait(lambda frame: _record(frame) == row)
        return (time.perf_counter() - sent) * 1000
    finally:
        await tester.api.update("generations", row, {"favourite": False})


def _record(frame: Frame) -> str | None:
    if frame["event"] != "postgres_changes":
        return None
    return (frame["payload"].get("data", {}).get("record") or {}).get("id")


async def round_trip(bench: Bench) -> str:
    """How long it takes to Realtime and back, to REST and back, and from a write to one's own feed."""
    one, _ = bench.pair
    beats: list[float] = []
    async with line(bench.project) as wire:
        bench.waiting_for = lambda: "the reply to a heartbeat"
        for _ in range(HEARTBEATS):
            sent = time.perf_counter()
            await wire.ask("phoenix", "heartbeat", {})
            beats.append((time.perf_counter() - sent) * 1000)
    bench.waiting_for = lambda: "an answer of REST"
    sent = time.perf_counter()
    await one.api.select(Query("profiles", (Where("id", "eq", one.id),)), 1)
    rest = (time.perf_counter() - sent) * 1000
    return f"Socket {median(beats):.1f} ms (median of {HEARTBEATS}), REST {rest:.0f} ms, write to own feed {await bench.travels(one, one):.0f} ms"
