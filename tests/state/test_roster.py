"""Roster: O1 and O2, with the literals of the real server's frames, and against somebody who means ill."""

from __future__ import annotations

import random
from typing import Any

from state.realtime.connection import Connection
from state.realtime.presence import Presence
from state.realtime.roster import Roster
from tests.state.peer import Peer
from tests.state.support import Someone, until
from tests.state.test_presence import ADA, GRACE, meta

REPLACED = {
    "joins": {"u1": {"metas": [{"phx_ref": "r2", "phx_ref_prev": "r1", "n": 2}]}},
    "leaves": {"u1": {"metas": [{"phx_ref": "r1", "n": 1}]}},
}


def whole(**people: int) -> dict[str, Any]:
    """A first state: each key with so many metas."""
    return {key: {"metas": [{"phx_ref": f"{key}{n}", "n": n} for n in range(count)]} for key, count in people.items()}


def refs(roster: Roster) -> dict[str, list[Any]]:
    return {key: [meta["phx_ref"] for meta in metas] for key, metas in roster.state.items()}  # type: ignore[typeddict-item]


def test_metas_come_are_replaced_and_go():
    roster = Roster()
    roster._on_state_event({"u1": {"metas": [{"phx_ref": "r1", "n": 1}]}})
    roster._on_diff_event(REPLACED)
    assert refs(roster) == {"u1": ["r2"]}
    roster._on_diff_event({"joins": {}, "leaves": {"u1": {"metas": [{"phx_ref": "r2"}]}}})
    assert refs(roster) == {}


def test_a_difference_before_the_whole_waits_for_it():  # O1
    roster, told = Roster(), []
    roster.on_sync(lambda: told.append(refs(roster)))
    roster._on_diff_event({"joins": whole(u9=1), "leaves": whole(u1=1)})
    assert told == []
    roster._on_state_event(whole(u1=2, u2=1))
    assert told == [{"u1": ["u11"], "u2": ["u20"], "u9": ["u90"]}]


def test_a_new_whole_replaces_what_was_known():
    roster = Roster()
    roster._on_state_event(whole(u1=2))
    roster._on_state_event(whole(u2=1))
    assert refs(roster) == {"u2": ["u20"]}


def test_what_makes_no_sense_is_passed_over():  # O2
    draw = random.Random(3)
    roster = Roster()
    roster._on_state_event(whole(u1=1))
    nonsense: list[Any] = [None, 5, "x", [], {}, [[]], {"metas": None}, {"metas": [None, 5, {"phx_ref": []}, {"n": 1}]}]
    for _ in range(500):
        half = draw.choice([*nonsense, {"u1": draw.choice(nonsense), "u2": draw.choice(nonsense)}])
        roster._on_diff_event(draw.choice([half, {"joins": half, "leaves": draw.choice(nonsense)}, {"leaves": half}]))
    assert refs(roster) == {"u1": ["u10"]}


async def test_nobody_can_end_the_connection_of_everybody_in_the_room(peer: Peer):  # O2, trap 1
    connection = Connection(peer.url, "key", Someone())
    connection.open()
    room = Presence(connection, "room:studio", ADA)
    room.open()
    await until(lambda: connection.status.state == "live")
    await peer.send("room:studio", "presence_state", {})
    for number in range(3):
        bad = {"phx_ref": str(number), "presence_ref": [number], "status": "online"}
        await peer.send("room:studio", "presence_diff", {"joins": {str(GRACE): {"metas": [bad]}}, "leaves": {}})
    await until(lambda: GRACE in room.people)
    await peer.send("room:studio", "presence_diff", {"joins": {str(ADA): {"metas": [meta()]}}, "leaves": {}})
    await until(lambda: ADA in room.people)
    assert connection.sockets == 1
    await room.close()
    await connection.close()
