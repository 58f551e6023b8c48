"""What one does is seen by the other, whatever dies meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import psutil
import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import Running, run_starling, shorten
from tests.browser.people import connection, gallery, generate, queue, sign_in
from tests.browser.steady import touched, watch

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

# Looked for in every frame: it is there for half a second only.
UNDER_WAY = "document.querySelector('[role=region][aria-label=Queue] [role=progressbar]')"
# So is this: a few seconds, of which round trips from here take too many on a busy machine.
UNDO = """(prompt) => {
  const undo = [...document.querySelectorAll('button')].find((button) => button.textContent.includes('Undo'));
  const there = document.querySelector('[role=region][aria-label=Gallery]').textContent.includes(prompt);
  return undo && !there && (undo.click(), true);
}"""


@pytest.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """One to be shot at."""
    data = tmp_path_factory.mktemp("live")
    async with run_starling(data, STARLING_FAILURE_RATE="0", STARLING_RENDER_SECONDS="0.5", STARLING_LEASE_S="4") as it:
        await shorten(it)
        async with asyncio.timeout(120):  # the demo members' first pictures are in front of anybody else's
            while await count(it, "generation_jobs", status="in.(waiting,active)"):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        yield it


@pytest.fixture
async def ada(chromium: Browser, running: Running) -> AsyncIterator[Page]:
    page = await sign_in(chromium, running.address, "Ada")
    yield page
    await page.context.close()


@pytest.fixture
async def grace(chromium: Browser, running: Running) -> AsyncIterator[Page]:
    page = await sign_in(chromium, running.address, "Grace")
    yield page
    await page.context.close()


async def count(running: Running, table: str, **filters: str) -> int:
    """How many rows the database has."""
    secret = json.loads((running.data / "secret.json").read_text())
    async with httpx.AsyncClient(base_url=secret["api_url"], headers={"apikey": secret["secret_key"]}) as client:
        answer = await client.get(f"/rest/v1/{table}", params={"select": "id", **filters})
    return len(answer.json())


async def stored(running: Running, prompt: str) -> int:
    """How many generations of a prompt there are."""
    return await count(running, "generations", prompt=f"eq.{prompt}")


async def test_a_public_prompt_is_seen_growing_and_finished_by_both(ada: Page, grace: Page):
    prompt = "two kites over a quiet harbour"
    await generate(ada, prompt)
    for page in (ada, grace):
        await expect(queue(page).get_by_text(prompt)).to_be_visible()
    await grace.wait_for_function(UNDER_WAY)
    for page in (ada, grace):
        await expect(gallery(page).get_by_text(prompt)).to_be_visible(timeout=60_000)
        await expect(queue(page).get_by_text(prompt)).to_have_count(0)
        picture = gallery(page).get_by_role("img", name=prompt).first
        await expect(picture).to_have_js_property("complete", True)
        assert await picture.evaluate("image => image.naturalWidth") > 100


async def test_both_are_here(ada: Page, grace: Page):
    for page in (ada, grace):
        people = page.get_by_role("list", name="People here")
        await expect(people).to_contain_text("AL")
        await expect(people).to_contain_text("GH")


async def test_a_deletion_is_seen_by_both_and_said(ada: Page, grace: Page):
    prompt = "a paper boat that will not last"
    await generate(ada, prompt)
    await expect(gallery(grace).get_by_text(prompt)).to_be_visible()
    await gallery(ada).get_by_text(prompt).click()
    await ada.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(gallery(ada).get_by_text(prompt)).to_have_count(0)
    await expect(gallery(grace).get_by_text(prompt)).to_have_count(0)
    await expect(grace.get_by_text(f"Ada deleted “{prompt}”")).to_be_visible()


async def test_an_undone_deletion_was_never_one(ada: Page, grace: Page):
    prompt = "a bridge that stays"
    await generate(ada, prompt)
    await expect(gallery(grace).get_by_text(prompt)).to_be_visible()
    await gallery(ada).get_by_text(prompt).click()
    undone = asyncio.create_task(ada.wait_for_function(UNDO, arg=prompt))
    await ada.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await undone
    await expect(gallery(ada).get_by_text(prompt)).to_be_visible()
    await expect(gallery(grace).get_by_text(prompt)).to_be_visible()


async def test_a_private_prompt_is_nobody_elses_business(ada: Page, grace: Page, running: Running):
    prompt = "a diary in green ink"
    await ada.get_by_role("button", name="Public").click()
    await generate(ada, prompt)
    await expect(gallery(ada).get_by_text(prompt)).to_be_visible()
    await expect(gallery(grace).get_by_text(prompt)).to_have_count(0)
    await grace.reload()
    await expect(connection(grace)).to_contain_text("live", ignore_case=True)
    await expect(gallery(grace).get_by_text(prompt)).to_have_count(0)
    assert await stored(running, prompt) == 1


async def test_who_asks_again_because_nothing_happens_offline_pays_once(ada: Page, running: Running):
    prompt = "a ferry in the fog"
    await ada.evaluate("window.socket.disconnect()")
    await expect(connection(ada)).to_contain_text("offline", ignore_case=True)
    await generate(ada, prompt)
    await ada.get_by_role("button", name="Generate", exact=True).press("Enter")
    await expect(ada.get_by_text("what you asked for is sent when it is back")).to_be_visible()
    await ada.get_by_role("button", name="Retry").click()
    await expect(gallery(ada).get_by_text(prompt)).to_be_visible(timeout=60_000)
    assert await count(running, "generation_jobs", prompt=f"eq.{prompt}") == 1


async def test_a_killed_worker_comes_back_and_the_job_ends_once(ada: Page, running: Running):
    prompt = "a clock tower, unfinished"
    await generate(ada, prompt)
    await ada.wait_for_function(UNDER_WAY)
    before = running.child("worker").pid
    running.child("worker").kill()
    await expect(gallery(ada).get_by_text(prompt)).to_be_visible(timeout=60_000)
    assert await stored(running, prompt) == 1
    assert running.child("worker").pid != before


async def test_a_killed_backend_is_said_and_recovered_from(ada: Page, grace: Page, running: Running):
    pages = (ada, grace)
    for page in pages:
        await watch(page)
    said = asyncio.gather(*(expect(connection(page)).to_contain_text("offline", ignore_case=True) for page in pages))
    while not said.done():  # killed once, it is back before anybody needs to be told
        with suppress(LookupError, psutil.Error):
            running.child("embedded").kill()
        await asyncio.sleep(0.1)
    await said
    for page in (ada, grace):
        await expect(connection(page)).to_contain_text("live", ignore_case=True, timeout=60_000)
    prompt = "morning after the storm"
    await generate(grace, prompt)
    await expect(gallery(ada).get_by_text(prompt)).to_be_visible(timeout=60_000)
    assert await stored(running, prompt) == 1
    for page in pages:
        assert set(await touched(page)) == {prompt}, await touched(page)  # nothing else flickered


async def test_without_realtime_the_page_says_so_and_polls(ada: Page, grace: Page):
    await connection(ada).click()
    await ada.get_by_role("button", name="Disconnect").click()
    await ada.keyboard.press("Escape")
    await expect(connection(ada)).to_contain_text("offline", ignore_case=True)
    prompt = "seen without a socket"
    await ada.get_by_role("button", name="Public").click()  # what is public would come by everybody's connection
    await generate(ada, prompt)
    await expect(gallery(ada).get_by_text(prompt)).to_be_visible(timeout=30_000)
    await connection(ada).click()
    await ada.get_by_role("dialog").get_by_role("button", name="Connect", exact=True).click()
    await expect(connection(ada)).to_contain_text("live", ignore_case=True)
