"""Presence: P1 to P5, pure, against a scripted server, and between two members."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from state.api import Project
from state.realtime import connection as connection_module
from state.realtime import presence as presence_module
from state.realtime.connection import Connection
from state.realtime.presence import MAX_METAS, MAX_PEOPLE, METADATA_BYTES, Person, Presence, people_of
from tests.embedded.realtime_support import open_socket
from tests.state.peer import Peer
from tests.state.support import Account, Someone, until

ADA, GRACE = UUID(int=1), UUID(int=2)
EARLY, LATE = datetime(2026, 11, 1, 9, tzinfo=UTC), datetime(2026, 11, 1, 10, tzinfo=UTC)
NINE = EARLY.isoformat()


def meta(status: Any = "online", tabs: Any = 1, since: Any = NINE) -> dict[str, Any]:
    return {"status": status, "tabs": tabs, "since": since, "phx_ref": "x"}


def test_a_person_is_the_sum_of_their_processes():
    people = people_of({str(ADA): [meta("away", 2, LATE.isoformat()), meta("online", 1)], str(GRACE): [meta("away")]})
    assert people == {ADA: Person(ADA, "online", 3, EARLY), GRACE: Person(GRACE, "away", 1, EARLY)}


@pytest.mark.parametrize("key", ["", "ada", "__proto__", "1", "../..", "x" * 5000, f"{ADA}{ADA}"])
def test_only_ids_are_people(key: str):  # P3
    assert people_of({key: [meta()]}) == {}


def test_who_has_no_meta_is_not_here():
    assert people_of({str(ADA): []}) == {}
    assert people_of({str(ADA): ["online", None, 3]}) == {}  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("hostile", "status", "tabs"),
    [
        (meta(status="admin"), "away", 1),
        (meta(status=["online"]), "away", 1),
        (meta(status={"a": 1}), "away", 1),
        (meta(tabs=10**9), "online", 99),
        (meta(tabs=-5), "online", 1),
        (meta(tabs="9"), "online", 1),
        (meta(tabs=1.5), "online", 1),
        (meta(tabs=None), "online", 1),
        ({"name": "<script>", "status": "online"}, "online", 1),
    ],
)
def test_claims_that_make_no_sense_are_not_believed(hostile: dict[str, Any], status: str, tabs: int):  # P3
    person = people_of({str(ADA): [hostile]})[ADA]
    assert (person.status, person.tabs) == (status, tabs)


@pytest.mark.parametrize("since", [None, 5, "yesterday", "2026-11-01T09:00:00", [], "9999-99-99T00:00:00+00:00"])
def test_a_time_that_is_none_is_now(since: Any):  # P3
    before = datetime.now(UTC)
    assert before <= people_of({str(ADA): [meta(since=since)]})[ADA].since <= datetime.now(UTC)


def test_metas_are_capped():  # P3
    assert people_of({str(ADA): [meta()] * 1000})[ADA].tabs == MAX_METAS


def test_persons_are_capped():  # P3
    crowd = {str(UUID(int=number)): [meta()] for number in range(MAX_PEOPLE + 50)}
    assert len(people_of(crowd)) == MAX_PEOPLE


def test_what_somebody_says_of_themselves_is_of_the_process_in_which_they_are():
    there, here = meta("away") | {"metadata": {"page": "/"}}, meta("online") | {"metadata": {"page": "/studio"}}
    assert people_of({str(ADA): [here, there]})[ADA].metadata == {"page": "/studio"}
    assert people_of({str(ADA): [there, meta("away")]})[ADA].metadata == {}


DEEP: list[Any] = []
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    "claim", ["/studio", ["page"], None, 5, {"note": "x" * METADATA_BYTES}, {"n": float("nan")}, {5: 1}, {"deep": DEEP}]
)
def test_metadata_that_is_none_or_too_large_is_not_believed(claim: Any):  # P3
    assert people_of({str(ADA): [meta() | {"metadata": claim}]})[ADA].metadata == {}


# Against a scripted server -------------------------------------------------------------------------------------------


@pytest.fixture
async def room(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Presence]:
    """Ada's presence, in the room and not shown yet."""
    monkeypatch.setattr(connection_module, "FIRST_BACKOFF_S", 0.02)
    monkeypatch.setattr(presence_module, "FLAP_S", 0.05)
    connection = Connection(peer.url, "key", Someone())
    connection.open()
    presence = Presence(connection, "room:studio", ADA)
    presence.open()
    await until(lambda: connection.status.state == "live")
    yield presence
    await presence.close()
    await connection.close()


