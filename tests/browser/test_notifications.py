"""The bell in two tabs of one browser: what comes is in both at once, and what is read in one is read in the other."""

from __future__ import annotations

from uuid import uuid4

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import Running
from tests.browser.people import PATIENCE_MS, generate, queue

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


async def join(chromium: Browser, address: str) -> Page:
    """A new member's browser, in the studio."""
    context = await chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    await page.goto(f"{address}/sign-in?create=true")
    await page.get_by_role("textbox", name="Name").fill("Bell Ringer")
    await page.get_by_role("textbox", name="E-mail").fill(f"bell.{uuid4().hex[:8]}@starling.test")
    await page.get_by_role("textbox", name="Password").fill("a good password")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/studio")
    return page


async def test_what_is_told_is_in_all_tabs_and_so_is_that_it_was_read(chromium: Browser, running: Running):
    starling = running.address
    first = await join(chromium, starling)  # somebody for whom nothing is in the queue
    second = await first.context.new_page()
    await second.goto(f"{starling}/diagnostics")
    with running.held("worker"):  # until nobody looks at the studio any more
        await generate(first, "a bell over a quiet harbour")
        await expect(queue(first).get_by_text("a bell over a quiet harbour")).to_be_visible()
        await first.goto(f"{starling}/settings")
        await first.wait_for_function("window.socket?.connected")

    for page in (first, second):
        await expect(page).to_have_title("(1) Settings · Starling" if page is first else "(1) Diagnostics · Starling")
        await expect(page.get_by_role("button", name="Notifications, 1 unread")).to_be_visible()
    toast = first.get_by_role("region", name="Notifications").get_by_text("“a bell over a quiet harbour” is finished")
    await expect(toast).to_be_visible()
    await expect(first.locator("img.toast__picture")).to_be_visible()

    await second.get_by_role("button", name="Notifications, 1 unread").click()
    panel = second.get_by_role("dialog", name="Notifications")
    await panel.get_by_role("button", name="Mark as read").click()
    for page in (first, second):
        await expect(page.get_by_role("button", name="Notifications, none unread")).to_be_visible()
    await expect(first).to_have_title("Settings · Starling")

    await panel.get_by_role("link", name="a bell over a quiet harbour").click()
    await second.wait_for_url("**/studio?picture=*")
    await expect(second.get_by_role("dialog", name="Picture")).to_be_visible()
    await first.context.close()
