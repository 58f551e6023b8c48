"""What stands in e-mail, on the real stack (K1 to K5): counted when a person did it, and no door to anywhere else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import asyncpg
import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nicegui import app
from nicegui.testing import User

from api.tracking import PIXEL
from state.tracking import Pace, is_ahead, is_machine

if TYPE_CHECKING:
    from embedded.stack import Address

PERSON = {"user-agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko)"}
URL = "https://a.test/tides?a=1&b=%20x"
PIXEL_TYPE = "image/gif"

SCHEMA: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "What stands in e-mail", "version": "1"},
    "paths": {
        path: {
            method: {
                "parameters": [{"name": "token", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": {str(status): {"description": "as expected"} for status in statuses},
            }
            for method, statuses in answers.items()
        }
        for path, answers in {
            "/t/o/{token}.gif": {"get": (200, 404), "head": (200, 404)},
            "/t/c/{token}": {"get": (302, 404), "head": (302, 404)},
            "/t/u/{token}": {"get": (200, 404), "head": (200, 404), "post": (200, 404, 429)},
        }.items()
    },
}


@dataclass
class Letter:
    """One that arrived a minute ago."""

    id: Any
    token: str
    link: str
    db: asyncpg.Connection

    async def row(self) -> Any:
        return await self.db.fetchrow("select * from public.sent_emails where id = $1", self.id)

    async def events(self) -> list[tuple[str, bool]]:
        rows = await self.db.fetch(
            "select kind, machine from public.email_clicks where email_id = $1 order by created_at", self.id
        )
        return [(row["kind"], row["machine"]) for row in rows]


@pytest.fixture
async def letter(user: User, supabase: Address) -> AsyncIterator[Letter]:
    db = await asyncpg.connect(supabase.db_url)
    team = await db.fetchval("select team_id from public.team_members m join public.profiles p on p.id = m.member_id where p.username = 'ada' limit 1")  # fmt: skip
    campaign = await db.fetchval("insert into public.email_campaigns (team_id, name, subject) values ($1, 'Tides', 'Tides') returning id", team)  # fmt: skip
    email = await db.fetchval(
        """
        insert into public.sent_emails (team_id, campaign_id, to_address, subject, status, sent_at, delivered_at)
        values ($1, $2, 'bo@a.test', 'Tides', 'delivered', now() - interval '1 minute', now() - interval '1 minute') returning id
        """,
        team, campaign,
    )  # fmt: skip
    token = await db.fetchval("insert into private.email_letters (email_id, body) values ($1, '') returning token", email)  # fmt: skip
    link = await db.fetchval("insert into private.email_links (email_id, url) values ($1, $2) returning token", email, URL)  # fmt: skip
    yield Letter(email, token, link, db)
    await db.execute("delete from public.email_campaigns where id = $1", campaign)
    await db.execute("delete from public.email_suppressions")
    await db.close()


@pytest.fixture
async def http(user: User) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=PERSON) as client:
        yield client


async def test_a_letter_is_opened_and_a_link_followed(letter: Letter, http: httpx.AsyncClient) -> None:
    answer = await http.get(f"/t/o/{letter.token}.gif")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, PIXEL, PIXEL_TYPE)
    assert (await letter.row())["status"] == "opened"
    answer = await http.get(f"/t/c/{letter.link}")
    assert (answer.status_code, answer.headers["location"]) == (302, URL)
    assert (await letter.row())["status"] == "clicked"
    for path in (f"/t/o/{letter.token}.gif", f"/t/c/{letter.link}", f"/t/u/{letter.token}"):
        answer = await http.get(path, headers={"cookie": "id=1"})
        assert "set-cookie" not in answer.headers
        assert answer.headers["cache-control"].startswith("no-store")
        assert answer.headers["referrer-policy"] == "no-referrer"


async def test_what_looks_ahead_is_not_counted(letter: Letter, http: httpx.AsyncClient) -> None:  # K2
    for headers in ({"purpose": "prefetch"}, {"sec-purpose": "prefetch;prerender"}, {"x-moz": "prefetch"}, {"x-purpose": "preview"}):  # fmt: skip
        assert (await http.get(f"/t/o/{letter.token}.gif", headers=headers)).content == PIXEL
        assert (await http.get(f"/t/c/{letter.link}", headers=headers)).headers["location"] == URL
    for path in (f"/t/o/{letter.token}.gif", f"/t/c/{letter.link}", f"/t/u/{letter.token}"):
        answer = await http.head(path)
        assert (answer.status_code, answer.content) == (302 if "/c/" in path else 200, b"")
    assert await letter.events() == []


async def test_machines_are_told_apart(letter: Letter, http: httpx.AsyncClient) -> None:  # K3
    await http.get(f"/t/o/{letter.token}.gif", headers={"user-agent": "Mozilla/5.0 (via ggpht.com GoogleImageProxy)"})
    assert await letter.events() == [("open", True)]
    assert (await letter.row())["status"] == "delivered"


@pytest.mark.parametrize(
    "agent", ["", " ", "Mozilla/5.0", "curl/8.5", "Slackbot-LinkExpanding 1.0", "YahooMailProxy; https://help.yahoo.com", "python-httpx/0.28"]
)  # fmt: skip
def test_these_are_machines(agent: str) -> None:
    assert is_machine(agent)
    assert not is_machine(PERSON["user-agent"])
    assert not is_machine("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0)")


async def test_unsubscribing_takes_a_press_of_the_button(letter: Letter, http: httpx.AsyncClient) -> None:
    assert "<button" in (await http.get(f"/t/u/{letter.token}")).text
    assert await letter.db.fetchval("select count(*) from public.email_suppressions") == 0
    answer = await http.post(f"/t/u/{letter.token}", data={"List-Unsubscribe": "One-Click"})
    unknown = await http.post(f"/t/u/{'0' * 32}", data={"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, "You are unsubscribed" in answer.text) == (200, True)
    for lost in (unknown, await http.get(f"/t/u/{'0' * 32}"), await http.get(f"/t/u/{letter.token[:-1]}")):
        assert (lost.status_code, "leads nowhere" in lost.text, "<button" in lost.text) == (404, True, False)
    assert await letter.db.fetchval("select address from public.email_suppressions") == "bo@a.test"


async def test_no_address_leads_anywhere_else(letter: Letter, http: httpx.AsyncClient) -> None:  # K1
    for path in (
        f"/t/c/{letter.token}", "/t/c/https://evil.test", "/t/c/%2F%2Fevil.test", f"/t/c/{letter.link}?url=https://evil.test",
        f"/t/c/{letter.link.upper()}", f"/t/c/{letter.link}%0d%0aLocation:%20https://evil.test", "/t/c/", "/t/", "/t/x/y",
    ):  # fmt: skip
        answer = await http.get(path)
        assert "evil" not in answer.headers.get("location", ""), path
        assert (answer.status_code, answer.headers.get("location")) in ((302, URL), (404, None)), path
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        assert (await http.request(method, f"/t/c/{letter.link}")).status_code == 405


async def test_a_replay_of_a_thousand_events_is_one_of_each(letter: Letter, http: httpx.AsyncClient) -> None:  # K4
    paths = [f"/t/o/{letter.token}.gif", f"/t/c/{letter.link}"]
    gate = asyncio.Semaphore(8)

    async def ask(n: int) -> int:
        async with gate:
            return (await http.get(paths[n % 2])).status_code

    answers = await asyncio.gather(*map(ask, range(1000)))
    assert set(answers) == {200, 302}
    assert sorted(await letter.events()) == [("click", False), ("open", False)]
    row = await letter.row()
    assert (row["opens"], row["clicks"], row["status"]) == (1, 1, "clicked")


async def test_readers_get_their_picture_while_the_database_is_away(user_cut_off: User) -> None:
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=PERSON) as http:
        assert (await http.get(f"/t/o/{'0' * 32}.gif")).content == PIXEL
        for ask in (http.get(f"/t/c/{'0' * 32}"), http.post(f"/t/u/{'0' * 32}")):
            answer = await ask
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_an_address_asks_for_so_much_and_no_more() -> None:  # K5
    now = 0.0
    pace = Pace(3, 1.0, most=2, clock=lambda: now)
    assert [pace.allows("a") for _ in range(4)] == [True, True, True, False]
    assert pace.allows("b")
    now = 2.0
    assert [pace.allows("a") for _ in range(3)] == [True, True, False]
    for name in "cdef":
        pace.allows(name)
    assert len(pace) == 2


@given(st.dictionaries(st.sampled_from(["purpose", "sec-purpose", "x-moz", "accept"]), st.text(max_size=20)))
def test_what_asks_ahead_says_so(headers: dict[str, str]) -> None:
    assert is_ahead("HEAD", headers)
    assert is_ahead("GET", {**headers, "sec-purpose": "prefetch"})


async def test_they_survive_whatever_is_asked(letter: Letter) -> None:
    """Schemathesis makes the requests from a schema; no answer is a 500, and all of them are as the schema says."""
    schema = schemathesis.openapi.from_dict(SCHEMA)
    transport = httpx.ASGITransport(app, client=("10.0.0.1", 50_000), raise_app_exceptions=True)
    loop = asyncio.get_running_loop()

    async def send(case: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            asked = case.as_transport_kwargs(base_url="http://test")
            asked = {key: asked[key] for key in ("method", "url", "headers") if key in asked}
            return await http.request(**asked)

    def attack(operation: Any) -> None:
        @settings(
            max_examples=15,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            answer = asyncio.run_coroutine_threadsafe(send(case), loop).result(60)
            assert str(answer.status_code) in operation.definition.raw["responses"], answer.text

        ask()

    for operation in schema.get_all_operations():
        await asyncio.to_thread(attack, cast("Any", operation).ok())
