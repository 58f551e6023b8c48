"""The pages of e-mail, on the real stack: writing to many, watching them arrive, and what a viewer cannot."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from nicegui import ElementFilter, ui
from nicegui.testing import User

from components.ago import ago
from components.email_campaigns import CampaignHead, Campaigns
from components.email_compose import Compose
from components.email_list import EmailList, LetterDialog, history
from components.email_suppressed import Suppressed
from components.email_templates import NBSP, RateChart, Templates
from components.email_words import StatusBadge, due, percent, progress
from components.settings_digest import DigestPart, told
from components.tag import Tag
from components.time_zone import SAID
from components.time_zone import move as move_to
from state.emails import Tally
from state.models import Digest, EmailCampaign, EmailClick, SentEmail
from tests.pages.test_studio import LONG, only, until
from tests.pages.test_team import ada, db, grace, me, team_of

if TYPE_CHECKING:
    pass

__all__ = ["ada", "db"]  # fixtures

CONTACTS = """
insert into public.contacts (team_id, name, email, stage, tags)
select $1, format('Wren %s', n), format('wren%s@starling.test', n), case when n % 2 = 0 then 'won' else 'lead' end,
       case when n = 1 then array['vip'] else '{}' end
from generate_series(1, $2::int) n
"""
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
async def team(ada: User, db: asyncpg.Connection) -> UUID:
    """Of Ada's, with twelve contacts; open on the page of e-mail."""
    id = await team_of(db, owner=await grace(db), editor=me().id)
    await db.execute(CONTACTS, id, 12)
    await until(lambda: me().circles.get("team", id))
    await ada.open(f"/emails?team={id}")
    await ada.should_see("Nothing has been written yet", retries=LONG)
    return id


async def move(db: asyncpg.Connection, team: UUID, status: str, most: int = 100) -> None:
    await db.execute(
        """
        update public.sent_emails set status = $2, sent_at = now(), delivered_at = now()
        where id in (select id from public.sent_emails where team_id = $1 and status <> $2 order by id limit $3)
        """,
        team, status, most,
    )  # fmt: skip


async def test_a_letter_to_all_of_a_stage_is_written_and_watched(ada: User, db: asyncpg.Connection, team: UUID) -> None:
    with ada:
        compose, letters, campaigns = only(ada, Compose), only(ada, EmailList), only(ada, Campaigns)
        compose.show()
        await until(lambda: len(compose.picker._found) == 12)
        compose.picker._take_stage("won")
        await until(lambda: len(compose.picker._found) == 6)
        compose.send()
        assert compose._said.text == "Choose who gets it."
        compose.picker._add_all()
        compose.letter.write("Hello {{first_name}}", "Dear {{surname}},\n<b>https://starling.test/a</b>")
        assert compose._send.text == "Send to 6"
        compose.send()
        assert compose.letter.body.error == "There is no {{surname}}"
        compose.letter.write("Hello {{first_name}}", "Dear {{first_name}},\n<b>https://starling.test/a</b>")
        texts = [element.text for element in compose.preview._body.descendants() if isinstance(element, Tag)]
        assert texts == ["Dear Wren,\n<b>", "https://starling.test/a", "</b>"]  # text, whatever it looks like
        compose.letter.body.value = "Of {{company}} and {{title|nothing}}"
        assert compose.preview._gaps.text == "Empty for this contact: company. {{company|you}} would say “you”."
        compose.letter.write("Hello {{first_name}}", "Dear {{first_name}},\n<b>https://starling.test/a</b>")
        for at, wrong in (
            ("2020-01-01T08:00", "That is over already"), (f"{datetime.now(UTC).year + 2}-01-01T08:00", "At most a year ahead"), ("9999-12-31T23:59", "At most a year ahead"),
        ):  # fmt: skip
            compose._at.value = at
            compose.send()
            assert compose._at.error == wrong
        move_to(compose.client, "America/New_York")  # where that is a time after all times
        compose.send()
        assert compose._at.error == "Not a time"
        day = datetime.now(UTC).date() + timedelta(days=90)
        compose._at.value = f"{day}T08:00"
        assert compose._time() == datetime.combine(day, time(8), ZoneInfo("America/New_York"))
        assert compose._when.text == "in America/New York"
        compose._at.value = ""
        compose.send()
    await until(lambda: len(letters.list.items) == 6)
    (row,) = campaigns._list.items.values()
    await until(lambda: row._words.text == "6 queued")
    await move(db, team, "opened", 3)
    await until(lambda: row._words.text == "3 queued, 3 opened")
    await until(lambda: {item._badge.text for item in letters.list.items.values()} == {"queued", "opened"})
    letters.choose(status="opened")
    await until(lambda: letters.box.settled and len(letters.list.items) == 3)


