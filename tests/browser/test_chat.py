"""Chat in two browsers: what one says the other reads, script in it never runs, pages come in without a jump, and an end."""

from __future__ import annotations

import json

import asyncpg
import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import Running
from tests.browser.people import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)> [x](javascript:alert(3))"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
DEAF = "() => { window.socket.io.engine.transport.ws.send = () => {} }"  # a socket that died unnoticed
TO = "(el, top) => el.scrollTo({ top, behavior: 'instant' })"
PLACE = "el => { const m = [...el.querySelectorAll('.msg')].find((m) => m.textContent.includes('number 380')); return m.getBoundingClientRect().top; }"


async def begin_chat(page: Page, address: str, title: str) -> None:
    await page.goto(f"{address}/chat")
    await page.get_by_role("button", name="New chat").click()
    await page.get_by_role("textbox", name="Title").fill(title)
    await page.get_by_role("button", name="Create").click()
    await page.wait_for_url("**/chat/*-*")
    await expect(page.get_by_role("textbox", name="Message")).to_be_enabled()


async def test_two_people_talk_and_script_never_runs_until_one_is_removed(chromium: Browser, starling: str):
    ada, grace = await sign_in(chromium, starling, "Ada"), await sign_in(chromium, starling, "Grace")
    ran: list[str] = []
    for page in (ada, grace):
        page.on("dialog", lambda dialog: ran.append(dialog.message))
    await begin_chat(ada, starling, "<b onclick=alert(4)>Wrens</b>")
    await ada.get_by_role("textbox", name="User name").press_sequentially("grac")
    await ada.get_by_role("option", name="Grace Hopper").click()
    row = grace.get_by_role("navigation", name="Main").get_by_role("link", name="Chat")
    await row.first.click()
    await grace.locator(".chats__row", has_text="Wrens").click()
    writes, reads = ada.get_by_role("textbox", name="Message"), grace.get_by_role("log")
    await ada.evaluate(DEAF)
    await writes.fill("into the void")
    await writes.press("Enter")
    await expect(ada.locator(".composer__late")).to_contain_text("into the void")
    await ada.evaluate("window.socket.io.engine.close()")
    await expect(reads.get_by_text("into the void")).to_have_count(1)  # said again by the next socket
    await expect(ada.locator(".composer__late")).to_have_count(0)
    await writes.fill(f"look **here**\n{SCRIPT}")
    await writes.press("Enter")
    await expect(reads.locator("strong")).to_have_text("here")
    await expect(reads).to_contain_text(SCRIPT)

    await writes.press_sequentially("and @gr")
    await expect(grace.get_by_text("Ada is typing")).to_be_visible()
    await writes.press("Enter")  # completes the name
    await writes.press("Shift+Enter")
    await writes.press_sequentially("two lines")
    await ada.locator(".chat-composer input[type=file]").set_input_files(
        {"name": "<img src=x onerror=alert(5)>.png", "mimeType": "image/png", "buffer": PIXEL}
    )
    await expect(ada.locator(".composer__bar")).to_have_count(0)
    await writes.press("Enter")
    await expect(reads.locator(".mention--me")).to_have_text("@grace")
    await expect(reads.locator(".msg__image img")).to_have_attribute("alt", "<img src=x onerror=alert(5)>.png")
    await expect(ada.get_by_text("Read by Grace Hopper")).to_have_count(1)

    await ada.get_by_role("button", name="Remove Grace Hopper").click()
    await ada.get_by_role("button", name="Remove", exact=True).click()
    await expect(grace.get_by_role("alert").filter(has_text="You are no longer in")).to_be_visible()
    await expect(reads).to_have_count(0)
    assert ran == []


async def test_older_messages_come_in_without_a_jump_and_newer_ones_do_not_push(chromium: Browser, running: Running):
    ada = await sign_in(chromium, running.address, "Ada")
    await begin_chat(ada, running.address, "Long")
    session = ada.url.rpartition("/")[2]
    db = await asyncpg.connect(json.loads((running.data / "secret.json").read_text())["db_url"])
    say = "select private.say($1, (select id from public.profiles where username = 'grace'), 'user', $2 || n) from generate_series({}) n"
    await db.execute(say.format("1, 400"), session, "number ")
    log = ada.get_by_role("log")
    await expect(log).to_contain_text("number 400")
    await expect(log.get_by_text("number 140", exact=True)).to_have_count(0)

    await log.evaluate(TO, -300)
    before = await log.evaluate(PLACE)
    while not await log.get_by_text("number 140", exact=True).count():
        await log.evaluate("el => el.scrollTo({ top: el.clientHeight - el.scrollHeight + 700, behavior: 'instant' })")
        top = await log.evaluate("el => el.scrollTop")
        await ada.wait_for_timeout(100)
        assert await log.evaluate("el => el.scrollTop") == pytest.approx(top, abs=2)  # from the bottom: nothing moves
    await log.evaluate(TO, -300)
    assert await log.evaluate(PLACE) == pytest.approx(before, abs=2)

    await db.execute(say.format("401, 403"), session, "number ")
    await expect(ada.get_by_role("button", name="3 new messages")).to_be_visible()
    assert await log.evaluate(PLACE) == pytest.approx(before, abs=2)
    await ada.get_by_role("button", name="3 new messages").click()
    await expect(log.get_by_text("number 403", exact=True)).to_be_in_viewport()
    await db.execute(say.format("404, 405"), session, "number ")
    await expect(log.get_by_text("number 405", exact=True)).to_be_in_viewport()
    await db.close()
