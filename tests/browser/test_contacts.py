"""Contacts in two browsers: what one writes the other sees, who is there, and who is told that a field was written over."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.browser.people import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

DEMO_TEAM = "5d3c1e0a-7000-4000-8000-000000000001"


async def test_two_work_on_one_contact(chromium: Browser, starling: str):
    ada = await sign_in(chromium, starling, "Ada")
    grace = await sign_in(chromium, starling, "Grace")
    for page in (ada, grace):
        await page.goto(f"{starling}/contacts?team={DEMO_TEAM}")
    await ada.get_by_role("button", name="Add contact").click()
    await ada.get_by_role("textbox", name="Name", exact=True).fill("Mira Berg")
    await ada.get_by_role("textbox", name="Name", exact=True).press("Enter")
    row = grace.get_by_role("row").filter(has_text="Mira Berg")
    await expect(row).to_be_visible()

    await row.get_by_role("button", name="Mira Berg").click()
    theirs = grace.get_by_role("region", name="Contact", exact=True)
    mine = ada.get_by_role("row").filter(has_text="Mira Berg")
    await mine.get_by_role("button", name="Mira Berg").click()
    panel = ada.get_by_role("region", name="Contact", exact=True)
    await expect(panel).to_contain_text("Grace is here")
    await theirs.get_by_role("textbox", name="Company").fill("Berg")
    await expect(panel).to_contain_text("Grace writes company")
    await panel.get_by_role("textbox", name="Company").fill("Halcyon")
    await theirs.get_by_role("textbox", name="Company").press("Enter")
    await expect(panel).to_contain_text("Grace Hopper changed this to “Berg” while you were editing")
    await panel.get_by_role("textbox", name="Company").press("Enter")
    await expect(theirs.get_by_role("textbox", name="Company")).to_have_value("Halcyon")
    await expect(grace.get_by_text("Ada Lovelace changed the company of Mira Berg after you")).to_be_visible()

    comment = panel.get_by_role("textbox", name="Comment")
    await comment.press_sequentially("Well, @gra")
    await expect(ada.get_by_role("option", name="Grace")).to_be_visible()
    await comment.press("Enter")
    await comment.press_sequentially("dear")  # at once, and nothing of it is lost
    await expect(comment).to_have_value("Well, @grace dear")

    await panel.get_by_role("button", name="Close", exact=True).click()
    await mine.get_by_role("cell", name="Company: Halcyon").press("Enter")
    await mine.get_by_role("textbox", name="Company").fill("Alcyone")
    await mine.get_by_role("textbox", name="Company").press("Enter")
    await expect(mine.get_by_role("cell", name="Company: Alcyone")).to_be_focused()
    await ada.get_by_role("button", name="Pipeline").click()
    card = ada.locator("[data-stage=lead]").get_by_role("button", name="Mira Berg")
    await card.focus()
    await card.press("Shift+ArrowRight")
    await expect(ada.locator("[data-stage=qualified]").get_by_role("button", name="Mira Berg")).to_be_focused()
    await expect(row).to_contain_text("Qualified")
    for page in (ada, grace):
        await page.context.close()
