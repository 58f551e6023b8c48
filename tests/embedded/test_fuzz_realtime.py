"""Frames of any shape on a real socket, among good ones: the server lives, and so does everybody else's channel.

reference: what is malformed is ignored, without a reply and without a close; all else is answered or refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from embedded.database import Database
from embedded.keys import Keys
from embedded.postgres import Postgres
from embedded.realtime import SLOT, Limits
from embedded.realtime.changes.filters import parse_filters
from embedded.realtime.config import JoinConfig
from embedded.realtime.errors import JoinRefused, SubscriptionRefused
from embedded.realtime.pgoutput import Decoder, MalformedMessage
from embedded.realtime.serializer import MalformedFrame, Message, Version, decode
from tests.embedded.realtime_support import POLICIES, Socket, open_socket, serve, token

MEMBER, OTHER = "00000000-0000-0000-0000-0000000000e1", "00000000-0000-0000-0000-0000000000e2"
CANARY = "CANARY"
PRIVATE = f"realtime:rt.member:{OTHER}"

# No limit may end a channel that a frame is to be tried on; what a limit does is told in test_realtime_limits.py.
UNLIMITED = Limits(max_presence_events=10**9, max_events_per_second=10**9, max_joins_per_second=10**9)

TABLE = """
create table public.rt_fuzz (id int generated always as identity primary key, owner uuid, body text);
alter table public.rt_fuzz enable row level security;
create policy own on public.rt_fuzz for select to authenticated using (owner = auth.uid());
grant select on public.rt_fuzz to authenticated, anon;
alter publication supabase_realtime add table public.rt_fuzz;
"""
END_STREAM = "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1"
INSERT = f"insert into public.rt_fuzz (owner, body) values ('{OTHER}', '{CANARY}')"


@dataclass
class Scene:
    """The address, the fuzzer's token, and a listener of another member in its own private topic."""

    url: str
    keys: Keys
    database: Database
    listener: Socket
    sent: int = 0

    async def everybody_lives(self) -> None:
        """The other member's channel hears what is said there."""
        self.sent += 1
        send = "select realtime.send(jsonb_build_object('word', $1::text, 'n', $2::int), 'news', $3, true)"
        await self.database.admin.execute(send, CANARY, self.sent, PRIVATE.removeprefix("realtime:"))
        await self.database.admin.execute(INSERT)
        while (
            f'"n": {self.sent},'.encode() not in (frame := await self.frame())
            and f'"n": {self.sent}}}'.encode() not in frame
        ):
            pass

    async def frame(self) -> bytes:
        async with asyncio.timeout(20):
            frame = await self.listener.raw.recv()
        return frame if isinstance(frame, bytes) else frame.encode()


@pytest.fixture(scope="module")
async def scene(database: Database, keys: Keys, postgres: Postgres) -> AsyncIterator[Scene]:
    names = [line.split('"')[1] for line in POLICIES.splitlines() if line.startswith("create policy")]
    await database.admin.execute(TABLE + POLICIES)
    async with serve(database, keys, postgres.dsn(), UNLIMITED) as url, open_socket(url, keys.anon_key) as listener:
        assert (await listener.join(PRIVATE, access_token=token(keys, sub=OTHER), private=True))["status"] == "ok"
        yield Scene(url, keys, database, listener)
    gone = "".join(f'drop policy "{name}" on realtime.messages;' for name in names)
    await database.admin.execute(gone + "drop table public.rt_fuzz")


@pytest.fixture(scope="module")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


# -- what a client may send ----------------------------------------------------------------------------------------------

