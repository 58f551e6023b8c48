"""/healthz, /readyz and /metrics: what programs are told, and E1 to E3."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from nicegui import app
from nicegui.testing import User
from prometheus_client.parser import text_string_to_metric_families

from components.session import starling
from tests.pages.conftest import app_with
from tests.pages.test_studio import LONG
from tests.state.support import until

if TYPE_CHECKING:
    from embedded.stack import Address

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")


async def ask(path: str, *, client: str = "127.0.0.1", **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(app, client=(client, 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        return await http.get(path, headers=headers)


async def scrape() -> dict[tuple[str, tuple[str, ...]], float]:
    """Samples by name and label values."""
    text = (await ask("/metrics")).text
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def ready() -> None:
    await until(lambda: starling().diagnostics.not_ready() is None)


async def test_no_other_site_frames_a_page_or_has_scripts_in_it(user: User) -> None:
    for path in ("/sign-in", "/", "/api/docs", "/api/contacts", "/healthz", "/nowhere", "/t/c/none"):
        rules = (await ask(path)).headers
        assert "frame-ancestors 'none'" in rules["content-security-policy"], path
        assert "base-uri" in rules["content-security-policy"], path
        assert rules["x-content-type-options"] == "nosniff", path
        assert len(rules.get_list("content-security-policy")) == 1, path


async def test_alive_and_ready(user: User) -> None:
    assert (await ask("/healthz")).json() == {"alive": True}
    await ready()
    answer = await ask("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True})


async def test_not_ready_while_supabase_does_not_answer(user_cut_off: User) -> None:
    answer = await ask("/readyz")
    assert answer.status_code == 503
    assert not answer.json()["ready"]
    await until(lambda: starling().diagnostics.not_ready() == "Supabase does not answer")
    answer = await ask("/readyz")
    assert (answer.status_code, answer.json()["reason"]) == (503, "Supabase does not answer")
    assert (await ask("/healthz")).status_code == 200  # which is no reason to be killed


async def test_metrics_say_what_is_there(user: User) -> None:
    await user.open("/sign-in")
    user.find("Sign in as Ada").click()
    await user.should_see("Gallery", retries=LONG)
    await ready()
    (member,) = starling().members
    await until(lambda: member.connection.status.state == "live")
    found = await scrape()
    assert found["starling_connections", ("world", "live")] == 1
    assert found["starling_connections", ("member", "live")] == 1
    assert found["starling_sockets_total", ("member",)] == 1
    assert found["starling_received_bytes_total", ("world",)] > 0
    assert found["starling_table_rows", ("world", "profiles")] == len(starling().world.people.rows) > 0
    assert 0 < found["starling_fetches_total", ("member", "generations")] <= member.generations.fetches
    assert found["starling_members", ()] == 1
    assert found["starling_sessions", ()] == 1
    assert found["starling_tasks", ()] > 5
    assert found["starling_event_loop_lag_seconds", ()] >= 0


async def test_labels_say_nothing_of_anybody(user: User) -> None:  # E1
    await user.open("/sign-in")
    user.find("Sign in as Ada").click()
    await user.should_see("Gallery", retries=LONG)
    text = (await ask("/metrics")).text
    assert "starling_connections" in text
    assert not UUID.search(text)
    assert "ada" not in text.lower().replace("metadata", "")


async def test_what_a_member_counted_stays_when_they_leave(user: User) -> None:  # E2
    await user.open("/sign-in")
    user.find("Sign in as Ada").click()
    await user.should_see("Gallery", retries=LONG)
    (member,) = starling().members
    await until(lambda: member.generations.fetches > 0 and member.connection.status.state == "live")
    before = await scrape()
    member.idle_since = 0.0
    starling().members._close_idle()
    after = await scrape()
    assert len(starling().members) == 0
    counters = [
        key for key in before if key[0].endswith(("_total", "_bucket", "_sum")) and key[0].startswith("starling")
    ]
    assert counters
    assert all(after[key] >= before[key] for key in counters)


@pytest.mark.parametrize(
    ("client", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("203.0.113.7", {}, 403),
        ("127.0.0.1", {"x-forwarded-for": "203.0.113.7"}, 403),  # a proxy on this machine stands for anybody
        ("somewhere", {}, 403),
    ],
)
async def test_without_a_token_only_this_machine_may_ask(
    user: User, client: str, headers: dict[str, str], status: int
) -> None:
    assert (await ask("/metrics", client=client, **headers)).status_code == status


async def test_with_a_token_everybody_needs_it(
    supabase: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STARLING_METRICS_TOKEN", "a long token")
    async with app_with(supabase.api_url, supabase.publishable_key, tmp_path, monkeypatch):
        assert (await ask("/metrics")).status_code == 401
        assert (await ask("/metrics", authorization="Bearer another")).status_code == 401
        assert (await ask("/metrics", client="203.0.113.7", authorization="Bearer a long token")).status_code == 200
