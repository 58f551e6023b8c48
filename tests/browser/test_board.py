"""A board in two browsers: what one drags moves in the other, by hand, by keys and with a finger."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.people import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

TEAM = "5d3c1e0a-7000-4000-8000-000000000001"  # the demo accounts'


def column(page: Page, name: str):
    return page.get_by_role("group", name=name, exact=True).get_by_role("list")


def shots(page: Page):
    return page.get_by_role("region", name="Shots").locator("[data-kind=shot]")


async def test_a_task_dragged_in_one_browser_moves_in_the_other(chromium: Browser, starling: str):
    ada = await sign_in(chromium, starling, "Ada")
    grace = await sign_in(chromium, starling, "Grace")
    await ada.goto(f"{starling}/board?team={TEAM}")
    await ada.get_by_role("textbox", name="New project").fill("Lighthouse film")
    await ada.get_by_role("button", name="Create").click()
    await ada.wait_for_url("**/board/*team=*")
    await ada.get_by_role("textbox", name="Add a task to Queued").focus()
    await ada.keyboard.type("Find a lighthouse\nAsk the keeper\n")  # nobody waits for a line to be empty (Line 1)
    for title in ("Find a lighthouse", "Ask the keeper"):
        await expect(column(ada, "Queued").get_by_role("button", name=title, exact=True)).to_be_visible()
    await grace.goto(ada.url)
    await expect(column(grace, "Queued")).to_contain_text("Ask the keeper")
    await expect(ada.get_by_role("list", name="On this board")).to_contain_text("Grace Hopper")

    card = ada.get_by_role("button", name="Find a lighthouse")
    place, target = await card.bounding_box(), await column(ada, "In progress").bounding_box()
    assert place is not None
    assert target is not None
    await ada.mouse.move(place["x"] + 10, place["y"] + 8)
    await ada.mouse.down()
    await ada.mouse.move(target["x"] + 60, target["y"] + 40, steps=8)
    await expect(grace.get_by_text("Ada is moving this")).to_be_visible()
    await ada.mouse.up()
    await expect(column(grace, "In progress")).to_contain_text("Find a lighthouse")
    await expect(column(ada, "In progress")).to_contain_text("Find a lighthouse")
    await expect(grace.get_by_text("Ada is moving this")).to_be_hidden()

    await ada.get_by_role("textbox", name="Add a shot").focus()
    await ada.keyboard.type("Dawn\nNoon\n")
    await expect(shots(grace)).to_have_text([re.compile("Dawn"), re.compile("Noon")])
    first, second = [await shots(ada).nth(n).bounding_box() for n in range(2)]
    assert first is not None
    assert second is not None
    await ada.mouse.move(second["x"] + 150, second["y"] + 6)
    await ada.mouse.down()
    await ada.mouse.move(first["x"] + 20, first["y"] + 40, steps=8)
    await ada.mouse.up()
    for page in (grace, ada):
        await expect(shots(page).first).to_contain_text("Noon")
        await expect(shots(page).last).to_contain_text("Dawn")

    await column(grace, "In progress").get_by_role("button", name="Find a lighthouse").focus()
    await grace.keyboard.press("Shift+ArrowRight")
    await expect(column(ada, "Completed")).to_contain_text("Find a lighthouse")
    await expect(column(grace, "Completed").get_by_role("button", name="Find a lighthouse")).to_be_focused()
    await grace.keyboard.press("Enter")
    await expect(grace.get_by_role("dialog")).to_contain_text("Nothing is said yet.")
    await grace.get_by_role("textbox", name="Comment").fill("Look, @ad")
    await grace.get_by_role("button", name="@ada").click()
    await expect(grace.get_by_role("textbox", name="Comment")).to_have_value("Look, @ada ")
    await grace.get_by_role("button", name="Close").click()
    await expect(grace.get_by_role("dialog")).to_be_hidden()

    await grace.set_viewport_size({"width": 390, "height": 844})  # one column, and a bit of the next
    card = column(grace, "Queued").get_by_role("button", name="Ask the keeper")
    await card.scroll_into_view_if_needed()
    place = await card.bounding_box()
    assert place is not None
    x, y = place["x"] + 10, place["y"] + 8
    finger = await grace.context.new_cdp_session(grace)
    await finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    await expect(ada.get_by_text("Grace is moving this")).to_be_visible()  # she has held it long enough
    await finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": 370, "y": y}]})
    await expect(column(grace, "Queued")).not_to_be_in_viewport()  # the columns came along by themselves
    await finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    await expect(column(ada, "Queued")).not_to_contain_text("Ask the keeper")
    for page in (ada, grace):
        await page.context.close()
