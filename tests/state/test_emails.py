"""E-mail as members see it: a campaign shows at once and moves on in every browser; and what a page says of a letter is what
the database makes of it."""

from __future__ import annotations

import json
from random import Random
from uuid import UUID

import asyncpg
import pytest

from state.contact_look import Look
from state.email_rows import Outbox, Sieve, use_file
from state.emails import Emails, Tally, use_emails
from state.errors import Refused
from state.letters import EXAMPLES, VARIABLES, called, fault, fill_in, parts
from state.member import Member
from tests.state.support import until
from tests.state.test_circles import Join, joins, put_out, team

__all__ = ["joins", "team"]  # fixtures

ADD = """
with made as (
  insert into public.contacts (team_id, name, email) select $1, format('Wren %s', n), format('wren%s@starling.test', n)
  from generate_series(1, $2::int) n returning id)
select array_agg(id) from made
"""


async def add(db: asyncpg.Connection, team: UUID, n: int) -> list[UUID]:
    ids: list[UUID] = await db.fetchval(ADD, team, n) or []
    return ids


async def desk_of(member: Member, team: UUID) -> Emails:
    desk, _ = use_emails(member, team)
    await until(lambda: desk.circle.live and desk.templates.phase == desk.campaigns.phase == "ready")
    return desk


async def move_on(db: asyncpg.Connection, status: str, most: int = 1000) -> None:
    await db.execute(
        "update public.sent_emails set status = $1, sent_at = now() where id in (select id from public.sent_emails order by id limit $2)",
        status, most,
    )  # fmt: skip


async def test_a_campaign_shows_at_once_and_moves_on_everywhere(joins: Join, team: UUID, db: asyncpg.Connection):
    sender, viewer = await joins("editor"), await joins("viewer")
    desk, other = await desk_of(sender, team), await desk_of(viewer, team)
    box, theirs = Outbox(desk, Sieve()), Outbox(other, Sieve(status="opened"))
    numbers = other.numbers
    stop = numbers.observe(lambda _: None)
    contacts = await add(db, team, 120)
    campaign = desk.send(contacts, "Hello {{first_name}}", "See https://a.test")
    assert [row.recipients for row in desk.campaigns.rows] == [120]
    assert desk.sending(campaign.id) is not None
    await until(lambda: len(box.rows) == 50 and not box.complete and desk.sending(campaign.id) is None)
    await box.load_more()
    assert len(box.rows) == 100
    await until(lambda: numbers.value and numbers.value.all.of("queued") == 120)
    assert theirs.rows == []
    await move_on(db, "opened", 30)
    await until(lambda: len(theirs.rows) == 30, "they move in by themselves")
    await until(lambda: numbers.value and numbers.value.all.by_status == {"queued": 90, "opened": 30})
    assert numbers.value is not None
    assert numbers.value.campaigns[campaign.id].reached("opened") == 30
    assert await desk.cancel(campaign.id) == 90
    await until(lambda: numbers.value and numbers.value.all.of("cancelled") == 90)
    box.choose(Sieve(status="cancelled", campaign=campaign.id))
    await until(lambda: box.settled and {row.status for row in box.rows} == {"cancelled"})
    stop()
    box.close()
    theirs.close()


async def test_what_the_database_refuses_is_said_beside_it(joins: Join, team: UUID, db: asyncpg.Connection):
    sender, viewer = await joins("editor"), await joins("viewer")
    contacts = await add(db, team, 1)
    for member, reason in ((sender, "There is no {{surname}}"), (viewer, "Viewers of the team change nothing")):
        desk = await desk_of(member, team)
        campaign = desk.send(contacts, "Hello {{surname}}", "See")
        await until(lambda desk=desk, id=campaign.id: (p := desk.sending(id)) and p.failed)
        pending = desk.sending(campaign.id)
        assert pending is not None
        assert pending.failed == reason
        pending.discard()
        await until(lambda desk=desk: not desk.campaigns.rows)
    with pytest.raises(Refused) as refusal:
        await (await desk_of(sender, team)).save_template("Tides", "Hello", "{{surname}}")
    assert refusal.value.hint == "body"


