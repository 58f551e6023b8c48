"""Topics and who is in them: every message to a topic goes through here, encoded once per serializer version.

A public and a private topic of one name are two topics. Where a plan limits messages, what is over the limit goes
nowhere, and nobody is told: neither who sent it nor who would have received it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from embedded.realtime.limits import Rate
from embedded.realtime.presence import Diff, Presence
from embedded.realtime.serializer import Outgoing, OutgoingBroadcast

if TYPE_CHECKING:
    from embedded.realtime.channel import Channel


class TopicName(NamedTuple):
    """A topic as members and the database name it, without `realtime:`."""

    name: str
    private: bool


class Topic:
    """The members of one topic and their presence."""

    def __init__(self, name: TopicName, plan: Rate | None) -> None:
        self.name = name
        self._plan = plan
        self.members: dict[Channel, None] = {}  # a set that keeps its order, so that nobody is always last by chance
        self.presence = Presence()

    def broadcast(self, message: Outgoing, *, sender: Channel | None = None, message_id: str | None = None) -> None:
        """To all members that may read broadcasts, except a `sender` that wants no copy and those that had it already."""
        if self._plan and self._plan.spent:
            return
        deliveries = 0
        for member in self.members:
            if not member.access.broadcast or (member is sender and not member.config.echo):
                continue
            if message_id is None or member.first_sight(message_id):
                member.client.send_shared(message)
                deliveries += 1
        if self._plan:
            self._plan.add(1 + deliveries)

    def tell_presence(self, diff: Diff | None) -> None:
        """To all members that may read presence, whether they enabled it or not."""
        if diff is None:
            return
        message = Outgoing(f"realtime:{self.name.name}", "presence_diff", diff.payload)
        for member in self.members:
            if member.access.presence:
                member.client.send_shared(message)


class Hub:
    """All topics that have members. `plan` counts broadcasts and their deliveries."""

    def __init__(self, plan: Rate | None = None) -> None:
        self._plan = plan
        self._topics: dict[TopicName, Topic] = {}

    def enter(self, name: TopicName, member: Channel) -> Topic:
        """The topic, with `member` in it."""
        topic = self._topics.setdefault(name, Topic(name, self._plan))
        topic.members[member] = None
        return topic

    def leave(self, topic: Topic, member: Channel) -> None:
        """Takes `member` out and tells the others of it; an empty topic is forgotten."""
        topic.members.pop(member, None)
        topic.tell_presence(topic.presence.untrack(member))
        if not topic.members and self._topics.get(topic.name) is topic:
            del self._topics[topic.name]

    def broadcast(
        self, name: TopicName, event: str, data: bytes, *, is_json: bool = True, message_id: str | None = None
    ) -> None:
        """A broadcast from outside any channel; `message_id` is that of its row in `realtime.messages`."""
        if topic := self._topics.get(name):
            meta = b'{"id":"%s"}' % message_id.encode() if message_id is not None else b""
            message = OutgoingBroadcast(f"realtime:{name.name}", event, data, is_json=is_json, meta=meta)
            topic.broadcast(message, message_id=message_id)

    def send(self, name: TopicName, message: Outgoing) -> None:
        """A ready message to all members of a topic."""
        if topic := self._topics.get(name):
            topic.broadcast(message)

    def members(self) -> list[Channel]:
        """Every channel of every topic."""
        return [member for topic in self._topics.values() for member in topic.members]
