"""Chat, from screen to screen: from Enter in one real browser to the message in another's DOM; and a flood of ten members.

    python -m tests.bench.bench_chat [--messages 60]

The whole of Starling runs as `make run` starts it, with two Chromiums in front of it; both read one clock. The flood is 500 messages in ten seconds by ten members, over the API: how long
after the last of them the two browsers show it, and whether they show all, in order.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
from playwright.async_api import Page, async_playwright

from tests.bench.report import line
from tests.browser.conftest import Running, run_starling
from tests.browser.people import sign_in

DEMO = "5d3c1e0a-7000-4000-8000-000000000002"  # the chat that demo members share
AIM_MS = 150
FLOOD, MEMBERS, FLOOD_S = 500, 10, 10.0
ALL = (
    "() => [...document.querySelectorAll('.msg__text')].map((m) => m.textContent).filter((t) => t.startsWith('flood '))"
)

# Notes in the page when a text is in the DOM; the time is of the machine, which both browsers share.
WATCH = """() => {
  window.came = {};
  new MutationObserver(() => {
    for (const text of document.querySelectorAll('.msg__text')) {
      const word = text.textContent;
      if (!(word in window.came)) window.came[word] = performance.timeOrigin + performance.now();
    }
  }).observe(document.querySelector('.thread__list'), { childList: true, subtree: true, characterData: true });
}"""
PRESS = """(word) => {
  const box = document.querySelector('.chat-composer textarea');
  box.value = word;
  box.dispatchEvent(new Event('input'));
  return new Promise((done) => requestAnimationFrame(() => {
    const at = performance.timeOrigin + performance.now();
    box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
    done(at);
  }));
}"""


async def main(messages: int = 60) -> None:
    """Prints both."""
    with tempfile.TemporaryDirectory() as folder:
        async with run_starling(Path(folder)) as running, async_playwright() as playwright:
            chromium = await playwright.chromium.launch(args=["--no-sandbox"], executable_path=_chromium())
            ada, grace = [await sign_in(chromium, running.address, name) for name in ("Ada", "Grace")]
            for page in (ada, grace):
                await page.goto(f"{running.address}/chat/{DEMO}")
                await page.get_by_role("textbox", name="Message").wait_for()
                await page.locator(".thread__list").wait_for(state="attached")
                await page.evaluate(WATCH)
            await asyncio.sleep(3)
            await _talk(ada, grace, messages)
            await _flood(running, ada, grace)
            await chromium.close()


async def _talk(ada: Page, grace: Page, messages: int) -> None:
    pressed = {}
    for n in range(messages):
        speaker = (ada, grace)[n % 2]
        pressed[f"word {n}"] = await speaker.evaluate(PRESS, f"word {n}")
        await asyncio.sleep(0.25)
    await asyncio.sleep(2)
    theirs, own = [], []
    for n, (word, at) in enumerate(pressed.items()):
        there, here = ((grace, ada), (ada, grace))[n % 2]
        for page, times in ((there, theirs), (here, own)):
            came = await page.evaluate("(word) => window.came[word] ?? null", word)
            if came is not None:
                times.append((came - at) / 1000)
    print(line("from Enter to the sender's own screen", own, messages))
    print(line(f"from Enter to the other screen (aim: p95 {AIM_MS} ms)", theirs, messages))


async def _flood(running: Running, *pages: Page) -> None:
    secret = json.loads((running.data / "secret.json").read_text())
    public = json.loads((running.data / "public.json").read_text())
    admin = {"apikey": secret["secret_key"], "Authorization": f"Bearer {secret['secret_key']}"}
    db = await asyncpg.connect(secret["db_url"])
    async with httpx.AsyncClient(base_url=public["api_url"], timeout=60) as http:
        people = [await _member(http, admin, public["publishable_key"], db) for _ in range(MEMBERS)]
        began = time.monotonic()
        taken: list[float] = []

        async def speak(number: int, headers: dict[str, str]) -> None:
            for n in range(FLOOD // MEMBERS):
                await asyncio.sleep(max(0.0, began + n * FLOOD_S / (FLOOD // MEMBERS) - time.monotonic()))
                asked = time.monotonic()
                said = {"message_id": str(uuid4()), "session_id": DEMO, "content": f"flood {number}/{n}"}
                (await http.post("/rest/v1/rpc/send_message", json=said, headers=headers)).raise_for_status()
                taken.append(time.monotonic() - asked)

        await asyncio.gather(*(speak(number, headers) for number, headers in enumerate(people)))
        sent_s = time.monotonic() - began
    rows = await db.fetch(
        "select content from public.chat_messages where session_id = $1 and content like 'flood %' order by seq desc",
        DEMO,
    )
    expected = [row["content"] for row in rows]
    last = time.monotonic()
    shown: list[list[str]] = []
    while time.monotonic() - last < 30:
        shown = [await page.evaluate(ALL) for page in pages]
        if all(screen and screen[0] == expected[0] for screen in shown):
            break
        await asyncio.sleep(0.05)
    in_order = all(screen == expected[: len(screen)] for screen in shown)
    print(line(f"{FLOOD} messages of {MEMBERS} members in {sent_s:.1f} s: each answered", taken, FLOOD))
    print(
        f"both screens show the last {(time.monotonic() - last) * 1000:.0f} ms after it was answered, "
        f"{[len(screen) for screen in shown]} of the newest in the window, in the order of the database: {in_order}"
    )
    await db.close()


async def _member(http: httpx.AsyncClient, admin: dict[str, str], key: str, db: asyncpg.Connection) -> dict[str, str]:
    """Somebody new in the chat: the headers of their requests."""
    name = f"flood{uuid4().hex[:8]}"
    account = {"email": f"{name}@example.com", "password": "a good password", "email_confirm": True}
    made = (await http.post("/auth/v1/admin/users", json=account, headers=admin)).raise_for_status().json()
    place = "insert into public.chat_participants (session_id, member_id, role) values ($1, $2, 'member')"
    await db.execute(place, DEMO, made["id"])
    signed = await http.post("/auth/v1/token?grant_type=password", json=account, headers={"apikey": key})
    return {"apikey": key, "Authorization": f"Bearer {signed.raise_for_status().json()['access_token']}"}


def _chromium() -> str:
    import shutil

    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "there is no Chromium here"
    return program


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=60)
    asyncio.run(main(parser.parse_args().messages))
