"""The demo members' team and chat: furnished once, and lived in by nobody but demo members, within bounds."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.worker.studio import Studio
from worker.crowd import LIKELIHOOD, Crowd
from worker.crowd_floor import KEEP_CONTACTS, MOST_NOTES, PEOPLE, TALKS, possible
from worker.errors import Refused

TEAM = UUID("5d3c1e0a-7000-4000-8000-000000000001")
CHAT = UUID("5d3c1e0a-7000-4000-8000-000000000002")
SAID = f"public.chat_messages where session_id = '{CHAT}' and role = 'user'"
CONTACTS = f"public.contacts where team_id = '{TEAM}'"
FLOOR = {act: LIKELIHOOD[act] for act in ("talk", "move", "note", "meet", "task", "plan")}
TASKS = f"public.tasks where team_id = '{TEAM}'"
RESTED = "".join(
    f"alter table {table} disable trigger stamp; update {table} set updated_at = now() - interval '1 hour';"
    f"alter table {table} enable trigger stamp;"
    for table in ("public.contacts", "public.tasks")
)


@pytest.fixture
async def empty(studio: Studio) -> Studio:
    """A studio in which nothing was sown."""
    await studio.database.execute(
        f"""delete from private.demo_seeds; delete from public.watchlists; delete from private.allowances;
            delete from {CONTACTS}; delete from {SAID}; delete from public.member_activities;
            delete from public.user_presence; delete from public.projects;
            delete from public.email_campaigns; delete from public.email_templates;
            update public.circle_members set turned_at = null where kind = 'team'"""
    )
    return studio


async def floor(studio: Studio) -> dict[str, Any]:
    return await studio.api.call("crowd_floor")


async def scene(studio: Studio, *members: UUID) -> dict[str, Any]:
    found = {
        "members": [str(member) for member in members or studio.members],
        "posts": [],
        "pictures": [],
        "open_jobs": 99,
    }
    return found | {"floor": await floor(studio)}


async def test_the_team_and_the_chat_are_furnished_once(empty: Studio) -> None:
    assert await empty.api.call("seed_demo_floor", letters=True) is True
    assert await empty.count(CONTACTS) == 40
    stages = await empty.database.fetch(f"select stage, count(*) from {CONTACTS} group by 1")
    assert {row["stage"] for row in stages} == {"lead", "qualified", "proposal", "won", "lost"}
    assert all(row["count"] >= 3 for row in stages)
    assert await empty.count(f"{CONTACTS} and cardinality(tags) > 0 and company <> '' and email like '%.example'") == 40
    assert await empty.count("public.contact_comments") == 10
    assert await empty.count(SAID) == 8
    columns = await empty.database.fetch(f"select status, count(*) from {TASKS} group by 1")
    assert {row["status"] for row in columns} == {"queued", "in_progress", "completed", "failed", "cancelled"}
    assert await empty.count("public.shots") == 4
    assert await empty.count("public.email_templates") == 2
    assert await empty.count("public.sent_emails where to_address like '%.example'") == 22
    assert await empty.database.fetchval("select count(distinct owner_id) from public.watchlists") == 2
    turned = f"public.circle_members where circle_id = '{TEAM}' and turned_at is not null"
    assert await empty.count(turned) == len(empty.members)
    assert await empty.count("public.notifications where kind = 'mention' and owner_id = $1", empty.members[0]) >= 1
    # It looks as if weeks had passed, in an order that can be.
    assert await empty.count("public.member_activities where kind like '%edited'") == 0
    days = "select count(distinct created_at::date) from"
    assert await empty.database.fetchval(f"{days} {TASKS}") >= 10
    assert await empty.database.fetchval(f"{days} {CONTACTS}") == len(empty.members)
    assert await empty.database.fetchval(f"{days} public.member_activities where team_id = '{TEAM}'") >= 15
    for what in (TASKS, CONTACTS, "public.contact_comments", "public.member_activities"):
        where = "and" if "where" in what else "where"
        assert await empty.count(f"{what} {where} created_at > now()") == 0
    said = await empty.database.fetch(f"select now() - created_at as age from {SAID} order by seq")
    ages = [row["age"].total_seconds() / 3600 for row in said]
    assert ages == sorted(ages, reverse=True)
    assert 20 < ages[0] < 24
    assert 0.9 < ages[-1] < 2
    sent = await empty.database.fetch("select status, count(*) from public.sent_emails group by 1")
    assert {row["status"] for row in sent} == {"delivered", "opened", "clicked", "bounced"}
    order = "created_at < sent_at and sent_at <= coalesce(opened_at, sent_at) and coalesce(opened_at, sent_at) < now() - interval '2 days'"
    assert await empty.count(f"public.sent_emails where {order}") == 22
    assert await empty.count("public.email_clicks where created_at > now() - interval '1 day'") == 0
    told = "public.notifications where kind in ('mention', 'chat_mention', 'task_assigned') and created_at > now() - interval '1 minute'"
    assert await empty.count(f"{told} and happened_at > now() - interval '1 hour'") == 0
    late = "public.contact_comments n join public.contacts c on c.id = n.contact_id where n.created_at not between c.created_at and c.updated_at"
    assert await empty.count(late) == 0

    await empty.database.execute(f"delete from {CONTACTS}")  # somebody wants it empty
    assert await empty.api.call("seed_demo_floor") is False
    assert await empty.count(CONTACTS) == 0


async def test_what_somebody_made_before_is_left_alone(empty: Studio) -> None:
    await empty.as_member(0, 'select public.add_contact($1, $2, \'{"name": "Mine"}\')', uuid4(), TEAM)
    await empty.as_member(0, "select public.send_message($1, $2, 'Mine')", uuid4(), CHAT)
    await empty.database.execute(
        "update public.circle_members set turned_at = now() where kind = 'team' and circle_id <> $1 and member_id = $2",
        TEAM, empty.members[0],
    )  # fmt: skip
    assert await empty.api.call("seed_demo_floor", letters=True) is True
    assert (await empty.count(CONTACTS), await empty.count(SAID)) == (1, 1)
    assert await empty.count("public.sent_emails") == 0
    turned = f"public.circle_members where circle_id = '{TEAM}' and turned_at is not null"
    assert await empty.count(turned) == len(empty.members) - 1


async def test_it_chats_and_looks_after_contacts_as_members_do(empty: Studio) -> None:  # C7
    await empty.api.call("seed_demo_floor")
    assert await empty.count("public.sent_emails") == 0  # a mail server might send them
    crowd = Crowd(empty.api, 10, rng=random.Random(7))
    done: Counter[str | None] = Counter()
    while done.total() < 80 or set(done) != set(FLOOR):  # what is rare may not be among the first
        assert done.total() < 500
        await empty.database.execute(RESTED)
        done[await crowd.act(await scene(empty), FLOOR)] += 1
    assert await empty.count(SAID) == 8 + done["talk"]
    assert await empty.count(CONTACTS) == 40 + done["meet"]
    assert await empty.count("public.contact_comments") == 10 + done["note"]
    assert await empty.count(TASKS) == 13 + done["plan"]
    assert await empty.count(f"{TASKS} and type = 'render' and status = 'queued'") == 2
    for kind in ("contact_edited", "task_edited"):
        assert await empty.count("public.member_activities where kind = $1", kind) > 0
    said = await empty.database.fetch(f"select author_id from {SAID} order by seq")
    assert all(a["author_id"] != b["author_id"] for a, b in pairwise(said))  # no monologues


async def test_a_talk_goes_on_and_a_visitor_is_answered(empty: Studio) -> None:
    begun = {"talkers": ["a", "b"], "editors": [], "contacts": [], "met": [], "tasks": [], "plans": True, "planned": []}
    last = {"author": "a", "content": TALKS[0][0], "ours": True}
    calls = possible(begun | {"said": [last]}, ["a", "b"], random.Random(1))
    assert calls["talk"] == [("crowd_say", {"member": "b", "content": TALKS[0][1]})]
    assert not any(calls[act] for act in calls if act != "talk")
    visitor = possible(
        begun | {"said": [last, {"author": "c", "content": "Hello", "ours": False}]}, ["b"], random.Random(1)
    )
    assert visitor["talk"][0][1]["content"] not in {line for talk in TALKS for line in talk}


async def test_whoever_is_here_themselves_is_not_made_to_act(empty: Studio) -> None:  # C1
    await empty.api.call("seed_demo_floor")
    await empty.database.execute(RESTED)
    found, rng = await scene(empty, *empty.members[1:]), random.Random(1)
    calls = possible(found["floor"], found["members"], rng)
    assert all(calls.values())
    assert str(empty.members[0]) not in {arguments["member"] for each in calls.values() for _, arguments in each}


async def test_contacts_of_visitors_and_what_was_just_touched_are_left_alone(empty: Studio) -> None:  # C7
    await empty.api.call("seed_demo_floor")
    mine, touched = uuid4(), await empty.database.fetchval("select contact_id from private.crowd_contacts limit 1")
    await empty.as_member(1, 'select public.edit_contact($1, \'{"title": "Mine"}\')', touched)
    assert len((await floor(empty))["contacts"]) == 39
    await empty.as_member(0, 'select public.add_contact($1, $2, \'{"name": "Mine"}\')', mine, TEAM)
    await empty.database.execute(RESTED)
    assert len((await floor(empty))["contacts"]) == 40
    someone = {"member": str(empty.members[1]), "contact_id": str(mine)}
    for function, more in {"crowd_move": {"stage": "won"}, "crowd_note": {"body": "no"}}.items():
        with pytest.raises(Refused, match="There is no such contact"):
            await empty.api.call(function, **someone, **more)
    with pytest.raises(Refused, match="There is no such task"):
        await empty.api.call("crowd_task", member=str(empty.members[1]), task_id=str(uuid4()), status="completed")


async def test_nobody_but_demo_members_can_be_made_to_work(empty: Studio) -> None:  # C1
    await empty.api.call("seed_demo_floor")
    contact = await empty.database.fetchval("select contact_id::text from private.crowd_contacts limit 1")
    task = await empty.database.fetchval("select task_id::text from private.crowd_tasks limit 1")
    stranger = uuid4()
    await empty.database.execute(
        "insert into auth.users (id, aud, role, email) values ($1, 'authenticated', 'authenticated', $2)",
        stranger, f"{stranger}@starling.test",
    )  # fmt: skip
    calls: dict[str, dict[str, Any]] = {
        "crowd_say": {"content": "no"},
        "crowd_meet": {"fields": {"name": "No"}},
        "crowd_move": {"contact_id": contact, "stage": "won"},
        "crowd_note": {"contact_id": contact, "body": "no"},
        "crowd_plan": {"title": "No", "label": "no"},
        "crowd_task": {"task_id": task, "status": "completed"},
    }
    for function, arguments in calls.items():
        with pytest.raises(Refused, match="There is no such demo member"):
            await empty.api.call(function, member=str(stranger), **arguments)
    await empty.database.execute("delete from auth.users where id = $1", stranger)


async def test_it_leaves_no_more_words_and_contacts_than_it_may(empty: Studio) -> None:  # C7
    assert len(PEOPLE) > KEEP_CONTACTS
    assert MOST_NOTES < 20
    await empty.api.call("seed_demo_floor")
    member = str(empty.members[1])
    for number in range(4):
        await empty.api.call("crowd_say", member=member, content=f"word {number}")
        await empty.api.call("crowd_meet", member=member, fields={"name": f"Person {number}"})
        await empty.api.call("crowd_plan", member=member, title=f"Task {number}", label="late")
    await empty.as_member(0, "select public.send_message($1, $2, 'Mine')", uuid4(), CHAT)
    assert await empty.api.call("prune_crowd_floor", messages=3, contacts=1, tasks=2) == 9 + 3 + 2
    left = await empty.database.fetch(f"select content from {SAID} order by seq")
    assert [row["content"] for row in left] == ["word 1", "word 2", "word 3", "Mine"]
    assert await empty.count(f"{CONTACTS} and name = 'Person 3'") == 1
    assert await empty.count(CONTACTS) == 41
    assert await empty.count(TASKS) == 13 + 2


async def test_without_demo_members_nothing_is_sown(empty: Studio) -> None:
    async with empty.database.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("update public.profiles set is_demo = false")
        assert await connection.fetchval("select public.seed_demo_floor()") is None
        await transaction.rollback()
