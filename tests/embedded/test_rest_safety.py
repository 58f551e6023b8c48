"""Who may see what, what no input may do, and how the cache keeps up with the database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedded.database import Database
from embedded.keys import Keys
from embedded.rest.cache import SchemaCache
from tests.embedded.rest_support import SCHEMAS, Api

PATIENCE_S = 30


async def eventually(holds: Callable[[], bool]) -> None:
    """Waits until the cache, which has its own pace, is where it should be."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - there is no event to wait for: the cache tells nobody
            await asyncio.sleep(0.01)


async def test_each_role_sees_its_rows(api: Api):
    assert await api.get("/secrets?select=id", role="authenticated") == [{"id": 1}]
    assert await api.get("/secrets?select=id&order=id") == [{"id": 1}, {"id": 2}]
    anonymous = await api("GET", "/secrets", role="anon")
    assert (anonymous.status_code, anonymous.headers["www-authenticate"]) == (401, "Bearer")
    assert anonymous.json() == {
        "code": "42501", "details": None, "hint": None, "message": "permission denied for table secrets",
    }  # fmt: skip


async def test_policies_guard_changes(api: Api):
    mine = await api("POST", "/secrets", {"id": 9, "text": "x"}, role="authenticated")
    assert mine.status_code == 201
    other = {"id": 9, "text": "x", "owner": "00000000-0000-0000-0000-000000000009"}
    forged = await api("POST", "/secrets", other, role="authenticated")
    assert (forged.status_code, forged.json()["code"]) == (403, "42501")
    changed = await api(
        "PATCH", "/secrets?id=gt.0&select=id", {"text": "x"}, role="authenticated", prefer="return=representation"
    )
    assert changed.json() == [{"id": 1}]


