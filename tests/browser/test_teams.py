"""A team in two browsers: what one who is removed has open ends at once."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.browser.people import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


async def test_who_is_removed_from_a_team_sees_it_end_and_who_stays_sees_them_go(chromium: Browser, starling: str):
    ada = await sign_in(chromium, starling, "Ada")
    grace = await sign_in(chromium, starling, "Grace")
    await grace.goto(f"{starling}/team")
    await ada.goto(f"{starling}/team")
    await ada.get_by_role("textbox", name="New team").fill("Lighthouse")
    await ada.get_by_role("button", name="Create").click()
    await expect(ada.get_by_role("region", name="This team")).to_contain_text("You are an owner")
    await ada.get_by_role("textbox", name="User name").press_sequentially("gra")
    await ada.get_by_role("option", name="Grace Hopper").click()
    await ada.get_by_role("button", name="Invite", exact=True).click()

    await grace.get_by_role("region", name="Invitations").get_by_role("button", name="Join").click()
    await grace.get_by_role("button", name="Show", exact=True).click()
    members = ada.get_by_role("region", name="Members")
    await expect(grace.get_by_role("region", name="Members")).to_contain_text("Ada Lovelace")
    await expect(members).to_contain_text("@grace · online")

    await ada.get_by_role("button", name="Remove Grace Hopper").click()
    await ada.get_by_role("button", name="Remove", exact=True).click()
    await expect(grace.get_by_role("alert").filter(has_text="You are no longer in Lighthouse.")).to_be_visible()
    await expect(grace.get_by_role("region", name="Members")).to_be_hidden()
    await expect(members).not_to_contain_text("Grace Hopper")
    await grace.get_by_role("button", name="Show Grace Hopper’s team").click()
    await expect(grace.get_by_role("region", name="This team")).to_contain_text("It is your own team")

    await ada.get_by_role("button", name="Delete the team").click()
    await ada.get_by_role("button", name="Delete", exact=True).click()
    await expect(ada.get_by_role("region", name="Your teams")).not_to_contain_text("Lighthouse")
    for page in (ada, grace):
        await page.context.close()
