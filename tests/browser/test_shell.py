"""What surrounds every page, as people use it: by mouse, by keyboard, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
PAGES = ["/", "/studio", "/diagnostics", "/sign-in", "/sign-in?create=true", "/nowhere"]

NAMELESS = """() => [...document.querySelectorAll('button, a[href], input, textarea, [role=button], img')]
  .filter((e) => e.checkVisibility() && !e.closest('[aria-hidden=true]'))
  .filter((e) => !(e.getAttribute('aria-label') || e.getAttribute('alt') !== null || e.innerText?.trim() || e.labels?.length
    || e.getAttribute('aria-labelledby') || e.querySelector('[aria-label]')))
  .map((e) => e.outerHTML.slice(0, 160))"""


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
async def page(request: pytest.FixtureRequest, chromium: Browser, starling: str) -> AsyncIterator[Page]:
    """A guest's browser that fails the test on anything it complains about."""
    phone = request.param is PHONE
    context = await chromium.new_context(viewport=request.param, base_url=starling, has_touch=phone, is_mobile=phone)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    await context.close()
    assert complaints == []


async def settle(page: Page) -> None:
    await page.wait_for_function("window.socket?.connected && document.fonts.status === 'loaded'")


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_fits_and_everything_in_it_has_a_name(page: Page, path: str) -> None:
    await page.goto(path)
    await settle(page)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await page.evaluate(NAMELESS) == []
    await expect(page.get_by_role("heading", level=1)).to_have_count(1)


async def test_the_choice_between_dark_and_light_stays_and_never_flashes(page: Page) -> None:
    await page.goto("/")
    await settle(page)
    dark = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    await page.get_by_role("button", name="Switch to light").click()
    await expect(page.get_by_role("button", name="Switch to dark")).to_be_visible()
    light = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert light != dark
    # The choice is in the page itself, before anything is drawn: no script of the app needs to have run.
    answer = await page.request.get("/")
    assert 'classList.add("light")' in await answer.text()
    await page.reload()
    await settle(page)
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == light


async def test_the_palette_is_worked_by_keys_alone(page: Page) -> None:
    await page.goto("/")
    await settle(page)
    palette = page.get_by_role("dialog", name="Search or jump")
    await page.keyboard.press("Control+k")
    await expect(palette).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(palette).to_be_hidden()
    await page.keyboard.press("Control+k")
    await expect(palette).to_be_visible()
    await page.wait_for_function("document.activeElement.closest('[role=dialog] input, input[role=combobox]')")
    await page.keyboard.type("stud")
    await expect(palette.get_by_role("option")).to_have_count(1)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/studio")


async def test_shortcuts_rest_while_somebody_types(page: Page) -> None:
    await page.goto("/studio")
    await settle(page)
    prompt = page.get_by_role("textbox", name="Prompt")
    await prompt.press_sequentially("g h?")
    await expect(prompt).to_have_value("g h?")
    await expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    await prompt.blur()
    await page.keyboard.press("?")
    shortcuts = page.get_by_role("dialog", name="Keyboard shortcuts")
    await expect(shortcuts).to_be_visible()
    assert await shortcuts.evaluate("e => [...e.children].every(part => part.scrollHeight <= part.clientHeight)")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    await page.keyboard.type("gh")  # one after the other, without a pause
    await page.wait_for_url(lambda url: url.endswith("/"))


async def test_the_connection_says_live_and_offline_when_the_app_is_out_of_reach(page: Page) -> None:
    await page.goto("/")
    connection = page.get_by_role("status", name="Connection")
    await expect(connection).to_contain_text("live")
    await page.evaluate("window.sameAsBefore = true; ack(); window.socket.disconnect()")  # the app keeps nothing of it
    await expect(connection).to_contain_text("offline")
    await expect(page.get_by_text("Showing what was last known")).to_be_visible()
    await page.get_by_role("button", name="Retry").click()
    await expect(connection).to_contain_text("live")
    await expect(page.get_by_text("Showing what was last known")).to_be_hidden()
    assert await page.evaluate("window.sameAsBefore")


async def test_a_member_sees_who_is_here_can_disconnect_and_sign_out(page: Page) -> None:
    await page.goto("/")
    await page.get_by_role("button", name="Sign in as Ada").click()
    await page.wait_for_url("**/studio")
    await expect(page.get_by_label("People here")).to_contain_text(
        "Ada Lovelace"
    )  # a phone has no room for who is alone
    connection = page.get_by_role("status", name="Connection")
    await expect(connection).to_contain_text("live")
    await connection.get_by_role("button").click()
    await page.get_by_role("button", name="Disconnect").click()
    await expect(connection).to_contain_text("offline")
    await expect(page.get_by_text("Disconnected since")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog", name="Connection details")).to_be_hidden()
    await page.get_by_role("button", name="Connect", exact=True).click()
    await expect(connection).to_contain_text("live")
    await page.get_by_role("button", name="Ada Lovelace, your account").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await expect(page.get_by_role("button", name="Sign in as Ada")).to_be_visible()


async def test_the_focus_is_seen_and_the_content_one_key_away(page: Page) -> None:
    await page.goto("/")
    await settle(page)
    await page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    await expect(skip).to_be_focused()
    assert await skip.evaluate("e => getComputedStyle(e).outlineWidth") == "2px"


async def test_those_who_want_no_motion_get_none(chromium: Browser, starling: str) -> None:
    context = await chromium.new_context(base_url=starling, reduced_motion="reduce")
    page = await context.new_page()
    await page.goto("/")
    await settle(page)
    slow = await page.evaluate(
        "[...document.querySelectorAll('*')].filter((e) => parseFloat(getComputedStyle(e).transitionDuration) > 0.01).length"
    )
    await context.close()
    assert slow == 0