words = st.sampled_from(["", "x", "\0", "é", "true", "*", "public", "rt_fuzz", "x" * 300, PRIVATE, "track"]) | st.text(
    max_size=4
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=5,
)  # fmt: skip
topics = (
    st.sampled_from(
        [
            "realtime:f1",
            "realtime:f1",
            "realtime:f2",
            PRIVATE,
            "realtime:",
            "phoenix",
            "realtime:rt.rb",
            "realtime:a:b:c",
        ]
    )
    | words
)
events = (
    st.sampled_from(
        ["phx_join", "phx_join", "phx_leave", "broadcast", "presence", "access_token", "heartbeat", "phx_close"]
    )
    | words
)
refs = st.sampled_from(["1", "1", None, 7]) | json_values
filters = st.sampled_from([
    "id=eq.1", "body=in.(a,b)", "body=not.like.x%", "id=is.null", "id=is.null) or true --", "x=eq.1", "body=match.((", "id=eq.x", ",", "=", "body=in.(", "\0=eq.\0",
])  # fmt: skip
bindings = st.fixed_dictionaries({}, optional={
    "event": st.sampled_from(["*", "INSERT", "insert"]) | json_values, "schema": st.sampled_from(["public", "*", "auth"]) | json_values,
    "table": st.sampled_from(["rt_fuzz", "*", "users", 'x"y']) | json_values, "filter": filters | json_values,
    "select": st.sampled_from([["id"], ["body", "id"], ["nope"]]) | json_values,
})  # fmt: skip
configs = st.fixed_dictionaries({}, optional={
    "private": st.booleans() | json_values,
    "broadcast": st.fixed_dictionaries({}, optional={
        "self": json_values, "ack": json_values, "replication_ready": json_values,
        "replay": st.fixed_dictionaries({}, optional={"since": json_values, "limit": json_values}) | json_values,
    }) | json_values,
    "presence": st.fixed_dictionaries({}, optional={"key": json_values, "enabled": json_values}) | json_values,
    "postgres_changes": st.lists(bindings | json_values, max_size=3) | json_values,
})  # fmt: skip
payloads = st.one_of(
    configs.map(lambda config: {"config": config}),
    st.fixed_dictionaries({"config": configs | json_values}, optional={"access_token": json_values, "user_token": json_values}),
    st.fixed_dictionaries({}, optional={"event": events, "payload": json_values, "type": words, "access_token": words}),
    json_values,
)  # fmt: skip


def envelope(version: int, fields: tuple[object, ...]) -> str:
    names = ("join_ref", "ref", "topic", "event", "payload")
    return orjson.dumps(list(fields) if version == 2 else dict(zip(names, fields, strict=True))).decode()


sizes = st.integers(0, 255) | st.integers(0, 3)


@st.composite
def binaries(draw: st.DrawFn) -> bytes:
    """Frames of every kind whose sizes are those of their fields, or lie."""
    kind = draw(st.sampled_from([0, 3, 3, 4, 1, 2, 255]))
    fields = [draw(some).encode() for some in (words, words, topics, events, words)][: 4 if kind == 0 else 5]
    told = [len(one) % 256 for one in fields]
    if draw(st.booleans()):
        told[draw(st.integers(0, len(told) - 1))] = draw(sizes)
    encoding = [draw(st.sampled_from([0, 1, 1, 9]))] if kind else []
    payload = draw(st.sampled_from([b"", b"{}", b'{"a":1}', b"{", b"\xff"]) | st.binary(max_size=8))
    return bytes([kind, *told, *encoding]) + b"".join(fields) + payload


raw = st.sampled_from(
    ["", "{", "[]", "null", "[1,2,3,4,5]", "[" * 3000, "[null," * 500, '"' + "x" * 200_000, "\0", '{"topic":1}']
)
malformed = (
    raw
    | st.text(max_size=6)
    | json_values.map(lambda value: orjson.dumps(value).decode())
    | st.binary(max_size=12)
    | binaries()
)
deep = st.sampled_from([100, 240, 255, 900]).map(
    lambda depth: f'["1","1","realtime:f1","broadcast",{"[" * depth}{"]" * depth}]'
)
huge = st.just('["1","1","realtime:f1","broadcast",{"x":"' + "x" * 3_100_000 + '"}]')


