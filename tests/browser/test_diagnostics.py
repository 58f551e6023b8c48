"""The diagnostics page in a real browser: what it shows of a change, and its log."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.browser.people import generate, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

WITHOUT_CLIPBOARD = """() => {  // as at an address without TLS
    Object.defineProperty(navigator, "clipboard", { value: undefined });
    addEventListener("copy", () => (window.copied = getSelection().toString() || document.activeElement.value));
}"""


async def test_what_happens_is_seen_while_it_happens(chromium: Browser, starling: str) -> None:
    page = await sign_in(chromium, starling, "Grace")
    await page.goto(f"{starling}/diagnostics")
    verdict = page.get_by_role("region", name="Verdict")
    await expect(verdict).to_contain_text(re.compile("All is well|Busy"))  # whatever else the machine does
    jobs = page.get_by_role("region", name="Tables").last.get_by_role("row").filter(has_text="generation_jobs")
    await expect(jobs.filter(has_text="You")).to_contain_text("ready")
    trip = page.get_by_role("region", name="Browser to app")
    await expect(trip).to_contain_text("ms")

    await page.evaluate(WITHOUT_CLIPBOARD)
    await page.get_by_role("button", name="Copy snapshot").click()
    await page.wait_for_function("""() => 'connections' in JSON.parse(window.copied ?? "{}")""")

    own = page.get_by_role("region", name="App to Supabase, for you")
    await own.get_by_role("button", name="Disconnect").click()
    await expect(own).to_contain_text("switched off")
    await expect(verdict).to_contain_text("Your connection is switched off")
    freshness = page.get_by_role("region", name="Freshness").last.get_by_role("row").filter(has_text="You")
    await expect(freshness.first).to_contain_text("polling")
    await own.get_by_role("button", name="Reconnect").click()
    await expect(own).to_contain_text("live")

    studio = await page.context.new_page()
    await studio.goto(f"{starling}/studio")
    await generate(studio, "a lighthouse that is measured")
    latency = page.get_by_role("region", name="Latency").last.get_by_role("row").filter(has_text="generation_jobs")
    await expect(latency.filter(has_text="You")).to_be_visible()
    await page.context.close()


async def test_the_log_is_filtered_by_prefix_level_and_words(chromium: Browser, starling: str) -> None:
    page = await sign_in(chromium, starling, "Grace")
    await page.goto(f"{starling}/diagnostics")
    lines = page.get_by_role("log")
    await page.get_by_role("switch", name="Debug").click()
    await page.get_by_role("region", name="App to Supabase, for you").get_by_role("button", name="Reconnect").click()
    await expect(lines).to_contain_text("asked for: Reconnecting")
    await expect(lines).to_contain_text("[Realtime]")
    await page.get_by_role("group", name="Prefix").get_by_role("button", name="Reconnect").click()
    await expect(lines).not_to_contain_text("[Realtime]")
    await expect(lines).to_contain_text("[Reconnect]")
    await page.get_by_role("group", name="Level").get_by_role("button", name="Warnings").click()
    await expect(lines).to_contain_text("No line matches")
    await page.get_by_role("group", name="Level").get_by_role("button", name="All").click()
    await page.get_by_role("searchbox", name="Filter by words").fill("ASKED for")
    await expect(lines.locator("p")).not_to_have_count(0)
    await expect(lines).not_to_contain_text("attempt")
    await page.context.close()
