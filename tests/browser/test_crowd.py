"""A hundred jobs of three members at once: taken in turns, all ended, and the page stays at one's service."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import Running, run_starling, shorten
from tests.browser.people import gallery, queue, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

MEMBERS = ("ada", "grace", "katherine")
JOBS = 99
AT_ONCE = 4  # the worker's places
SMALL = {"width": 256, "height": 256, "count": 1}


async def test_a_hundred_jobs_of_three_members(chromium: Browser, tmp_path: Path):
    async with run_starling(tmp_path, STARLING_RENDER_SECONDS="0", STARLING_FAILURE_RATE="0") as running:
        await shorten(running)
        page = await sign_in(chromium, running.address, "Ada")
        await expect(queue(page).get_by_text("Nothing is being made")).to_be_visible(timeout=120_000)
        with running.held("worker"):  # it is nobody's turn before all of them wait
            await enqueue(running)
            await expect(queue(page).get_by_role("listitem")).not_to_have_count(0)

        await page.keyboard.press("Control+k")  # while all of them are on their way
        await expect(page.get_by_role("dialog")).to_be_visible()
        await page.keyboard.press("Escape")
        await page.get_by_role("textbox", name="Prompt").fill("typed while a hundred jobs run")
        await expect(page.get_by_role("textbox", name="Prompt")).to_have_value("typed while a hundred jobs run")

        await expect(queue(page).get_by_role("listitem")).to_have_count(0, timeout=180_000)
        await expect(gallery(page).get_by_text("crowd 98 of")).to_be_visible()
        jobs = await finished(running)
    assert len(jobs) == JOBS
    all_queued = max(job["created_at"] for job in jobs)
    order = [job["owner_id"] for job in jobs if job["started_at"] > all_queued]
    turns: Counter[str] = Counter()
    for owner in order:  # from when everybody's jobs were waiting until somebody has none left
        turns[owner] += 1
        if turns[owner] == order.count(owner):
            break
        # Places are shared evenly; how many jobs that makes depends on how long each one takes.
        assert max(turns.values()) <= 2 * min(turns[member] for member in set(order)) + AT_ONCE, turns
    assert sum(turns.values()) >= 3 * AT_ONCE  # long enough to tell


async def enqueue(running: Running) -> None:
    """A third of the jobs each, the first member's all before the second's."""
    public = json.loads((running.data / "public.json").read_text())
    async with httpx.AsyncClient(
        base_url=public["api_url"], headers={"apikey": public["publishable_key"]}, timeout=30
    ) as client:
        model = (await client.get("/rest/v1/models", params={"select": "id", "slug": "eq.aurora"})).json()[0]["id"]
        for number, member in enumerate(MEMBERS):
            credentials = {"email": f"{member}@starling.demo", "password": "starling-demo"}
            session = (await client.post("/auth/v1/token?grant_type=password", json=credentials)).json()
            headers = {"Authorization": f"Bearer {session['access_token']}"}
            for job in range(number * JOBS // 3, (number + 1) * JOBS // 3):
                wish = {
                    "job_id": str(uuid4()),
                    "kind": "image",
                    "prompt": f"crowd {job} of {member}",
                    "model_id": model,
                    "params": SMALL,
                }
                answer = await client.post("/rest/v1/rpc/enqueue_generation", json=wish, headers=headers)
                assert answer.status_code == 200, answer.text


async def finished(running: Running) -> list[dict[str, str]]:
    """The completed jobs, in the order in which they were begun."""
    secret = json.loads((running.data / "secret.json").read_text())
    asked = {
        "select": "owner_id,created_at,started_at",
        "prompt": "like.crowd*",
        "status": "eq.completed",
        "order": "started_at",
    }
    async with httpx.AsyncClient(base_url=secret["api_url"], headers={"apikey": secret["secret_key"]}) as client:
        return (await client.get("/rest/v1/generation_jobs", params=asked)).json()
