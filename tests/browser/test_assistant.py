"""The assistant in two browsers: both read the same words as they come, and the picture that one asked for."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.people import queue, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]  # the first browser test also starts the app

FLOOR = "/chat/5d3c1e0a-7000-4000-8000-000000000002"  # the demo members' chat
FLOOR_FIELD = "Write to The studio floor"
HEARING = """() => {
  window.heard = [];
  const look = () => { const said = document.querySelector(".msg__text--live"); if (said) window.heard.push(said.textContent.length); };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
}"""
ALERTED = "window.alerted = 0; window.alert = () => { window.alerted += 1 }; 0"  # a function would be called


def answer(page: Page):
    return page.locator(".msg", has_text="Assistant").first  # the newest


async def say(page: Page, words: str) -> None:
    box = page.get_by_role("textbox", name="Message", exact=True)
    await box.fill(words)
    await page.keyboard.press("Escape")  # what is offered to complete it
    await box.press("Enter")


async def test_an_answer_and_a_picture_come_to_both(chromium: Browser, starling: str) -> None:
    ada, grace = await sign_in(chromium, starling, "Ada"), await sign_in(chromium, starling, "Grace")
    await ada.locator(".beside__open").click()  # beside the studio, where another chat may be the latest
    await ada.get_by_role("combobox", name="Which chat").click()
    await ada.get_by_role("option", name="The studio floor").click()
    await expect(ada.get_by_role("textbox", name="Message", exact=True)).to_have_attribute("placeholder", FLOOR_FIELD)
    await grace.goto(starling + FLOOR)
    await grace.evaluate(ALERTED)
    await expect(grace.get_by_role("textbox", name="Message", exact=True)).to_be_enabled()

    for page in (grace, ada):
        await page.evaluate(HEARING)
        await page.add_init_script(f"({HEARING})()")  # a page whose socket is lost for long begins anew
    await say(ada, "@assistant what can you do?")
    for page in (grace, ada):
        await expect(answer(page)).to_contain_text("tell you of models")
        await expect(page.locator(".msg__text--live")).to_have_count(0)
        assert len(set(await page.evaluate("window.heard"))) > 1  # it grew while it was being said
    read = [await answer(page).locator(".msg__text").inner_text() for page in (ada, grace)]
    assert "/imagine" in read[0]
    assert read[0] == read[1]

    await say(ada, "/imagine a heron <img src=x onerror=alert(1)>")
    await expect(queue(ada)).to_contain_text("a heron")
    await expect(grace.locator(".act__prompt").first).to_have_text("a heron <img src=x onerror=alert(1)>")
    for page in (ada, grace):
        await expect(page.locator(".msg__image img").first).to_be_visible(timeout=60_000)
        assert (
            await page.locator(".msg__image img").first.evaluate("async (i) => (await i.decode(), i.naturalWidth)") > 0
        )
    assert await grace.evaluate("window.alerted") == 0

    await say(grace, "/balance")
    await expect(grace.locator(".act--balance .act__big")).to_be_visible()
    await expect(ada.locator(".act--balance")).to_contain_text("Shown to Grace alone")
    await expect(ada.locator(".act--balance .act__big")).to_have_count(0)
    for page in (ada, grace):
        await page.context.close()
