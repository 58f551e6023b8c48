"""A campaign in two browsers: written in one, watched in both, and no button for who may only look."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.browser.people import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

SHARED = "5d3c1e0a-7000-4000-8000-000000000001"  # the team that demo accounts share

ARRIVED = re.compile("delivered|opened|clicked|bounced")  # three in a hundred come back


async def test_a_letter_is_written_in_one_browser_and_arrives_in_both(chromium: Browser, starling: str):
    ada = await sign_in(chromium, starling, "Ada")
    grace = await sign_in(chromium, starling, "Grace")
    await ada.goto(f"{starling}/contacts?team={SHARED}")
    await ada.get_by_role("button", name="Add contact", exact=True).click()
    await ada.get_by_label("Name", exact=True).fill("Mira Holt")
    await ada.locator("[name=new-email]").fill("mira@example.com")
    await ada.get_by_role("dialog").get_by_role("button", name="Add contact").click()
    await grace.goto(f"{starling}/emails?team={SHARED}")
    await ada.get_by_role("row").get_by_role("button", name="Mira Holt").click()
    await ada.get_by_role("region", name="Contact", exact=True).get_by_role("button", name="Write an e-mail").click()
    writing = ada.get_by_role("dialog", name="New e-mail")
    await expect(writing.get_by_role("button", name="Remove Mira Holt")).to_be_visible()
    await writing.get_by_label("Subject").fill("Tides for {{first_name}}")
    await writing.get_by_label("Text", exact=True).fill("See https://example.com/tides")
    await writing.get_by_role("button", name="Company").click()
    await expect(writing.get_by_role("region", name="Preview")).to_contain_text("Tides for Mira")
    await writing.get_by_role("button", name="Send", exact=True).click()
    for page in (ada, grace):
        letters = page.get_by_role("region", name="Letters")
        await expect(letters).to_contain_text("Tides for Mira")
        await expect(letters.locator(".badge").first).to_have_text(ARRIVED, timeout=30_000)
