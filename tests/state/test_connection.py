"""Connection: every cell of the table in status.py, what it says of itself, and what people ask of it (R1, R6)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias, get_args

import pytest

from state.errors import Unreachable
from state.realtime import connection as connection_module
from state.realtime import socket as socket_module
from state.realtime.status import TRANSITIONS, IllegalTransition, State, Status, quality_of
from tests.state.peer import Peer
from tests.state.support import Someone, leftovers, until
from tests.state.watched import EXPIRED, NEVER, SLOW, Watched, broken_off

pytestmark = pytest.mark.usefixtures("quick")


# R1: every cell of the table in status.py ----------------------------------------------------------------------------


@dataclass
class Scene:
    """A connection that is not open yet, whose it is, and the server it will meet."""

    connection: Watched
    peer: Peer
    who: Someone
    impatient: Callable[..., None]

    async def begin(self, state: State) -> None:
        """Comes into a state the plain way."""
        match state:
            case "live":
                pass
            case "degraded":
                self.impatient()
                self.peer.heartbeats = False
            case "offline":
                self.impatient(patience=SLOW)
                self.peer.handshake = 503
            case "unauthorized":
                self.who.ended = True
            case "connecting":
                self.peer.handshake = None
        if state != "closed":
            self.connection.open()
            await self.connection.becomes(state)

    def recover(self) -> None:
        """Everything is as it should be again."""
        self.peer.handshake, self.peer.heartbeats, self.who.ended = True, True, False


Act: TypeAlias = Callable[[Scene], Awaitable[None]]
ACTS: dict[tuple[State, State], Act] = {}


def leads(before: State, after: State) -> Callable[[Act], Act]:
    """What makes a connection that is `before` become `after`, and nothing else first."""

    def keep(act: Act) -> Act:
        ACTS[before, after] = act
        return act

    return keep


@leads("connecting", "live")
@leads("offline", "connecting")
async def the_server_is_back(scene: Scene) -> None:
    scene.recover()
    scene.connection.reconnect()


@leads("connecting", "degraded")
async def a_channel_is_late(scene: Scene) -> None:
    scene.impatient()
    scene.peer.joins["world"] = "never"
    await the_server_is_back(scene)


@leads("connecting", "offline")
@leads("live", "offline")
@leads("degraded", "offline")
@leads("unauthorized", "offline")
async def it_is_switched_off(scene: Scene) -> None:
    scene.connection.pause()


@leads("connecting", "unauthorized")
@leads("offline", "unauthorized")
async def the_session_is_over(scene: Scene) -> None:
    scene.who.ended = True


@leads("live", "connecting")
@leads("degraded", "connecting")
async def the_socket_is_lost(scene: Scene) -> None:
    scene.recover()
    scene.peer.socket.transport.abort()


@leads("live", "degraded")
async def a_probe_is_late(scene: Scene) -> None:
    scene.impatient()
    scene.peer.heartbeats = False


@leads("degraded", "live")
async def the_answers_come(scene: Scene) -> None:
    scene.recover()
    await scene.peer.open_gate()


@leads("unauthorized", "connecting")
async def somebody_has_signed_in(scene: Scene) -> None:
    scene.recover()
    scene.connection.reconnect()


@leads("closed", "connecting")
async def it_is_opened(scene: Scene) -> None:
    scene.connection.open()


for state in ("connecting", "live", "degraded", "offline", "unauthorized"):

    @leads(state, "closed")
    async def it_is_closed(scene: Scene) -> None:
        await scene.connection.close()


def test_every_cell_has_its_trial():
    assert set(ACTS) == {(before, after) for before, row in TRANSITIONS.items() for after in row}


@pytest.mark.parametrize(("before", "after"), ACTS)
async def test_each_state_becomes_what_its_row_says(connection, peer, who, impatient, before: State, after: State):
    scene = Scene(connection, peer, who, impatient)
    if (before, after) == ("offline", "unauthorized"):

        async def slow() -> None:  # the answer about the token comes when patience has ended
            if peer.attempts:
                await until(lambda: connection.status.state == "offline" and who.ended)

        who.before = slow
    if (before, after) == ("connecting", "unauthorized"):

        async def gated() -> None:
            await until(lambda: who.ended)

        who.before = gated
        connection.open()
        await connection.becomes("connecting")
    else:
        await scene.begin(before)
    await ACTS[before, after](scene)
    await until(lambda: (before, after) in connection.passed, f"from {before} to {after}: {connection.went}")
    await connection.close()


def test_each_other_cell_raises_naming_both_states_and_changes_nothing():  # R1
    for before in get_args(State):
        for after in get_args(State):
            status = Status(state=before, error="as it was")
            if after == before:
                assert status.go(after) is False
            elif after in TRANSITIONS[before]:
                assert status.go(after) is True
                assert status.state == after
            else:
                with pytest.raises(IllegalTransition, match=f"is {before} cannot become {after}"):
                    status.go(after)
                assert (status.state, status.error) == (before, "as it was")


async def test_opening_twice_and_closing_twice_is_once(live: Watched, peer: Peer):
    live.open()
    await live.close()
    await live.close()
    assert peer.attempts == 1


@pytest.mark.parametrize("state", ["connecting", "live", "degraded", "offline", "unauthorized"])
async def test_what_is_closed_can_be_opened_again(
    connection, peer, who, impatient, monkeypatch, state: State
):  # R6, K3
    monkeypatch.setattr(socket_module, "CONNECT_S", NEVER)
    scene = Scene(connection, peer, who, impatient)
    await scene.begin(state)
    connection.reconnect()  # what was asked for last counts
    async with asyncio.timeout(25):  # not the minute of a socket that nobody answers
        await connection.close()
    assert connection.status.state == "closed"
    assert not leftovers()
    await until(lambda: peer.open_sockets == 0)
    scene.recover()
    connection.open()
    connection.reconnect()
    await connection.becomes("live")


# Patience ------------------------------------------------------------------------------------------------------------


async def test_a_loss_that_is_made_good_at_once_is_never_called_offline(live: Watched, peer: Peer):
    for n in range(3):
        peer.socket.transport.abort()
        await until(lambda n=n: len(peer.opened) == n + 2)
        await live.becomes("live")
    assert "offline" not in live.went
    assert live.status.attempts == 0


async def test_after_three_attempts_it_says_offline_and_goes_on(connection, peer, monkeypatch):
    monkeypatch.setattr(connection_module, "PATIENCE_S", NEVER)
    peer.handshake = 503
    told: list[tuple[State, int]] = []
    connection.changed.subscribe(
        lambda: told.append((connection.status.state, connection.status.attempts)), unsubscribe_on_delete=False
    )
    connection.open()
    await until(lambda: peer.attempts >= 6)
    assert {state for state, attempts in told if attempts < 3} == {"connecting"}
    assert {state for state, attempts in told if attempts >= 3} == {"offline"}, "and it stays so while it tries"
    peer.handshake = True
    await connection.becomes("live")
    assert connection.went == ["connecting", "offline", "connecting", "live"]


async def test_an_attempt_that_hangs_is_called_offline_after_some_seconds(connection: Watched, peer: Peer, impatient):
    impatient(patience=SLOW)
    peer.handshake = None
    connection.open()
    await connection.becomes("offline")
    assert peer.attempts == 1
    assert (connection.status.error, connection.status.retry_at) == ("Supabase does not answer", None)


async def test_when_it_waits_it_says_when_the_next_attempt_is(connection: Watched, peer: Peer, impatient, monkeypatch):
    monkeypatch.setattr(connection_module, "FIRST_BACKOFF_S", NEVER)
    monkeypatch.setattr(connection_module, "LAST_BACKOFF_S", NEVER)
    peer.handshake = 503
    connection.open()
    await until(lambda: connection.status.retry_at)
    assert connection.status.retry_at is not None
    assert connection.status.retry_at > connection.status.since
    assert connection.status.attempts == 1
    peer.handshake = True
    connection.reconnect()  # ends the wait
    await connection.becomes("live")
    assert connection.status.attempts == 0
    assert connection.status.retry_at is None


async def test_patience_that_ends_while_it_waits_keeps_what_was_said(
    connection: Watched, peer: Peer, impatient, monkeypatch
):
    impatient(patience=SLOW)
    monkeypatch.setattr(connection_module, "FIRST_BACKOFF_S", NEVER)
    monkeypatch.setattr(connection_module, "LAST_BACKOFF_S", NEVER)
    peer.handshake = 503
    connection.open()
    await connection.becomes("offline")
    await until(lambda: connection.status.retry_at, "patience may end before the answer is there")
    assert connection.status.retry_at is not None
    assert connection.status.retry_at > datetime.now(UTC)
    assert connection.status.error == "Supabase refused the connection"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 502, 503])
async def test_a_refused_handshake_is_tried_again_whatever_its_status(connection: Watched, peer: Peer, status: int):
    peer.handshake = status
    connection.open()
    await connection.becomes("offline")
    await until(lambda: connection.status.error == "Supabase refused the connection")
    peer.handshake = True
    await connection.becomes("live")
    assert "unauthorized" not in connection.went


async def test_no_answer_about_the_token_is_no_end_of_the_session(connection: Watched, peer: Peer, who: Someone):  # R4
    async def unreachable() -> None:
        if who.asked < 3:
            raise Unreachable("Supabase does not answer")

    who.before = unreachable
    connection.open()
    await connection.becomes("live")
    assert "unauthorized" not in connection.went
    assert peer.attempts == 1


# Quality -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trips", "late", "quality"),
    [
        ([], False, None), ([], True, "poor"), ([20.0], False, "good"), ([149.9], False, "good"), ([150.0], False, "fair"),
        ([499.0], False, "fair"), ([500.0], False, "poor"), ([20.0, 900.0, 30.0], False, "good"),
        ([20.0, 900.0, 800.0], False, "poor"), ([20.0, 20.0], True, "poor"),
    ],
)  # fmt: skip
def test_quality_is_that_of_the_last_few_round_trips(trips: list[float], late: bool, quality: str | None):
    assert quality_of(trips, late=late) == quality


async def test_quality_is_told_while_there_is_a_socket(live: Watched, peer: Peer, impatient):
    await until(lambda: live.status.quality == "good")
    assert live.status.round_trip_ms is not None
    impatient()
    peer.heartbeats = False
    await live.becomes("degraded")
    assert live.status.quality == "poor"
    peer.heartbeats = True
    await peer.open_gate()
    await live.becomes("live")
    live.pause()
    await live.becomes("offline")
    assert (live.status.quality, live.status.round_trip_ms) == (None, None)


# R6: what people ask for ---------------------------------------------------------------------------------------------


async def test_many_requests_to_reconnect_are_one(live: Watched, peer: Peer):  # R6
    for _ in range(10):
        live.reconnect()
    await until(broken_off(peer))
    await live.becomes("live")
    assert peer.attempts == 2
    await until(lambda: peer.open_sockets == 1)


async def test_a_pause_goes_offline_and_stays_there(live: Watched, peer: Peer):
    live.pause()
    await live.becomes("offline")
    assert (live.status.paused, live.status.error, live.status.retry_at) == (True, "Switched off", None)
    await until(lambda: peer.open_sockets == 0)
    await asyncio.sleep(0.1)  # many times the backoff
    assert peer.attempts == 1
    live.reconnect()
    await live.becomes("live")
    assert not live.status.paused


async def test_a_pause_while_nobody_answers_takes_effect(connection: Watched, peer: Peer, monkeypatch):  # R6
    monkeypatch.setattr(socket_module, "CONNECT_S", NEVER)
    peer.handshake = None
    connection.open()
    await until(lambda: peer.attempts)
    connection.pause()
    await until(lambda: connection.status.state == "offline", "offline at once")
    assert connection.status.error == "Switched off"


async def test_a_reconnect_while_nobody_answers_begins_anew(connection: Watched, peer: Peer, monkeypatch):  # R6
    monkeypatch.setattr(socket_module, "CONNECT_S", NEVER)
    peer.handshake = None
    connection.open()
    await until(lambda: peer.attempts)
    peer.handshake = True
    connection.reconnect()
    await until(lambda: connection.status.state == "live", "live at once")


async def test_a_pause_while_the_token_is_renewed_takes_effect(live: Watched, peer: Peer, who: Someone):  # R6, R4
    hangs = asyncio.Event()
    who.before = hangs.wait  # type: ignore[assignment]
    await peer.system("world", EXPIRED, "error")
    await until(lambda: who.renewals)
    live.pause()
    await until(lambda: live.status.state == "offline" and live.status.error == "Switched off")
    hangs.set()
    await asyncio.sleep(0.05)
    assert peer.attempts == 1
    live.reconnect()
    await live.becomes("live")


async def test_a_pause_at_the_moment_in_which_a_socket_opens_is_not_lost(connection: Watched, peer: Peer):  # R6
    opened = connection._open_socket

    async def opens() -> object:
        socket = await opened()
        connection.pause()  # the supervisor has not been told of the socket yet
        return socket

    connection._open_socket = opens  # type: ignore[method-assign, assignment]
    connection.open()
    await until(lambda: connection.status.state == "offline" and peer.attempts == 1)
    await until(lambda: peer.open_sockets == 0)
    assert connection.status.paused


async def test_all_at_once_is_one_reconnect(live: Watched, peer: Peer, who: Someone, impatient):  # R6
    """A lost probe, an expired token, a renewed one, a closed channel and people who press the button."""
    impatient(lost=SLOW)
    who.tokens.append("a new token")
    peer.heartbeats = False
    await peer.system("world", EXPIRED, "error")
    await peer.close_channel("world")
    await asyncio.gather(*(live.push_token("a new token") for _ in range(3)))
    live.pause()
    live.suspect("Some changes may not have arrived")
    live.suspect(None)
    for _ in range(5):
        live.reconnect()
    peer.heartbeats = True
    await until(broken_off(peer))
    impatient()  # a probe of the new socket may take its time
    await live.becomes("live")
    assert peer.attempts == 2
    await until(lambda: peer.open_sockets == 1)
    await until(lambda: len(peer.got("phx_join", "world")) == 2)
