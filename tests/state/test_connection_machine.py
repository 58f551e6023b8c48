"""Connection and Channel against whatever may happen, in any order: a Hypothesis state machine over real sockets.

After each step: the state fits the socket and the channels (R1), there is at most one socket (R6), and a channel is live
only when the server said so of this very join (C2). After quiescence with a healthy server it is live, every topic in use is
joined once and no other (C1). After its end nothing is left of it (K3), and nothing was logged as an error (C4).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from nicegui import core
from websockets.exceptions import ConnectionClosed

from state.realtime import connection as connection_module
from state.realtime import socket as socket_module
from state.realtime.connection import Connection
from state.realtime.slumber import Slumber
from state.signal import Unsubscribe
from tests.state.peer import Peer
from tests.state.support import Someone, leftovers, until

pytestmark = pytest.mark.timeout(300)

TOPICS = ("world", "member:1", "room:a", "room:b")
REASONS = (
    "ok", "never", "Unauthorized: You do not have permissions to read from this Channel topic", "ChannelRateLimitReached: too many",
    "ClientJoinRateLimitReached: too many", "InvalidJWTToken: Token has expired 7 seconds ago", "UnknownErrorOnChannel",
)  # fmt: skip
NONSENSE = (
    "not json", "[]", "null", b"\x00\xff", '{"topic":"realtime:world","event":"broadcast","payload":[1],"ref":null}',
    '{"topic":"realtime:world","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"1"}',
    '{"topic":"realtime:room:a","event":"phx_error","payload":{},"ref":null}',
    '{"topic":"realtime:room:b","event":"phx_close","payload":{},"ref":"1"}',
    '{"topic":"realtime:world","event":"system","payload":{"message":"?","status":"error","extension":"system","channel":"world"},"ref":null}',
)  # fmt: skip
SHORT = {  # so that every limit is met in passing
    (connection_module, "FIRST_BACKOFF_S"): 0.002, (connection_module, "LAST_BACKOFF_S"): 0.01,
    (connection_module, "TICK_S"): 0.005, (connection_module, "PATIENCE_S"): 0.02, (connection_module, "JOIN_S"): 0.05, (connection_module, "LATE_S"): 0.02,
    (socket_module, "LATE_S"): 0.01, (socket_module, "PROBE_LOST_S"): 0.03, (socket_module, "PROBE_EVERY_S"): 0.01,
    (socket_module, "CONNECT_S"): 0.05, (socket_module, "CLOSE_S"): 0.02, (socket_module, "SETTLE_S"): 0.002,
}  # fmt: skip
LONG = {  # so that a busy machine finds rest
    (connection_module, "JOIN_S"): 30.0, (connection_module, "LATE_S"): 30.0, (socket_module, "LATE_S"): 12.0,
    (socket_module, "PROBE_LOST_S"): 12.0, (socket_module, "CONNECT_S"): 10.0,
}  # fmt: skip
MOMENT = st.sampled_from((0.0, 0.0, 0.001, 0.005, 0.02, 0.06))  # seconds
steps = 0


class Errors(logging.Handler):
    """What was logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(f"{record.getMessage()} {record.exc_info}")


