"""How one is seen by another browser: hidden, idle, by hand, while writing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.people import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

HIDE = """() => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
IDLE_AFTER = "ms => { attendance.idleMs = ms; document.dispatchEvent(new Event('visibilitychange')); }"


@pytest.fixture
async def grace(chromium: Browser, starling: str) -> AsyncIterator[Page]:
    """Grace, who looks on."""
    page = await sign_in(chromium, starling, "Grace")
    yield page
    await page.context.close()


@pytest.fixture
async def katherine(chromium: Browser, starling: str) -> AsyncIterator[Page]:
    """Katherine, who is in no other test: calls of presence are counted, and what she chooses is kept."""
    context = await chromium.new_context(base_url=starling)
    page = await context.new_page()
    await page.goto("/sign-in")
    await page.get_by_label("E-mail").fill("katherine@starling.demo")
    await page.get_by_label("Password", exact=True).fill("starling-demo")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/studio")
    yield page
    await context.close()


def people(page: Page) -> Locator:
    """The avatars in the header."""
    return page.get_by_role("list", name="People here")


async def test_others_see_that_one_does_nothing_writes_hides_the_tab_and_appears_offline(katherine: Page, grace: Page):
    here = grace.get_by_role("region", name="Here now")
    await expect(people(grace)).to_contain_text("Katherine Johnson, online")
    await katherine.evaluate(IDLE_AFTER, 300)
    await expect(people(grace)).to_contain_text("Katherine Johnson, away")
    await katherine.evaluate("attendance.idleMs = 300_000")

    prompt = katherine.get_by_role("textbox", name="Prompt")
    await asyncio.gather(
        prompt.press_sequentially("two kites over a harbour", delay=100),
        expect(here).to_contain_text("Katherine is writing a prompt"),
    )
    await expect(people(grace)).to_contain_text("Katherine Johnson, online")
    await expect(here).not_to_contain_text("is writing")

    await katherine.evaluate(HIDE)  # the fourth call of presence: with more the limit of five in 30 s would count
    await expect(people(grace)).to_contain_text("Katherine Johnson, away")
    await katherine.get_by_role("button", name="Katherine Johnson, your account").first.click()
    await katherine.get_by_role("menuitemradio", name="Appear offline").click()
    await expect(people(grace)).not_to_contain_text("Katherine Johnson")
    await expect(people(katherine)).to_contain_text("Grace Hopper")
    await grace.get_by_role("button", name="Show who is here").click()
    gone = grace.locator(".person", has_text="Katherine Johnson")  # others may have left just now, too
    await expect(gone.get_by_text("last seen just now")).to_be_visible()