async def test_one_campaign_is_followed_to_its_end(ada: User, db: asyncpg.Connection, team: UUID) -> None:
    with ada:
        contacts = list(
            (await db.fetchval("select array_agg(id) from public.contacts where team_id = $1", team) or [])[:4]
        )
        space = only(ada, EmailList)._desk
        day = (datetime.now(UTC) + timedelta(days=150)).replace(hour=8, minute=0, second=0, microsecond=0)
        made = space.send(contacts, "Hello", "Dear {{name}}", at=day)
    await until(lambda: not space.campaigns.mutations.unconfirmed)
    more = "insert into public.email_campaigns (team_id, name, subject) select $1, 'More', 'More' from generate_series(1, 60)"
    await db.execute(more, team)
    space.campaigns.refresh()
    later = "select params->'later' from public.member_activities where entity_id = $1"
    assert await db.fetchval(later, made.id) == "true"  # nobody has been written to yet
    await until(lambda: not space.campaigns.get(made.id))  # it is not among the newest any more
    await ada.open(f"/emails/{made.id}?team={team}")
    await ada.should_see(f"goes {due(made, datetime.now(UTC), 'UTC')}", retries=LONG)
    head, letters = only(ada, CampaignHead), only(ada, EmailList)
    await until(lambda: head._counts["queued"][1].text == "4" and len(letters.list.items) == 4)
    head._send_now()
    await until(lambda: not head._now.visible)
    await move(db, team, "delivered", 3)
    await until(lambda: head._counts["delivered"][1].text == "3")
    dialog = only(ada, LetterDialog)
    with ada:
        dialog.show(next(iter(letters.list.items.values()))._email)
    await ada.should_see("Dear Wren", retries=LONG)
    await head._desk.cancel(made.id)
    await until(lambda: head._counts["cancelled"][1].text == "1" and not head._cancel.visible)
    with ada:
        assert {badge._status for badge in ElementFilter(kind=StatusBadge)} >= {"delivered", "cancelled"}


async def test_templates_are_written_and_their_rates_drawn(ada: User, db: asyncpg.Connection, team: UUID) -> None:
    with ada:
        templates = only(ada, Templates)
        assert templates._examples.visible
        dialog = templates.dialog
        dialog.show(words=("Tides", "Hello {{first_name|there}}", "See {{nowhere}}"))
        await dialog.save()
        assert dialog.letter.body.error == "There is no {{nowhere}}"
        dialog.letter.write("Hello {{first_name|there}}", "See https://starling.test")
        await dialog.save()
    await until(lambda: len(templates._list.items) == 1)
    assert not templates._examples.visible
    (row,) = templates._list.items.values()
    contacts = await db.fetchval("select array_agg(id) from public.contacts where team_id = $1", team)
    with ada:
        letters = only(ada, EmailList)
        letters._desk.send(contacts, "Hello", "See", template=row.template.id)
    await until(lambda: len(letters.list.items) == 12)
    await until(lambda: row._rates.text == "not sent yet")
    await move(db, team, "delivered")
    await move(db, team, "opened", 6)
    await until(lambda: row._rates.text.replace(NBSP, " ") == "12 sent · 50 % opened · 0 % clicked · 0 % bounced")
    chart = only(ada, RateChart)
    await until(lambda: chart.visible)
    assert [(s["name"], s["data"]) for s in chart._chart.options["series"]] == [("opened", [50.0]), ("clicked", [0.0]), ("bounced", [0.0])]  # fmt: skip


async def test_who_is_left_alone_is_named(ada: User, db: asyncpg.Connection, team: UUID) -> None:
    suppressed = only(ada, Suppressed)
    with ada:
        await suppressed.line.send("nobody")
        assert suppressed._address.error == "Not an e-mail address"
        await suppressed.line.send("wren1@starling.test")
    await ada.should_see("added by your team", retries=LONG)
    await db.execute("insert into public.email_suppressions (team_id, address, reason) values ($1, 'wren2@starling.test', 'unsubscribed')", team)  # fmt: skip
    await ada.should_see("unsubscribed", retries=LONG)


async def test_a_viewer_reads_and_has_nothing_to_press(ada: User, db: asyncpg.Connection, team: UUID) -> None:
    await db.execute(
        "update public.team_members set role = 'viewer' where team_id = $1 and member_id = $2", team, me().id
    )
    await until(lambda: (place := me().circles.get("team", team)) and place.role == "viewer")
    await ada.open(f"/emails?team={team}")
    await ada.should_see("Nothing has been written yet", retries=LONG)
    with ada:
        shown = {button.text for button in ElementFilter(kind=ui.button) if button.visible}
    assert not {"Write an e-mail"} & shown
    assert not only(ada, Templates)._new.visible
    assert not only(ada, Suppressed)._form.visible


