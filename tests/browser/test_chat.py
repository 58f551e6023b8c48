"""Chat in two browsers: what one says the other reads, script in it never runs, pages come in without a jump, and an end."""

from __future__ import annotations

import json
from uuid import uuid4

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
MANY = """
insert into public.chat_messages (session_id, author_id, content, seq, spoken)
select $1, p.id, 'number ' || n || repeat(' and on', n % 40), n, n
from public.profiles p, generate_series(1, 900) n where p.username = 'grace' order by n
"""
# What a frame shows of the message one looks at: how far from where it stood after the last step.
WATCH = """() => {
  window.seen = { worst: 0, most: 0, frames: 0 };
  const look = () => {
    const { message, top } = seen;
    if (message?.isConnected) {
      seen.frames += 1;
      seen.worst = Math.max(seen.worst, Math.abs(message.getBoundingClientRect().top - top));
    }
    seen.most = Math.max(seen.most, document.querySelectorAll('.msg').length);
    requestAnimationFrame(look);
  };
  look();
}"""
STEP = """(el, by) => {
  el.scrollBy({ top: by, behavior: 'instant' });
  el.dispatchEvent(new Event('scroll')); // a wheel or a finger scrolls in the frame in which this is told, a script before it
  const box = el.getBoundingClientRect();
  const top = (message) => message.getBoundingClientRect().top;
  seen.message = [...el.querySelectorAll('.msg')].find((m) => top(m) > box.top + 80 && top(m) < box.bottom - 80);
  seen.top = seen.message && top(seen.message);
}"""


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


async def test_pages_come_and_go_without_a_jump_however_far_one_reads(chromium: Browser, running: Running):
    db = await asyncpg.connect(json.loads((running.data / "secret.json").read_text())["db_url"])
    say = "select private.say($1, (select id from public.profiles where username = 'grace'), 'user', 'number ' || n) from generate_series($2::int, $3::int) n"
    session = uuid4()
    async with db.transaction():  # nobody has it open yet, so nobody need be told
        await db.execute("alter table public.chat_messages disable trigger user")
        await db.execute(
            "insert into public.chat_sessions (id, title, last_seq, spoken) values ($1, 'Long', 900, 900)", session
        )
        await db.execute(
            "insert into public.chat_participants (session_id, member_id, role) "
            "select $1, id, 'member' from public.profiles where username in ('ada', 'grace')", session,
        )  # fmt: skip
        await db.execute(MANY, session)
        await db.execute("alter table public.chat_messages enable trigger user")
    ada = await sign_in(chromium, running.address, "Ada")
    await ada.goto(f"{running.address}/chat/{session}")
    log = ada.get_by_role("log")
    await expect(log).to_contain_text("number 900")
    await ada.evaluate(WATCH)

    async def go(by: int, until: str) -> None:
        """Scrolls until a message is there; nothing one looks at moves, whatever comes and goes."""
        for _ in range(1000):
            if await log.get_by_text(until).count():
                return
            await log.evaluate(STEP, by)
            await ada.wait_for_timeout(30)
        raise AssertionError(f"{until} did not come")

    await go(-700, "number 470 ")
    await expect(log.get_by_text("number 900")).to_have_count(0)  # the newest are out of the window
    await db.execute(say, session, 901, 903)
    await expect(ada.get_by_role("button", name="3 new messages")).to_be_visible()
    await go(700, "number 850 ")
    assert await log.locator(".msg").count() <= 480
    assert await ada.evaluate("[seen.frames > 20, seen.most <= 480, seen.worst]") == [
        True,
        True,
        pytest.approx(0, abs=1.5),
    ]

    first = await db.fetchval("select id from public.chat_messages where session_id = $1 and seq = 5", session)
    await ada.goto(f"{ada.url.partition('?')[0]}?message={first}")
    await expect(log.locator(f"[data-id='{first}']")).to_be_in_viewport()
    await ada.get_by_role("button", name="To the newest").click()
    await expect(log.get_by_text("number 903")).to_be_in_viewport()
    await db.execute(say, session, 904, 905)
    await expect(log.get_by_text("number 905")).to_be_in_viewport()
    await db.close()