def told(peer: Peer) -> list[Any]:
    """What the server was told: metas, None for a withdrawal."""
    pushes = [frame["payload"] for frame in peer.got("presence", "room:studio")]
    return [push["payload"]["tabs"] if push["event"] == "track" else None for push in pushes]


async def test_one_is_shown_when_something_changed_and_only_then(room: Presence, peer: Peer):  # P1
    room.show("online", 1, EARLY)
    await until(lambda: told(peer) == [1])
    room.show("online", 1, EARLY)
    room.show("online", 2, EARLY)
    await until(lambda: told(peer) == [1, 2])
    room.withdraw()
    await until(lambda: told(peer) == [1, 2, None])
    room.withdraw()
    room.show("online", 3, EARLY)
    await until(lambda: told(peer) == [1, 2, None, 3])


async def test_one_is_shown_again_after_every_rejoin(room: Presence, peer: Peer):  # P1, trap 8
    room.show("online", 1, EARLY)
    await until(lambda: told(peer) == [1])
    await peer.socket.close(1011)
    await until(lambda: told(peer) == [1, 1])
    assert len(peer.opened) == 2


async def test_what_was_asked_for_before_the_room_is_open_is_sent_once_it_is(room: Presence, peer: Peer):  # trap 8
    peer.joins["room:studio"] = "never"
    await peer.socket.close(1011)
    await peer.heard("phx_join", "room:studio", 2)
    room.show("online", 1, EARLY)
    room.show("online", 2, EARLY)
    assert told(peer) == []
    await peer.open_gate()
    await until(lambda: told(peer) == [2])


async def test_calls_are_limited_and_what_has_to_wait_is_sent_as_one(room: Presence, peer: Peer, monkeypatch):  # P2
    monkeypatch.setattr(presence_module, "PER_S", 3600.0)
    started = asyncio.get_running_loop().time()
    for tabs in range(1, 31):
        room.show("online" if tabs % 2 else "away", tabs, EARLY)
        await asyncio.sleep(0)
    await until(lambda: len(told(peer)) >= 4)
    assert len(told(peer)) == 4
    monkeypatch.setattr(presence_module, "PER_S", 1.0)
    room.show("away", 30, EARLY)
    await until(lambda: told(peer)[-1] == 30)
    assert asyncio.get_running_loop().time() - started >= 1.0
    assert len(told(peer)) == 5


async def test_how_one_is_here_does_not_wait_for_where_nor_a_withdrawal_for_either(room: Presence, peer: Peer):  # P2
    for tabs in range(1, 4):
        room.show("online", tabs, EARLY)
        await until(lambda tabs=tabs: told(peer)[-1:] == [tabs])
    for tabs in range(4, 7):
        room.show("online", tabs, EARLY)
        await asyncio.sleep(0.01)
    assert told(peer) == [1, 2, 3], "the next one would have to wait"
    room.show("away", 7, EARLY)
    await until(lambda: told(peer) == [1, 2, 3, 7])
    room.show("online", 8, EARLY)
    room.withdraw()
    await until(lambda: told(peer) == [1, 2, 3, 7, None])


async def test_who_is_not_confirmed_after_a_gap_is_dropped(room: Presence, peer: Peer, monkeypatch):  # P4
    monkeypatch.setattr(room, "_confirm_s", 0.1)
    await peer.send("room:studio", "presence_state", {str(GRACE): {"metas": [meta()]}})
    await until(lambda: set(room.people) == {GRACE})
    peer.joins["room:studio"] = "never"
    cut = asyncio.get_running_loop().time()
    await peer.socket.close(1011)
    await until(lambda: not room.people)
    assert asyncio.get_running_loop().time() - cut >= 0.1, "a short gap is not to be seen"
    await peer.heard("phx_join", "room:studio", 2)


