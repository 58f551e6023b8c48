"""One socket in one topic: what a client may say there, and what it is told.

A channel is made by `join`, handles messages until it is closed (by a leave, another join of the topic, its token's
end, an offence, or its socket's end) and is out of its topic from then on.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

import orjson

from embedded.keys import Claims, InvalidToken
from embedded.realtime import messages
from embedded.realtime.authorization import PUBLIC, Extension, ReadAccess
from embedded.realtime.changes import Listening, legacy_binding, with_ids
from embedded.realtime.config import JoinConfig, Replay
from embedded.realtime.errors import (
    ChannelCrash,
    ChannelShutDown,
    DatabaseAway,
    JoinRefused,
    token_message,
    token_refusal,
    token_shutdown,
)
from embedded.realtime.hub import Topic, TopicName
from embedded.realtime.serializer import Message, Outgoing, OutgoingBroadcast, UserPush

if TYPE_CHECKING:
    from embedded.realtime.client import Client
    from embedded.realtime.server import Server

log = logging.getLogger(__name__)

PREFIX = "realtime:"
LONGEST_TIMER_S = 30 * 24 * 3600.0  # keys live for years; timers need not
DATABASE_AWAY = "Realtime was unable to connect to the project database"


async def join(client: Client, server: Server, message: Message) -> Channel:
    """Checks everything that a join needs; the channel is not in its topic yet. Raises JoinRefused."""
    if not (name := message.topic.removeprefix(PREFIX)):
        raise JoinRefused("TopicNameRequired: You must provide a topic name")
    if len(client.channels) >= server.limits.max_channels_per_client and message.topic not in client.channels:
        raise JoinRefused("ChannelRateLimitReached: Too many channels")
    if len(server.clients) > server.limits.max_concurrent_users:
        raise JoinRefused("ConnectionRateLimitReached: Too many connected users")
    config = JoinConfig.parse(message.payload)
    token = _token_in(message.payload) or client.token
    try:
        claims = server.keys.verify(token)
    except InvalidToken as error:
        raise token_refusal(error) from error
    access = PUBLIC
    if config.private:
        try:
            access = await server.authorizer.read_access(claims, name, presence=config.presence_enabled)
        except DatabaseAway as error:
            log.warning("a join of %s could not be checked: %s", name, error)
            raise JoinRefused(f"UnableToConnectToProject: {DATABASE_AWAY}") from error
        if not access:
            raise JoinRefused(f"Unauthorized: You do not have permissions to read from this Channel topic: {name}")
    return Channel(client, server, message, config, token, claims, access)


def _token_in(payload: Any) -> str | None:
    """The token of a join; opaque keys and nothing at all stand for the socket's own."""
    if not isinstance(payload, dict):
        return None
    token = payload.get("access_token", payload.get("user_token"))
    if token is None or (isinstance(token, str) and token.startswith("sb_")):
        return None
    return token if isinstance(token, str) else str(token)


