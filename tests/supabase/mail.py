"""The mail of a team, as its members, a worker and those who read it see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg

from tests.supabase.people import Person
from tests.supabase.teams import Team

WORDS = {"subject": "Hello {{first_name|there}}", "body": "See https://starling.test/a and https://starling.test/b."}


@dataclass
class Mail:
    """`w1` is the worker, unless told otherwise."""

    team: Team
    service: Person
    sql: asyncpg.Connection

    async def contacts(self, n: int, **fields: Any) -> list[str]:
        """Adds that many to the team; their ids."""
        rows = await self.sql.fetch(
            """
            insert into public.contacts (team_id, name, email)
            select $1, format('Wren %s', n), format('wren%s.%s@starling.test', n, left($3, 8)) from generate_series(1, $2::int) n
            returning id::text
            """,
            self.team.id, n, str(uuid4()),
        )  # fmt: skip
        return [row["id"] for row in rows]

    async def send(self, somebody: Person, contacts: list[str], **more: Any) -> dict[str, Any]:
        """A campaign of theirs."""
        wanted = {"campaign_id": str(uuid4()), "team_id": self.team.id, "contact_ids": contacts, **WORDS, **more}
        return await somebody.call("send_emails", **wanted)

    async def claim(self, n: int = 100, worker: str = "w1", lease_s: int = 60) -> list[dict[str, Any]]:
        return await self.service.call("claim_emails", worker=worker, n=n, lease_s=lease_s)

    async def report(
        self, letters: list[dict[str, Any]], status: str = "sent", worker: str = "w1", **more: Any
    ) -> list[str]:
        reports = [{"id": letter["id"], "attempt": letter["attempt"], "status": status, **more} for letter in letters]
        return await self.service.call("report_emails", worker=worker, reports=reports)

    async def row(self, email: str) -> dict[str, Any]:
        (row,) = await self.service.rows(f"sent_emails?id=eq.{email}")
        return row

    async def statuses(self, campaign: dict[str, Any]) -> dict[str, int]:
        rows = await self.sql.fetch(
            "select status, count(*) from public.sent_emails where campaign_id = $1 group by 1", campaign["id"]
        )
        return {row[0]: row[1] for row in rows}

    async def delivered(self, somebody: Person) -> dict[str, Any]:
        """A letter that arrived long enough ago to be read by people, as it was handed to the worker."""
        await self.send(somebody, await self.contacts(1))
        (letter,) = await self.claim()
        await self.report([letter])
        await self.service.call("settle_emails", reports=[{"id": letter["id"], "status": "delivered"}])
        await self.age(letter)
        return letter

    async def age(self, letter: dict[str, Any], seconds: int = 60) -> None:
        """Moves what happened to it into the past."""
        await self.sql.execute(
            f"update public.sent_emails set sent_at = sent_at - interval '{seconds} seconds', delivered_at = delivered_at - interval '{seconds} seconds' where id = $1",
            letter["id"],
        )

    async def expire(self, seconds: int = 1) -> None:
        """Lets all leases run out."""
        await self.sql.execute(
            f"update private.email_letters set expires_at = now() - interval '{seconds} seconds' where worker is not null"
        )
