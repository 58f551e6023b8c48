"""Room: where the people of a circle see each other, and talk. It moves with the circle, and ends with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from state.realtime.circle import Circle, Listening
from state.realtime.presence import CONFIRM_S, Presence
from state.realtime.typing import EXPIRE_S, Typing
from state.signal import Unsubscribe, leave_all
from state.tasks import Tasks

if TYPE_CHECKING:
    from state.member import Member


class Room:
    """`part` as in `Circle.room`; `confirm_s` and `expire_s` are those of `Presence` and `Typing`. The member is seen in it as they are everywhere, from `open` to `close`."""

    def __init__(
        self,
        member: Member,
        circle: Circle,
        part: str = "",
        *,
        confirm_s: float = CONFIRM_S,
        expire_s: float = EXPIRE_S,
    ) -> None:
        self.circle = circle
        self.part = part
        topic = circle.room(part)
        self.presence = Presence(member.connection, topic, member.id, confirm_s=confirm_s)
        self.typing = Typing(
            member.connection, topic, member.id, known=lambda who: who in self.presence.people, expire_s=expire_s
        )
        self._member = member
        self._channel = member.connection.channel(topic, presence_key=str(member.id))
        self._listening: set[Listening] = set()
        self._open = False
        self._tasks = Tasks(f"room {part or circle.kind}")
        self._unsubscribe: list[Unsubscribe] = []

    def open(self) -> None:
        """Joins, as soon as there is a topic."""
        self._unsubscribe = [
            self.circle.on_moved(self._move),
            self.circle.on_end(lambda _: self.end()),
        ]
        if self.circle.known:
            self._move()

    async def close(self) -> None:
        """Leaves."""
        self.end()
        await self._tasks.wait()

    def end(self) -> None:
        """Leaves at once, and listens no more."""
        leave_all(self._unsubscribe)
        for listening in self._listening:
            listening.only(None)
        if self._open:
            self._open = False
            self._tasks.start(self._leave(), "leave")

    def on_broadcast(self, event: str, listener: Callable[[dict[str, Any]], None]) -> Unsubscribe:
        """What others say. It is a claim: who is meant, and that they are here, is to be looked up."""
        listening = Listening(lambda channel: channel.on_broadcast(event, listener))
        self._listening.add(listening)
        if self._open:
            listening.hear(self._channel)

        def stop() -> None:
            self._listening.discard(listening)
            listening.only(None)

        return stop

    async def send(self, event: str, payload: dict[str, Any]) -> bool:
        """Says something to all who are here; False when one is not here oneself."""
        return self._open and await self._channel.send(event, payload)

    def _move(self) -> None:
        topic = self.circle.room(self.part)
        self.presence.move(topic)
        self.typing.move(topic)
        self._channel = self._member.connection.channel(topic, presence_key=str(self._member.id))
        if not self._open:
            self._open = True
            self.presence.open()
            self.typing.open()
            self._unsubscribe.append(self._member.attendance.also_in(self.presence))
        for listening in self._listening:
            listening.hear(self._channel)
            listening.only(self._channel)

    async def _leave(self) -> None:
        await self.typing.close()
        await self.presence.close()
