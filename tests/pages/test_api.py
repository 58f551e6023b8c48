"""The HTTP API as programs use it, on the real stack: who may do what, what is said when something is wrong, and that open
pages show at once what it writes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from nicegui import app
from nicegui.testing import User

from api import build
from api.body_limit import MAX_BODY
from api.caller import STRANGERS_PER_MINUTE
from components.session import starling
from tests.state.support import sign
from tests.supabase.people import Person, join, leave, person

if TYPE_CHECKING:
    from embedded.stack import Address


@pytest.fixture
async def people(supabase: Address) -> AsyncIterator[dict[str, Person]]:
    """ada owns a team in which vera only looks; a stranger is not in it."""
    service = person(supabase, "service", supabase.secret_key)
    everybody = {name: await join(supabase, name) for name in ("ada", "vera", "stranger")}
    yield everybody
    for somebody in everybody.values():
        await leave(somebody, service)
        await somebody.http.aclose()
    await service.http.aclose()


@pytest.fixture
async def team(people: dict[str, Person]) -> str:
    ada, vera = people["ada"], people["vera"]
    team = (await ada.call("create_team", team_id=str(uuid4()), name="Wrens"))["id"]
    (profile,) = await vera.rows(f"profiles?id=eq.{vera.id}&select=username")
    invite = {"invitation_id": str(uuid4()), "team_id": team, "username": profile["username"], "role": "viewer"}
    invitation = await ada.call("invite_to_team", **invite)
    await vera.call("accept_invitation", invitation_id=invitation["id"])
    return team


def client(somebody: Person | None = None, token: str = "", headers: dict[str, str] | None = None) -> httpx.AsyncClient:
    """Asks as somebody, as browsers and scripts do."""
    token = token or (somebody.token if somebody else "")
    headers = dict(headers or {})
    if token:
        headers["Authorization"] = f"Bearer {token}"
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test/api", headers=headers)


def problem(answer: httpx.Response, status: int, *fields: str) -> dict[str, Any]:
    """Asserts that it is one, and which fields are wrong."""
    assert answer.status_code == status, answer.text
    said = answer.json()
    assert set(said) == {"message", "errors"}
    assert said["message"]
    assert sorted(error["field"] for error in said["errors"]) == sorted(fields)
    return said


async def test_contacts_are_added_found_changed_and_deleted(user: User, people: dict[str, Person], team: str) -> None:
    async with client(people["ada"]) as ada:
        made = (await ada.post("/contacts", json={"team_id": team, "name": " Anna Bell ", "tags": ["Birds"]})).json()
        assert (made["name"], made["tags"], made["stage"], made["team_id"]) == ("Anna Bell", ["birds"], "lead", team)
        path = f"/contacts/{made['id']}"
        changed = await ada.put(path, json={"stage": "won", "email": "Anna@Bell.example"})
        assert (changed.json()["stage"], changed.json()["email"]) == ("won", "anna@bell.example")
        assert (await ada.get(path)).json() == changed.json()
        found = await ada.get("/contacts", params={"team_id": team, "stage": "won", "email": "anna@bell.example"})
        assert [contact["id"] for contact in found.json()["contacts"]] == [made["id"]]
        for wish, there in (
            ({"search": "bel an", "tag": "BIRDS"}, 1),
            ({"search": "nna"}, 0),
            ({"tag": "bird"}, 0),
            ({"stage": "lost"}, 0),
        ):
            answer = await ada.get("/contacts", params={"team_id": team, **wish})
            assert len(answer.json()["contacts"]) == there
        assert (await ada.get("/contacts")).json()["contacts"] == []  # of one's own team
        told = (await ada.get("/dashboard/activities", params={"team_id": team, "limit": 2})).json()
        assert [activity["kind"] for activity in told["activities"]] == ["contact_edited", "contact_added"]
        again = await ada.post("/contacts", json={"team_id": team, "name": "Anna", "id": made["id"]})
        assert (again.status_code, again.json()["name"]) == (201, "Anna Bell")
        assert (await ada.delete(path)).status_code == 204
        problem(await ada.delete(path), 404)
        problem(await ada.get(path), 404)


async def test_pages_follow_each_other_whatever_is_added_meanwhile(
    user: User, people: dict[str, Person], team: str
) -> None:
    async with client(people["ada"]) as ada:
        for name in "ABCDE":
            await ada.post("/contacts", json={"team_id": team, "name": name})
        for sort, order in (("newest", "EDCBA"), ("name", "ABCDE")):
            names, cursor = "", ""
            while cursor is not None:
                params = {"team_id": team, "limit": 2, "sort": sort, "cursor": cursor}
                page = (await ada.get("/contacts", params=params)).json()
                names += "".join(contact["name"] for contact in page["contacts"] if contact["name"] != "Z")
                cursor = page["next"]
                if sort == "newest" and len(names) == 2:
                    await ada.post("/contacts", json={"team_id": team, "name": "Z"})
            assert names == order
        problem(await ada.get("/contacts", params={"cursor": "nonsense"}), 422, "cursor")


async def test_viewers_look_and_strangers_do_not(user: User, people: dict[str, Person], team: str) -> None:
    async with client(people["ada"]) as ada, client(people["vera"]) as vera, client(people["stranger"]) as stranger:
        made = (await ada.post("/contacts", json={"team_id": team, "name": "Anna Bell"})).json()
        path, whose = f"/contacts/{made['id']}", {"team_id": team}
        assert (await vera.get(path)).json() == made
        assert (await vera.get("/contacts", params=whose)).json()["contacts"] == [made]
        note = {**whose, "kind": "note", "title": "Hello"}
        for method, where, body in (
            ("POST", "/contacts", {**whose, "name": "Eve"}),
            ("PUT", path, {"name": "Eve"}),
            ("DELETE", path, None),
            ("POST", "/dashboard/activities", note),
        ):
            problem(await vera.request(method, where, json=body), 403)
            problem(await stranger.request(method, where, json=body), 404)
        problem(await stranger.get(path), 404)
        problem(await stranger.get("/contacts", params=whose), 404)
        problem(await stranger.get("/dashboard/activities", params=whose), 404)
        assert (await ada.get("/contacts", params=whose)).json()["contacts"] == [made]


async def test_what_is_wrong_is_said_by_field(user: User, people: dict[str, Person]) -> None:
    async with client(people["ada"]) as ada:
        problem(await ada.post("/contacts", json={"name": " ", "stage": "x", "tag": 1}), 422, "name", "stage", "tag")
        problem(await ada.post("/contacts", json={"name": "A", "owner_id": str(uuid4())}), 422, "owner_id")
        json = {"Content-Type": "application/json"}
        problem(await ada.post("/contacts", content=b"{", headers=json), 422, "body")
        problem(await ada.put(f"/contacts/{uuid4()}", json={"name": None}), 422, "name")
        problem(await ada.put(f"/contacts/{uuid4()}", json={"name": "A"}), 404)
        problem(await ada.get("/contacts/7"), 422, "id")
        problem(await ada.get("/contacts", params={"limit": 0, "sort": "x"}), 422, "limit", "sort")
        note = {"kind": "generation_finished", "title": "A picture"}
        problem(await ada.post("/dashboard/activities", json=note), 422, "kind")
        problem(await ada.get("/nothing"), 404)
        problem(await ada.get("", headers={"Accept": "text/html"}, follow_redirects=True), 404)
        problem(await ada.patch("/contacts"), 405)
        problem(await ada.post("/contacts", content=b" " * (MAX_BODY + 1)), 413)

        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(MAX_BODY // 1024 + 1):
                yield b" " * 1024

        problem(await ada.post("/contacts", content=chunks()), 413)


async def test_without_a_good_token_nothing_is_answered(
    user: User, supabase: Address, people: dict[str, Person]
) -> None:
    old = sign(supabase, uuid4(), seconds=-10)
    for token in ("", "nonsense", old, supabase.publishable_key):
        async with client(token=token) as somebody:
            answer = await somebody.get("/contacts")
            problem(answer, 401)
            assert answer.headers["www-authenticate"] == "Bearer"
    async with client(token="nonsense") as somebody:
        answers = [await somebody.get("/contacts") for _ in range(STRANGERS_PER_MINUTE)]
        problem(answers[-1], 429)
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 61


async def test_a_member_is_slowed_down_whichever_token_they_use(
    user: User, supabase: Address, people: dict[str, Person]
) -> None:
    (mount,) = [route for route in app.routes if getattr(route, "path", "") == "/api"]
    mount.app.state.callers.per_minute = 3  # type: ignore[attr-defined]
    async with client(people["ada"]) as ada, client(people["stranger"]) as stranger:
        assert [(await ada.get("/contacts")).status_code for _ in range(3)] == [200] * 3
        answer = await ada.get("/contacts")
        problem(answer, 429)
        assert 1 <= int(answer.headers["retry-after"]) <= 61
        assert (await stranger.get("/contacts")).status_code == 200


async def test_other_sites_ask_where_the_setting_says_so(user: User, people: dict[str, Person]) -> None:
    asks = {"Origin": "https://app.example", "Access-Control-Request-Method": "PUT"}
    async with client(headers=asks) as browser:
        problem(await browser.options("/contacts"), 405)
    root = starling()
    root.settings.api_origins = "https://app.example, https://other.example"
    transport = httpx.ASGITransport(build(root))
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=asks) as browser:
        answer = await browser.options("/contacts")
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        answer = await browser.options("/contacts", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in answer.headers


async def test_its_page_needs_nothing_from_elsewhere(user: User) -> None:
    async with client() as anybody:
        page = (await anybody.get("/docs")).text
        assert '<html class="dark-mode">' in page  # as the pages, unless one chose otherwise
        sources = [part.split('"')[0] for part in page.replace("'", '"').split('src="')[1:]]
        sources += [part.split('"')[0] for part in page.split('href="')[1:]]
        assert sources
        for source in sources:
            assert source.startswith("/"), source
            assert not source.startswith("//")
            if source.startswith("/api"):
                assert (await anybody.get(source.removeprefix("/api"))).status_code == 200
        paths = (await anybody.get("/openapi.json")).json()["paths"]
    assert {path: sorted(methods) for path, methods in paths.items()} == {
        "/dashboard/activities": ["get", "post"],
        "/contacts": ["get", "post"],
        "/contacts/{id}": ["delete", "get", "put"],
    }