async def test_who_is_not_confirmed_by_a_server_that_is_back_is_dropped_too(
    room: Presence, peer: Peer, monkeypatch
):  # P4
    monkeypatch.setattr(room, "_confirm_s", 0.2)
    await peer.send("room:studio", "presence_state", {str(GRACE): {"metas": [meta()]}})
    await until(lambda: set(room.people) == {GRACE} and room.confirmed)
    await peer.socket.close(1011)
    await until(lambda: len(peer.opened) == 2 and room._channel.live)  # and says nothing of who is there
    await until(lambda: not room.people and not room.confirmed)


async def test_who_is_confirmed_after_a_gap_stays(room: Presence, peer: Peer, monkeypatch):  # P4
    monkeypatch.setattr(room, "_confirm_s", 60.0)
    seen: list[set[UUID]] = []
    await peer.send("room:studio", "presence_state", {str(GRACE): {"metas": [meta()]}})
    await until(lambda: set(room.people) == {GRACE})
    room.changed.subscribe(lambda: seen.append(set(room.people)), unsubscribe_on_delete=False)
    await peer.socket.close(1011)
    await peer.heard("phx_join", "room:studio", 2)
    assert room._forget, "they would be dropped"
    await peer.send("room:studio", "presence_state", {str(GRACE): {"metas": [meta()]}})
    await until(lambda: room._forget is None)
    assert set(room.people) == {GRACE}
    assert seen == []


async def test_whoever_comes_and_goes_is_followed(room: Presence, peer: Peer):
    await peer.send("room:studio", "presence_state", {})
    diff = {"joins": {str(GRACE): {"metas": [meta()]}}, "leaves": {}}
    await peer.send("room:studio", "presence_diff", diff)
    await until(lambda: set(room.people) == {GRACE})
    await peer.send("room:studio", "presence_diff", {"joins": {}, "leaves": diff["joins"]})
    await until(lambda: not room.people)


async def test_who_is_back_at_once_was_never_away(room: Presence, peer: Peer, monkeypatch):  # P5
    monkeypatch.setattr(presence_module, "FLAP_S", 60.0)
    seen: list[set[UUID]] = []
    await peer.send("room:studio", "presence_state", {str(GRACE): {"metas": [meta() | {"phx_ref": "a"}]}})
    await until(lambda: set(room.people) == {GRACE})
    room.changed.subscribe(lambda: seen.append(set(room.people)), unsubscribe_on_delete=False)
    leaves = {str(GRACE): {"metas": [meta() | {"phx_ref": "a"}]}}
    joins = {str(GRACE): {"metas": [meta(tabs=2) | {"phx_ref": "b"}]}}
    await peer.send("room:studio", "presence_diff", {"joins": {}, "leaves": leaves})
    await until(lambda: room._leaving)
    await peer.send("room:studio", "presence_diff", {"joins": joins, "leaves": {}})
    await until(lambda: room.people[GRACE].tabs == 2)
    assert (seen, room._leaving) == ([{GRACE}], {})
    monkeypatch.setattr(presence_module, "FLAP_S", 0.05)
    await peer.send("room:studio", "presence_diff", {"joins": {}, "leaves": joins})
    await until(lambda: not room.people)


async def test_ones_own_withdrawal_shows_at_once(room: Presence, peer: Peer, monkeypatch):  # P5
    monkeypatch.setattr(presence_module, "FLAP_S", 60.0)
    mine = {str(ADA): {"metas": [meta()]}}
    await peer.send("room:studio", "presence_state", mine)
    await until(lambda: set(room.people) == {ADA})
    await peer.send("room:studio", "presence_diff", {"joins": {}, "leaves": mine})
    await until(lambda: not room.people)


async def test_metadata_travels_and_is_bounded(room: Presence, peer: Peer):
    room.show("online", 1, EARLY, {"page": "/studio"})
    await until(lambda: told(peer) == [1])
    assert peer.got("presence", "room:studio")[0]["payload"]["payload"]["metadata"] == {"page": "/studio"}
    with pytest.raises(ValueError, match="at most"):
        room.show("online", 1, EARLY, {"note": "x" * METADATA_BYTES})
    room.show("online", 1, EARLY, {"page": "/studio"})
    room.show("online", 2, EARLY, {"page": "/studio"})
    await until(lambda: told(peer) == [1, 2])


# Between members -----------------------------------------------------------------------------------------------------


