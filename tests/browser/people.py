"""Two people in front of Starling, and what they see."""

from __future__ import annotations

from playwright.async_api import Browser, Locator, Page, expect

PATIENCE_MS = 30_000


async def sign_in(chromium: Browser, address: str, name: str, *, width: int = 1440, height: int = 900) -> Page:
    """A browser of `name`'s own, in the studio."""
    context = await chromium.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    await page.goto(address)
    await page.get_by_role("button", name=f"Sign in as {name}").click()
    await page.wait_for_url("**/studio")
    await expect(connection(page)).to_contain_text("live", ignore_case=True)
    return page


async def sign_in_with(chromium: Browser, address: str, email: str, password: str) -> Page:
    """As `sign_in`, with what one types: where there are no demo members."""
    context = await chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    await page.goto(f"{address}/sign-in")
    await page.get_by_role("textbox", name="E-mail").fill(email)
    await page.get_by_role("textbox", name="Password").fill(password)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.wait_for_url("**/studio")
    await expect(connection(page)).to_contain_text("live", ignore_case=True)
    return page


async def generate(page: Page, prompt: str) -> None:
    """Types a prompt and sends it."""
    await page.get_by_role("textbox", name="Prompt").fill(prompt)
    await page.get_by_role("button", name="Generate", exact=True).click()


def connection(page: Page) -> Locator:
    """What the page says of its connection."""
    return page.get_by_role("status", name="Connection")


def queue(page: Page) -> Locator:
    """The region in which jobs are."""
    return page.get_by_role("region", name="Queue")


def gallery(page: Page) -> Locator:
    """The region in which pictures are."""
    return page.get_by_role("region", name="Gallery")
