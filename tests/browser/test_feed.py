"""The feed in two browsers: what one does is on the other's page at once."""

from __future__ import annotations

import time

import pytest
from playwright.async_api import Browser, Page, WebSocketRoute, expect

from tests.browser.people import gallery, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def post(page: Page, caption: str):
    return page.get_by_role("region", name="Feed").locator("li.post", has_text=caption)


class Line:
    """One socket of a browser; what goes `up` or comes `down` can be lost while both ends take it for well."""

    def __init__(self, browser: WebSocketRoute) -> None:
        self.up = self.down = True
        server = browser.connect_to_server()
        browser.on_message(lambda message: server.send(message) if self.up else None)
        server.on_message(lambda message: browser.send(message) if self.down else None)


async def test_a_like_in_one_browser_is_counted_in_the_other(chromium: Browser, starling: str) -> None:
    ada, grace = await sign_in(chromium, starling, "Ada"), await sign_in(chromium, starling, "Grace")
    tile = gallery(ada).locator("li.tile:has(.tile__heart)").first  # the first of the demo pictures that is hers
    await expect(tile).to_be_visible(timeout=60_000)
    await tile.hover()
    await tile.get_by_role("button", name="More").click()
    await ada.get_by_text("Publish", exact=True).click()
    await ada.get_by_role("textbox", name="Caption").fill("Low light, long wait")
    await ada.get_by_role("dialog").get_by_role("button", name="Publish").click()
    await ada.locator(".toast", has_text="Published").get_by_role("button", name="View").click()
    await ada.wait_for_url("**/feed?post=*")
    await expect(ada.get_by_role("dialog").get_by_role("textbox", name="Add a comment")).to_be_visible()
    lines: list[Line] = []
    await grace.route_web_socket("**/_nicegui_ws/**", lambda browser: lines.append(Line(browser)))
    await grace.goto(f"{starling}/feed")
    await expect(post(grace, "Low light, long wait")).to_be_visible()

    heart = ada.get_by_role("dialog").get_by_role("button", name="Like, 0 likes")
    await expect(heart).to_be_visible()
    click = post(grace, "Low light, long wait").get_by_role("button", name="Like, 0 likes")
    await click.scroll_into_view_if_needed()
    began = time.monotonic()
    await click.evaluate("(button) => button.click()")
    await ada.wait_for_function("document.querySelector('[role=dialog] [aria-label=\"Like, 1 like\"]')")
    print(f"from the click to the other browser's number: {1000 * (time.monotonic() - began):.0f} ms")
    await expect(post(grace, "Low light, long wait").get_by_role("button", name="Unlike, 1 like")).to_be_visible()

    # Once what one does is lost on a socket that is dead, once only that it was heard: it is done once.
    await grace.evaluate("starling.link.patienceMs = 300")
    for lost, said in (("up", "Like, 0 likes"), ("down", "Unlike, 1 like")):
        setattr(lines[-1], lost, False)
        await post(grace, "Low light, long wait").locator(".count-button--heart").evaluate("(it) => it.click()")
        await expect(
            ada.get_by_role("dialog").get_by_role("button", name=said.replace("Unlike", "Like"))
        ).to_be_visible()
        await expect(post(grace, "Low light, long wait").get_by_role("button", name=said)).to_be_visible()
    assert len(lines) >= 3
    await grace.wait_for_function("!Object.keys(socket.acks).length")  # what was said again is heard

    box = ada.get_by_role("dialog").get_by_role("textbox", name="Add a comment")
    await box.fill("Glad you like it")
    await box.press("Enter")
    await expect(box).to_have_value("")
    await expect(post(grace, "Low light, long wait").get_by_role("button", name="Comments, 1 comment")).to_be_visible()
    await expect(post(grace, "Low light, long wait").get_by_role("button", name="Unlike, 1 like")).to_be_visible()
    await ada.keyboard.press("Escape")
    await expect(ada.get_by_role("dialog")).to_have_count(0)
    await ada.wait_for_url("**/feed")
    for page in (ada, grace):
        await page.context.close()
