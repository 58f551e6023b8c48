"""Mail (E1 to E4): a letter arrives once, or says that it may have; whoever dies, and whatever the mail server does."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from tests.worker.post import Server, mail_server
from tests.worker.studio import Studio
from worker.api import Api
from worker.digest import Digest
from worker.letter import Paper
from worker.mail import Mail
from worker.post_office import PostOffice
from worker.readers import BOUNCES, CLICKS, OPENS, Fate

PAPER = Paper("https://starling.test", "mail@starling.test")
LATE = "update private.email_letters set expires_at = now() - interval '2 minutes' where worker is not null"


class Killed(BaseException):
    """The worker is gone in this moment."""


class Dying:
    """A worker's Api which dies before it calls a function."""

    def __init__(self, api: Api, before: str) -> None:
        self._api, self._before = api, before

    async def call(self, function: str, **arguments: Any) -> Any:
        if function == self._before:
            raise Killed
        return await self._api.call(function, **arguments)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with mail_server() as server:
        yield server


@pytest.fixture
async def desk(studio: Studio) -> Studio:
    await studio.database.execute(
        "delete from public.email_campaigns; delete from public.email_suppressions; delete from public.contacts; "
        "delete from public.digest_preferences; delete from public.digests"
    )
    return studio


def worker(desk: Studio, server: Server | None, name: str = "w1", **more: Any) -> Mail:
    office = PostOffice(server.url, PAPER.sender, timeout_s=20) if server else None
    return Mail(more.pop("api", desk.api), name, PAPER, office=office, pace=0, **more)


async def send(desk: Studio, *addresses: str, body: str = "See https://a.test/x") -> str:
    """A campaign of a demo member to these addresses; its id."""
    team = await desk.database.fetchval("select id from public.teams where personal_of = $1", desk.members[0])
    ids = await desk.database.fetchval(
        """
        with made as (
          insert into public.contacts (team_id, name, email) select $1, 'Ada', address from unnest($2::text[]) address returning id)
        select array_agg(id) from made
        """,
        team, list(addresses),
    )  # fmt: skip
    query = "select (public.send_emails($1, $2, $3, 'Hello {{name}}', $4)).id"
    return str(await desk.as_member(0, query, uuid4(), team, ids, body))


async def statuses(desk: Studio) -> dict[str, tuple[str, str | None]]:
    rows = await desk.database.fetch("select to_address, status, error from public.sent_emails")
    return {row["to_address"].partition("@")[0]: (row["status"], row["error"]) for row in rows}


async def test_letters_reach_the_mail_server(desk: Studio, server: Server):
    await send(desk, "ada@starling.test", "bo@starling.test")
    await worker(desk, server).deliver()
    assert sorted(server.recipients) == ["ada@starling.test", "bo@starling.test"]
    message = server.messages[0]
    assert (message["Subject"], message["List-Unsubscribe-Post"]) == ("Hello Ada", "List-Unsubscribe=One-Click")
    email = await desk.database.fetchval("select email from auth.users where id = $1", desk.members[0])
    assert message["Reply-To"].addresses[0].addr_spec == email
    text = message.get_body(("plain",))
    assert text is not None
    assert "See https://starling.test/t/c/" in text.get_content()
    assert await statuses(desk) == {"ada": ("sent", None), "bo": ("sent", None)}


async def test_what_the_server_says_of_each_is_written_down(desk: Studio, server: Server):
    people = ("ada", "nobody", "busy", "spam", "relay", "silent", "bo")
    await send(desk, *(f"{name}@starling.test" for name in people))
    mail = worker(desk, server)
    for _ in range(3):  # whoever hangs up holds up nobody for good
        await mail.deliver()
    said = await statuses(desk)
    assert {name: status for name, (status, _) in said.items()} == {
        "ada": "sent", "bo": "sent", "nobody": "bounced", "spam": "bounced", "relay": "bounced", "busy": "queued", "silent": "failed",
    }  # fmt: skip
    assert said["nobody"][1] == "550 5.1.1 no such mailbox"
    assert str(said["silent"][1]).startswith("It may have arrived")
    assert str(said["spam"][1]).startswith("554")
    left_alone = "select array_agg(address) from public.email_suppressions"
    assert await desk.database.fetchval(left_alone) == ["nobody@starling.test"]  # not those who are there
    server.busy = False
    await desk.database.execute("update public.sent_emails set scheduled_at = now() where status = 'queued'")
    await mail.deliver()
    assert (await statuses(desk))["busy"] == ("sent", None)
    assert Counter(server.recipients).most_common(1)[0][1] == 1
    server.knows_us = False  # which is nobody's address' fault
    await send(desk, "cy@starling.test")
    await worker(desk, server).deliver()
    assert (await statuses(desk))["cy"] == ("failed", "553 5.7.1 sender address rejected: not owned by you")
    assert await desk.database.fetchval(left_alone) == ["nobody@starling.test"]


