"""How one is seen by another browser: hidden, idle, by hand, while writing."""

from __future__ import annotations

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
async def pair(chromium: Browser, starling: str) -> AsyncIterator[tuple[Page, Page]]:
    """Ada and Grace, who see each other."""
    ada, grace = await sign_in(chromium, starling, "Ada"), await sign_in(chromium, starling, "Grace")
    await expect(people(grace)).to_contain_text("Ada Lovelace, online")
    await expect(people(ada)).to_contain_text("Grace Hopper, online")
    yield ada, grace
    for page in (ada, grace):
        await page.context.close()


def people(page: Page) -> Locator:
    """The avatars in the header."""
    return page.get_by_role("list", name="People here")


async def test_who_hides_the_tab_or_does_nothing_is_away(pair: tuple[Page, Page]):
    ada, grace = pair
    await ada.evaluate(IDLE_AFTER, 300)
    await expect(people(grace)).to_contain_text("Ada Lovelace, away")
    await ada.evaluate("attendance.idleMs = 300_000")
    await ada.mouse.move(200, 200)
    await expect(people(grace)).to_contain_text("Ada Lovelace, online")
    await ada.evaluate(HIDE)  # with more the server's limit of five calls in 30 s would count
    await expect(people(grace)).to_contain_text("Ada Lovelace, away")


async def test_one_writes_and_appears_offline_and_still_sees_the_other(pair: tuple[Page, Page]):
    ada, grace = pair
    here = grace.get_by_role("region", name="Here now")
    await ada.get_by_role("textbox", name="Prompt").press_sequentially("two kites over a quiet harbour", delay=60)
    await expect(here).to_contain_text("Ada is writing a prompt")
    await expect(here).not_to_contain_text("is writing")
    menu = ada.get_by_role("button", name="Ada Lovelace, your account").first
    await menu.click()
    await ada.get_by_role("menuitemradio", name="Appear offline").click()
    await expect(people(grace)).not_to_contain_text("Ada Lovelace")
    await expect(people(ada)).to_contain_text("Grace Hopper, online")
    await grace.get_by_role("button", name="Show who is here").click()
    await expect(grace.get_by_text("last seen just now")).to_be_visible()
    await grace.keyboard.press("Escape")
    await menu.click()
    await ada.get_by_role("menuitemradio", name="Automatic").click()
    await expect(people(grace)).to_contain_text("Ada Lovelace, online", timeout=45_000)