@pytest.mark.parametrize(
    ("token", "code", "message", "details"),
    [
        ("x", "PGRST301", "Expected 3 parts in JWT; got 1", None),
        ("a.b.c", "PGRST301", "JWT couldn't be decoded", None),
        ("forged", "PGRST301", "No suitable key or wrong key type", "None of the keys was able to decode the JWT"),
        ("expired", "PGRST303", "JWT expired", None),
    ],
)
async def test_bad_tokens(api: Api, token: str, code: str, message: str, details: str | None):
    claims = {"role": "service_role", "exp": int(time.time()) - 60}
    token = {"forged": Keys.create().sign(claims | {"exp": 4e9}), "expired": api.keys.sign(claims)}.get(token, token)
    response = await api.http.get("/rest/v1/clients", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 401
    assert response.json() == {"code": code, "details": details, "hint": None, "message": message}
    assert response.headers["www-authenticate"] == f'Bearer error="invalid_token", error_description="{message}"'


async def test_a_role_that_does_not_exist(api: Api):
    token = api.keys.sign({"role": "nobody_known", "exp": 4_000_000_000})
    response = await api.http.get("/rest/v1/clients", headers={"Authorization": f"Bearer {token}"})
    assert (response.status_code, response.json()["code"]) == (401, "22023")


INJECTION = 'x"; drop table shop.clients; --'


@pytest.mark.parametrize(
    "query",
    [
        {"select": f'"{INJECTION}"'.replace('x"', 'x\\"')},
        {"select": f"id::{INJECTION}"},
        {"select": "id::int); drop table shop.clients"},
        {"select": "id::int as x from shop secrets"},
        {"select": f"a:id,{INJECTION}"},
        {"select": f"name->{INJECTION}"},
        {"order": f'"{INJECTION}"'},
        {"order": "id.desc;drop table shop.clients"},
        {"id": f"eq.{INJECTION}"},
        {"id": "eq.1) or true --"},
        {"id": "in.(1);drop table shop.clients"},
        {"name": "fts('english'); drop table shop.clients.x"},
        {"name": "fts(english; drop table shop.clients).x"},
        {"or": "(id.eq.1) or true --"},
        {"limit": "1; drop table shop.clients"},
        {'"x\\" = 1; drop table shop.clients; --"': "eq.1"},
        {"on_conflict": INJECTION},
        {"select": '"a\0b"'},
        {"id": "eq.\0"},
        {"name": "eq.\0"},
    ],
)
async def test_values_and_names_stay_values_and_names(api: Api, query: dict[str, str]):
    response = await api.http.get(
        "/rest/v1/clients", params=query, headers={"Authorization": f"Bearer {api.token('service_role')}"}
    )
    assert response.status_code < 500
    assert len(await api.get("/clients")) == 2
    if response.is_success:
        assert "secret" not in response.text


@pytest.mark.parametrize("table", [INJECTION, 'clients" as x', "clients;", "\0", "..", "pg_class", "%"])
async def test_tables_that_are_not_there(api: Api, table: str):
    response = await api.http.get(
        f"/rest/v1/{httpx.QueryParams({'t': table})['t']}".replace("\0", "%00").replace("..", "%2e%2e"),
        headers={"Authorization": f"Bearer {api.token('service_role')}"},
    )
    assert response.status_code == 404
    assert response.json()["code"] in ("PGRST205", "PGRST125", "PGRST126")


TOKENS = ["id", "name", "meta", "tags", "eq", "in", "is", "null", "not", "like", "fts", "cs", "and", "or", "any", "asc"]
TOKENS += [
    ".",
    ".",
    ",",
    "(",
    ")",
    "->",
    "->>",
    "::",
    ":",
    "!",
    "...",
    "*",
    '"',
    "{",
    "}",
    "1",
    "-1",
    "\0",
    "é",
    "int",
    "projects",
]
TEXTS = st.lists(st.sampled_from(TOKENS), max_size=10).map("".join) | st.text(max_size=12)
KEYS = st.sampled_from(
    ["select", "order", "or", "id", "name", "meta->a", "projects.id", "limit", "offset", "columns", "on_conflict"]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PATCH", "DELETE", "PUT"]),
    path=st.sampled_from(["tasks", "projects", "rpc/projects_from", "rpc/echo"]),
    query=st.lists(st.tuples(KEYS | TEXTS, TEXTS | TEXTS.map("eq.".__add__)), max_size=3),
    body=st.sampled_from(
        ["{}", "[]", "", "1", '{"first":1}', '{"j":1,"name":[]}', '[{"name":{"a":"\\u0000"}}]', "[[]]"]
    ),
)
async def test_no_input_is_an_internal_error(api: Api, method: str, path: str, query: list[tuple[str, str]], body: str):
    response = await api.http.request(
        method, f"/rest/v1/{path}?{urlencode(query)}", content=body if method in ("POST", "PATCH", "PUT") else None,
        headers={"Authorization": f"Bearer {api.token('service_role')}", "Prefer": "tx=rollback, return=representation"},
    )  # fmt: skip
    assert response.status_code < 500, response.text


async def test_a_new_table_is_there_at_once(api: Api):
    """Its first request finds it missing in the cache and looks again."""
    await api.sql("create table shop.fresh (id int primary key); insert into shop.fresh values (1)")
    try:
        async with asyncio.timeout(PATIENCE_S):
            while (response := await api("GET", "/fresh")).status_code == 404:
                assert response.json()["code"] == "PGRST205"
        assert response.json() == [{"id": 1}]
        await api.sql("alter table shop.fresh add column note text default 'x'")
        # The announcement arrives although no request misses anything.
        await eventually(lambda: "note" in api.rest.cache.schema.tables["shop", "fresh"].columns)
        assert await api.get("/fresh") == [{"id": 1, "note": "x"}]
    finally:
        await api.sql("drop table shop.fresh")


async def test_misses_reload_at_most_once_in_an_interval(api: Api, database: Database):
    now = 100.0
    cache = SchemaCache(database, SCHEMAS, clock=lambda: now)
    await cache.reload()
    seen = cache.schema
    assert not await cache.reload_after_miss(seen)
    now += 2
    assert await cache.reload_after_miss(seen)
    assert await cache.reload_after_miss(seen)  # somebody else has looked meanwhile
    assert not await cache.reload_after_miss(cache.schema)


async def test_the_cache_follows_after_a_lost_connection(api: Api):
    await api.sql("select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen %pgrst%'")
    await api.sql("create table shop.later (id int)")
    try:
        await eventually(lambda: ("shop", "later") in api.rest.cache.schema.tables)
    finally:
        await api.sql("drop table shop.later")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "PGRST126"),
        ("GET", "/a/b", 404, "PGRST125"),
        ("PUT", "/rpc/add", 405, "PGRST101"),
        ("LOCK", "/clients", 405, "PGRST117"),
        ("GET", "/nope", 404, "PGRST205"),
        ("POST", "/nope", 404, "PGRST205"),
    ],
)
async def test_where_nothing_is(api: Api, method: str, path: str, status: int, code: str):
    response = await api(method, path, {} if method == "POST" else None)
    assert (response.status_code, response.json()["code"]) == (status, code)
