"""The official Python client against REST, as an application uses it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest
from postgrest import APIResponse, AsyncPostgrestClient, CountMethod
from postgrest.exceptions import APIError

from tests.embedded.rest_support import Api
from tests.embedded.serving import client


@pytest.fixture
async def shop(api: Api) -> AsyncIterator[AsyncPostgrestClient]:
    async with httpx.AsyncClient() as http:
        supabase = await client(api.url, api.token("service_role"), http)
        yield supabase.schema("shop")


def rows(response: APIResponse) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", response.data)


async def test_a_row_from_birth_to_end(shop: AsyncPostgrestClient):
    created = await shop.from_("tasks").insert({"name": "sew", "project_id": 1, "meta": {"n": 7}}).execute()
    id_ = rows(created)[0]["id"]
    try:
        found = (
            await shop.from_("tasks").select("id, name, projects(name, clients(name))").eq("id", id_).single().execute()
        )
        assert found.data == {"id": id_, "name": "sew", "projects": {"name": "Sea", "clients": {"name": "Ada"}}}
        updated = await shop.from_("tasks").update({"done": True}).eq("id", id_).select("done").execute()
        assert updated.data == [{"done": True}]
        await shop.from_("tasks").upsert({"id": id_, "name": "knit"}).execute()
        assert (await shop.from_("tasks").select("name").eq("meta->n", 7).execute()).data == [{"name": "knit"}]
    finally:
        await shop.from_("tasks").delete().eq("id", id_).execute()
    assert (await shop.from_("tasks").select("*").eq("id", id_).maybe_single().execute()) is None


async def test_filters_pages_and_counts(shop: AsyncPostgrestClient):
    page = await shop.from_("many").select("*", count=CountMethod.exact).order("id", desc=True).range(0, 4).execute()
    assert ([row["id"] for row in rows(page)], page.count) == ([30, 29, 28, 27, 26], 30)
    head = await shop.from_("many").select("*", count=CountMethod.exact, head=True).gt("id", 20).execute()
    assert head.count == 10
    named = (
        await shop.from_("tasks")
        .select("id")
        .or_("name.eq.paint,id.eq.3")
        .not_.is_("name", "null")
        .order("id")
        .execute()
    )
    assert [row["id"] for row in rows(named)] == [2, 3]
    quoted = await shop.from_("tasks").select("id").in_("name", ['draw, "it"', "x"]).contains("tags", ["a"]).execute()
    assert quoted.data == [{"id": 1}]
    inner = await shop.from_("clients").select("id, projects!inner(name)").eq("projects.name", "Sun").execute()
    assert inner.data == [{"id": 2, "projects": [{"name": "Sun"}]}]


async def test_calls(shop: AsyncPostgrestClient):
    assert (await shop.rpc("add", {"a": "1", "b": "4"}).execute()).data == 5
    found = await shop.rpc("projects_from", {"first": "1"}).select("id").gt("id", 2).order("id").execute()
    assert found.data == [{"id": 3}, {"id": 4}]
    assert (await shop.rpc("add", {"a": "1"}, get=True).execute()).data == 3


async def test_errors_arrive_whole(shop: AsyncPostgrestClient):
    with pytest.raises(APIError) as caught:
        await shop.from_("clients").insert({"id": 1, "name": "again"}).execute()
    assert (caught.value.code, caught.value.details) == ("23505", "Key (id)=(1) already exists.")
    with pytest.raises(APIError) as caught:
        await shop.from_("clients").select("*").eq("id", 99).single().execute()
    assert caught.value.code == "PGRST116"


async def test_csv(shop: AsyncPostgrestClient):
    assert (await shop.from_("users").select("*").order("id").csv().execute()).data == "id,name\n1,Una\n2,Udo"
