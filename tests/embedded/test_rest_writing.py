"""POST, PATCH, PUT and DELETE of tables."""

from __future__ import annotations

from typing import Any

import pytest

from tests.embedded.rest_support import Api

RETURN = "return=representation"
MERGE = "resolution=merge-duplicates"
IGNORE = "resolution=ignore-duplicates"


async def test_insert_says_no_more_than_asked(api: Api):
    row = {"id": 50, "name": "Cy"}
    minimal = await api("POST", "/clients", row)
    assert (minimal.status_code, minimal.content, minimal.headers["content-range"]) == (201, b"", "*/*")
    headers = await api("POST", "/clients", row, prefer="return=headers-only")
    assert (headers.status_code, headers.content, headers.headers["location"]) == (201, b"", "/clients?id=eq.50")
    full = await api("POST", "/clients", row, prefer=f"{RETURN}, count=exact")
    assert (full.status_code, full.json(), full.headers["content-range"]) == (201, [row], "*/1")
    assert full.headers["preference-applied"] == f"{RETURN}, count=exact, tx=rollback"


@pytest.mark.parametrize(
    ("path", "body", "rows"),
    [
        ("/clients", [{"id": 50, "name": "C"}, {"id": 51, "name": "D"}], [{"id": 50, "name": "C"}, {"id": 51, "name": "D"}]),
        ("/clients", [], []),
        ("/tasks?select=name,done,tags", {}, [{"name": "untitled", "done": False, "tags": []}]),
        ("/tasks?select=name", [{}, {}], [{"name": "untitled"}, {"name": "untitled"}]),
        ("/clients?columns=id,name", [{"id": 50, "name": "C", "nope": 1}], [{"id": 50, "name": "C"}]),
        (
            "/tasks?select=id,projects(name,clients(name))",
            {"id": 90, "project_id": 1},
            [{"id": 90, "projects": {"name": "Sea", "clients": {"name": "Ada"}}}],
        ),
        ("/projects?select=id,title", {"id": 90, "name": "x"}, [{"id": 90, "title": "90: x"}]),
        (
            "/tasks?select=tags,meta,raw,price,big,mood,place,span",
            '{"tags":["a","b c"],"meta":{"z":[1,2.50]},"raw":{"k":1.10},"price":"3.456","big":9007199254740993,'
            '"mood":"busy","place":{"x":1,"y":2},"span":"[1,2)"}',
            [
                {
                    "tags": ["a", "b c"], "meta": {"z": [1, 2.5]}, "raw": {"k": 1.1}, "price": 3.46, "big": 9007199254740993,
                    "mood": "busy", "place": {"x": 1, "y": 2}, "span": "[1,2)",
                }
            ],
        ),
    ],
)  # fmt: skip
async def test_inserts(api: Api, path: str, body: Any, rows: list[dict[str, Any]]):
    response = await api("POST", path, body, prefer=RETURN, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()) == (201, rows)


async def test_missing_columns_take_their_default_or_null(api: Api):
    path = "/tasks?columns=id,name,tags&select=name,tags"
    rows = [{"id": 50}, {"id": 51, "name": "x", "tags": ["q"]}]
    response = await api("POST", path, rows, prefer=f"{RETURN}, missing=default")
    assert response.json() == [{"name": "untitled", "tags": []}, {"name": "x", "tags": ["q"]}]
    response = await api("POST", path, rows, prefer=RETURN)
    assert (response.status_code, response.json()["code"]) == (400, "23502")


async def test_upsert(api: Api):
    rows = [{"id": 1, "name": "New"}, {"id": 70, "name": "Z"}]
    merged = await api("POST", "/clients", rows, prefer=f"{RETURN}, {MERGE}")
    assert (merged.status_code, merged.json()) == (201, rows)
    assert merged.headers["preference-applied"] == f"{MERGE}, {RETURN}, tx=rollback"
    updated = await api("POST", "/clients", rows[:1], prefer=f"{RETURN}, {MERGE}")
    assert (updated.status_code, updated.json()) == (200, rows[:1])
    ignored = await api("POST", "/clients", rows, prefer=f"{RETURN}, {IGNORE}")
    assert (ignored.status_code, ignored.json()) == (201, rows[1:])
    by_code = await api(
        "POST", "/tasks?on_conflict=code&select=id,name", {"code": "AA", "name": "up"}, prefer=f"{RETURN}, {MERGE}"
    )
    assert by_code.json() == [{"id": 1, "name": "up"}]
    plain = await api("POST", "/clients", rows[:1])
    assert (plain.status_code, plain.json()["code"]) == (409, "23505")


async def test_update(api: Api):
    row = await api("PATCH", "/clients?id=eq.1", {"name": "N"}, prefer=RETURN)
    assert (row.status_code, row.json(), row.headers["content-range"]) == (200, [{"id": 1, "name": "N"}], "0-0/*")
    minimal = await api("PATCH", "/clients?id=gt.0", {"name": "N"}, prefer="count=exact")
    assert (minimal.status_code, minimal.content, minimal.headers["content-range"]) == (204, b"", "0-1/2")
    none = await api("PATCH", "/clients?id=eq.99", {"name": "N"}, prefer=RETURN)
    assert (none.status_code, none.json(), none.headers["content-range"]) == (200, [], "*/*")
    empty = await api("PATCH", "/clients?id=eq.1", {}, prefer=RETURN)
    assert (empty.status_code, empty.json()) == (200, [])
    related = await api("PATCH", "/projects?id=eq.1&select=clients(name)", {"client_id": 2}, prefer=RETURN)
    assert related.json() == [{"clients": {"name": "Bob"}}]


