"""What the stack counts, and who may see it."""

from __future__ import annotations

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from embedded.gateway import create_app
from embedded.keys import Keys
from embedded.metrics import Metrics
from embedded.stack import Address
from tests.embedded.asgi import ask
from tests.embedded.realtime_support import open_socket, until


async def scraped(url: str) -> dict[tuple[str, ...], float]:
    """Every sample by its name and labels."""
    async with httpx.AsyncClient(base_url=url) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers  # no page of a browser may read it
    families = text_string_to_metric_families(answer.text)
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


async def test_requests_are_counted_by_service_and_status(supabase: Address) -> None:
    async def count(service: str, status: str) -> float:
        return (await scraped(supabase.api_url)).get(("embedded_requests_total", service, status), 0)

    before = await count("/rest/v1", "404"), await count("", "401")
    async with httpx.AsyncClient(base_url=supabase.api_url) as client:
        for _ in range(3):
            await client.get("/rest/v1/nowhere", headers={"apikey": supabase.anon_key})
        await client.get("/elsewhere")
    assert (await count("/rest/v1", "404"), await count("", "401")) == (before[0] + 3, before[1] + 1)


async def test_realtime_is_counted_while_it_lasts_and_since_the_start(supabase: Address) -> None:
    def of(samples: dict[tuple[str, ...], float], name: str) -> float:
        return samples[(f"embedded_realtime_{name}",)]

    before = await scraped(supabase.api_url)
    async with open_socket(f"{supabase.api_url}/realtime/v1", supabase.anon_key) as socket:
        await socket.join("realtime:counted", broadcast={"self": True})
        assert (await socket.join("realtime:"))["status"] == "error"
        await socket.raw.send("nonsense")
        await socket.send("realtime:counted", "broadcast", {"event": "x"})
        await socket.event("broadcast")
        during = await scraped(supabase.api_url)
    for name, more in {
        "sockets": 1, "channels": 1, "sockets_opened_total": 1, "joins_total": 1, "joins_refused_total": 1,
        "frames_received_total": 4, "frames_ignored_total": 1, "frames_sent_total": 3,
    }.items():  # fmt: skip
        assert of(during, name) - of(before, name) >= more, name
    assert of(during, "replication_up") == 1
    assert of(during, "replication_lag_bytes") >= 0

    async def gone() -> bool:
        return of(await scraped(supabase.api_url), "channels") == of(before, "channels")

    await until(gone)


@pytest.mark.parametrize(("client", "headers"), [("10.0.0.1", []), ("127.0.0.1", [("X-Forwarded-For", "10.0.0.1")])])
async def test_nobody_else_may_see_it(client: str, headers: list[tuple[str, str]]) -> None:
    app = create_app(Keys.create(), {}, Metrics())
    assert (await ask(app, "GET", "/metrics", client="::1")).status == 200
    refused = await ask(app, "GET", "/metrics", client=client, headers=headers)
    assert (refused.status, refused.body) == (403, b"")
