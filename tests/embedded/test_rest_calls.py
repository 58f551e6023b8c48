"""Functions over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.embedded.rest_support import UNA, Api


@pytest.mark.parametrize(
    ("path", "body", "result"),
    [
        ("add?a=1", None, 3),
        ("add?a=1&b=5", None, 6),
        ("add", {"a": 1, "b": 5}, 6),
        ("add?columns=a", {"a": 1, "other": 2}, 3),
        ("total?v=1&v=2&v=3", None, 6),
        ("total", {"v": [1, 2]}, 3),
        ("whole", {"a": [1]}, {"a": [1]}),
        ("whole", [1, 2], [1, 2]),
        ("echo", {"j": {"a": [1]}, "n": 1.5, "t": "x"}, {"j": {"a": [1]}, "n": 1.5, "t": "x"}),
        ("names", {}, ["Udo", "Una"]),
        ("one_project?wanted=1&select=name,clients(name)", None, {"name": "Sea", "clients": {"name": "Ada"}}),
        ("projects_from?first=1&select=id&order=id.desc&limit=2&id=lt.4", None, [{"id": 3}, {"id": 2}]),
        ("projects_from?select=id&id=eq.3", {"first": 1}, [{"id": 3}]),
        ("pairs?n=3&k=gte.2&order=k.desc&select=v", None, [{"v": "v3"}, {"v": "v2"}]),
        ("out_only", None, {"a": 1, "b": "x"}),
        ("overloaded?a=1", None, "int"),
        ("overloaded", {"a": 1, "b": 2}, "two"),
    ],
)
async def test_calls(api: Api, path: str, body: Any, result: Any):
    response = await api("GET" if body is None else "POST", f"/rpc/{path}", body)
    assert (response.status_code, response.json()) == (200, result)


async def test_text_body(api: Api):
    assert (await api("POST", "/rpc/note", "shout", headers={"Content-Type": "text/plain"})).json() == "SHOUT"


async def test_void_has_no_content(api: Api):
    response = await api("POST", "/rpc/nothing")
    assert (response.status_code, response.content) == (204, b"")


async def test_a_get_may_not_change_anything(api: Api):
    response = await api("GET", "/rpc/add_client?name=Q")
    assert (response.status_code, response.json()["code"]) == (405, "25006")


async def test_counts_and_pages(api: Api):
    response = await api("GET", "/rpc/projects_from?first=1&limit=2", prefer="count=exact")
    assert (response.status_code, response.headers["content-range"]) == (206, "0-1/4")


async def test_a_function_sees_who_asks(api: Api):
    response = await api("POST", "/rpc/claims", {}, role="authenticated", headers={"X-Test": "yes"})
    assert response.json() == {
        "role": "authenticated", "sub": UNA, "method": "POST", "path": "/rpc/claims", "agent": "yes",
        "search_path": '"shop", "public", "extensions"',
    }  # fmt: skip


async def test_a_function_may_set_headers_and_status(api: Api):
    response = await api("POST", "/rpc/answer", {})
    assert (response.status_code, response.json()) == (202, "ok")
    assert (response.headers["x-one"], response.headers["cache-control"]) == ("1", "no-store")
    bad = await api("POST", "/rpc/bad_headers", {})
    assert (bad.status_code, bad.json()["code"]) == (500, "PGRST111")


@pytest.mark.parametrize(
    ("sqlstate", "status"),
    [
        ("P0001", 400), ("PT402", 402), ("42501", 403), ("23505", 409), ("23503", 409), ("40001", 500), ("57014", 500),
        ("08000", 503), ("53300", 503), ("42883", 404), ("42P01", 404), ("P0002", 500), ("0A000", 400), ("25006", 405),
        ("28000", 403), ("ZZZZZ", 400), ("01000", 400), ("02000", 400),
    ],
)  # fmt: skip
async def test_raised_errors_keep_their_code(api: Api, sqlstate: str, status: int):
    response = await api("POST", "/rpc/fail", {"code": sqlstate, "message": "sorry"})
    assert response.status_code == status
    assert response.json() == {"code": sqlstate, "message": "sorry", "details": "why", "hint": "how"}


async def test_anonymous_callers_are_asked_to_sign_in(api: Api):
    response = await api("POST", "/rpc/fail", {"code": "42501"}, role="anon")
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        (
            "add",
            {"a": 1, "c": 2},
            {
                "code": "PGRST202",
                "details": "Searched for the function shop.add with parameters a, c or with a single unnamed json/jsonb"
                " parameter, but no matches were found in the schema cache.",
                "hint": "Perhaps you meant to call the function shop.add(a, b)",
                "message": "Could not find the function shop.add(a, c) in the schema cache",
            },
        ),
        (
            "nam",
            None,
            {
                "code": "PGRST202",
                "details": "Searched for the function shop.nam without parameters, but no matches were found in the schema cache.",
                "hint": "Perhaps you meant to call the function shop.names",
                "message": "Could not find the function shop.nam without parameters in the schema cache",
            },
        ),
        (
            "ambiguous?a=1",
            None,
            {
                "code": "PGRST203",
                "details": None,
                "hint": "Try renaming the parameters or the function itself in the database so function overloading can be resolved",
                "message": "Could not choose the best candidate function between: shop.ambiguous(a => integer), shop.ambiguous(a => text)",
            },
        ),
    ],
)
async def test_which_function_is_meant(api: Api, path: str, body: Any, error: dict[str, Any]):
    response = await api("GET" if body is None else "POST", f"/rpc/{path}", body)
    assert response.status_code == (300 if error["code"] == "PGRST203" else 404)
    assert response.json() == error
