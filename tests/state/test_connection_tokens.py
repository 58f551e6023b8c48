"""Connection and tokens: R4, and trap 7, against a scripted server. What signs in and out is in test_member.py."""

from __future__ import annotations

import asyncio

import pytest

from tests.state.peer import Peer
from tests.state.support import Someone, until
from tests.state.watched import EXPIRED, SLOW, Watched

pytestmark = pytest.mark.usefixtures("quick")


@pytest.mark.parametrize("reason", [EXPIRED, "The token provided is not a valid JWT", ":signature_error"])
async def test_a_token_that_is_refused_is_renewed_once_and_used(live: Watched, peer: Peer, who: Someone, reason: str):
    who.tokens.append("a new token")
    await peer.system("world", reason, "error")
    await peer.close_channel("world")
    await peer.heard("phx_join", "world", 2)
    await live.becomes("live")
    assert who.renewals == 1
    assert peer.got("phx_join", "world")[-1]["payload"]["access_token"] == "a new token"


async def test_a_join_that_is_refused_because_of_its_token_renews_it(connection: Watched, peer: Peer, who: Someone):
    peer.joins["world"] = "InvalidJWTToken: Token has expired 7 seconds ago"
    connection.open()
    await until(lambda: who.renewals)
    peer.joins["world"] = "ok"
    await connection.becomes("live")


async def test_a_new_token_reaches_live_channels_without_a_gap(live: Watched, peer: Peer):
    gaps: list[None] = []
    live.channel("world").on_live(lambda: gaps.append(None))
    await live.push_token("a new token")
    frame = await peer.heard("access_token", "world")
    assert frame["payload"] == {"access_token": "a new token"}
    assert gaps == []
    assert peer.attempts == 1


async def test_a_channel_that_joins_later_uses_the_new_token(live: Watched, peer: Peer):
    await live.push_token("a new token")
    live.channel("market").on_change("prices", lambda _: None)
    assert (await peer.heard("phx_join", "market"))["payload"]["access_token"] == "a new token"


async def test_tokens_can_be_pushed_while_channels_come_and_go(live: Watched, peer: Peer):  # trap 7
    async def come() -> None:
        for n in range(20):
            live.channel(f"room:{n}").on_broadcast("x", lambda _: None)
            await asyncio.sleep(0)

    await asyncio.gather(come(), *(live.push_token(f"token {n}") for n in range(20)))
    await live.becomes("live")
    assert peer.attempts == 1


async def test_the_token_is_on_the_socket_before_anything_joins(live: Watched, peer: Peer):  # R4
    assert peer.got("phx_join", "world")[0]["payload"]["access_token"] == "a token"


async def test_an_expired_session_is_told_from_a_bad_network(live: Watched, peer: Peer, who: Someone):  # R4
    """After a failure the token is looked at first: no socket is tried with one that is over."""
    who.ended = True
    peer.socket.transport.abort()
    await live.becomes("unauthorized")
    assert live.status.error == "Your session has ended: please sign in again"
    assert peer.attempts == 1


async def test_a_bad_network_is_told_from_an_expired_session(live: Watched, peer: Peer, who: Someone):  # R4
    peer.handshake = 503
    peer.socket.transport.abort()
    await live.becomes("offline")
    assert live.status.error == "Supabase refused the connection"
    assert who.renewals == 0, "a network that is away costs no renewal"
    peer.handshake = True
    await live.becomes("live")


async def test_an_expired_token_ends_the_session_when_it_cannot_be_renewed(live, peer, who):  # R4, trap 4
    who.ended = True
    await peer.system("world", EXPIRED, "error")
    await peer.close_channel("world")
    await live.becomes("unauthorized")
    assert who.renewals == 1
    assert peer.attempts == 1
    assert live.went == ["connecting", "live", "connecting", "unauthorized"]


async def test_a_token_renewed_while_a_socket_opens_is_the_one_that_joins(connection, peer, who):  # R4
    opened = asyncio.Event()

    async def renewed_meanwhile() -> None:
        opened.set()

    who.before = renewed_meanwhile
    peer.handshakes.clear()
    connection.open()
    await opened.wait()
    await until(lambda: peer.attempts)
    await connection.push_token("a new token")
    peer.handshakes.set()
    await connection.becomes("live")
    assert peer.got("phx_join", "world")[0]["payload"]["access_token"] == "a new token"
    assert peer.attempts == 1


async def test_a_token_renewed_while_a_channel_joins_reaches_it(connection: Watched, peer: Peer):  # R4
    peer.joins["world"] = "never"
    connection.open()
    await peer.heard("phx_join", "world")
    await connection.push_token("a new token")
    assert (await peer.heard("access_token", "world"))["payload"] == {"access_token": "a new token"}
    await peer.open_gate()
    await connection.becomes("live")
    assert peer.attempts == 1


async def test_a_topic_refused_long_ago_may_take_its_time_with_a_new_token(connection, peer, impatient):  # C3, R4
    impatient(late=SLOW, join=30.0)
    peer.joins["member:1"] = "Unauthorized: no"
    refused = connection.channel("member:1")
    refused.on_change("things", lambda _: None)
    connection.open()
    await connection.becomes("live")
    refused.joined_at -= 3600
    peer.joins["member:1"], peer.ready = "ok", False
    await connection.push_token("a token that may")
    await until(lambda: refused.stage == "joined")
    await peer.system("member:1", "Replication connection established")
    await until(lambda: refused.live)
    assert peer.attempts == 1
