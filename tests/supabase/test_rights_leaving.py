"""Leaving and the self-test's own functions, tried as everybody: nobody sends another away, or sees what is not theirs."""

from __future__ import annotations

import asyncpg
import pytest

from embedded.stack import Address
from tests.supabase.people import Person, person, refused

LEAVING = "select exists (select from private.leavers where member_id = $1)"


async def test_only_the_member_themselves_can_ask_to_be_forgotten(
    owner: Person, stranger: Person, anon: Person, third: Person, sql: asyncpg.Connection
):
    refused(await stranger.ask("forget_me", member_id=owner.id), 404, "PT404")
    refused(await anon.ask("forget_me", member_id=owner.id), 401, "42501")
    assert not await sql.fetchval(LEAVING, owner.id)
    assert (await third.ask("forget_me", member_id=third.id)).is_success
    assert await sql.fetchval(LEAVING, third.id)
    await sql.execute("delete from private.leavers where member_id = $1", third.id)


async def test_a_demo_account_is_everybodys(supabase: Address, sql: asyncpg.Connection, anon: Person):
    """Its password is on the sign-in page: whoever uses it must not take it from the others."""
    account = {"email": "ada@starling.demo", "password": "starling-demo"}
    answer = await anon.http.post("/auth/v1/token?grant_type=password", json=account)
    session = answer.json()
    ada = person(supabase, "ada", supabase.publishable_key, session["access_token"], session["user"]["id"])
    refused(await ada.ask("forget_me", member_id=ada.id), 409, "PT409")
    assert not await sql.fetchval(LEAVING, ada.id)
    await ada.http.aclose()


async def test_asking_twice_or_late_brings_the_end_no_further(third: Person, sql: asyncpg.Connection):
    await third.call("forget_me", member_id=third.id)
    due = "select due_at from private.leavers where member_id = $1"
    first = await sql.fetchval(due, third.id)
    await third.call("forget_me", member_id=third.id)
    assert await sql.fetchval(due, third.id) == first
    await sql.execute("delete from private.leavers where member_id = $1", third.id)


async def test_only_throw_away_members_are_furnished(owner: Person, third: Person, sql: asyncpg.Connection):
    refused(await owner.ask("furnish_selftest"), 404, "PT404")
    await third.call("forget_me", member_id=third.id)  # who leaves is not thereby a throw-away
    refused(await third.ask("furnish_selftest"), 404, "PT404")
    await sql.execute("update private.leavers set throwaway = true where member_id = $1", third.id)
    given = await third.call("furnish_selftest")
    assert await third.call("furnish_selftest") == given, "one of each, however often it is called"
    for table, id in given["rows"].items():
        (row,) = await third.rows(f"{table}?id=eq.{id}")
        assert (row["owner_id"], row["visibility"]) == (third.id, "private")
        assert await owner.rows(f"{table}?id=eq.{id}") == []
    await sql.execute("delete from private.leavers where member_id = $1", third.id)


async def test_the_catalogue_tells_names_and_whether_they_are_guarded(owner: Person, sql: asyncpg.Connection):
    catalog = {table["name"]: table for table in await owner.call("live_catalog")}
    tables = await sql.fetch("select format('public.%s', tablename) from pg_tables where schemaname = 'public'")
    assert catalog.keys() == {row[0] for row in tables} | {"storage.objects", "realtime.messages"}
    assert all(table["guarded"] for table in catalog.values())
    generations = catalog["public.generations"]
    assert generations["announced"] == generations["triggers"] == ["insert", "update", "delete"]
    assert generations["published"]
    assert "members delete their own (delete)" in generations["policies"]
    assert "auth.uid" not in str(catalog), "what a policy asks for is not told"


@pytest.mark.parametrize("who", ["anon", "stranger", "owner"])
async def test_the_list_of_those_who_leave_is_the_workers(people: dict[str, Person], who: str):
    for function, arguments in (("take_leavers", {"n": 1}), ("clear_leavers", {"members": []})):
        refused(await people[who].ask(function, **arguments), 401 if who == "anon" else 403, "42501")
