"""The market in two real browsers: a list that is the same in both tabs, and prices that flash."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.people import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

LINE = re.compile(r"^(\d+\.\d,-?\d+\.\d ?){30,}$")  # points of an hour
FLASHED = """() => {
  const cards = document.querySelector('.prices--cards');
  window.flashes = { up: 0, down: 0, cards: new Set() };
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const way = target.classList.contains('price__now--up') ? 'up' : target.classList.contains('price__now--down') ? 'down' : null;
      if (!way) continue;
      flashes[way] += 1;
      flashes.cards.add(target.closest('.price').dataset.item);
    }
  }).observe(cards, { subtree: true, attributes: true, attributeFilter: ['class'] });
}"""


async def market(page: Page, address: str) -> None:
    await page.goto(f"{address}/market")
    await expect(page.locator(".price").first).to_be_visible()


async def carry(page: Page, symbol: str, before: str) -> None:
    """By a finger that holds still first."""
    boxes = [await page.locator(f".price[data-item={name}]").bounding_box() for name in (symbol, before)]
    places = [(box["x"] + 30, box["y"] + 60) for box in boxes if box]
    protocol = await page.context.new_cdp_session(page)

    async def touch(kind: str, *at: tuple[float, float]) -> None:
        points = [{"x": x, "y": y} for x, y in at]
        await protocol.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    await touch("touchStart", places[0])
    await expect(page.locator(".drag-ghost")).to_be_visible()
    await touch("touchMove", places[1])
    await expect(page.locator(f".price[data-item={before}][data-mark=before]")).to_be_visible()
    await touch("touchEnd")


async def test_a_list_is_the_same_in_both_tabs_and_prices_flash(chromium: Browser, starling: str) -> None:
    one = await sign_in(chromium, starling, "Grace")
    two = await one.context.new_page()
    await market(one, starling)
    await market(two, starling)
    await one.get_by_role("button", name="Watch SEI").click()
    await one.get_by_role("button", name="Watch DOGE").click()
    await two.get_by_role("button", name="Watchlist 2").click()
    await expect(two.locator(".price__symbol")).to_have_text(["SEI", "DOGE"])
    await two.locator(".price[data-item=DOGE] .price__open").focus()
    await two.keyboard.press("Shift+ArrowLeft")
    await expect(two.locator(".price__symbol")).to_have_text(["DOGE", "SEI"])
    await two.locator(".price[data-item=DOGE]").drag_to(
        two.locator(".price[data-item=SEI]"), target_position={"x": 200, "y": 40}
    )
    await expect(two.locator(".price__symbol")).to_have_text(["SEI", "DOGE"])
    await carry(two, "DOGE", "SEI")
    await expect(two.locator(".price__symbol")).to_have_text(["DOGE", "SEI"])
    await two.get_by_role("button", name="Watch SEI").click()
    await expect(two.locator(".price__symbol")).to_have_text(["DOGE"])
    await expect(one.get_by_role("button", name="Watch SEI")).to_have_attribute("aria-pressed", "false")
    await two.close()

    await one.bring_to_front()
    await one.evaluate(FLASHED)
    await one.wait_for_function("flashes.up && flashes.down && flashes.cards.size > 20", polling=200)
    await expect(one.locator(".price__line polyline").first).to_have_attribute("points", LINE)
    canvas = one.get_by_role("region", name="BTC").locator("canvas")
    await expect(canvas.first).to_be_visible()