@st.composite
def frames(draw: st.DrawFn) -> tuple[int, list[str | bytes]]:
    version = draw(st.sampled_from([1, 2, 2]))
    good = st.tuples(refs, refs, topics, events, payloads).map(lambda fields: envelope(version, fields))
    either = st.sampled_from([good] * 4 + [malformed] * 2 + [binaries(), deep]).flatmap(lambda one: one)
    sent = draw(st.lists(either, min_size=1, max_size=8))
    return version, sent + (draw(st.lists(huge, max_size=1)) if draw(st.integers(0, 30)) == 30 else [])


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(said=frames())
async def test_no_frame_ends_the_server_or_tells_what_is_private(
    scene: Scene, caplog: pytest.LogCaptureFixture, said: tuple[int, list[str | bytes]]
):
    version, sent = said
    caplog.set_level(logging.ERROR)
    heard: list[str | bytes] = []
    async with open_socket(scene.url, token(scene.keys, sub=MEMBER), version) as socket:
        await socket.send("realtime:f1", "phx_join", {"config": {"broadcast": {"self": True}}})
        for frame in sent:
            await socket.raw.send(frame)
        await scene.everybody_lives()
        await socket.send("phoenix", "heartbeat", {}, "the end", None)
        async with asyncio.timeout(20):
            while "the end" not in str(frame := await socket.raw.recv()):
                heard.append(frame)
    told = b"".join(one if isinstance(one, bytes) else one.encode() for one in heard)
    assert CANARY.encode() not in told
    assert not caplog.records, caplog.text


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.lists(malformed.filter(lambda frame: not _says_something(frame)), max_size=6))
async def test_malformed_frames_are_ignored(scene: Scene, sent: list[str | bytes]):
    async with open_socket(scene.url, token(scene.keys, sub=MEMBER)) as socket:
        await socket.join("realtime:quiet")
        for frame in sent:
            await socket.raw.send(frame)
        assert await socket.quiet()
        await socket.send("realtime:quiet", "phx_leave", {}, "2")
        assert await socket.receive() == ["1", "2", "realtime:quiet", "phx_reply", {"status": "ok", "response": {}}]


def _says_something(frame: str | bytes) -> bool:
    """By the format's own description, not by the server's code: five fields, or a binary frame as long as it says."""
    if isinstance(frame, bytes):
        head = {0: 5, 3: 7}.get(frame[0] if frame else -1)
        return head is not None and len(frame) >= head + sum(frame[1 : 5 if head == 5 else 6])
    with contextlib.suppress(orjson.JSONDecodeError):
        value = orjson.loads(frame)
        return isinstance(value, list) and len(value) == 5
    return False


async def caught_up(socket: Socket) -> None:
    """Reads all that the server has said."""
    await socket.send("phoenix", "heartbeat", {}, "caught up", None)
    while "caught up" not in str(await socket.receive()):
        pass


DEPTHS = (100, *range(140, 158))  # around what the readers of others take, which is less than what could be written