async def test_delete(api: Api):
    rows = await api("DELETE", "/assignments?user_id=eq.1&select=task_id,tasks(name)&order=task_id", prefer=RETURN)
    assert rows.status_code == 200
    assert rows.json()[1] == {"task_id": 2, "tasks": {"name": "paint"}}
    minimal = await api("DELETE", "/assignments?user_id=eq.1", prefer="count=exact")
    assert (minimal.status_code, minimal.content, minimal.headers["content-range"]) == (204, b"", "*/2")


@pytest.mark.parametrize(("method", "verb"), [("PATCH", "UPDATE"), ("DELETE", "DELETE")])
async def test_no_change_without_a_filter(api: Api, method: str, verb: str):
    response = await api(method, "/clients", {"name": "all"})
    assert response.status_code == 400
    assert response.json() == {
        "code": "21000",
        "details": None,
        "hint": None,
        "message": f"{verb} requires a WHERE clause",
    }


async def test_put_replaces_one_row(api: Api):
    replaced = await api("PUT", "/clients?id=eq.1", {"id": 1, "name": "P"}, prefer=RETURN)
    assert (replaced.status_code, replaced.json()) == (200, [{"id": 1, "name": "P"}])
    assert (await api("PUT", "/clients?id=eq.77", {"id": 77, "name": "P"})).status_code == 204
    for query, status, code in (
        ("id=eq.2", 400, "PGRST115"),
        ("name=eq.P", 405, "PGRST105"),
        ("id=eq.1&limit=1", 400, "PGRST114"),
    ):
        response = await api("PUT", f"/clients?{query}", {"id": 1, "name": "P"})
        assert (response.status_code, response.json()["code"]) == (status, code)


async def test_what_fails_leaves_nothing_behind(api: Api):
    wanted = "application/vnd.pgrst.object+json"
    body = [{"id": 50, "name": "a"}, {"id": 51, "name": "b"}]
    response = await api("POST", "/clients", body, prefer=RETURN, commit=True, headers={"Accept": wanted})
    assert (response.status_code, response.json()["code"]) == (406, "PGRST116")
    response = await api(
        "PATCH", "/clients?id=gt.0", {"name": "x"}, prefer="handling=strict, max-affected=1", commit=True
    )
    assert (response.status_code, response.json()["code"]) == (400, "PGRST124")
    assert await api.get("/clients?order=id") == [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Bob"}]


async def test_commit_and_rollback(api: Api):
    assert (await api("POST", "/users", {"id": 80, "name": "gone"})).status_code == 201
    assert await api.get("/users?id=eq.80") == []
    assert (await api("POST", "/users", {"id": 80, "name": "stays"}, commit=True)).status_code == 201
    assert await api.get("/users?id=eq.80&select=name") == [{"name": "stays"}]
    assert (await api("DELETE", "/users?id=eq.80", commit=True)).status_code == 204


async def test_other_bodies(api: Api):
    csv = await api("POST", "/clients", "id,name\n50,X\n51,Y\n", prefer=RETURN, headers={"Content-Type": "text/csv"})
    assert csv.json() == [{"id": 50, "name": "X"}, {"id": 51, "name": "Y"}]
    form = await api(
        "POST",
        "/clients",
        "id=50&name=X%20Y",
        prefer=RETURN,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert form.json() == [{"id": 50, "name": "X Y"}]


@pytest.mark.parametrize(
    ("path", "body", "code", "message"),
    [
        ("/clients", "nope", "PGRST102", "Empty or invalid json"),
        ("/clients", "", "PGRST102", "Empty or invalid json"),
        ("/clients", b"\xff", "PGRST102", "Empty or invalid json"),
        ("/clients", "[1]", "PGRST102", "All object keys must match"),
        ("/clients", '[{"id":1},{"name":"x"}]', "PGRST102", "All object keys must match"),
        ("/clients", '{"nope":1}', "PGRST204", "Could not find the 'nope' column of 'clients' in the schema cache"),
        ("/tasks", '{"mood":"sad"}', "22P02", 'invalid input value for enum mood: "sad"'),
        ("/tasks", '{"size":-1}', "23514", 'value for domain positive violates check constraint "positive_check"'),
        ("/tasks", '{"name":"a\\u0000b"}', "22P05", "unsupported Unicode escape sequence"),
        ("/tasks?on_conflict=nope", '{"name":"x"}', "42703", 'column "nope" does not exist'),
    ],
)
async def test_bad_bodies(api: Api, path: str, body: str | bytes, code: str, message: str):
    response = await api("POST", path, body, prefer=MERGE, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["code"], response.json()["message"]) == (400, code, message)


async def test_only_columns_that_are_needed_are_returned(api: Api):
    """A role may change a table of which it may not see every column."""
    row = {"id": 9, "public": "x"}
    assert (await api("POST", "/guarded", row, role="authenticated")).status_code == 201
    some = await api("POST", "/guarded?select=id,public", row, role="authenticated", prefer=RETURN)
    assert (some.status_code, some.json()) == (201, [row])
    every = await api("POST", "/guarded", row, role="authenticated", prefer=RETURN)
    assert (every.status_code, every.json()["code"]) == (403, "42501")