class Trial(RuleBasedStateMachine):
    """One connection, one server, and everything that may come between them."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.loop = asyncio.new_event_loop()
        self.patch.setattr(core, "loop", self.loop)
        self.limit(SHORT)
        self.errors = Errors()
        logging.getLogger("starling").addHandler(self.errors)
        self.who = Someone(tokens=[f"token {n}" for n in range(100)])
        self.uses: dict[str, list[Unsubscribe]] = {topic: [] for topic in TOPICS}
        self.run(self.start())

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """On the loop of this trial, which stands still in between."""
        self.sound = False
        result = self.loop.run_until_complete(coroutine)
        self.sound = True
        return result

    def limit(self, limits: dict[tuple[Any, str], float]) -> None:
        for (module, name), value in limits.items():
            self.patch.setattr(module, name, value)

    async def start(self) -> None:
        self.peer = await Peer().__aenter__()
        self.wall = 1e9
        self.connection = Connection(self.peer.url, "key", self.who, slumber=Slumber(wall=lambda: self.wall))

    @initialize()
    def open(self) -> None:
        self.run(self.begin())

    async def begin(self) -> None:
        self.connection.open()
        await asyncio.sleep(0)

    @property
    def used(self) -> set[str]:
        """Topics that somebody listens to."""
        return {topic for topic, uses in self.uses.items() if uses}

    async def tell(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """The server says something, if anybody is there."""
        if not self.peer.opened:
            coroutine.close()
            return
        with suppress(ConnectionClosed):
            await coroutine

    # What people do --------------------------------------------------------------------------------------------------

    @rule(topic=st.sampled_from(TOPICS), moment=MOMENT)
    def use(self, topic: str, moment: float) -> None:
        async def act() -> None:
            channel = self.connection.channel(topic)
            self.uses[topic].append(channel.on_broadcast("x", lambda _: None))
            await asyncio.sleep(moment)

        self.run(act())

    @rule(topic=st.sampled_from(TOPICS), moment=MOMENT)
    def stop_using(self, topic: str, moment: float) -> None:
        async def act() -> None:
            if self.uses[topic]:
                self.uses[topic].pop()()
            await asyncio.sleep(moment)

        self.run(act())

    @rule(topic=st.sampled_from(TOPICS[2:]))
    def speak(self, topic: str) -> None:
        self.run(self.connection.channel(topic).send("x", {}))

    @rule(moment=MOMENT)
    def reconnect(self, moment: float) -> None:
        self.run(self.asked(self.connection.reconnect, moment))

    @rule(moment=MOMENT)
    def pause(self, moment: float) -> None:
        self.run(self.asked(self.connection.pause, moment))

    @rule(reason=st.sampled_from((None, "Some changes may not have arrived")))
    def suspect(self, reason: str | None) -> None:
        self.run(self.asked(lambda: self.connection.suspect(reason)))

    async def asked(self, act: Callable[[], None], moment: float = 0.0) -> None:
        act()
        await asyncio.sleep(moment)

    @rule()
    def close_and_open(self) -> None:
        async def act() -> None:
            await self.close()
            self.connection.open()

        self.run(act())

    async def close(self) -> None:
        """K3"""
        await self.connection.close()
        assert not leftovers(), leftovers()
        timers = [timer for timer in self.loop._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
        assert [timer for timer in timers if "_lose_patience" in repr(timer)] == []

    # What the server does --------------------------------------------------------------------------------------------

    @rule(answer=st.sampled_from((True, True, 401, 503, None)))
    def shake_hands(self, answer: bool | int | None) -> None:
        self.peer.handshake = answer

    @rule(topic=st.sampled_from(TOPICS), reason=st.sampled_from(REASONS))
    def answer_joins(self, topic: str, reason: str) -> None:
        self.peer.joins[topic] = reason

    @rule(ready=st.booleans(), heartbeats=st.booleans(), leaves=st.booleans())
    def stall(self, ready: bool, heartbeats: bool, leaves: bool) -> None:
        self.peer.ready, self.peer.heartbeats, self.peer.leaves = ready, heartbeats, leaves

    @rule()
    def answer_what_waited(self) -> None:
        self.run(self.peer.open_gate())

    @rule()
    def drop(self) -> None:
        async def act() -> None:
            if self.peer.opened:
                self.peer.socket.transport.abort()

        self.run(act())

    @rule(code=st.sampled_from((1000, 1001, 1008, 1011, 1012, 1013, 4000)))
    def close_socket(self, code: int) -> None:
        async def act() -> None:
            await self.peer.socket.close(code)

        self.run(self.tell(act()))

    @rule(frame=st.sampled_from(NONSENSE))
    def talk_nonsense(self, frame: str | bytes) -> None:
        async def act() -> None:
            await self.peer.socket.send(frame)

        self.run(self.tell(act()))

    @rule(topic=st.sampled_from(TOPICS))
    def close_channel(self, topic: str) -> None:
        if self.peer.got("phx_join", topic):
            self.run(self.tell(self.peer.close_channel(topic)))

    # Tokens ----------------------------------------------------------------------------------------------------------

    @rule(topic=st.sampled_from(TOPICS))
    def expire(self, topic: str) -> None:
        if self.peer.got("phx_join", topic):
            self.run(self.tell(self.peer.expire(topic)))

    @rule()
    def renew(self) -> None:
        self.run(self.connection.push_token(self.who.tokens[0]))

    @rule(ended=st.booleans())
    def end_session(self, ended: bool) -> None:
        self.who.ended = ended

    # Time ------------------------------------------------------------------------------------------------------------

    @rule(moment=MOMENT)
    def wait(self, moment: float) -> None:
        self.run(asyncio.sleep(moment))

    @rule()
    def fall_asleep(self) -> None:
        self.wall += 3600

    @rule()
    def settle(self) -> None:
        self.run(self.come_to_rest())
        self.limit(SHORT)

    async def come_to_rest(self) -> None:
        """A healthy server and nobody who asks for anything: everything finds its place."""
        peer, connection = self.peer, self.connection
        self.limit(LONG)
        peer.handshake, peer.ready, peer.heartbeats, peer.leaves, self.who.ended = True, True, True, True, False
        peer.joins.clear()
        connection.suspect(None)
        if connection.status.paused or connection.status.state == "unauthorized":
            connection.reconnect()

        async def healthy() -> None:
            while True:
                await peer.open_gate()
                if connection.status.state == "unauthorized":  # what was under way when the session was still over
                    connection.reconnect()
                if any(channel.stage == "refused" for channel in connection.channels):
                    await connection.push_token(self.who.tokens[0])  # C3
                await asyncio.sleep(0.005)

        health = asyncio.create_task(healthy())
        try:
            await until(
                lambda: self.rests(),
                f"rest; {connection.status}, {[(c.topic, c.stage) for c in connection.channels]}",
                within_s=20.0,
            )
        finally:
            health.cancel()
            await asyncio.gather(health, return_exceptions=True)
        assert {channel.topic for channel in connection.channels} == self.used

    def rests(self) -> bool:
        """Live, one socket, every topic in use joined on it, and no other."""
        connection, peer = self.connection, self.peer
        return (
            connection.status.state == "live"
            and all(channel.live for channel in connection.channels)
            and peer.open_sockets == 1
            and peer.topics.get(peer.socket, set()) == self.used
        )

    # What always holds -----------------------------------------------------------------------------------------------

    @invariant()
    def the_state_fits(self) -> None:
        global steps
        steps += 1
        connection = self.connection
        socket, state = connection._socket, connection.status.state
        if socket is None:
            assert state in ("connecting", "offline", "unauthorized", "closed"), state
            assert all(channel.stage == "idle" and channel.remote is None for channel in connection._channels.values())
            assert (connection.status.round_trip_ms, connection.status.quality) == (None, None)
        elif not socket.broken.done():
            assert state in ("connecting", "live", "degraded"), state
        if state == "live" and socket is not None and not socket.broken.done():
            late = [channel.topic for channel in connection.channels if channel.stage not in ("live", "refused")]
            assert set(late) <= {topic for topic in late if connection.channel(topic).joined_at > 0}
            assert connection._suspicion is None
        assert self.peer.doubled == 0

    @invariant()
    def a_live_channel_was_said_to_be(self) -> None:
        for channel in self.connection.channels:
            if channel.live:
                assert channel.remote is not None
                ref = channel.remote.join_push.ref
                assert self.peer.confirmed.get(channel.topic) == ref or not self.is_current(ref, channel.topic)

    def is_current(self, ref: str | None, topic: str) -> bool:
        """Whether the server has heard of no later join than this one."""
        joins = self.peer.got("phx_join", topic)
        return not joins or joins[-1]["ref"] == ref

    @invariant()
    @precondition(lambda self: self.peer.open_sockets > 1)
    def there_is_one_socket(self) -> None:
        self.run(until(lambda: self.peer.open_sockets <= 1, "one socket"))

    def teardown(self) -> None:
        try:
            if self.sound:  # else the step that failed says more
                self.run(self.come_to_rest())
                self.run(self.end())
                assert self.errors.said == []
        finally:
            logging.getLogger("starling").removeHandler(self.errors)
            self.patch.undo()
            self.loop.run_until_complete(self.clear())
            self.loop.close()

    async def clear(self) -> None:
        """Whatever still runs after a failure."""
        running = asyncio.all_tasks() - {asyncio.current_task()}
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def end(self) -> None:
        await self.close()
        await until(lambda: self.peer.open_sockets == 0)
        await self.peer.__aexit__()


@pytest.fixture
def counted() -> Any:
    yield
    assert steps >= 2000


# Real sockets do not run the same way twice, so that there is nothing to be gained by shrinking.
Trial.TestCase.settings = settings(
    max_examples=65,
    stateful_step_count=50,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestTrial = pytest.mark.usefixtures("counted")(Trial.TestCase)
