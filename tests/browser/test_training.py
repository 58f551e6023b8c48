"""A model is trained in one browser, and is there to choose in another."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from playwright.async_api import Browser, FilePayload, expect

from tests.browser.people import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def image(name: str, colour: str) -> FilePayload:
    content = io.BytesIO()
    Image.new("RGB", (200, 160), colour).save(content, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": content.getvalue()}


async def test_a_model_trained_in_one_browser_is_chosen_in_the_other(chromium: Browser, starling: str):
    one, other = await sign_in(chromium, starling, "Ada"), await sign_in(chromium, starling, "Ada")
    await other.get_by_role("button", name="Model:").click()
    picker = other.get_by_role("menu")
    await expect(picker).to_contain_text("Basalt")

    await one.goto(f"{starling}/training")
    await one.get_by_role("button", name="New dataset").first.click()
    await one.locator("input[type=file]").set_input_files([image("a.png", "#c83c28"), image("b.png", "#602010")])
    await expect(one.get_by_role("listitem").filter(has=one.get_by_alt_text("b.png"))).to_be_visible()
    await one.get_by_role("button", name="Train a model").click()
    await one.get_by_label("Name of the model").fill("Ember")
    await one.get_by_label("Steps").fill("100")
    await one.get_by_role("button", name="Start training").click()
    await one.wait_for_url("**run=*")
    await expect(one.get_by_role("img", name="Loss by step").locator("path[stroke='#7c6cff']")).to_be_visible()
    await expect(one.get_by_role("link", name="Use in the studio")).to_be_visible()

    await expect(picker).to_contain_text("Ember")  # it was open all the while
    await picker.get_by_text("Ember", exact=True).click()
    await expect(other.get_by_role("button", name="Model: Ember")).to_be_visible()
    for page in (one, other):
        await page.context.close()