class Channel:
    """A membership. `access` says what it may receive; what it may send is asked at its first attempt."""

    def __init__(
        self,
        client: Client,
        server: Server,
        message: Message,
        config: JoinConfig,
        token: str,
        claims: Claims,
        access: ReadAccess,
    ) -> None:
        self.client = client
        self.config = config
        self.access = access
        self.wire_topic: str = message.topic
        self.name = TopicName(self.wire_topic.removeprefix(PREFIX), config.private)
        self.join_ref = message.ref if message.join_ref is None else message.join_ref
        self._server = server
        self._join = message
        self._token = token
        self._claims = claims
        self._may_write: dict[Extension, bool] = {}
        self._seen: set[str] | None = set() if config.replay else None  # ids replayed, or sent while replaying
        self._replaying = False
        self._awaits_replication = config.replication_ready
        self._presence_calls = 0
        self._presence_window_ends = 0.0
        self._topic: Topic | None = None
        self._expiry: asyncio.TimerHandle | None = None
        legacy = not (isinstance(message.payload, dict) and "config" in message.payload)
        asked = (legacy_binding(self.name.name),) if legacy else config.postgres_changes
        self._listening = Listening(self, server.changes, asked, legacy=legacy) if asked else None

    # Entering and leaving

    def enter(self) -> None:
        """Goes into the topic and answers the join, in one step: nothing of the topic comes before the answer."""
        self._topic = self._server.hub.enter(self.name, self)
        self._start_timer()
        log.info("socket %s: joined %a", self.client.id, self.wire_topic)
        self._reply(self._join, "ok", {"postgres_changes": with_ids(self.config.postgres_changes)})

    async def welcome(self) -> None:
        """Tells what a new member is told: who is there, what is (not) live, what was said before."""
        assert self._topic is not None, "welcome before enter"
        if self.config.presence_enabled and self.access.presence:
            self._tell("presence_state", self._topic.presence.state)
        if self._listening:
            self._listening.start(self._claims, stream_up=self._server.replication_up())
        if self._server.replication_up():
            self.replication_is_up()
        if self.config.replay and self.access.broadcast:
            await self._replay(self.config.replay)

    def leave(self) -> None:
        """Out of the topic, without a word to the client. May be called again."""
        if self._expiry:
            self._expiry.cancel()
            self._expiry = None
        if self._listening:
            self._listening.close()
        if self._topic:
            self._server.hub.leave(self._topic, self)
            self._topic = None
            log.info("socket %s: left %a", self.client.id, self.wire_topic)
        if self.client.channels.get(self.wire_topic) is self:
            del self.client.channels[self.wire_topic]

    def close(self) -> None:
        """Out of the topic, and the client is told so."""
        self.leave()
        self.client.send(Message(self.join_ref, self.join_ref, self.wire_topic, "phx_close", {}))

    def shut_down(self, why: str) -> None:
        """As `close`, but first the client is told why."""
        log.info("socket %s: shut out of %a: %a", self.client.id, self.wire_topic, why)
        self.tell_system("error", "system", why)
        self.close()

    # What the client says

    async def handle(self, message: Message) -> None:
        """One message of the client. An event that nobody knows gets no reply at all."""
        try:
            match message.event:
                case "phx_leave":
                    self._leave_asked(message)
                case "broadcast":
                    self._count_event()
                    await self._broadcast(message)
                case "presence":
                    self._count_event()
                    await self._presence(message)
                case "access_token":
                    await self._renew(message.payload)
        except ChannelShutDown as why:
            self.shut_down(str(why))
        except ChannelCrash:
            self.leave()
            crash = {"reason": "channel_crash"}
            self.client.send(Message(self.join_ref, self.join_ref, self.wire_topic, "phx_error", crash))

    def _leave_asked(self, message: Message) -> None:
        if message.join_ref is not None and message.join_ref != self.join_ref:
            # Meant for an earlier join of this topic, which is gone already.
            self.client.send(Message(message.join_ref, message.ref, self.wire_topic, "phx_reply", _status("ok", {})))
            return
        self._reply(message, "ok", {})
        self.close()

    async def _broadcast(self, message: Message) -> None:
        if isinstance(message.payload, UserPush):
            push = message.payload
            outgoing = OutgoingBroadcast(self.wire_topic, push.event, push.data, is_json=push.is_json)
            size = len(push.data)
        elif isinstance(message.payload, dict):
            payload = orjson.dumps(message.payload)
            outgoing = Outgoing(self.wire_topic, "broadcast", orjson.Fragment(payload))
            size = len(payload)
        else:
            raise ChannelCrash
        if not await self._writing_allowed("broadcast"):
            return  # silently, even with ack
        if size > self._server.limits.max_payload_bytes:
            if self.config.ack:
                self._reply(message, "error", "payload_size_exceeded")
            return
        if self._topic:  # not closed while the database was asked
            self._topic.broadcast(outgoing, sender=self)
            if self.config.ack:
                self._reply(message, "ok", {})

    async def _presence(self, message: Message) -> None:
        self._count_presence_call()
        payload = message.payload if isinstance(message.payload, dict) else {}
        event = payload.get("event")
        if event is None:
            return self._reply(message, "ok", {})
        event = event.lower() if isinstance(event, str) else ""
        if event not in ("track", "untrack") or not await self._writing_allowed("presence"):
            return self._reply(message, "error", {})
        if self._topic is None:  # closed while the database was asked
            return None
        if event == "untrack":
            diff = self._topic.presence.untrack(self)
        elif not isinstance(meta := payload.get("payload", {}), dict):
            return self._reply(message, "error", {"reason": "Presence track payload must be a map"})
        elif len(orjson.dumps(meta)) > self._server.limits.max_payload_bytes:
            raise ChannelShutDown("Track message size exceeded")
        else:
            diff = self._topic.presence.track(self, self.config.presence_key, meta)
        self._reply(message, "ok", {})
        self._topic.tell_presence(diff)
        return None

    async def _renew(self, payload: Any) -> None:
        token = payload.get("access_token") if isinstance(payload, dict) else None
        if token is None or token == self._token or (isinstance(token, str) and token.startswith("sb_")):
            return
        try:
            claims = self._server.keys.verify(token if isinstance(token, str) else str(token))
        except InvalidToken as error:
            raise token_shutdown(error) from error
        if self.config.private:
            before = self.access
            try:
                after = await self._server.authorizer.read_access(
                    claims, self.name.name, presence=self.config.presence_enabled
                )
            except DatabaseAway as error:
                raise ChannelShutDown(DATABASE_AWAY) from error
            if not after:
                raise ChannelShutDown(f"You do not have permissions to read from this Channel topic: {self.name.name}")
            if (before.broadcast and not after.broadcast) or (before.presence and not after.presence):
                raise ChannelShutDown(
                    f"You no longer have permission to read from this Channel topic: {self.name.name}"
                )
            self.access = after
        self._token, self._claims = token, claims
        self._may_write.clear()
        self._start_timer()
        if self._listening and self._topic:  # not closed while the database was asked
            self._listening.start(claims, stream_up=self._server.replication_up())

    # What the client is told

    def first_sight(self, message_id: str) -> bool:
        """Whether a database broadcast has not been sent to this member: replay and stream overlap."""
        if self._seen is None:
            return True
        if message_id in self._seen:
            return False
        if self._replaying:
            self._seen.add(message_id)
        return True

    def replication_is_up(self) -> None:
        """Says so, once, to a client that waits for it."""
        if self._awaits_replication:
            self._awaits_replication = False
            self.tell_system("ok", "system", "Replication connection established")
        if self._listening:
            self._listening.stream_is_up()

    async def _replay(self, wanted: Replay) -> None:
        assert self._seen is not None
        self._replaying = True
        try:
            past = await messages.replay(self._server.database, self.name.name, wanted)
        except DatabaseAway as error:
            log.warning("messages of %s could not be replayed: %s", self.name.name, error)
            return
        finally:
            self._replaying = False
        for message_id, payload in past:
            if self._topic and message_id not in self._seen:
                self._seen.add(message_id)
                self._tell("broadcast", payload)

    def _reply(self, message: Message, status: str, response: Any) -> None:
        self.client.send(Message(self.join_ref, message.ref, self.wire_topic, "phx_reply", _status(status, response)))

    def _tell(self, event: str, payload: Any) -> None:
        self.client.send(Message(self.join_ref, None, self.wire_topic, event, payload))

    def tell_system(self, status: str, extension: str, message: str) -> None:
        """A system message: something outside the topic's own talk has come about, or failed."""
        payload = {"message": message, "status": status, "extension": extension, "channel": self.name.name}
        self._tell("system", payload)

    # Permissions, limits and the token's end

    async def _writing_allowed(self, extension: Extension) -> bool:
        """Whether a private topic may be written to; asked once per token."""
        if not self.config.private:
            return True
        if extension not in self._may_write:
            try:
                allowed = await self._server.authorizer.may_write(self._claims, self.name.name, extension)
            except DatabaseAway as error:
                log.warning("writing to %s could not be checked: %s", self.name.name, error)
                return False
            self._may_write[extension] = allowed
        return self._may_write[extension]

    def _count_event(self) -> None:
        if not self._server.events.add():
            raise ChannelShutDown("Too many messages per second")

    def _count_presence_call(self) -> None:
        now = time.monotonic()
        if now >= self._presence_window_ends:
            self._presence_calls, self._presence_window_ends = 0, now + self._server.limits.presence_window_s
        self._presence_calls += 1
        if self._presence_calls > self._server.limits.max_presence_events:
            raise ChannelShutDown("Client presence rate limit exceeded")

    def _start_timer(self) -> None:
        if self._expiry:
            self._expiry.cancel()
        left_s = min(max(self._claims["exp"] - time.time(), 0.0), LONGEST_TIMER_S)
        self._expiry = asyncio.get_running_loop().call_later(left_s, self._check_expiry)

    def _check_expiry(self) -> None:
        late_s = time.time() - self._claims["exp"]
        if late_s < 0:  # a timer is never exact, and long ones are cut
            self._start_timer()
        else:
            self.shut_down(token_message(InvalidToken("expired", int(late_s))))


def _status(status: str, response: Any) -> dict[str, Any]:
    return {"status": status, "response": response}
