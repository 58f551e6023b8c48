"""Connection and tokens: R4, and trap 7, against a scripted server. What signs in and out is in test_member.py."""

from __future__ import annotations

import asyncio

import pytest

from tests.state.peer import Peer
from tests.state.support import Someone, until
from tests.state.watched import EXPIRED, Watched

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