async def test_nesting_without_end_harms_nobody_else(scene: Scene):
    # What is kept of a client (refs of a channel, presence) is sent to others, and by others, later on.
    async with (
        open_socket(scene.url, token(scene.keys, sub=MEMBER)) as socket,
        open_socket(scene.url, scene.keys.anon_key) as other,
        httpx.AsyncClient(base_url=scene.url, headers={"apikey": scene.keys.anon_key}) as http,
    ):
        await other.join("realtime:deep")
        for depth in DEPTHS:
            nested, topic = "[" * depth + "]" * depth, f"realtime:deep {depth}"
            config = '{"config":{"broadcast":{"replication_ready":true},"presence":{"enabled":true}}}'
            await socket.raw.send(f'[{nested},"1","realtime:deep ref {depth}","phx_join",{config}]')
            await socket.raw.send(f'["2",{nested},"{topic}","phx_join",{config}]')
            await socket.raw.send(f'["2","3","{topic}","phx_join",{config}]')
            track = f'{{"event":"track","payload":{{"x":{nested}}}}}'
            await socket.raw.send(f'["2","4","{topic}","presence",{track}]')
            batch = f'{{"messages":[{{"topic":"deep","event":"e","payload":{{"x":{nested}}}}}]}}'
            assert (await http.post("/api/broadcast", content=batch)).status_code in (202, 400)
        await caught_up(socket)
        await scene.database.admin.execute(END_STREAM, SLOT)
        await scene.everybody_lives()
        seen = []
        for depth in DEPTHS:
            await other.join(f"realtime:deep {depth}", presence={"enabled": True})
            seen.append(len(await other.event("presence_state")))
        assert seen == sorted(seen, reverse=True)  # what is deeper than some depth is as if it had not been said
        assert seen[0] == 1
        assert seen[-1] == 0
        for one in (socket, other):  # a close is not heard behind what is unread
            await caught_up(one)
    await scene.everybody_lives()


messages = st.fixed_dictionaries({}, optional={
    "topic": topics | json_values, "event": words | json_values, "payload": json_values, "private": json_values,
})  # fmt: skip
batches = st.fixed_dictionaries({}, optional={"messages": st.lists(messages | json_values, max_size=3) | json_values})
posted = batches.map(orjson.dumps) | json_values.map(orjson.dumps) | st.sampled_from([b"", b"{", b"\xff", b"[" * 3000])
content_types = st.sampled_from(["application/json", "application/octet-stream", "text/plain", ""])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=posted,
    type_=content_types,
    at=st.sampled_from(["", "/a/events/b", "/a%00/events/%F0%9F%98%80", "/%ff/events/x"]),
)
async def test_no_broadcast_by_http_is_a_failure(
    scene: Scene, http: httpx.AsyncClient, body: bytes, type_: str, at: str
):
    headers = {"apikey": token(scene.keys, sub=MEMBER), "content-type": type_}
    answer = await http.post(f"{scene.url}/api/broadcast{at}?private=true", content=body, headers=headers)
    assert answer.status_code < 500


# -- the parsers ---------------------------------------------------------------------------------------------------------


@settings(max_examples=300)
@given(frame=malformed | st.binary(), version=st.sampled_from(Version))
def test_a_frame_is_a_message_or_malformed(frame: str | bytes, version: Version):
    with contextlib.suppress(MalformedFrame):
        assert isinstance(decode(version, frame), Message)


@given(payload=payloads)
def test_a_join_that_makes_no_sense_is_taken_as_the_default(payload: object):
    with contextlib.suppress(JoinRefused):
        config = JoinConfig.parse(payload)
        assert config.presence_key
        assert all(isinstance(one, dict) for one in config.postgres_changes)


@given(
    text=filters
    | st.text()
    | st.lists(st.sampled_from(['"', "\\", "(", ")", ",", "a=eq.", "in.", "not.", "=", "."])).map("".join)
)
def test_a_filter_is_read_or_refused(text: str):
    with contextlib.suppress(SubscriptionRefused):
        parse_filters(text)


@given(
    data=st.binary()
    | st.builds(bytes.__add__, st.sampled_from([b"R", b"I", b"U", b"D", b"T", b"B", b"C", b"Y", b"O"]), st.binary())
)
def test_what_postgres_says_is_decoded_or_malformed(data: bytes):
    with contextlib.suppress(MalformedMessage):
        Decoder().decode(data)


async def test_a_socket_that_ends_in_the_middle_of_a_frame_ends_nobody_else(scene: Scene):
    with contextlib.suppress(ConnectionClosed):
        async with open_socket(scene.url, token(scene.keys, sub=MEMBER)) as socket:
            await socket.join("realtime:f1")
            socket.raw.transport.write(b"\x81\xfe\xff\xff\x00\x00")
            socket.raw.transport.abort()
    await scene.everybody_lives()
