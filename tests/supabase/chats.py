"""Chats of the tests' own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg

from tests.supabase.people import Person

UNREAD = """
select s.spoken - c.spoken - c.own from public.chat_sessions s join public.chat_counts c on c.session_id = s.id
where s.id = $1 and c.member_id = $2
"""
COUNTED = """
select count(*) from public.chat_messages m join public.chat_reads r on r.session_id = m.session_id
where m.session_id = $1 and r.member_id = $2 and m.seq > r.read_seq and m.role <> 'system'
  and m.author_id is distinct from r.member_id
"""


@dataclass
class Chat:
    """A session, its owner, and the database behind them."""

    id: str
    owner: Person
    sql: asyncpg.Connection

    async def add(self, *people: Person) -> None:
        """The owner lets them in."""
        for somebody in people:
            name = await self.sql.fetchval("select username from public.profiles where id = $1", somebody.id)
            await self.owner.call("invite_to_chat", session_id=self.id, username=name)

    async def remove(self, somebody: Person) -> None:
        """The owner removes somebody."""
        await self.owner.call("remove_from_chat", session_id=self.id, member_id=somebody.id)

    async def say(self, somebody: Person, content: str = "", **more: Any) -> dict[str, Any]:
        """The message."""
        wanted = {"message_id": str(uuid4()), "session_id": self.id, "content": content, **more}
        return await somebody.call("send_message", **wanted)

    async def row(self) -> dict[str, Any]:
        """As its owner sees it."""
        (row,) = await self.owner.rows(f"chat_sessions?id=eq.{self.id}")
        return row

    async def said(self) -> list[dict[str, Any]]:
        """All of it, in order."""
        return await self.owner.rows(f"chat_messages?session_id=eq.{self.id}&order=seq")

    async def unread(self, somebody: Person) -> int:
        """By the numbers that are kept, which must be what counting gives."""
        kept = await self.sql.fetchval(UNREAD, self.id, somebody.id)
        assert kept == await self.sql.fetchval(COUNTED, self.id, somebody.id)
        return int(str(kept))

    async def topic(self) -> str | None:
        """As it is now."""
        return await self.sql.fetchval("select live.topic('chat', $1)", self.id)


async def make_chat(owner: Person, sql: asyncpg.Connection, *others: Person, title: str = "Wrens") -> Chat:
    """A chat of the owner's, with the others in it."""
    made = await owner.call("create_chat", session_id=str(uuid4()), title=title)
    chat = Chat(made["id"], owner, sql)
    await chat.add(*others)
    return chat
