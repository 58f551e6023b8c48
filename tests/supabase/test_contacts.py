"""Contacts, tried as everybody: who may do what in which role, that only what was changed is written, and imports."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.supabase.people import Person, refused
from tests.supabase.teams import Team, make_team
from tests.supabase.test_plans import steps


@pytest.fixture
async def team(owner: Person, stranger: Person, third: Person, sql: asyncpg.Connection) -> AsyncIterator[Team]:
    """Of the owner, with the stranger as an editor and the third as a viewer."""
    made = await make_team(owner, sql, editor=stranger, viewer=third)
    yield made
    await sql.execute("delete from public.teams where id = $1", made.id)


async def add(somebody: Person, team: Team, **fields: Any) -> dict[str, Any]:
    said = {"contact_id": str(uuid4()), "team_id": team.id, "fields": {"name": "Mira Berg", **fields}}
    return await somebody.call("add_contact", **said)


async def bring(somebody: Person, team: Team, rows: list[Any], **wishes: Any) -> dict[str, Any]:
    return await somebody.call(
        "import_contacts", **{"import_id": str(uuid4()), "team_id": team.id, "rows": rows, **wishes}
    )


def deeds(team: Team, contact: str, comment: str) -> list[tuple[str, dict[str, Any]]]:
    """Everything that changes something."""
    return [
        ("add_contact", {"contact_id": str(uuid4()), "team_id": team.id, "fields": {"name": "Mallory"}}),
        ("edit_contact", {"contact_id": contact, "changes": {"name": "Mallory"}}),
        ("edit_contacts", {"team_id": team.id, "ids": [contact], "changes": {"stage": "lost"}}),
        ("remove_contacts", {"team_id": team.id, "ids": [contact]}),
        ("edit_contacts_alike", {"team_id": team.id, "alike": {}, "changes": {"stage": "lost"}}),
        ("remove_contacts_alike", {"team_id": team.id, "alike": {}}),
        ("import_contacts", {"import_id": str(uuid4()), "team_id": team.id, "rows": [{"name": "Mallory"}]}),
        ("comment_on_contact", {"comment_id": str(uuid4()), "contact_id": contact, "body": "Ha"}),
    ]


async def test_viewers_change_nothing_and_strangers_see_nothing(team: Team, owner: Person, third: Person):
    contact = await add(owner, team)
    said = {"comment_id": str(uuid4()), "contact_id": contact["id"], "body": "Call on Monday"}
    comment = await owner.call("comment_on_contact", **said)
    for function, arguments in deeds(team, contact["id"], comment["id"]):
        refused(await third.ask(function, **arguments), 403, "42501")
    refused(await third.ask("remove_contact_comment", comment_id=comment["id"]), 403, "42501")
    for path in (f"contacts?id=eq.{contact['id']}", f"contact_comments?id=eq.{comment['id']}"):
        assert len(await third.rows(path)) == 1
        for method, body in (("PATCH", {"team_id": team.id}), ("DELETE", None)):
            refused(await third.rest(method, path, body), 403, "42501")
    await team.remove(third)  # and is a stranger from now on
    for function, arguments in deeds(team, contact["id"], comment["id"]):
        refused(await third.ask(function, **arguments), 404, "PT404")
    assert await third.rows(f"contacts?team_id=eq.{team.id}") == []
    assert await third.rows(f"contact_comments?team_id=eq.{team.id}") == []
    assert (await third.call("contact_counts", team_id=team.id))["total"] == 0
    (row,) = await owner.rows(f"contacts?team_id=eq.{team.id}")
    assert (row["name"], row["stage"]) == ("Mira Berg", "lead")


async def test_only_what_is_named_is_written_and_the_row_says_by_whom(team: Team, owner: Person, stranger: Person):
    contact = await add(owner, team, phone="+49 30 1")
    await owner.call("edit_contact", contact_id=contact["id"], changes={"phone": "+49 30 2"})
    now = await stranger.call("edit_contact", contact_id=contact["id"], changes={"email": " Mira@Berg.COM "})
    assert (now["phone"], now["email"]) == ("+49 30 2", "mira@berg.com")
    assert {name: mark["by"] for name, mark in now["edited"].items()} == {"phone": owner.id, "email": stranger.id}
    last = await stranger.call("edit_contact", contact_id=contact["id"], changes={"phone": "+49 30 3", "stage": "won"})
    assert last["edited"]["phone"]["by"] == stranger.id
    assert last["stage_since"] > now["stage_since"]
    for word in ("mira", "com", "493"):
        assert f" {word}" in last["search"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "), ("name", None), ("name", "x" * 121), ("email", "mira"), ("email", "mira@berg"), ("phone", "<b>"),
        ("stage", "gone"), ("tags", "vip"), ("tags", ["x" * 41]), ("tags", [str(n) for n in range(21)]), ("notes", "x" * 5001),
        ("owner_id", "5d3c1e0a-0000-4000-8000-00000000abcd"), ("version", 7),
    ],
)  # fmt: skip
async def test_a_wrong_field_is_named(team: Team, owner: Person, field: str, value: Any):
    contact = await add(owner, team)
    for answer in (
        await owner.ask("edit_contact", contact_id=contact["id"], changes={field: value}),
        await owner.ask("add_contact", contact_id=str(uuid4()), team_id=team.id, fields={"name": "Lin", field: value}),
    ):
        refused(answer, 400, "22023")
        assert answer.json()["hint"] == field


async def test_many_are_edited_and_removed_in_one_statement(team: Team, owner: Person, sql: asyncpg.Connection):
    contacts = [await add(owner, team, tags=["a", "b"]) for _ in range(3)]
    other = await make_team(owner, sql)
    elsewhere = await add(owner, other)
    ids = [contact["id"] for contact in contacts]
    changed = await owner.call(
        "edit_contacts", team_id=team.id, ids=[*ids, elsewhere["id"]], changes={"stage": "won"}, more_tags=["C d"], less_tags=["b"]
    )  # fmt: skip
    assert sorted(row["id"] for row in changed) == sorted(ids)
    assert {(row["stage"], tuple(row["tags"])) for row in changed} == {("won", ("a", "c d"))}
    refused(await owner.ask("edit_contacts", team_id=team.id, ids=ids, changes={"name": "One"}), 400, "22023")
    assert await owner.call("contact_counts", team_id=team.id) == {
        "total": 3, "stages": {"won": 3}, "tags": [["a", 3], ["c d", 3]],
    }  # fmt: skip
    assert await owner.call("remove_contacts", team_id=team.id, ids=[*ids, elsewhere["id"]]) == 3
    assert len(await owner.rows(f"contacts?id=eq.{elsewhere['id']}")) == 1
    await sql.execute("delete from public.teams where id = $1", other.id)


async def test_all_that_are_alike_are_edited_and_removed_and_no_others(
    team: Team, owner: Person, sql: asyncpg.Connection
):
    for name, stage, tags in (("Mira Berg", "won", ["a"]), ("Mira Wolf", "won", []), ("Ada Berg", "lead", ["a"])):
        await add(owner, team, name=name, stage=stage, tags=tags)
    other = await make_team(owner, sql)
    await add(owner, other, stage="won")

    async def edit(alike: Any, **changes: Any) -> int:
        return await owner.call("edit_contacts_alike", team_id=team.id, alike=alike, **changes)

    assert await edit({"words": ["mi", "be"], "stage": "won", "tag": None, "owner": None}, more_tags=["x"]) == 1
    assert await edit({"words": ["mi"], "tag": "x"}, changes={"owner_id": owner.id}, less_tags=["x"]) == 1
    assert await edit({"owner": owner.id}, changes={"stage": "lost"}) == 1
    assert await edit({"words": ["ira"]}, changes={"stage": "lost"}) == 0
    for nonsense in ({"name": "Mira"}, [], {"words": "mi"}, {"owner": "me"}):
        assert (await owner.ask("remove_contacts_alike", team_id=team.id, alike=nonsense)).status_code == 400
    refused(await owner.ask("edit_contacts_alike", team_id=team.id, alike={}, changes={"name": "One"}), 400, "22023")
    many = [f"x{n}" for n in range(101)]  # by thousands they would be minutes of work
    refused(await owner.ask("remove_contacts_alike", team_id=team.id, alike={"words": many}), 400, "22023")
    for function, which in (("edit_contacts_alike", {"alike": {}}), ("edit_contacts", {"ids": []})):
        refused(await owner.ask(function, team_id=team.id, less_tags=many, **which), 400, "22023")
    assert await owner.call("remove_contacts_alike", team_id=team.id, alike={"stage": "lost"}) == 1
    left = await sql.fetch(
        "select name from public.contacts where team_id = any ($1::uuid[]) order by name", [team.id, other.id]
    )
    assert [row["name"] for row in left] == ["Ada Berg", "Mira Berg", "Mira Wolf"]
    await sql.execute(
        "insert into public.contacts (team_id, name) select $1, 'Row ' || n from generate_series(1, 5000) n", team.id
    )
    refused(await owner.ask("remove_contacts_alike", team_id=team.id, alike={}), 409, "PT409")
    await sql.execute("delete from public.teams where id = $1", other.id)


async def test_an_import_says_what_is_wrong_in_which_row_and_is_made_once(team: Team, owner: Person):
    await add(owner, team, email="mira@berg.com")
    rows = [
        {"name": "Lin", "email": "lin@ito.com"},
        {"name": "Lin again", "email": "LIN@ito.com"},  # a second time in the same file
        {"email": "nobody@ito.com"},
        {"name": "Omar", "email": "omar", "stage": "gone"},
        {"name": "Mira", "email": "mira@berg.com", "company": "Berg", "tags": ["vip"]},
        "nonsense",
        {"name": "Zoe"},
    ]
    once = str(uuid4())
    outcome = await bring(owner, team, rows, import_id=once, source="people.csv")
    assert {**outcome, "errors": None} == {"added": 2, "filled": 0, "skipped": 2, "failed": 3, "errors": None}
    assert [(e["row"], e["field"]) for e in outcome["errors"]] == [(3, "name"), (4, "email"), (4, "stage"), (6, "")]
    assert await bring(owner, team, rows, import_id=once) == outcome
    filled = await bring(owner, team, rows[4:5], on_duplicate="fill")
    assert (filled["added"], filled["filled"]) == (0, 1)
    (mira,) = await owner.rows(f"contacts?team_id=eq.{team.id}&email=eq.mira@berg.com")
    assert (mira["name"], mira["company"], mira["tags"]) == ("Mira Berg", "Berg", ["vip"])
    told = await owner.rows("notifications?kind=eq.import_finished&order=created_at.desc&limit=2")
    assert (told[1]["title"], told[1]["body"]) == ("people.csv", "2 added, 2 there already, 3 with errors")
    many = await owner.ask("import_contacts", import_id=str(uuid4()), team_id=team.id, rows=[{"name": "x"}] * 10_001)
    refused(many, 409, "PT409")


async def test_who_is_named_in_a_comment_is_told_once_they_are_in_the_team(
    team: Team, owner: Person, stranger: Person, third: Person, sql: asyncpg.Connection
):
    names = {
        p.id: await sql.fetchval("select username from public.profiles where id = $1", p.id) for p in (stranger, third)
    }
    await team.remove(third)
    contact = await add(owner, team)
    body = f"@{names[stranger.id]} @{names[third.id]} @nobody_at_all mail@{names[stranger.id]}"
    said = {"comment_id": str(uuid4()), "contact_id": contact["id"], "body": body}
    comment = await owner.call("comment_on_contact", **said)
    assert (await owner.call("comment_on_contact", **said))["id"] == comment["id"]
    (told,) = await stranger.rows(f"notifications?kind=eq.mention&subject_id=eq.{contact['id']}")
    assert (told["title"], told["times"], told["path"]) == (
        "Mira Berg", 1, f"/contacts?team={team.id}&contact={contact['id']}",
    )  # fmt: skip
    assert await third.rows("notifications?kind=eq.mention") == []
    refused(await stranger.ask("remove_contact_comment", comment_id=comment["id"]), 403, "42501")
    await owner.call("remove_contact_comment", comment_id=comment["id"])
    assert await owner.rows(f"contact_comments?id=eq.{comment['id']}") == []


async def test_a_filter_is_its_members_own(team: Team, owner: Person, stranger: Person):
    saved = await owner.call(
        "save_contact_filter", filter_id=str(uuid4()), team_id=team.id, name="Leads", settings={"stage": "lead"}
    )
    assert await stranger.rows(f"contact_filters?id=eq.{saved['id']}") == []
    theirs = {"filter_id": saved["id"], "team_id": team.id, "name": "Mine", "settings": {}}
    refused(await stranger.ask("save_contact_filter", **theirs), 409, "23505")
    await stranger.call("remove_contact_filter", filter_id=saved["id"])
    assert len(await owner.rows(f"contact_filters?id=eq.{saved['id']}")) == 1


MANY = """
insert into public.contacts (team_id, name, email, company)
select ('00000000-0000-4000-8000-' || lpad((n % 10)::text, 12, '0'))::uuid, 'Person ' || n, format('p%s@firm.com', n), 'Firm ' || n % 50
from generate_series(1, 4000) n
"""


async def test_a_page_of_contacts_is_read_along_an_index(owner: Person, team: Team, sql: asyncpg.Connection):
    transaction = sql.transaction()
    await transaction.start()
    try:
        await sql.execute(
            "insert into public.teams (id, name) select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'T' from generate_series(0, 9) n"
        )
        await sql.execute(MANY)
        await sql.execute("analyze public.contacts")
        mine = "team_id = '00000000-0000-4000-8000-000000000003'"
        for order in ("name_key", "name_key desc", "company_key", "created_at desc", "updated_at desc"):
            taken = await steps(sql, owner, f"select * from public.contacts where {mine} order by {order}, id limit 50")
            names = [step.get("Index Name") for step in taken if "Index Scan" in step["Node Type"]]
            assert [name for name in names if name and name.startswith(f"contacts_{order.split('_')[0]}")], order
        behind = f"{mine} and name_key >= 'person 5' and (name_key > 'person 5' or (name_key = 'person 5' and id > '00000000-0000-4000-8000-000000000003'))"
        taken = await steps(sql, owner, f"select * from public.contacts where {behind} order by name_key, id limit 50")
        conditions = [step["Index Cond"] for step in taken if "Index Cond" in step]
        assert any(
            "name_key >=" in condition for condition in conditions
        )  # begins where the page does, however far behind
        searched = await steps(
            sql,
            owner,
            f"select * from public.contacts where {mine} and search like '% zoe%' order by name_key, id limit 50",
        )
        assert [step for step in searched if step["Node Type"] == "Seq Scan"] == []  # other teams' are not read
    finally:
        await transaction.rollback()