async def test_templates_and_addresses_left_alone_are_shared(joins: Join, team: UUID, db: asyncpg.Connection):
    one, two = await desk_of(await joins("editor"), team), await desk_of(await joins("editor"), team)
    template = await one.save_template("Tides", "Hello", "See")
    await until(lambda: two.templates.get(template.id))
    await two.save_template("Tides", "Hello again", "See", template.id)
    await until(lambda: (row := one.templates.get(template.id)) and row.subject == "Hello again")
    suppression = await one.suppress("No@Starling.test")
    await until(lambda: [row.address for row in two.suppressions.rows] == ["no@starling.test"])
    two.allow(suppression)
    await until(lambda: not two.suppressions.rows and not one.suppressions.rows)
    two.remove_template(template)
    await until(lambda: not one.templates.rows)


async def test_one_letter_says_what_happened_to_it(joins: Join, team: UUID, db: asyncpg.Connection):
    member = await joins("editor")
    desk = await desk_of(member, team)
    desk.send(await add(db, team, 1), "Hello {{name}}", "Dear {{first_name}}")
    await until(lambda: desk.campaigns.rows and not desk.campaigns.mutations.unconfirmed)
    email = UUID(str(await db.fetchval("select id from public.sent_emails where team_id = $1", team)))
    file, leave = use_file(desk, email)
    await until(lambda: file.emails.get(email) and file.clicks.phase == "ready")
    assert await desk.letter(email) == "Dear Wren"
    await move_on(db, "delivered")
    await db.execute("update public.sent_emails set sent_at = now() - interval '1 minute' where id = $1", email)
    token = await db.fetchval("select token from private.email_letters where email_id = $1", email)
    await db.fetchval("select public.track_open($1, false, 'Mail')", token)
    await until(lambda: file.clicks.rows and (row := file.emails.get(email)) and row.status == "opened")
    await put_out(db, team, member.id)
    await until(lambda: file.over and not file.emails.rows and not desk.campaigns.rows)
    leave()


async def test_recipients_are_those_with_an_address(joins: Join, team: UUID, db: asyncpg.Connection):
    desk = await desk_of(await joins("editor"), team)
    await db.execute("insert into public.contacts (team_id, name, tags) values ($1, 'Wren without', '{vip}')", team)
    await add(db, team, 3)
    await db.execute("update public.contacts set tags = '{vip}' where name = 'Wren 2'")
    assert len(await desk.recipients(Look())) == 3
    assert [contact.name for contact in await desk.recipients(Look(tag="vip"))] == ["Wren 2"]


async def test_what_is_filled_in_here_is_what_the_database_fills_in(db: asyncpg.Connection):
    """With words that look like variables, patterns and escapes among what is filled in."""
    words = ["{{", "}}", "{", "}", "|", " ", "name", "first_name", "company", "x", "\\1", "$1", "é", "\n"]
    dice = Random(7)
    texts = ["".join(dice.choices(words, k=dice.randrange(12))) for _ in range(150)]
    values = {"name": "A {{email}} \\1 $&", "first_name": " A ", "company": "", "email": "a@b"}
    for source in [*texts, "{{name|}}", "{{company|x|y}}", "{{ company | x }}{{name}}"]:
        said = await db.fetchval("select private.fill_in($1, $2::jsonb)", source, json.dumps(values))
        assert fill_in(source, values) == said, source
        wrong = await db.fetchval("select private.email_fault($1)", source)
        assert (fault("Hello", source or " ") is None) == (wrong is None and bool(source.strip())), source


def test_examples_are_without_fault_and_links_are_found():
    for _, subject, body in EXAMPLES:
        assert fault(subject, body) is None
    assert set(VARIABLES) == {"name", "first_name", "company", "title", "email", "sender", "team"}
    assert [called(subject) for subject in ("Hello {{first_name|there}} ", "{{company}}")] == ["Hello …", "{{company}}"]
    assert parts("See (https://a.test/x?a=1). Bye") == [
        ("See (", False),
        ("https://a.test/x?a=1", True),
        ("). Bye", False),
    ]


def test_a_tally_counts_who_came_so_far():
    tally = Tally({"queued": 5, "sent": 1, "delivered": 2, "opened": 3, "clicked": 1, "bounced": 1, "failed": 2})
    assert [tally.reached(status) for status in ("sent", "delivered", "opened", "clicked")] == [8, 6, 4, 1]
    assert tally.rate("opened") == 0.5
    assert Tally({"queued": 3}).rate("opened") is None
