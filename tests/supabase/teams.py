"""Teams of the tests' own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg

from tests.supabase.people import Person


@dataclass
class Team:
    """A team, its owner, and the database behind them."""

    id: str
    owner: Person
    sql: asyncpg.Connection

    async def add(self, somebody: Person, role: str = "editor") -> None:
        """Invites somebody, who accepts."""
        invitation = await self.invite(somebody, role)
        await somebody.call("accept_invitation", invitation_id=invitation["id"])

    async def invite(self, somebody: Person, role: str = "editor") -> dict[str, Any]:
        """The invitation."""
        name = await self.sql.fetchval("select username from public.profiles where id = $1", somebody.id)
        invite = {"invitation_id": str(uuid4()), "team_id": self.id, "username": name, "role": role}
        return await self.owner.call("invite_to_team", **invite)

    async def remove(self, somebody: Person) -> None:
        """The owner removes somebody."""
        await self.owner.call("remove_from_team", team_id=self.id, member_id=somebody.id)

    async def topic(self) -> str | None:
        """As it is now."""
        return await self.sql.fetchval("select live.topic('team', $1)", self.id)

    async def roles(self) -> dict[str, str]:
        """By member, as the table says and as the circle does, which must be the same."""
        rows = await self.sql.fetch("select member_id::text, role from public.team_members where team_id = $1", self.id)
        entered = await self.sql.fetch(
            "select member_id::text, role from public.circle_members where kind = 'team' and circle_id = $1", self.id
        )
        assert dict(map(tuple, rows)) == dict(map(tuple, entered))
        return dict(map(tuple, rows))


async def make_team(owner: Person, sql: asyncpg.Connection, **others: Person) -> Team:
    """`await make_team(owner, sql, editor=…, viewer=…)`"""
    made = await owner.call("create_team", team_id=str(uuid4()), name="Wrens")
    team = Team(made["id"], owner, sql)
    for role, somebody in others.items():
        await team.add(somebody, role)
    return team
