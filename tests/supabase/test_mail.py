"""E-mail, tried as everybody: who may send, that nothing is sent twice, and that only its reader's token moves a letter on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from embedded.stack import Address
from tests.supabase.mail import WORDS, Mail
from tests.supabase.people import Person, refused
from tests.supabase.teams import make_team
from tests.supabase.test_plans import steps

TABLES = ("email_templates", "email_campaigns", "sent_emails", "email_clicks", "email_suppressions")


@pytest.fixture
async def mail(
    owner: Person, stranger: Person, third: Person, service: Person, sql: asyncpg.Connection
) -> AsyncIterator[Mail]:
    """Of a team whose owner is `owner`, `stranger` an editor, and `third` a viewer."""
    await sql.execute("update public.sent_emails set status = 'cancelled' where status = 'queued'")
    team = await make_team(owner, sql, editor=stranger, viewer=third)
    yield Mail(team, service, sql)
    await sql.execute("delete from public.teams where id = $1", team.id)


def saying(mail: Mail, **more: Any) -> dict[str, Any]:
    return {"template_id": str(uuid4()), "team_id": mail.team.id, "name": "Tides", **WORDS, **more}


# Who ------------------------------------------------------------------------------------------------------------------


async def test_a_viewer_looks_and_sends_nothing(mail: Mail, stranger: Person, third: Person):
    contacts = await mail.contacts(2)
    campaign = await mail.send(stranger, contacts, scheduled_at="2027-01-01T00:00:00Z")
    (one, _) = await third.rows(f"sent_emails?campaign_id=eq.{campaign['id']}")
    assert "starling.test/a" in await third.call("email_letter", email_id=one["id"])
    template = await stranger.call("save_email_template", **saying(mail))
    suppressed = {"suppression_id": str(uuid4()), "team_id": mail.team.id, "address": "no@starling.test"}
    for function, arguments in (
        ("send_emails", {"campaign_id": str(uuid4()), "team_id": mail.team.id, "contact_ids": contacts, **WORDS}),
        ("cancel_emails", {"team_id": mail.team.id, "campaign_id": campaign["id"]}),
        ("reschedule_campaign", {"campaign_id": campaign["id"], "scheduled_at": None}),
        ("save_email_template", saying(mail)),
        ("remove_email_template", {"template_id": template["id"]}),
        ("suppress_address", suppressed),
    ):
        refused(await third.ask(function, **arguments), 403, "42501")
    made = await stranger.call("suppress_address", **suppressed)
    refused(await third.ask("allow_address", suppression_id=made["id"]), 403, "42501")
    assert await mail.statuses(campaign) == {"queued": 2}


async def test_who_is_not_in_the_team_sees_and_does_nothing(mail: Mail, stranger: Person, third: Person):
    letter = await mail.delivered(stranger)
    await mail.service.call("track_open", token=letter["token"])
    await stranger.call("save_email_template", **saying(mail))
    await stranger.call("suppress_address", suppression_id=str(uuid4()), team_id=mail.team.id, address="a@b.test")
    assert [len(await third.rows(f"{table}?team_id=eq.{mail.team.id}")) for table in TABLES] == [1] * 5
    numbers = await third.call("email_numbers", team_id=mail.team.id)
    assert (numbers["statuses"], len(numbers["campaigns"])) == ({"opened": 1}, 1)
    await mail.team.remove(third)
    assert [await third.rows(f"{table}?team_id=eq.{mail.team.id}") for table in TABLES] == [[]] * 5
    assert (await third.call("email_numbers", team_id=mail.team.id))["statuses"] == {}
    assert await third.call("email_letter", email_id=letter["id"]) is None
    refused(await third.ask("send_emails", campaign_id=str(uuid4()), team_id=mail.team.id, contact_ids=[], **WORDS), 404, "PT404")  # fmt: skip
    refused(await third.ask("suppress_address", suppression_id=str(uuid4()), team_id=mail.team.id, address="a@b.test"), 404, "PT404")  # fmt: skip


async def test_tokens_are_nowhere_in_what_members_see(mail: Mail, stranger: Person):
    letter = await mail.delivered(stranger)
    tokens = [letter["token"], *letter["links"].values()]
    for table in TABLES:
        answer = await stranger.rest("GET", f"{table}?team_id=eq.{mail.team.id}")
        assert [token for token in tokens if token in answer.text] == []
    assert len(set(tokens)) == 3
    assert all(len(token) == 32 for token in tokens)


# Writing --------------------------------------------------------------------------------------------------------------


async def test_a_letter_is_filled_in_for_each_contact(mail: Mail, stranger: Person, sql: asyncpg.Connection):
    await sql.execute(
        """
        insert into public.contacts (team_id, name, email, company) values
          ($1, 'Ada {{email}}', 'ada@starling.test', E'Tide & \\\\1 <b>'), ($1, 'Bo', 'bo@starling.test', '')
        """,
        mail.team.id,
    )
    contacts = [row["id"] for row in await stranger.rows(f"contacts?team_id=eq.{mail.team.id}")]
    body = "{{ name }} of {{company|nowhere}}, {{ email }}.{{title}}\n{{sender}}"
    await mail.send(stranger, contacts, subject="Dear {{first_name}}", body=body)
    said = {letter["to_address"]: (letter["subject"], letter["body"]) for letter in await mail.claim()}
    me = (await stranger.rows(f"profiles?id=eq.{stranger.id}"))[0]["display_name"]
    assert said == {  # what is filled in is not filled in again
        "ada@starling.test": ("Dear Ada", f"Ada {{{{email}}}} of Tide & \\1 <b>, ada@starling.test.\n{me}"),
        "bo@starling.test": ("Dear Bo", f"Bo of nowhere, bo@starling.test.\n{me}"),
    }


@pytest.mark.parametrize(
    ("wrong", "hint", "says"),
    [
        ({"subject": " "}, "subject", "A subject has 1 to 200 letters"),
        ({"subject": "Hello\r\nBcc: everybody@starling.test"}, "subject", "A subject is one line"),
        ({"subject": "{{surname}}"}, "subject", "There is no {{surname}}"),
        ({"body": "Hello {{first_name"}, "body", "A variable is not closed: {{first_name}}"),
        ({"body": "x" * 10_001}, "body", "A text has 1 to 10,000 letters"),
        ({"name": ""}, "name", "A name has 1 to 80 letters"),
    ],
)
async def test_what_is_wrong_with_a_template_is_said(
    mail: Mail, stranger: Person, wrong: dict[str, str], hint: str, says: str
):
    answer = await stranger.ask("save_email_template", **saying(mail, **wrong))
    refused(answer, 400, "22023")
    assert (answer.json()["hint"], answer.json()["message"]) == (hint, says)


async def test_a_contact_whose_name_is_more_than_a_name_breaks_no_header(mail: Mail, stranger: Person):
    name = "Ada\r\nBcc: x@starling.test"
    await mail.sql.execute("insert into public.contacts (team_id, name, email) values ($1, $2, 'ada@starling.test')", mail.team.id, name)  # fmt: skip
    contacts = [row["id"] for row in await stranger.rows(f"contacts?team_id=eq.{mail.team.id}")]
    await mail.send(stranger, contacts, subject="Dear {{name}}")
    (letter,) = await mail.claim()
    assert (letter["subject"], letter["to_name"]) == ("Dear Ada Bcc: x@starling.test", "Ada Bcc: x@starling.test")


# Sending --------------------------------------------------------------------------------------------------------------


async def test_500_letters_are_one_message_and_sent_twice_they_are_500(mail: Mail, stranger: Person):
    contacts = await mail.contacts(500)
    topic, since = await mail.team.topic(), await mail.sql.fetchval("select clock_timestamp()")
    again = {"campaign_id": str(uuid4())}
    campaigns = await asyncio.gather(*(mail.send(stranger, contacts, **again) for _ in range(2)))
    assert campaigns[0] == campaigns[1]
    assert (campaigns[0]["recipients"], await mail.statuses(campaigns[0])) == (500, {"queued": 500})
    told = await mail.sql.fetch(
        "select payload ->> 'table' as source, payload ->> 'operation' as operation from realtime.messages where topic = $1 and inserted_at >= $2::timestamptz::timestamp",
        topic, since,
    )  # fmt: skip
    assert [row["operation"] for row in told if row["source"] == "sent_emails"] == ["INSERT"]


async def test_who_is_suppressed_or_comes_twice_or_has_no_address_is_left_out(mail: Mail, stranger: Person):
    contacts = await mail.contacts(3)
    (address,) = [row["email"] for row in await stranger.rows(f"contacts?id=eq.{contacts[0]}")]
    suppress = {"suppression_id": str(uuid4()), "team_id": mail.team.id, "address": f" {address.upper()} "}
    await stranger.call("suppress_address", **suppress)
    await mail.sql.execute("update public.contacts set email = 'same@starling.test' where id = any ($1::uuid[])", contacts[1:])  # fmt: skip
    (nowhere,) = await mail.contacts(1)
    await mail.sql.execute("update public.contacts set email = '' where id = $1", nowhere)
    campaign = await mail.send(stranger, [*contacts, nowhere])
    assert (campaign["recipients"], campaign["skipped"]) == (1, 3)
    answer = await stranger.ask("send_emails", campaign_id=str(uuid4()), team_id=mail.team.id, contact_ids=[nowhere], **WORDS)  # fmt: skip
    refused(answer, 400, "22023")
    assert answer.json()["message"] == "None of them has an address that may be written to"


async def test_contacts_of_another_team_are_not_written_to(mail: Mail, stranger: Person, owner: Person):
    other = await make_team(owner, mail.sql)
    contacts = await Mail(other, mail.service, mail.sql).contacts(1)
    answer = await stranger.ask("send_emails", campaign_id=str(uuid4()), team_id=mail.team.id, contact_ids=contacts, **WORDS)  # fmt: skip
    refused(answer, 400, "22023")
    await mail.sql.execute("delete from public.teams where id = $1", other.id)


async def test_a_day_allows_only_so_many(mail: Mail, stranger: Person):
    contacts = await mail.contacts(1000)
    for _ in range(2):
        await mail.send(stranger, contacts)
    refused(await stranger.ask("send_emails", campaign_id=str(uuid4()), team_id=mail.team.id, contact_ids=contacts[:1], **WORDS), 429, "PT429")  # fmt: skip


async def test_what_is_scheduled_waits_and_can_be_cancelled(mail: Mail, stranger: Person):
    contacts = await mail.contacts(3)
    campaign = await mail.send(stranger, contacts, scheduled_at="2026-12-31T00:00:00Z")
    assert await mail.claim() == []
    await stranger.call("reschedule_campaign", campaign_id=campaign["id"], scheduled_at=None)
    (letter,) = await mail.claim(1)
    ended = {"team_id": mail.team.id, "campaign_id": campaign["id"]}
    assert await stranger.call("cancel_emails", **ended) == 2  # one is on its way
    assert await mail.report([letter]) == [letter["id"]]
    assert await mail.statuses(campaign) == {"sent": 1, "cancelled": 2}
    refused(await stranger.ask("reschedule_campaign", campaign_id=campaign["id"], scheduled_at=None), 409, "PT409")


# The worker -----------------------------------------------------------------------------------------------------------


async def test_two_workers_share_what_is_due(mail: Mail, stranger: Person):
    await mail.send(stranger, await mail.contacts(40))
    claims = await asyncio.gather(*(mail.claim(15, worker=f"w{n}") for n in range(4)))
    ids = [letter["id"] for claim in claims for letter in claim]
    rest = [letter["id"] for letter in await mail.claim(100, worker="w9")]
    assert len({*ids, *rest}) == len(ids) + len(rest) == 40


async def test_teams_take_turns(mail: Mail, stranger: Person, owner: Person):
    await mail.send(stranger, await mail.contacts(50))
    other = Mail(await make_team(owner, mail.sql), mail.service, mail.sql)
    await other.send(owner, await other.contacts(2))
    teams = [letter["team"] for letter in await mail.claim(4)]
    later = await mail.sql.fetchval(
        "select count(*) from private.email_letters l join public.sent_emails e on e.id = l.email_id where e.team_id = $1 and l.worker is not null",
        other.team.id,
    )
    assert (len(teams), later) == (4, 2)
    await mail.sql.execute("delete from public.teams where id = $1", other.team.id)


async def test_only_the_holder_of_the_lease_reports(mail: Mail, stranger: Person):
    campaign = await mail.send(stranger, await mail.contacts(1))
    (letter,) = await mail.claim()
    assert await mail.report([letter], worker="w2") == []
    await mail.expire()
    assert await mail.service.call("rescue_emails") == 1
    (again,) = await mail.claim(worker="w2")
    assert (again["id"], again["attempt"]) == (letter["id"], 2)
    assert await mail.report([letter]) == []
    assert await mail.report([again], worker="w2") == [letter["id"]]
    assert await mail.report([again], worker="w2") == []
    assert await mail.statuses(campaign) == {"sent": 1}


async def test_what_was_handed_over_is_not_sent_again(mail: Mail, stranger: Person):
    """It may have arrived: a worker that dies then leaves a failure that says so, which an opening undoes."""
    await mail.send(stranger, await mail.contacts(1))
    (letter,) = await mail.claim()
    over = {"worker": "w1", "email_id": letter["id"], "attempt": 1}
    assert await mail.service.call("hand_over_email", **over) is True
    assert await mail.service.call("hand_over_email", **over) is False
    assert await stranger.call("cancel_emails", team_id=mail.team.id, ids=[letter["id"]]) == 0
    await mail.expire(120)
    await mail.service.call("rescue_emails")
    assert await mail.claim(worker="w2") == []
    row = await mail.row(letter["id"])
    assert (row["status"], row["error"]) == ("failed", "It may have arrived: what sent it stopped before it said so")
    await mail.sql.execute("update private.email_letters set handed_at = now() - interval '1 minute' where email_id = $1", letter["id"])  # fmt: skip
    await mail.service.call("track_open", token=letter["token"])
    row = await mail.row(letter["id"])
    assert (row["status"], row["error"], row["ended_at"]) == ("opened", None, None)


async def test_the_fifth_retry_is_a_failure(mail: Mail, stranger: Person):
    await mail.send(stranger, await mail.contacts(1))
    for left in range(4, -1, -1):
        (letter,) = await mail.claim()
        await mail.report([letter], "retry", error="451 try later", retry_s=0)
        assert (await mail.row(letter["id"]))["status"] == ("queued" if left else "failed")
    assert await mail.claim() == []


async def test_what_bounced_is_not_written_to_again(mail: Mail, stranger: Person):
    contacts = await mail.contacts(1)
    await mail.send(stranger, contacts)
    (letter,) = await mail.claim()
    await mail.report([letter], "bounced", error="550 no such user")
    (suppressed,) = await stranger.rows(f"email_suppressions?team_id=eq.{mail.team.id}")
    assert (suppressed["address"], suppressed["reason"]) == (letter["to_address"], "bounced")
    await stranger.call("allow_address", suppression_id=suppressed["id"])
    assert (await mail.send(stranger, contacts))["recipients"] == 1


# Readers --------------------------------------------------------------------------------------------------------------


async def test_an_opening_and_a_click_move_a_letter_on(mail: Mail, stranger: Person, anon: Person):
    letter = await mail.delivered(stranger)
    await anon.call("track_open", token=letter["token"], agent="Mail\x07 on a desk")
    row = await mail.row(letter["id"])
    assert (row["status"], row["opens"], row["clicks"]) == ("opened", 1, 0)
    (told,) = await stranger.rows("notifications?kind=eq.email_opened&order=created_at.desc&limit=1")
    assert (told["subject_id"], told["body"], told["times"]) == (row["campaign_id"], "Wren 1", 1)
    url, token = next(iter(letter["links"].items()))
    assert await anon.call("track_click", token=token, counted=False) == url
    assert (await mail.row(letter["id"]))["status"] == "opened"
    assert await anon.call("track_click", token=token) == url
    row = await mail.row(letter["id"])
    assert (row["status"], row["opens"], row["clicks"]) == ("clicked", 1, 1)
    events = await stranger.rows(f"email_clicks?email_id=eq.{letter['id']}&order=created_at")
    assert [(e["kind"], e["url"], e["agent"]) for e in events] == [("open", None, "Mail on a desk"), ("click", url, "")]


async def test_machines_are_written_down_and_count_for_nothing(mail: Mail, stranger: Person, anon: Person):
    letter = await mail.delivered(stranger)
    await anon.call("track_open", token=letter["token"], machine=True)
    await mail.sql.execute("update public.sent_emails set delivered_at = now() where id = $1", letter["id"])
    await anon.call("track_click", token=next(iter(letter["links"].values())))  # sooner than anybody reads
    row = await mail.row(letter["id"])
    assert (row["status"], row["opens"], row["clicks"]) == ("delivered", 0, 0)
    events = await stranger.rows(f"email_clicks?email_id=eq.{letter['id']}")
    assert [event["machine"] for event in events] == [True, True]


async def test_of_a_few_each_opening_is_told_and_of_many_the_tenth(mail: Mail, stranger: Person, anon: Person):
    for recipients, times, words in ((3, 3, " and 2 more"), (12, 2, "10 people")):
        campaign = await mail.send(stranger, await mail.contacts(recipients))
        letters = await mail.claim()
        await mail.report(letters)
        for letter in letters:
            await mail.age(letter)
        await asyncio.gather(
            *(anon.call("track_open", token=letter["token"]) for letter in letters)
        )  # one is the tenth
        (told,) = await stranger.rows(f"notifications?kind=eq.email_opened&subject_id=eq.{campaign['id']}")
        assert (told["times"], told["body"].endswith(words)) == (times, True), told["body"]


async def test_replays_are_one(mail: Mail, stranger: Person, anon: Person):
    letter = await mail.delivered(stranger)
    link = next(iter(letter["links"].values()))
    gate = asyncio.Semaphore(16)

    async def replay(n: int) -> None:
        async with gate:
            if n % 2:
                await anon.call("track_open", token=letter["token"])
            else:
                await anon.call("track_click", token=link)

    await asyncio.gather(*map(replay, range(100)))
    row = await mail.row(letter["id"])
    assert (row["status"], row["opens"], row["clicks"]) == ("clicked", 1, 1)
    assert await mail.sql.fetchval("select count(*) from public.email_clicks where email_id = $1", letter["id"]) == 2


async def test_what_is_no_token_opens_nothing(mail: Mail, stranger: Person, anon: Person):
    letter = await mail.delivered(stranger)
    known = await anon.ask("track_open", token=letter["token"])
    for token in (uuid4().hex, "", "' or true --", "x" * 5000):
        unknown = await anon.ask("track_open", token=token)
        assert (unknown.status_code, unknown.content) == (known.status_code, known.content)
        assert (
            await anon.call("unsubscribe", token=token) is False
        )  # who cannot leave must know, and no token is guessed
    assert await anon.call("track_click", token=uuid4().hex) is None
    assert await anon.call("track_click", token=letter["token"]) is None  # each opens one door


async def test_who_unsubscribes_is_left_alone(mail: Mail, stranger: Person, anon: Person):
    letter = await mail.delivered(stranger)
    contacts = [row["contact_id"] for row in await stranger.rows(f"sent_emails?id=eq.{letter['id']}")]
    more = await mail.contacts(1)
    waits = await mail.send(stranger, [*contacts, *more])
    assert await anon.call("unsubscribe", token=letter["token"], sure=False) is True
    assert await mail.statuses(waits) == {"queued": 2}  # only asked
    for _ in range(2):
        assert await anon.call("unsubscribe", token=letter["token"]) is True
    assert await mail.statuses(waits) == {"cancelled": 1, "queued": 1}
    assert (await mail.send(stranger, [*contacts, *more]))["skipped"] == 1
    (suppressed,) = await stranger.rows(f"email_suppressions?team_id=eq.{mail.team.id}")
    refused(await stranger.ask("allow_address", suppression_id=suppressed["id"]), 409, "PT409")


async def test_it_is_asked_again_when_a_letter_goes(mail: Mail, stranger: Person):
    campaign = await mail.send(stranger, await mail.contacts(2))
    address = (await stranger.rows(f"sent_emails?campaign_id=eq.{campaign['id']}&limit=1"))[0]["to_address"]
    await mail.sql.execute("insert into public.email_suppressions (team_id, address, reason) values ($1, $2, 'unsubscribed')", mail.team.id, address)  # fmt: skip
    (letter,) = await mail.claim()
    assert await mail.statuses(campaign) == {"queued": 1, "cancelled": 1}
    await mail.sql.execute("insert into public.email_suppressions (team_id, address, reason) values ($1, $2, 'unsubscribed')", mail.team.id, letter["to_address"])  # fmt: skip
    assert await mail.service.call("hand_over_email", worker="w1", email_id=letter["id"], attempt=1) is False


# Digest ---------------------------------------------------------------------------------------------------------------


async def test_a_digest_is_made_once_a_day_for_those_who_want_it(mail: Mail, third: Person, service: Person):
    hour = await mail.sql.fetchval("select extract(hour from now() at time zone 'Asia/Tokyo')::int")
    refused(await third.ask("prefer_digest", wanted=True, zone="Mars/Olympus"), 400, "22023")
    assert await mine(third, await claimed(service)) == []
    await third.call("prefer_digest", wanted=True, hour=hour, zone="Asia/Tokyo")
    await mail.contacts(1)
    claims = await asyncio.gather(*(claimed(service, f"w{n}") for n in range(3)))
    (digest,) = [digest for claim in claims for digest in await mine(third, claim)]
    assert digest["address"].startswith("third.")
    assert digest["numbers"].keys() >= {"pictures", "emails_opened", "unread", "credits"}
    report = {"id": digest["id"], "attempt": 1, "status": "retry", "error": "no"}
    for worker in ("w0", "w1", "w2"):
        await service.call("report_digests", worker=worker, reports=[report])
    (again,) = await mine(third, await claimed(service))
    assert (again["id"], again["attempt"]) == (digest["id"], 2)
    await service.call(
        "report_digests", worker="w1", reports=[{**report, "attempt": 2, "status": "sent", "simulated": True}]
    )
    assert await mine(third, await claimed(service)) == []
    (row,) = await third.rows("digests")
    assert (row["status"], row["simulated"]) == ("sent", True)


async def test_a_digest_that_may_have_arrived_is_not_sent_again(mail: Mail, third: Person, service: Person):
    await third.call("prefer_digest", wanted=True, hour=0)
    await mail.contacts(1)
    (digest,) = await mine(third, await claimed(service))
    await mail.sql.execute("update private.digest_leases set expires_at = now() - interval '1 second'")
    assert await mine(third, await claimed(service, "w2")) == []
    (row,) = await third.rows("digests")
    assert (row["id"], row["status"]) == (digest["id"], "failed")


async def test_nobody_is_told_that_nothing_happened(mail: Mail, third: Person, service: Person):
    """Nor later that day, when there would be something: it is for the morning."""
    await third.call("prefer_digest", wanted=True, hour=0)
    await mail.sql.execute("update public.notifications set happened_at = now() - interval '2 days' where owner_id = $1", third.id)  # fmt: skip
    for n in range(2):
        await mail.contacts(n)
        assert await mine(third, await claimed(service)) == []
        assert [row["status"] for row in await third.rows("digests")] == ["quiet"]


async def claimed(service: Person, worker: str = "w1") -> list[dict[str, Any]]:
    return await service.call("claim_digests", worker=worker, n=50)


async def mine(member: Person, claim: list[dict[str, Any]]) -> list[dict[str, Any]]:
    ids = {row["id"] for row in await member.rows("digests")}
    return [digest for digest in claim if digest["id"] in ids]


# Plans ----------------------------------------------------------------------------------------------------------------


async def test_what_pages_and_workers_ask_reads_no_table_through(mail: Mail, supabase: Address, stranger: Person):
    connection = await asyncpg.connect(supabase.db_url)
    transaction = connection.transaction()
    await transaction.start()
    campaign = str(uuid4())
    await connection.execute("insert into public.email_campaigns (id, team_id, name, subject) values ($1, $2, 'Many', 'Many')", campaign, mail.team.id)  # fmt: skip
    await connection.execute(
        """
        insert into public.email_campaigns (team_id, name, subject) select t.id, 'More', 'More' from public.teams t, generate_series(1, 300);
        insert into public.email_templates (team_id, name, subject, body) select t.id, 'More', 'More', 'More' from public.teams t, generate_series(1, 300);
        insert into public.email_suppressions (team_id, address, reason)
        select t.id, format('n%s@starling.test', n), 'added' from public.teams t, generate_series(1, 300) n;
        insert into public.sent_emails (team_id, campaign_id, to_address, subject, status)
        select c.team_id, c.id, 'a@starling.test', 'Many', case n % 20 when 0 then 'opened' else 'delivered' end
        from public.email_campaigns c, generate_series(1, 5) n;
        insert into private.email_letters (email_id, body) select e.id, '' from public.sent_emails e on conflict do nothing;
        analyze public.sent_emails, public.email_campaigns, public.email_templates, public.email_suppressions, private.email_letters;
        """
    )
    page = "order by created_at desc, id limit 200"
    for query in (
        f"select * from public.sent_emails where team_id = '{mail.team.id}' {page}",
        f"select * from public.sent_emails where team_id = '{mail.team.id}' and status = 'opened' {page}",
        f"select * from public.sent_emails where campaign_id = '{campaign}' {page}",
        f"select * from public.email_campaigns where team_id = '{mail.team.id}' {page}",
        f"select * from public.email_templates where team_id = '{mail.team.id}' order by created_at, id limit 200",
        f"select * from public.email_suppressions where team_id = '{mail.team.id}' {page}",
        f"select * from public.email_clicks where email_id = '{campaign}' {page}",
    ):
        through = [s["Relation Name"] for s in await steps(connection, stranger, query) if s["Node Type"] == "Seq Scan"]
        assert through == [], query
    await transaction.rollback()
    await connection.close()