async def test_a_digest_is_asked_for(ada: User, db: asyncpg.Connection) -> None:
    await ada.open("/settings")
    part = only(ada, DigestPart)
    await until(lambda: part._choice.preferences.phase == "ready")
    with ada:
        part._wanted.value = True
        part._hour.value = 7
    await until(lambda: not part._choice.preferences.mutations.unconfirmed)
    row = await db.fetchrow("select wanted, hour from public.digest_preferences where id = $1", me().id)
    assert row is not None
    assert tuple(row) == (True, 7)
    ada.http_client.cookies.set(SAID, "Asia/Tokyo")  # as static/starling.js does
    await ada.open("/settings")
    part = only(ada, DigestPart)
    await until(lambda: part._choice.preferences.phase == "ready" and part._wanted.value)
    with ada:  # the day stays where it was until one says so
        assert (part._zone.text, part._move.text, part._move.visible) == ("in UTC", "Use Asia/Tokyo", True)
        part._choose("Asia/Tokyo")
    await until(lambda: not part._choice.preferences.mutations.unconfirmed)
    assert await db.fetchval("select zone from public.digest_preferences where id = $1", me().id) == "Asia/Tokyo"
    assert not part._move.visible
    await db.execute(
        "insert into public.digests (owner_id, day, status, numbers, simulated) values ($1, '2026-11-26', 'sent', '{\"pictures\": 3}', true)",
        me().id,
    )
    await ada.should_see("The last one (26 Nov, simulated: no mail server is set up): 3 pictures.", retries=LONG)
    await db.execute("delete from public.digests; delete from public.digest_preferences")


async def test_guests_sign_in_first(user: User) -> None:
    await user.open("/emails")
    await user.should_see("Sign in")


def test_words() -> None:
    assert (percent(None), percent(0.476)) == ("–", "48 %")
    assert progress(Tally({"queued": 2, "opened": 1})) == "2 queued, 1 opened"
    assert progress(Tally()) == "nothing yet"
    stamp = {"created_at": NOW, "updated_at": NOW, "version": 1}
    campaign = EmailCampaign(
        id=uuid4(), team_id=uuid4(), template_id=None, sender_id=None, name="T", subject="T", recipients=1, skipped=0,
        scheduled_at=datetime(2026, 11, 26, 20, tzinfo=UTC), **stamp,
    )  # fmt: skip
    assert due(campaign, NOW, "Europe/Berlin") == "today at 21:00"
    assert due(campaign, datetime(2026, 11, 26, 21, tzinfo=UTC), "UTC") == ""
    digest = Digest(
        id=uuid4(), owner_id=uuid4(), day=NOW.date(), status="failed", numbers={}, simulated=False, error=None, attempt=1,
        sent_at=None, **stamp,
    )  # fmt: skip
    assert told(digest) == "The last one (26 Nov, failed): a quiet day."
    assert told(digest.model_copy(update={"status": "quiet"})) == "26 Nov was a quiet day: nothing was sent."


def test_what_happened_is_told_the_last_first() -> None:
    at = [datetime(2026, 11, 26, 12, n, tzinfo=UTC) for n in range(5)]
    stamp = {"updated_at": NOW, "version": 1}
    email = SentEmail(
        id=uuid4(), team_id=uuid4(), campaign_id=uuid4(), template_id=None, contact_id=None, sender_id=None, to_name="", to_address="a@b.c",
        subject="T", status="opened", error=None, simulated=True, opens=1, clicks=0, scheduled_at=at[0], sent_at=at[1], delivered_at=at[2],
        opened_at=at[4], clicked_at=None, ended_at=None, created_at=at[0], **stamp,
    )  # fmt: skip

    def click(minute: int, machine: bool) -> EmailClick:
        return EmailClick(
            id=uuid4(), team_id=email.team_id, email_id=email.id, kind="open", url=None, machine=machine, agent="",
            created_at=at[minute], **stamp,
        )  # fmt: skip

    words = [words for _, words, _ in history(email, [click(4, False), click(3, True)])]
    assert words == ["Opened", "Fetched by a mail program, not read", "Delivered", "Sent", "Written"]
    waits = email.model_copy(update={"status": "queued", "scheduled_at": NOW + timedelta(days=1), "sent_at": None})
    assert history(waits, [])[0][:2] == (NOW + timedelta(days=1), "Goes")
    assert ago(NOW + timedelta(hours=5), NOW) == "in 5 h"
