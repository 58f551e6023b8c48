"""The dashboard in two browsers: what a program writes is on both at once, and cards follow their member."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import run_starling, shorten
from tests.browser.people import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

TEAM = "5d3c1e0a-7000-4000-8000-000000000001"  # of the demo members


def contacts(page: Page):
    return page.get_by_role("region", name="Contacts").locator(".counter")


async def test_a_contact_added_by_a_program_is_on_both_pages_at_once(chromium: Browser, tmp_path: Path):
    async with run_starling(tmp_path, STARLING_FAILURE_RATE="0") as running:
        await shorten(running)
        pages = [await sign_in(chromium, running.address, name) for name in ("Ada", "Grace")]
        for page in pages:
            await page.goto(f"{running.address}/?team={TEAM}")
            await expect(contacts(page)).to_have_text("0")
        public = json.loads((tmp_path / "public.json").read_text())
        async with httpx.AsyncClient(headers={"apikey": public["publishable_key"]}, timeout=30) as http:
            account = {"email": "ada@starling.demo", "password": "starling-demo"}
            signed = await http.post(f"{public['api_url']}/auth/v1/token?grant_type=password", json=account)
            http.headers["Authorization"] = f"Bearer {signed.json()['access_token']}"
            made = await http.post(f"{running.address}/api/contacts", json={"team_id": TEAM, "name": "Anna Bell"})
            assert made.status_code == 201
            began = time.monotonic()
            for page in pages:
                await expect(contacts(page)).to_have_text("1")
                await expect(page.get_by_role("list", name="Activity")).to_contain_text("added the contact Anna Bell")
            print(f"on both pages after {time.monotonic() - began:.2f} s")

        ada = pages[0]
        other = await sign_in(chromium, running.address, "Ada")
        await other.goto(f"{running.address}/?team={TEAM}")
        await expect(contacts(other)).to_have_text("1")
        await ada.get_by_role("button", name="Arrange").click()
        await ada.get_by_role("button", name="Move Contacts: arrow keys").press("ArrowRight")
        await expect(other.locator(".dash-card").nth(1)).to_have_attribute("data-card", "contacts")
        await expect(ada.get_by_role("button", name="Move Contacts: arrow keys")).to_be_focused()
        await ada.get_by_role("button", name="Hide Prices").click()
        await expect(other.get_by_role("region", name="Prices")).to_be_hidden()
        for page in (*pages, other):
            await page.context.close()
