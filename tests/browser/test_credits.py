"""Credits in two tabs of one person: what is spent in one is gone in the other, and counted in front of their eyes."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.people import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


async def number(balance: Locator) -> int:
    """What screen readers are told."""
    said = balance.locator(".sr-only")
    await expect(said).to_have_text(re.compile(r"credits?$"))
    return int((await said.inner_text()).split()[0].replace(",", ""))


def card(page: Page) -> Locator:
    return page.get_by_role("region", name="Balance").locator(".balance")


def chip(page: Page) -> Locator:
    return page.locator("header").get_by_role("link", name="credits").locator(".balance")


async def test_what_is_spent_in_one_tab_is_counted_in_the_other(chromium: Browser, starling: str):
    studio = await sign_in(chromium, starling, "Grace")
    credits = await studio.context.new_page()
    await credits.goto(f"{starling}/credits")
    before = await number(card(credits))
    assert await number(chip(credits)) == before

    await studio.get_by_role("textbox", name="Prompt").fill("a heron in two tabs")
    await studio.get_by_role("button", name="Generate", exact=True).dblclick()
    await expect(card(credits)).to_contain_text(re.compile(r"−\d"))  # by how much, for a moment
    spent = before - await number(card(credits))
    assert spent > 0
    for balance in (card(credits), chip(credits), chip(studio)):
        await expect(balance.locator(".balance__number")).to_have_text(f"{before - spent:,}")

    await credits.get_by_role("button", name="Top up").click()
    await credits.get_by_label("Credits", exact=True).fill("5000")
    await credits.get_by_role("button", name="Add credits", exact=True).click()
    await expect(credits.get_by_role("dialog")).to_contain_text("From 10 to 1,000 credits at a time")
    await credits.get_by_role("button", name="100", exact=True).click()
    await credits.get_by_role("button", name="Add 100 credits").click()
    await expect(chip(studio).locator(".balance__number")).to_have_text(f"{before - spent + 100:,}")
    history = credits.get_by_role("region", name="History")
    await expect(history.get_by_text("Simulated payment")).to_be_visible()
    await expect(history.get_by_text("a heron in two tabs")).to_have_count(1)
    await studio.context.close()
