"""The studio in a real browser: keyboard, focus, layout, and what a hundred jobs cost."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.people import gallery, generate, queue, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture
async def ada(chromium: Browser, starling: str) -> Page:
    return await sign_in(chromium, starling, "Ada")


async def made(page: Page, prompt: str) -> None:
    """Generates a picture and waits for it."""
    await generate(page, prompt)
    await expect(gallery(page).get_by_text(prompt)).to_be_visible(timeout=60_000)


async def test_the_keyboard_leads_through_the_gallery_and_back(ada: Page) -> None:
    await made(ada, "kites over the dunes")
    await made(ada, "a tram in the rain")
    tile = gallery(ada).get_by_role("button", name="Picture: a tram in the rain")
    await tile.focus()
    await ada.keyboard.press("ArrowRight")
    await ada.keyboard.press("ArrowLeft")
    await expect(tile).to_be_focused()
    await ada.keyboard.press("Enter")
    dialog = ada.get_by_role("dialog")
    await expect(dialog.get_by_text("a tram in the rain")).to_be_visible()
    await ada.wait_for_url("**/*picture=*")
    await ada.wait_for_function("document.activeElement.closest('[role=dialog]')")  # it shows before it has the keys
    await dialog.get_by_role("button", name="Add to favourites").press("Enter")
    await expect(dialog.get_by_role("button", name="Remove from favourites")).to_be_focused()  # drawn again
    await ada.keyboard.press("ArrowRight")
    await expect(dialog.get_by_text("a tram in the rain")).to_have_count(0)
    await ada.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(tile).to_be_focused()
    await ada.wait_for_url(lambda url: "picture=" not in url)


async def test_ctrl_enter_generates_and_keeps_the_prompt_selected(ada: Page) -> None:
    prompt = ada.get_by_role("textbox", name="Prompt")
    await prompt.fill("an observatory on the moon")
    await prompt.press("Control+Enter")
    await expect(queue(ada).get_by_text("an observatory on the moon")).to_be_visible()
    await expect(prompt).to_have_value("an observatory on the moon")
    await ada.wait_for_function("getSelection().toString() === 'an observatory on the moon'")


async def test_the_download_is_a_real_file_with_a_good_name(ada: Page) -> None:
    await made(ada, "salt flats, wide")
    await gallery(ada).get_by_text("salt flats, wide").click()
    async with ada.expect_download() as waiting:
        await ada.get_by_role("dialog").get_by_role("button", name="Download").click()
    download = await waiting.value
    assert download.suggested_filename.startswith("salt-flats-wide-")
    assert (await download.path()).stat().st_size > 10_000


async def test_a_draft_survives_a_reload_and_a_socket_that_was_broken_before_anybody_knew(ada: Page) -> None:
    prompt = ada.get_by_role("textbox", name="Prompt")
    await ada.evaluate("window.socket.io.engine.transport.ws.send = () => {}")
    await prompt.fill("words that are not lost")
    await ada.evaluate("window.socket.io.engine.close()")
    await expect(ada.get_by_role("button", name="Surprise me")).to_be_hidden()  # the server knows them
    await ada.reload()
    await expect(prompt).to_have_value("words that are not lost")


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 768), (390, 844), (360, 640)])
async def test_nothing_overflows_at_any_width(chromium: Browser, starling: str, width: int, height: int) -> None:
    page = await sign_in(chromium, starling, "Grace", width=width, height=height)
    await expect(queue(page)).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    prompt, line, pictures = [await page.locator(part).bounding_box() for part in (".prompt", ".queue", ".gallery")]
    assert prompt is not None
    assert line is not None
    assert pictures is not None
    if width < 900:  # prompt, then queue, then gallery
        assert prompt["y"] < line["y"] < pictures["y"]
    else:
        assert prompt["x"] < line["x"]
        assert prompt["x"] == pictures["x"]


async def test_a_job_that_is_dragged_stands_there_in_another_browser_too(chromium: Browser, starling: str) -> None:
    here = await sign_in(chromium, starling, "Ada", height=1600)  # toasts do not lie over the queue
    there = await sign_in(chromium, starling, "Ada", width=390, height=844)
    await here.get_by_role("button", name="Pause the queue").click()
    await expect(queue(there).get_by_role("status")).to_contain_text("Paused")
    names = ["first of all", "second of all", "third of all"]
    for name in names:
        await generate(here, name)
        await expect(queue(there).get_by_text(name)).to_be_visible()

    async def stand(page: Page, *wanted: str) -> None:
        own = queue(page).locator(".job--movable .job__prompt").filter(has_text="of all")
        await expect(own).to_have_text([f"{name} of all" for name in wanted])

    await stand(there, "first", "second", "third")
    third = queue(here).locator(".job", has_text="third of all").locator(".job__grip")
    await third.scroll_into_view_if_needed()
    grip, above = await third.bounding_box(), await queue(here).locator(".job", has_text="first of all").bounding_box()
    assert grip is not None
    assert above is not None
    await here.mouse.move(grip["x"] + 20, grip["y"] + 20)
    await here.mouse.down()
    await here.mouse.move(grip["x"] + 20, above["y"] + 60, steps=5)
    await here.mouse.move(grip["x"] + 20, above["y"] + 6, steps=5)
    await here.mouse.up()
    await stand(here, "third", "first", "second")
    await stand(there, "third", "first", "second")
    await third.focus()
    await here.keyboard.press("ArrowDown")
    await stand(there, "first", "third", "second")
    await expect(third).to_be_focused()
    await here.get_by_role("button", name="Resume", exact=True).click()
    await expect(queue(there).get_by_text("Paused. Nothing of yours")).to_be_hidden()
    await here.context.close()
    await there.context.close()