async def test_two_members_see_each_other_come_stay_over_a_reconnect_and_go(
    project: Project, account: Callable[[], Awaitable[Account]]
):
    accounts = [await account() for _ in range(2)]
    connections = [Connection(project.realtime_url, project.key, one.identity) for one in accounts]
    room = "room:studio"
    rooms = [Presence(c, room, one.id) for c, one in zip(connections, accounts, strict=True)]
    for connection, presence in zip(connections, rooms, strict=True):
        connection.open()
        presence.open()
    ids = {one.id for one in accounts}
    rooms[0].show("online", 1, EARLY)
    rooms[1].show("away", 2, LATE)
    await until(lambda: all(ids <= set(presence.people) for presence in rooms))
    assert rooms[0].people[accounts[1].id] == Person(accounts[1].id, "away", 2, LATE)
    connections[1].reconnect()
    await until(lambda: connections[1].sockets >= 2 and connections[1].status.state == "live")
    await until(lambda: all(ids <= set(presence.people) for presence in rooms))
    rooms[1].withdraw()
    await until(lambda: accounts[1].id not in rooms[0].people)
    assert accounts[0].id in rooms[1].people, "who is withdrawn goes on seeing the others"
    for connection, presence in zip(connections, rooms, strict=True):
        await presence.close()
        await connection.close()


async def test_one_who_says_what_nobody_can_read_hides_nobody(
    project: Project, account: Callable[[], Awaitable[Account]]
):  # P3
    hostile, one, other = [await account() for _ in range(3)]
    room = "room:studio"
    async with open_socket(project.realtime_url, hostile.token, 1) as socket:
        await socket.join(f"realtime:{room}", private=True, presence={"enabled": True, "key": str(hostile.id)})
        for depth in (100, 210, 230):
            nested: Any = 1
            for _ in range(depth):
                nested = [nested]
            track = {"event": "track", "type": "presence", "payload": {"status": "online", "x": nested}}
            await socket.send(f"realtime:{room}", "presence", track, str(depth))
        await socket.send("phoenix", "heartbeat", {}, "end")
        while (await socket.receive())["ref"] != "end":
            pass
        connections = [Connection(project.realtime_url, project.key, who.identity) for who in (one, other)]
        rooms = [Presence(c, room, who.id) for c, who in zip(connections, (one, other), strict=True)]
        for connection, presence in zip(connections, rooms, strict=True):
            connection.open()
            presence.open()
            presence.show("online", 1, EARLY)
        await until(lambda: all({one.id, other.id} <= set(presence.people) for presence in rooms))
        for connection, presence in zip(connections, rooms, strict=True):
            await presence.close()
            await connection.close()


@pytest.mark.parametrize("comes_back", [True, False])
async def test_whose_socket_is_dropped_without_a_word_is_gone_unless_they_are_back_at_once(
    project: Project, account: Callable[[], Awaitable[Account]], monkeypatch: pytest.MonkeyPatch, comes_back: bool
):  # P4, P5
    monkeypatch.setattr(presence_module, "FLAP_S", 30.0 if comes_back else 0.1)
    one, other = [await account() for _ in range(2)]
    here = Connection(project.realtime_url, project.key, one.identity)
    delay_s = 0.0 if comes_back else 60.0
    away = Connection(project.realtime_url, project.key, other.identity, uniform=lambda low, high: delay_s)
    watching, watched = Presence(here, "room:studio", one.id), Presence(away, "room:studio", other.id)
    for connection, presence in ((here, watching), (away, watched)):
        connection.open()
        presence.open()
    watched.show("online", 1, EARLY)
    await until(lambda: other.id in watching.people)
    left: list[bool] = []
    watching.changed.subscribe(lambda: left.append(other.id not in watching.people), unsubscribe_on_delete=False)
    assert away._socket is not None
    websocket = away._socket._client._ws_connection
    assert websocket is not None
    websocket.transport.abort()
    if comes_back:
        await until(lambda: away.sockets >= 2 and away.status.state == "live")
        watched.show("online", 2, EARLY)
        await until(lambda: watching.people[other.id].tabs == 2, "the old socket's is gone, and the new one's is there")
        assert not any(left)
    else:
        await until(lambda: other.id not in watching.people)
    for connection, presence in ((here, watching), (away, watched)):
        await presence.close()
        await connection.close()