async def test_who_dies_before_handing_over_leaves_it_to_others(desk: Studio, server: Server):  # E2
    await send(desk, "ada@starling.test")
    with pytest.raises(Killed):
        await worker(desk, server, api=Dying(desk.api, "hand_over_email")).deliver()
    assert server.messages == []
    await desk.database.execute(LATE)
    other = worker(desk, server, "w2")
    await other.rescue()
    await other.deliver()
    assert (server.recipients, await statuses(desk)) == (["ada@starling.test"], {"ada": ("sent", None)})


async def test_who_dies_behind_it_leaves_a_letter_that_nobody_sends_again(desk: Studio, server: Server):  # E2
    await send(desk, "ada@starling.test")
    with pytest.raises(Killed):
        await worker(desk, server, api=Dying(desk.api, "report_emails")).deliver()
    await desk.database.execute(LATE)
    other = worker(desk, server, "w2")
    await other.rescue()
    await other.deliver()
    assert server.recipients == ["ada@starling.test"]
    assert (await statuses(desk))["ada"][0] == "failed"


async def test_two_workers_send_a_hundred_letters_once_each(desk: Studio, server: Server):  # E1
    await send(desk, *(f"ada{n}@starling.test" for n in range(100)))
    await asyncio.gather(*(worker(desk, server, f"w{n}").deliver() for n in range(2)))
    assert len(server.messages) == len(set(server.recipients)) == 100
    assert {status for status, _ in (await statuses(desk)).values()} == {"sent"}


async def test_a_mail_server_that_is_away_costs_nothing_but_time(desk: Studio, server: Server):  # E3
    now = 0.0
    await send(desk, "ada@starling.test")
    await server.close()
    mail = worker(desk, server, clock=lambda: now)
    await mail.deliver()
    assert await statuses(desk) == {"ada": ("queued", None)}
    assert await desk.database.fetchval("select count(*) from private.email_letters where worker is not null") == 0
    await server.open()
    await mail.deliver()
    assert server.messages == []  # it does not ask at once
    now = 10.0
    await mail.deliver()
    assert server.recipients == ["ada@starling.test"]


async def test_who_ends_gives_back_what_it_has_not_handed_over(desk: Studio):
    await send(desk, "ada@starling.test")
    await desk.api.call("claim_emails", worker="w1", n=5)
    await worker(desk, None).close()
    assert len(await desk.api.call("claim_emails", worker="w2", n=5)) == 1


async def test_simulated_letters_arrive_and_are_read(desk: Studio):
    await send(desk, *(f"ada{n}@starling.test" for n in range(60)))
    mail = worker(desk, None)
    await mail.deliver()
    assert {status for status, _ in (await statuses(desk)).values()} == {"sent"}
    for _ in range(3):
        await desk.database.execute(
            "update public.sent_emails set sent_at = now() - interval '100 seconds', delivered_at = delivered_at - interval '100 seconds'"
        )
        await mail.read()
    rows = await desk.database.fetch("select id, status, simulated from public.sent_emails")
    for row in rows:
        fate = Fate.of(str(row["id"]), 0)
        came = (
            "clicked"
            if fate.clicked
            else "opened"
            if fate.opened
            else "bounced"
            if fate.bounced is not None
            else "delivered"
        )
        assert (row["status"], row["simulated"]) == (came, True)
    machines = await desk.database.fetchval("select count(*) from public.email_clicks where machine")
    assert machines == sum(Fate.of(str(row["id"]), 0).prefetched is not None for row in rows)


def test_fates_are_as_they_are_said_to_be():
    fates = [Fate.of(str(n)) for n in range(4000)]
    opened = sum(fate.opened is not None for fate in fates)
    assert abs(sum(fate.bounced is not None for fate in fates) / 4000 - BOUNCES) < 0.01
    assert abs(opened / 4000 - OPENS) < 0.04
    assert abs(sum(fate.clicked is not None for fate in fates) / opened - CLICKS) < 0.05


async def test_a_digest_is_sent_once_and_costs_time_where_the_server_is_away(desk: Studio, server: Server):  # D1 D4
    await send(desk, "ada@starling.test")  # which there is to say
    await desk.as_member(0, "select (public.prefer_digest(true, 0, 'UTC')).id")
    digest = Digest(desk.api, "w1", PAPER, PostOffice(server.url, PAPER.sender))
    await server.close()
    await digest.send()
    assert await desk.database.fetchval("select (status, attempt)::text from public.digests") == "(queued,1)"
    await server.open()
    for _ in range(2):
        await digest.send()
    (message,) = server.messages
    text = message.get_body(("plain",))
    assert text is not None
    assert "1 e-mail written: https://starling.test/emails" in text.get_content()
    assert "https://starling.test/settings#notifications" in text.get_content()
    row = await desk.database.fetchrow("select status, simulated, numbers from public.digests")
    assert row is not None
    assert (row["status"], row["simulated"]) == ("sent", False)
    assert f"Credits: {json.loads(row['numbers'])['credits']}" in text.get_content()
